"""Uploaded bytes to documents, whatever their format; what was repaired is said."""

from __future__ import annotations

from dataclasses import dataclass

from bioner.formats import read_bytes
from bioner.spans import Document

ENDINGS = "txt, csv, tsv, jsonl, json, xml (BioC), pubtator, conll, zip (BRAT)"


@dataclass(frozen=True)
class Upload:
    """The documents of one file and what is worth saying about how they were read."""

    documents: tuple[Document, ...]
    notes: tuple[str, ...] = ()


def read_upload(name: str, data: bytes) -> Upload:
    """Read the documents of an uploaded file; FormatError says what is wrong with it."""
    result = read_bytes(data, name)
    report = result.report
    notes: list[str] = []
    if report.repairs:
        told = ", ".join(f"{rule.replace('_', ' ')} ({n:,})" for rule, n in report.repairs.items())
        notes.append(f"{name}: read with repairs: {told}")
    if report.rejected:
        notes.append(f"{name}: {report.rejected:,} annotations could not be placed in the text")
    return Upload(result.documents, tuple(notes))
