"""The formats that are read, by name: files, folders and archives into documents."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from bioner.errors import FormatError
from bioner.formats import (
    articles,
    bioc_xml,
    brat,
    conll,
    conllu,
    json_documents,
    parquet,
    plain,
    pubtator,
    webanno,
)
from bioner.formats.detecting import HEAD, detect_format, refuse_office
from bioner.formats.members import is_archive, members_of
from bioner.formats.source import Bounded, refuse_large, unreadable
from bioner.formats.tally import ReadOptions, ReadResult, Tally
from bioner.formats.understood import some, understood
from bioner.spans import Document

Reader = Callable[[BinaryIO, str, Tally, ReadOptions], Iterator[Document]]
UploadedFile = tuple[str, bytes]
"""The name that its sender gave a file, and its content."""
JSON_FORMATS = (
    "jsonl", "bioc-json", "spacy", "doccano", "labelstudio", "prodigy", "hf", "pubannotation",
)  # fmt: skip
"""The formats that one reader tells apart value by value."""

READERS: dict[str, Reader] = {
    "conll": lambda *given: map(conll.to_document, conll.read_sentences(*given)),
    "conllu": conllu.read,
    "webanno": webanno.read,
    "bioc-xml": bioc_xml.read,
    "pubmed": articles.read_pubmed,
    "pmc": articles.read_pmc,
    "pubtator": pubtator.read,
    "txt": plain.read_text_file,
    "csv": plain.read_csv,
    "parquet": parquet.read,
    **dict.fromkeys(JSON_FORMATS, json_documents.read),
}
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
"""What a compressed file may unpack to where it is read whole."""
READABLE = (*READERS, "brat")
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
"""What the standard library raises for damaged gzip data."""
_NO_TEXTS = re.compile(
    r"(^|/)((readme|licen[cs]e|copying|changelog)[^/]*|[^/]*\.(conf|dtd|xsd|css|py|sh|log|stats_cache))$",
    re.IGNORECASE,
)
"""Files of a folder that are about its texts, and none of them."""
_CONFIGURATION = re.compile(r"(^|/)(annotation|visual|tools|kb_shortcuts)\.conf$")
"""What BRAT's editor is told, which says nothing of any text."""
_DONE = ".done"
"""What tagging in bulk leaves beside a part: that it is whole, and what it was made of."""


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
    options = ReadOptions(untyped_label, column, needs_marks)
    tally = Tally()
    with _opened(path, limit=MAX_UNPACKED_BYTES) as (stream, name):
        if stream and _format_of(stream, name, format, options) == "conll":
            tally.format = "conll"
            sentences = tuple(conll.read_sentences(stream, name, tally, options))
            return ReadResult(tuple(map(conll.to_document, sentences)), tally.report(), sentences)
    found = _iter_path(path, format, options, tally, limit=MAX_UNPACKED_BYTES)
    return ReadResult(tuple(found), tally.report())


def read_bytes(
    data: bytes,
    name: str,
    format: str | None = None,
    *,
    untyped_label: str = "",
    column: str | None = None,
    needs_marks: bool = True,
) -> ReadResult:
    """Read the documents of an uploaded file; ``name`` is the one that its sender gave it."""
    if not is_archive(name):
        refuse_large(len(data), name)
    with tempfile.TemporaryDirectory(prefix="bioner-") as folder:
        safe = re.sub(r'[\x00-\x1f<>:"|?*]', "_", name.replace("\\", "/").rpartition("/")[2])
        path = Path(folder) / (safe.lstrip(".")[-120:] or "upload")
        path.write_bytes(data)
        return read_documents(
            path, format, untyped_label=untyped_label, column=column, needs_marks=needs_marks
        )


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
        yield from _reader(tally.format)(source, name, tally, options)
    else:
        yield from _iter_path(source, format, options, tally)


def _iter_path(
    path: Path, format: str | None, options: ReadOptions, tally: Tally, *, limit: int | None = None
) -> Iterator[Document]:
    with _opened(path, limit=limit) as (stream, name):
        if stream is None:
            yield from _iter_members(path, format, tally, options)
            return
        tally.format = _format_of(stream, name, format, options)
        if tally.format == "brat":
            found = brat.read_pairs(_siblings(path), tally, options)
        else:
            found = _reader(tally.format)(stream, name, tally, options)
        yield from some(understood(found, name, tally, options), name, tally)


def file_groups(
    files: Iterable[UploadedFile], format: str | None = None
) -> Iterator[tuple[str, list[UploadedFile]]]:
    """Yield uploaded files as they are read, under a name: ``.ann`` and ``.txt`` are one."""
    given = list(files)
    bases = {_base(name) for name, _ in given if brat.is_annotation(name)}
    pairs: dict[str, list[UploadedFile]] = {}
    for name, data in given:
        if format in (None, "brat") and _base(name) in bases and _is_of_pair(name):
            pairs.setdefault(_base(name), []).append((name, data))
        else:
            yield name, [(name, data)]
    for base, members in pairs.items():
        yield f"{base}.ann", members


