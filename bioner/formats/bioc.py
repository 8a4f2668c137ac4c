"""BioC, in XML and in JSON: documents of passages, annotations with locations, relations of nodes.

Mention attributes are infons; ``type`` is the label. Passages are joined by one line break into the
document's text, and kept as its ``passages`` attribute, so that they are written as they came.
Comeau et al. 2013, "BioC: a minimalist approach to interoperability".
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, TextIO

from bioner.errors import FormatError
from bioner.formats.attributes import (
    ENTITIES,
    PASSAGES,
    SOURCE_ID,
    Pairs,
    mention_from,
    pairs_of,
    source_id,
    value_of,
    without,
)
from bioner.formats.jsonl import clean_text
from bioner.formats.passages import Passage, lay_out, passages_of, to_attribute
from bioner.formats.placing import Placement, Placer
from bioner.formats.source import decode_text, read_whole
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document, Mention, Range, Relation

_OWN_PAIRS = "attributes"
"""The infon that holds attributes, as JSON, where their keys repeat or mean something else here."""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the documents of BioC XML one by one; external entities are not resolved."""
    from lxml import etree  # type: ignore[import-untyped]

    context = etree.iterparse(
        stream, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False
    )
    root: str | None = None
    try:
        for event, element in context:
            if root is None:
                root = str(element.tag)
                if root not in ("collection", "document"):
                    raise FormatError(
                        f"{name}:{element.sourceline}: expected a BioC <collection>, found <{root}>"
                    )
            if event == "end" and element.tag == "document":
                where = f"{name}:{element.sourceline}"
                yield _read_document(_from_xml(element), where, tally, options)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise FormatError(
            f"{name}:{error.lineno or 1}: not readable as XML: {error.msg}"
        ) from error


def _from_xml(element: Any) -> dict[str, Any]:
    """Return a BioC XML element as the object that BioC JSON has for it."""
    value: dict[str, Any] = {**element.attrib, "line": element.sourceline, "infons": {}}
    children: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for child in element:
        tag = child.tag
        if tag == "infon":
            value["infons"][child.get("key") or ""] = child.text or ""
        elif tag in ("id", "offset", "text"):
            value[tag] = child.text or ""
        elif tag in ("location", "node"):
            children[tag].append(dict(child.attrib))
        elif isinstance(tag, str):
            children[tag].append(_from_xml(child))
    return value | {f"{tag}s": rows for tag, rows in children.items()}


