"""Hugging Face: ``{"id", "tokens", "ner_tags"}`` a line, tags by name (``B-Gene``) or by number.

Numbers need the names: ``"tag_names": ["O", "B-Gene", …]`` in the same object, as we write them.
Every sentence is a record; its text is the tokens joined by spaces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from bioner import bio
from bioner.flattening import unflatten
from bioner.formats.attributes import (
    COVERS,
    SAID_COVERS,
    TOKENISED,
    covers_at,
    covers_from_json,
    split_from_json,
    without,
)
from bioner.formats.conll_writer import drop_between_tokens, flat_sentences
from bioner.formats.mark_places import InvalidValue, name_unread
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document, Span, corpus_sentence
from bioner.tokens import as_word

_TOKENS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "ner", "labels", "label")
_NAMES = ("tag_names", "names", "label_names", "class_names")


def is_document(value: dict[str, Any]) -> bool:
    """Tell whether a JSON object is a record of tokens and their tags."""
    tokens = value.get("tokens", value.get("words"))
    if not isinstance(tokens, list) or not all(isinstance(one, str) for one in tokens):
        return False
    return any(isinstance(value.get(key), list) for key in _TAGS)


def read_value(
    value: dict[str, Any], where: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the record as a document of its own."""
    tokens: list[str] = value["tokens"] if "tokens" in value else value["words"]
    tags = _tags(value)
    if len(tokens) != len(tags) or not all(tokens):
        raise InvalidValue(f"expected a tag a token, found {len(tokens)} tokens, {len(tags)} tags")
    try:
        scheme = bio.detect_scheme({tuple(tags): 1})
        found, repairs = bio.decode(tags, scheme, untyped_label=options.label)
    except ValueError as error:
        raise InvalidValue(f"unknown tag: {error}") from error
    for rule, count in repairs.items():
        tally.repair(rule, where, count=count)
    name_unread(value, (*_TOKENS, *_TAGS, *_NAMES, *SAID_COVERS), where, tally)
    for one in found:
        tally.place(one.label)
    id = tally.document_id(str(value.get("id", where.replace(":", "-"))), where)
    spans = [Span(one.start, one.end, one.label) for one in found]
    sentence = corpus_sentence(id, tokens, spans=spans)
    yield Document(
        id,
        sentence.text,
        unflatten(sentence),
        ((sentence.start, sentence.end),) if tokens else (),
        attributes=((TOKENISED, "spaces"), *covers_from_json(value), *split_from_json(value)),
    )


def _tags(value: dict[str, Any]) -> list[str]:
    tags = next(value[key] for key in _TAGS if isinstance(value.get(key), list))
    names: list[Any] = next((value[key] for key in _NAMES if isinstance(value.get(key), list)), [])
    found: list[str] = []
    for one in tags:
        if isinstance(one, str):
            found.append(one)
        elif type(one) is int and 0 <= one < len(names):
            found.append(str(names[one]))
        else:
            raise InvalidValue(
                f'the tag {one!r:.20} has no name: give the class names as "tag_names": '
                '["O", …], or write tags by name'
            )
    return found


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a record a sentence; mentions lie flat on its tokens, as in CoNLL."""
    for document in documents:
        losses.document(document)
        losses.drop("relations_dropped", len(document.relations))
        for one in document.mentions:
            losses.drop("mention_id_dropped", bool(one.id))
            losses.drop_details(one)
        flat = list(flat_sentences(document, losses))
        drop_between_tokens(document, flat, losses)
        losses.drop(
            "attributes_dropped", len(without(document.attributes, TOKENISED, *SAID_COVERS))
        )
        for number, (ranges, spans) in enumerate(flat, 1):
            tokens = [as_word(document.text[start:end]) for start, end in ranges]
            tags = bio.encode(spans, len(tokens))
            row: dict[str, Any] = {
                "id": f"{document.id}-{number}",
                "tokens": tokens,
                "ner_tags": tags,
            }
            covers = covers_at(document, ranges[0][0] if ranges else 0)
            if covers is not None:
                row[COVERS] = covers.split(",") if covers else []
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
