"""Erasing a text for good: out of the store and its copies, and out of what was made from it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bioner.corpora.striking import Struck, strike
from bioner.errors import BionerError, CorpusError, StoreError
from bioner.evaluation.report_files import read_table
from bioner.evaluation.reports import reports_folder
from bioner.settings import Settings
from bioner.store import Revision, Store

LEAST = 12
"""A sentence of fewer letters and digits is no trace: it stands in other texts too."""

LARGEST = 500_000_000
"""Bytes of the largest file that is looked into."""

TABLE = ".parquet"
ROWS = 2_000
"""Of a table so many rows are looked at together."""

_TEXT = (".json", ".jsonl", ".tsv", ".txt", ".csv", ".conll", ".conllu", ".xml", ".ann", ".log")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was done: the record of it, how many kept evaluations went, and what is left.

    ``struck`` are the versions of frozen corpora that held the text, and hold it no longer.
    ``left`` are files that hold a sentence of the text and that nobody deletes by himself: a job's,
    an own corpus's. ``server`` says what a database server keeps for a while, if there is one.
    """

    revision: Revision
    evaluations: int
    struck: tuple[Struck, ...]
    left: tuple[Path, ...]
    server: str


def erase_everywhere(
    store: Store, settings: Settings, project: str, document: str, reviewer: str
) -> Erased:
    """Erase a document from the store, its backups, the kept evaluations and frozen corpora.

    What is left is named. May be repeated until nothing is left undone. Raises StoreError for what
    could not be finished.
    """
    traces = _sentences(store, project, document)
    evaluations = [one for one in _evaluations() if _holds_any(one, traces)] if traces else []
    failed: list[BionerError] = []
    try:
        # Evaluations go before the text does: nobody could find them by it afterwards.
        revision = store.erase_document(
            project, document, reviewer, beside=lambda: _delete_all(evaluations)
        )
    except StoreError as error:
        if not _is_gone(store, project, document):
            raise
        failed.append(error)
    struck: tuple[Struck, ...] = ()
    try:
        struck = strike(settings, project, document)
    except CorpusError as error:
        failed.append(error)
    left = _left(settings, store, traces)
    if failed:
        # What is left is named now: once the text is gone, nobody can look for it again.
        more = [f"{path} holds a sentence of it" for path in left if path.parent != store.folder]
        raise StoreError("; ".join([*map(str, failed), *more])) from failed[0]
    server = (
        ""
        if store.database.is_sqlite
        else "the server keeps the old rows in its files until VACUUM, in its log until that is "
        "recycled, and in copies that it made itself: `VACUUM FULL` and new base backups end that"
    )
    return Erased(
        revision=revision,
        evaluations=len(evaluations),
        struck=struck,
        left=tuple(left),
        server=server,
    )


def _delete_all(folders: Sequence[Path]) -> None:
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise StoreError(
                f"{folder}: holds sentences of the text and cannot be deleted ({error}); nothing "
                "of the text was erased"
            ) from error


def _is_gone(store: Store, project: str, document: str) -> bool:
    return store.texts(project, [document]).get(document, "") is None


def _left(settings: Settings, store: Store, traces: Sequence[str]) -> list[Path]:
    """Return the files that hold a sentence still."""
    if not traces:
        return []
    places = (settings.home, settings.data, settings.jobs)
    left = [path for path in _files(places) if _holds(path, traces)]
    return left + [one for one in _databases(places, store.database.file) if _rows_of(one, traces)]


def _sentences(store: Store, project: str, document: str) -> list[str]:
    """Return the document's sentences, letters and digits alone; none if it is erased already."""
    try:
        surfaces = [
            store.open_item(item, claim=False).surface for item in store.items_of(project, document)
        ]
    except BionerError:
        return []
    return [one for one in map(_squeeze, surfaces) if len(one) >= LEAST]


def _evaluations() -> Iterator[Path]:
    folder = reports_folder()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir():
            yield path


def _holds_any(folder: Path, traces: Sequence[str]) -> bool:
    """Whether a table or a file of an evaluation has one of the sentences."""
    return any(_holds(path, traces) for path in _files((folder,)))


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (TABLE, *_TEXT) and path.is_file() and path.stat().st_size <= LARGEST:
                yield path


def _databases(folders: Sequence[Path], own: Path | None) -> Iterator[Path]:
    """Yield the dictionaries and search indexes."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".dictionary", ".sqlite3") and path.is_file() and path != own:
                yield path


def _rows_of(path: Path, traces: Sequence[str]) -> bool:
    """Whether a row of a database has a sentence, or is a piece of the text."""
    whole = "".join(traces)
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                content = _squeeze("".join(cell for cell in row if isinstance(cell, str)))
                if any(one in content for one in traces):
                    return True
                if len(content) >= LEAST and content in whole:
                    return True
    return False


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _holds(path: Path, traces: Sequence[str]) -> bool:
    """Whether a file has a sentence: in a table, in one line, as escaped JSON or a token a line."""
    if path.suffix == TABLE:
        return any(one in content for content in _contents(path) for one in traces)
    text = path.read_text(encoding="utf-8", errors="replace")
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    tokens = (line.split("\t", 1)[0].split(" ", 1)[0] for line in text.splitlines())
    return any(
        one in content for content in (_squeeze(text), _squeeze("".join(tokens))) for one in traces
    )


def _contents(path: Path) -> Iterator[str]:
    """Yield what a table holds, some rows at a time; nothing of one that cannot be read."""
    with contextlib.suppress(CorpusError):
        for part in read_table(path).to_batches(max_chunksize=ROWS):
            yield _squeeze(json.dumps(part.to_pylist(), ensure_ascii=False, default=str))


def _squeeze(text: str) -> str:
    return "".join(one for one in text if one.isalnum())
