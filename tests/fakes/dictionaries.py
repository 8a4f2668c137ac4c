"""A small dictionary of texts whose marks are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bioner.review.dictionary import Dictionary
from bioner.review.dictionary_build import Built, build_dictionary
from bioner.spans import Document, mention

MARKED = (
    (
        "Tumour necrosis factor (TNF) and TNF-alpha.",
        {"Tumour necrosis factor": "Gene", "TNF": "Gene", "TNF-alpha": "Gene"},
    ),
    ("TNF-α binds TNF here.", {"TNF-α": "Gene", "TNF": "Gene"}),
    (
        "Obese (OB) mice ate; a mouse with OB.",
        {"mice": "Organism", "mouse": "Organism", "OB": "Chemical"},
    ),
    ("The OB was =high.", {"OB": "Gene", "=high": "Chemical"}),
)
"""Texts, and what is marked in each: every place of the words, as what."""


def marked(text: str, marks: dict[str, str], id: str = "d") -> Document:
    """Return a document in which every place of these words is marked; longer words first."""
    found = []
    taken: set[int] = set()
    for surface, label in sorted(marks.items(), key=lambda one: -len(one[0])):
        at = text.find(surface)
        while at >= 0:
            if not taken & set(range(at, at + len(surface))):
                found.append(mention(at, at + len(surface), label, status="predicted", score=0.5))
                taken |= set(range(at, at + len(surface)))
            at = text.find(surface, at + 1)
    return Document(id, text, tuple(sorted(found, key=lambda one: one.start)))


def documents(texts: Sequence[tuple[str, dict[str, str]]] = MARKED) -> list[Document]:
    """Return the marked texts as documents."""
    return [marked(text, marks, f"d{number}") for number, (text, marks) in enumerate(texts)]


def a_dictionary(
    path: Path, texts: Sequence[tuple[str, dict[str, str]]] = MARKED
) -> tuple[Dictionary, Built]:
    """Build a dictionary of marked texts."""
    built = build_dictionary(path, documents(texts), source="four texts", model="fake")
    return Dictionary(path), built
