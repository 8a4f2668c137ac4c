"""Which sentence to review next, and why: named reasons, 0..1 each, that the person sees."""

from bioner.triage.knowledge import load_knowledge
from bioner.triage.ranking import Candidate, QueueItem, QueueOptions, combine, prioritise, rank
from bioner.triage.reasons import REASONS, Knowledge, read_knowledge

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
