"""BRAT: a ``.txt`` and a ``.ann`` a document, in a folder or an archive.

T lines are mentions, R, E and * lines relations; A, M, N and # lines become attributes of what they
point at: ``Negation`` → ("Negation", ""), ``N1 Reference T1 Taxonomy:9606 human`` →
("normalization:Reference", "Taxonomy:9606\\thuman"), notes → ("note:AnnotatorNotes", …).
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bioner.errors import FormatError
from bioner.formats.attributes import ENTITIES, SOURCE_ID, mention_from, pairs_of, source_id
from bioner.formats.placing import Placer
from bioner.formats.source import decode_text
from bioner.formats.tally import UNTYPED, Losses, ReadOptions, Tally
from bioner.spans import Document, Mention, Range, Relation

OWN = "BionerAttribute"
"""The type of notes that hold, as JSON, what no other line can; target: a mention, or ``-``."""
_ANNOTATIONS = (".ann", ".a1", ".a2")
_SIMPLE = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_EVENT_KEY = "E"


@dataclass
class _Standoff:
    """The lines of one document's annotation files, sorted by what they say."""

    mentions: list[tuple[str, str, str, list[Range], str | None]] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    attributes: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))


def is_annotation(name: str) -> bool:
    """Tell whether a file name is that of BRAT annotations."""
    return name.lower().endswith(_ANNOTATIONS)


