"""JSONL: a document a line, ``{"id","text","entities":[{"start","end","text","label","score"}]}``.

Keys beyond these are written only where there is something to say: of an entity ``id``,
``fragments``, ``status``, ``source_label``, ``alternatives``, ``attributes``; of a document
``covers``, ``sentences``, ``relations``, ``attributes``. doccano's ``label`` lists and
``start_offset``/``end_offset`` are read too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, TextIO

from bioner.errors import FormatError
from bioner.formats.attributes import COVERS, STATUSES, Pairs, value_of, without
from bioner.formats.lines import read_lines
from bioner.formats.placing import Placer
from bioner.formats.source import stem
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Alternative, Document, Mention, Range, Relation

_SURROGATE = re.compile("[\ud800-\udfff]")


class _Invalid(Exception):
    """A value is not of the expected form; the message says which and what was expected."""


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield a document a line; a file that is one JSON list of objects is read whole."""
    for where, value in read_values(stream, name):
        try:
            yield _document(value, where, name, tally, options)
        except _Invalid as error:
            raise FormatError(f"{where}: {error}") from error


def read_values(stream: BinaryIO, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each line's JSON value with its ``file:line``, or the elements of one JSON list."""
    lines = read_lines(stream, name)
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        where = f"{name}:{number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            if number > 1 or line.lstrip()[0] not in "[{":
                raise _not_json(where, error) from error
            yield from _whole([line, *lines], name)
            return
        except RecursionError as error:
            raise FormatError(f"{where}: JSON nested too deeply") from error
        if isinstance(value, list) and not (value and isinstance(value[0], str)):
            yield from ((f"{where}, element {i}", one) for i, one in enumerate(value, 1))
        else:
            yield where, value


def _whole(lines: list[str], name: str) -> Iterator[tuple[str, Any]]:
    try:
        value = json.loads("\n".join(lines))
    except json.JSONDecodeError as error:
        raise _not_json(f"{name}:{error.lineno}", error) from error
    except RecursionError as error:
        raise FormatError(f"{name}: JSON nested too deeply") from error
    for number, element in enumerate(value if isinstance(value, list) else [value], 1):
        yield f"{name}, element {number}", element


def _not_json(where: str, error: json.JSONDecodeError) -> FormatError:
    return FormatError(f"{where}: expected JSON: {error.msg} at column {error.colno}")


def clean_text(text: str, where: str, tally: Tally) -> str:
    """Return the text with each lone surrogate, which no file can hold, as U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    text, count = _SURROGATE.subn("\ufffd", text)
    tally.repair("lone_surrogate", where, count=count)
    return text


def _document(value: Any, where: str, name: str, tally: Tally, options: ReadOptions) -> Document:
    if not isinstance(value, dict):
        raise _Invalid('expected an object with "text", found no object')
    if not isinstance(value.get("text"), str):
        found = ", ".join(map(repr, value)) or "none"
        if "text" in value:
            raise _Invalid(f'expected words in "text", found {value["text"]!r:.40}')
        raise _Invalid(f'expected an object with "text", found the keys {found}')
    text = clean_text(value["text"], where, tally)
    given = value.get("id")
    number = re.split("[: ]", where)[-1]
    id = tally.document_id(str(given) if given is not None else f"{stem(name)}-{number}", where)
    placer = Placer(text)
    mentions: list[Mention] = []
    for row in _list(value, "entities", "label", "labels"):
        mention = _mention(row, placer, where, tally, options)
        if mention:
            mentions.append(mention)
    attributes = _pairs(value.get("attributes"), "attributes")
    covers = value.get(COVERS)
    if covers is not None:
        names = ",".join(map(str, covers)) if isinstance(covers, list) else str(covers)
        attributes = ((COVERS, names), *attributes)
    return Document(
        id,
        text,
        tuple(mentions),
        _sentences(value.get("sentences"), len(text)),
        tuple(_relation(row) for row in _list(value, "relations")),
        attributes,
    )


def _list(value: dict[str, Any], *keys: str) -> list[Any]:
    for key in keys:
        if value.get(key) is not None:
            if not isinstance(value[key], list):
                raise _Invalid(f'"{key}": expected a list')
            return list(value[key])
    return []


def _mention(
    row: Any, placer: Placer, where: str, tally: Tally, options: ReadOptions
) -> Mention | None:
    if isinstance(row, list) and len(row) == 3:
        row = dict(zip(("start", "end", "label"), row, strict=True))
    if not isinstance(row, dict):
        raise _Invalid(f"expected an entity object or [start, end, label], found {row!r:.60}")
    ranges = _ranges(row)
    surface = row.get("text")
    label = str(row.get("label") or row.get("type") or options.label)
    placed = placer.place(ranges, surface if isinstance(surface, str) else None)
    detail = f"{label} {ranges[0][0]}-{ranges[-1][1]}"
    if not placed.fragments:
        tally.reject(placed.rule, where, detail)
        return None
    if placed.rule:
        tally.repair(placed.rule, where, detail)
    tally.place(label)
    score = row.get("score")
    status = row.get("status", "gold")
    if status not in STATUSES:
        raise _Invalid(f'entity "status": expected gold, predicted or reviewed, got {status!r:.60}')
    return Mention(
        placed.fragments,
        label,
        str(row.get("source_label") or ""),
        STATUSES[status],
        None if score is None else _number(score, "score"),
        tuple(_alternative(one) for one in _list(row, "alternatives")),
        _pairs(row.get("attributes"), "attributes"),
        str(row["id"]) if row.get("id") is not None else "",
    )


def _ranges(row: dict[str, Any]) -> list[Range]:
    fragments = row.get("fragments")
    if fragments is None:
        start, end = (
            row.get("start", row.get("start_offset")),
            row.get("end", row.get("end_offset")),
        )
        fragments = [[start, end]]
    try:
        ranges = [(start, end) for start, end in fragments]
    except (TypeError, ValueError) as error:
        raise _Invalid('entity "fragments": expected a list of [start, end]') from error
    for pair in ranges:
        if not ranges or any(type(offset) is not int for offset in pair):
            raise _Invalid(f'entity: expected whole numbers "start" and "end", got {pair!r:.60}')
    if not ranges:
        raise _Invalid('entity "fragments": expected at least one [start, end]')
    return ranges


def _alternative(row: Any) -> Alternative:
    if not isinstance(row, dict) or "label" not in row:
        raise _Invalid(f'alternatives: expected {{"label", "score"}}, found {row!r:.60}')
    return Alternative(str(row["label"]), _number(row.get("score"), "score"))


def _number(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Invalid(f'"{key}": expected a number, got {value!r:.60}')
    return float(value)


def _pairs(value: Any, key: str) -> Pairs:
    """Read ``[[key, value], …]`` or an object as pairs of text."""
    if value is None:
        return ()
    rows = value.items() if isinstance(value, dict) else value
    try:
        return tuple((str(name), one if isinstance(one, str) else _text(one)) for name, one in rows)
    except (TypeError, ValueError) as error:
        raise _Invalid(f'"{key}": expected an object or a list of [key, value]') from error


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sentences(value: Any, length: int) -> tuple[Range, ...]:
    """Read sentence ranges; those that do not fit the text are left to the splitter."""
    if not isinstance(value, list):
        return ()
    previous = 0
    for pair in value:
        fits = isinstance(pair, list) and len(pair) == 2 and all(type(one) is int for one in pair)
        if not fits or not previous <= pair[0] < pair[1] <= length:
            return ()
        previous = pair[1]
    return tuple((start, end) for start, end in value)


def _relation(row: Any) -> Relation:
    if not isinstance(row, dict) or "type" not in row:
        raise _Invalid(f'relations: expected {{"id", "type", "arguments"}}, found {row!r:.60}')
    if "from_id" in row and "to_id" in row:
        arguments: Pairs = (("from", str(row["from_id"])), ("to", str(row["to_id"])))
    else:
        arguments = _pairs(row.get("arguments"), "arguments")
    attributes = _pairs(row.get("attributes"), "attributes")
    return Relation(str(row.get("id", "")), str(row["type"]), arguments, attributes)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a document a line. JSONL holds everything that a Document holds."""
    for document in documents:
        losses.document(document)
        losses.written += len(document.mentions)
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
