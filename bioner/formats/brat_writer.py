"""BRAT written: a ``.txt`` and a ``.ann`` a document, and what configures BRAT for them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from bioner.formats.attributes import SOURCE_ID, pairs_of, source_id
from bioner.formats.brat import EVENT_KEY, MODIFICATION, OWN
from bioner.formats.brat_configuration import Configuration
from bioner.formats.relations import pointing, standing_relations
from bioner.formats.tally import UNTYPED, Losses
from bioner.spans import Document, Relation

CONFIGURATION = "annotation.conf"
_SIMPLE = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


def write_archive(documents: Iterable[Document], losses: Losses) -> Iterator[tuple[str, str]]:
    """Yield what ``write_pairs`` does, then ``annotation.conf`` with the types in use."""
    configuration = Configuration()
    for name, content in write_pairs(documents, losses):
        for line in content.split("\n") if name.endswith(".ann") else ():
            configuration.add(line)
        yield name, content
    yield CONFIGURATION, configuration.text()


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
    relations = standing_relations(document, losses)
    for id, one in zip(ids, document.mentions, strict=True):
        label = re.sub(r"\s", "_", one.label) or UNTYPED
        losses.drop("label_changed", label != one.label)
        places = ";".join(f"{start} {end}" for start, end in one.fragments)
        surface = re.sub(r"[\r\n]", " ", document.surface(one))
        yield f"{id}\t{label} {places}\t{surface}\n"
        for key, value in pairs_of(one):
            yield numbered.about(id, key, value)
    renamed = {one.id: id for id, one in zip(ids, document.mentions, strict=True) if one.id}
    known = {*ids, *(one.id for one in relations)}
    for relation in (pointing(one, renamed) for one in relations):
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
    """Makes the lines about other lines, numbering each kind: A, M, N and #."""

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
        elif not value or value.split() == [value]:
            letter = "M" if kind == MODIFICATION else "A"
            name = rest if kind == MODIFICATION else key
            if _SIMPLE.fullmatch(name):
                return f"{self._next(letter)}\t{name} {target}{' ' * bool(value)}{value}\n"
        return self.own(target, key, value)

    def own(self, target: str, key: str, value: str) -> str:
        """Return a note of ours, which holds any key and value."""
        row = json.dumps([key, value], ensure_ascii=False)
        return f"{self._next('#')}\t{OWN} {target}\t{row}\n"

    def _next(self, kind: str) -> str:
        self._numbers[kind] += 1
        return f"{kind}{self._numbers[kind]}"


def _mention_ids(document: Document, losses: Losses) -> list[str]:
    """Return a T id for each mention: its own where it is one and not taken, else a new one.

    A new one is higher than any that is or was in use: what a relation, or a file beside this one,
    says of a mention that is gone must not be said of another.
    """
    said = [target for one in document.relations for _, target in one.arguments]
    said += [one.id for one in document.mentions]
    taken = {one for one in said if re.fullmatch(r"T\d{1,9}", one)}
    given: set[str] = set()
    ids: list[str] = []
    number = max((int(one[1:]) for one in taken), default=0)
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
    if one.id[0] == EVENT_KEY:
        is_trigger = one.arguments[0][0] == one.type
        return f"{one.id}\t{arguments}\n" if is_trigger else f"{one.id}\t{one.type} {arguments}\n"
    return f"{one.id}\t{one.type} {arguments}\n"
