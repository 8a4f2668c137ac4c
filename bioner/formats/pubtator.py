"""PubTator: a block a document, ``id|t|title`` and ``id|a|abstract``, then a line an annotation.

Offsets count characters of title + one break + abstract. Its annotation lines hold place, surface,
type and identifier; relation lines ``id, type, identifier, identifier[, novelty]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, TextIO

from bioner.formats.attributes import (
    COVERS,
    ENTITIES,
    PASSAGES,
    SENTENCE_COVERS,
    SOURCE_ID,
    Pairs,
    sentences_with_covers,
    source_id,
    without,
)
from bioner.formats.lines import OddLines, read_lines
from bioner.formats.passages import lay_out, passages_of, to_attribute
from bioner.formats.placing import Placer
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.identifiers import IDENTIFIER, identifier_of
from bioner.spans import Document, Mention, Relation

PASSAGE_LINE = re.compile(r"([^|\t\n]+)\|([A-Za-z])\|(.*)", re.DOTALL)
_KINDS = {"t": "title", "a": "abstract"}
_BREAKS = re.compile(r"[\n\r\t]")


@dataclass
class _Block:
    """The lines of one document, gathered until the next begins."""

    id: str
    line: int
    parts: list[tuple[str, str]] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the documents. An id that returns in a later block is another document."""
    block: _Block | None = None
    is_read, odd = False, OddLines(tally)
    for number, line in enumerate(read_lines(stream, name), 1):
        found = PASSAGE_LINE.fullmatch(line)
        if found:
            kind = found[2].lower()
            if block and (found[1] != block.id or block.rows or kind == "t"):
                yield _document(block, name, tally, options)
                block = None
            block, is_read = block or _Block(found[1], number), True
            block.parts.append((kind, found[3]))
        elif line and not line.isspace():
            cells = line.split("\t")
            if not is_read:
                odd.allow(
                    f"{name}:{number}: expected id|t|title, or an annotation of 5 or 6 columns "
                    f"separated by tabs after it, found {len(cells)}"
                )
            if block is None or len(cells) < 2:
                tally.leave("line of another kind", f"{name}:{number}", line[:60])
            else:
                block.rows.append((number, cells))
    if block:
        yield _document(block, name, tally, options)
    else:
        odd.refuse_many()


def _document(block: _Block, name: str, tally: Tally, options: ReadOptions) -> Document:
    parts = block.parts
    while len(parts) > 1 and not parts[-1][1]:
        parts = parts[:-1]
    offset = 0
    laid: list[tuple[str, int, Pairs]] = []
    for kind, text in parts:
        laid.append((text, offset, (("type", _KINDS.get(kind, kind)),)))
        offset += len(text) + 1
    text, passages = lay_out(laid)
    id = tally.document_id(block.id.strip(), f"{name}:{block.line}")
    own = [row for row in block.rows if row[1][0].strip() == block.id.strip()]
    placer = Placer(
        text,
        (([(int(cells[1]), int(cells[2]))], cells[3]) for _, cells in own if _is_mark(cells)),
    )
    mentions: list[Mention] = []
    relations: list[Relation] = []
    for number, cells in block.rows:
        where = f"{name}:{number}"
        if cells[0].strip() != block.id.strip():
            tally.reject("other_document", where, f"{cells[0]} inside {block.id}")
        elif len(cells) >= 4 and not re.match(r"\s*-?\d", cells[1]):
            relations.append(_relation(cells, f"R{len(relations) + 1}"))
        elif len(cells) >= 5 and not _is_mark(cells):
            tally.reject("unreadable_line", where, "\t".join(cells)[:60])
        elif not _is_mark(cells):
            tally.leave("line of another kind", where, "\t".join(cells)[:60])
        else:
            mention = _mention(cells, placer, where, tally, options)
            if mention:
                mentions.append(mention)
    attributes = to_attribute(passages)
    if id != block.id.strip():
        attributes = (*attributes, (SOURCE_ID, block.id.strip()))
    return Document(id, text, tuple(mentions), (), tuple(relations), attributes)


def _is_mark(cells: list[str]) -> bool:
    """Tell whether a line is an annotation: id, start, end, surface, type."""
    return len(cells) >= 5 and _is_number(cells[1]) and _is_number(cells[2])


