"""The formats that are read, by name: files, folders and archives into documents."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from bioner.errors import FormatError
from bioner.formats import beside, brat, conll
from bioner.formats.detecting import HEAD, detect_format, refuse_office
from bioner.formats.folders import base_of, is_of_pair, read_members_of
from bioner.formats.members import is_archive
from bioner.formats.readers import (
    DAMAGED,
    MAX_UNPACKED_BYTES,
    damaged,
    format_of,
    read_one,
    reader_of,
)
from bioner.formats.source import Bounded, refuse_large, unreadable
from bioner.formats.tally import ReadOptions, ReadResult, Tally
from bioner.formats.understood import some, understood
from bioner.spans import Document

UploadedFile = tuple[str, bytes]
"""The name that its sender gave a file, and its content."""


def read_documents(
    path: Path,
    format: str | None = None,
    *,
    untyped_label: str = "",
    column: str | None = None,
    needs_marks: bool = True,
) -> ReadResult:
    """Read all documents of a file, a folder or an archive, and say what was repaired or rejected.

    ``format`` is told from name and content if not given. Mentions without a type take
    ``untyped_label`` (or "Entity"); ``column`` names the text column of a table. Raises FormatError
    for what cannot be repaired, and for a file above 64 MB: ``iter_documents`` streams those.
    """
    if path.is_file():
        refuse_large(path.stat().st_size, path.name)
    return _read(path, format, ReadOptions(untyped_label, column, needs_marks))


def _read(path: Path, format: str | None, options: ReadOptions) -> ReadResult:
    tally = Tally()
    with _opened(path, limit=MAX_UNPACKED_BYTES) as (stream, name):
        if stream and format_of(stream, name, format, options) == "conll":
            tally.format = "conll"
            found = conll.read_sentences(stream, name, tally, options)
            sentences = tuple(understood(found, name, tally, options))
            return ReadResult(tuple(map(conll.to_document, sentences)), tally.report(), sentences)
    documents = _iter_path(path, format, options, tally, limit=MAX_UNPACKED_BYTES)
    return ReadResult(tuple(documents), tally.report())


def read_bytes(
    data: bytes,
    name: str,
    format: str | None = None,
    *,
    untyped_label: str = "",
    needs_marks: bool = True,
    labels_beside: frozenset[str] | None = None,
) -> ReadResult:
    """Read the documents of an uploaded file; ``name`` is the one that its sender gave it.

    ``labels_beside`` are those of the files that came with it, if there are marks in them.
    """
    if not is_archive(name):
        refuse_large(len(data), name)
    options = ReadOptions(untyped_label, None, needs_marks, labels_beside)
    with tempfile.TemporaryDirectory(prefix="bioner-") as folder:
        safe = re.sub(r'[\x00-\x1f<>:"|?*]', "_", name.replace("\\", "/").rpartition("/")[2])
        path = Path(folder) / (safe.lstrip(".")[-120:] or "upload")
        path.write_bytes(data)
        return _read(path, format, options)


def iter_documents(
    source: Path | BinaryIO,
    format: str | None = None,
    *,
    name: str = "stdin",
    options: ReadOptions | None = None,
    tally: Tally | None = None,
) -> Iterator[Document]:
    """Yield documents one by one, all formats but BioC JSON and archives in constant memory.

    ``source`` is a path, or an open binary stream called ``name``, plain text unless ``format``
    says otherwise. ``tally`` counts what is read, placed, repaired and rejected.
    """
    options, tally = options or ReadOptions(), tally or Tally()
    if not isinstance(source, Path):
        tally.format = format or "txt"
        yield from reader_of(tally.format)(source, name, tally, options)
    else:
        yield from _iter_path(source, format, options, tally)


def _iter_path(
    path: Path, format: str | None, options: ReadOptions, tally: Tally, *, limit: int | None = None
) -> Iterator[Document]:
    with _opened(path, limit=limit) as (stream, name):
        if stream is None:
            yield from read_members_of(path, format, tally, options)
            return
        tally.format = format_of(stream, name, format, options)
        if tally.format == "brat":
            found = brat.read_pairs(_siblings(path), tally, options)
        else:
            found = read_one(stream, name, tally.format, tally, options)
        yield from some(understood(found, name, tally, options), name, tally)


def file_groups(
    files: Iterable[UploadedFile], format: str | None = None
) -> Iterator[tuple[str, list[UploadedFile]]]:
    """Yield uploaded files as they are read, under a name: ``.ann`` and ``.txt`` are one."""
    given = list(files)
    bases = {base_of(name) for name, _ in given if brat.is_annotation(name)}
    pairs: dict[str, list[UploadedFile]] = {}
    for name, data in given:
        if format in (None, "brat") and base_of(name) in bases and is_of_pair(name):
            pairs.setdefault(base_of(name), []).append((name, data))
        else:
            yield name, [(name, data)]
    for base, members in pairs.items():
        yield f"{base}.ann", members


def read_group(
    members: Sequence[UploadedFile],
    format: str | None = None,
    *,
    needs_marks: bool = True,
    labels_beside: frozenset[str] | None = None,
) -> ReadResult:
    """Read uploaded files that belong together, or one alone."""
    if not brat.is_annotation(members[0][0]) and len(members) == 1:
        ((name, data),) = members
        return read_bytes(data, name, format, needs_marks=needs_marks, labels_beside=labels_beside)
    tally = Tally("brat")
    return ReadResult(tuple(brat.read_pairs(members, tally, ReadOptions())), tally.report())


def read_files(
    files: Iterable[UploadedFile],
    format: str | None = None,
    *,
    labels_beside: frozenset[str] | None = None,
) -> Iterator[tuple[str, ReadResult]]:
    """Yield the name and the documents of each uploaded file; ``.ann`` and ``.txt`` make one.

    Those of texts alone come last, and are read as what lies beside marks where others have some.
    """
    groups = sorted(file_groups(files, format), key=lambda one: _is_bare(one[1], format))
    for name, members in groups:
        result = read_group(members, format, labels_beside=labels_beside if not format else None)
        yield name, result
        if result.report.read:
            labels_beside = (labels_beside or frozenset()) | beside.folded(result.report.labels)


def _is_bare(members: Sequence[UploadedFile], format: str | None) -> bool:
    """Tell whether an uploaded file is of texts alone, as far as its beginning tells."""
    name, data = members[0]
    with suppress(FormatError):
        return not format and len(members) == 1 and detect_format(name, data[:HEAD]) in beside.BARE
    return False


def _siblings(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files that belong to one ``.ann`` or ``.txt``."""
    for suffix in (".txt", ".ann", ".a1", ".a2"):
        for one in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
            if one.is_file():
                yield one.name, one.read_bytes()
                break


@contextmanager
def _opened(path: Path, *, limit: int | None = None) -> Iterator[tuple[BinaryIO | None, str]]:
    """Open a file, unzipped if its name ends in ``.gz``; nothing for a folder or an archive.

    What unpacks to more bytes than ``limit`` is refused.
    """
    refuse_office(path.name)
    if path.is_dir() or (is_archive(path.name) and path.is_file()):
        yield None, path.name
        return
    try:
        with path.open("rb") as raw:
            if path.name.lower().endswith(".gz"):
                with gzip.open(raw) as unzipped:
                    opened = cast(BinaryIO, unzipped)
                    if limit is not None:
                        opened = cast(BinaryIO, Bounded(opened, path.name, limit))
                    yield opened, path.name[:-3]
            else:
                yield raw, path.name
    except DAMAGED as error:
        raise damaged(path.name, error) from error
    except OSError as error:
        raise unreadable(path, error) from error
