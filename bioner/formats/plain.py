"""Plain text and tables: a document a file, or a document a row of a ``.csv`` or ``.tsv``."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from bioner.errors import FormatError
from bioner.formats.lines import OddLines, read_lines
from bioner.formats.mark_places import MARKS, count_marks, has_place
from bioner.formats.marks import read_marks
from bioner.formats.source import BOM, MAX_WHOLE_BYTES, refuse_binary, stem, wrong_encoding
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document

if TYPE_CHECKING:
    from _csv import Reader

MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
"""A text file above this is read as one document for each stretch without a blank line."""
MAX_ROW = 1024 * 1024
"""Characters of a table's first row, over however many lines."""
_TEXT_COLUMNS = ("text", "abstract", "sentence", "body", "content")
_SEPARATOR = re.compile(r'"?sep=([\t;,|])"?\s*')
"""The line by which Excel is told what parts the cells."""
_ID_COLUMNS = ("id", "pmid", "document", "document_id", "doc_id")


def read_text_file(
    stream: BinaryIO, name: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the file as one document, its text untouched.

    A file above 4 MB becomes a document a paragraph (``name-1``, …), with where it begins in the
    file, in characters, as the attribute ``offset``, so that a file of any size can be streamed.
    """
    head = _read_up_to(stream, MAX_DOCUMENT_BYTES + 1)
    refuse_binary(head[:4096], name)
    if len(head) <= MAX_DOCUMENT_BYTES:
        try:
            text = head.removeprefix(BOM).decode("utf-8")
        except UnicodeDecodeError as error:
            skipped = len(head) - len(head.removeprefix(BOM))
            raise wrong_encoding(
                name, skipped + error.start, head[skipped + error.start]
            ) from error
        if not text.strip():
            raise FormatError(f"{name}: the file is empty; expected text")
        if "\x00" in text:
            refuse_binary(b"\x00", name)
        yield Document(tally.document_id(stem(name), f"{name}:1"), text)
        return
    yield from _paragraphs(head, stream, name, tally)


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """Read this many bytes, or all there are; a pipe gives fewer at a time."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class _Joined:
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest, self._at = head, rest, 0

    def readline(self, limit: int) -> bytes:
        """Return the next line, at most ``limit`` bytes of it."""
        end = self._head.find(b"\n", self._at) + 1 or len(self._head)
        line = self._head[self._at : end][:limit]
        self._at += len(line)
        if not line.endswith(b"\n") and self._at == len(self._head) and len(line) < limit:
            line += self._rest.readline(limit - len(line))
        return line


def _paragraphs(head: bytes, rest: BinaryIO, name: str, tally: Tally) -> Iterator[Document]:
    joined = _Joined(head, rest)
    lines: list[str] = []
    offset = begin = size = number = 0
    tally.repair("split_at_blank_lines", f"{name}:1")
    for line in read_lines(joined, name, keep_ends=True):
        blank = line.isspace()
        if lines and (blank or size > MAX_DOCUMENT_BYTES):
            number += 1
            yield _paragraph(lines, begin, f"{stem(name)}-{number}", tally)
            lines, size = [], 0
        if not blank:
            begin = begin if lines else offset
            lines.append(line)
            size += len(line)
        offset += len(line)
    if lines:
        yield _paragraph(lines, begin, f"{stem(name)}-{number + 1}", tally)


def _paragraph(lines: list[str], begin: int, id: str, tally: Tally) -> Document:
    text = "".join(lines).rstrip("\r\n")
    tally.documents += 1
    return Document(id, text, attributes=(("offset", str(begin)),))


def read_csv(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield a document a row of a comma-, semicolon- or tab-separated table with a header.

    The text is in ``options.column``, or in a column named text, abstract, sentence, body or
    content; the id in one named id, pmid or document, else the row's number. Rows without text are
    counted as ``empty_row`` and left out, as are rows with too many cells; most of them so refuse
    the table.
    """
    csv.field_size_limit(MAX_WHOLE_BYTES)
    lines = read_lines(stream, name, keep_ends=True)
    first = next(lines, "")
    told = _SEPARATOR.fullmatch(first)
    first = next(lines, "") if told else first
    while first.count('"') % 2 and len(first) < MAX_ROW and (more := next(lines, "")):
        first += more
    delimiter = told[1] if told else max("\t;,", key=lambda d: (first.count(d), d == ","))
    is_headless = not options.column and _is_headless(first, delimiter)
    if is_headless:
        tally.repair("table_without_header", f"{name}:1", first.strip()[:60])
        first = f"text\n{first}"
    head = list(io.StringIO(first, newline="\n"))
    rows = csv.reader(chain(head, lines), delimiter=delimiter, strict=True)
    table = _Table(rows, delimiter, int(is_headless) - bool(told))
    try:
        yield from _rows(table, name, tally, options)
    except csv.Error as error:
        why = str(error)
        if "unexpected end" in why:
            why = "a quotation mark opens here and is never closed"
        raise FormatError(f"{name}:{table.line}: not readable as CSV: {why}") from error


def _is_headless(first: str, delimiter: str) -> bool:
    """Tell whether a table of one column begins with a text rather than with a name."""
    try:
        cells = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error:
        return False
    return len(cells) == 1 and bool(re.search(r"\w\W+\w|[.!?]$", cells[0].strip()))


class _Table:
    """The rows of a table, and the line of the file where the next begins."""

    def __init__(self, rows: Reader, delimiter: str, added: int) -> None:
        self._rows, self._added = rows, added
        self.delimiter = delimiter

    @property
    def line(self) -> int:
        return self._at + 1 - self._added

    _at = 0

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._rows:
            yield row
            self._at = self._rows.line_num


def _rows(table: _Table, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    rows, odd = iter(table), OddLines(tally)
    header = next(rows, [])
    text_at = _text_column(header, options.column, name)
    names = [one.strip().lower() for one in header]
    marks_at = [i for i, one in enumerate(names) if one in MARKS and i != text_at]
    others = [i for i in range(len(names)) if i not in (text_at, *marks_at)]
    placed = has_place(dict.fromkeys((names[i] for i in others), 0))
    id_at = next((names.index(one) for one in _ID_COLUMNS if one in names), None)
    if len(names) == 1 and names[0] not in (*_TEXT_COLUMNS, options.column):
        tally.repair("first_line_read_as_header", f"{name}:1", header[0][:60])
    for number, row in enumerate(rows, 1):
        where = f"{name}:{table.line}"
        if not row:
            continue
        odd.lines += 1
        if len(row) != len(header):
            row = _mended(row, header, text_at, table, where, tally)
        if len(row) != len(header):
            odd.allow(f"{where}: expected {len(header)} columns, found {len(row)}")
            tally.leave(
                "row with another number of columns", where, " ".join(row)[:60], is_mark=False
            )
            continue
        if not row[text_at].strip():
            tally.repair("empty_row", where)
            continue
        id = row[id_at].strip() if id_at is not None else ""
        id = tally.document_id(id or f"{stem(name)}-{number}", where)
        marks = [one for at in marks_at for one in _marks(row[at], header[at], where, tally)]
        for at in others:
            if row[at][:1] in ("[", "{") and count_marks(_json(row[at])):
                tally.leave(f'column "{header[at]}"', where)
        if placed:
            tally.leave("place of a mention in columns of its own", where)
        yield Document(id, row[text_at], read_marks(marks, row[text_at], where, tally, options))
    odd.refuse_many()


def _mended(
    row: list[str], header: list[str], text_at: int, table: _Table, where: str, tally: Tally
) -> list[str]:
    """Return a row with the table's columns, where it is clear which cell is which."""
    if len(header) == 1:
        tally.repair("text_with_separators", where, row[0][:60])
        return [table.delimiter.join(row)]
    if text_at < len(row) < len(header):
        tally.repair("cells_missing", where, f"{len(row)} of {len(header)}")
        return row + [""] * (len(header) - len(row))
    if not any(row[len(header) :]):
        return row[: len(header)]
    return row


def _marks(cell: str, column: str, where: str, tally: Tally) -> list[Any]:
    """Return the marks that a cell holds as JSON; say so where it holds something else."""
    if not cell.strip():
        return []
    rows = _json(cell)
    if isinstance(rows, list) and rows and all(map(has_place, rows)):
        return rows
    if rows != []:
        tally.leave(f'column "{column}"', where)
    return []


def _json(cell: str) -> Any:
    """Return what a cell holds as JSON; None where it is none."""
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _text_column(header: list[str], wanted: str | None, name: str) -> int:
    names = [one.strip() for one in header]
    low = [one.lower() for one in names]
    if wanted is not None:
        if wanted in names:
            return names.index(wanted)
        if wanted.lower() in low:
            return low.index(wanted.lower())
        raise FormatError(
            f"{name}:1: no column {wanted!r}; expected one of {', '.join(map(repr, names))}"
        )
    for one in _TEXT_COLUMNS:
        if one in low:
            return low.index(one)
    if len(names) == 1:
        return 0
    raise FormatError(
        f"{name}:1: which column holds the text? Name one of {', '.join(map(repr, names))} "
        "(--column NAME)"
    )
