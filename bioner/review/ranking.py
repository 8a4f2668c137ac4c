"""The order of review: reasons combined into a priority, near duplicates kept apart."""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from bioner.progress import OnProgress, Progress, unheard
from bioner.review.reasons import (
    CONVENTION_CONFLICT,
    DOUBTFUL_GOLD,
    LIKELY_MISSED,
    LOW_CONFIDENCE,
    MODELS_DISAGREE,
    OVER_FIRED_TYPE,
    RARE_TYPE,
    REASONS,
    UNCERTAIN_WORDS,
    UNSEEN_SURFACE,
    Knowledge,
    convention_conflict,
    doubtful_gold,
    likely_missed,
    low_confidence,
    models_disagree,
    over_firing,
    rare_type,
    uncertain_words,
    unseen_surface,
)
from bioner.review.twins import Twins
from bioner.spans import Document, Sentence
from bioner.store import Priority, Reason, Store
from bioner.store.evidence import Layered

WEIGHTS: Mapping[str, float] = {
    UNCERTAIN_WORDS: 1.0,
    LOW_CONFIDENCE: 0.8,
    MODELS_DISAGREE: 0.8,
    CONVENTION_CONFLICT: 0.4,
    RARE_TYPE: 0.3,
    UNSEEN_SURFACE: 0.3,
    LIKELY_MISSED: 0.6,
    OVER_FIRED_TYPE: 0.4,
    DOUBTFUL_GOLD: 0.9,
}
"""How much each reason counts; a reason of another name (an error queue) counts fully."""

WINDOW = 10
"""So many others come between two near duplicates, while there are others."""

STEP = 1e-12
"""Priorities fall by at least this, so that sorting by them gives the order."""

SHOWN = 0.05
"""A reason below this is not worth naming."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Candidate(Generic[Key]):
    """A sentence that may be reviewed: as predicted, by a second model, as it is in gold.

    ``named`` are further reasons by name, such as the error queues of the Metrics page.
    """

    key: Key
    predicted: Sentence
    second: Sentence | None = None
    gold: Sentence | None = None
    named: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class QueueItem(Generic[Key]):
    """A candidate's place: its priority in 0..1, and the reasons, strongest first."""

    key: Key
    priority: float
    reasons: tuple[Reason, ...]


def combine(reasons: Iterable[Reason], weights: Mapping[str, float] = WEIGHTS) -> float:
    """Return the priority: the chance that at least one reason holds, were they independent."""
    none_holds = 1.0
    for reason in reasons:
        none_holds *= 1.0 - weights.get(reason.name, 1.0) * reason.score
    return 1.0 - none_holds


@dataclass
class _Seen(Generic[Key]):
    key: Key
    reasons: list[Reason]
    labels: tuple[str, ...]
    kin: int
    priority: float = 0.0


def rank(
    candidates: Iterable[Candidate[Key]],
    knowledge: Knowledge,
    *,
    group_of: Mapping[str, str] | None = None,
    weights: Mapping[str, float] = WEIGHTS,
) -> list[QueueItem[Key]]:
    """Put candidates in the order of review, best first, each with its named reasons.

    Candidates are read once and not kept, so a hundred thousand may be streamed. Marks of types
    that are not looked for in a sentence (``covers``; empty: all are) do not count. Near duplicates
    are kept apart by ``WINDOW`` others while there are others; priorities fall strictly, so that
    sorting by them gives this order. ``group_of`` (``LabelSchema.group_of``) makes the types of a
    group count as one where models or corpora are compared.
    """
    groups = group_of or {}
    twins = Twins()
    mentions: Counter[str] = Counter()
    tokens = 0
    seen: list[_Seen[Key]] = []
    for given in candidates:
        one = _looked_for(given)
        labels = tuple({span.label for span in one.predicted.spans})
        mentions.update(span.label for span in one.predicted.spans)
        tokens += len(one.predicted.tokens)
        found = [Reason(n, s) for n, s in _reasons(one, knowledge, groups) if s >= SHOWN]
        kin = twins.add(one.predicted.tokens)
        seen.append(_Seen(one.key, [*found, *one.named], labels, kin))
    excess = over_firing(mentions, tokens, knowledge)
    for entry in seen:
        worst = max((excess[label] for label in entry.labels), default=0.0)
        if worst >= SHOWN:
            entry.reasons.append(Reason(OVER_FIRED_TYPE, worst))
        entry.reasons.sort(key=lambda r: -weights.get(r.name, 1.0) * r.score)
        entry.priority = combine(entry.reasons, weights)
    return list(_strictly_falling(_spread(seen, twins.group)))


def _looked_for(one: Candidate[Key]) -> Candidate[Key]:
    """Leave out the marks of types that nobody looks for in the sentence."""
    covers = one.predicted.covers
    if not covers:
        return one

    def part(sentence: Sentence) -> Sentence:
        return replace(sentence, spans=tuple(s for s in sentence.spans if s.label in covers))

    return replace(one, predicted=part(one.predicted), second=one.second and part(one.second))


