"""The formats by name: telling them apart, reading and writing files, folders and archives."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from bioner.errors import FormatError
from bioner.formats import bioc, brat, conll, jsonl, plain, pubtator, spacy
from bioner.formats.members import is_archive, read_members
from bioner.formats.source import refuse_binary, refuse_large, replacing, unreadable
from bioner.formats.tally import Losses, ReadOptions, ReadResult, Tally, WriteReport
from bioner.spans import Document

Reader = Callable[[BinaryIO, str, Tally, ReadOptions], Iterator[Document]]
Writer = Callable[[Iterable[Document], TextIO, Losses], None]

READERS: dict[str, Reader] = {
    "conll": lambda *given: map(conll.to_document, conll.read_sentences(*given)),
    "jsonl": jsonl.read,
    "bioc-xml": bioc.read_xml,
    "bioc-json": bioc.read_json,
    "pubtator": pubtator.read,
    "spacy": spacy.read,
    "txt": plain.read_text_file,
    "csv": plain.read_csv,
}
WRITERS: dict[str, Writer] = {
    "conll": conll.write,
    "jsonl": jsonl.write,
    "bioc-xml": bioc.write_xml,
    "bioc-json": bioc.write_json,
    "pubtator": pubtator.write,
    "spacy": spacy.write,
}
READABLE = (*READERS, "brat")
WRITABLE = (*WRITERS, "brat")
SUFFIXES = {
    "conll": ".conll",
    "jsonl": ".jsonl",
    "bioc-xml": ".xml",
    "bioc-json": ".json",
    "pubtator": ".pubtator",
    "spacy": ".spacy.jsonl",
    "brat": ".zip",
}
"""The file ending of each format that is written."""

_HEAD = 65_536
_BY_SUFFIX = {
    ".conll": "conll", ".iob": "conll", ".iob2": "conll", ".bio": "conll", ".tsv": "conll",
    ".csv": "csv", ".pubtator": "pubtator", ".xml": "bioc-xml", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".json": "jsonl", ".txt": "txt", ".text": "txt", ".md": "txt",
    ".ann": "brat", ".a1": "brat", ".a2": "brat",
}  # fmt: skip
_TAG = re.compile(r"O|[BIESLUMW](-\S+)?")


def detect_format(name: str, head: bytes = b"") -> str:
    """Tell a file's format from its name and its first bytes; the content outweighs the ending.

    Raises FormatError where neither says anything.
    """
    text = head.decode("utf-8-sig", errors="ignore")
    low = name.lower().removesuffix(".gz")
    by_name = _BY_SUFFIX.get(Path(low).suffix, "")
    if is_archive(name):
        return "brat"
    if by_name in ("bioc-xml", "csv", "brat", "pubtator"):
        return by_name
    if by_name == "jsonl" or text.lstrip()[:1] in ("{", "["):
        found = _detect_json(text)
        if found:
            return found
    elif pubtator.PASSAGE_LINE.match(text.lstrip().partition("\n")[0]):
        return "pubtator"
    elif text.lstrip().startswith("<") and "<collection" in text:
        return "bioc-xml"
    elif _is_tagged(text):
        return "conll"
    elif by_name == "conll" and Path(low).suffix == ".tsv" and _is_table(text):
        return "csv"
    if by_name:
        return by_name
    refuse_binary(head, name)
    raise FormatError(
        f"{name}: the format is not clear from the name; name one of {', '.join(READABLE)}"
    )


def _detect_json(text: str) -> str:
    if re.search(r'"(passages|documents|PubTator3)"\s*:', text):
        return "bioc-json"
    first = text.lstrip().partition("\n")[0]
    if re.match(r"\[\s*\[?\s*\"", text.lstrip()) or re.search(r'"(ents|spans)"\s*:', first):
        return "spacy"
    if re.search(r'"entities"\s*:\s*\[\s*\[', text) and text.lstrip().startswith("["):
        return "spacy"
    return "jsonl" if text.lstrip()[:1] in ("{", "[") else ""


def _is_tagged(text: str) -> bool:
    """Tell whether the first lines are tokens with tags."""
    lines = [line for line in text.split("\n")[:-1] or [text] if line.strip()][:50]
    rows = [line.split() for line in lines if not line.startswith((conll.DOCUMENT_START, "# "))]
    if not rows or any(len(row) < 2 for row in rows):
        return False
    return sum(bool(_TAG.fullmatch(row[-1])) for row in rows) >= 0.9 * len(rows)


def _is_table(text: str) -> bool:
    """Tell whether the first line is a header of a tab-separated table."""
    return bool({one.strip().lower() for one in text.partition("\n")[0].split("\t")} & {"text"})


def read_documents(
    path: Path, format: str | None = None, *, untyped_label: str = "", column: str | None = None
) -> ReadResult:
    """Read all documents of a file, a folder or an archive, and say what was repaired or rejected.

    ``format`` is told from name and content if not given. Mentions without a type take
    ``untyped_label`` (or "Entity"); ``column`` names the text column of a table. Raises FormatError
    for what cannot be repaired, and for a file above 64 MB: ``iter_documents`` streams those.
    """
    if path.is_file():
        refuse_large(path.stat().st_size, path.name)
    options = ReadOptions(untyped_label, column)
    tally = Tally()
    with _opened(path) as (stream, name):
        if stream and _format_of(stream, name, format, options) == "conll":
            tally.format = "conll"
            sentences = tuple(conll.read_sentences(stream, name, tally, options))
            return ReadResult(tuple(map(conll.to_document, sentences)), tally.report(), sentences)
    documents = tuple(iter_documents(path, format, options=options, tally=tally))
    return ReadResult(documents, tally.report())


def read_bytes(
    data: bytes,
    name: str,
    format: str | None = None,
    *,
    untyped_label: str = "",
    column: str | None = None,
) -> ReadResult:
    """Read the documents of an uploaded file; ``name`` is the one that its sender gave it."""
    if not is_archive(name):
        refuse_large(len(data), name)
    with tempfile.TemporaryDirectory(prefix="bioner-") as folder:
        safe = re.sub(r'[\x00-\x1f<>:"|?*]', "_", name.replace("\\", "/").rpartition("/")[2])
        path = Path(folder) / (safe.lstrip(".")[-120:] or "upload")
        path.write_bytes(data)
        return read_documents(path, format, untyped_label=untyped_label, column=column)


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
        return
    with _opened(source) as (stream, name):
        if stream is None:
            yield from _iter_members(source, format, tally, options)
            return
        tally.format = _format_of(stream, name, format, options)
        if tally.format == "brat":
            yield from brat.read_pairs(_siblings(source), tally, options)
        else:
            yield from _reader(tally.format)(stream, name, tally, options)


def _reader(format: str) -> Reader:
    if format not in READERS:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(READABLE)}")
    return READERS[format]


def _format_of(stream: BinaryIO, name: str, format: str | None, options: ReadOptions) -> str:
    """Return the format asked for or told from name and content; the stream stays at its start."""
    if format:
        return format
    head = stream.read(_HEAD)
    stream.seek(0)
    if not head:
        raise FormatError(f"{name}: the file is empty; expected text")
    if options.column and name.lower().endswith((".tsv", ".tsv.gz")):
        return "csv"
    return detect_format(name, head)


def _iter_members(
    path: Path, format: str | None, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    members = dict(read_members(path))
    if format == "brat" or (format is None and any(map(brat.is_annotation, members))):
        tally.format = "brat"
        found = brat.read_pairs(members.items(), tally, options)
    else:
        found = _each_member(members, format, tally, options)
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
        raise FormatError(f"{path.name}: no documents found inside; expected text files, or .ann")


def _each_member(
    members: dict[str, bytes], format: str | None, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    for name, data in members.items():
        stream = io.BytesIO(data)
        tally.format = _format_of(stream, name, format, options)
        yield from _reader(tally.format)(stream, name, tally, options)


def _siblings(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files that belong to one ``.ann`` or ``.txt``."""
    for suffix in (".txt", ".ann", ".a1", ".a2"):
        one = path.with_suffix(suffix)
        if one.is_file():
            yield one.name, one.read_bytes()


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO | None, str]]:
    """Open a file, unzipped if its name ends in ``.gz``; nothing for a folder or an archive."""
    if path.is_dir() or (is_archive(path.name) and path.is_file()):
        yield None, path.name
        return
    try:
        with path.open("rb") as raw:
            if path.name.lower().endswith(".gz"):
                with gzip.open(raw) as unzipped:
                    yield unzipped, path.name[:-3]  # type: ignore[misc]
            else:
                yield raw, path.name
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FormatError(f"{path.name}: damaged gzip data: {error}; fetch it again") from error
    except OSError as error:
        raise unreadable(path, error) from error


