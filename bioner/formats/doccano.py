"""doccano: ``{"id", "text", "entities": [{"id", "label", "start_offset", "end_offset"}]}`` a line.

With ``relations`` of ``from_id`` and ``to_id``. ``json_documents`` reads this form and the others:
``{"text", "label": [[0, 3, "Gene"]]}``, and ``annotations`` with offsets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from bioner.formats.attributes import (
    SAID_COVERS,
    SOURCE_ID,
    covers_to_json,
    source_id,
    without,
)
from bioner.formats.relations import standing_relations
from bioner.formats.tally import Losses
from bioner.spans import Document


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a document a line. Ids are numbers there, so mentions and relations get new ones."""
    kept = (SOURCE_ID, *SAID_COVERS)
    for document in documents:
        losses.document(document)
        losses.written += len(document.mentions)
        losses.drop("sentences_dropped", len(document.sentence_ranges))
        losses.drop("attributes_dropped", len(without(document.attributes, *kept)))
        numbers: dict[str, int] = {}
        entities: list[dict[str, Any]] = []
        for number, one in enumerate(document.mentions, 1):
            losses.drop("discontinuous_joined", one.is_discontinuous)
            losses.drop_details(one)
            losses.drop("mention_id_changed", bool(one.id))
            if one.id:
                numbers[one.id] = number
            entities.append(
                {"id": number, "label": one.label, "start_offset": one.start, "end_offset": one.end}
            )
        relations: list[dict[str, Any]] = []
        for relation in standing_relations(document, losses):
            targets = [target for _, target in relation.arguments]
            if len(targets) != 2 or any(one not in numbers for one in targets):
                losses.drop("relations_dropped")
                continue
            losses.drop("roles_dropped", [r for r, _ in relation.arguments] != ["from", "to"])
            losses.drop("attributes_dropped", len(relation.attributes))
            first, second = (numbers[one] for one in targets)
            id = len(relations) + 1
            relations.append({"id": id, "type": relation.type, "from_id": first, "to_id": second})
        row: dict[str, Any] = {
            "id": source_id(document),
            "text": document.text,
            "entities": entities,
            "relations": relations,
            "Comments": [],
            **covers_to_json(document),
        }
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
