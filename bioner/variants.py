"""How one name is written in several ways: case, plural, hyphen, Greek; one key for them all."""

from __future__ import annotations

import re
from functools import lru_cache

from bioner.tokens import fold, tokenize

_WORD = re.compile(r"[^\W_]+")
_KEPT_S = ("ss", "us", "is", "as", "os")
"""Endings of words that are no plurals: "virus", "sepsis", "pancreas"."""
_ES = ("ches", "shes", "xes", "sses", "uses", "nses")
"""Plurals whose singular has no "e": "viruses", "lenses"."""
_GREEK = re.compile(
    r"(alpha|beta|gamma|delta|epsilon|zeta|theta|kappa|lambda|sigma|omega)(?![a-z])|(\d+)"
)


@lru_cache(maxsize=65536)
def name_key(surface: str) -> str:
    """Return what all spellings of a name share: its folded words, lower-cased and in the singular.

    "TGF-β", "TGF beta" and "tgf-betas" are all "tgf beta". A Greek letter's name is a word of its
    own wherever it stands, and so are letters and digits ("IL2" is "IL-2"). Other signs count for
    nothing, but a name of signs alone is its own key.
    """
    folded = [fold(surface[start:end]) for start, end in tokenize(surface)]
    with_words = [one for one in folded if word_parts(one)]
    if not with_words:
        return " ".join(folded).lower()
    words = [part for one in with_words[:-1] for part in word_parts(one)]
    return " ".join([*words, *last_word_parts(with_words[-1])])


@lru_cache(maxsize=65536)
def word_parts(folded: str) -> tuple[str, ...]:
    """Return what a folded token adds to a key; nothing for one without letters and digits."""
    return tuple(part for word in _WORD.findall(folded) for part in _parts(word))


@lru_cache(maxsize=65536)
def last_word_parts(folded: str) -> tuple[str, ...]:
    """Return what a folded token adds to a key as its last word: in the singular."""
    words = _WORD.findall(folded)
    if words:
        words[-1] = _singular(words[-1])
    return tuple(part for word in words for part in _parts(word))


def _parts(word: str) -> list[str]:
    """Cut a word at digits and at a Greek letter's name that ends it or stands by itself."""
    return [part.lower() for part in _GREEK.split(word) if part]


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word[:-1].isupper():
        return word[:-1]
    if word.lower().endswith(_KEPT_S):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(_ES) else word[:-1]


def is_acronym(surface: str) -> bool:
    """Tell whether a name is written in capitals and signs, so that its case says what it is."""
    return surface.upper() == surface and any(char.isalpha() for char in surface)
