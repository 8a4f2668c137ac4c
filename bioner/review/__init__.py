"""Which sentence to review next, and why: named reasons, 0..1 each, that the person sees."""

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
