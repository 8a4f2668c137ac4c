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
from typing import BinaryIO

from bioner import bio
from bioner.errors import FormatError
from bioner.flattening import unflatten
from bioner.formats.attributes import (
    COVERS,
    TOKENISED,
)
from bioner.formats.conll_lines import (
    Block,
    Layout,
    is_tag,
    read_blocks,
    two_column_blocks,
    unknown_tag,
)
from bioner.formats.lines import OddLines, read_lines
from bioner.formats.source import read_text, stem
from bioner.formats.tally import UNTYPED, ReadOptions, Tally
from bioner.spans import Document, Sentence, Span, corpus_sentence

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
    blocks = two_column_blocks(text, layout) or list(read_blocks(text.split("\n"), layout))
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

    Each is a document of its own, ``name-1``, ``name-2``, …; see ``read_conll`` for the rest. Odd
    lines (another number of columns, what is no tag) are counted; a file of them is refused.
    """
    layout = Layout(name, OddLines(tally))
    blocks = read_blocks(read_lines(stream, name), layout)
    first = list(islice(blocks, SCHEME_SENTENCES))
    decoder = Decoder(name, _scheme(first, name), options.untyped_label, tally)
    tally.scheme = decoder.scheme
    for number, block in enumerate(chain(first, blocks), 1):
        tally.documents += 1
        sentence = decoder.sentence(block, f"{stem(name)}-{number}")
        for span in sentence.spans:
            tally.place(span.label)
        yield sentence
    if options.needs_marks:
        layout.refuse_unknown()


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


def _count_runs(blocks: Iterable[Block], name: str) -> Counter[tuple[str, ...]]:
    """Count the runs of tags without ``O`` between them: all that tells a scheme."""
    runs: Counter[tuple[str, ...]] = Counter()
    for block in blocks:
        runs.update(tuple(block.tags[start:end]) for start, end in block.runs)
    bad = {tag for run in runs for tag in run if not is_tag(tag)}
    if bad:
        for block in blocks:
            for i, tag in enumerate(block.tags):
                if tag in bad:
                    raise unknown_tag(name, block.line + i, tag)
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
                    bad = next(i for i, tag in enumerate(run) if not is_tag(tag))
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
