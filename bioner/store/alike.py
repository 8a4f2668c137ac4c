"""The marks that wait, counted by how they are written and what they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from bioner.machine import collector_paused
from bioner.store import projects, waiting

_QUICK = re.compile(
    r'\{"at":\[\[(\d+),(\d+)\]\],"label":"([^"\\]*)",'
    r'(?:"source":"[^"\\]*",)?"status":"predicted"(?:,"score":([-+.\deE]+))?[,}]'
)
"""A predicted mark in one piece, as ``codec.write_mentions`` writes it; a hundred thousand are read
so in a third of the time that their JSON takes."""
_MARK = '"at":'
"""Stands once in each mark, and in no string: a quotation mark there is written with a stroke."""

_Tally = tuple[list[int], list[float]]
"""The sentences of alike marks, a number a mark; and the scores of those that have one."""


class Alike(NamedTuple):
    """Waiting marks of one surface and type: their sentences, one for each mark.

    ``unsure`` is the sum of 1 - score over the ``scored`` of them that have a score.
    """

    surface: str
    label: str
    items: Sequence[int]
    unsure: float
    scored: int


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The waiting marks outside "my test", alike ones together; how many lie in "my test"."""

    alike: tuple[Alike, ...]
    test_marks: int


def count_alike(connection: Connection, stored: projects.StoredProject, reviewer: str) -> Waiting:
    """Count the marks that ``waiting.waiting_marks`` names one by one."""
    test_marks = 0
    tallies: dict[tuple[str, str], _Tally] = {}
    with collector_paused():
        texts = waiting.texts_of(connection, stored.id)
        for item, document, _, is_test, mentions in waiting.contents(connection, stored, reviewer):
            text = texts.get(document)
            if text is None:
                continue
            for surface, label, score in predicted(mentions, text):
                if is_test:
                    test_marks += 1
                    continue
                key = surface, label
                found = tallies.get(key)
                if found is None:
                    found = tallies[key] = [], []
                found[0].append(item)
                if score is not None:
                    found[1].append(score)
    alike = tuple(
        Alike(surface, label, numbers, len(scores) - sum(scores), len(scores))
        for (surface, label), (numbers, scores) in tallies.items()
    )
    return Waiting(alike=alike, test_marks=test_marks)


def predicted(mentions: str, text: str) -> Iterator[tuple[str, str, float | None]]:
    """Yield the surface, type and score of each predicted mark in a sentence's JSON."""
    quick = _QUICK.findall(mentions)
    if len(quick) == mentions.count(_MARK):
        for start, end, label, score in quick:
            yield text[int(start) : int(end)], label, float(score) if score else None
        return
    for one in json.loads(mentions):
        if one.get("status") == "predicted":
            yield " ".join([text[a:b] for a, b in one["at"]]), one["label"], one.get("score")
