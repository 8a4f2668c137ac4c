"""Training on several processes: no sentence twice, one model, one voice; stop reaches them all."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from support import ROOT
from torch.utils.data import BatchSampler

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.jobs import launch
from bioner.jobs.folder import JobSpec, JobState, list_jobs, read_job
from bioner.jobs.log import tail_log
from bioner.jobs.metrics import read_metrics
from bioner.jobs.specs import launcher
from bioner.processes import kill_tree, process_id
from bioner.settings import Settings, read_settings
from bioner.training import processes
from bioner.training.batches import BucketSampler
from bioner.training.checkpoints import last_checkpoint
from bioner.training.loss import partial_label_loss, taught_words

SCRIPT = Path(__file__).parents[1] / "fixtures" / "observed_train.py"


def shares(lengths: list[int], batch_size: int, processes: int) -> list[list[list[int]]]:
    """Return the batches of each process, shared out as accelerate does it."""
    from accelerate.data_loader import BatchSamplerShard

    sampler = BucketSampler(lengths, batch_size, seed=3, processes=processes)
    batches = BatchSampler(sampler, batch_size, drop_last=False)
    return [list(BatchSamplerShard(batches, processes, rank)) for rank in range(processes)]


@pytest.mark.parametrize("processes", [2, 3, 8])
def test_processes_share_the_sentences_without_overlap_and_evenly(processes: int) -> None:
    lengths = random.Random(0).choices(range(5, 90), k=2_003)
    found = shares(lengths, 8, processes)
    steps = 2_003 // (8 * processes)
    assert {len(batches) for batches in found} == {steps}
    assert {len(batch) for batches in found for batch in batches} == {8}
    taken = [i for batches in found for batch in batches for i in batch]
    assert len(taken) == len(set(taken)) == steps * 8 * processes
    spread = [
        max(lengths[i] for batch in step for i in batch)
        - min(lengths[i] for batch in step for i in batch)
        for step in zip(*found, strict=True)
    ]
    assert sum(spread) / len(spread) < 5, "the processes of a step get sentences of like length"


def test_one_process_leaves_nothing_out() -> None:
    lengths = [i % 17 for i in range(1_003)]
    assert sorted(BucketSampler(lengths, 8, seed=1)) == list(range(1_003))
    assert len(BucketSampler(lengths, 8, seed=1)) == 1_003


def test_gradients_of_two_processes_average_to_those_of_the_whole_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(4, 7, generator=generator, requires_grad=True)
    inputs = [torch.randn(n, 4, generator=generator) for n in (3, 11)]
    allowed = [torch.rand(n, 7, generator=generator) < 0.6 for n in (3, 11)]
    for one in allowed:
        one[:, 0] = True
    allowed[1][:5] = True
    taught = sum(taught_words(one) for one in allowed)

    def gradient(batch: list[int], factor: float) -> torch.Tensor:
        loss = sum(partial_label_loss(inputs[i] @ weights, allowed[i]).sum() for i in batch)
        return torch.autograd.grad(loss / taught * factor, weights)[0]

    averaged = (gradient([0], 2) + gradient([1], 2)) / 2
    assert torch.allclose(averaged, gradient([0, 1], 1), atol=1e-6)


def test_one_process_agrees_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    assert (processes.count(), processes.rank(), processes.is_first()) == (1, 0, True)
    assert processes.any_of(True)
    assert not processes.any_of(False)
    assert processes.first_before_others(lambda: 3) == 3
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert processes.count() == 1, "a batch system may set one of these without torchrun"


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch, sample: Dataset) -> Iterator[Settings]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = read_settings()
    write_dataset(sample, settings.merged)
    yield settings
    for job in list_jobs(settings):
        kill_tree(job.state.worker)
        kill_tree(job.state.supervisor)


def options(settings: Settings, encoder: Path, steps: int) -> list[str]:
    named = {
        "--base": encoder,
        "--data": settings.merged,
        "--out": settings.models / "two",
        "--max-steps": steps,
        "--epochs": 100,
        "--batch-size": 4,
        "--save-steps": 4,
        "--eval-steps": 4,
        "--log-steps": 1,
        "--device": "cpu",
        "--precision": "float32",
    }
    return [str(word) for pair in named.items() for word in pair]


@pytest.mark.slow
def test_two_processes_make_one_model_of_disjoint_sentences(
    place: Settings, tiny_encoder: Path, tmp_path: Path
) -> None:
    job = place.jobs / "by-hand"
    job.mkdir(parents=True)
    (job / "spec.json").write_text(json.dumps(asdict(JobSpec(("x",), title="by hand"))))
    (job / "state.json").write_text(json.dumps(asdict(replace(JobState(), status="finished"))))
    words = launcher(2)
    words = [*words[: words.index("bioner") - 1], str(SCRIPT), "train"]
    done = subprocess.run(
        [*words, *options(place, tiny_encoder, 6), "--job", str(job)],
        cwd=ROOT,
        env={**os.environ, "OBSERVED": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("6 steps") == 1
    first, second = (json.loads((tmp_path / f"rank{i}.json").read_text()) for i in range(2))
    assert first["weights"] == second["weights"]
    assert first["steps"] == second["steps"] == 6
    assert not set(first["examples"]) & set(second["examples"])
    taken = [*first["examples"], *second["examples"]]
    assert len(taken) == len(set(taken)) >= 6 * 2 * 4
    assert len(taken) <= first["of"]
    card = json.loads((place.models / "two" / "card.json").read_text())
    assert card["hardware"]["processes"] == 2
    assert not (place.models / "two" / "checkpoints").exists()
    metrics = read_metrics("by-hand", place)
    assert [m.step for m in metrics if m.loss is not None] == [1, 2, 3, 4, 5, 6]
    assert [m.step for m in metrics if m.devel_f1 is not None] == [4, 6]


@pytest.mark.slow
def test_stopping_a_job_of_two_processes_saves_and_ends_both(
    place: Settings, tiny_encoder: Path
) -> None:
    import psutil

    out = place.models / "two"
    words = [*launcher(2), "train", *options(place, tiny_encoder, 100_000)]
    job = launch.launch(JobSpec(tuple(words), title="two", out=str(out)), place)
    deadline = time.monotonic() + 400
    while not any(m.step for m in read_metrics(job.id, place)):
        assert time.monotonic() < deadline, tail_log(job.id, place)
        time.sleep(0.1)
    worker = read_job(job.id, place).state.worker
    assert worker is not None
    family = psutil.Process(worker.pid).children(recursive=True)
    assert len(family) >= 2
    launch.stop(job.id, place)
    while (found := read_job(job.id, place)).is_active:
        assert time.monotonic() < deadline, tail_log(job.id, place)
        time.sleep(0.1)
    assert (found.status, found.state.problem) == ("stopped", ""), tail_log(job.id, place)
    assert last_checkpoint(out) is not None
    assert not psutil.wait_procs(family, timeout=5)[1]


def test_descendants_in_sessions_of_their_own_are_killed_too() -> None:
    import psutil

    code = "import subprocess, sys, time; " \
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], " \
        "start_new_session=True); print('ready', flush=True); time.sleep(60)"  # fmt: skip
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    (child,) = psutil.Process(parent.pid).children()
    kill_tree(process_id(parent.pid))
    assert parent.wait(10) == -signal.SIGKILL
    assert not psutil.wait_procs([child], timeout=10)[1]
