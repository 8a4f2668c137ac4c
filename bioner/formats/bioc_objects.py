"""Documents as BioC's objects, which its XML and its JSON write out."""

from __future__ import annotations

import json
from typing import Any

from bioner.formats.attributes import ENTITIES, PASSAGES, SOURCE_ID, pairs_of, source_id, without
from bioner.formats.bioc import OWN_PAIRS
from bioner.formats.passages import Passage, passages_of
from bioner.formats.relations import free_ids, standing_relations
from bioner.formats.tally import Losses
from bioner.spans import Document, Mention, Relation

Value = dict[str, Any]


def to_bioc(document: Document, losses: Losses) -> Value:
    """Return the document as BioC JSON lays it out, each mention in the passage it begins in."""
    losses.document(document)
    losses.written += len(document.mentions)
    losses.drop("sentences_dropped", len(document.sentence_ranges))
    passages = passages_of(document)
    rows = [_passage(one, document) for one in passages]
    ids = free_ids(document)
    for id, mention in zip(ids, document.mentions, strict=True):
        at = max(i for i, one in enumerate(passages) if i == 0 or one.start <= mention.start)
        shift = passages[at].offset - passages[at].start
        rows[at]["annotations"].append(_annotation(id, mention, document, shift))
    return {
        "bioctype": "BioCDocument",
        "id": source_id(document),
        "infons": _infons(list(without(document.attributes, PASSAGES, SOURCE_ID)), ()),
        "passages": rows,
        "annotations": [],
        "relations": [_relation(one) for one in standing_relations(document, losses)],
    }


def _passage(one: Passage, document: Document) -> Value:
    return {
        "bioctype": "BioCPassage",
        "offset": one.offset,
        "infons": _infons(list(one.infons), ()),
        "text": document.text[one.start : one.end],
        "sentences": [],
        "annotations": [],
        "relations": [],
    }


def _annotation(id: str, mention: Mention, document: Document, shift: int) -> Value:
    return {
        "id": id,
        "infons": {"type": mention.label, **_infons(pairs_of(mention), ("type",))},
        "text": document.surface(mention),
        "locations": [
            {"offset": start + shift, "length": end - start} for start, end in mention.fragments
        ],
    }


def _relation(one: Relation) -> Value:
    named = tuple(role for role, _ in one.arguments) == ENTITIES
    return {
        "id": one.id,
        "infons": {
            "type": one.type,
            **(dict(one.arguments) if named else {}),
            **_infons(list(one.attributes), ("type", *ENTITIES)),
        },
        "nodes": [
            {"refid": target, "role": role} for role, target in (() if named else one.arguments)
        ],
    }


def _infons(pairs: list[tuple[str, str]], reserved: tuple[str, ...]) -> dict[str, str]:
    """Return pairs as infons: as one of JSON where keys repeat or mean something else."""
    infons = dict(pairs)
    if len(infons) == len(pairs) and not {*reserved, OWN_PAIRS} & infons.keys():
        return infons
    return {OWN_PAIRS: json.dumps(pairs, ensure_ascii=False)}
