"""The lines of CoNLL: columns, comments, and the sentences between blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bioner import bio
from bioner.errors import FormatError
from bioner.spans import Range

DOCUMENT_START = "-DOCSTART-"


COVERS_COMMENT = "# covers = "


@dataclass(frozen=True, slots=True)
class Block:
    """The lines between two blank lines: first line number, tokens and tags (not yet repaired).

    ``runs`` are the half-open ranges of the stretches without ``O``.
    """

    line: int
    tokens: list[str]
    tags: list[str]
    runs: list[Range]
    covers: frozenset[str] = frozenset()


@dataclass
class Layout:
    """What the lines of a file look like, found on its first token line, and what was skipped."""

    name: str
    separator: str = ""
    columns: int = 0
    document_starts: int = 0
    comments: int = 0
    covers: frozenset[str] = frozenset()


def two_column_blocks(text: str, layout: Layout) -> list[Block]:
    """Return the sentences of plain lines of a token, a tab and a tag, a sentence at a time.

    Nothing where one line is of another kind: ``read_blocks``, a line at a time and slower, reads
    those and says which line is wrong.
    """
    if DOCUMENT_START in text:
        return []
    shared: dict[str, str] = {}
    share = shared.setdefault
    blocks: list[Block] = []
    line = 1
    for part in text.split("\n\n"):
        body = part.strip("\n")
        if body:
            cells = body.replace("\n", "\t\n\t").split("\t")
            tokens, tags, ends = cells[::3], cells[1::3], cells[2::3]
            if len(cells) % 3 != 2 or ends.count("\n") != len(ends) or "" in tokens:
                return []
            first = line + len(part) - len(part.lstrip("\n"))
            if any(tag[-1:].isspace() for tag in set(tags)):
                return []
            tags = list(map(share, tags, tags))
            blocks.append(Block(first, list(map(share, tokens, tokens)), tags, _runs(tags)))
        line += part.count("\n") + 2
    layout.separator, layout.columns = "\t", 2
    return blocks


def read_blocks(lines: Iterable[str], layout: Layout) -> Iterator[Block]:
    """Yield the sentences of CoNLL lines (without their ends), filling in the layout.

    The first token line decides: tabs if it has one, else spaces; every other must have as many
    columns.
    """
    shared: dict[str, str] = {}
    share = shared.setdefault
    tokens: list[str] = []
    tags: list[str] = []
    covers: frozenset[str] = frozenset()
    first = number = 0
    separator, columns = layout.separator, layout.columns
    for number, line in enumerate(lines, 1):
        cells = line.split(separator) if separator else []
        if len(cells) != columns or not columns or cells[0][:1] in ("", "#"):
            cells = _cells(line, number, layout)
            separator, columns = layout.separator, layout.columns
        elif cells[0] == DOCUMENT_START:
            layout.document_starts += 1
            cells = []
        if cells:
            if not tokens:
                first = number
                covers, layout.covers = layout.covers, frozenset()
            token, tag = cells[0], cells[-1].strip()
            tokens.append(share(token, token))
            tags.append(share(tag, tag))
        elif tokens:
            yield Block(first, tokens, tags, _runs(tags), covers)
            tokens, tags = [], []
    if tokens:
        yield Block(first, tokens, tags, _runs(tags), covers)


def _cells(line: str, number: int, layout: Layout) -> list[str]:
    """Return the columns of a line that is not plainly a token line; nothing if it is none."""
    if not line or line.isspace():
        return []
    if line.startswith(DOCUMENT_START):
        layout.document_starts += 1
        return []
    if line.startswith("#") and not _is_token(line, layout):
        layout.comments += 1
        if line.startswith(COVERS_COMMENT):
            layout.covers = frozenset(
                filter(None, line.removeprefix(COVERS_COMMENT).strip().split(","))
            )
        return []
    if not layout.separator:
        layout.separator = "\t" if "\t" in line else " "
    cells = line.split("\t") if layout.separator == "\t" else _words(line)
    if len(cells) > 1 and not cells[0].strip():
        raise FormatError(f"{layout.name}:{number}: the first column (the token) is empty")
    if not layout.columns:
        if len(cells) < 2:
            raise FormatError(
                f"{layout.name}:{number}: expected 2 or more columns (a token and its tag, "
                f"separated by a tab or spaces), found {len(cells)}"
            )
        layout.columns = len(cells)
    if len(cells) != layout.columns:
        raise FormatError(
            f"{layout.name}:{number}: expected {layout.columns} columns, found {len(cells)}"
        )
    return cells


def _words(line: str) -> list[str]:
    """Return the columns that spaces part; a no-break space parts none."""
    return [one for one in re.split(r"[ \t]+", line) if one.strip()]


def _is_token(line: str, layout: Layout) -> bool:
    """Tell whether a line that begins as a comment does is the token ``#`` and its columns."""
    if layout.separator == "\t" or (not layout.separator and "\t" in line):
        return "\t" in line
    words = _words(line)
    fits = len(words) == layout.columns if layout.columns else len(words) > 1
    return fits and (words[-1] == "O" or is_tag(words[-1]))


def unknown_tag(name: str, line: int, tag: str) -> FormatError:
    """Return the error of a last column that is not a tag."""
    mend = "; if this is a table, name its text column" if " " in tag else ""
    return FormatError(
        f"{name}:{line}: expected a tag in the last column (O, or B-, I-, E-, S- and a type), "
        f"got {tag!r:.60}{mend}"
    )


def is_tag(tag: str) -> bool:
    try:
        bio.split_tag(tag)
    except ValueError:
        return False
    return True


def _runs(tags: Sequence[str]) -> list[Range]:
    """Return the half-open ranges of the stretches without ``O``."""
    if tags.count("O") == len(tags):
        return []
    runs: list[Range] = []
    start = end = -1
    for i in [i for i, tag in enumerate(tags) if tag != "O"]:
        if i != end:
            if end >= 0:
                runs.append((start, end))
            start = i
        end = i + 1
    runs.append((start, end))
    return runs
