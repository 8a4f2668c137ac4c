"""Label Studio: tasks ``{"data": {"text"}, "annotations": [{"result": [...]}]}``, and JSON-MIN.

Regions are ``{"id", "type": "labels", "value": {"start", "end", "text", "labels"}}``; relations
``{"type": "relation", "from_id", "to_id", "labels"}``. A task that several people annotated gives
the marks of the first. JSON-MIN (``label`` beside ``text``) is read by ``json_documents``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from bioner.formats.attributes import (
    SAID_COVERS,
    SOURCE_ID,
    covers_from_json,
    covers_to_json,
    source_id,
    split_from_json,
    without,
)
from bioner.formats.mark_places import InvalidValue, name_unread
from bioner.formats.marks import read_marks
from bioner.formats.relations import free_ids, standing_relations
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document, Mention, Relation

_MADE = ("annotations", "completions", "predictions")
"""Where a task holds what was made of it, people's before models'."""
_TEXTS = ("text", "TEXT", "Text", "abstract", "sentence", "body", "content")


def is_document(value: dict[str, Any]) -> bool:
    """Tell whether a JSON object is a Label Studio task."""
    return isinstance(value.get("data"), dict)


def read_value(
    value: dict[str, Any], where: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the task's text with the regions of its first annotation, else its first prediction."""
    data = value["data"]
    text = next((data[key] for key in _TEXTS if isinstance(data.get(key), str)), None)
    if text is None:
        found = ", ".join(map(repr, data)) or "none"
        raise InvalidValue(f'expected words in "data", "text"; found the keys {found:.200}')
    made = [
        one
        for key in _MADE
        for one in (value[key] if isinstance(value.get(key), list) else ())
        if isinstance(one, dict) and isinstance(one.get("result"), list)
    ]
    kept = [one for one in made if not one.get("was_cancelled")]
    is_predicted = bool(kept) and kept[0] in (value.get("predictions") or [])
    if len(kept) < len(made):
        tally.leave("annotation that was skipped", where, count=len(made) - len(kept))
    if len(kept) > 1:
        tally.leave("annotation of the same text by another", where, count=len(kept) - 1)
    results = [one for one in (kept[0]["result"] if kept else []) if isinstance(one, dict)]
    rows = [_row(one) for one in results if isinstance(one.get("value"), dict)]
    if is_predicted:
        rows = [{**one, "status": "predicted"} for one in rows]
    regions = [one for one in rows if "start" in one]
    if len(regions) < len(rows):
        tally.leave("answer that is no region", where, count=len(rows) - len(regions))
    mentions = read_marks(regions, text, where, tally, options)
    name_unread(value, ("data", *_MADE), where, tally)
    name_unread(data, SAID_COVERS, where, tally)
    relations = tuple(_relation(one) for one in results if one.get("type") == "relation")
    wanted = str(data.get("id") or value.get("id") or where.replace(":", "-"))
    id = tally.document_id(wanted, where)
    attributes = ((SOURCE_ID, wanted),) if id != wanted else ()
    yield Document(
        id,
        text,
        mentions,
        (),
        relations,
        (*attributes, *covers_from_json(data), *split_from_json(data)),
    )


def _row(one: dict[str, Any]) -> dict[str, Any]:
    row = {**one["value"], "id": one.get("id")}
    score = one.get("score", row.get("score"))
    return row if score is None else {**row, "score": score}


def _relation(one: dict[str, Any]) -> Relation:
    labels = one["labels"] if isinstance(one.get("labels"), list) else []
    arguments = (("from", str(one.get("from_id"))), ("to", str(one.get("to_id"))))
    return Relation("", ",".join(map(str, labels)) or "relation", arguments)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a JSON list of tasks, one a line. A discontinuous mention goes out as its extent."""
    kept = (SOURCE_ID, *SAID_COVERS)
    stream.write("[")
    for number, document in enumerate(documents):
        losses.document(document)
        losses.written += len(document.mentions)
        losses.drop("sentences_dropped", len(document.sentence_ranges))
        losses.drop("attributes_dropped", len(without(document.attributes, *kept)))
        ids = free_ids(document, "r")
        results = [
            _region(id, one, document, losses)
            for id, one in zip(ids, document.mentions, strict=True)
        ]
        for one in standing_relations(document, losses):
            if len(one.arguments) != 2 or one.attributes:
                losses.drop("relations_dropped")
                continue
            losses.drop("roles_dropped", [r for r, _ in one.arguments] != ["from", "to"])
            losses.drop("relation_id_dropped", bool(one.id))
            (_, first), (_, second) = one.arguments
            results.append(
                {
                    "type": "relation",
                    "from_id": first,
                    "to_id": second,
                    "direction": "right",
                    "labels": [one.type],
                }
            )
        task = {
            "data": {"id": source_id(document), "text": document.text, **covers_to_json(document)},
            "annotations": [{"result": results}],
        }
        stream.write((",\n" if number else "\n") + json.dumps(task, ensure_ascii=False))
    stream.write("\n]\n")


def _region(id: str, one: Mention, document: Document, losses: Losses) -> dict[str, Any]:
    losses.drop("discontinuous_joined", one.is_discontinuous)
    losses.drop_details(one, holds_score=True)
    value = {
        "start": one.start,
        "end": one.end,
        "text": document.text[one.start : one.end],
        "labels": [one.label],
    }
    row: dict[str, Any] = {
        "id": id,
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": value,
    }
    return row | ({"score": one.score} if one.score is not None else {})
