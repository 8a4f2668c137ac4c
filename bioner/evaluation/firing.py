"""How often a type is marked where it is looked for, and where nobody looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bioner.evaluation.scores import (
    OverFiring,
)
from bioner.labels import LabelSchema
from bioner.spans import Sentence


def over_firing(
    gold: Sequence[Sentence], predicted: Sequence[Sentence], schema: LabelSchema
) -> dict[str, OverFiring]:
    """Measure each type's predicted mentions per 1,000 tokens where it is covered and where not."""
    tokens: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    fired: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for one, other in zip(gold, predicted, strict=True):
        for name in schema.names:
            tokens[name in one.covers][name] += len(one.tokens)
        for span in other.spans:
            fired[span.label in one.covers][span.label] += 1

    def rate(name: str, covered: bool) -> float:
        n = tokens[covered][name]
        return 1000 * fired[covered][name] / n if n else 0.0

    return {
        name: OverFiring(
            rate(name, True), rate(name, False), tokens[True][name], tokens[False][name]
        )
        for name in schema.names
    }
