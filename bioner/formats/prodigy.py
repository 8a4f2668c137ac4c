"""Prodigy: ``{"text", "tokens", "spans": [{"start", "end", "label"}], "answer"}`` a line.

``json_documents`` reads it: texts answered *reject* or *ignore* are no gold and are left out.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any, TextIO

from bioner.formats.attributes import (
    SAID_COVERS,
    SOURCE_ID,
    covers_to_json,
    source_id,
    without,
)
from bioner.formats.spacy import tokens_of
from bioner.formats.tally import Losses
from bioner.spans import Document


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a text a line, answered *accept*, its tokens cut at every limit of a mention."""
    kept = (SOURCE_ID, *SAID_COVERS)
    for document in documents:
        losses.document(document)
        losses.written += len(document.mentions)
        losses.drop("relations_dropped", len(document.relations))
        losses.drop("sentences_dropped", len(document.sentence_ranges))
        losses.drop("attributes_dropped", len(without(document.attributes, *kept)))
        edges = {edge for one in document.mentions for edge in (one.start, one.end)}
        tokens = list(tokens_of(document.text, edges))
        starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
        spans: list[dict[str, Any]] = []
        for one in document.mentions:
            losses.drop("discontinuous_joined", one.is_discontinuous)
            losses.drop("mention_id_dropped", bool(one.id))
            losses.drop_details(one)
            spans.append(
                {
                    "start": one.start,
                    "end": one.end,
                    "token_start": bisect_right(starts, one.start) - 1,
                    "token_end": bisect_left(ends, one.end),
                    "label": one.label,
                }
            )
        row: dict[str, Any] = {
            "id": source_id(document),
            "text": document.text,
            "tokens": [
                {
                    "text": document.text[start:end],
                    "start": start,
                    "end": end,
                    "id": i,
                    "ws": document.text.startswith(" ", end),
                }
                for i, (start, end) in enumerate(tokens)
            ],
            "spans": spans,
            "answer": "accept",
            **covers_to_json(document),
        }
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
