"""Lines of a stream, decoded one by one, so that a file of any size is read in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bioner.errors import FormatError
from bioner.formats.source import BOM, MAX_WHOLE_BYTES, refuse_binary, wrong_encoding
from bioner.formats.tally import Tally

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

    Without a ``tally`` the first one refuses the file.
    """

    tally: Tally | None
    good: int = 0
    odd: int = 0
    _first: str = ""

    def allow(self, error: str) -> Tally:
        """Return where to count an odd line; ``error`` says what is wrong with it, and where.

        Raises FormatError where odd lines are not allowed, or are the many.
        """
        self._first = self._first or error
        self.odd += 1
        if self.tally is None or self.odd > self.good + FEW:
            raise FormatError(self._first)
        return self.tally

    def refuse_many(self) -> None:
        """Raise FormatError, at the end of the file, where as many lines are odd as are not."""
        if self.odd and self.odd >= self.good:
            raise FormatError(self._first)
