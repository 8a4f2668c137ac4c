"""Scores in the corpora's own terms: tag a split, fold, set aside, count as seqeval does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bioner.corpora.dataset import Dataset
from bioner.errors import CorpusError
from bioner.evaluation.bootstrap import DRAWS, bounds, f1, resample
from bioner.evaluation.firing import over_firing
from bioner.evaluation.folding import FoldedPair, fold_pair
from bioner.evaluation.matching import MATCHINGS, MatchCounts, Matching, match_all
from bioner.evaluation.mistakes import Mistake, find_mistakes
from bioner.evaluation.scores import (
    CorpusScores,
    Counts,
    Report,
    Score,
)
from bioner.evaluation.strict import with_seqeval
from bioner.evaluation.surfaces import Lexicon
from bioner.labels import CorpusMapping, LabelSchema
from bioner.progress import OnProgress
from bioner.spans import Sentence
from bioner.tagging.calibration import Reliability, reliability
from bioner.tagging.tagger import Tagger

Bounds = tuple[float | None, float | None]


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
    bootstrap: int = DRAWS,
    progress: OnProgress | None = None,
    split: str = "test",
) -> Report:
    """Tag gold sentences, each under its own corpus's convention, and score; see ``score``."""
    return score(
        gold,
        tagger.tag_own(gold, progress=progress),
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
    bootstrap: int = DRAWS,
    lexicon: Lexicon | None = None,
) -> Report:
    """Score predictions against gold, sentence by sentence, each corpus in its own terms.

    The corpus's fold map is applied to gold and prediction; predictions of types that it did not
    look for are set aside (they count as over-firing, not as errors); the rest is scored by seqeval
    with ``mode="strict"`` and ``scheme=IOB2``. ``bootstrap=0`` leaves the intervals out.
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
    schemes: dict[Matching, MatchCounts] = dict.fromkeys(MATCHINGS, MatchCounts())
    for result in results.values():
        for scheme, counts in result.schemes.items():
            schemes[scheme] += counts
    by_type, micro_bounds = _over_all_corpora(list(results.values()))
    order = {name: i for i, name in enumerate(schema.names)}
    return Report(
        model,
        split,
        {corpus: result.scores for corpus, result in results.items()},
        dict(sorted(by_type.items(), key=lambda item: order.get(item[0], len(order)))),
        over_firing(gold, predicted, schema),
        micro_bounds=micro_bounds,
        schemes=schemes,
        reliability=reliability(judged[1:] for r in results.values() for judged in r.judged),
        reliability_by_type=_reliability_by_type(results.values()),
        mistakes=tuple(m for result in results.values() for m in result.mistakes),
        type_counts={corpus: result.type_counts for corpus, result in results.items()},
    )


def with_untold(report: Report, untold: Report) -> Report:
    """Return a report with the scores of the same model told no convention beside its own."""
    return replace(report, by_corpus_any=untold.by_corpus, micro_bounds_any=untold.micro_bounds)


@dataclass(frozen=True)
class _Scored:
    """What scoring one corpus gives; ``judged``: type, score, rightness of each prediction.

    ``draws`` *shape:* (draws, types + 1, 3), the last column the micro counts.
    """

    scores: CorpusScores
    type_counts: tuple[tuple[str, ...], Counts]
    draws: Counts
    mistakes: list[Mistake]
    schemes: dict[Matching, MatchCounts]
    judged: list[tuple[str, float, bool]]


def _score_corpus(
    pairs: Sequence[FoldedPair],
    rows: Sequence[int],
    mapping: CorpusMapping,
    bootstrap: int,
    lexicon: Lexicon | None,
) -> _Scored:
    plain = [(pair.gold, pair.predicted) for pair in pairs]
    types, counts = count_matches(plain)
    stacked = np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)
    draws = resample(stacked, bootstrap, seed_text=mapping.corpus)
    limits = _bounds(draws)
    totals = counts.sum(axis=0)
    micro, by_type = with_seqeval(
        mapping.corpus,
        plain,
        _to_score(totals.sum(axis=0), limits[-1]),
        {name: _to_score(totals[i], limits[i]) for i, name in enumerate(types)},
    )
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


def _to_score(counts: Counts, limits: Bounds) -> Score:
    correct, predicted, support = (int(v) for v in counts)
    return Score(correct, predicted, support, *limits)


def count_matches(
    pairs: Sequence[tuple[Sentence, Sentence]],
) -> tuple[tuple[str, ...], Counts]:
    """Count correct, predicted and gold mentions of each type in each sentence.

    *Shape:* (sentences, types, 3). Flat spans are what seqeval reads from their IOB2 tags in strict
    mode: ``with_seqeval`` holds the two equal.
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


def _bounds(draws: Counts) -> list[Bounds]:
    """Return the 95% bootstrap bounds of F1 of each column of the draws."""
    if not len(draws):
        return [(None, None)] * draws.shape[1]
    low, high = bounds(f1(draws))
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
    limits = {name: _bounds(drawn[:, None])[0] for name, drawn in draws.items()}
    scores = {
        name: replace(one, low=limits[name][0], high=limits[name][1])
        for name, one in totals.items()
        if name
    }
    return scores, limits.get("", (None, None))
