"""Which sentence to review next, and why: named reasons, 0..1 each, that the person sees."""

from bioner.review.knowledge import load_knowledge
from bioner.review.ranking import Candidate, QueueItem, QueueOptions, combine, prioritise, rank
from bioner.review.reasons import REASONS, Knowledge, read_knowledge

__all__ = [
    "REASONS",
    "Candidate",
    "Knowledge",
    "QueueItem",
    "QueueOptions",
    "combine",
    "load_knowledge",
    "prioritise",
    "rank",
    "read_knowledge",
]
