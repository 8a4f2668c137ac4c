"""PubAnnotation: ``{"text", "denotations": [{"id", "span": {"begin", "end"}, "obj"}]}``.

Relations ``{"id", "pred", "subj", "obj"}`` join denotations; attributes ``{"subj", "pred", "obj"}``
belong to one. A span may be a list (a discontinuous mention). Documents go out a line each.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from bioner.formats.attributes import (
    SAID_COVERS,
    SOURCE_ID,
    Pairs,
    covers_from_json,
    covers_to_json,
    mention_from,
    pairs_of,
    source_id,
    without,
)
from bioner.formats.mark_places import InvalidValue, name_unread
from bioner.formats.marks import read_marks
from bioner.formats.relations import free_ids, standing_relations
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document, Mention, Relation

_DOCUMENT_KEYS = ("sourcedb", "sourceid", "divid", "project", "target")
_READ = (*_DOCUMENT_KEYS, "id", "text", "denotations", "attributes", "relations", *SAID_COVERS)
_NO_MARKS = ("blocks", "config", "namespaces", "typesettings")
"""Keys of PubAnnotation that say nothing of mentions: its blocks are sections and sentences."""


def is_document(value: dict[str, Any]) -> bool:
    """Tell whether a JSON object is a PubAnnotation document."""
    return isinstance(value.get("denotations"), list) and isinstance(value.get("text"), str)


def read_value(
    value: dict[str, Any], where: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the document, its denotations placed."""
    text = value["text"]
    told: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in _rows(value, "attributes"):
        told[str(one.get("subj"))].append((str(one.get("pred")), _word(one.get("obj"))))
    placed = read_marks(_rows(value, "denotations"), text, where, tally, options)
    mentions = tuple(
        mention_from(one.fragments, one.label, told.get(one.id, []), id=one.id) for one in placed
    )
    relations = tuple(
        Relation(
            str(one.get("id") or ""),
            str(one.get("pred")),
            (("subj", str(one.get("subj"))), ("obj", str(one.get("obj")))),
            tuple(told.get(str(one.get("id")), [])),
        )
        for one in _rows(value, "relations")
    )
    wanted = str(value.get("sourceid") or value.get("id") or where.replace(":", "-"))
    id = tally.document_id(wanted, where)
    attributes: Pairs = tuple(
        (key, _word(value[key])) for key in _DOCUMENT_KEYS if key in value and key != "sourceid"
    )
    if id != wanted:
        attributes = (*attributes, (SOURCE_ID, wanted))
    attributes = (*attributes, *covers_from_json(value))
    name_unread(value, (*_READ, *_NO_MARKS), where, tally)
    yield Document(id, text, mentions, (), relations, attributes)


def _rows(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = value.get(key) or []
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise InvalidValue(f'"{key}": expected a list of objects')
    return rows


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a document a line. Relations of two mentions alone go out; sentences do not."""
    for document in documents:
        losses.document(document)
        losses.written += len(document.mentions)
        losses.drop("sentences_dropped", len(document.sentence_ranges))
        held = (SOURCE_ID, *SAID_COVERS, *_DOCUMENT_KEYS)
        losses.drop("attributes_dropped", len(without(document.attributes, *held)))
        row = dict(pair for pair in document.attributes if pair[0] in _DOCUMENT_KEYS)
        ids = free_ids(document, "T")
        standing = standing_relations(document, losses)
        relations = [one for one in standing if len(one.arguments) == 2]
        losses.drop("relations_dropped", len(standing) - len(relations))
        value = {
            **row,
            **covers_to_json(document),
            "sourceid": source_id(document),
            "text": document.text,
            "denotations": [
                {"id": id, "span": _span(one), "obj": one.label}
                for id, one in zip(ids, document.mentions, strict=True)
            ],
            "relations": [_relation(one, losses) for one in relations],
            "attributes": list(_attributes(document, ids, relations)),
        }
        stream.write(
            json.dumps(
                {k: v for k, v in value.items() if v != []} | {"denotations": value["denotations"]},
                ensure_ascii=False,
            )
            + "\n"
        )


def _span(one: Mention) -> Any:
    spans = [{"begin": start, "end": end} for start, end in one.fragments]
    return spans if one.is_discontinuous else spans[0]


def _relation(one: Relation, losses: Losses) -> dict[str, str]:
    (first, subj), (second, obj) = one.arguments
    losses.drop("roles_dropped", (first, second) != ("subj", "obj"))
    return {"id": one.id, "pred": one.type, "subj": subj, "obj": obj}


def _attributes(
    document: Document, ids: list[str], relations: list[Relation]
) -> Iterator[dict[str, str]]:
    told = [(id, pairs_of(one)) for id, one in zip(ids, document.mentions, strict=True)]
    told += [(one.id, list(one.attributes)) for one in relations]
    number = 0
    for id, pairs in told:
        for key, text in pairs:
            number += 1
            yield {"id": f"A{number}", "subj": id, "pred": key, "obj": text}
