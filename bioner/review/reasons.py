"""The reasons to review a sentence, 0..1 each: pure functions of it and of what training says.

Two reasons are the model's own doubt: over all words (least confidence a word, Settles & Craven
2008; reading takes time by the word), and the length-normalised confidence of Shen et al. 2018,
taken over the predicted entities. Named reasons beside a score are koaning/doubtlab's.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bioner.spans import Sentence, Span

UNCERTAIN_WORDS = "uncertain words"
LOW_CONFIDENCE = "low confidence"
MODELS_DISAGREE = "two models disagree"
CONVENTION_CONFLICT = "convention conflict"
RARE_TYPE = "rare type"
UNSEEN_SURFACE = "unseen surface"
LIKELY_MISSED = "likely missed mention"
OVER_FIRED_TYPE = "over-fired type"
DOUBTFUL_GOLD = "doubtful gold"
REASONS = (
    UNCERTAIN_WORDS,
    LOW_CONFIDENCE,
    MODELS_DISAGREE,
    CONVENTION_CONFLICT,
    RARE_TYPE,
    UNSEEN_SURFACE,
    LIKELY_MISSED,
    OVER_FIRED_TYPE,
    DOUBTFUL_GOLD,
)

TOLD: Mapping[str, tuple[str, str]] = {
    UNCERTAIN_WORDS: ("unsure of its words", "Many of its words might as well be something else."),
    LOW_CONFIDENCE: ("unsure of a mark", "The model gives one of its marks a low chance."),
    MODELS_DISAGREE: ("two models differ", "Another model marks it otherwise."),
    CONVENTION_CONFLICT: (
        "corpora mark it differently",
        "Some corpora mark these words so, others otherwise or not at all.",
    ),
    RARE_TYPE: ("rare type", "The training data has few mentions of this type."),
    UNSEEN_SURFACE: ("words new to the model", "The training data never marks these words."),
    LIKELY_MISSED: ("may miss a mark", "Words that are usually marked are not marked here."),
    OVER_FIRED_TYPE: (
        "type marked too often",
        "The model marks more of this type here than the training data lets expect.",
    ),
    DOUBTFUL_GOLD: ("labels look doubtful", "The model is sure that its labels are wrong."),
}
"""What a person is told of a reason: a few words, and what they mean."""


def told(reason: str) -> str:
    """Return a reason in a few plain words; one that is not ours is told as it is."""
    return TOLD[reason][0] if reason in TOLD else reason


def named(words: str) -> str:
    """Return the reason that is told in these words; any others are taken for its name."""
    return next((name for name, (said, _) in TOLD.items() if said == words), words)


MOST_UNCERTAIN = 0.2
"""The mean chance of a wrong tag from which on a sentence is as uncertain as it gets: among those,
the oddest are not the most useful, and the other reasons decide."""

LONGEST = 8
"""No mention of the lexicon is longer, in tokens."""

LEAST = 3
"""Training occurrences of a surface from which on its habit counts."""


@dataclass(frozen=True)
class Knowledge:
    """What the training sentences say about surfaces and types.

    ``marked``: surface (lower-cased tokens joined by spaces) → label → times it is a mention.
    ``seen``: surface → times it occurs where somebody looked for the types it is marked with.
    ``rates``: type → mentions per token in sentences that cover it.
    """

    marked: Mapping[str, Mapping[str, int]]
    seen: Mapping[str, int]
    rates: Mapping[str, float]
    counts: Mapping[str, int]

    def habit(self, surface: str) -> float:
        """Return how often a surface is a mention where somebody looked for it, in 0..1."""
        seen = self.seen.get(surface, 0)
        if seen < LEAST:
            return 0.0
        return min(1.0, sum(self.marked[surface].values()) / seen)


def read_knowledge(train: Callable[[], Iterable[Sentence]]) -> Knowledge:
    """Gather the knowledge from training sentences, which ``train`` gives twice."""
    marked: dict[str, Counter[str]] = defaultdict(Counter)
    tokens: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for sentence in train():
        for label in sentence.covers:
            tokens[label] += len(sentence.tokens)
        for span in sentence.spans:
            marked[sentence.surface(span).lower()][span.label] += 1
            counts[span.label] += 1
    seen: Counter[str] = Counter()
    for sentence in train():
        for surface, _, _ in _known(sentence, marked):
            if sentence.covers & marked[surface].keys():
                seen[surface] += 1
    rates = {label: counts[label] / n for label, n in tokens.items() if n}
    return Knowledge(marked, seen, rates, counts)


def _known(sentence: Sentence, known: Mapping[str, object]) -> Iterator[tuple[str, int, int]]:
    """Yield every token range whose surface is known, as (surface, start, end)."""
    words = [token.lower() for token in sentence.tokens]
    for start in range(len(words)):
        surface = ""
        for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
            surface = f"{surface} {words[end - 1]}" if surface else words[start]
            if surface in known:
                yield surface, start, end


def uncertain_words(sentence: Sentence) -> float:
    """Return the tagger's mean chance to be wrong about a word; ``MOST_UNCERTAIN`` and more is 1.

    A sentence that no tagger of ours has tagged gives no evidence: 0.
    """
    return min(1.0, (sentence.uncertainty or 0.0) / MOST_UNCERTAIN)


def low_confidence(sentence: Sentence) -> float:
    """Return 1 − the geometric mean of the predicted entities' scores: the same for few and many.

    A sentence without scored entities gives no evidence: 0.
    """
    scores = [max(span.score, 1e-6) for span in sentence.spans if span.score is not None]
    if not scores:
        return 0.0
    return 1.0 - math.exp(math.fsum(map(math.log, scores)) / len(scores))


def models_disagree(one: Sentence, other: Sentence, group_of: Mapping[str, str]) -> float:
    """Return the share of two models' mentions that only one has; a group counts as one type."""
    left, right = (
        Counter((s.start, s.end, group_of.get(s.label, s.label)) for s in sentence.spans)
        for sentence in (one, other)
    )
    union = (left | right).total()
    return 1.0 - (left & right).total() / union if union else 0.0


