"""Documents into files: every writable format by name, whole files or none, losses counted."""

from __future__ import annotations

import math
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from bioner.errors import FormatError
from bioner.files import staged_folder
from bioner.formats import (
    bioc_json,
    bioc_xml,
    brat_writer,
    conll_writer,
    conllu,
    doccano,
    huggingface,
    jsonl,
    labelstudio,
    prodigy,
    pubannotation,
    pubtator,
    spacy,
    table,
    webanno,
)
from bioner.formats.source import is_device, replacing, unwritable
from bioner.formats.tally import Losses, WriteReport
from bioner.spans import Document, Mention

Writer = Callable[[Iterable[Document], TextIO, Losses], None]

WRITERS: dict[str, Writer] = {
    "jsonl": jsonl.write,
    "conll": conll_writer.write,
    "bioc-xml": bioc_xml.write,
    "bioc-json": bioc_json.write,
    "pubtator": pubtator.write,
    "spacy": spacy.write,
    "doccano": doccano.write,
    "labelstudio": labelstudio.write,
    "prodigy": prodigy.write,
    "webanno": webanno.write,
    "conllu": conllu.write,
    "hf": huggingface.write,
    "pubannotation": pubannotation.write,
    "csv": table.write,
}
WRITABLE = (*WRITERS, "brat")
NAMES = {
    "jsonl": "JSON lines",
    "conll": "CoNLL (token and tag)",
    "bioc-xml": "BioC XML",
    "bioc-json": "BioC JSON",
    "pubtator": "PubTator",
    "spacy": "spaCy",
    "doccano": "doccano",
    "labelstudio": "Label Studio",
    "prodigy": "Prodigy",
    "webanno": "WebAnno TSV 3 (INCEpTION)",
    "conllu": "CoNLL-U",
    "hf": "Hugging Face tokens and tags",
    "pubannotation": "PubAnnotation",
    "csv": "CSV (a row a mention)",
    "brat": "BRAT (zip of txt and ann)",
}
"""The formats' names for a person."""
SUFFIXES = {
    "jsonl": ".jsonl",
    "conll": ".conll",
    "bioc-xml": ".xml",
    "bioc-json": ".json",
    "pubtator": ".pubtator",
    "spacy": ".spacy.jsonl",
    "doccano": ".doccano.jsonl",
    "labelstudio": ".labelstudio.json",
    "prodigy": ".prodigy.jsonl",
    "hf": ".hf.jsonl",
    "pubannotation": ".pubannotation.jsonl",
    "webanno": ".tsv",
    "conllu": ".conllu",
    "csv": ".csv",
    "brat": ".zip",
}
"""The file ending of each format that is written."""
LOOKS_COMPLETE = frozenset({"pubtator", "spacy"})
"""The formats that write a whole text and cannot say of which sentences it was read.

The others say so for each sentence, or write the sentences that were read, and those alone.
"""


def write_documents(
    documents: Iterable[Document], target: Path | TextIO, format: str
) -> WriteReport:
    """Write documents, and count by name what the format cannot hold.

    A file appears only when all of it is written. BRAT goes to a folder, or to a ``.zip``.
    """
    losses = Losses(format)
    refuse_target(target, format)
    documents = (_with_finite_scores(one, losses) for one in documents)
    try:
        if format == "brat" and isinstance(target, Path):
            try:
                if target.suffix.lower() == ".zip":
                    _write_zip(brat_writer.write_archive(documents, losses), target)
                else:
                    _write_folder(brat_writer.write_pairs(documents, losses), target)
            except OSError as error:
                raise unwritable(target, error) from error
        elif isinstance(target, Path) and is_device(target):
            try:
                with target.open("w", encoding="utf-8", newline="") as stream:
                    WRITERS[format](documents, stream, losses)
            except OSError as error:
                raise unwritable(target, error) from error
        elif isinstance(target, Path):
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


def _with_finite_scores(document: Document, losses: Losses) -> Document:
    """Return the document without scores that no file holds: not a number, infinities."""
    if all(_is_finite(one) for one in document.mentions):
        return document
    losses.drop("score_not_finite", sum(not _is_finite(one) for one in document.mentions))
    return replace(
        document,
        mentions=tuple(
            one if _is_finite(one) else replace(one, score=None, alternatives=())
            for one in document.mentions
        ),
    )


def _is_finite(one: Mention) -> bool:
    scores = [one.score or 0.0, *(other.score for other in one.alternatives)]
    return all(map(math.isfinite, scores))


def refuse_target(target: Path | TextIO, format: str) -> None:
    """Raise FormatError for a format that is not known, or a place where it cannot be written."""
    if format not in WRITABLE:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(WRITABLE)}")
    if format != "brat":
        if isinstance(target, Path) and target.is_dir():
            raise FormatError(f"{target}: a folder; name the file to write")
        return
    if not isinstance(target, Path):
        raise FormatError("BRAT is two files a document: name a folder or a .zip (--out PATH)")
    is_zip = target.suffix.lower() == ".zip"
    if target.exists() and target.is_dir() == is_zip:
        raise FormatError(
            f"{target}: a {'folder' if is_zip else 'file'}; BRAT is two files a document: name a "
            "folder or a .zip"
        )


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
    if not target.exists():
        with staged_folder(target) as staged:
            _fill(staged, files)
        return
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as beside:
        _fill(Path(beside), files)
        for one in sorted(Path(beside).iterdir()):
            one.replace(target / one.name)


def _fill(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    for name, content in files:
        (folder / name).write_text(content, encoding="utf-8", newline="")
