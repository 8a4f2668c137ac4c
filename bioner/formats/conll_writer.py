"""CoNLL written: documents as sentences of whole tokens, each loss counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from bioner import bio
from bioner.flattening import flatten
from bioner.formats.attributes import (
    COVERS,
    SENTENCE_COVERS,
    TOKENISED,
    covers_at,
    value_of,
    without,
)
from bioner.formats.conll_lines import COVERS_COMMENT
from bioner.formats.tally import Losses
from bioner.spans import Document, Range, Sentence, Span
from bioner.text import sentences_and_report
from bioner.tokens import as_word


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
                stream.write(f"{COVERS_COMMENT}{' '.join(covers.split())}\n")
            tokens = [as_word(document.text[start:end]) for start, end in ranges]
            write_sentence(tokens, bio.encode(spans, len(tokens)), stream)


def write_sentences(
    sentences: Iterable[Sentence],
    stream: TextIO,
    *,
    scheme: bio.Scheme = "IOB2",
    with_covers: bool = False,
) -> None:
    """Write sentences, with their tokens as they are, in the scheme.

    ``with_covers`` says before each sentence what was looked for in it, where somebody said so.
    """
    for one in sentences:
        if with_covers and one.covers:
            stream.write(f"{COVERS_COMMENT}{','.join(sorted(one.covers))}\n")
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
