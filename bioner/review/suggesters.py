"""Suggesters: whatever proposes marks, under one contract; a model, a list of names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from bioner.corpora.vocabulary import read_terms
from bioner.errors import FormatError
from bioner.identifiers import IDENTIFIER
from bioner.review.dictionary import Dictionary
from bioner.review.terms import Wanted
from bioner.spans import Document, Mention
from bioner.tokens import fold, tokenize
from bioner.variants import is_acronym, last_word_parts, name_key, word_parts

_SENTENCE_END = re.compile(r"[.!?;]")


class Suggester(Protocol):
    """What proposes marks.

    ``name`` says which, and of what kind (``dictionary:plants``): its marks lie in a layer of that
    name. ``version`` changes whenever it may mark otherwise.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def suggest(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents with the marks that it proposes, and none other."""
        ...


@dataclass(frozen=True, kw_only=True)
class ModelSuggester:
    """A model, the one in use or a second one."""

    model: str
    stamp: str
    tag: Callable[[Sequence[Document]], Sequence[Document]]

    @property
    def name(self) -> str:
        return f"model:{self.model}"

    @property
    def version(self) -> str:
        return self.stamp

    def suggest(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents as the model marks them."""
        return list(self.tag([replace(one, mentions=(), relations=()) for one in documents]))


@dataclass(frozen=True, slots=True)
class Name:
    """What a name stands for; ``is_cased``: it is written in capitals alone, and found so alone."""

    label: str
    identifier: str = ""
    is_cased: bool = False


@dataclass(frozen=True, kw_only=True)
class NameSuggester:
    """Names that are looked up word by word, however they are spelled; the longest one wins.

    ``names`` are by key (``variants.name_key``).
    """

    name: str
    names: Mapping[str, Name]
    _beginnings: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = {
            " ".join(words[:count])
            for words in map(str.split, self.names)
            for count in range(1, len(words) + 1)
        }
        object.__setattr__(self, "_beginnings", frozenset(found))

    @property
    def version(self) -> str:
        told = sorted(f"{key}\0{one.label}\0{one.identifier}" for key, one in self.names.items())
        return hashlib.blake2b("\n".join(told).encode(), digest_size=8).hexdigest()

    def suggest(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents with their known names marked, from left to right."""
        return [
            replace(one, mentions=tuple(self._found(one.text)), relations=()) for one in documents
        ]

    def _found(self, text: str) -> Iterable[Mention]:
        ranges = tokenize(text)
        folded = [fold(text[start:end]) for start, end in ranges]
        parts = [word_parts(one) for one in folded]
        lasts = [last_word_parts(one) for one in folded]
        at = 0
        while at < len(ranges):
            end, name = self._longest(text, ranges, parts, lasts, at)
            if name is None:
                at += 1
                continue
            attributes = ((IDENTIFIER, name.identifier),) if name.identifier else ()
            yield Mention(
                ((ranges[at][0], ranges[end - 1][1]),),
                name.label,
                status="predicted",
                attributes=attributes,
            )
            at = end

    def _longest(
        self,
        text: str,
        ranges: Sequence[tuple[int, int]],
        parts: Sequence[tuple[str, ...]],
        lasts: Sequence[tuple[str, ...]],
        at: int,
    ) -> tuple[int, Name | None]:
        """Return where the longest name that begins at a token ends, and what it stands for."""
        best: tuple[int, Name | None] = (at + 1, None)
        words: list[str] = []
        for end in range(at, len(ranges)):
            if not parts[end]:
                if end == at or _SENTENCE_END.fullmatch(text[slice(*ranges[end])]):
                    break
                continue
            name = self.names.get(" ".join([*words, *lasts[end]]))
            if name is not None and _fits(name, text[ranges[at][0] : ranges[end][1]]):
                best = (end + 1, name)
            words += parts[end]
            if " ".join(words) not in self._beginnings:
                break
        return best


def _fits(name: Name, surface: str) -> bool:
    return not name.is_cased or is_acronym(surface)


def dictionary_suggester(dictionary: Dictionary) -> NameSuggester:
    """Return a dictionary's kept terms as a suggester."""
    names: dict[str, Name] = {}
    for term in dictionary.every(Wanted(status="kept")):
        surfaces = [one.surface for one in dictionary.variants(term.key)]
        add_name(names, surfaces, term.label, term.identifier)
    return NameSuggester(name=f"dictionary:{dictionary.name}", names=names)


def add_name(
    names: dict[str, Name], surfaces: Iterable[str], label: str, identifier: str = ""
) -> None:
    """Add a term's spellings; where two terms share a spelling, the one that came first has it."""
    by_key: dict[str, list[str]] = {}
    for surface in surfaces:
        by_key.setdefault(name_key(surface), []).append(surface)
    for key, spelled in by_key.items():
        is_cased = all(map(is_acronym, spelled))
        if any(map(str.isalnum, key)) and key not in names:
            names[key] = Name(label, identifier, is_cased)


def listed_names(path: Path, *, label: str = "") -> NameSuggester:
    """Read a list of names as a suggester: ``.csv``, ``.jsonl`` (ours, spaCy's patterns), ``.obo``.

    ``label`` is the type of terms for which the file names none. Raises FormatError.
    """
    names: dict[str, Name] = {}
    for one in read_terms(path):
        given = one.label or label
        if not given:
            raise FormatError(
                f"{path.name}: {one.surfaces[0]!r} has no type; say which one such terms have"
            )
        add_name(names, one.surfaces, given, one.identifier)
    if not names:
        raise FormatError(f"{path.name}: no names found inside")
    return NameSuggester(name=f"list:{path.name}", names=names)
