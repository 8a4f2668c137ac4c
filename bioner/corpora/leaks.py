"""Which train sentences also stand, whole or nearly, among the held-out ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

from bioner.spans import Sentence, normalise

LeakRule = Literal["equal", "equal_but_for_case_or_punctuation", "contained"]
LEAK_RULES: tuple[LeakRule, ...] = get_args(LeakRule)

LONG_WORDS = 12
"""From this many words on, a sentence that contains another, or lies in it, counts as a leak."""

_HEAD_WORDS = 4
"""So many first words tell most texts apart, and are compared before ``LONG_WORDS`` are."""


def find_leaks(train: Sequence[Sentence], held: Sequence[Sentence]) -> list[LeakRule | None]:
    """Return for each train sentence the rule by which it leaks, or None.

    It leaks where a held-out sentence is equal, equal but for case and punctuation, or (from
    ``LONG_WORDS`` words on) contains it or is contained in it.
    """
    equal = {one.tokens for one in held}
    held_words = {normalise(one.tokens) for one in held}
    train_words = ["" if one.tokens in equal else normalise(one.tokens) for one in train]
    contained = _contained(set(train_words) - held_words, held_words)

    def rule_of(sentence: Sentence, words: str) -> LeakRule | None:
        if sentence.tokens in equal:
            return "equal"
        if words and words in held_words:
            return "equal_but_for_case_or_punctuation"
        return "contained" if words in contained else None

    return [rule_of(one, words) for one, words in zip(train, train_words, strict=True)]


def _contained(train: Iterable[str], held: Iterable[str]) -> set[str]:
    """Return the long train texts that lie in a held-out one, or that hold one."""
    long_train, long_held = _LongTexts(train), _LongTexts(held)
    inside = {part for text in long_held.texts for part in long_train.parts_of(text)}
    return inside | {text for text in long_train.texts if any(long_held.parts_of(text))}


class _LongTexts:
    """Texts of at least ``LONG_WORDS`` words, found by their first ones."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts: list[str] = []
        self._starts: dict[str, list[str]] = defaultdict(list)
        self._heads: set[tuple[str, ...]] = set()
        for text in texts:
            words = text.split()
            if len(words) >= LONG_WORDS:
                self.texts.append(text)
                self._starts[" ".join(words[:LONG_WORDS])].append(text)
                self._heads.add(tuple(words[:_HEAD_WORDS]))

    def parts_of(self, text: str) -> Iterator[str]:
        """Yield those of the texts that lie in this one, at whole words."""
        words = text.split()
        heads = list(zip(*(words[i:] for i in range(_HEAD_WORDS)), strict=False))
        if self._heads.isdisjoint(heads):
            return
        padded = f" {text} "
        for i, head in enumerate(heads):
            if head in self._heads:
                for other in self._starts.get(" ".join(words[i : i + LONG_WORDS]), ()):
                    if f" {other} " in padded:
                        yield other