def _reasons(
    one: Candidate[Key], knowledge: Knowledge, groups: Mapping[str, str]
) -> Iterator[tuple[str, float]]:
    yield UNCERTAIN_WORDS, uncertain_words(one.predicted)
    yield LOW_CONFIDENCE, low_confidence(one.predicted)
    if one.second is not None:
        yield MODELS_DISAGREE, models_disagree(one.predicted, one.second, groups)
    yield CONVENTION_CONFLICT, convention_conflict(one.predicted, knowledge, groups)
    yield RARE_TYPE, rare_type(one.predicted, knowledge)
    yield UNSEEN_SURFACE, unseen_surface(one.predicted, knowledge)
    yield LIKELY_MISSED, likely_missed(one.predicted, knowledge)
    if one.gold is not None:
        yield DOUBTFUL_GOLD, doubtful_gold(one.gold, one.predicted, groups)


def _spread(seen: Sequence[_Seen[Key]], group: Callable[[int], int]) -> Iterator[_Seen[Key]]:
    """Yield best first, but no two of a group within ``WINDOW``, while there are others."""
    families: dict[int, deque[_Seen[Key]]] = defaultdict(deque)
    for entry in sorted(seen, key=lambda e: -e.priority):
        families[group(entry.kin)].append(entry)
    order = {id(entry): place for place, entry in enumerate(seen)}
    heap = [(-f[0].priority, order[id(f[0])], name) for name, f in families.items()]
    heapify(heap)
    resting: deque[int | None] = deque()
    while heap or any(name is not None for name in resting):
        if len(resting) > WINDOW or not heap:
            back = resting.popleft()
            if back is not None:
                head = families[back][0]
                heappush(heap, (-head.priority, order[id(head)], back))
            continue
        _, _, name = heappop(heap)
        family = families[name]
        yield family.popleft()
        resting.append(name if family else None)


def _strictly_falling(ordered: Iterable[_Seen[Key]]) -> Iterator[QueueItem[Key]]:
    ceiling = math.inf
    for entry in ordered:
        priority = min(entry.priority, ceiling - STEP)
        ceiling = priority
        yield QueueItem(entry.key, priority, tuple(entry.reasons))


@dataclass(frozen=True)
class QueueOptions:
    """Whose predictions to rank, who disagrees, and what is known beyond the store.

    ``model``: the newest model's predictions if none is named; ``second``: the next newest's that
    marks something there.
    ``named`` are further reasons by item. ``tagged`` are documents by id as just tagged: their
    uncertainty is kept as a reason, and stays one until they are tagged again.
    """

    model: str = ""
    second: str = ""
    named: Mapping[int, tuple[Reason, ...]] = field(default_factory=dict)
    tagged: Mapping[str, Document] = field(default_factory=dict)


_NEWEST = QueueOptions()


def prioritise(
    store: Store,
    project: str,
    knowledge: Knowledge,
    *,
    group_of: Mapping[str, str] | None = None,
    options: QueueOptions = _NEWEST,
    documents: Iterable[str] | None = None,
    on_progress: OnProgress = unheard,
) -> int:
    """Rank a project's items that wait, keep the order, and return how many there are.

    Of these ``documents`` alone, if they are named: those just brought in. Reasons that were given
    by name stay. ``on_progress`` hears how many sentences have been read.
    """
    waiting = _waiting(store, project, options, documents, on_progress)
    ranked = rank(waiting, knowledge, group_of=group_of)
    return store.set_priorities(
        project, (Priority(item.key, item.priority, item.reasons) for item in ranked)
    )


def _waiting(
    store: Store,
    project: str,
    options: QueueOptions,
    documents: Iterable[str] | None,
    on_progress: OnProgress,
) -> Iterator[Candidate[int]]:
    for number, layered in enumerate(store.layered(project, documents=documents), 1):
        on_progress(Progress(number, text="Ordering the queue"))
        chosen = layered.prediction(options.model)
        if chosen is None:
            chosen = layered.gold
        if chosen is None:
            continue
        doubt = _uncertainty(chosen, options.tagged)
        predicted = replace(chosen, uncertainty=doubt)
        named = {one.name: one for one in layered.reasons if _is_given(one, doubt)}
        named |= {one.name: one for one in options.named.get(layered.item, ())}
        yield Candidate(
            layered.item, predicted, _second(layered, options), layered.gold, tuple(named.values())
        )


def _is_given(reason: Reason, doubt: float | None) -> bool:
    """Whether a kept reason stays: it was given by name, or no newer doubt is known."""
    return reason.name not in REASONS or (reason.name == UNCERTAIN_WORDS and doubt is None)


def _second(layered: Layered, options: QueueOptions) -> Sentence | None:
    if options.second:
        return layered.prediction(options.second)
    models = [model for model, _ in layered.predictions]
    first = options.model or next(iter(models), "")
    others = (s for model, s in layered.predictions if model not in ("", first) and s.spans)
    return next(others, None)


def _uncertainty(sentence: Sentence, tagged: Mapping[str, Document]) -> float | None:
    """Return the uncertainty of the tagged sentences that this one holds, the greatest."""
    document = tagged.get(sentence.document)
    if document is None or len(document.uncertainty) != len(document.sentence_ranges):
        return None
    inside = [
        doubt
        for (start, end), doubt in zip(document.sentence_ranges, document.uncertainty, strict=True)
        if start < sentence.end and sentence.start < end
    ]
    return max(inside, default=None)