def read_pairs(
    members: Iterable[tuple[str, bytes]], tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield a document a ``.txt`` member, with the annotations of the ``.ann`` of the same name.

    ``members`` are names (with folders) and contents. Raises FormatError for annotations without
    their text.
    """
    files = dict(members)
    texts = {name[:-4]: name for name in files if name.lower().endswith(".txt")}
    annotations: dict[str, list[str]] = defaultdict(list)
    for name in sorted(files):
        if is_annotation(name):
            annotations[name.rpartition(".")[0]].append(name)
    for base, names in annotations.items():
        if base not in texts:
            raise FormatError(f"{names[0]}: {base}.txt, the text it annotates, is missing")
    for base, name in texts.items():
        standoff = _Standoff()
        for one in annotations[base]:
            if files[one].strip():
                _parse(decode_text(files[one], one), one, standoff)
        text = _text(files[name], name, standoff, tally)
        yield _document(base, text, standoff, tally, options)


def _text(data: bytes, name: str, standoff: _Standoff, tally: Tally) -> str:
    """Return the text, its line ends untouched, unless the offsets count ``\\r\\n`` as one."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decode_text(data, name)
    if data:
        decode_text(data + b".", name)
    if "\r\n" in text:
        joined = text.replace("\r\n", "\n")
        if _exact(joined, standoff) > _exact(text, standoff):
            tally.repair("line_ends_joined", f"{name}:1")
            return joined
    return text


def _exact(text: str, standoff: _Standoff) -> int:
    placer = Placer(text)
    placements = [placer.place(ranges, surface) for *_, ranges, surface in standoff.mentions]
    return sum(1 for one in placements if one.fragments and not one.rule)


def _document(
    base: str, text: str, standoff: _Standoff, tally: Tally, options: ReadOptions
) -> Document:
    placer = Placer(text)
    mentions: list[Mention] = []
    stated = {id for id, *_ in standoff.mentions}
    for id, label, where, ranges, surface in standoff.mentions:
        placed = placer.place(ranges, surface)
        detail = f"{id} {surface!r:.60}"
        if not placed.fragments:
            tally.reject(placed.rule, where, detail)
            continue
        if placed.rule:
            tally.repair(placed.rule, where, detail)
        label = label or options.label
        tally.place(label)
        pairs = standoff.attributes.pop(id, [])
        mentions.append(mention_from(placed.fragments, label, pairs, id=id))
    relations = tuple(
        replace(one, attributes=tuple(standoff.attributes.pop(one.id, ())))
        if one.id in standoff.attributes
        else one
        for one in standoff.relations
    )
    own = standoff.attributes.pop("-", [])
    for target in standoff.attributes:
        if target not in stated:
            tally.repair("dangling_attribute", base, f"of {target}, which is not there")
    relations += tuple(_relation_from(value) for key, value in own if key == "relation")
    wanted = next((value for key, value in own if key == "id"), base)
    id = tally.document_id(wanted, base)
    attributes = tuple((k, v) for k, v in own if k not in ("id", "relation"))
    if id != wanted:
        attributes = (*attributes, (SOURCE_ID, wanted))
    return Document(id, text, tuple(mentions), (), relations, attributes)


def _parse(text: str, name: str, standoff: _Standoff) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.isspace():
            continue
        where = f"{name}:{number}"
        id, _, rest = line.partition("\t")
        try:
            _parse_line(id, rest, where, standoff)
        except (ValueError, IndexError) as error:
            raise FormatError(
                f"{where}: expected a BRAT line such as 'T1<tab>Gene 0 4<tab>p53', got {line!r:.80}"
            ) from error


def _parse_line(id: str, rest: str, where: str, standoff: _Standoff) -> None:
    body, tab, tail = rest.partition("\t")
    kind = id[:1]
    if kind == "T":
        label, _, places = body.strip().partition(" ")
        ranges = [_range(one) for one in places.split(";")]
        standoff.mentions.append((id, label, where, ranges, tail if tab else None))
    elif kind in "AM" and kind:
        key, target, *value = body.split()
        standoff.attributes[target].append((key, " ".join(value)))
    elif kind == "N":
        key, target, reference = body.split(" ", 2)
        whole = f"{reference}\t{tail}" if tab else reference
        standoff.attributes[target].append((f"normalization:{key}", whole))
    elif kind == "#":
        key, target = body.split()
        if key == OWN:
            name, text = json.loads(tail)
            standoff.attributes[target].append((str(name), str(text)))
        else:
            standoff.attributes[target].append((f"note:{key}", tail))
    elif kind == "R":
        label, *arguments = body.split()
        standoff.relations.append(Relation(id, label, tuple(map(_argument, arguments))))
    elif kind == _EVENT_KEY:
        arguments = body.split()
        label = arguments[0].partition(":")[0]
        standoff.relations.append(Relation(id, label, tuple(map(_argument, arguments))))
    elif kind == "*":
        label, *members = body.split()
        standoff.relations.append(Relation("*", label, tuple(("", one) for one in members)))
    else:
        raise ValueError(f"unknown kind of line: {id!r}")


def _range(text: str) -> Range:
    start, end = text.split()
    return int(start), int(end)


def _argument(text: str) -> tuple[str, str]:
    role, colon, target = text.partition(":")
    if not colon:
        raise ValueError(f"expected role:target, got {text!r}")
    return role, target


def _relation_from(value: str) -> Relation:
    id, label, arguments, attributes = json.loads(value)
    return Relation(
        str(id),
        str(label),
        tuple((str(role), str(target)) for role, target in arguments),
        tuple((str(key), str(one)) for key, one in attributes),
    )


def write_pairs(documents: Iterable[Document], losses: Losses) -> Iterator[tuple[str, str]]:
    """Yield the files of each document: name and content, ``.txt`` and ``.ann``.

    BRAT holds everything but sentence ranges; what has no line of its own goes into notes.
    """
    used: set[str] = set()
    for document in documents:
        losses.document(document)
        losses.written += len(document.mentions)
        losses.drop("sentences_dropped", len(document.sentence_ranges))
        wanted = source_id(document)
        name = _file_name(wanted, used)
        # A reader takes one byte order mark away, so a text that begins with one gets another.
        yield f"{name}.txt", "\ufeff" * document.text.startswith("\ufeff") + document.text
        yield f"{name}.ann", "".join(_ann_lines(document, wanted, name, losses))


def _file_name(wanted: str, used: set[str]) -> str:
    name = base = re.sub(r"[^\w+-]+(?=\w|$)|[^\w.+-]", "_", wanted)[:120].strip("._") or "document"
    number = 1
    while name.casefold() in used:
        number += 1
        name = f"{base}-{number}"
    used.add(name.casefold())
    return name


def _ann_lines(document: Document, wanted: str, name: str, losses: Losses) -> Iterator[str]:
    numbered = _Numbered()
    ids = _mention_ids(document, losses)
    for id, one in zip(ids, document.mentions, strict=True):
        label = re.sub(r"\s", "_", one.label) or UNTYPED
        losses.drop("label_changed", label != one.label)
        places = ";".join(f"{start} {end}" for start, end in one.fragments)
        surface = re.sub(r"[\r\n]", " ", document.surface(one))
        yield f"{id}\t{label} {places}\t{surface}\n"
        for key, value in pairs_of(one):
            yield numbered.about(id, key, value)
    renamed = {one.id: id for id, one in zip(ids, document.mentions, strict=True) if one.id}
    known = {*ids, *(one.id for one in document.relations)}
    for relation in (_renamed(one, renamed) for one in document.relations):
        line = _relation_line(relation, known)
        if line:
            yield line
            for key, value in relation.attributes:
                yield numbered.about(relation.id, key, value)
        else:
            row = [relation.id, relation.type, relation.arguments, relation.attributes]
            yield numbered.own("-", "relation", json.dumps(row, ensure_ascii=False))
    if wanted != name:
        yield numbered.own("-", "id", wanted)
    for key, value in document.attributes:
        if key != SOURCE_ID:
            yield numbered.own("-", key, value)


class _Numbered:
    """Makes the lines about other lines, numbering each kind: A, N and #."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()

    def about(self, target: str, key: str, value: str) -> str:
        """Return the line for an attribute: BRAT's own kinds where they hold it, else a note."""
        kind, _, rest = key.partition(":")
        is_line = "\n" not in value and "\r" not in value
        if kind == "normalization" and _SIMPLE.fullmatch(rest):
            if is_line and value and not value[0].isspace():
                return f"{self._next('N')}\t{rest} {target} {value}\n"
        elif kind == "note" and _SIMPLE.fullmatch(rest) and rest != OWN and is_line:
            return f"{self._next('#')}\t{rest} {target}\t{value}\n"
        elif _SIMPLE.fullmatch(key) and (not value or value.split() == [value]):
            return f"{self._next('A')}\t{key} {target}{' ' * bool(value)}{value}\n"
        return self.own(target, key, value)

    def own(self, target: str, key: str, value: str) -> str:
        """Return a note of ours, which holds any key and value."""
        row = json.dumps([key, value], ensure_ascii=False)
        return f"{self._next('#')}\t{OWN} {target}\t{row}\n"

    def _next(self, kind: str) -> str:
        self._numbers[kind] += 1
        return f"{kind}{self._numbers[kind]}"


def _mention_ids(document: Document, losses: Losses) -> list[str]:
    """Return a T id for each mention: its own where it is one and not taken, else a new one."""
    taken: set[str] = set()
    for one in document.mentions:
        if re.fullmatch(r"T\d+", one.id):
            taken.add(one.id)
    given: set[str] = set()
    ids: list[str] = []
    number = 0
    for one in document.mentions:
        id = one.id
        if id not in taken or id in given:
            losses.drop("mention_id_changed", bool(id))
            number += 1
            while f"T{number}" in taken:
                number += 1
            id = f"T{number}"
            taken.add(id)
        given.add(id)
        ids.append(id)
    return ids


def _renamed(one: Relation, ids: dict[str, str]) -> Relation:
    """Return the relation with its mentions under the ids that they go out with."""
    return replace(
        one,
        arguments=tuple(
            (role, target if role in ENTITIES else ids.get(target, target))
            for role, target in one.arguments
        ),
    )


def _relation_line(one: Relation, known: set[str]) -> str:
    """Return the relation's own line, or nothing where BRAT has none that gives it back."""
    words = [one.type, *(text for pair in one.arguments for text in pair if text)]
    plain = all(re.fullmatch(r"[^\s:]+", word) for word in words)
    if not plain or not one.arguments or any(target not in known for _, target in one.arguments):
        return ""
    if one.id == "*" and not one.attributes and all(not role for role, _ in one.arguments):
        return f"*\t{one.type} {' '.join(target for _, target in one.arguments)}\n"
    if not all(role for role, _ in one.arguments) or not re.fullmatch(r"[RE]\d+", one.id):
        return ""
    arguments = " ".join(f"{role}:{target}" for role, target in one.arguments)
    if one.id[0] == _EVENT_KEY:
        return f"{one.id}\t{arguments}\n" if one.arguments[0][0] == one.type else ""
    return f"{one.id}\t{one.type} {arguments}\n"
