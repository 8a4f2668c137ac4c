"""What callers get of a tagged document: words with tags, or entities with offsets."""

from __future__ import annotations

from typing import Any

from bioner.bio import encode
from bioner.spans import Document
from bioner.text import sentences

Json = dict[str, Any]


def words(document: Document) -> list[Json]:
    """Return ``{"word", "tag", "confidence"}`` for each word of a tagged document, in order."""
    found: list[Json] = []
    for sentence in sentences(document):
        scores = [1.0] * len(sentence.tokens)
        for span in sentence.spans:
            scores[span.start : span.end] = [span.score or 0.0] * (span.end - span.start)
        tags = encode(sentence.spans, len(sentence.tokens))
        for (start, end), tag, score in zip(sentence.offsets, tags, scores, strict=True):
            found.append({"word": document.text[start:end], "tag": tag, "confidence": score})
    return found


def entities(document: Document) -> Json:
    """Return the text of a tagged document and its mentions with character offsets."""
    return {
        "text": document.text,
        "entities": [
            {
                "start": one.start,
                "end": one.end,
                "text": document.text[one.start : one.end],
                "label": one.label,
                "score": one.score,
                "alternatives": [{"label": a.label, "score": a.score} for a in one.alternatives],
            }
            for one in document.mentions
        ],
    }
