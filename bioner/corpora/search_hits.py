"""What a search found: sentences read back from the index, and where in them the words stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bioner.corpora.search_index import (
    Row,
    words_of,
)
from bioner.spans import Range, Sentence, Span, corpus_sentence

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Hit:
    """A found sentence, its number in the index, and the token ranges that match the text."""

    number: int
    sentence: Sentence
    matches: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the hits, in the dataset's order, and how many there are."""

    hits: tuple[Hit, ...]
    total: int
    offset: int


def hit_of(number: int, body: str, phrases: Sequence[tuple[list[str], bool]]) -> Hit:
    """Return a row of the index as a hit, with the places of the phrases."""
    sentence = sentence_of(json.loads(body))
    return Hit(number, sentence, tuple(_matches(sentence, phrases)) if phrases else ())


def _matches(sentence: Sentence, phrases: Sequence[tuple[list[str], bool]]) -> Iterator[Range]:
    """Yield the token ranges where a phrase stands, by place."""
    searched = words_of(sentence.text)
    found: set[Range] = set()
    for phrase, has_star in phrases:
        wanted = [word.lower() for word in phrase]
        for start in range(len(searched.words) - len(wanted) + 1):
            there = list(searched.words[start : start + len(wanted)])
            if has_star:
                there[-1] = there[-1][: len(wanted[-1])]
            if there == wanted:
                last = searched.token_of[start + len(wanted) - 1]
                found.add((searched.token_of[start], last + 1))
    yield from sorted(found)


def sentence_of(row: Row) -> Sentence:
    """Read a sentence back, as the merged data has it."""

    def spans(name: str) -> tuple[Span, ...]:
        return tuple(
            Span(s["start"], s["end"], s["label"], s["source_label"], tuple(s["stands_for"]))
            for s in row[name]
        )

    base = corpus_sentence(
        row["document"],
        row["text"].split(" "),
        spans=spans("spans"),
        covers=frozenset(row["covers"]),
        corpus=row["corpus"],
        split=row["split"],
    )
    return replace(
        base,
        readings=spans("readings"),
        ignored=tuple((start, end) for start, end in row["ignored"]),
        sources=tuple(row["sources"]),
    )
