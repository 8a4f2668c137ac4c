"""The checkpoints of a run: where they lie, and which one is whole."""

from __future__ import annotations

from pathlib import Path

CHECKPOINTS = "checkpoints"


COMPLETE = "complete"
"""Marker written last into a checkpoint: without it the checkpoint was cut off."""


def last_checkpoint(out: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, or None."""
    found = [
        folder
        for folder in (out / CHECKPOINTS).glob("checkpoint-*")
        if (folder / COMPLETE).is_file() and folder.name.rpartition("-")[2].isdigit()
    ]
    return max(found, key=lambda f: int(f.name.rpartition("-")[2]), default=None)
