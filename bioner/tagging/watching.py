"""What has come of a bulk tagging so far, and at which pace it goes on."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bioner.tagging.standing import OnStanding, Standing

LATELY_S = 180.0
"""The pace is that of the latest minutes: what was skipped at the start says nothing of it."""


@dataclass
class Outcome:
    """What came of a bulk tagging; ``failed`` and ``unreadable`` give each input its reason."""

    inputs: int = 0
    inputs_done: int = 0
    inputs_skipped: int = 0
    parts: int = 0
    parts_skipped: int = 0
    documents: int = 0
    characters: int = 0
    mentions: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Return whether every input has been tagged to its end."""
        return not self.failed and not self.unreadable

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return dict(vars(self))


class Watch:
    """How far a run is: by bytes of its input, from what its pieces say of themselves."""

    def __init__(
        self,
        running: Path,
        sizes: Mapping[str, float],
        outcome: Outcome,
        hear: OnStanding,
    ) -> None:
        """Watch pieces whose bytes ``sizes`` tells by key; at work they say so in ``running``."""
        self._folder, self._outcome, self._hear = running, outcome, hear
        self._sizes = sizes
        self._total = sum(self._sizes.values())
        self._ended = 0.0
        self._lately: deque[tuple[float, float, int]] = deque()

    def ended(self, key: str) -> None:
        """Count a piece as done with, whatever came of it."""
        self._ended += self._sizes[key]

    def tell(self) -> None:
        """Say how much is done, at what rate, and about how long the rest will take."""
        outcome, running = self._outcome, list(self._running())
        done = self._ended + sum(self._sizes.get(one["key"], 0.0) * one["share"] for one in running)
        documents = outcome.documents + sum(one["documents"] for one in running)
        skipped = sum(one["skipped"] for one in running)
        rate, left = self._pace(done, documents)
        self._hear(
            Standing(
                share=min(1.0, done / self._total) if self._total else 1.0,
                inputs=outcome.inputs,
                inputs_done=outcome.inputs_done,
                inputs_skipped=outcome.inputs_skipped,
                parts=outcome.parts + sum(one["parts"] for one in running) - skipped,
                parts_skipped=outcome.parts_skipped + skipped,
                documents=documents,
                mentions=outcome.mentions,
                documents_per_s=rate,
                left_s=left,
                failed=dict(outcome.failed),
                unreadable=dict(outcome.unreadable),
            )
        )

    def _pace(self, done: float, documents: int) -> tuple[float | None, float | None]:
        """Return documents a second and the seconds left, by the latest minutes."""
        now = time.monotonic()
        self._lately.append((now, done, documents))
        while len(self._lately) > 2 and now - self._lately[0][0] > LATELY_S:
            self._lately.popleft()
        then, had, had_documents = self._lately[0]
        if now - then <= 1 or done <= had:
            return None, None
        rate = max(0, documents - had_documents) / (now - then)
        return round(rate, 2), (self._total - done) * (now - then) / (done - had)

    def _running(self) -> Iterator[dict[str, Any]]:
        for path in self._folder.glob("[!.]*"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                said = json.loads(path.read_text(encoding="utf-8"))
                names = ("share", "parts", "skipped", "documents")
                yield {"key": path.name, **{name: said[name] for name in names}}
