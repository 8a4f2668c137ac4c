"""A dictionary's terms into files: a table, JSON lines, OBO, spaCy patterns; losses counted."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bioner.corpora.vocabulary import JOINED
from bioner.files import staged_file
from bioner.formats.table import is_formula
from bioner.review.dictionary import Dictionary
from bioner.review.terms import Term, Variant, Wanted

COLUMNS = (
    "term", "type", "concept", "status", "mentions", "texts", "confidence", "spellings", "types",
    "examples",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Written:
    """What went out: terms in the dictionary = ``written`` + ``left_out``; what a format lost."""

    written: int
    left_out: int
    spellings: int
    lost: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A term as it goes out, with its spellings."""

    term: Term
    variants: Sequence[Variant]
    examples: Sequence[str]


Write = Callable[[Iterator[Entry], TextIO, Counter[str]], None]


@dataclass(frozen=True)
class Format:
    """How a format is written, its ending, its name for a person."""

    write: Write
    suffix: str
    title: str


def write_dictionary(
    dictionary: Dictionary, path: Path, format: str, *, only_kept: bool = True
) -> Written:
    """Write the terms that were kept, or all but the dropped, to a file, whole or not.

    Raises OSError.
    """
    lost: Counter[str] = Counter()
    counts: Counter[str] = Counter()

    def entries() -> Iterator[Entry]:
        for term in dictionary.every():
            if term.status == "dropped" or (only_kept and term.status != "kept"):
                continue
            variants = dictionary.variants(term.key)
            counts["terms"] += 1
            counts["spellings"] += len(variants)
            shown = dictionary.examples(term.key)
            examples = [" ".join(f"{e.before}{e.surface}{e.after}".split()) for e in shown]
            yield Entry(term=term, variants=variants, examples=examples)

    with staged_file(path) as work, work.open("w", encoding="utf-8", newline="") as stream:
        WRITERS[format].write(entries(), stream, lost)
    return Written(
        written=counts["terms"],
        left_out=dictionary.count(Wanted()) - counts["terms"],
        spellings=counts["spellings"],
        lost=tuple(sorted(lost.items())),
    )


def _write_csv(entries: Iterator[Entry], stream: TextIO, lost: Counter[str]) -> None:
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for one in entries:
        term = one.term
        cells = [
            term.preferred,
            term.label,
            term.identifier,
            term.status,
            str(term.mentions),
            str(term.documents),
            "" if term.score is None else f"{term.score:.4f}",
            JOINED.join(variant.surface for variant in one.variants),
            JOINED.join(f"{label} {count}" for label, count in term.labels),
            JOINED.join(one.examples),
        ]
        lost["formulas made text"] += sum(map(is_formula, cells))
        rows.writerow([f"'{cell}" if is_formula(cell) else cell for cell in cells])
    lost += Counter()


def _write_jsonl(entries: Iterator[Entry], stream: TextIO, lost: Counter[str]) -> None:
    for one in entries:
        term = one.term
        value = {
            "term": term.preferred,
            "type": term.label,
            "concept": term.identifier,
            "status": term.status,
            "mentions": term.mentions,
            "texts": term.documents,
            "confidence": term.score,
            "types": dict(term.labels),
            "spellings": [
                {"text": v.surface, "mentions": v.mentions, "types": dict(v.labels)}
                for v in one.variants
            ],
            "examples": list(one.examples),
        }
        stream.write(json.dumps(value, ensure_ascii=False) + "\n")


def _write_obo(entries: Iterator[Entry], stream: TextIO, lost: Counter[str]) -> None:
    """Write OBO 1.4: a term without an identifier gets one of ours, ``BIONER:`` and a number."""
    stream.write("format-version: 1.4\nontology: bioner\n")
    stream.write('synonymtypedef: MENTIONS "found in the texts"\n')
    for number, one in enumerate(entries, 1):
        term = one.term
        id = re.sub(r"[\s{}\"]+", "_", term.identifier) or f"BIONER:{number:07d}"
        lost["counts dropped"] += 1
        stream.write(f"\n[Term]\nid: {_obo_id(id)}\nname: {_obo(term.preferred)}\n")
        for variant in one.variants:
            if variant.surface != term.preferred:
                stream.write(f'synonym: "{_obo(variant.surface, quoted=True)}" EXACT []\n')
        stream.write(f'property_value: bioner:type "{_obo(term.label, quoted=True)}" xsd:string\n')


def _obo(text: str, *, quoted: bool = False) -> str:
    """Escape a text as OBO 1.4 says; outside quotes also what begins a comment or a modifier."""
    text = text.replace("\\", "\\\\").replace("\n", " ")
    if quoted:
        return text.replace('"', '\\"')
    return text.replace("{", "\\{").replace("!", "\\!")


def _obo_id(id: str) -> str:
    prefix, colon, rest = id.partition(":")
    return f"{prefix}:{rest}" if colon and prefix and rest else f"BIONER:{id}"


def _write_spacy(entries: Iterator[Entry], stream: TextIO, lost: Counter[str]) -> None:
    """Write patterns for spaCy's EntityRuler: a line a spelling, word by word, case as it is."""
    for one in entries:
        lost["counts dropped"] += 1
        for variant in one.variants:
            value: dict[str, str] = {"label": one.term.label, "pattern": variant.surface}
            value["id"] = one.term.identifier or one.term.preferred
            stream.write(json.dumps(value, ensure_ascii=False) + "\n")


WRITERS: dict[str, Format] = {
    "csv": Format(_write_csv, ".csv", "Table (CSV)"),
    "jsonl": Format(_write_jsonl, ".jsonl", "JSON lines"),
    "obo": Format(_write_obo, ".obo", "OBO"),
    "spacy": Format(_write_spacy, ".patterns.jsonl", "spaCy patterns"),
}
