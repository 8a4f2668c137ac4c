"""A table of mentions, a row each, for spreadsheets and statistics; written, never read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from bioner.formats.attributes import (
    SAID_COVERS,
    SOURCE_ID,
    sentences_with_covers,
    source_id,
    without,
)
from bioner.formats.tally import Losses
from bioner.identifiers import IDENTIFIER, identifier_of
from bioner.spans import Document
from bioner.text import split_document

COLUMNS = ("id", "start", "end", "surface", "type", "concept", "score", "sentence")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute: it gets an apostrophe before it."""


def is_formula(cell: object) -> bool:
    """Tell whether a spreadsheet would compute a cell's text."""
    return isinstance(cell, str) and cell.startswith(_FORMULA)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write the table as CSV; offsets are characters of the text, half-open."""
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for document in documents:
        losses.document(document)
        losses.written += len(document.mentions)
        losses.drop("text_without_mentions_dropped", not document.mentions)
        losses.drop("relations_dropped", len(document.relations))
        losses.drop("covers_dropped", sentences_with_covers(document))
        held = (SOURCE_ID, *SAID_COVERS)
        losses.drop("attributes_dropped", len(without(document.attributes, *held)))
        ranges = document.sentence_ranges or split_document(document.text).sentence_ranges
        for one in document.mentions:
            losses.drop("discontinuous_joined", one.is_discontinuous)
            losses.drop("mention_id_dropped", bool(one.id))
            losses.drop_details(one, kept=frozenset({IDENTIFIER}), holds_score=True)
            inside = [(low, high) for low, high in ranges if low < one.end and high > one.start]
            sentence = document.text[inside[0][0] : inside[-1][1]] if inside else ""
            told_concept = identifier_of(one.attributes)
            cells = [source_id(document), document.surface(one), one.label, told_concept]
            id, surface, label, concept = (_harmless(cell, losses) for cell in cells)
            score = "" if one.score is None else repr(one.score)
            told = _harmless(" ".join(sentence.split()), losses)
            rows.writerow([id, one.start, one.end, surface, label, concept, score, told])


def _harmless(cell: str, losses: Losses) -> str:
    """Return the cell as text that no spreadsheet takes for a formula."""
    if not is_formula(cell):
        return cell
    losses.drop("formula_made_text")
    return f"'{cell}"
