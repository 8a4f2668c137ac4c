"""CoNLL: a token a line, its tag in the last column, a blank line between sentences.

A comment ``# covers = Gene,Disease`` before a sentence says what its annotators looked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO, TextIO

from bioner import bio
from bioner.errors import FormatError
from bioner.flattening import flatten, unflatten
from bioner.formats.attributes import (
    COVERS,
    SENTENCE_COVERS,
    TOKENISED,
    covers_at,
    value_of,
    without,
)
from bioner.formats.lines import read_lines
from bioner.formats.source import read_text, stem
from bioner.formats.tally import UNTYPED, Losses, ReadOptions, Tally
from bioner.spans import Document, Range, Sentence, Span, corpus_sentence
from bioner.text import sentences_and_report
from bioner.tokens import as_word

DOCUMENT_START = "-DOCSTART-"
SCHEME_SENTENCES = 2000

_BRACKETS = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
}  # fmt: skip
_COVERS = "# covers = "
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
    """The lines between two blank lines: first line number, tokens and tags (not yet repaired).

    ``runs`` are the half-open ranges of the stretches without ``O``.
    """

    line: int
    tokens: list[str]
    tags: list[str]
    runs: list[Range]
    covers: frozenset[str] = frozenset()


@dataclass
class Layout:
    """What the lines of a file look like, found on its first token line, and what was skipped."""

    name: str
    separator: str = ""
    columns: int = 0
    document_starts: int = 0
    comments: int = 0
    covers: frozenset[str] = frozenset()


def read_conll(
    path: Path,
    *,
    untyped_label: str = "",
    document_prefix: str = "",
    corpus: str = "",
    split: str = "",
) -> ConllFile:
    """Read a whole CoNLL file, each sentence a document named ``document_prefix`` + index.

    Two or more columns separated by tabs or spaces, the token first and the tag last; IOB2, IOB1,
    IOBES (BILOU, BMEWO) or untyped, told by the content. ``-DOCSTART-`` lines are skipped and
    counted. Span labels are the file's own; untyped ones take ``untyped_label`` (or "Entity").
    Raises FormatError with ``file:line`` for another number of columns or an unknown tag.
    """
    layout = Layout(path.name)
    text = read_text(path)
    blocks = _two_column_blocks(text, layout) or list(read_blocks(text.split("\n"), layout))
    tally = Tally("conll")
    decoder = Decoder(
        path.name, _scheme(blocks, path.name), untyped_label, tally, corpus=corpus, split=split
    )
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
    covers = ((COVERS, ",".join(sorted(sentence.covers))),) if sentence.covers else ()
    return Document(
        sentence.document,
        sentence.text,
        unflatten(sentence),
        ((sentence.start, sentence.end),),
        attributes=((TOKENISED, "spaces"), *covers),
    )


def _scheme(blocks: list[Block], name: str) -> bio.Scheme:
    if not blocks:
        raise FormatError(f"{name}: no token lines found; expected a token and its tag a line")
    return bio.detect_scheme(_count_runs(blocks, name))


def _two_column_blocks(text: str, layout: Layout) -> list[Block]:
    """Return the sentences of plain lines of a token, a tab and a tag, a sentence at a time.

    Nothing where one line is of another kind: ``read_blocks``, a line at a time and slower, reads
    those and says which line is wrong.
    """
    if DOCUMENT_START in text:
        return []
    shared: dict[str, str] = {}
    share = shared.setdefault
    blocks: list[Block] = []
    line = 1
    for part in text.split("\n\n"):
        body = part.strip("\n")
        if body:
            cells = body.replace("\n", "\t\n\t").split("\t")
            tokens, tags, ends = cells[::3], cells[1::3], cells[2::3]
            if len(cells) % 3 != 2 or ends.count("\n") != len(ends) or "" in tokens:
                return []
            first = line + len(part) - len(part.lstrip("\n"))
            if any(tag[-1:].isspace() for tag in set(tags)):
                return []
            tags = list(map(share, tags, tags))
            blocks.append(Block(first, list(map(share, tokens, tokens)), tags, _runs(tags)))
        line += part.count("\n") + 2
    layout.separator, layout.columns = "\t", 2
    return blocks


def read_blocks(lines: Iterable[str], layout: Layout) -> Iterator[Block]:
    """Yield the sentences of CoNLL lines (without their ends), filling in the layout.

    The first token line decides: tabs if it has one, else spaces; every other must have as many
    columns.
    """
    shared: dict[str, str] = {}
    share = shared.setdefault
    tokens: list[str] = []
    tags: list[str] = []
    covers: frozenset[str] = frozenset()
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
                covers, layout.covers = layout.covers, frozenset()
            token, tag = cells[0], cells[-1].strip()
            tokens.append(share(token, token))
            tags.append(share(tag, tag))
        elif tokens:
            yield Block(first, tokens, tags, _runs(tags), covers)
            tokens, tags = [], []
    if tokens:
        yield Block(first, tokens, tags, _runs(tags), covers)


def _cells(line: str, number: int, layout: Layout) -> list[str]:
    """Return the columns of a line that is not plainly a token line; nothing if it is none."""
    if not line or line.isspace():
        return []
    if line.startswith(DOCUMENT_START):
        layout.document_starts += 1
        return []
    if line.startswith("# ") and not _is_token(line, layout):
        layout.comments += 1
        if line.startswith(_COVERS):
            layout.covers = frozenset(filter(None, line.removeprefix(_COVERS).strip().split(",")))
        return []
    if not layout.separator:
        layout.separator = "\t" if "\t" in line else " "
    cells = line.split("\t") if layout.separator == "\t" else _words(line)
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


def _words(line: str) -> list[str]:
    """Return the columns that spaces part; a no-break space parts none."""
    return [one for one in re.split(r"[ \t]+", line) if one.strip()]


def _is_token(line: str, layout: Layout) -> bool:
    """Tell whether a line that begins as a comment does is the token ``#`` and its columns."""
    if layout.separator == "\t" or "\t" in line:
        return "\t" in line
    words = _words(line)
    return len(words) == (layout.columns or 2) and (words[-1] == "O" or _is_tag(words[-1]))