def read_group(
    members: Sequence[UploadedFile], format: str | None = None, *, needs_marks: bool = True
) -> ReadResult:
    """Read uploaded files that belong together, or one alone."""
    if not brat.is_annotation(members[0][0]) and len(members) == 1:
        ((name, data),) = members
        return read_bytes(data, name, format, needs_marks=needs_marks)
    tally = Tally("brat")
    return ReadResult(tuple(brat.read_pairs(members, tally, ReadOptions())), tally.report())


def read_files(
    files: Iterable[UploadedFile], format: str | None = None
) -> Iterator[tuple[str, ReadResult]]:
    """Yield the name and the documents of each uploaded file; ``.ann`` and ``.txt`` make one."""
    for name, members in file_groups(files, format):
        yield name, read_group(members, format)


def _base(name: str) -> str:
    return name.rpartition(".")[0]


def _is_of_pair(name: str) -> bool:
    return brat.is_annotation(name) or name.lower().endswith(".txt")


def _reader(format: str) -> Reader:
    if format not in READERS:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(READABLE)}")
    return READERS[format]


def _format_of(stream: BinaryIO, name: str, format: str | None, options: ReadOptions) -> str:
    """Return the format asked for or told from name and content; the stream stays at its start."""
    if format:
        return format
    head = stream.read(HEAD)
    stream.seek(0)
    if not head:
        raise FormatError(f"{name}: the file is empty; expected text")
    if options.column and name.lower().endswith((".tsv", ".tsv.gz")):
        return "csv"
    return detect_format(name, head)


def _iter_members(
    path: Path, format: str | None, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    found = _each_member(members_of(path), format, tally, options)
    is_empty = True
    try:
        for document in found:
            is_empty = False
            yield document
    except FormatError as error:
        if path.is_dir():
            raise
        raise FormatError(f"{path.name}/{error}") from error
    if is_empty:
        left = tally.example('file "') or ", ".join(tally.unread)
        raise FormatError(
            f"{path.name}: no documents found inside; expected text files, or .ann"
            + (f"; left out: {left:.200}" if left else "")
        )


def _each_member(
    members: Mapping[str, bytes], format: str | None, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the documents of BRAT's pairs, then of every other file by its own format.

    Files that are no texts, or none that is known, are named as left out; one in which marks were
    found, and no document, refuses them all.
    """
    has_pairs = format == "brat" or (format is None and any(map(brat.is_annotation, members)))
    bases = {_base(name) for name in members if brat.is_annotation(name)}
    texts = {_base(name) for name in members if name.lower().endswith(".txt")}
    pairs = {
        name: members[name]
        for name in members
        if has_pairs and _is_of_pair(name) and (format == "brat" or _base(name) in bases)
    }
    if bases & texts:
        for name in [one for one in pairs if _base(one) not in texts]:
            tally.leave("annotations without their text", name, f"{_base(name)}.txt is missing")
            del pairs[name]
    formats: dict[str, None] = dict.fromkeys(["brat"] if pairs else [])
    found = brat.read_pairs(pairs.items(), tally, options)
    yield from understood(found, next(iter(pairs), ""), tally, options)
    for name in members if format != "brat" else ():
        if name in pairs or brat.is_annotation(name):
            continue
        if _CONFIGURATION.search(name) or name.endswith(_DONE):
            continue
        if _NO_TEXTS.search(name):
            tally.leave(f'file "{PurePosixPath(name).name}"', name)
            continue
        stream, inner = _unpacked(members[name], name)
        try:
            if format is None and not stream.read(1):
                tally.leave("empty file", name)
                continue
            stream.seek(0)
            if is_archive(inner):
                raise FormatError(f"{inner}: an archive inside another; give it by itself")
            tally.format = _format_of(stream, inner, format, options)
        except (FormatError, *_DAMAGED) as error:
            tally.leave(f'file "{PurePosixPath(name).name}"', name, str(error))
            continue
        before, is_read = tally.mark(), False
        found = _reader(tally.format)(stream, inner, tally, options)
        try:
            for document in understood(found, name, tally, options):
                is_read = True
                yield document
        except (FormatError, *_DAMAGED) as error:
            if format or is_read or tally.has_marks_since(before):
                if isinstance(error, FormatError):
                    raise
                raise _damaged(name, error) from error
            tally.take_back(before)
            tally.leave(f'file "{PurePosixPath(name).name}"', name, str(error))
            continue
        formats[tally.format] = None
    tally.format = "+".join(formats) or tally.format


def _damaged(name: str, error: Exception) -> FormatError:
    return FormatError(f"{name}: damaged gzip data: {error}; fetch it again")


def _unpacked(data: bytes, name: str) -> tuple[BinaryIO, str]:
    """Return a member's stream and name, unzipped if it ends in ``.gz``."""
    if not name.lower().endswith(".gz"):
        return io.BytesIO(data), name
    unzipped = cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(data)))
    return cast(BinaryIO, Bounded(unzipped, name, MAX_UNPACKED_BYTES)), name[:-3]


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
    except _DAMAGED as error:
        raise _damaged(path.name, error) from error
    except OSError as error:
        raise unreadable(path, error) from error