def write_documents(
    documents: Iterable[Document], target: Path | TextIO, format: str
) -> WriteReport:
    """Write documents, and count by name what the format cannot hold.

    A file appears only when all of it is written. BRAT goes to a folder, or to a ``.zip``.
    """
    losses = Losses(format)
    if format == "brat":
        if not isinstance(target, Path):
            raise FormatError("BRAT is two files a document: name a folder or a .zip (--out PATH)")
        write = _write_zip if target.suffix.lower() == ".zip" else _write_folder
        write(brat.write_pairs(documents, losses), target)
        return losses.report()
    if format not in WRITERS:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(WRITABLE)}")
    try:
        if isinstance(target, Path):
            with (
                replacing(target) as temporary,
                temporary.open("w", encoding="utf-8", newline="") as stream,
            ):
                WRITERS[format](documents, stream, losses)
        else:
            WRITERS[format](documents, target, losses)
    except UnicodeEncodeError as error:
        raise FormatError(f"a text holds a lone surrogate, which no file can: {error}") from error
    return losses.report()


def to_bytes(documents: Iterable[Document], format: str) -> tuple[bytes, WriteReport]:
    """Return what ``write_documents`` writes, for a download; BRAT as a zip archive."""
    with tempfile.TemporaryDirectory(prefix="bioner-") as folder:
        path = Path(folder) / f"export{SUFFIXES.get(format, '')}"
        report = write_documents(documents, path, format)
        return path.read_bytes(), report


def _write_zip(files: Iterable[tuple[str, str]], target: Path) -> None:
    with replacing(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _write_folder(files: Iterable[tuple[str, str]], target: Path) -> None:
    """Write into a folder beside the target first; then it takes its place, or its files do."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for name, content in files:
            (staged / name).write_text(content, encoding="utf-8", newline="")
        if target.exists():
            for one in sorted(staged.iterdir()):
                one.replace(target / one.name)
        else:
            staged.chmod(0o755)
            staged.replace(target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
