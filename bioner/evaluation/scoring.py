"""Scores in the corpora's own terms: tag a split, fold, set aside, count as seqeval does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bioner.corpora.dataset import Dataset
from bioner.errors import CorpusError
from bioner.evaluation.mistakes import (
    SCHEMES,
    Mistake,
    Scheme,
    SchemeCounts,
    find_mistakes,
    match_all,
)
from bioner.evaluation.scores import (
    CorpusScores,
    Counts,
    OverFiring,
    Report,
    Score,
    report_from_json,
    score_from_json,
)
from bioner.evaluation.surfaces import Lexicon, read_lexicon
from bioner.labels import CorpusMapping, LabelSchema
from bioner.spans import Sentence, Span, with_spans
from bioner.tagging.calibration import Reliability, reliability
from bioner.tagging.tagger import OnProgress, Tagger

__all__ = [
    "BOOTSTRAP",
    "CorpusScores",
    "Counts",
    "Mistake",
    "OverFiring",
    "Report",
    "Score",
    "count_matches",
    "evaluate",
    "evaluate_sentences",
    "find_mistakes",
    "fold_pair",
    "fold_spans",
    "over_firing",
    "report_from_json",
    "score",
    "score_from_json",
    "select",
]

Bounds = tuple[float | None, float | None]
BOOTSTRAP = 1000
"""Draws of a bootstrap interval."""


def evaluate(
    tagger: Tagger,
    dataset: Dataset,
    *,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    trained_on: frozenset[str] = frozenset(),
    parts: Iterable[str] = (),
    bootstrap: int = BOOTSTRAP,
    progress: OnProgress | None = None,
) -> Report:
    """Tag a split and score it against its gold.

    ``trained_on`` holds the fingerprints of the model's training sentences: sentences of the split
    among them are left out and counted as leaked. With the dataset's train split at hand, mentions
    seen and unseen there are scored apart. Raises CorpusError for an unknown corpus.
    """
    gold, leaked = select(dataset, split=split, corpora=corpora, trained_on=trained_on)
    report = score(
        gold,
        tagger.tag(gold, progress=progress),
        dataset.schema,
        model=tagger.name,
        split=split,
        bootstrap=bootstrap,
        lexicon=read_lexicon(dataset.train) if dataset.train else None,
    )
    return replace(
        report,
        leaked=leaked,
        parts=tuple(p for p in parts if p in report.by_corpus),
        unknown_types=tuple(n for n in dataset.schema.names if n not in tagger.types),
    )


def select(
    dataset: Dataset,
    *,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    trained_on: frozenset[str] = frozenset(),
) -> tuple[list[Sentence], int]:
    """Return the sentences of a split to score, and how many were left out as leaked.

    Raises CorpusError for a corpus that the split does not have.
    """
    sentences = dataset.split(split)
    if corpora is not None:
        here = dict.fromkeys(s.corpus for s in sentences)
        for name in corpora:
            if name not in here:
                raise CorpusError(
                    f"corpus {name!r} has no {split} sentences in the merged dataset; expected one "
                    f"of {', '.join(here)}"
                )
        sentences = tuple(s for s in sentences if s.corpus in corpora)
    kept = [s for s in sentences if s.fingerprint not in trained_on]
    return kept, len(sentences) - len(kept)


def evaluate_sentences(
    tagger: Tagger,
    gold: Sequence[Sentence],
    schema: LabelSchema,
    *,
    bootstrap: int = BOOTSTRAP,
    progress: OnProgress | None = None,
    split: str = "test",
) -> Report:
    """Tag gold sentences and score the result; see ``score``."""
    return score(
        gold,
        tagger.tag(gold, progress=progress),
        schema,
        model=tagger.name,
        split=split,
        bootstrap=bootstrap,
    )


def score(
    gold: Sequence[Sentence],
    predicted: Sequence[Sentence],
    schema: LabelSchema,
    *,
    model: str = "",
    split: str = "test",
    bootstrap: int = BOOTSTRAP,
    lexicon: Lexicon | None = None,
) -> Report:
    """Score predictions against gold, sentence by sentence, each corpus in its own terms.

    The corpus's fold map is applied to gold and prediction; predictions of types that it did not
    look for are set aside (they count as over-firing, not as errors); the rest is seqeval with
    ``mode="strict"`` and ``scheme=IOB2``. ``bootstrap=0`` leaves the intervals out.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold sentences but {len(predicted)} predicted ones")
    rows: dict[str, list[int]] = defaultdict(list)
    for row, sentence in enumerate(gold):
        rows[sentence.corpus].append(row)
    results = {
        corpus: _score_corpus(
            [fold_pair(gold[i], predicted[i], schema.mapping_for(corpus)) for i in numbers],
            numbers,
            schema.mapping_for(corpus),
            bootstrap,
            lexicon,
        )
        for corpus, numbers in sorted(rows.items())
    }
    schemes: dict[Scheme, SchemeCounts] = dict.fromkeys(SCHEMES, SchemeCounts())
    for result in results.values():
        for scheme, counts in result.schemes.items():
            schemes[scheme] += counts
    by_type, bounds = _over_all_corpora(list(results.values()))
    order = {name: i for i, name in enumerate(schema.names)}
    return Report(
        model,
        split,
        {corpus: result.scores for corpus, result in results.items()},
        dict(sorted(by_type.items(), key=lambda item: order.get(item[0], len(order)))),
        over_firing(gold, predicted, schema),
        micro_bounds=bounds,
        schemes=schemes,
        reliability=reliability(judged[1:] for r in results.values() for judged in r.judged),
        reliability_by_type=_reliability_by_type(results.values()),
        mistakes=tuple(m for result in results.values() for m in result.mistakes),
        type_counts={corpus: result.type_counts for corpus, result in results.items()},
    )


