"""The checkpoints of a run: where they lie, which one is whole, and of which run they are."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bioner.errors import TrainingError
from bioner.files import read_json_object, write_whole
from bioner.models.card import CARD
from bioner.spans import Sentence
from bioner.training.config import OPTIONS, TrainingConfig

CHECKPOINTS = "checkpoints"
COMPLETE = "complete"
"""Marker written last into a checkpoint: without it the checkpoint was cut off."""

ORIGIN = "origin.json"
"""What the run that wrote the checkpoints was asked to do, on which data."""


def check_out(out: Path, *, resume: bool = False) -> None:
    """Raise TrainingError where a model cannot be made in this folder, before anything is done."""
    if out.name in ("", ".."):
        raise TrainingError("--out: expected the name of a new model folder, such as models/mine")
    if (out / CARD).exists() and not resume:
        raise TrainingError(f"{out}: there is a finished model already; give another name")
    if (out / CARD).exists():
        raise TrainingError(f"{out}: this run is finished; there is nothing to resume")
    whole = out.absolute()
    new = list(itertools.takewhile(lambda folder: not folder.exists(), (whole, *whole.parents)))
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise TrainingError(
            f"{out}: no model can be written there ({error.strerror}); give another --out"
        ) from error
    finally:
        for folder in new:
            with contextlib.suppress(OSError):  # another process has begun to write into it
                folder.rmdir()


def last_checkpoint(out: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, or None."""
    found = [
        folder
        for folder in (out / CHECKPOINTS).glob("checkpoint-*")
        if (folder / COMPLETE).is_file() and folder.name.rpartition("-")[2].isdigit()
    ]
    return max(found, key=lambda f: int(f.name.rpartition("-")[2]), default=None)


def begin_anew(out: Path, origin: Mapping[str, Any]) -> None:
    """Remove the checkpoints of an earlier run and say whose the next ones are."""
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    (out / CHECKPOINTS).mkdir(parents=True)
    write_whole(out / CHECKPOINTS / ORIGIN, json.dumps(origin, indent=1) + "\n")


def origin_of(
    config: TrainingConfig, data: str, sentences: Iterable[Sentence], processes: int
) -> dict[str, Any]:
    """Return what the weights of a run follow from, by the names that a person knows it by."""
    values = asdict(config)
    base = Path(config.base)
    seen = hashlib.sha256()
    for sentence in sentences:
        seen.update(repr((sentence.tokens, sentence.spans, sorted(sentence.covers))).encode())
    return {
        "--base": str(base.resolve()) if base.is_dir() else config.base,
        **{option: values[name] for name, option in OPTIONS.items()},
        "processes": processes,
        "the merged data": data,
        "the training sentences": seen.hexdigest()[:16],
    }


def check_origin(out: Path, now: Mapping[str, Any]) -> None:
    """Raise TrainingError, naming each difference, where the checkpoints are of another run.

    Checkpoints of a version that did not record it are taken as they are.
    """
    path = out / CHECKPOINTS / ORIGIN
    if not path.exists():
        return
    then = read_json_object(path, TrainingError, mend="begin anew, without --resume")
    other = [
        f"{name} was {then[name]}, is {now[name]}"
        for name in now
        if name in then and then[name] != now[name]
    ]
    if other:
        raise TrainingError(
            f"{out}: its checkpoints are of another run: {'; '.join(other)}. Resume with what it "
            "began with, or begin anew without --resume"
        )
