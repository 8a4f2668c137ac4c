"""The folder of a bulk tagging: inputs found, parts written whole, and the `.done` beside each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from bioner.errors import FormatError
from bioner.files import read_json_object, write_whole
from bioner.formats import parquet, write_documents
from bioner.spans import Document

DONE = ".done"
RUNNING = ".running"
"""The folder in which each piece at work says how far it is."""
ShardFormat = Literal["jsonl", "parquet"]
_BESIDE = (DONE, ".md5", ".sha256", ".sha1", ".asc", ".part", ".tmp")
"""Endings of files that are about a text's file, and no texts themselves."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What an output was made of, and what is in it: the content of its ``.done``.

    ``input_sha256`` and ``model_hash`` name the bytes that went in; ``sha256`` is that of the
    output, empty for a whole input, whose parts have their own. ``cpu_s`` is processor time.
    """

    input: str
    input_sha256: str
    model: str
    model_hash: str
    convention: str
    format: str
    documents: int = 0
    characters: int = 0
    mentions: int = 0
    parts: int = 0
    cpu_s: float = 0.0
    sha256: str = ""

    def is_of(self, other: Made) -> bool:
        """Return whether both were made of the same input, by the same model, in one way."""
        return (self.input_sha256, self.model_hash, self.convention, self.format) == (
            other.input_sha256,
            other.model_hash,
            other.convention,
            other.format,
        )


def find_inputs(folder: Path) -> Iterator[str]:
    """Yield the files of a folder that may hold texts, by name, those in its folders too.

    Hidden files and checksums are none, and the marks of a text that lies beside them.
    """
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    known = set(names)
    for name in names:
        if any(part.startswith(".") for part in name.split("/")) or name.endswith(_BESIDE):
            continue
        stem, _, ending = name.rpartition(".")
        if ending in ("ann", "a1", "a2") and f"{stem}.txt" in known:
            continue
        yield name


def part_path(out: Path, name: str, number: int, format: str) -> Path:
    """Return where a part of an input's texts is written."""
    return out / f"{name}.{number:05d}.{format}"


def done_path(path: Path) -> Path:
    """Return the file beside an output that says that it is whole, and what it was made of."""
    return path.with_name(path.name + DONE)


def read_made(path: Path) -> Made | None:
    """Read what lies beside an output; None where there is nothing, or nothing that is whole."""
    try:
        raw = read_json_object(done_path(path), FormatError)
        return Made(**{key: raw[key] for key in Made.__dataclass_fields__})
    except (FormatError, KeyError, TypeError):
        return None


def write_made(path: Path, made: Made) -> None:
    """Say beside an output that it is whole. Raises OSError."""
    write_whole(done_path(path), json.dumps(asdict(made)) + "\n")


def write_part(documents: Iterable[Document], path: Path, format: str) -> str:
    """Write a part whole or not at all; return the SHA-256 of its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "parquet":
        parquet.write(documents, path)
    else:
        write_documents(documents, path, format)
    return file_sha256(path)


def file_sha256(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