@dataclass(frozen=True)
class _Scored:
    """What scoring one corpus gives; ``judged``: type, score, rightness of each prediction.

    ``draws`` *shape:* (draws, types + 1, 3), the last column the micro counts.
    """

    scores: CorpusScores
    type_counts: tuple[tuple[str, ...], Counts]
    draws: Counts
    mistakes: list[Mistake]
    schemes: dict[Scheme, SchemeCounts]
    judged: list[tuple[str, float, bool]]


@dataclass(frozen=True, slots=True)
class FoldedPair:
    """Gold and prediction of a sentence in its corpus's own terms; ``set_aside`` predictions."""

    gold: Sentence
    predicted: Sentence
    set_aside: int


def _score_corpus(
    pairs: Sequence[FoldedPair],
    rows: Sequence[int],
    mapping: CorpusMapping,
    bootstrap: int,
    lexicon: Lexicon | None,
) -> _Scored:
    plain = [(pair.gold, pair.predicted) for pair in pairs]
    types, counts = count_matches(plain)
    draws = _draw(counts, bootstrap, mapping.corpus)
    bounds = _bounds(draws)
    totals = counts.sum(axis=0)
    by_type = {name: _to_score(totals[i], bounds[i]) for i, name in enumerate(types)}
    micro = _to_score(totals.sum(axis=0), bounds[-1])
    seen, unseen = _by_novelty(plain, mapping, lexicon)
    scores = CorpusScores(
        micro,
        by_type,
        len(pairs),
        sum(pair.set_aside for pair in pairs),
        seen,
        unseen,
        sum(_in_ignored(gold, predicted) for gold, predicted in plain),
    )
    return _Scored(
        scores,
        (types, counts),
        draws,
        [m for row, (g, p) in zip(rows, plain, strict=True) for m in find_mistakes(g, p, row=row)],
        match_all(plain),
        [judged for gold, predicted in plain for judged in _judge(gold, predicted)],
    )


def _to_score(counts: Counts, bounds: Bounds) -> Score:
    correct, predicted, support = (int(v) for v in counts)
    return Score(correct, predicted, support, *bounds)


def fold_pair(gold: Sentence, predicted: Sentence, mapping: CorpusMapping) -> FoldedPair:
    """Put gold and prediction into the corpus's own terms; set aside what it did not look for."""
    mine = fold_spans(gold.spans, mapping)
    theirs = fold_spans(predicted.spans, mapping)
    looked_for = {mapping.fold_label(label) for label in gold.covers}
    kept = tuple(s for s in theirs if s.label in looked_for)
    return FoldedPair(
        gold if mine == gold.spans else with_spans(gold, mine),
        predicted if kept == predicted.spans else with_spans(predicted, kept),
        len(theirs) - len(kept),
    )


def fold_spans(spans: Iterable[Span], mapping: CorpusMapping) -> tuple[Span, ...]:
    """Return the spans with their labels in the corpus's own terms."""
    return tuple(
        s
        if mapping.fold_label(s.label) == s.label and not s.stands_for
        else replace(s, label=mapping.fold_label(s.label), stands_for=())
        for s in spans
    )


