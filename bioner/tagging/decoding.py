"""From the logits of words to spans: the group of types first, then the type's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bioner.bio import viterbi
from bioner.labels import LabelSchema
from bioner.spans import Alternative, Span
from bioner.tagging.calibration import calibrated
from bioner.tagging.network import Floats

MAX_ALTERNATIVES = 3
_LEAST_SHOWN = 0.001
_LEAST_PROBABILITY = 1e-30


@dataclass(frozen=True)
class Draft:
    """A span of a group whose type is not named yet.

    ``within``: probabilities of the group's types given the group; ``group_score``: 0..1.
    """

    start: int
    end: int
    group: str
    group_score: float
    within: Floats
    rivals: tuple[Alternative, ...]


class GroupDecoder:
    """Decides on the sum of each group of types first, then names the type.

    ``calibration`` gives, by type, the slope and the shift of a mention's log-odds (Platt 1999);
    scores are left as they are where it names none.
    """

    def __init__(self, schema: LabelSchema, calibration: Mapping[str, Sequence[float]]) -> None:
        self._groups = tuple(schema.groups)
        self._members = [schema.groups[g] for g in self._groups]
        number = {name: i for i, name in enumerate(schema.names)}
        self._numbers = [[number[n] for n in names] for names in self._members]
        self._fold = np.zeros((1 + 2 * len(number), 1 + 2 * len(self._groups)), dtype=np.float32)
        self._fold[0, 0] = 1
        for g, numbers in enumerate(self._numbers):
            for i in numbers:
                self._fold[1 + 2 * i, 1 + 2 * g] = self._fold[2 + 2 * i, 2 + 2 * g] = 1
        self._calibration = calibration
        self._alike = indistinguishable(schema)

    def decode(self, logits: Floats) -> tuple[list[Draft], float]:
        """Return the drafts of one sentence, and its uncertainty, from its word logits.

        *Shape:* (words, tags).
        """
        if not len(logits):
            return [], 0.0
        log_p = logits - _logsumexp(logits)
        if (log_p[:, 0] > -0.01).all():
            return [], _doubt(log_p[:, 0])
        scores = np.log(np.maximum(np.exp(log_p) @ self._fold, _LEAST_PROBABILITY))
        drafts: list[Draft] = []
        path = best_path(scores, self._groups)
        start = 0
        while start < len(path):
            tag = path[start]
            if tag == 0:
                start += 1
                continue
            group = (tag - 1) // 2
            end = start + 1
            while end < len(path) and path[end] == 2 + 2 * group:
                end += 1
            drafts.append(self._draft(log_p, scores, start, end, group))
            start = end
        return drafts, _doubt(scores.max(axis=1))

    def _draft(self, log_p: Floats, scores: Floats, start: int, end: int, group: int) -> Draft:
        tags = [1 + 2 * group] + [2 + 2 * group] * (end - start - 1)
        rows = np.arange(start, end)
        score = float(np.exp(scores[rows, tags].mean()))
        by_type = log_p[start, 1::2] + log_p[start + 1 : end, 2::2].sum(axis=0)
        by_type = by_type / (end - start)
        own = by_type[self._numbers[group]]
        within = np.exp(own - _logsumexp(own[None, :])[0])
        p = np.exp(by_type).tolist()
        rivals = []
        for g, numbers in enumerate(self._numbers):
            best = max(numbers, key=p.__getitem__)
            chance = round(p[best], 4)
            if g != group and chance >= _LEAST_SHOWN:
                rivals.append(Alternative(self._members[g][numbers.index(best)], chance))
        return Draft(start, end, self._groups[group], score, within, tuple(rivals))

    def name(self, draft: Draft, votes: Floats) -> Span:
        """Name a draft by the document's votes; its score is the probability that the name is right
        as far as the corpora can tell. The alternatives are on the same scale, each by its own
        type's calibration, and none is above the name: the document has decided for it."""
        members = self._members[self._groups.index(draft.group)]
        chosen = members[int(np.argmax(votes))]
        alike = self._alike[chosen]
        share = float(sum(p for n, p in zip(members, draft.within, strict=True) if n in alike))
        score = self._scaled(chosen, draft.group_score * share)
        others = [
            Alternative(n, float(p) * draft.group_score)
            for n, p in zip(members, draft.within, strict=True)
            if n != chosen
        ]
        rest = [a for a in (*others, *draft.rivals) if round(a.score, 4) >= _LEAST_SHOWN]
        scaled = [Alternative(a.label, min(score, self._scaled(a.label, a.score))) for a in rest]
        return Span(
            draft.start,
            draft.end,
            chosen,
            status="predicted",
            score=score,
            alternatives=tuple(sorted(scaled, key=lambda a: (-a.score, a.label)))[
                :MAX_ALTERNATIVES
            ],
        )

    def _scaled(self, label: str, p: float) -> float:
        return round(calibrated(p, self._calibration.get(label)), 4)


def indistinguishable(schema: LabelSchema) -> dict[str, frozenset[str]]:
    """Return, for each type, the types of its group that no corpus tells apart from it.

    A corpus tells two types apart if it covers both and folds them to different terms; two types
    that no corpus covers together count as told apart.
    """
    alike: dict[str, frozenset[str]] = {}
    for name in schema.names:
        same = {name}
        for other in schema.groups[schema.group_of[name]]:
            together = [m for m in schema.corpora.values() if {name, other} <= m.covers]
            if together and all(m.fold_label(name) == m.fold_label(other) for m in together):
                same.add(other)
        alike[name] = frozenset(same)
    return alike


def best_path(scores: Floats, groups: tuple[str, ...]) -> list[int]:
    """Return the best valid IOB2 path; the tag-wise best one where that is valid already."""
    greedy = scores.argmax(axis=1)
    is_inside = (greedy > 0) & (greedy % 2 == 0)
    previous = np.concatenate([[0], greedy[:-1]])
    if not (is_inside & (previous != greedy) & (previous != greedy - 1)).any():
        return [int(t) for t in greedy]
    return viterbi(scores, groups)


def _doubt(best: Floats) -> float:
    """Return the mean chance that the best tag is wrong, from its log-probability a word."""
    return round(float(1.0 - np.exp(best).mean()), 6)


def _logsumexp(values: Floats) -> Floats:
    top = values.max(axis=1, keepdims=True)
    total: Floats = top + np.log(np.exp(values - top).sum(axis=1, keepdims=True))
    return total
