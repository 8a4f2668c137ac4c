"""BRAT: a ``.txt`` and a ``.ann`` a document, in a folder or an archive.

T lines are mentions, R, E and * lines relations; A, M, N and # lines become attributes of what they
point at: ``A1 Negation E1`` → ("Negation", ""), ``M1 Negation E1`` → ("modification:Negation", ""),
``N1 Reference T1 Taxonomy:9606 human`` → ("normalization:Reference", "Taxonomy:9606\\thuman"),
notes → ("note:AnnotatorNotes", …). BRAT reads M as A, for the sake of older tools; those know M
alone, so each goes out as it came in.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bioner.errors import FormatError
from bioner.formats.attributes import SOURCE_ID, mention_from
from bioner.formats.placing import Placer
from bioner.formats.source import decode_text
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document, Mention, Range, Relation

OWN = "BionerAttribute"
"""The type of notes that hold, as JSON, what no other line can; target: a mention, or ``-``."""
_ANNOTATIONS = (".ann", ".a1", ".a2")
EVENT_KEY = "E"
MODIFICATION = "modification"
"""What the keys of M lines begin with."""

_MENTION = re.compile(r"T\d+\s|T.*\t.")
"""How the line of a mention begins, whatever parts its columns."""


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
                _parse(decode_text(files[one], one), one, standoff, tally)
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
    return sum(placer.stands(ranges, surface) for *_, ranges, surface in standoff.mentions)


def _document(
    base: str, text: str, standoff: _Standoff, tally: Tally, options: ReadOptions
) -> Document:
    placer = Placer(text, ((ranges, surface) for *_, ranges, surface in standoff.mentions))
    mentions: list[Mention] = []
    stated = {id for id, *_ in standoff.mentions}
    taken: set[str] = set()
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
        if id in taken:  # what else is said of the id is said of the first
            tally.repair("id_given_twice", where, detail)
            id = ""
        taken.add(id)
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
    relations += tuple(_own_relations(own, base, tally))
    wanted = next((value for key, value in own if key == "id"), base)
    id = tally.document_id(wanted, base)
    attributes = tuple((k, v) for k, v in own if k not in ("id", "relation"))
    if id != wanted:
        attributes = (*attributes, (SOURCE_ID, wanted))
    return Document(id, text, tuple(mentions), (), relations, attributes)


def _parse(text: str, name: str, standoff: _Standoff, tally: Tally) -> None:
    """Sort the lines by what they say; a line that says nothing we know is counted."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.isspace():
            continue
        where = f"{name}:{number}"
        id, _, rest = line.partition("\t")
        id = id.strip()
        try:
            _parse_line(id, rest, where, standoff)
        except (ValueError, TypeError, IndexError, RecursionError):
            if _MENTION.match(line):
                tally.reject("unreadable_line", where, f"{line!r:.80}")
            else:
                tally.leave("line of another kind", where, f"{line!r:.80}")


def _parse_line(id: str, rest: str, where: str, standoff: _Standoff) -> None:
    body, tab, tail = rest.partition("\t")
    kind = id[:1]
    if kind == "T":
        label, _, places = body.strip().partition(" ")
        ranges = [_range(one) for one in places.split(";")]
        standoff.mentions.append((id, label, where, ranges, tail if tab else None))
    elif kind in "AM" and kind:
        key, target, *value = body.split()
        key = f"{MODIFICATION}:{key}" if kind == "M" else key
        standoff.attributes[target].append((key, " ".join(value)))
    elif kind == "N":
        key, target, reference = body.split(" ", 2)
        target, reference = target.removeprefix("Annotation:"), reference.removeprefix("Referent:")
        whole = f"{reference}\t{tail}" if tab else reference
        standoff.attributes[target].append((f"normalization:{key}", whole))
    elif kind == "#":
        key, target = body.split() if " " in body.strip() else (body.strip(), "-")
        if key == OWN:
            name, text = json.loads(tail)
            standoff.attributes[target].append((str(name), str(text)))
        else:
            standoff.attributes[target].append((f"note:{key}", tail))
    elif kind == "R":
        label, *arguments = body.split()
        standoff.relations.append(Relation(id, label, tuple(map(_argument, arguments))))
    elif kind == EVENT_KEY:
        arguments = body.split()
        label, has_trigger, _ = arguments[0].partition(":")
        arguments = arguments if has_trigger else arguments[1:]
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


def _own_relations(own: Iterable[tuple[str, str]], base: str, tally: Tally) -> Iterator[Relation]:
    """Yield the relations that notes of ours hold, those that BRAT has no line for."""
    for value in (value for key, value in own if key == "relation"):
        try:
            id, label, arguments, attributes = json.loads(value)
            yield Relation(
                str(id),
                str(label),
                tuple((str(role), str(target)) for role, target in arguments),
                tuple((str(key), str(one)) for key, one in attributes),
            )
        except (ValueError, TypeError, RecursionError):
            tally.leave("note of a relation", base, f"{value:.60}")
