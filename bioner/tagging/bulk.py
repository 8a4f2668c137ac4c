"""A piece of a bulk tagging: one file's texts, or every n-th part of them, tagged part by part.

What is cut where depends on the texts alone, never on how many workers there are: on one machine
or on many, in one go or after a crash, the same bytes come out.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from bioner.errors import FormatError
from bioner.files import write_whole
from bioner.formats import ReadOptions, Tally, detect_format, iter_documents
from bioner.formats.detecting import HEAD
from bioner.formats.members import is_archive
from bioner.formats.readers import DAMAGED, damaged
from bioner.formats.source import unreadable
from bioner.machine import Device
from bioner.spans import Document
from bioner.tagging.load import load_tagger
from bioner.tagging.shards import (
    RUNNING,
    Made,
    done_path,
    file_sha256,
    part_path,
    read_made,
    write_made,
    write_part,
)
from bioner.tagging.tagger import Tagger

PART_DOCUMENTS = 1_000
PART_CHARACTERS = 4_000_000
"""Where a part ends, whichever comes first."""
BATCH_CHARACTERS = 200_000
"""How much text is tagged at once: enough to fill batches, little enough to keep memory flat."""


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """What to tag, with what, into where; ``threads`` compute in each of the ``workers``.

    ``model_hash`` names the bytes of the model's folder.
    """

    source: Path
    out: Path
    model: Path
    model_hash: str
    convention: str = "any"
    format: str = "jsonl"
    column: str = ""
    workers: int = 1
    threads: int = 1
    device: Device = Device.CPU

    def made(self, name: str, sha256: str) -> Made:
        """Return what an output says that it was made of: the input of these bytes, in this way."""
        return Made(
            input=name,
            input_sha256=sha256,
            model=self.model.name,
            model_hash=self.model_hash,
            convention=self.convention,
            format=self.format,
        )


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one worker does at a time: the parts ``stripe``, ``stripe + of``, … of an input."""

    bulk: Bulk
    name: str
    stripe: int = 0
    of: int = 1

    @property
    def key(self) -> str:
        """Its name among the pieces of a run, as that of a file."""
        return f"{self.name}.{self.stripe}-{self.of}".replace("/", "~")


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """What came of a piece: its parts, those of them that lay there already, what went wrong.

    ``all_parts`` are those of the whole input; ``unreadable`` is why its end was not reached.
    """

    piece: Piece
    input_sha256: str = ""
    parts: tuple[Made, ...] = ()
    skipped: int = 0
    all_parts: int = 0
    unreadable: str = ""


def tag_piece(piece: Piece) -> Tagged:
    """Tag a piece's parts that are not done yet; say how far it is in the run's folder.

    A part appears whole, its ``.done`` after it. What can be read of a damaged file is tagged.
    """
    path = piece.bulk.source / piece.name
    try:
        digest = file_sha256(path)
    except OSError as error:
        return Tagged(piece=piece, unreadable=str(unreadable(path, error)))
    told = piece.bulk.made(piece.name, digest)
    parts: list[Made] = []
    skipped = all_parts = 0
    problem = ""
    reading = _Reading(path, piece.bulk.column)
    for number, documents, found in _parts(reading):
        problem = found
        all_parts += bool(documents)
        if number % piece.of != piece.stripe or not documents:
            continue
        target = part_path(piece.bulk.out, piece.name, number, piece.bulk.format)
        there = read_made(target)
        if there and there.is_of(told) and target.is_file():
            skipped += 1
            parts.append(there)
        else:
            parts.append(_tag_part(piece, told, documents, target))
        _say_running(piece, parts, skipped, reading.share)
    _forget_running(piece)
    return Tagged(
        piece=piece,
        input_sha256=digest,
        parts=tuple(parts),
        skipped=skipped,
        all_parts=all_parts,
        unreadable=problem,
    )


