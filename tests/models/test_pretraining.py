"""Masked-language-model pre-training: what is read, what is hidden, and that it is learned."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pretrain import CHOSEN, Masking, Plan, documents, pieces_of, pretrain, windows


def test_each_document_is_read_once_from_plain_and_packed_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One text.\n\nAnother\nof two lines.\n\n\nOne text.\n")
    with gzip.open(tmp_path / "b.txt.gz", "wt") as file:
        file.write("A third.\n\nOne text.")
    read = list(documents([tmp_path / "a.txt", tmp_path / "b.txt.gz"]))
    assert read == ["One text.", "Another\nof two lines.", "A third."]


def test_windows_hold_the_stream_in_pieces_and_another_pass_cuts_elsewhere() -> None:
    stream = np.arange(100, 200, dtype=np.uint16)
    made = windows(stream, 8, 7, np.random.default_rng(1))
    assert made.shape[1] == 8
    assert (made[:, 0] == 7).all()
    body = np.sort(made[:, 1:].ravel())
    assert (np.diff(body) == 1).all()
    assert len(body) > len(stream) - 14
    starts = {windows(stream, 8, 7, np.random.default_rng(n))[:, 1].min() for n in range(9)}
    assert len(starts) > 1


def test_the_rate_rises_first_and_is_nothing_at_the_end() -> None:
    plan = Plan(minutes=1, rate=1.0)
    rates = [plan.rate_at(share) for share in (0.0, 0.03, 0.06, 0.5, 1.0, 1.1)]
    assert rates[0] == 0.0
    assert rates[0] < rates[1] < rates[2] == pytest.approx(1.0)
    assert rates[2] > rates[3] > rates[4] == 0.0 == rates[5]


def test_special_pieces_are_never_guessed_and_most_of_the_chosen_are_masked(
    tiny_encoder: Path,
) -> None:
    import torch

    pieces = pieces_of(tiny_encoder, ["the cells of the patients"] * 60)
    masking = Masking(tiny_encoder, 500, "cpu", 0)
    ids = torch.from_numpy(
        windows(np.concatenate(pieces), 16, masking.begin, np.random.default_rng(0)).astype(int)
    )
    read, places, wanted = masking(ids)
    assert len(places) == int(CHOSEN * ids.numel())
    assert (ids.reshape(-1)[places] == wanted).all()
    end = int(pieces[0][-1])
    assert not {masking.begin, end} & set(wanted.tolist())
    changed = (read != ids).reshape(-1)
    assert set(changed.nonzero().ravel().tolist()) <= set(places.tolist())
    masked = read.reshape(-1)[places].mode().values
    assert 0.6 < float((read.reshape(-1)[places] == masked).float().mean()) < 0.95


@pytest.mark.slow
def test_an_encoder_learns_to_guess_and_stays_one_that_training_starts_from(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForTokenClassification

    stream = np.concatenate(pieces_of(tiny_encoder, ["the cells of the patients"] * 400))
    told: list[str] = []
    plan = Plan(minutes=0.08, rate=5e-3, pieces=512, length=16)
    made = pretrain(tiny_encoder, tmp_path / "out", lambda: stream, plan, told.append)
    assert made.steps > 20
    assert made.pieces == made.steps * 512
    assert made.loss < 3.0  # a guess among the vocabulary costs more than 5
    AutoModelForTokenClassification.from_pretrained(tmp_path / "out")
