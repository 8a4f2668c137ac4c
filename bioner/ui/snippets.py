"""Corpus sentences as snippets: spans, other readings, what is ignored, what was searched for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bioner.labels import LabelSchema
from bioner.spans import Mention, Range, Sentence, Span, mention
from bioner.ui.chips import is_flat, snippet_html
from bioner.ui.highlight import highlight_html


def sentence_mentions(sentence: Sentence, spans: Iterable[Span] | None = None) -> list[Mention]:
    """Return a sentence's spans as mentions over ``sentence.text``."""
    starts = [0]
    for token in sentence.tokens:
        starts.append(starts[-1] + len(token) + 1)
    return [
        mention(
            starts[span.start],
            starts[span.end] - 1,
            span.label,
            source_label=span.source_label,
            status=span.status,
            score=span.score,
            alternatives=span.alternatives,
        )
        for span in (sentence.spans if spans is None else spans)
    ]


def marked_html(
    text: str,
    mentions: Sequence[Mention],
    schema: LabelSchema,
    *,
    classes: Mapping[int, str] | None = None,
) -> str:
    """Return a short text with its mentions marked: as chips, or nested where they touch."""
    draw = snippet_html if is_flat(mentions) else highlight_html
    return draw(text, mentions, schema, classes=classes)


def sentence_html(sentence: Sentence, schema: LabelSchema, *, hits: Iterable[Range] = ()) -> str:
    """Return a corpus sentence's HTML: other allowed readings dashed, ignored parts hatched.

    ``hits`` are token ranges that a search found.
    """
    spans = sentence_mentions(sentence)
    readings = sentence_mentions(sentence, sentence.readings)
    classes = {len(spans) + i: "bn-reading" for i in range(len(readings))}
    hatched, found = _characters(sentence, sentence.ignored), _characters(sentence, hits)
    if not hatched and not found:
        return marked_html(sentence.text, [*spans, *readings], schema, classes=classes)
    return highlight_html(
        sentence.text, [*spans, *readings], schema, classes=classes, hatched=hatched, hits=found
    )


def _characters(sentence: Sentence, ranges: Iterable[Range]) -> list[Range]:
    """Return token ranges as character ranges of ``sentence.text``."""
    spans = [Span(start, end, "range") for start, end in ranges]
    return [(one.start, one.end) for one in sentence_mentions(sentence, spans)]
