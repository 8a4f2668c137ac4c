"""Which concepts a mark may stand for: a project's vocabularies asked together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bioner.corpora.concepts import (
    HOWS,
    Candidate,
    ConceptError,
    Concepts,
    How,
    vocabulary_names,
    vocabulary_path,
)
from bioner.settings import Settings
from bioner.store import Project, Store

MOST = 9
"""Concepts that are offered for one mark."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A concept that a mark may get: by which name of which vocabulary, and how it was found."""

    identifier: str
    name: str
    matched: str
    how: How
    vocabulary: str


class Vocabularies:
    """The vocabularies of these names; ``missing`` are those that are not on this machine."""

    def __init__(self, settings: Settings, names: Iterable[str]) -> None:
        self.asked: list[Concepts] = []
        self.missing: list[str] = []
        self._names: dict[str, str] = {}
        for name in names:
            try:
                self.asked.append(Concepts(vocabulary_path(settings, name)))
            except ConceptError:
                self.missing.append(name)

    def offers(
        self, surface: str, label: str = "", *, long_form: str = "", similar: bool = True
    ) -> list[Offer]:
        """Return what words may stand for, the likeliest first; see ``Concepts.candidates``.

        Of those found in one way, concepts that the vocabulary gives another type come last.
        """
        return _ranked(
            (
                (one, found)
                for one in self.asked
                for found in one.candidates(
                    surface, long_form=long_form, limit=MOST, similar=similar
                )
            ),
            label,
        )

    def find(self, typed: str, label: str = "") -> list[Offer]:
        """Return what somebody may mean who is typing; see ``Concepts.find``."""
        found = ((one, two) for one in self.asked for two in one.find(typed, limit=MOST))
        return _ranked(found, label) if typed.strip() else []

    def name_of(self, identifier: str) -> str:
        """Return what a concept is called; empty where no vocabulary has it."""
        if identifier not in self._names:
            found = filter(None, (one.name_of(identifier) for one in self.asked))
            self._names[identifier] = next(found, "")
        return self._names[identifier]


def _ranked(found: Iterable[tuple[Concepts, Candidate]], label: str) -> list[Offer]:
    def rank(one: tuple[Concepts, Candidate]) -> tuple[int, bool, float]:
        candidate = one[1]
        is_other = bool(label and candidate.label) and candidate.label != label
        return HOWS.index(candidate.how), is_other, -candidate.score

    return [
        Offer(
            identifier=candidate.identifier,
            name=candidate.name,
            matched=candidate.matched,
            how=candidate.how,
            vocabulary=concepts.name,
        )
        for concepts, candidate in sorted(found, key=rank)[:MOST]
    ]


def choose_vocabularies(
    store: Store, settings: Settings, project: str, names: Sequence[str], reviewer: str = ""
) -> Project:
    """Say whose concepts a project's marks may get. Raises ConceptError, AccessError."""
    known = vocabulary_names(settings)
    present = store.project(project)
    unknown = sorted(set(names) - {*known, *present.vocabularies})
    if unknown:
        there = ", ".join(known) or "there is none yet: `concepts build` makes one"
        raise ConceptError(f"no vocabulary named {unknown[0]!r}; {there}")
    chosen = tuple(dict.fromkeys(names))
    return store.update_project(replace(present, vocabularies=chosen), reviewer)
