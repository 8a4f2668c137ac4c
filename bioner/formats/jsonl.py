"""JSONL: a document a line, ``{"id","text","entities":[{"start","end","text","label","score"}]}``.

Keys beyond these are written only where there is something to say: of an entity ``id``,
``fragments``, ``status``, ``source_label``, ``alternatives``, ``attributes``; of a document
``covers``, ``sentences``, ``relations``, ``attributes``. ``json_documents`` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TextIO

from bioner.formats.attributes import COVERS, value_of, without
from bioner.formats.relations import standing_relations
from bioner.formats.tally import Losses
from bioner.spans import Document, Mention, Relation


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a document a line. JSONL holds everything that a Document holds."""
    for document in documents:
        losses.document(document)
        losses.written += len(document.mentions)
        document = replace(document, relations=standing_relations(document, losses))
        stream.write(json.dumps(to_json(document), ensure_ascii=False) + "\n")


def to_json(document: Document) -> dict[str, Any]:
    """Return the JSON object of a document, as the module describes it."""
    row: dict[str, Any] = {
        "id": document.id,
        "text": document.text,
        "entities": [_entity(one, document) for one in document.mentions],
    }
    covers = value_of(document.attributes, COVERS)
    attributes = without(document.attributes, COVERS) if covers else document.attributes
    optional: dict[str, Any] = {
        COVERS: covers.split(",") if covers else [],
        "sentences": [list(one) for one in document.sentence_ranges],
        "relations": [_relation_row(one) for one in document.relations],
        "attributes": [list(pair) for pair in attributes],
    }
    return row | {key: value for key, value in optional.items() if value}


def _entity(one: Mention, document: Document) -> dict[str, Any]:
    row: dict[str, Any] = {
        "start": one.start,
        "end": one.end,
        "text": document.surface(one),
        "label": one.label,
    }
    if one.score is not None:
        row["score"] = one.score
    optional: dict[str, Any] = {
        "id": one.id,
        "fragments": [list(f) for f in one.fragments] if one.is_discontinuous else [],
        "status": "" if one.status == "gold" else one.status,
        "source_label": one.source_label,
        "alternatives": [{"label": a.label, "score": a.score} for a in one.alternatives],
        "attributes": [list(pair) for pair in one.attributes],
    }
    return row | {key: value for key, value in optional.items() if value}


def _relation_row(one: Relation) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": one.id,
        "type": one.type,
        "arguments": [list(pair) for pair in one.arguments],
    }
    return row | ({"attributes": [list(p) for p in one.attributes]} if one.attributes else {})
