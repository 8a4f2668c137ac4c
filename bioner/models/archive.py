"""Archives that people hand in (.tar.gz, .zip): unpacked, no member leaving its folder."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from bioner.errors import BionerError

ENDINGS = (".tar.gz", ".tgz", ".tar", ".zip")


def is_archive(path: Path) -> bool:
    """Say whether the path is a file with an archive's ending."""
    return path.name.lower().endswith(ENDINGS) and path.is_file()


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the plain files of an archive into ``folder``, which is made, and return it.

    Raises BionerError, naming the member, if one is a link or would lie outside the folder; the
    folder is then half filled, so give a temporary one.
    """
    folder.mkdir(parents=True)
    try:
        for name, size, content in _members(archive):
            path = PurePosixPath(name.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
                raise BionerError(f"{archive}: refused, its member {name!r} leaves the folder")
            if content is None:
                raise BionerError(f"{archive}: refused, its member {name!r} is a link or a device")
            if size > shutil.disk_usage(folder).free:
                raise BionerError(f"{archive}: no room for its member {name!r} ({size:,} bytes)")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,  # zipfile: encrypted, or compressed in a way it does not know
    ) as error:
        raise BionerError(
            f"{archive}: not readable as an archive, or cut short: {error}"
        ) from error
    return folder


def _members(archive: Path) -> Iterator[tuple[str, int, IO[bytes] | None]]:
    """Yield name, size and content of every file; content is None for what is no plain file."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
                if not info.is_dir():
                    yield info.filename, info.file_size, None if is_link else zipped.open(info)
        return
    with tarfile.open(archive, "r|*") as tarred:
        for member in tarred:
            if not member.isdir():
                content = tarred.extractfile(member) if member.isreg() else None
                yield member.name, member.size, content