def _count_runs(blocks: Iterable[Block], name: str) -> Counter[tuple[str, ...]]:
    """Count the runs of tags without ``O`` between them: all that tells a scheme."""
    runs: Counter[tuple[str, ...]] = Counter()
    for block in blocks:
        runs.update(tuple(block.tags[start:end]) for start, end in block.runs)
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


def _runs(tags: Sequence[str]) -> list[Range]:
    """Return the half-open ranges of the stretches without ``O``."""
    if tags.count("O") == len(tags):
        return []
    runs: list[Range] = []
    start = end = -1
    for i in [i for i, tag in enumerate(tags) if tag != "O"]:
        if i != end:
            if end >= 0:
                runs.append((start, end))
            start = i
        end = i + 1
    runs.append((start, end))
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

    def __init__(
        self,
        name: str,
        scheme: bio.Scheme,
        untyped_label: str,
        tally: Tally,
        *,
        corpus: str = "",
        split: str = "",
    ) -> None:
        self.name = name
        self.scheme = scheme
        self.untyped_label = untyped_label or UNTYPED
        self.tally = tally
        self.corpus, self.split = corpus, split
        self._known: dict[tuple[str, ...], tuple[list[bio.TagSpan], Counter[str]]] = {}

    def sentence(self, block: Block, document: str) -> Sentence:
        """Return the block as a sentence that is a document of its own."""
        block = self._repaired(block)
        tags, line = block.tags, block.line
        spans: list[Span] = []
        for start, end in block.runs:
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
        return corpus_sentence(
            document,
            block.tokens,
            spans=spans,
            covers=block.covers,
            corpus=self.corpus,
            split=self.split,
        )

    def _note(self, rule: str, line: int, count: int = 1) -> None:
        self.tally.repair(rule, f"{self.name}:{line}", count=count)

    def _repaired(self, block: Block) -> Block:
        if block.tokens[0].startswith("<") and _is_marked(block):
            self._note("marker_token", block.line, 2)
            runs = [(start - 1, end - 1) for start, end in block.runs]
            inside = slice(1, -1)
            block = replace(
                block,
                line=block.line + 1,
                tokens=block.tokens[inside],
                tags=block.tags[inside],
                runs=runs,
            )
        if not _BRACKETS.keys().isdisjoint(block.tokens):
            for i, token in enumerate(block.tokens):
                if token in _BRACKETS:
                    self._note("bracket_token", block.line + i)
            tokens = [_BRACKETS.get(token, token) for token in block.tokens]
            block = replace(block, tokens=tokens)
        return block


def _is_marked(block: Block) -> bool:
    """Tell whether marker tokens such as ``<ALL>`` and ``</ALL>`` stand around a sentence."""
    tokens, tags = block.tokens, block.tags
    opening, closing = _MARKER.fullmatch(tokens[0]), _MARKER.fullmatch(tokens[-1])
    return bool(
        opening and closing and len(tokens) > 2
        and opening.groups() == ("", closing[2]) and closing[1]
        and tags[0] == tags[-1] == "O"
    )  # fmt: skip


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write the documents' sentences as two columns, token and IOB2 tag, separated by a tab.

    Tokens are the text's own characters. CoNLL holds flat mentions of whole tokens: nested ones
    are dropped (longest first, then leftmost), discontinuous ones joined, boundaries inside a
    token snapped outwards, each counted. What was looked for, where somebody said so, is a comment
    before each sentence.
    """
    for document in documents:
        losses.document(document)
        losses.drop("relations_dropped", len(document.relations))
        kept = (TOKENISED, COVERS, SENTENCE_COVERS)
        losses.drop("attributes_dropped", len(without(document.attributes, *kept)))
        for one in document.mentions:
            losses.drop("mention_id_dropped", bool(one.id))
            losses.drop_details(one)
        flat = list(flat_sentences(document, losses))
        drop_between_tokens(document, flat, losses)
        for ranges, spans in flat:
            covers = covers_at(document, ranges[0][0] if ranges else 0)
            if covers is not None:
                stream.write(f"{_COVERS}{' '.join(covers.split())}\n")
            tokens = [as_word(document.text[start:end]) for start, end in ranges]
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


def flat_sentences(
    document: Document, losses: Losses
) -> Iterator[tuple[list[Range], tuple[Span, ...]]]:
    """Yield the tokens of each sentence with the mentions that lie flat on them, losses counted."""
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
    yield from found


def drop_between_tokens(
    document: Document, sentences: Sequence[tuple[list[Range], tuple[Span, ...]]], losses: Losses
) -> None:
    """Count what a format of tokens alone loses of a document: its id, and how its text ran."""
    spaced = " ".join(document.text[start:end] for ranges, _ in sentences for start, end in ranges)
    losses.drop("document_id_dropped")
    losses.drop("text_between_tokens_dropped", spaced != document.text)
    losses.drop("document_limits_dropped", len(sentences) > 1)
