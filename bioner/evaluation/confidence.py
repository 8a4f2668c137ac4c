"""Confidence that means what it says: fitted on devel, type by type, kept on the model's card."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bioner.evaluation.folding import fold_pair, fold_spans
from bioner.labels import LabelSchema
from bioner.progress import OnProgress
from bioner.spans import Sentence
from bioner.tagging.calibration import (
    PULL,
    UNCHANGED,
    calibrated,
    fit_platt,
    log_odds,
    reliability,
)
from bioner.tagging.tagger import Tagger

LEAST = 50
"""Mentions of a type that were judged, for it to get a scale of its own; below, its group's."""

TOWARDS_ALL, TOWARDS_TYPE = 10.0, 100.0
"""How strongly a type's scale is pulled towards that of all types, and a convention's scale of the
type towards the type's; the second was chosen on devel (`benchmarks.confidence --devel`)."""

Case = tuple[float, bool, float]
"""Score, whether it is right, weight."""

Judged = dict[str, list[Case]]
"""Predicted type → the cases of the mentions that can be judged."""

Scales = dict[str, tuple[float, float]]


def fit_confidence(
    tagger: Tagger,
    gold: Sequence[Sentence],
    schema: LabelSchema,
    *,
    shares: Mapping[str, float] | None = None,
    progress: OnProgress | None = None,
) -> dict[str, Any]:
    """Return what a model's card holds as ``calibration``.

    ``types``: slope and shift by predicted type, from the mentions that the sentences' corpora can
    judge; ``error_before`` and ``error_after``: expected calibration error on these sentences.
    ``shares``: each corpus's share of all sentences (``Dataset.shares``); its mentions then weigh
    as much, whatever its share of these sentences is (BC5CDR is a third of all devel mentions). The
    tagger must give its own scores (``load_tagger(is_calibrated=False)``); the sentences must be
    of devel, never of test. Of a tagger that knows conventions ``types`` hold under ``any``, and
    ``by_convention`` under each one's own.
    """
    here = Counter(one.corpus for one in gold)
    weight = {
        name: shares[name] * len(gold) / n if shares and name in shares else 1.0
        for name, n in here.items()
    }
    judged: Judged = defaultdict(list)
    for right, predicted in zip(gold, tagger.tag(gold, progress=progress), strict=True):
        for label, value, is_right in judge(right, predicted, schema):
            judged[label].append((value, is_right, weight[right.corpus]))
    scales = _fit_types(judged, schema)
    before = [(value, is_right) for cases in judged.values() for value, is_right, _ in cases]
    after = _scaled(judged, scales)
    fitted: dict[str, Any] = {
        "method": "Platt scaling of each type's log-odds",
        "fitted_on": "devel",
        "mentions": len(before),
        "types": _rounded(scales),
        "error_before": round(reliability(before).error, 4),
        "error_after": round(reliability(after).error, 4),
    }
    if tagger.conventions:
        fitted |= _fit_conventions(tagger, gold, schema, progress)
    return fitted


def _fit_conventions(
    tagger: Tagger, gold: Sequence[Sentence], schema: LabelSchema, progress: OnProgress | None
) -> dict[str, Any]:
    """Fit each corpus's sentences under its own convention, if the tagger knows it.

    A convention has scales only for types that its mentions judge: the others keep those that hold
    under ``any``.
    """
    own: dict[str, Judged] = {}
    for one, label, case in judged_under_own(tagger, gold, schema, progress=progress):
        own.setdefault(one.owner, defaultdict(list))[label].append(case)
    by_convention = fit_by_convention(own, schema)
    after = [c for name, judged in own.items() for c in _scaled(judged, by_convention[name])]
    return {
        "by_convention": {name: _rounded(found) for name, found in by_convention.items()},
        "error_after_by_convention": round(reliability(after).error, 4),
    }