def _tag_part(piece: Piece, told: Made, documents: Sequence[Document], target: Path) -> Made:
    began = time.process_time()
    tagger = _tagger(piece.bulk.model, piece.bulk.device, piece.bulk.threads)
    convention = tagger.conventions.find(piece.bulk.convention, of=piece.bulk.model.name).name
    mentions = 0

    def tagged() -> Iterator[Document]:
        nonlocal mentions
        for batch in _batches(documents):
            for one in tagger.tag_documents(batch, convention=convention):
                mentions += len(one.mentions)
                yield one

    done_path(target).unlink(missing_ok=True)
    written = write_part(tagged(), target, piece.bulk.format)
    made = replace(
        told,
        documents=len(documents),
        characters=sum(len(one.text) for one in documents),
        mentions=mentions,
        parts=1,
        cpu_s=round(time.process_time() - began, 3),
        sha256=written,
    )
    write_made(target, made)
    return made


@lru_cache(maxsize=1)
def _tagger(model: Path, device: Device, threads: int) -> Tagger:
    return load_tagger(model, device=device, threads=threads)


def _batches(documents: Sequence[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for one in documents:
        batch.append(one)
        size += len(one.text)
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _parts(reading: _Reading) -> Iterator[tuple[int, list[Document], str]]:
    """Yield number and texts of each part; at a damage what came before it, and what it is."""
    part: list[Document] = []
    size = number = 0
    problem = ""
    try:
        for one in reading:
            part.append(one)
            size += len(one.text)
            if len(part) >= PART_DOCUMENTS or size >= PART_CHARACTERS:
                yield number, part, ""
                part, size, number = [], 0, number + 1
    except FormatError as error:
        problem = str(error)
    if part or problem:
        yield number, part, problem


class _Reading:
    """The bare texts of one input, and what share of its bytes has been read."""

    def __init__(self, path: Path, column: str) -> None:
        self._path = path
        self._options = ReadOptions(column=column or None, needs_marks=False)
        self._raw: BinaryIO | None = None
        self._size = max(1, path.stat().st_size)
        self._is_at_end = False

    @property
    def share(self) -> float:
        """How much of the file has been read, 0..1; 0 for what is read whole."""
        if self._is_at_end:
            return 1.0
        return min(1.0, self._raw.tell() / self._size) if self._raw else 0.0

    def __iter__(self) -> Iterator[Document]:
        for one in self._documents():
            yield replace(one, mentions=(), relations=())

    def _documents(self) -> Iterator[Document]:
        name = self._path.name
        is_gzip = name.lower().endswith(".gz")
        inner = name[:-3] if is_gzip else name
        if is_archive(name) or inner.lower().endswith((".ann", ".a1", ".a2")):
            yield from iter_documents(self._path, options=self._options)
            return
        try:
            with self._path.open("rb") as raw, gzip.open(raw) as unzipped:
                self._raw = raw
                stream = cast(BinaryIO, unzipped) if is_gzip else raw
                head = stream.read(HEAD)
                if not head:
                    raise FormatError(f"{name}: the file is empty; expected text")
                stream.seek(0)
                told = "csv" if self._options.column and inner.endswith(".tsv") else ""
                format = told or detect_format(inner, head)
                tally = Tally()
                yield from iter_documents(
                    stream, format, name=inner, options=self._options, tally=tally
                )
                self._is_at_end = True
        except DAMAGED as error:
            raise damaged(name, error) from error
        except OSError as error:
            raise unreadable(self._path, error) from error
        finally:
            self._raw = None


def _say_running(piece: Piece, parts: Sequence[Made], skipped: int, share: float) -> None:
    told = {
        "share": round(share, 4),
        "parts": len(parts),
        "skipped": skipped,
        "documents": sum(one.documents for one in parts),
    }
    (piece.bulk.out / RUNNING).mkdir(exist_ok=True)
    write_whole(piece.bulk.out / RUNNING / piece.key, json.dumps(told))


def _forget_running(piece: Piece) -> None:
    (piece.bulk.out / RUNNING / piece.key).unlink(missing_ok=True)
