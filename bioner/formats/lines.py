"""Lines of a stream, decoded one by one in constant memory; what is odd among them is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bioner.errors import FormatError
from bioner.formats.mark_places import InvalidValue
from bioner.formats.source import BOM, MAX_WHOLE_BYTES, refuse_binary, wrong_encoding
from bioner.formats.tally import Tally
from bioner.spans import Document

FEW = 1000
"""So many odd lines more than good ones, and a file of any size is of another format."""


class ReadsLines(Protocol):
    """What lines are read from: any binary file."""

    def readline(self, limit: int, /) -> bytes:
        """Return the next line, at most ``limit`` bytes of it; nothing at the end."""


def read_lines(stream: ReadsLines, name: str, *, keep_ends: bool = False) -> Iterator[str]:
    """Yield the lines of a UTF-8 stream, without a byte order mark.

    Their ends (``\\n``, ``\\r\\n``) go unless ``keep_ends``. Raises FormatError for an empty,
    binary or wrongly encoded stream and for a line above 64 MB.
    """
    offset = number = 0
    has_text = False
    while line := stream.readline(MAX_WHOLE_BYTES + 1):
        number += 1
        if len(line) > MAX_WHOLE_BYTES:
            raise FormatError(
                f"{name}:{number}: the line is longer than {MAX_WHOLE_BYTES // 2**20} MB; split it"
            )
        if number == 1:
            refuse_binary(line[:4096], name)
            if line.startswith(BOM):
                line, offset = line[len(BOM) :], len(BOM)
        if b"\x00" in line:
            refuse_binary(b"\x00", name)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise wrong_encoding(name, offset + error.start, line[error.start]) from error
        offset += len(line)
        has_text = has_text or not (text.isspace() or not text)
        if not keep_ends and text.endswith("\n"):
            text = text.removesuffix("\n").removesuffix("\r")
        yield text
    if not has_text:
        raise FormatError(f"{name}: the file is empty; expected text")


@dataclass
class OddLines:
    """The lines of a file that are not as the others: each counted, a file of them refused.

    ``lines`` are all, counted by whoever reads them. Without a ``tally`` the first odd one refuses
    the file.
    """

    tally: Tally | None
    lines: int = 0
    odd: int = 0
    _first: str = ""

    def allow(self, error: str) -> Tally:
        """Return where to count an odd line; ``error`` says what is wrong with it, and where.

        Raises FormatError where odd lines are not allowed, or are the many.
        """
        self._first = self._first or error
        self.odd += 1
        if self.tally is None or 2 * self.odd > self.lines + FEW:
            raise FormatError(self._first)
        return self.tally

    def explain(self, error: str) -> None:
        """Say what is wrong with the file, should it be refused."""
        self._first = error

    def documents_of(
        self, part: Callable[[], Iterable[Document]], where: str, *, is_mark: bool = True
    ) -> list[Document]:
        """Return the documents that a part of the file holds; of an odd part none, and it counts.

        ``is_mark`` says whether the part holds marks. Without a tally, raises FormatError.
        """
        self.lines += 1
        before = self.tally.mark() if self.tally else None
        try:
            return list(part())
        except (InvalidValue, FormatError, RecursionError, OverflowError) as error:
            told = str(error)
            if not isinstance(error, InvalidValue | FormatError):
                told = "values nested too deeply, or too large"
            told = told.removeprefix(f"{where}: ")
            tally = self.allow(f"{where}: {told}")
            if before:
                tally.take_back(before)
            tally.leave("part that is no document", where, told, is_mark=is_mark)
            return []

    def refuse_many(self) -> None:
        """Raise FormatError, at the end of the file, where as many lines are odd as are not."""
        if self.odd and 2 * self.odd >= self.lines:
            raise FormatError(self._first)
