"""What the database itself says, asked in plain SQL: the numbers that pages are held against."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

STATES = """
select p.name,
       case when c.verdict in ('accept', 'correct') then 'done'
            when c.verdict = 'unsure' then 'unsure'
            when c.verdict = 'reject' then 'rejected'
            when c.mentions is not null then 'begun'
            else 'waiting' end as state, count(*)
from items i join projects p on p.id = i.project
left join corrections c on c.item = i.id and c.track = '' group by 1, 2
"""
REVIEWED = """
select p.name, i.id, i.is_test, c.track, c.mentions, c.covers
from corrections c join items i on i.id = c.item join projects p on p.id = i.project
where c.verdict in ('accept', 'correct') order by i.id, c.track
"""
OF_PROJECT = "select p.name, count(*) from {} x join projects p on p.id = x.project {} group by 1"
COUNTS = {
    "documents": OF_PROJECT.format("documents", ""),
    "sentences": OF_PROJECT.format("items", ""),
    "my test": OF_PROJECT.format("items", "where x.is_test"),
}


@dataclass
class Truth:
    """The database's own numbers: by project, and of all that training would read."""

    projects: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    mentions: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    covers: set[str] = field(default_factory=set)

    @property
    def usable(self) -> int:
        """Reviewed sentences that a run uses."""
        return sum(one["for training"] for one in self.projects.values())

    @property
    def held_back(self) -> int:
        """Reviewed sentences of "my test"."""
        return sum(one["held back"] for one in self.projects.values())


def read_truth(database: Path) -> Truth:
    """Count everything anew from the tables."""
    found = Truth()
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        for name, query in COUNTS.items():
            for project, number in connection.execute(query):
                found.projects[project][name] = number
        for project, state, number in connection.execute(STATES):
            found.projects[project][state] = number
        by_item: dict[tuple[str, int], list[tuple[int, str, str, str]]] = defaultdict(list)
        for project, item, is_test, track, mentions, covers in connection.execute(REVIEWED):
            by_item[project, item].append((is_test, track, mentions, covers))
    finally:
        connection.close()
    for (project, _), copies in by_item.items():
        _count(found, project, copies)
    for numbers in found.projects.values():
        numbers["settled"] = numbers["done"] + numbers["rejected"]
    return found


def _count(found: Truth, project: str, copies: list[tuple[int, str, str, str]]) -> None:
    shared = [one for one in copies if one[1] == ""]
    marks = [
        sorted((str(mark["at"]), mark["label"]) for mark in json.loads(one[2] or "[]"))
        for one in copies
    ]
    if not shared and any(one != marks[0] for one in marks):
        found.projects[project]["undecided"] += 1
        return
    is_test, _, mentions, covers = (shared or copies)[0]
    found.projects[project]["held back" if is_test else "for training"] += 1
    split = "test" if is_test else "train"
    found.mentions[split].update(mark["label"] for mark in json.loads(mentions or "[]"))
    found.covers.update(json.loads(covers))
