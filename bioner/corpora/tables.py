"""Corpora whose marks stand in a table beside their texts: rewritten as documents with marks."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from bioner.corpora.splits import split_named
from bioner.errors import FormatError
from bioner.formats.source import decode_text


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a table has what: the columns of document, start, end, surface and label.

    ``texts``: the files that hold a text each, or, ``has_rows``, a document a row (id, title,
    abstract). ``label``: the column of the label, or what every mark is. ``is_last``: the end is
    the last character's place, not the one after it. ``header``: the first row names the columns.
    """

    marks: re.Pattern[str]
    texts: re.Pattern[str]
    document: int
    start: int
    end: int
    surface: int
    label: int | str
    has_rows: bool = False
    is_last: bool = False
    header: bool = False


LAYOUTS: Mapping[str, Layout] = {
    "linnaeus": Layout(
        marks=re.compile(r"(^|/)tags\.tsv$"),
        texts=re.compile(r"(^|/)txt/[^/]+\.txt$"),
        document=1,
        start=2,
        end=3,
        surface=4,
        label="Species",
        header=True,
    ),
    "s800": Layout(
        marks=re.compile(r"(^|/)S800\.tsv$"),
        texts=re.compile(r"(^|/)abstracts/[^/]+\.txt$"),
        document=1,
        start=2,
        end=3,
        surface=4,
        label="Species",
        is_last=True,
    ),
    "drugprot": Layout(
        marks=re.compile(r"_entities\.tsv$"),
        texts=re.compile(r"_abstract?s\.tsv$"),
        document=0,
        start=3,
        end=4,
        surface=5,
        label=2,
        has_rows=True,
    ),
}
"""The layouts by name: Linnaeus's, S800's, DrugProt's."""

Member = tuple[str, bytes]


def as_documents(members: Sequence[Member], layout: Layout) -> list[Member]:
    """Return the same texts and marks as files of JSON lines, one for each split that is named.

    Without a table of marks among them the members are returned as they are. Raises FormatError
    for a row of another form.
    """
    tables = [one for one in members if layout.marks.search(one[0])]
    if not tables:
        return list(members)
    marks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, data in tables:
        for document, mark in _marks(name, data, layout):
            marks[document].append(mark)
    lines: dict[str, list[str]] = defaultdict(list)
    for split, id, text in _texts(members, layout):
        found = {"id": id, "text": text, "entities": marks.get(id, [])}
        lines[split].append(json.dumps(found, ensure_ascii=False))
    return [
        (f"{split or 'documents'}.jsonl", "\n".join(rows).encode()) for split, rows in lines.items()
    ]


def _marks(name: str, data: bytes, layout: Layout) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, cells in _rows(name, data):
        if number == 1 and layout.header:
            continue
        try:
            start, end = int(cells[layout.start]), int(cells[layout.end]) + layout.is_last
            label = cells[layout.label] if isinstance(layout.label, int) else layout.label
            # S800 names a document with its number in another database behind a colon
            document = cells[layout.document].partition(":")[0]
            surface = cells[layout.surface]
        except (IndexError, ValueError) as error:
            raise FormatError(
                f"{name}:{number}: expected a document, a start, an end and the words, separated "
                f"by tabs, found {len(cells)} columns"
            ) from error
        yield document, {"start": start, "end": end, "text": surface, "label": label}


def _texts(members: Iterable[Member], layout: Layout) -> Iterator[tuple[str, str, str]]:
    """Yield the split (or nothing), the id and the text of each document."""
    for name, data in members:
        if not layout.texts.search(name):
            continue
        if not layout.has_rows:
            yield "", PurePosixPath(name).stem, decode_text(data, name)
            continue
        for _, cells in _rows(name, data):
            # a line each: a title has no full stop, and offsets count one character between the two
            yield split_named(str(PurePosixPath(name).parent)), cells[0], "\n".join(cells[1:3])


def _rows(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(decode_text(data, name).split("\n"), 1):
        if line.strip():
            yield number, line.split("\t")
