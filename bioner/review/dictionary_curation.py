"""Curating a dictionary: keep, drop, retype, merge, split, prefer, identify, undo."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bioner.access import Action, Actor, allow, operator
from bioner.review.dictionary import NEWEST, change_of, reading
from bioner.review.dictionary_log import apply, replay
from bioner.review.dictionary_terms import write_terms
from bioner.review.terms import Change, DictionaryError

CurationAction = Literal["keep", "drop", "retype", "merge", "split", "prefer", "identify"]
ACTIONS: tuple[CurationAction, ...] = (
    "keep", "drop", "retype", "merge", "split", "prefer", "identify",
)  # fmt: skip
NEEDS_VALUE = {
    "retype": "the type",
    "merge": "the term that they become part of",
    "prefer": "the spelling",
    "identify": "the identifier",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One decision about terms, each named by its key.

    ``value``: the type (retype), the term that they become part of (merge), the spelling (prefer),
    the identifier (identify; empty takes it off). ``surfaces``: the spellings that leave (split).
    """

    action: CurationAction
    terms: tuple[str, ...]
    value: str = ""
    surfaces: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise DictionaryError(f"{self.action!r}: expected one of {', '.join(ACTIONS)}")
        if not self.terms:
            raise DictionaryError(f"{self.action}: name a term")
        if self.action in NEEDS_VALUE and self.action != "identify" and not self.value.strip():
            raise DictionaryError(f"{self.action}: say {NEEDS_VALUE[self.action]}")
        if self.action == "split" and (len(self.terms) != 1 or not self.surfaces):
            raise DictionaryError("split: name one term, and the spellings that leave it")


def curate(
    path: Path, choices: Iterable[Choice], *, types: Sequence[str], actor: Actor | None = None
) -> list[Change]:
    """Write decisions to the log, all or none, and apply them; return them as they stand there.

    ``types`` are those that there are. Raises AccessError, and DictionaryError for a term, spelling
    or type that is not there.
    """
    who = allow(Action.DICTIONARY, actor).name or operator().name
    done: list[Change] = []
    with _writing(path) as database:
        for choice in choices:
            if choice.action == "retype" and choice.value not in types:
                raise DictionaryError(
                    f"unknown type {choice.value!r}; expected one of {', '.join(types)}"
                )
            done.append(_append(database, choice, who))
    return done


def undo(path: Path, *, actor: Actor | None = None, seen: int | None = None) -> Change | None:
    """Take the newest decision back that still stands, and return it; None: there is none.

    ``seen``: the number of the one that somebody looks at, 0 for none. Raises DictionaryError where
    another has come since.
    """
    who = allow(Action.DICTIONARY, actor).name or operator().name
    with _writing(path) as database:
        row = database.execute(NEWEST).fetchone()
        if row is None:
            return None
        last = change_of(row)
        if seen is not None and last.seq != seen:
            raise DictionaryError(
                f"the newest decision is another by now: {last.said}; undo again to take that back"
            )
        _insert(database, "undo", (), str(last.seq), (), who)
        _again(database)
    return last


def _again(database: sqlite3.Connection) -> None:
    """Bring the terms to what the log says, from the spellings as they were built."""
    moved = database.execute("SELECT DISTINCT term FROM forms WHERE term != built").fetchall()
    homes = database.execute("SELECT DISTINCT built FROM forms WHERE term != built").fetchall()
    chosen = database.execute("SELECT DISTINCT key FROM chosen").fetchall()
    database.execute("UPDATE forms SET term = built WHERE term != built")
    database.execute("DELETE FROM chosen")
    write_terms(database, sorted({row[0] for row in (*moved, *homes, *chosen)}))
    replay(database)


def _append(database: sqlite3.Connection, choice: Choice, who: str) -> Change:
    keys = tuple(dict.fromkeys(choice.terms))
    if choice.action == "merge" and choice.value in keys:
        raise DictionaryError(f"{choice.value!r}: a term cannot become part of itself")
    change = _insert(database, choice.action, keys, choice.value, choice.surfaces, who)
    write_terms(database, sorted(apply(database, change)))
    return change


def _insert(
    database: sqlite3.Connection,
    action: str,
    keys: tuple[str, ...],
    value: str,
    surfaces: tuple[str, ...],
    who: str,
) -> Change:
    row = database.execute(
        "INSERT INTO log (action, keys, value, surfaces, who, recorded) VALUES (?, ?, ?, ?, ?, ?) "
        "RETURNING *, 0 AS undone",
        (
            action,
            json.dumps(keys, ensure_ascii=False),
            value,
            json.dumps(surfaces, ensure_ascii=False),
            who,
            datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    ).fetchone()
    return change_of(row)


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a dictionary's file to change it, all or nothing, and wait for whoever else does."""
    with reading(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as database:
        database.row_factory = sqlite3.Row
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")
