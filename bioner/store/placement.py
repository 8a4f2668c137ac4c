"""What came of placing documents: what was placed, and what was not, by which rule."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from bioner.spans import Document, Mention

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What no database keeps: NUL characters and half surrogate pairs."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One document or mention that was not placed, by which rule, and why in words.

    ``what`` is ``document`` for the whole of it, else the mention and its place.
    """

    document: str
    what: str
    rule: str
    reason: str

    @property
    def is_document(self) -> bool:
        """Whether the whole document was not placed."""
        return self.what == "document"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What an import did: n in, n placed, a reason for each reject.

    ``joined`` counts sentences that were joined with the next because a mention crosses their edge.
    ``test_documents`` are those of "my test" among these, and those that joined it because there is
    enough now; ``known_documents`` would have joined, had no model been trained on them.
    """

    documents_in: int = 0
    documents_placed: int = 0
    mentions_in: int = 0
    mentions_placed: int = 0
    items: int = 0
    joined: int = 0
    test_documents: int = 0
    known_documents: int = 0
    rejects: tuple[Reject, ...] = ()


def problem_of(
    document: Document, row: Row[Any] | None, seen: Collection[str]
) -> tuple[str, str] | None:
    """Return the rule that keeps a document out and why, or None.

    ``row``: the project's document of this id, if there is one; ``seen``: the ids of this
    import's documents so far.
    """
    if not document.id:
        return "no_id", "the document has no id"
    if UNSTORABLE.search(document.id):
        return "unusable_id", "the id contains a NUL character or half a surrogate pair"
    if document.id in seen:
        return "repeated_id", "another document of this import has the same id"
    if not document.text.strip():
        return "no_text", "the document has no text"
    if "\0" in document.text:
        return "nul_character", "the text contains a NUL character"
    if UNSTORABLE.search(document.text):
        said = "the text contains half a surrogate pair; read the file as UTF-8"
        return "half_a_surrogate", said
    if row is not None and row.erased is not None:
        return "erased", f"the document was erased (revision {row.erased})"
    if row is not None and row.text != document.text:
        return "another_text", "the project has another text under this id"
    return None


def placed_at(document: Document, one: Mention) -> str:
    """Name a mention and its place, for a message."""
    return f"{one.label} {document.surface(one)!r} at {one.start}-{one.end}"
