"""Which sentence to review next, and why: named reasons, 0..1 each, that the person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bioner.review.knowledge import load_knowledge
    from bioner.review.ranking import Candidate, QueueItem, QueueOptions, combine, prioritise, rank
    from bioner.review.reasons import REASONS, TOLD, Knowledge, named, read_knowledge, told

__all__ = [
    "REASONS",
    "TOLD",
    "Candidate",
    "Knowledge",
    "QueueItem",
    "QueueOptions",
    "combine",
    "load_knowledge",
    "named",
    "prioritise",
    "rank",
    "read_knowledge",
    "told",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use: the ranking brings the store, which takes a while."""
    if name == "load_knowledge":
        from bioner.review import knowledge

        return knowledge.load_knowledge
    if name in __all__:
        from bioner.review import ranking, reasons

        return getattr(reasons if hasattr(reasons, name) else ranking, name)
    raise AttributeError(f"module 'bioner.review' has no attribute {name!r}")
