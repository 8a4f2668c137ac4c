"""The files of a folder or an archive, by name and content; nothing is ever unpacked to disk."""

from __future__ import annotations

import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from bioner.errors import FormatError
from bioner.formats.source import unreadable

MAX_ARCHIVE_BYTES = 512 * 1024 * 1024
MAX_MEMBERS = 200_000
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_HIDDEN = re.compile(r"(^|/)(\.|__MACOSX(/|$))")


def is_archive(name: str) -> bool:
    """Tell whether a file name is that of an archive that ``read_members`` reads."""
    return name.lower().endswith(ARCHIVES)


DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
    RuntimeError,
)
"""What the standard library raises for flipped bytes in an archive, its directory included."""


def members_of(path: Path) -> Mapping[str, bytes]:
    """Return the files of a folder, each read when it is asked for, or all those of an archive.

    Raises what ``read_members`` raises.
    """
    return _Files(path) if path.is_dir() else dict(read_members(path))


class _Files(Mapping[str, bytes]):
    """The files below a folder by name, hidden ones left out; their bytes are read when asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = dict.fromkeys(_names(folder))

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return _bytes_of(self._folder / name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def read_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file, hidden ones left out, sorted by name in a folder.

    Raises FormatError for an archive with a member that would leave its folder (``../``, absolute),
    that is not a plain file, that is encrypted, or that unpacks to more than 512 MB.
    """
    if path.is_dir():
        yield from ((name, _bytes_of(path / name)) for name in _names(path))
        return
    try:
        if path.name.lower().endswith(".zip"):
            yield from _zip(path)
        else:
            yield from _tar(path)
    except FormatError:
        raise
    except DAMAGED as error:
        raise FormatError(f"{path.name}: a damaged archive: {error}; fetch it again") from error
    except OSError as error:
        raise unreadable(path, error) from error


def _names(path: Path) -> Iterator[str]:
    try:
        found = sorted(path.rglob("*"))
    except OSError as error:
        raise unreadable(path, error) from error
    for one in found:
        name = one.relative_to(path).as_posix()
        if one.is_file() and not _HIDDEN.search(name):
            yield name


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def _zip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        _refuse_many(path, len(members), sum(one.file_size for one in members))
        for one in members:
            refuse_unsafe(path.name, one.filename)
            mode = one.external_attr >> 16
            if mode & 0o170000 == 0o120000:
                raise _refused(path.name, one.filename, "is a link")
            if one.flag_bits & 0x1:
                raise _refused(path.name, one.filename, "is encrypted")
        for one in members:
            if not one.is_dir() and not _HIDDEN.search(one.filename):
                yield one.filename, archive.read(one)


def _tar(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        total = 0
        for number, one in enumerate(archive, 1):
            refuse_unsafe(path.name, one.name)
            if one.isdir():
                continue
            if not one.isreg():
                raise _refused(path.name, one.name, "is a link or a device")
            total += one.size
            _refuse_many(path, number, total)
            content = archive.extractfile(one)
            if content and not _HIDDEN.search(one.name.removeprefix("./")):
                yield one.name.removeprefix("./"), content.read()


def refuse_unsafe(archive: str, name: str) -> None:
    """Raise FormatError, naming it, for a member whose name leads out of the archive's folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts or parts[:1] == ("/",) or re.match(r"[A-Za-z]:", name) or "\x00" in name:
        raise _refused(archive, name, "leads out of the archive's folder")


def _refused(archive: str, name: str, why: str) -> FormatError:
    return FormatError(
        f"{archive}: refused: the member {name!r} {why}; pack the archive without it"
    )


def _refuse_many(path: Path, members: int, size: int) -> None:
    if members > MAX_MEMBERS or size > MAX_ARCHIVE_BYTES:
        raise FormatError(
            f"{path.name}: refused: unpacks to more than {MAX_ARCHIVE_BYTES // 2**20} MB or "
            f"{MAX_MEMBERS} files; split the archive"
        )