def read_json(
    stream: BinaryIO, name: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the documents of BioC JSON: a collection, several, or a document a line."""
    text = decode_text(read_whole(stream, name), name)
    try:
        values = [json.loads(text)]
    except json.JSONDecodeError as error:
        values = _json_lines(text, name, error)
    except RecursionError as error:
        raise FormatError(f"{name}: JSON nested too deeply") from error
    for number, document in enumerate(_documents(values, name), 1):
        yield _read_document(document, f"{name}, document {number}", tally, options)


def _json_lines(text: str, name: str, whole: json.JSONDecodeError) -> list[Any]:
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except json.JSONDecodeError as error:
        raise FormatError(
            f"{name}:{whole.lineno}: expected JSON: {whole.msg} at column {whole.colno}"
        ) from error


def _documents(values: Iterable[Any], name: str) -> Iterator[dict[str, Any]]:
    for value in values:
        if isinstance(value, list):
            yield from _documents(value, name)
        elif isinstance(value, dict) and "passages" in value:
            yield value
        elif isinstance(value, dict) and isinstance(
            rows := value.get("documents", value.get("PubTator3")), list
        ):
            yield from _documents(rows, name)
        else:
            raise FormatError(
                f'{name}: expected a BioC collection with "documents", or a document with '
                f'"passages", found {value!r:.60}'
            )


def _read_document(
    value: dict[str, Any], where: str, tally: Tally, options: ReadOptions
) -> Document:
    try:
        return _document(value, where, tally, options)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise FormatError(
            f"{where}: not a BioC document: {type(error).__name__}: {error}"
        ) from error


def _document(value: dict[str, Any], where: str, tally: Tally, options: ReadOptions) -> Document:
    rows: list[dict[str, Any]] = value.get("passages") or []
    parts = [
        (clean_text(_passage_text(row), where, tally), int(row.get("offset") or 0), _infons(row))
        for row in rows
    ]
    text, passages = lay_out(parts)
    placer = Placer(text)
    mentions: list[Mention] = []
    relations = [_relation(one) for one in value.get("relations") or ()]
    ranges: list[Range] = []
    for row, passage in zip(rows, passages, strict=True):
        sentences = row.get("sentences") or ()
        for holder in (row, *sentences):
            relations += [_relation(one) for one in holder.get("relations") or ()]
            for one in holder.get("annotations") or ():
                mentions += _mention(one, placer, (passage,), where, tally, options)
        for one in sentences:
            start = int(one["offset"]) - passage.offset + passage.start
            end = start + len(one.get("text") or "")
            if passage.start <= start < end <= passage.end:
                ranges.append((start, end))
    for one in value.get("annotations") or ():
        mentions += _mention(one, placer, passages, where, tally, options)
    wanted = str(value.get("id") or "document")
    id = tally.document_id(wanted, where)
    attributes = (*_infons(value), *to_attribute(passages))
    if id != wanted:
        attributes = (*attributes, (SOURCE_ID, wanted))
    return Document(id, text, tuple(mentions), tuple(ranges), tuple(relations), attributes)


def _passage_text(row: dict[str, Any]) -> str:
    """Return the passage's text, or that of its sentences laid out by their offsets."""
    text = row.get("text")
    if text:
        return str(text)
    joined = ""
    base = int(row.get("offset") or 0)
    for one in row.get("sentences") or ():
        joined = joined.ljust(int(one["offset"]) - base) + (one.get("text") or "")
    return joined


def _infons(value: dict[str, Any]) -> Pairs:
    infons = value.get("infons") or {}
    return tuple((str(key), _string(one)) for key, one in infons.items())


def _string(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mention(
    value: dict[str, Any],
    placer: Placer,
    passages: tuple[Passage, ...],
    where: str,
    tally: Tally,
    options: ReadOptions,
) -> list[Mention]:
    """Return the mention of an annotation; none, counted, if it cannot be placed."""
    where = f"{where.rpartition(':')[0]}:{value['line']}" if "line" in value else where
    stated = [
        (int(one["offset"]), int(one["offset"]) + int(one["length"]))
        for one in value.get("locations") or ()
    ]
    surface = value.get("text") or None
    infons = _infons(value)
    label = value_of(infons, "type") or options.label
    placed = _place(stated, surface, placer, passages)
    detail = f"{value.get('id') or ''} {surface!r:.60} at {stated}"
    if not placed.fragments:
        tally.reject(placed.rule, where, detail)
        return []
    if placed.rule:
        tally.repair(placed.rule, where, detail)
    tally.place(label)
    pairs = list(without(infons, "type"))
    own = value_of(infons, _OWN_PAIRS)
    if own:
        pairs = [pair for pair in pairs if pair[0] != _OWN_PAIRS]
        pairs += [(str(key), str(one)) for key, one in json.loads(own)]
    return [mention_from(placed.fragments, label, pairs, id=str(value.get("id") or ""))]


def _place(
    stated: list[Range], surface: str | None, placer: Placer, passages: tuple[Passage, ...]
) -> Placement:
    """Place an annotation by document offsets, or, where those fail, by offsets in its passage."""
    if not stated:
        return Placement((), "no_location")
    ranges = [(_to_text(s, passages), _to_text(e, passages, ends=True)) for s, e in stated]
    placed = placer.place(ranges, surface)
    if placed.rule and surface and len(passages) == 1:
        at = passages[0].start
        inside = placer.place([(start + at, end + at) for start, end in stated], surface)
        if inside.fragments and not inside.rule:
            return Placement(inside.fragments, "offset_in_passage")
    return placed


def _to_text(offset: int, passages: tuple[Passage, ...], *, ends: bool = False) -> int:
    """Return where an offset by the file's count lies in the text."""
    found = passages[0]
    for one in passages:
        if one.offset <= offset - ends:
            found = one
    return offset - found.offset + found.start


def _relation(value: dict[str, Any]) -> Relation:
    infons = _infons(value)
    nodes = [(str(one.get("role", "")), str(one["refid"])) for one in value.get("nodes") or ()]
    named = [(key, one) for key, one in infons if key in ENTITIES]
    attributes = without(infons, "type", *ENTITIES)
    own = value_of(attributes, _OWN_PAIRS)
    if own:
        attributes = tuple((str(key), str(one)) for key, one in json.loads(own))
    id = str(value.get("id") or "")
    return Relation(id, value_of(infons, "type"), (*named, *nodes), attributes)


def write_xml(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write BioC XML; characters that XML forbids go out as U+FFFD, counted."""
    from bioc.biocxml.encoder import encode_document
    from lxml import etree

    stream.write(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE collection SYSTEM \"BioC.dtd\">\n"
    )
    stream.write("<collection><source>bioner</source><date></date><key></key>\n")
    for document in documents:
        element = encode_document(_to_bioc(_without_forbidden(document, losses), losses))
        stream.write(etree.tostring(element, encoding="unicode") + "\n")
    stream.write("</collection>\n")


def write_json(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write one BioC JSON collection, a document a line inside it."""
    from bioc.biocjson.encoder import toJSON

    stream.write('{"source": "bioner", "date": "", "key": "", "version": "1.0", "infons": {}, ')
    stream.write('"documents": [')
    for number, document in enumerate(documents):
        row = json.dumps(toJSON(_to_bioc(document, losses)), ensure_ascii=False)
        stream.write((",\n" if number else "\n") + row)
    stream.write("\n]}\n")


def _to_bioc(document: Document, losses: Losses) -> Any:
    """Return the document as the ``bioc`` library's, each mention in the passage it begins in."""
    from bioc import BioCAnnotation, BioCDocument, BioCLocation, BioCPassage

    losses.document(document)
    losses.written += len(document.mentions)
    losses.drop("sentences_dropped", len(document.sentence_ranges))
    result = BioCDocument()
    result.id = source_id(document)
    result.infons = dict(without(document.attributes, PASSAGES, SOURCE_ID))
    passages = passages_of(document)
    for one in passages:
        passage = BioCPassage()
        passage.offset = one.offset
        passage.infons = dict(one.infons)
        passage.text = document.text[one.start : one.end]
        result.add_passage(passage)
    used = {one.id for one in document.mentions}
    number = 0
    for mention in document.mentions:
        id = mention.id
        while not id:
            number += 1
            id = "" if str(number) in used else str(number)
        at = max(i for i, one in enumerate(passages) if i == 0 or one.start <= mention.start)
        annotation = BioCAnnotation()
        annotation.id = id
        annotation.infons = {"type": mention.label, **_to_infons(pairs_of(mention), ("type",))}
        annotation.text = document.surface(mention)
        for start, end in mention.fragments:
            shift = passages[at].offset - passages[at].start
            annotation.add_location(BioCLocation(start + shift, end - start))
        result.passages[at].add_annotation(annotation)
    for relation in document.relations:
        result.add_relation(_to_relation(relation))
    return result


def _to_relation(relation: Relation) -> Any:
    from bioc import BioCNode, BioCRelation

    result = BioCRelation()
    result.id = relation.id
    roles = tuple(role for role, _ in relation.arguments)
    named = roles == ENTITIES
    result.infons = {
        "type": relation.type,
        **(dict(relation.arguments) if named else {}),
        **_to_infons(list(relation.attributes), ("type", *ENTITIES)),
    }
    for role, target in () if named else relation.arguments:
        result.add_node(BioCNode(target, role))
    return result


def _to_infons(pairs: list[tuple[str, str]], reserved: tuple[str, ...]) -> dict[str, str]:
    """Return pairs as infons: as one of JSON where keys repeat or mean something else."""
    infons = dict(pairs)
    if len(infons) == len(pairs) and not {*reserved, _OWN_PAIRS} & infons.keys():
        return infons
    return {_OWN_PAIRS: json.dumps(pairs, ensure_ascii=False)}


def _without_forbidden(document: Document, losses: Losses) -> Document:
    found = len(_FORBIDDEN.findall(document.text))
    losses.drop("forbidden_characters_replaced", found)
    if not found:
        return document
    text = _FORBIDDEN.sub("\ufffd", document.text)
    return Document(
        document.id,
        text,
        document.mentions,
        document.sentence_ranges,
        document.relations,
        document.attributes,
    )
