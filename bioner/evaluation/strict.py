"""seqeval's own figures, strict and IOB2: the ones that are shown and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bioner.bio import encode
from bioner.evaluation.scores import Score
from bioner.spans import Sentence

MICRO = "micro avg"
"""Under which name seqeval reports all types together."""

TOLERANCE = 1e-12


class ScoresDisagreeError(RuntimeError):
    """seqeval and our own counts disagree: one of the two is wrong, so neither is shown."""


def with_seqeval(
    corpus: str,
    pairs: Sequence[tuple[Sentence, Sentence]],
    micro: Score,
    by_type: Mapping[str, Score],
) -> tuple[Score, dict[str, Score]]:
    """Return the scores with seqeval's precision, recall and F1 of the (gold, predicted) tags.

    ``micro`` and ``by_type`` are our own counts of the same sentences, which the bootstrap and the
    list of mistakes rest on. Raises ScoresDisagreeError where they say anything else.
    """
    found = _classification_report(pairs)
    names = {name for name in found if not name.endswith(" avg")}
    for name in sorted(names ^ set(by_type)):
        raise ScoresDisagreeError(f"{corpus}, {name}: only one of seqeval and our counts has it")
    return (
        _adopt(corpus, "all types", micro, found[MICRO]) if names else micro,
        {name: _adopt(corpus, name, one, found[name]) for name, one in by_type.items()},
    )


def _classification_report(
    pairs: Sequence[tuple[Sentence, Sentence]],
) -> dict[str, dict[str, float]]:
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    marked = [(g, p) for g, p in pairs if g.spans or p.spans]  # the others change no figure
    if not marked:
        return {}
    found: dict[str, dict[str, float]] = classification_report(
        [encode(gold.spans, len(gold.tokens)) for gold, _ in marked],
        [encode(predicted.spans, len(predicted.tokens)) for _, predicted in marked],
        mode="strict",
        scheme=IOB2,
        output_dict=True,
        zero_division=0,
    )
    return found


def _adopt(corpus: str, name: str, ours: Score, theirs: Mapping[str, float]) -> Score:
    rates = (float(theirs["precision"]), float(theirs["recall"]), float(theirs["f1-score"]))
    counted = (ours.precision, ours.recall, ours.f1)
    is_same = all(abs(a - b) <= TOLERANCE for a, b in zip(rates, counted, strict=True))
    if not is_same or ours.support != theirs["support"]:
        raise ScoresDisagreeError(
            f"{corpus}, {name}: seqeval says precision, recall, F1 {rates} of "
            f"{theirs['support']} mentions, our counts say {counted} of {ours.support}"
        )
    return replace(ours, rates=rates)
