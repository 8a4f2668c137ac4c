"""Batches by word-pieces, and steps in which nobody waits for the device."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.errors import Stopped, TrainingError
from bioner.machine import Device, Precision
from bioner.training.checkpoints import last_checkpoint
from bioner.training.config import TrainingConfig
from bioner.training.run import train

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("home")

WAITS = {
    "aten::_local_scalar_dense",  # .item(), bool(), int()
    "aten::nonzero",  # indexing by a mask
    "aten::masked_select",
    "aten::is_nonzero",
    "aten::equal",
    "aten::unique_dim",
    "aten::_unique2",
    "aten::repeat_interleave.Tensor",
}
"""Operations whose result the host needs before it can go on: on a card each empties the queue."""


def config(base: Path, **changes: Any) -> TrainingConfig:
    values: dict[str, Any] = {"max_steps": 6, "batch_size": 8, "log_steps": 100}
    values |= {"device": Device.CPU, "precision": Precision.FLOAT32}
    return TrainingConfig(base=str(base), **{**values, **changes})


def batches(lengths: list[int], pieces: int, **kwargs: Any) -> Any:
    from bioner.training.batches import PieceBatches

    return PieceBatches(lengths, pieces, seed=kwargs.pop("seed", 5), **kwargs)


def padded(lengths: list[int], batch: list[int]) -> int:
    return len(batch) * max(lengths[i] for i in batch)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(3, 60), max_size=200), st.integers(16, 400), st.integers(0, 3))
def test_each_example_is_in_one_batch_and_no_batch_is_over_the_budget(
    lengths: list[int], pieces: int, epoch: int
) -> None:
    made = batches(lengths, pieces)
    made.set_epoch(epoch)
    found = list(made)
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    assert len(found) == len(made)
    assert all(padded(lengths, one) <= pieces or len(one) == 1 for one in found)


def test_the_longest_come_first_once_and_each_pass_has_the_same_shapes_in_another_order() -> None:
    lengths = random.Random(0).choices(range(5, 90), k=3_000)
    made = batches(lengths, 2_048)

    def shapes(epoch: int) -> list[tuple[int, int]]:
        made.set_epoch(epoch)
        return [(len(one), max(lengths[i] for i in one)) for one in made]

    first, second = shapes(0), shapes(1)
    assert first[0][1] == max(lengths)
    assert max(rows for rows, _ in first) > first[0][0] > 20
    assert second[0][1] != max(lengths)
    assert Counter(first) == Counter(second)
    assert first != second
    waste = 1 - sum(lengths) / sum(rows * longest for rows, longest in first)
    assert waste < 0.02, "sentences of like length are together"


def test_a_pass_draws_its_own_batches_and_a_resumed_one_the_same() -> None:
    lengths = random.Random(1).choices(range(5, 20), k=1_000)
    one, again = batches(lengths, 256), batches(lengths, 256)
    assert list(one) == list(again)
    again.set_epoch(1)
    alike = {tuple(sorted(batch)) for batch in one} & {tuple(sorted(batch)) for batch in again}
    assert len(alike) < 5


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_take_as_many_steps_and_no_sentence_twice(processes: int) -> None:
    lengths = random.Random(2).choices(range(5, 90), k=2_003)
    shares = [
        list(batches(lengths, 1_024, rank=rank, processes=processes)) for rank in range(processes)
    ]
    assert len({len(one) for one in shares}) == 1
    taken = [i for share in shares for batch in share for i in batch]
    assert len(taken) == len(set(taken)) > 1_900
    for step in zip(*shares, strict=True):
        longest = [max(lengths[i] for i in batch) for batch in step]
        assert max(longest) - min(longest) <= 8


def test_a_batch_is_padded_with_what_teaches_nothing_and_masked_where_it_is() -> None:
    from bioner.training.batches import Collator
    from bioner.training.examples import Example

    def example(*ids: int) -> Example:
        return Example(ids, np.arange(len(ids), dtype=np.uint8)[:, None])

    made = Collator(pad_id=9, n_tags=3)([example(1, 2), example(3, 4, 5)])
    assert made["input_ids"].tolist() == [[1, 2, 9], [3, 4, 5]]
    assert made["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert made["allowed"][0, 2].all()
    assert not made["allowed"][0, 0].any()
    assert made["pieces"] == 5
    given = Collator(9, 3, is_mask_given=True)([example(1, 2), example(3, 4, 5)])
    assert given["attention_mask"].shape == (2, 1, 1, 3)
    assert "attention_mask" not in Collator(9, 3)([example(1, 2), example(3, 4)])


def test_a_mask_that_is_given_gives_the_same_logits(tiny_encoder) -> None:
    from transformers import AutoModelForTokenClassification

    model = AutoModelForTokenClassification.from_pretrained(tiny_encoder).eval()
    ids, text = torch.randint(5, 90, (3, 7)), torch.arange(7) < torch.tensor([[4], [7], [6]])
    with torch.no_grad():
        asked = model(input_ids=ids, attention_mask=text.long()).logits[text]
        given = model(input_ids=ids, attention_mask=text[:, None, None]).logits[text]
    assert torch.allclose(asked, given, atol=1e-5)


class Counted:
    """What the steps of a run do: operations and forward passes, by the step they are in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from torch.utils._python_dispatch import TorchDispatchMode

        from bioner.training.callbacks import Reporter
        from bioner.training.trainer import PartialLabelTrainer

        self.steps: list[Counter[str]] = []
        self.shapes: list[tuple[int, int]] = []
        counted = self

        class Mode(TorchDispatchMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
                counted.steps[-1][func.name()] += 1
                return func(*args, **(kwargs or {}))

        step, loss = PartialLabelTrainer.training_step, PartialLabelTrainer.compute_loss
        end = Reporter.on_step_end
        mode: list[Mode] = []

        def training_step(trainer: Any, *args: Any, **kwargs: Any) -> Any:
            counted.steps.append(Counter())
            mode.append(Mode())
            mode[-1].__enter__()
            return step(trainer, *args, **kwargs)

        def compute_loss(trainer: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            counted.shapes.append(tuple(inputs["input_ids"].shape))
            return loss(trainer, model, inputs, *args, **kwargs)

        def on_step_end(reporter: Any, *args: Any, **kwargs: Any) -> None:
            end(reporter, *args, **kwargs)
            mode.pop().__exit__(None, None, None)

        monkeypatch.setattr(PartialLabelTrainer, "training_step", training_step)
        monkeypatch.setattr(PartialLabelTrainer, "compute_loss", compute_loss)
        monkeypatch.setattr(Reporter, "on_step_end", on_step_end)


@pytest.mark.parametrize("changes", [{"batch_pieces": 512}, {}], ids=["pieces", "sentences"])
def test_nobody_waits_for_the_device_inside_a_step(
    sample, tiny_encoder, tmp_path, monkeypatch, changes
) -> None:
    counted = Counted(monkeypatch)
    train(config(tiny_encoder, **changes), sample, tmp_path / "model")
    assert len(counted.steps) == 6
    waits = [{name: one[name] for name in WAITS if one[name]} for one in counted.steps]
    assert waits == [{}] * 6
    forward = [one["aten::addmm"] + one["aten::mm"] for one in counted.steps]
    assert min(forward) > 10, "the operations of a step are what is counted"
    usual = sorted(sum(one.values()) for one in counted.steps)[3]
    assert usual < 600, "a step of two layers is so many operations"


def test_a_step_takes_as_many_pieces_as_it_may(sample, tiny_encoder, tmp_path, monkeypatch) -> None:
    counted, heard = Counted(monkeypatch), []
    asked = config(tiny_encoder, batch_pieces=512, max_steps=-1, log_steps=1)
    card = train(asked, sample, tmp_path / "model", report=heard.append)
    sizes = [rows * longest for rows, longest in counted.shapes]
    assert max(sizes) <= 512
    assert sorted(sizes)[len(sizes) // 2] > 512 * 0.85
    assert counted.shapes[0][1] == max(longest for _, longest in counted.shapes)
    assert card.config["batch_pieces"] == 512
    assert card.steps == len(sizes)
    assert max(one.tokens_per_s or 0 for one in heard) > 0


def test_a_run_by_pieces_goes_on_where_it_was_stopped(sample, tiny_encoder, tmp_path) -> None:
    from safetensors.numpy import load_file

    asked = config(tiny_encoder, batch_pieces=256, max_steps=8, save_steps=3)
    train(asked, sample, tmp_path / "whole")
    cut = tmp_path / "cut"
    with pytest.raises(Stopped, match="step 4"):
        train(asked, sample, cut, stop_requested=lambda: last_checkpoint(cut) is not None)
    assert train(asked, sample, tmp_path / "cut", resume=True).steps == 8
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "cut"))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_where_memory_runs_out_the_pieces_of_a_batch_are_halved(
    sample, tiny_encoder, tmp_path, monkeypatch
) -> None:
    from bioner.training.trainer import PartialLabelTrainer

    real, heard = PartialLabelTrainer.compute_loss, []

    def compute_loss(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if inputs["input_ids"].numel() > 300:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(PartialLabelTrainer, "compute_loss", compute_loss)
    asked = config(tiny_encoder, batch_pieces=512, max_length=64, max_steps=3)
    card = train(asked, sample, tmp_path / "model", report=heard.append)
    assert (card.config["batch_pieces"], card.config["gradient_accumulation"]) == (256, 2)
    assert "memory ran out: batches of 256 pieces from here on" in [one.message for one in heard]


def test_an_odd_number_of_pieces_is_refused() -> None:
    with pytest.raises(TrainingError, match="--batch-pieces: expected at least 16"):
        replace(TrainingConfig(base="x"), batch_pieces=3)
