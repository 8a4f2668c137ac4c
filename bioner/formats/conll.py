"""CoNLL: a token a line, its tag in the last column, a blank line between sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO, TextIO

from bioner import bio
from bioner.errors import FormatError
from bioner.formats.extras import TOKENISED, value_of, without
from bioner.formats.lines import read_lines
from bioner.formats.report import UNTYPED, Losses, ReadOptions, Tally
from bioner.formats.source import read_text, stem
from bioner.spans import Document, Sentence, Span, corpus_sentence, flatten, unflatten
from bioner.text import sentences_and_report

DOCUMENT_START = "-DOCSTART-"
SCHEME_SENTENCES = 2000

_BRACKETS = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
}  # fmt: skip
_MARKER = re.compile(r"<(/?)([A-Za-z]+)>")


@dataclass(frozen=True)
class ConllFile:
    """The sentences of one CoNLL file, with the tag scheme found and every repair by its rule.

    Rules: ``inside_without_begin``, ``end_without_begin``, ``span_not_closed`` (``bio.decode``),
    ``begin_not_needed`` (a B- in a file that otherwise is IOB1), ``marker_token`` (``<ALL>`` …
    ``</ALL>`` around a sentence, left out), ``bracket_token`` (``-LRB-`` → ``(``). ``examples``
    are the first few of each, as ``file:line: rule``.
    """

    sentences: tuple[Sentence, ...]
    scheme: bio.Scheme
    repairs: Counter[str] = field(default_factory=Counter)
    columns: int = 2
    examples: tuple[str, ...] = ()
    document_starts: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """The lines between two blank lines: first line number, tokens and tags (not yet repaired)."""

    line: int
    tokens: list[str]
    tags: list[str]


@dataclass
class Layout:
    """What the lines of a file look like, found on its first token line, and what was skipped."""

    name: str
    separator: str = ""
    columns: int = 0
    document_starts: int = 0
    comments: int = 0


def read_conll(path: Path, *, untyped_label: str = "", document_prefix: str = "") -> ConllFile:
    """Read a whole CoNLL file, each sentence a document named ``document_prefix`` + index.

    Two or more columns separated by tabs or spaces, the token first and the tag last; IOB2, IOB1,
    IOBES (BILOU, BMEWO) or untyped, told by the content. ``-DOCSTART-`` lines are skipped and
    counted. Span labels are the file's own; untyped ones take ``untyped_label`` (or "Entity").
    Raises FormatError with ``file:line`` for another number of columns or an unknown tag.
    """
    layout = Layout(path.name)
    blocks = list(read_blocks(read_text(path).split("\n"), layout))
    tally = Tally("conll")
    decoder = Decoder(path.name, _scheme(blocks, path.name), untyped_label, tally)
    sentences = tuple(
        decoder.sentence(block, f"{document_prefix}{index}") for index, block in enumerate(blocks)
    )
    report = tally.report()
    return ConllFile(
        sentences,
        decoder.scheme,
        report.repairs,
        layout.columns,
        report.examples,
        layout.document_starts,
    )


def read_sentences(
    stream: BinaryIO, name: str, tally: Tally, options: ReadOptions
) -> Iterator[Sentence]:
    """Yield the sentences of a stream in constant memory; the first 2,000 tell the scheme.

    Each is a document of its own, ``name-1``, ``name-2``, …; see ``read_conll`` for the rest.
    """
    blocks = read_blocks(read_lines(stream, name), Layout(name))
    first = list(islice(blocks, SCHEME_SENTENCES))
    decoder = Decoder(name, _scheme(first, name), options.untyped_label, tally)
    tally.scheme = decoder.scheme
    for number, block in enumerate(chain(first, blocks), 1):
        tally.documents += 1
        sentence = decoder.sentence(block, f"{stem(name)}-{number}")
        for span in sentence.spans:
            tally.place(span.label)
        yield sentence


def to_document(sentence: Sentence) -> Document:
    """Return a corpus sentence as a document, its text the tokens joined by spaces."""
    return Document(
        sentence.document,
        sentence.text,
        unflatten(sentence),
        ((sentence.start, sentence.end),),
        attributes=((TOKENISED, "spaces"),),
    )


def _scheme(blocks: list[Block], name: str) -> bio.Scheme:
    if not blocks:
        raise FormatError(f"{name}: no token lines found; expected a token and its tag a line")
    runs = _count_runs(blocks, name)
    scheme = bio.detect_scheme(runs)
    orphans = sum(count for run, count in runs.items() if bio.split_tag(run[0])[0] == "I")
    return "IOB1" if scheme == "IOB2" and 2 * orphans > runs.total() else scheme


def read_blocks(lines: Iterable[str], layout: Layout) -> Iterator[Block]:
    """Yield the sentences of CoNLL lines (without their ends), filling in the layout.

    The first token line decides: tabs if it has one, else spaces; every other must have as many
    columns.
    """
    shared: dict[str, str] = {}
    share = shared.setdefault
    tokens: list[str] = []
    tags: list[str] = []
    first = number = 0
    separator, columns = layout.separator, layout.columns
    for number, line in enumerate(lines, 1):
        cells = line.split(separator) if separator else []
        if len(cells) != columns or not columns or not cells[0]:
            cells = _cells(line, number, layout)
            separator, columns = layout.separator, layout.columns
        elif cells[0] == DOCUMENT_START:
            layout.document_starts += 1
            cells = []
        if cells:
            if not tokens:
                first = number
            token, tag = cells[0], cells[-1]
            tokens.append(share(token, token))
            tags.append(share(tag, tag))
        elif tokens:
            yield Block(first, tokens, tags)
            tokens, tags = [], []
    if tokens:
        yield Block(first, tokens, tags)


def _cells(line: str, number: int, layout: Layout) -> list[str]:
    """Return the columns of a line that is not plainly a token line; nothing if it is none."""
    if not line or line.isspace():
        return []
    if line.startswith(DOCUMENT_START):
        layout.document_starts += 1
        return []
    if line.startswith("# ") and "\t" not in line and layout.separator in ("", "\t"):
        layout.comments += 1
        return []
    if not layout.separator:
        layout.separator = "\t" if "\t" in line else " "
    cells = line.split("\t") if layout.separator == "\t" else line.split()
    if len(cells) > 1 and not cells[0].strip():
        raise FormatError(f"{layout.name}:{number}: the first column (the token) is empty")
    if not layout.columns:
        if len(cells) < 2:
            raise FormatError(
                f"{layout.name}:{number}: expected 2 or more columns (a token and its tag, "
                f"separated by a tab or spaces), found {len(cells)}"
            )
        layout.columns = len(cells)
    if len(cells) != layout.columns:
        raise FormatError(
            f"{layout.name}:{number}: expected {layout.columns} columns, found {len(cells)}"
        )
    return cells


def _count_runs(blocks: Iterable[Block], name: str) -> Counter[tuple[str, ...]]:
    """Count the runs of tags without ``O`` between them: all that tells a scheme."""
    runs: Counter[tuple[str, ...]] = Counter()
    for block in blocks:
        runs.update(tuple(block.tags[start:end]) for start, end in _runs(block.tags))
    bad = {tag for run in runs for tag in run if not _is_tag(tag)}
    if bad:
        for block in blocks:
            for i, tag in enumerate(block.tags):
                if tag in bad:
                    raise unknown_tag(name, block.line + i, tag)
    return runs


def unknown_tag(name: str, line: int, tag: str) -> FormatError:
    """Return the error of a last column that is not a tag."""
    mend = "; if this is a table, name its text column" if " " in tag else ""
    return FormatError(
        f"{name}:{line}: expected a tag in the last column (O, or B-, I-, E-, S- and a type), "
        f"got {tag!r:.60}{mend}"
    )


def _is_tag(tag: str) -> bool:
    try:
        bio.split_tag(tag)
    except ValueError:
        return False
    return True


def _runs(tags: Sequence[str]) -> list[tuple[int, int]]:
    """Return the half-open ranges of the stretches without ``O``."""
    if tags.count("O") == len(tags):
        return []
    runs: list[tuple[int, int]] = []
    start = -1
    for i, tag in enumerate(tags):
        if tag == "O":
            if start >= 0:
                runs.append((start, i))
                start = -1
        elif start < 0:
            start = i
    if start >= 0:
        runs.append((start, len(tags)))
    return runs


def _needless_begins(run: Sequence[str], scheme: bio.Scheme) -> Counter[str]:
    """Count IOB1's B- tags that no mention of the same type stands directly before."""
    if scheme != "IOB1":
        return Counter()
    parts = [("O", ""), *map(bio.split_tag, run)]
    return Counter(
        "begin_not_needed"
        for before, (role, label) in pairwise(parts)
        if role == "B" and before[1] != label
    )


class Decoder:
    """Turns blocks into sentences, counting repairs; equal runs of tags are read once."""

    def __init__(self, name: str, scheme: bio.Scheme, untyped_label: str, tally: Tally) -> None:
        self.name = name
        self.scheme = scheme
        self.untyped_label = untyped_label or UNTYPED
        self.tally = tally
        self._known: dict[tuple[str, ...], tuple[list[bio.TagSpan], Counter[str]]] = {}

    def sentence(self, block: Block, document: str) -> Sentence:
        """Return the block as a sentence that is a document of its own."""
        tokens, tags, line = self._repaired(block)
        spans: list[Span] = []
        for start, end in _runs(tags):
            run = tuple(tags[start:end])
            known = self._known.get(run)
            if known is None:
                try:
                    found, repairs = bio.decode(run, self.scheme, untyped_label=self.untyped_label)
                    known = found, repairs + _needless_begins(run, self.scheme)
                except ValueError as error:
                    bad = next(i for i, tag in enumerate(run) if not _is_tag(tag))
                    raise unknown_tag(self.name, line + start + bad, run[bad]) from error
                self._known[run] = known
            found, repairs = known
            spans.extend(Span(start + one.start, start + one.end, one.label) for one in found)
            for rule, count in repairs.items():
                self._note(rule, line + start, count)
        return corpus_sentence(document, tokens, spans=spans)

    def _note(self, rule: str, line: int, count: int = 1) -> None:
        self.tally.repair(rule, f"{self.name}:{line}", count=count)

    def _repaired(self, block: Block) -> tuple[list[str], list[str], int]:
        tokens, tags, line = block.tokens, block.tags, block.line
        opening, closing = _MARKER.fullmatch(tokens[0]), _MARKER.fullmatch(tokens[-1])
        if (
            opening and closing and len(tokens) > 2
            and opening.groups() == ("", closing[2]) and closing[1]
            and tags[0] == tags[-1] == "O"
        ):  # fmt: skip
            self._note("marker_token", line, 2)
            tokens, tags, line = tokens[1:-1], tags[1:-1], line + 1
        if not _BRACKETS.keys().isdisjoint(tokens):
            for i, token in enumerate(tokens):
                if token in _BRACKETS:
                    self._note("bracket_token", line + i)
            tokens = [_BRACKETS.get(token, token) for token in tokens]
        return tokens, tags, line


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write the documents' sentences as two columns, token and IOB2 tag, separated by a tab.

    Tokens are the text's own characters. CoNLL holds flat mentions of whole tokens: nested ones
    are dropped (longest first, then leftmost), discontinuous ones joined, boundaries inside a
    token snapped outwards, each counted.
    """
    for document in documents:
        losses.document(document)
        losses.drop("relations_dropped", len(document.relations))
        losses.drop("attributes_dropped", len(without(document.attributes, TOKENISED)))
        for one in document.mentions:
            losses.drop("mention_id_dropped", bool(one.id))
            losses.drop_details(one)
        for tokens, spans in _flat_sentences(document, losses):
            write_sentence(tokens, bio.encode(spans, len(tokens)), stream)


def write_sentences(
    sentences: Iterable[Sentence], stream: TextIO, *, scheme: bio.Scheme = "IOB2"
) -> None:
    """Write sentences, with their tokens as they are, in the scheme."""
    for one in sentences:
        write_sentence(one.tokens, bio.encode(one.spans, len(one.tokens), scheme), stream)


def write_sentence(tokens: Sequence[str], tags: Sequence[str], stream: TextIO) -> None:
    """Write one sentence and the blank line after it."""
    for token, tag in zip(tokens, tags, strict=True):
        stream.write(f"{token}\t{tag}\n")
    stream.write("\n")


def _flat_sentences(
    document: Document, losses: Losses
) -> Iterator[tuple[list[str], tuple[Span, ...]]]:
    text = document.text
    if value_of(document.attributes, TOKENISED):
        ranges = [(m.start(), m.end()) for m in re.finditer("[^ ]+", text)]
        spans, report = flatten(document, ranges)
        found = [(ranges, spans)]
    else:
        sentences, report = sentences_and_report(document)
        found = [(list(one.offsets), one.spans) for one in sentences]
    losses.written += report.kept
    losses.drop("nested_dropped", report.nested_dropped)
    losses.drop("discontinuous_joined", report.discontinuous_joined)
    losses.drop("boundaries_snapped", report.snapped)
    outside = len(document.mentions) - report.kept - report.nested_dropped
    losses.drop("outside_tokens_dropped", outside)
    for offsets, spans in found:
        yield [text[start:end] for start, end in offsets], spans
