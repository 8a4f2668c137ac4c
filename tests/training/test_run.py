"""The partial-label loss, encoding, and training that survives a kill."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ROOT, read_json

from bioner.bio import allowed_tags, tag_names
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.errors import Stopped, TrainingError
from bioner.machine import Device, Precision
from bioner.settings import read_settings
from bioner.spans import corpus_sentence
from bioner.training.checkpoints import check_out, last_checkpoint
from bioner.training.config import TrainingConfig
from bioner.training.examples import encode_sentences
from bioner.training.loss import partial_label_loss
from bioner.training.run import train

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("home")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 7))
def test_the_loss_is_the_brute_force_sum_over_allowed_tags(seed: int, tags: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, tags, generator=generator, dtype=torch.float64) * 3
    allowed = torch.rand(3, tags, generator=generator) < 0.5
    allowed[:, 0] |= ~allowed.any(dim=1)
    p = torch.softmax(logits, dim=-1)
    by_hand = [-np.log(sum(float(p[i, t]) for t in range(tags) if allowed[i, t])) for i in range(3)]
    assert partial_label_loss(logits, allowed).tolist() == pytest.approx(by_hand, abs=1e-5)


def test_one_allowed_tag_is_ordinary_cross_entropy() -> None:
    logits = torch.randn(5, 27, generator=torch.Generator().manual_seed(1))
    gold = torch.tensor([0, 3, 26, 7, 7])
    allowed = torch.nn.functional.one_hot(gold, 27).bool()
    expected = torch.nn.functional.cross_entropy(logits, gold, reduction="none")
    assert torch.allclose(partial_label_loss(logits, allowed), expected, atol=1e-6)


def test_a_corpus_that_covers_nothing_gives_no_gradient_on_o(sample: Dataset) -> None:
    sentence = corpus_sentence("d", ["no", "evidence"])
    allowed = torch.from_numpy(allowed_tags(sentence, sample.schema.names))
    logits = torch.randn(2, 27, requires_grad=True)
    partial_label_loss(logits, allowed).sum().backward()
    assert logits.grad is not None
    assert not logits.grad.any()


def test_uncovered_types_get_no_gradient_against_them_relative_to_o(sample: Dataset) -> None:
    covers = sample.schema.mapping_for("BC5CDR").covers
    sentence = corpus_sentence("d", ["mice"], covers=covers)
    allowed = torch.from_numpy(allowed_tags(sentence, sample.schema.names))
    logits = torch.zeros(1, 27, requires_grad=True)
    partial_label_loss(logits, allowed).sum().backward()
    tags = tag_names(sample.schema.names)
    gradient = dict(zip(tags, logits.grad[0].tolist(), strict=True))
    assert gradient["B-Organism"] == pytest.approx(gradient["O"])
    assert gradient["B-Disease"] > 0 > gradient["O"]


def tokenizer(tiny_encoder: Path):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_encoder)


def test_long_sentences_become_windows_and_no_word_is_lost(sample, tiny_encoder) -> None:
    long = replace(
        sample.train[0],
        tokens=sample.train[0].tokens * 20,
        offsets=tuple((i, i + 1) for i in range(20 * len(sample.train[0].tokens))),
        spans=(),
    )
    encoded = encode_sentences([long], tokenizer(tiny_encoder), sample.schema.names, max_length=32)
    taught = sum(int((e.allowed != 0xFF).any(axis=1).sum()) for e in encoded.examples)
    assert encoded.sentences_in_windows == 1
    assert max(len(e.input_ids) for e in encoded.examples) <= 32
    assert taught == encoded.words == len(long.tokens)


def test_naive_allows_exactly_one_tag_for_every_word(sample, tiny_encoder) -> None:
    encoded = encode_sentences(
        sample.train, tokenizer(tiny_encoder), sample.schema.names, loss="naive"
    )
    for example in encoded.examples:
        rows = np.unpackbits(example.allowed, axis=1, count=27).sum(axis=1)
        assert set(rows.tolist()) <= {1, 27}


def config(base: Path, **changes) -> TrainingConfig:
    values = {"max_steps": 6, "batch_size": 8, "device": "cpu", "precision": "float32"}
    return TrainingConfig(base=str(base), **{**values, **changes})


def test_training_writes_a_sound_model_with_its_card_last(sample, tiny_encoder, tmp_path) -> None:
    from bioner.models.card import read_card, training_hashes
    from bioner.models.folder import check_folder
    from bioner.tagging.load import load_tagger

    seen = []
    out = tmp_path / "model"
    train(config(tiny_encoder, eval_steps=3, log_steps=1), sample, out, report=seen.append)
    assert check_folder(out) is None
    assert not (out / "checkpoints").exists()
    card = read_card(out)
    assert (card.steps, card.schema_fingerprint) == (6, sample.schema.fingerprint)
    assert training_hashes(out) == {s.fingerprint for s in sample.train}
    assert [p.devel_f1 for p in seen if p.devel_f1 is not None]
    assert len(load_tagger(out).tag(sample.test)) == len(sample.test)
    with pytest.raises(TrainingError, match="finished model"):
        train(config(tiny_encoder), sample, out)


def test_what_the_base_was_trained_on_still_counts_as_known(sample, tiny_encoder, tmp_path) -> None:
    from bioner.models.card import training_hashes, write_training_hashes

    train(config(tiny_encoder), sample, tmp_path / "first")
    write_training_hashes(tmp_path / "first", ["0123456789abcdef"])
    train(config(tmp_path / "first"), sample, tmp_path / "second")
    known = training_hashes(tmp_path / "second")
    assert known == {"0123456789abcdef", *(s.fingerprint for s in sample.train)}


def test_the_command_on_the_card_gives_the_same_configuration(
    home, tmp_path, sample, monkeypatch
) -> None:
    from bioner.__main__ import app
    from bioner.models.card import ModelCard
    from bioner.training.config import OPTIONS, TrainingConfig
    from bioner.training.record import repeat_command

    changed = TrainingConfig(
        "encoder",
        loss="naive",
        epochs=2.5,
        max_steps=77,
        learning_rate=3e-5,
        head_learning_rate=2e-3,
        layer_decay=0.9,
        batch_size=7,
        batch_pieces=4096,
        gradient_accumulation=3,
        warmup=0.1,
        weight_decay=0.2,
        dropout=0.25,
        max_length=128,
        seed=5,
        precision="float32",
        fill_in="teacher",
        conventions=True,
        any_share=0.5,
        convention_dropout=0.1,
        repeat_rare=0.03,
    )
    plain = TrainingConfig("encoder")
    assert all(getattr(changed, name) != getattr(plain, name) for name in OPTIONS)
    (read_settings().models / "teacher").mkdir(parents=True)
    given: list[tuple[TrainingConfig, Dataset]] = []

    def train(config, dataset, out, *, finish, **_):
        given.append((config, dataset))
        return finish(out, ModelCard("mine"))

    monkeypatch.setattr("bioner.training.run.train", train)
    monkeypatch.chdir(tmp_path)
    write_dataset(sample, read_settings().merged)
    for wanted in (changed, plain):
        line = repeat_command(
            wanted,
            tmp_path / "mine",
            corpora=["BC2GM", "CRAFT"],
            types=["Gene"],
            has_corrections=True,
        )
        words = line.removeprefix("python -m bioner ").split()
        app(words, standalone_mode=False)
        got, data = given[-1]
        assert got == wanted
        assert data.schema.names == ("Gene",)
        assert {one.corpus for one in data.train} == {"BC2GM", "CRAFT"}
        assert "--with-corrections" in words


def test_a_half_precision_encoder_trains_with_finite_weights(
    sample, tiny_encoder, tmp_path
) -> None:
    from safetensors.torch import load_file
    from transformers import AutoModel, AutoTokenizer

    half = tmp_path / "half"
    AutoModel.from_pretrained(tiny_encoder, dtype=torch.float16).save_pretrained(half)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(half)
    assert read_json(half / "config.json")["dtype"] == "float16"
    train(config(half, max_steps=20), sample, tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    assert all(torch.isfinite(w).all() and w.dtype == torch.float32 for w in weights.values())


def test_a_loss_that_is_not_finite_ends_the_run_at_once(sample, tiny_encoder, tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    seen = []
    encoder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, encoder)
    weights = load_file(encoder / "model.safetensors")
    save_file(
        {k: w * 1e38 for k, w in weights.items()}, encoder / "model.safetensors", {"format": "pt"}
    )
    diverging = config(encoder, max_steps=500, log_steps=1, warmup=0.0)
    with pytest.raises(TrainingError, match="smaller learning rate"):
        train(diverging, sample, tmp_path / "model", report=seen.append)
    assert max(p.step for p in seen) < 10
    assert all(p.loss is None or np.isfinite(p.loss) for p in seen)


@pytest.mark.slow
def test_batches_of_a_step_weigh_by_their_words(sample, tiny_encoder, tmp_path) -> None:
    """One batch of eight and two of four make the same step."""
    encoder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, encoder)
    raw = read_json(encoder / "config.json") | {"attention_probs_dropout_prob": 0.0}
    (encoder / "config.json").write_text(json.dumps(raw))
    one = {"max_steps": 2, "dropout": 0.0, "bucketing": False, "log_steps": 1, "warmup": 0.0}
    losses = []
    for name, sizes in (("whole", {}), ("split", {"batch_size": 4, "gradient_accumulation": 2})):
        seen = []
        train(config(encoder, **one, **sizes), sample, tmp_path / name, report=seen.append)
        losses.append([p.loss for p in seen if p.loss is not None])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_score_at_the_end_alone(sample, tiny_encoder, tmp_path) -> None:
    seen = []
    train(config(tiny_encoder, eval_steps=-1), sample, tmp_path / "model", report=seen.append)
    assert [p.step for p in seen if p.devel_f1 is not None] == [6]


def test_bad_configurations_are_refused() -> None:
    with pytest.raises(TrainingError, match="partial, naive"):
        TrainingConfig(base="x", loss="other")  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="--lr: expected more than 0 and at most 1, got 0"):
        TrainingConfig(base="x", learning_rate=0)


def test_resume_with_other_values_or_data_is_refused_naming_each(
    sample, tiny_encoder, tmp_path
) -> None:
    out = tmp_path / "model"
    asked = config(tiny_encoder, save_steps=2, max_steps=6)
    with pytest.raises(Stopped):
        train(asked, sample, out, stop_requested=lambda: last_checkpoint(out) is not None)
    again = replace(asked, learning_rate=1e-5, warmup=0.5)
    with pytest.raises(TrainingError) as refused:
        train(again, replace(sample, train=sample.train[1:]), out, resume=True)
    for part in ("--lr was", "is 1e-05", "--warmup was", "is 0.5", "the training sentences was"):
        assert part in str(refused.value)
    assert "--batch-size" not in str(refused.value)
    assert train(asked, sample, out, resume=True).steps == 6


def test_checkpoint_with_a_number_that_is_not_finite_is_not_whole(
    sample, tiny_encoder, tmp_path, monkeypatch
) -> None:
    real = torch.isfinite
    monkeypatch.setattr(torch, "isfinite", lambda one: real(one) & (one.ndim != 1))
    with pytest.raises(TrainingError, match="smaller learning rate"):
        train(config(tiny_encoder, save_steps=2), sample, tmp_path / "model")
    monkeypatch.undo()
    assert last_checkpoint(tmp_path / "model") is None


def test_window_longer_than_the_encoder_reads_is_refused(sample, tiny_encoder, tmp_path) -> None:
    with pytest.raises(TrainingError, match=r"--max-length: expected at most \d+"):
        train(config(tiny_encoder, max_length=8000), sample, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_training_on_what_teaches_nothing_is_refused(sample, tiny_encoder, tmp_path) -> None:
    mute = tuple(
        replace(s, spans=(), readings=(), ignored=((0, len(s.tokens)),)) for s in sample.train
    )
    with pytest.raises(TrainingError, match="teaches anything"):
        train(config(tiny_encoder), replace(sample, train=mute), tmp_path / "model")


def test_nothing_to_score_on_is_said_and_is_no_score(sample, tiny_encoder, tmp_path) -> None:
    seen = []
    bare = replace(sample, devel=())
    train(config(tiny_encoder, eval_steps=-1), bare, tmp_path / "model", report=seen.append)
    assert "there is no devel sentence to score on" in [p.message for p in seen]
    assert all(p.devel_f1 is None for p in seen)


def test_folder_that_cannot_be_written_is_refused_before_anything(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "model", Path("/proc/model"), Path()):
        with pytest.raises(TrainingError):
            check_out(out)
    check_out(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_buckets_hold_every_example_once_and_differ_by_epoch() -> None:
    from bioner.training.batches import BucketSampler

    sampler = BucketSampler([i % 17 for i in range(1003)], 8, seed=1)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert sorted(first) == sorted(second) == list(range(1003))
    assert first != second
    spread = [max(i % 17 for i in b) - min(i % 17 for i in b) for b in batched(first, 8)]
    assert sum(spread) / len(spread) < 1.5


def batched(items, size):
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(sample, tiny_encoder, tmp_path) -> None:
    from safetensors.torch import load_file

    write_dataset(sample, tmp_path / "merged")

    def command(out: str, *more: str) -> list[str]:
        return [
            sys.executable, "-m", "bioner", "train", "--base", str(tiny_encoder),
            "--data", str(tmp_path / "merged"), "--out", str(tmp_path / out), "--max-steps", "40",
            "--batch-size", "8", "--save-steps", "5", "--device", "cpu",
            "--precision", "float32", *more,
        ]  # fmt: skip

    environment = {**os.environ, "BIONER_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    run = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run(command("whole"), **run, check=False)
    assert done.returncode == 0, done.stderr
    process = subprocess.Popen(
        command("cut"),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 400
    while last_checkpoint(tmp_path / "cut") is None and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut" / "card.json").exists()
    done = subprocess.run(command("cut", "--resume"), **run, check=False)
    assert done.returncode == 0, done.stderr
    whole = load_file(tmp_path / "whole" / "model.safetensors")
    cut = load_file(tmp_path / "cut" / "model.safetensors")
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_checkpoints_are_written_by_time_and_not_by_steps(sample, tiny_encoder, tmp_path) -> None:
    out = tmp_path / "model"

    def saved(minutes: float) -> int:
        stops = iter([False] * 5 + [True])
        asked = config(tiny_encoder, max_steps=9, save_minutes=minutes)
        with pytest.raises(Stopped):
            train(asked, sample, out, stop_requested=lambda: next(stops, True))
        return len(list((out / "checkpoints").glob("checkpoint-*/complete")))

    assert saved(60) == 1, "only what the stop has saved"
    assert saved(0.0001) == 2, "as many as are kept"
    assert train(config(tiny_encoder, max_steps=9), sample, out, resume=True).steps == 9


def test_a_card_gets_fused_steps_and_copies_that_nobody_waits_for(tiny_encoder, tmp_path) -> None:
    from bioner.training.trainer import training_arguments

    given = training_arguments(config(tiny_encoder), tmp_path, Device.CPU, Precision.FLOAT32)
    assert given.accelerator_config.non_blocking is False
    assert given.save_strategy == "no"
    assert not given.tf32


@pytest.mark.parametrize("save_steps", [0, 1], ids=["from the base", "from its checkpoint"])
def test_where_memory_runs_out_the_batch_is_halved_and_the_accumulation_doubled(
    sample, tiny_encoder, tmp_path, monkeypatch, save_steps: int
) -> None:
    from bioner.training.trainer import PartialLabelTrainer

    real, sizes, heard = PartialLabelTrainer.compute_loss, [], []

    def compute_loss(self, model, inputs, *args, **kwargs):
        sizes.append(len(inputs["input_ids"]))
        if len(sizes) > 2 and sizes[-1] > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(PartialLabelTrainer, "compute_loss", compute_loss)
    asked = config(tiny_encoder, max_steps=4, batch_size=8, save_steps=save_steps)
    card = train(asked, sample, tmp_path / "model", report=heard.append)
    assert (card.config["batch_size"], card.config["gradient_accumulation"]) == (4, 2)
    assert card.steps == 4
    assert [one.message for one in heard if "memory" in one.message] == [
        "memory ran out: batches of 4 from here on"
    ]
    steps_after = (len(sizes) - 3) / 2
    assert steps_after == (2 if save_steps else 4)
