"""How far a bulk tagging is, in figures: told as it runs, kept in a file beside its log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bioner.errors import FormatError
from bioner.figures import duration
from bioner.files import read_json_object, write_whole

STANDING = "tagging.json"
"""The file of a job's folder that holds it."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is done of a bulk tagging, by inputs (files) and their parts, and how fast it goes.

    ``share`` is 0..1 of the bytes to read; ``documents_per_s`` and ``left_s`` are None until they
    are known. ``failed`` and ``unreadable`` give each input its reason.
    """

    share: float = 0.0
    inputs: int = 0
    inputs_done: int = 0
    inputs_skipped: int = 0
    parts: int = 0
    parts_skipped: int = 0
    documents: int = 0
    mentions: int = 0
    documents_per_s: float | None = None
    left_s: float | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What a line of progress says of it."""
        told = f"{self.documents:,} documents"
        if self.documents_per_s:
            told += f", {self.documents_per_s:,.1f} a second"
        if self.left_s is not None:
            told += f", about {duration(self.left_s)} left"
        for what, count in (
            ("inputs done", self.inputs_done),
            ("skipped", self.inputs_skipped),
            ("failed", len(self.failed) + len(self.unreadable)),
        ):
            told += f", {count:,} {what}" if count else ""
        return told


OnStanding = Callable[[Standing], None]


def write_standing(folder: Path, standing: Standing) -> None:
    """Keep it in a job's folder. Raises OSError."""
    write_whole(folder / STANDING, json.dumps(asdict(standing), ensure_ascii=False) + "\n")


def read_standing(folder: Path) -> Standing | None:
    """Read what a job's folder says; None where it says nothing, or nothing that is whole."""
    try:
        raw: dict[str, Any] = read_json_object(folder / STANDING, FormatError)
        return Standing(**{key: raw[key] for key in Standing.__dataclass_fields__ if key in raw})
    except (FormatError, TypeError):
        return None