def count_matches(
    pairs: Sequence[tuple[Sentence, Sentence]],
) -> tuple[tuple[str, ...], Counts]:
    """Count correct, predicted and gold mentions of each type in each sentence.

    *Shape:* (sentences, types, 3). Flat spans are what seqeval reads from their IOB2 tags in strict
    mode, so the counts are seqeval's; the tests hold the two equal.
    """
    types = tuple(sorted({s.label for pair in pairs for one in pair for s in one.spans}))
    column = {name: i for i, name in enumerate(types)}
    counts = np.zeros((len(pairs), len(types), 3), dtype=np.int64)
    for row, (gold, predicted) in enumerate(pairs):
        if not gold.spans and not predicted.spans:
            continue
        right = {(s.start, s.end, s.label) for s in gold.spans}
        for span in gold.spans:
            counts[row, column[span.label], 2] += 1
        for span in predicted.spans:
            counts[row, column[span.label], 1] += 1
            counts[row, column[span.label], 0] += (span.start, span.end, span.label) in right
    return types, counts


def _reliability_by_type(results: Iterable[_Scored]) -> dict[str, Reliability]:
    cases: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for result in results:
        for label, value, is_right in result.judged:
            cases[label].append((value, is_right))
    return {label: reliability(judged) for label, judged in sorted(cases.items())}


def _judge(gold: Sentence, predicted: Sentence) -> Iterator[tuple[str, float, bool]]:
    right = {(s.start, s.end, s.label) for s in gold.spans}
    for span in predicted.spans:
        if span.score is not None:
            yield span.label, span.score, (span.start, span.end, span.label) in right


def _in_ignored(gold: Sentence, predicted: Sentence) -> int:
    """Count wrong predictions that touch a range where the mapping says: no evidence."""
    if not gold.ignored:
        return 0
    right = {(s.start, s.end, s.label) for s in gold.spans}
    return sum(
        (s.start, s.end, s.label) not in right
        and any(s.start < end and start < s.end for start, end in gold.ignored)
        for s in predicted.spans
    )


def _by_novelty(
    pairs: Sequence[tuple[Sentence, Sentence]], mapping: CorpusMapping, lexicon: Lexicon | None
) -> tuple[Score, Score] | tuple[None, None]:
    if lexicon is None:
        return None, None
    counts: dict[bool, list[int]] = {True: [0, 0, 0], False: [0, 0, 0]}
    for gold, predicted in pairs:
        right = {(s.start, s.end, s.label) for s in gold.spans}
        for span in gold.spans:
            counts[lexicon.knows(gold.surface(span), span.label, mapping)][2] += 1
        for span in predicted.spans:
            cell = counts[lexicon.knows(gold.surface(span), span.label, mapping)]
            cell[1] += 1
            cell[0] += (span.start, span.end, span.label) in right
    return Score(*counts[True]), Score(*counts[False])


def _draw(counts: Counts, draws: int, seed_text: str) -> Counts:
    """Draw sentences with replacement and add up their counts. *Shape:* (draws, types + 1, 3)."""
    n, n_types, _ = counts.shape
    if not draws or not n:
        return np.zeros((0, n_types + 1, 3), dtype=np.int64)
    generator = np.random.default_rng(sum(map(ord, seed_text)))
    stacked = np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)
    kinds, times = np.unique(stacked.reshape(n, -1), axis=0, return_counts=True)
    drawn = generator.multinomial(n, times / n, size=draws)  # equal sentences are drawn as one
    summed: Counts = (drawn @ kinds).reshape(draws, n_types + 1, 3)
    return summed


def _bounds(draws: Counts) -> list[Bounds]:
    """Return the 95 % bootstrap bounds of F1 of each column of ``_draw``."""
    if not len(draws):
        return [(None, None)] * draws.shape[1]
    total = (draws[:, :, 1] + draws[:, :, 2]).astype(np.float64)
    f1 = np.divide(2.0 * draws[:, :, 0], total, out=np.zeros_like(total), where=total > 0)
    low, high = np.percentile(f1, [2.5, 97.5], axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _over_all_corpora(results: Sequence[_Scored]) -> tuple[dict[str, Score], Bounds]:
    """Add the corpora up: each type's score, and the micro bounds; corpora are drawn apart."""
    totals: dict[str, Score] = {}
    draws: dict[str, Counts] = {}
    for result in results:
        types, _ = result.type_counts
        columns = [(name, result.scores.by_type[name]) for name in types]
        for i, (name, one) in enumerate([*columns, ("", result.scores.micro)]):
            totals[name] = totals.get(name, Score()) + one
            draws[name] = draws[name] + result.draws[:, i] if name in draws else result.draws[:, i]
    bounds = {name: _bounds(drawn[:, None])[0] for name, drawn in draws.items()}
    scores = {
        name: replace(one, low=bounds[name][0], high=bounds[name][1])
        for name, one in totals.items()
        if name
    }
    return scores, bounds.get("", (None, None))


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
