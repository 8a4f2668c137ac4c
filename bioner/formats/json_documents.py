"""JSON documents: each value is read by what it holds itself, never by what the first one held.

So a file may mix forms, and its first line may have no marks. Marks stand under one or several of
the keys ``MARKS``; other keys that could hold marks are named and counted as not read, and a file
of which no mark was understood is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO

from bioner.formats import bioc_json, huggingface, labelstudio, pubannotation
from bioner.formats.attributes import SAID_COVERS, Pairs, covers_from_json, split_from_json
from bioner.formats.json_values import read_values
from bioner.formats.lines import OddLines
from bioner.formats.mark_places import MARKS, InvalidValue, count_marks, has_place, name_unread
from bioner.formats.marks import groups_of, pairs, read_marks, whole_marks
from bioner.formats.source import stem
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document, Range, Relation

OTHER = frozenset(
    ("id", "text", "tokens", "sentences", "relations", "attributes", "answer", *SAID_COVERS)
)
"""The keys that are read, or that hold places which are no marks."""
_PARTS = frozenset(("text", "tokens", "passages"))
"""The keys by which a list under any other key is told to be one of documents."""
_WRAPPERS = (*bioc_json.COLLECTIONS, "data", "examples", "annotations", "results", "items")
"""The keys under which a file may hold its list of documents."""
_DIALECTS = (
    ("bioc-json", bioc_json.is_document, bioc_json.read_value),
    ("pubannotation", pubannotation.is_document, pubannotation.read_value),
    ("labelstudio", labelstudio.is_document, labelstudio.read_value),
    ("hf", huggingface.is_document, huggingface.read_value),
)


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the documents of JSON lines, of one JSON value, or of a list of them.

    What is no document is counted. Raises FormatError for a file where most is none, or none of
    whose marks was understood.
    """
    odd = OddLines(tally)
    yield from read_each(read_values(stream, name, tally, odd), name, tally, options, odd)


def read_each(
    values: Iterable[tuple[str, Any]],
    name: str,
    tally: Tally,
    options: ReadOptions,
    odd: OddLines,
) -> Iterator[Document]:
    """Yield the documents of JSON values, each with its place (``file:line``), as ``read`` does."""
    forms: Counter[str] = Counter()
    for number, (where, value) in enumerate(values, 1):
        left = partial(_name_beside, where=where, tally=tally)
        for form, id, one in _documents(value, f"{stem(name)}-{number}", left):
            forms[form] += 1
            reading = partial(_read, form, one, where, id, tally, options)
            yield from odd.documents_of(reading, where, is_mark=count_marks([one]) > 0)
    odd.refuse_many()
    if forms:
        tally.format = forms.most_common(1)[0][0]


def _name_beside(value: dict[str, Any], key: str, *, where: str, tally: Tally) -> None:
    """Count the marks, and the documents, that lie beside a file's list of documents."""
    others = {other: held for other, held in value.items() if other != key}
    name_unread(others, (), where, tally)
    for other, held in others.items():
        if isinstance(held, list) and not count_marks([held]) and any(map(_is_text, held)):
            tally.leave(f'key "{other}"', where, count=len(held), is_mark=False)


def _documents(
    value: Any, id: str, left: Callable[[dict[str, Any], str], None], depth: int = 3
) -> Iterator[tuple[str, str, Any]]:
    """Yield form, id for want of another, and value of each document in a JSON value.

    ``left`` is told of a value of which one key alone is read.
    """
    if isinstance(value, dict):
        for form, is_document, _ in _DIALECTS:
            if is_document(value):
                yield form, id, value
                return
        wrapped = [key for key in _WRAPPERS if isinstance(value.get(key), list)]
        if wrapped and "text" not in value and depth:
            read = next((key for key in wrapped if any(map(_is_text, value[key]))), wrapped[0])
            left(value, read)
            for number, one in enumerate(value[read], 1):
                yield from _documents(one, f"{id}-{number}", left, depth - 1)
            return
        if value and depth and all(map(_is_part, value.values())):
            for key, held in value.items():
                for number, one in enumerate(held, 1):
                    split = {"split": key, **one}
                    yield from _documents(split, f"{id}-{key}-{number}", left, depth - 1)
            return
        yield _form_of(value), id, value
    elif isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict):
        yield "spacy", id, {**value[1], "text": value[0]}
    else:
        yield "jsonl", id, value


