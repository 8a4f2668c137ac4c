"""Uploaded bytes to documents, whatever their format; what was repaired is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bioner.spans import Document

if TYPE_CHECKING:
    from bioner.formats.registry import UploadedFile

ENDINGS = (
    "txt, csv, tsv, jsonl, json, xml (BioC, PubMed, PMC), pubtator, conll, ann and txt, or a zip"
)


@dataclass(frozen=True)
class Upload:
    """The documents of one file, or pair, and what is worth saying about how it was read."""

    documents: tuple[Document, ...]
    notes: tuple[str, ...] = ()


def read_upload(name: str, members: Sequence[UploadedFile]) -> Upload:
    """Read the texts of an upload, whatever its marks; FormatError says what is wrong with it."""
    from bioner.formats.registry import read_group

    result = read_group(members, needs_marks=False)
    notes = list(result.report.receipt().lines())[1:]
    return Upload(result.documents, tuple(f"{name}: {one}" for one in notes))
