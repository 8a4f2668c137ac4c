"""The marks that wait, counted by how they are written and what they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
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

_Tally = tuple[list[int], list[float | None]]
"""The sentences of alike marks, a number a mark, and the score of each."""


class Alike(NamedTuple):
    """Waiting marks of one surface and type: their sentences and scores, one for each mark."""

    surface: str
    label: str
    items: Sequence[int]
    scores: Sequence[float | None]


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
            found = predicted(mentions, text)
            if is_test:
                test_marks += len(found)
                continue
            for surface, label, score in found:
                key = surface, label
                tally = tallies.get(key)
                if tally is None:
                    tally = tallies[key] = [], []
                tally[0].append(item)
                tally[1].append(score)
    alike = tuple(
        Alike(surface, label, numbers, scores)
        for (surface, label), (numbers, scores) in tallies.items()
    )
    return Waiting(alike=alike, test_marks=test_marks)


def predicted(mentions: str, text: str) -> list[tuple[str, str, float | None]]:
    """Return the surface, type and score of each predicted mark in a sentence's JSON."""
    quick = _QUICK.findall(mentions)
    if len(quick) == mentions.count(_MARK):
        return [
            (text[int(start) : int(end)], label, float(score) if score else None)
            for start, end, label, score in quick
        ]
    return [
        (" ".join([text[a:b] for a, b in one["at"]]), one["label"], one.get("score"))
        for one in json.loads(mentions)
        if one.get("status") == "predicted"
    ]
