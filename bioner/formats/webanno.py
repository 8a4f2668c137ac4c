"""WebAnno TSV 3 (INCEpTION too): a token a line with its offsets, a column a feature of a layer.

``Gene[1]|Protein[2]`` are two annotations; one number on several tokens is one annotation. Offsets
count UTF-16 units, as Java does. A layer of entities gives the mentions, else the first one with
values that is no grammar; the marks of the others are counted as not used. Of a layer, the
feature ``value`` (else ``label``, else the first) the label, the others attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, TextIO

from bioner.errors import FormatError
from bioner.formats.attributes import SAID_COVERS, sentences_with_covers, without
from bioner.formats.bioc import MAX_GAP
from bioner.formats.lines import read_lines
from bioner.formats.placing import Placer
from bioner.formats.source import stem
from bioner.formats.spacy import tokens_of
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.identifiers import IDENTIFIER, identifier_of
from bioner.spans import Document, Mention, Range
from bioner.text import sentences as sentences_of

FORMAT = "#FORMAT=WebAnno TSV"
_LAYER = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
_SPECIAL = re.compile(r"[\\|\[\]_;*>\t\n\r]")
_LETTERS = {"t": "\t", "n": "\n", "r": "\r"}
_CODES = {char: code for code, char in _LETTERS.items()}
_LINE = re.compile(r"\d+-\d+(\.\d+)?")
_PLACE = re.compile(r"\d{1,9}-\d{1,9}")


_ENTITIES = re.compile(r"entit|\bner?\b", re.IGNORECASE)
_GRAMMAR = re.compile(
    "(pos|token|sentence)|.*(lemma|stem|morph|chunk|constituent|depend).*", re.IGNORECASE
)
"""Names of layers that hold mentions, and of those that hold what every word has."""


@dataclass(frozen=True)
class _Column:
    """What a column holds: a feature of a layer."""

    layer: int
    name: str
    feature: str


@dataclass
class _Sentence:
    """A sentence's text and tokens: range by the file's count, form, cells."""

    line: int
    text: str = ""
    tokens: list[tuple[Range, str, list[str]]] = field(default_factory=list)


@dataclass
class _Mark:
    """One annotation: the ranges and forms of its tokens, its features."""

    line: int
    ranges: list[Range] = field(default_factory=list)
    features: dict[str, str] = field(default_factory=dict)


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the file's one document. Raises FormatError for what is no WebAnno TSV 3."""
    columns: list[_Column | None] = []
    layers = 0
    sentences: list[_Sentence] = []
    is_text = False
    for number, line in enumerate(read_lines(stream, name), 1):
        if number == 1 and not line.startswith(FORMAT):
            raise FormatError(f"{name}:1: expected {FORMAT} 3, found {line!r:.40}")
        if line.startswith("#T_"):
            kind, _, told = line.partition("=")
            features = told.split("|")[1:]
            if kind == "#T_SP":
                layer = told.split("|")[0]
                columns += [_Column(layers, layer, one) for one in features or [""]]
                layers += 1
            else:
                columns += [None] * len(features)
                tally.leave(f'layer "{told.split("|")[0]}"', f"{name}:{number}")
        elif line.startswith("#Text="):
            if not is_text:
                sentences.append(_Sentence(number))
            text = _unescape(line.removeprefix("#Text="))
            sentences[-1].text += "\n" + text if is_text else text
            is_text = True
        elif line and not line.startswith("#"):
            is_text = False
            _add_token(line, f"{name}:{number}", sentences, number)
    if not any(one.tokens for one in sentences):
        raise FormatError(f"{name}: no tokens found; expected WebAnno TSV 3")
    sentences = [one for one in sentences if one.tokens]
    yield _document(sentences, columns, name, tally, options)


def _add_token(line: str, where: str, sentences: list[_Sentence], number: int) -> None:
    cells = line.split("\t")
    if len(cells) < 3 or not _LINE.fullmatch(cells[0]) or not _PLACE.fullmatch(cells[1]):
        raise FormatError(f"{where}: expected a token (1-1, 0-3, p53, …), found {line!r:.60}")
    if not sentences:
        sentences.append(_Sentence(number))
    start, end = map(int, cells[1].split("-"))
    sentences[-1].tokens.append(((start, end), _unescape(cells[2]), cells[3:]))


def _document(
    sentences: list[_Sentence],
    columns: list[_Column | None],
    name: str,
    tally: Tally,
    options: ReadOptions,
) -> Document:
    text, ranges = _lay_out(sentences, name)
    stated = [([place], form) for one in sentences for place, form, _ in one.tokens if form.strip()]
    placer = Placer(text, stated)
    mentions: list[Mention] = []
    for mark in _marks(sentences, columns, name, tally):
        extent = (min(start for start, _ in mark.ranges), max(end for _, end in mark.ranges))
        placed = placer.place([extent])
        features = mark.features
        key = next((key for key in ("value", "label") if key in features), next(iter(features)))
        label = features[key] or options.label
        where = f"{name}:{mark.line}"
        if not placed.fragments:
            tally.reject(placed.rule, where, label)
            continue
        tally.place(label)
        rest = tuple((k, v) for k, v in features.items() if k != key and v)
        mentions.append(Mention(placed.fragments, label, attributes=rest))
    id = tally.document_id(stem(name), f"{name}:1")
    return Document(id, text, tuple(mentions), tuple(ranges))


