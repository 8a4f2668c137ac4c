"""Weights between a model and its parent: how they are mixed, and how far devel sends them back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bioner.corpora.dataset import Dataset
from bioner.evaluation.verdicts import Answer, Verdict
from bioner.progress import OnProgress, Progress
from bioner.training import averaging
from bioner.training.averaging import average_weights


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A parent whose only weight is 1 and a retrained model in which it is 3."""
    for name, value in (("old", 1.0), ("new", 3.0)):
        (tmp_path / name).mkdir()
        save_file({"w": torch.full((2,), value)}, tmp_path / name / "model.safetensors")
    return tmp_path / "old", tmp_path / "new"


def weight(folder: Path) -> float:
    return float(load_file(folder / "model.safetensors")["w"][0])


def falls_below(monkeypatch: pytest.MonkeyPatch, sound: float) -> list[float]:
    """Let devel refuse every share of the parent below ``sound``; return the shares it saw."""
    seen: list[float] = []

    def check(_before: float, after: float) -> list[Answer]:
        seen.append(round((3 - after) / 2, 4))
        craft = Verdict.PASSED if seen[-1] >= sound - 1e-9 else Verdict.FELL
        return [Answer("BC2GM", Verdict.PASSED, ""), Answer("CRAFT", craft, "")]

    monkeypatch.setattr(averaging, "load_tagger", lambda folder, **_: folder)
    monkeypatch.setattr(averaging, "evaluate_sentences", lambda folder, *_, **__: weight(folder))
    monkeypatch.setattr(averaging, "check_reports", check)
    return seen


@pytest.mark.parametrize(("sound", "share"), [(0.0, 0.5), (0.5, 0.5), (0.62, 0.7), (0.9, 0.9)])
def test_the_parents_share_is_the_least_that_devel_accepts(
    sample: Dataset,
    folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    sound: float,
    share: float,
) -> None:
    seen = falls_below(monkeypatch, sound)
    assert average_weights(*folders, 0.5, sample.devel, sample.schema) == share
    assert weight(folders[1]) == pytest.approx(3 - 2 * share)
    assert weight(folders[0]) == 1
    assert len(seen) <= 3


def test_where_every_share_falls_the_largest_is_taken(
    sample: Dataset, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    falls_below(monkeypatch, 2.0)
    assert average_weights(*folders, 0.5, sample.devel, sample.schema) == averaging.MOST
    assert weight(folders[1]) == pytest.approx(1.2)


def test_without_devel_the_least_share_holds(
    sample: Dataset, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = falls_below(monkeypatch, 2.0)
    assert average_weights(*folders, 0.75, (), sample.schema) == 0.75
    assert weight(folders[1]) == 1.5
    assert not seen


def test_nothing_is_averaged_where_the_shapes_differ_or_nothing_is_to_be_kept(
    sample: Dataset, folders: tuple[Path, Path]
) -> None:
    parent, new = folders
    assert average_weights(parent, new, 0.0, sample.devel, sample.schema) == 0
    save_file({"w": torch.zeros(3)}, parent / "model.safetensors")
    assert average_weights(parent, new, 0.5, sample.devel, sample.schema) == 0
    assert weight(new) == 3


def test_reading_devel_is_told_in_tenths(
    sample: Dataset, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reads_a_thousand(folder: Path, *_: object, progress: OnProgress, **__: object) -> float:
        for done in range(0, 1001, 8):
            progress(Progress(done, 1000))
        return weight(folder)

    seen = falls_below(monkeypatch, 0.0)
    monkeypatch.setattr(averaging, "evaluate_sentences", reads_a_thousand)
    told: list[str] = []
    average_weights(*folders, 0.5, sample.devel, sample.schema, tell=told.append)
    assert len(told) == 11 * (1 + len(seen))
    assert told[10] == f"{folders[0].name} reads devel: 1,000 of 1,000 sentences"
