"""Where bytes become text: the checks of every reader, and writing that is whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from bioner.errors import FormatError
from bioner.files import staged_file

BOM = b"\xef\xbb\xbf"
MAX_WHOLE_BYTES = 64 * 1024 * 1024
"""Files above this are not read whole; the formats that can be streamed are still iterated."""
_BINARY = {
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x1f\x8b": "gzip data",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF-": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an office document",
}
"""How files begin that are no text, whatever they are called."""


def read_text(path: Path) -> str:
    """Read a UTF-8 file as text with ``\\n`` line ends and without a byte order mark.

    Raises FormatError for a missing, empty, binary, wrongly encoded or too large file.
    """
    try:
        refuse_large(path.stat().st_size, path.name)
        return decode_text(path.read_bytes(), path.name)
    except OSError as error:
        raise unreadable(path, error) from error


def refuse_large(size: int, name: str) -> None:
    """Raise FormatError for more bytes than are read at once."""
    if size > MAX_WHOLE_BYTES:
        raise FormatError(
            f"{name}: {size / 2**20:.0f} MB is more than the {MAX_WHOLE_BYTES // 2**20} MB that "
            "are read at once; split the file (`bioner tag` streams txt, jsonl, csv, tsv and "
            "PubTator of any size)"
        )


def read_whole(stream: BinaryIO, name: str) -> bytes:
    """Read all bytes of a stream. Raises FormatError for more than are read at once."""
    data = stream.read(MAX_WHOLE_BYTES + 1)
    refuse_large(len(data), name)
    return data


class Bounded(io.RawIOBase):
    """A stream that gives out so many bytes and no more: what unpacks to more is refused."""

    def __init__(self, stream: BinaryIO, name: str, limit: int) -> None:
        self._stream, self._name, self._limit = stream, name, limit

    def readable(self) -> bool:
        """Say that this stream can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read up to the buffer's length. Raises FormatError beyond the limit."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        if self._stream.tell() > self._limit:
            raise FormatError(
                f"{self._name}: refused: unpacks to more than {self._limit / 2**20:.0f} MB; "
                "split the file"
            )
        return len(data)

    def seekable(self) -> bool:
        """Say that this stream can be read again."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._stream.tell()


def unreadable(path: Path, error: OSError) -> FormatError:
    """Return the error of a file that the operating system does not give out."""
    return FormatError(f"{path}: cannot be read: {error.strerror or error}")


def decode_text(data: bytes, name: str) -> str:
    """Decode bytes as ``read_text`` does; ``name`` is for the messages."""
    text = decode_exactly(data, name)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def decode_exactly(data: bytes, name: str) -> str:
    """Decode UTF-8, line ends untouched (offsets count them), without a byte order mark."""
    if not data.strip(BOM + b" \t\r\n"):
        raise FormatError(f"{name}: the file is empty; expected text")
    refuse_binary(data[:4096], name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong_encoding(name, error.start, data[error.start]) from error


def refuse_binary(head: bytes, name: str) -> None:
    """Raise FormatError if the first bytes of a file are not text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FormatError(f"{name}: UTF-16 text; expected UTF-8: save the file as UTF-8")
    found = [what for mark, what in _BINARY.items() if head.startswith(mark)]
    if found or b"\x00" in head:
        raise FormatError(
            f"{name}: a binary file ({found[0] if found else 'zero bytes'}); expected UTF-8 text: "
            "save it as text in one of the known formats"
        )


def wrong_encoding(name: str, offset: int, byte: int) -> FormatError:
    """Return the error of a file that is not UTF-8 from this byte offset on."""
    return FormatError(
        f"{name}: not UTF-8 at byte {offset} (0x{byte:02x}); save the file as UTF-8 and read it "
        "again"
    )


def is_device(path: Path) -> bool:
    """Tell whether a path is a device or a pipe: what is written to, and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def unwritable(path: Path, error: OSError) -> FormatError:
    """Return the error of a place where the operating system writes nothing."""
    return FormatError(f"{path}: cannot be written: {error.strerror or error}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file to write; it takes the path's place when all of it has been written.

    Raises FormatError where nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with staged_file(path) as work:
            yield work
    except OSError as error:
        raise unwritable(path, error) from error


def stem(name: str) -> str:
    """Return a file's name without folders and ending: what its documents are named after."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0] or last or "document"
