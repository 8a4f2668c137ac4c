"""The formats that are read, by name, and which of them a file is in."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from bioner.errors import FormatError
from bioner.formats import (
    articles,
    beside,
    bioc_xml,
    conll,
    conllu,
    json_documents,
    parquet,
    plain,
    pubtator,
    webanno,
)
from bioner.formats.detecting import HEAD, detect_format
from bioner.formats.source import Bounded
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document

Reader = Callable[[BinaryIO, str, Tally, ReadOptions], Iterator[Document]]
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
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
"""What the standard library raises for damaged gzip data."""


def reader_of(format: str) -> Reader:
    """Return the reader of a format. Raises FormatError for an unknown one."""
    if format not in READERS:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(READABLE)}")
    return READERS[format]


def format_of(stream: BinaryIO, name: str, format: str | None, options: ReadOptions) -> str:
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


def read_one(
    stream: BinaryIO, name: str, format: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield a file's documents; of texts alone beside files with marks, as what nobody marked.

    A list of labels or words is none: it is named as left out.
    """
    reader = reader_of(format)
    if options.labels_beside is None or format not in beside.BARE:
        yield from reader(stream, name, tally, options)
        return
    head = stream.read(HEAD)
    stream.seek(0)
    if beside.is_list_file(head, format, options.labels_beside, tally):
        beside.leave_file(name, tally, "a list beside texts, and none of them", is_mark=False)
        return
    found = reader(stream, name, tally, options)
    yield from found if beside.may_have_marks(head, format) else beside.unread(found, name, tally)


def damaged(name: str, error: Exception) -> FormatError:
    """Return the error for gzip data that is damaged, or is none, for raising."""
    is_none = str(error).startswith("Not a gzipped file")
    told = "no gzip data, though it is called so" if is_none else f"damaged gzip data: {error}"
    return FormatError(f"{name}: {told}; fetch it again")


def unpacked(data: bytes, name: str) -> tuple[BinaryIO, str]:
    """Return a member's stream and name, unzipped if it ends in ``.gz``."""
    if not name.lower().endswith(".gz"):
        return io.BytesIO(data), name
    unzipped = cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(data)))
    return cast(BinaryIO, Bounded(unzipped, name, MAX_UNPACKED_BYTES)), name[:-3]
