"""Weights between a model and its parent: how they are mixed, and how far devel sends them back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bioner.corpora.dataset import Dataset
from bioner.progress import OnProgress, Progress
from bioner.spans import Sentence, Span, corpus_sentence, with_spans
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


@pytest.fixture
def devel(sample: Dataset) -> tuple[Sentence, ...]:
    """Sentences of two corpora, each with one mention; enough of them for a fall to be one."""
    covers = frozenset(sample.schema.names)
    return tuple(
        corpus_sentence(
            f"{corpus}{i}",
            ["p53", "acts"],
            spans=[Span(0, 1, label)],
            covers=covers,
            corpus=corpus,
            split="devel",
        )
        for corpus, label in (("BC2GM", "Gene"), ("NCBI-disease", "Disease"))
        for i in range(40)
    )


class WeightTagger:
    """Marks all that gold has; with too little of the parent it misses all of one corpus."""

    name = "by weight"

    def __init__(self, share: float, sound: float, seen: list[float]) -> None:
        is_parent = share == 1
        self._misses = not is_parent and share < sound - 1e-9
        if not is_parent:
            seen.append(share)

    def tag_own(
        self, sentences: Sequence[Sentence], *, progress: OnProgress | None = None
    ) -> list[Sentence]:
        for done in range(len(sentences) + 1):
            if progress:
                progress(Progress(done, len(sentences)))
        missed = "NCBI-disease" if self._misses else ""
        return [with_spans(one, () if one.corpus == missed else one.spans) for one in sentences]


def falls_below(monkeypatch: pytest.MonkeyPatch, sound: float) -> list[float]:
    """Let models forget a corpus with less of the parent than ``sound``; list the shares read."""
    seen: list[float] = []

    def load(folder: Path, **_: object) -> WeightTagger:
        return WeightTagger(round((3 - weight(folder)) / 2, 4), sound, seen)

    monkeypatch.setattr(averaging, "load_tagger", load)
    return seen


@pytest.mark.parametrize(("sound", "share"), [(0.0, 0.5), (0.5, 0.5), (0.62, 0.7), (0.9, 0.9)])
def test_the_parents_share_is_the_least_that_devel_accepts(
    sample: Dataset,
    folders: tuple[Path, Path],
    devel: tuple[Sentence, ...],
    monkeypatch: pytest.MonkeyPatch,
    sound: float,
    share: float,
) -> None:
    seen = falls_below(monkeypatch, sound)
    assert average_weights(*folders, 0.5, devel, sample.schema) == share
    assert weight(folders[1]) == pytest.approx(3 - 2 * share)
    assert weight(folders[0]) == 1
    assert len(seen) <= 3


def test_where_every_share_falls_the_largest_is_taken(
    sample: Dataset,
    folders: tuple[Path, Path],
    devel: tuple[Sentence, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    falls_below(monkeypatch, 2.0)
    assert average_weights(*folders, 0.5, devel, sample.schema) == averaging.MOST
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
    sample: Dataset,
    folders: tuple[Path, Path],
    devel: tuple[Sentence, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = falls_below(monkeypatch, 0.0)
    told: list[str] = []
    average_weights(*folders, 0.5, devel, sample.schema, tell=told.append)
    assert len(told) == 11 * (1 + len(seen))
    assert told[10] == f"{folders[0].name} reads devel: 80 of 80 sentences"