def _lay_out(sentences: list[_Sentence], name: str) -> tuple[str, list[Range]]:
    """Return the text: sentences where their first tokens are, blanks between them."""
    parts: list[str] = []
    ranges: list[Range] = []
    units = at = 0
    for one in sentences:
        text = one.text or " ".join(form for _, form, _ in one.tokens)
        gap = max(one.tokens[0][0][0] - units - _lead(text, one.tokens[0][1]), int(bool(parts)))
        if gap > MAX_GAP:
            raise FormatError(f"{name}:{one.line}: {gap:,} characters after the sentence before")
        parts.append(" " * gap + text)
        if text.strip():
            ranges.append((at + gap, at + gap + len(text)))
        at += gap + len(text)
        units += gap + sum(2 if ord(char) > 0xFFFF else 1 for char in text)
    return "".join(parts), ranges


def _lead(text: str, form: str) -> int:
    """Return how many characters of a sentence stand before its first token."""
    return max(text.find(form), 0)


def _marks(
    sentences: list[_Sentence], columns: list[_Column | None], name: str, tally: Tally
) -> list[_Mark]:
    """Gather the annotations: one number is one, without a number each token has its own."""
    marks: dict[tuple[int, str], _Mark] = {}
    filled: dict[int, str] = {}
    for one in sentences:
        for number, (place, _, cells) in enumerate(one.tokens):
            for column, cell in zip(columns, cells, strict=False):
                if column is None or cell in ("_", ""):
                    continue
                for i, part in enumerate(re.split(r"(?<!\\)\|", cell)):
                    value, id = _value(part)
                    key = (column.layer, id or f"{one.line}/{number}/{i}")
                    mark = marks.setdefault(key, _Mark(one.line + number + 1))
                    if place not in mark.ranges:
                        mark.ranges.append(place)
                    mark.features[column.feature] = value
                    filled[column.layer] = column.name
    chosen = min(filled, key=lambda layer: (_rank(filled[layer]), layer), default=0)
    for layer in sorted(filled.keys() - {chosen}):
        others = [mark for (of, _), mark in marks.items() if of == layer]
        where = f"{name}:{others[0].line}"
        tally.leave(f'layer "{filled[layer]}"', where, count=len(others))
    return [mark for (layer, _), mark in marks.items() if layer == chosen]


def _rank(layer: str) -> int:
    """Return how early a layer is asked for mentions: entities, others, grammar last."""
    if _ENTITIES.search(layer.rpartition(".")[2]):
        return 0
    return 2 if _GRAMMAR.fullmatch(layer.rpartition(".")[2]) else 1


def _value(part: str) -> tuple[str, str]:
    """Return an annotation's value, empty for ``*``, and its number, empty without one."""
    found = re.fullmatch(r"(.*?)(?<!\\)\[(\d+)\]", part, re.DOTALL)
    value, id = (found[1], found[2]) if found else (part, "")
    return "" if value in ("*", "_") else _unescape(value), id


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _LETTERS.get(found[1], found[1]), text)


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + _CODES.get(found[0], found[0]), text)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write one document; the format holds no more in a file, so further ones follow its text."""
    stream.write(f"{FORMAT} 3.3\n#T_SP={_LAYER}|identifier|value\n\n")
    shift = numbered = sentence_number = 0
    for document in documents:
        losses.document(document)
        losses.drop("documents_joined", losses.documents > 1)
        losses.drop("relations_dropped", len(document.relations))
        losses.drop("attributes_dropped", len(without(document.attributes, *SAID_COVERS)))
        losses.drop("covers_dropped", sentences_with_covers(document))
        units = [0]
        for char in document.text:
            units.append(units[-1] + (2 if ord(char) > 0xFFFF else 1))
        edges = {edge for one in document.mentions for edge in (one.start, one.end)}
        numbers = {i: numbered + i + 1 for i in range(len(document.mentions))}
        numbered += len(document.mentions)
        written: set[int] = set()
        for one in sentences_of(document):
            sentence_number += 1
            low, high = one.start, one.end
            stream.write(f"\n#Text={_escape_text(document.text[low:high])}\n")
            inner = {edge - low for edge in edges}
            tokens = [
                (low + start, low + end)
                for start, end in tokens_of(document.text[low:high], inner)
                if document.text[low + start : low + end].strip()
            ]
            for number, (start, end) in enumerate(tokens, 1):
                held = [
                    i
                    for i, mention in enumerate(document.mentions)
                    if mention.start < end and mention.end > start
                ]
                written.update(held)
                cells = [
                    f"{sentence_number}-{number}",
                    f"{shift + units[start]}-{shift + units[end]}",
                    _escape(document.text[start:end]),
                    "|".join(
                        _cell(identifier_of(document.mentions[i].attributes), numbers[i])
                        for i in held
                    )
                    or "_",
                    "|".join(_cell(document.mentions[i].label, numbers[i]) for i in held) or "_",
                ]
                stream.write("\t".join(cells) + "\t\n")
        for i, mention in enumerate(document.mentions):
            losses.written += i in written
            losses.drop("outside_tokens_dropped", i not in written)
            losses.drop("discontinuous_joined", mention.is_discontinuous)
            losses.drop("mention_id_dropped", bool(mention.id))
            losses.drop_details(mention, kept=frozenset({IDENTIFIER}))
        shift += units[-1] + 1


def _cell(value: str, number: int) -> str:
    return f"{_escape(value) or '*'}[{number}]"


def _escape_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
