"""A run obeys a stop in every phase, at once, and says so."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from support import ROOT

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.errors import Stopped
from bioner.machine import Device, Precision
from bioner.tagging import tagger as tagging
from bioner.tagging.network import TorchNetwork
from bioner.training import fill_in, run
from bioner.training.checkpoints import last_checkpoint
from bioner.training.config import TrainingConfig
from bioner.training.progress import RunProgress
from bioner.training.run import train

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("home")


def config(base: Path, **changes: Any) -> TrainingConfig:
    values: dict[str, Any] = {"max_steps": 6, "batch_size": 8, "log_steps": 1, "eval_steps": 3}
    values |= {"device": Device.CPU, "precision": Precision.FLOAT32}
    return TrainingConfig(base=str(base), **{**values, **changes})


class Asking:
    """Hears a run, and asks it to stop once a message begins so; counts batches read after."""

    def __init__(self, words: str, monkeypatch: pytest.MonkeyPatch, step: int = 0) -> None:
        self.words = words
        self.step = step
        self.asked = False
        self.after: list[RunProgress] = []
        self.batches = 0
        real = TorchNetwork.__call__

        def called(network: TorchNetwork, *args: Any) -> Any:
            self.batches += self.asked
            return real(network, *args)

        monkeypatch.setattr(TorchNetwork, "__call__", called)
        monkeypatch.setattr("bioner.tagging.load.ON_A_CPU", tagging.Batch(64, 1))

    def __call__(self, heard: RunProgress) -> None:
        if self.asked:
            self.after.append(heard)
        self.asked = self.asked or (
            heard.message.startswith(self.words) and heard.step >= self.step
        )


@pytest.fixture
def teacher(sample: Dataset, tiny_encoder: Path, tmp_path: Path) -> Path:
    train(config(tiny_encoder, eval_steps=0), sample, tmp_path / "teacher")
    return tmp_path / "teacher"


@pytest.mark.parametrize(
    ("words", "step", "saved"),
    [
        ("loading the base", 0, None),
        ("the teacher has read", 0, None),
        ("encoding", 0, None),
        ("scoring", 0, None),
        ("training", 0, 1),
        ("scoring", 3, 3),
        ("scoring", 6, 6),
        ("saving the model", 0, 6),
        ("fitting the confidence", 0, 6),
    ],
)
def test_a_stop_is_obeyed_in_every_phase_within_a_batch(
    sample, teacher, tmp_path, monkeypatch, words: str, step: int, saved: int | None
) -> None:
    monkeypatch.setattr(fill_in, "CHUNK", 4)
    monkeypatch.setattr("bioner.training.preparing.TOLD", 4)
    asking = Asking(words, monkeypatch, step)
    asked = config(teacher, fill_in=str(teacher))
    with pytest.raises(Stopped, match="resume"):
        train(
            asked,
            sample,
            tmp_path / "model",
            report=asking,
            parent="teacher",
            stop_requested=lambda: asking.asked,
        )
    assert asking.asked
    assert asking.batches <= 1, "what one batch of the tagger holds, and no more"
    later = [one.message for one in asking.after if one.message]
    assert later in ([], ["fitting the confidence"] if words == "saving the model" else [])
    kept = last_checkpoint(tmp_path / "model")
    assert (kept and int(kept.name.rpartition("-")[2])) == saved


def test_the_last_report_of_a_stopped_run_names_the_step_that_it_stopped_at(
    sample, tiny_encoder, tmp_path
) -> None:
    heard: list[RunProgress] = []
    asked = iter(range(100))

    def is_asked() -> bool:
        has_begun = bool(heard) and heard[-1].total_steps > 0
        return has_begun and next(asked) >= 2

    with pytest.raises(Stopped, match="stopped at step 3"):
        train(
            config(tiny_encoder, log_steps=50, eval_steps=0),
            sample,
            tmp_path / "model",
            report=heard.append,
            stop_requested=is_asked,
        )
    assert [one.step for one in heard if one.loss is not None] == [1], "the only one logged"
    assert heard[-1].step == 3


def test_a_step_of_many_batches_is_given_up_and_taken_again_alike(
    sample, tiny_encoder, tmp_path, monkeypatch
) -> None:
    from safetensors.numpy import load_file

    from bioner.training.trainer import PartialLabelTrainer

    asked = config(tiny_encoder, batch_size=2, gradient_accumulation=4, eval_steps=0, max_steps=4)
    train(asked, sample, tmp_path / "whole")
    real, batches = PartialLabelTrainer.compute_loss, [0]

    def compute_loss(self: Any, *args: Any, **kwargs: Any) -> Any:
        batches[0] += 1
        return real(self, *args, **kwargs)

    monkeypatch.setattr(PartialLabelTrainer, "compute_loss", compute_loss)
    with pytest.raises(Stopped, match="step 2"):
        train(asked, sample, tmp_path / "cut", stop_requested=lambda: batches[0] >= 10)
    assert batches == [10], "the second batch of the third step is the last"
    assert train(asked, sample, tmp_path / "cut", resume=True).steps == 4
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "cut"))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def ended(process: subprocess.Popen[str], heard: Callable[[str], bool]) -> tuple[float, str]:
    """Ask to stop once a line is heard; return processor seconds until its end, last line.

    The clock says how busy the machine is, too.
    """
    assert process.stderr is not None
    lines: list[str] = []
    asked_at = None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for line in process.stderr:
        lines.append(line.strip())
        if asked_at is None and heard(line):
            asked_at = computed(psutil.Process(process.pid).cpu_times())
            process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    assert asked_at is not None, lines
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return whole - asked_at, lines[-1]


def computed(times: Any) -> float:
    return float(times.user + times.system)


@pytest.mark.slow
def test_a_stopped_command_exits_1_with_its_sentence(sample, tiny_encoder, tmp_path) -> None:
    data = tmp_path / "merged"
    write_dataset(replace(sample, train=sample.train * 20), data)
    words = [sys.executable, "-m", "bioner", "train", "--base", str(tiny_encoder)]
    words += ["--data", str(data), "--out", str(tmp_path / "model"), "--device", "cpu"]
    words += ["--max-steps", "100000", "--log-steps", "1"]
    with subprocess.Popen(
        words, cwd=ROOT, env=dict(os.environ), stderr=subprocess.PIPE, text=True
    ) as process:
        seconds, said = ended(process, lambda line: "loss" in line)
    assert process.returncode == 1
    assert said.startswith("error: stopped at step ")
    assert said.endswith("; `--resume` goes on")
    assert seconds < 10
    assert last_checkpoint(tmp_path / "model") is not None


def test_a_run_that_is_to_stop_already_begins_nothing(sample, tiny_encoder, tmp_path) -> None:
    with pytest.raises(Stopped):
        run.train(config(tiny_encoder), sample, tmp_path / "model", stop_requested=lambda: True)
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
@pytest.mark.parametrize("words", ["scoring", "saving the model", "fitting the confidence"])
@pytest.mark.parametrize(("steps", "save_steps"), [(3, 0), (4, 2), (6, 0)])
def test_a_run_that_is_stopped_after_its_last_step_loses_none_and_takes_no_more(
    sample, teacher, tmp_path, monkeypatch, words: str, steps: int, save_steps: int
) -> None:
    from safetensors.numpy import load_file

    asked = config(teacher, max_steps=steps, eval_steps=-1, save_steps=save_steps)
    train(asked, sample, tmp_path / "whole")
    asking = Asking(words, monkeypatch, steps)
    with pytest.raises(Stopped):
        train(asked, sample, tmp_path / "cut", report=asking, stop_requested=lambda: asking.asked)
    kept = last_checkpoint(tmp_path / "cut")
    assert kept is not None
    assert kept.name == f"checkpoint-{steps}"
    card = train(asked, sample, tmp_path / "cut", resume=True)
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "cut"))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert card.steps == steps