def convention_conflict(
    sentence: Sentence, knowledge: Knowledge, group_of: Mapping[str, str]
) -> float:
    """Return how split training is over a predicted surface: over its group, or marking it."""
    return max(
        (_conflict(sentence.surface(s), knowledge, group_of) for s in sentence.spans), default=0.0
    )


def _conflict(surface: str, knowledge: Knowledge, group_of: Mapping[str, str]) -> float:
    low = surface.lower()
    marked = knowledge.marked.get(low)
    if not marked or knowledge.seen.get(low, 0) < LEAST:
        return 0.0
    groups: Counter[str] = Counter()
    for label, count in marked.items():
        groups[group_of.get(label, label)] += count
    total = groups.total()
    over_groups = 1.0 - max(groups.values()) / total
    over_marking = 1.0 - max(knowledge.habit(low), 1.0 - knowledge.habit(low))
    return min(1.0, 2.0 * max(over_groups, over_marking))


def rare_type(sentence: Sentence, knowledge: Knowledge) -> float:
    """Return how rare the rarest predicted type is in training, on a log scale (never: 1)."""
    most = max(knowledge.counts.values(), default=0)
    if not sentence.spans or not most:
        return 0.0
    rarest = min(knowledge.counts.get(span.label, 0) for span in sentence.spans)
    return 1.0 - math.log1p(rarest) / math.log1p(most)


def unseen_surface(sentence: Sentence, knowledge: Knowledge) -> float:
    """Return the share of predicted mentions whose surface is no training mention."""
    if not sentence.spans:
        return 0.0
    unseen = sum(sentence.surface(s).lower() not in knowledge.marked for s in sentence.spans)
    return unseen / len(sentence.spans)


def likely_missed(sentence: Sentence, knowledge: Knowledge) -> float:
    """Return the strongest habit of a surface that is a mention in training but not predicted here.

    Only surfaces that lie wholly outside the predicted mentions, that are a mention in most of
    their training occurrences, and of a type that is looked for here (``covers``; empty: any).
    """
    taken = {i for span in sentence.spans for i in range(span.start, span.end)}
    found = (
        knowledge.habit(surface)
        for surface, start, end in _known(sentence, knowledge.marked)
        if taken.isdisjoint(range(start, end))
        and (not sentence.covers or sentence.covers & knowledge.marked[surface].keys())
    )
    return max((habit for habit in found if habit > 0.5), default=0.0)


def doubtful_gold(gold: Sentence, predicted: Sentence, group_of: Mapping[str, str]) -> float:
    """Return the score of the surest prediction against gold, of a type that gold looked for."""
    right = {(s.start, s.end, group_of.get(s.label, s.label)) for s in gold.spans}
    covered = {group_of.get(label, label) for label in gold.covers}

    def contradicts(span: Span) -> bool:
        group = group_of.get(span.label, span.label)
        return group in covered and (span.start, span.end, group) not in right

    return max((s.score or 0.0 for s in predicted.spans if contradicts(s)), default=0.0)


def over_firing(mentions: Mapping[str, int], tokens: int, knowledge: Knowledge) -> dict[str, float]:
    """Return, per type, what part of its predictions is more than training leads one to expect.

    ``mentions`` are predicted in ``tokens`` tokens. A type that fires at twice its training rate
    gets 0.5; one that fires as expected or by no more than chance (two standard deviations of a
    count), or whose rate is unknown, 0.
    """
    excess: dict[str, float] = {}
    for label, found in mentions.items():
        expected = knowledge.rates.get(label, 0.0) * tokens
        known = knowledge.counts.get(label, 0) >= LEAST
        is_beyond_chance = found - expected > 2.0 * math.sqrt(found)
        excess[label] = 1.0 - expected / found if known and is_beyond_chance else 0.0
    return excess