def _is_number(cell: str) -> bool:
    return len(cell) < 12 and cell.isascii() and cell.removeprefix("-").isdigit()


def _mention(
    cells: list[str], placer: Placer, where: str, tally: Tally, options: ReadOptions
) -> Mention | None:
    start, end, surface, label = int(cells[1]), int(cells[2]), cells[3], cells[4] or options.label
    placed = placer.place([(start, end)], surface)
    if not placed.fragments:
        tally.reject(placed.rule, where, f"{surface!r:.60} at {start}-{end}")
        return None
    if placed.rule:
        now = placed.fragments[0]
        tally.repair(placed.rule, where, f"{surface!r:.60} {start}-{end} → {now[0]}-{now[1]}")
    tally.place(label)
    rest = tuple(
        (IDENTIFIER if i == 6 else f"column{i}", cell) for i, cell in enumerate(cells[5:], 6)
    )
    return Mention(placed.fragments, label, attributes=rest)


def _relation(cells: list[str], id: str) -> Relation:
    attributes = tuple(
        ("novel" if i == 5 else f"column{i}", cell) for i, cell in enumerate(cells[4:], 5)
    )
    return Relation(id, cells[1], tuple(zip(ENTITIES, cells[2:4], strict=True)), attributes)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a block a document; what PubTator cannot hold is counted.

    A discontinuous mention goes out as its whole extent, line breaks after the title as spaces
    (offsets stay), relations between mentions (not identifiers) not at all.
    """
    for document in documents:
        losses.document(document)
        stream.write("".join(f"{line}\n" for line in _lines(document, losses)) + "\n")


def _lines(document: Document, losses: Losses) -> Iterator[str]:
    wanted = source_id(document)
    id = re.sub(r"[|\s]", "_", wanted) or "document"
    losses.drop("id_changed", id != wanted)
    title, rest = _split(document, losses)
    yield f"{id}|t|{title}"
    yield f"{id}|a|{rest}"
    text = f"{title}\n{rest}"
    kept = (PASSAGES, SOURCE_ID, COVERS, SENTENCE_COVERS)
    losses.drop("attributes_dropped", len(without(document.attributes, *kept)))
    losses.drop("covers_dropped", sentences_with_covers(document))
    losses.drop("sentences_dropped", len(document.sentence_ranges))
    for one in document.mentions:
        losses.written += 1
        losses.drop("discontinuous_joined", one.is_discontinuous)
        losses.drop("mention_id_dropped", bool(one.id))
        columns = _columns(one.attributes)
        losses.drop_details(one, kept=frozenset(key for key, _ in columns))
        surface = text[one.start : one.end]
        cells = [id, str(one.start), str(one.end), surface, one.label, *(v for _, v in columns)]
        yield "\t".join(_BREAKS.sub(" ", cell) for cell in cells)
    for relation in document.relations:
        if tuple(role for role, _ in relation.arguments) != ENTITIES:
            losses.drop("relations_dropped")
            continue
        values = [relation.type, *(v for _, v in (*relation.arguments, *relation.attributes))]
        yield "\t".join([id, *(_BREAKS.sub(" ", cell) for cell in values)])


def _split(document: Document, losses: Losses) -> tuple[str, str]:
    """Return title and abstract: the first passage and the rest, or the first line and the rest."""
    text = document.text
    at = passages_of(document)[0].end
    if at == len(text):
        at = text.find("\n")
    if not 0 <= at < len(text) - 1:
        at = len(text)
    title, rest = text[:at], text[at + 1 :]
    losses.drop("line_breaks_replaced", len(_BREAKS.findall(title + rest)))
    return _BREAKS.sub(" ", title), _BREAKS.sub(" ", rest)


def _columns(attributes: Pairs) -> list[tuple[str, str]]:
    """Return the attributes that are columns six and on, without a gap."""
    columns: list[tuple[str, str]] = []
    for number, name in enumerate((IDENTIFIER, "column7", "column8", "column9"), 6):
        found = [pair for pair in attributes if pair[0] == name]
        if name == IDENTIFIER and not found and identifier_of(attributes):
            found = [(IDENTIFIER, identifier_of(attributes))]
        if len(columns) + 6 != number or not found:
            break
        columns.append(found[0])
    return columns