def _is_part(held: Any) -> bool:
    """Tell whether a value is the documents of one split, as ``{"train": [...]}`` has them."""
    return (
        isinstance(held, list)
        and bool(held)
        and all(map(_is_text, held))
        and not any(map(has_place, held))
    )


def _is_text(one: Any) -> bool:
    """Tell whether a value of a list is a document."""
    return isinstance(one, dict) and not _PARTS.isdisjoint(one)


def _form_of(value: dict[str, Any]) -> str:
    if "_input_hash" in value or "answer" in value:
        return "prodigy"
    return "spacy" if "ents" in value or "spans" in value else "jsonl"


def _read(
    form: str, value: Any, where: str, id: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    reader = next((read for name, _, read in _DIALECTS if name == form), None)
    if reader:
        yield from reader(value, where, tally, options)
        return
    if not isinstance(value, dict):
        raise InvalidValue('expected an object with "text", found no object')
    text = value.get("text")
    if not isinstance(text, str):
        if "text" in value:
            raise InvalidValue(f'expected words in "text", found {text!r:.40}')
        found = ", ".join(map(repr, value)) or "none"
        raise InvalidValue(f'expected an object with "text", found the keys {found:.200}')
    told = list(_rows(value, where, tally))
    keys, rows = [key for key, _ in told], [row for _, row in told]
    answer = str(value.get("answer")).casefold()
    if answer in ("reject", "ignore"):
        for _ in rows:
            tally.reject(f"answer_{answer}", where)
        tally.leave(f'text answered "{answer}"', where)
        if options.needs_marks:
            return
        keys, rows = [], []
    mentions = read_marks(rows, text, where, tally, options, keys=keys)
    given = value.get("id")
    id = tally.document_id(str(given) if given is not None else id, where)
    yield Document(
        id,
        text,
        mentions,
        _sentences(value.get("sentences"), len(text)),
        tuple(_relations(value, where, tally)),
        _attributes(value),
    )


def _rows(value: dict[str, Any], where: str, tally: Tally) -> Iterator[tuple[str, Any]]:
    """Yield key and mark of every key that holds some; name the keys that could and were not read.

    A list under such a key without a single place is of another kind (classes of a whole text).
    """
    for key, held in value.items():
        if key.casefold() in MARKS:
            for group in groups_of(held):
                if not isinstance(group, list):
                    if group is not None and key in MARKS[:2]:
                        raise InvalidValue(f'"{key}": expected a list')
                    continue
                if group and key not in MARKS[:2] and not any(map(has_place, group)):
                    tally.leave(f'key "{key}"', where, count=len(group))
                    continue
                yield from ((key, one) for one in whole_marks(group))
    others = {key: one for key, one in value.items() if key.casefold() not in MARKS}
    meta = others.get("meta")
    if isinstance(meta, dict):  # a place of the text itself is no mark
        others["meta"] = [one for one in meta.values() if isinstance(one, list)]
    name_unread(others, OTHER, where, tally)


def _attributes(value: dict[str, Any]) -> Pairs:
    return (
        *covers_from_json(value),
        *split_from_json(value),
        *pairs(value.get("attributes"), "attributes"),
    )


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


def _relations(value: dict[str, Any], where: str, tally: Tally) -> Iterator[Relation]:
    """Yield the relations; one of another kind is counted."""
    rows = value.get("relations") or []
    if not isinstance(rows, list):
        raise InvalidValue('"relations": expected a list')
    for row in rows:
        try:
            yield _relation(row)
        except InvalidValue as error:
            tally.leave("relation of another kind", where, str(error))


def _relation(row: Any) -> Relation:
    if isinstance(row, dict) and "label" in row and {"head", "child"} <= row.keys():
        arguments: Pairs = (("head", str(row["head"])), ("child", str(row["child"])))
        return Relation("", str(row["label"]), arguments)
    if not isinstance(row, dict) or "type" not in row:
        raise InvalidValue(f'relations: expected {{"id", "type", "arguments"}}, found {row!r:.60}')
    if "from_id" in row and "to_id" in row:
        arguments = (("from", str(row["from_id"])), ("to", str(row["to_id"])))
    else:
        arguments = pairs(row.get("arguments"), "arguments")
    attributes = pairs(row.get("attributes"), "attributes")
    return Relation(str(row.get("id", "")), str(row["type"]), arguments, attributes)
