"""Patterns that mark: regular expressions and token patterns, each with a limit of time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from bioner.errors import BionerError
from bioner.spans import Document, Mention, Range
from bioner.tokens import tokenize

SECONDS = 1.0
"""How long a pattern may take over one text before it is stopped."""
LONGEST = 2000
"""Characters of a pattern."""
MOST = 2000
"""Marks of one pattern in one text."""


class PatternError(BionerError):
    """A pattern that cannot be read, or that would run away."""


@dataclass(frozen=True, kw_only=True)
class PatternSuggester:
    """A pattern that proposes marks of one type.

    With ``by_token`` each word of the pattern is a regular expression for a whole token, and they
    stand one after the other: ``IL - \\d+``; else the pattern is one for the text, and marks its
    group "mark" if it has one. Raises PatternError, here and while it searches.
    """

    pattern: str
    label: str
    by_token: bool = False
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        if not self.pattern.strip() or len(self.pattern) > LONGEST:
            raise PatternError(f"the pattern: expected 1 to {LONGEST:,} characters")
        for one in self._compiled():
            if one.fullmatch(""):
                raise PatternError(f"{self.pattern!r}: it would match nothing everywhere")

    @property
    def name(self) -> str:
        return f"pattern:{self.pattern}"

    @property
    def version(self) -> str:
        told = f"{self.pattern}\0{self.label}\0{self.by_token}"
        return hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest()

    def suggest(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents with what the pattern finds, from left to right."""
        compiled = self._compiled()
        return [self._marked(one, compiled) for one in documents]

    def _compiled(self) -> list[regex.Pattern[str]]:
        words = self.pattern.split() if self.by_token else [self.pattern]
        try:
            return [regex.compile(one, regex.V1) for one in words]
        except (regex.error, RecursionError, OverflowError) as error:
            raise PatternError(f"{self.pattern!r}: cannot be read: {error}") from error

    def _marked(self, document: Document, compiled: Sequence[regex.Pattern[str]]) -> Document:
        until = time.monotonic() + self.seconds
        find = self._of_tokens if self.by_token else self._of_text
        marks: list[Mention] = []
        try:
            for start, end in find(document.text, compiled, until):
                if marks and start < marks[-1].end:
                    continue
                marks.append(Mention(((start, end),), self.label, status="predicted"))
                if len(marks) >= MOST:
                    break
        except TimeoutError as error:
            raise PatternError(
                f"{self.pattern!r}: stopped after {self.seconds:g} s in the text "
                f"{document.id!r}; make it simpler (a repetition inside a repetition, often)"
            ) from error
        return replace(document, mentions=tuple(marks), relations=())

    @staticmethod
    def _of_text(
        text: str, compiled: Sequence[regex.Pattern[str]], until: float
    ) -> Iterator[Range]:
        [one] = compiled
        group = "mark" if "mark" in one.groupindex else 0
        at = 0
        while at <= len(text):
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            found = one.search(text, at, timeout=left)
            if found is None:
                return
            start, end = found.span(group)
            if 0 <= start < end:
                yield start, end
            at = max(found.end(), at + 1)

    @staticmethod
    def _of_tokens(
        text: str, compiled: Sequence[regex.Pattern[str]], until: float
    ) -> Iterator[Range]:
        ranges = tokenize(text)
        for at in range(len(ranges) - len(compiled) + 1):
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            window = ranges[at : at + len(compiled)]
            if all(
                one.fullmatch(text, start, end, timeout=left)
                for one, (start, end) in zip(compiled, window, strict=True)
            ):
                yield window[0][0], window[-1][1]