def judged_under_own(
    tagger: Tagger,
    gold: Sequence[Sentence],
    schema: LabelSchema,
    *,
    progress: OnProgress | None = None,
) -> Iterator[tuple[Sentence, str, Case]]:
    """Yield (sentence, predicted type, case) of what is marked under each sentence's own rules."""
    chosen = [one for one in gold if one.owner in tagger.conventions]
    for right, predicted in zip(chosen, tagger.tag_own(chosen, progress=progress), strict=True):
        for label, value, is_right in judge(right, predicted, schema):
            yield right, label, (value, is_right, 1.0)


def fit_by_convention(
    own: Mapping[str, Judged], schema: LabelSchema, *, pull: float = TOWARDS_TYPE
) -> dict[str, Scales]:
    """Return each convention's scales, each pulled towards what holds for the type in all of them.

    The sentences of a document are alike, so that a corpus's few documents say less than its
    mentions are many: a scale of their own alone fits these documents and not the next ones. *All*
    are those in whose terms the type is the same, for these judge it alike (a Tissue is right in
    AnatEM where anything of anatomy is meant). A type that a convention judges but that was not
    predicted there is taken to be as its group.
    """
    together: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for name, judged in own.items():
        for label, cases in judged.items():
            if cases:
                together[_term(name, label, schema), label] += cases
    if not together:
        return {name: {} for name in own}
    whole = _fit([case for cases in together.values() for case in cases])
    base = {at: _fit(cases, towards=whole, pull=TOWARDS_ALL) for at, cases in together.items()}
    found: dict[str, Scales] = {}
    for name, judged in sorted(own.items()):
        scales = found[name] = {}
        for label in schema.names:
            group = schema.groups[schema.group_of[label]]
            cases = judged.get(label) or [c for other in group for c in judged.get(other, ())]
            if cases:
                towards = base.get((_term(name, label, schema), label), whole)
                scales[label] = _fit(cases, towards=towards, pull=pull)
    return found


def _term(convention: str, label: str, schema: LabelSchema) -> str:
    return schema.mapping_for(convention).fold_label(label)


def _fit(
    cases: Sequence[Case], *, towards: tuple[float, float] = UNCHANGED, pull: float = PULL
) -> tuple[float, float]:
    values, verdicts, weights = zip(*cases, strict=True)
    odds = [log_odds(p) for p in values]
    return fit_platt(odds, verdicts, weights, towards=towards, pull=pull)


def _fit_types(judged: Judged, schema: LabelSchema) -> Scales:
    """Return slope and shift of each type that enough mentions judge, or that its group does."""
    scales: Scales = {}
    for label in schema.names:
        group = schema.groups[schema.group_of[label]]
        own = judged[label]
        cases = own if len(own) >= LEAST else [one for name in group for one in judged[name]]
        if len(cases) >= LEAST:
            scales[label] = _fit(cases)
    return scales


def _scaled(judged: Judged, scales: Scales) -> list[tuple[float, bool]]:
    return [
        (calibrated(value, scales.get(label)), is_right)
        for label, cases in judged.items()
        for value, is_right, _ in cases
    ]


def _rounded(scales: Scales) -> dict[str, list[float]]:
    return {name: [round(v, 4) for v in scale] for name, scale in scales.items()}


def judge(
    gold: Sentence, predicted: Sentence, schema: LabelSchema
) -> Iterator[tuple[str, float, bool]]:
    """Yield (predicted type, score, is right) of each mention that the corpus looked for."""
    mapping = schema.mapping_for(gold.corpus)
    pair = fold_pair(gold, predicted, mapping)
    right = {(s.start, s.end, s.label) for s in pair.gold.spans}
    looked_for = {mapping.fold_label(name) for name in gold.covers}
    for span, folded in zip(predicted.spans, fold_spans(predicted.spans, mapping), strict=True):
        if span.score is not None and folded.label in looked_for:
            yield span.label, span.score, (span.start, span.end, folded.label) in right
