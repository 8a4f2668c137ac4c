"""The gate's questions: did a corpus, "my test", or what reviewers corrected, get worse?

A model must pass every question, so that each lower limit needs no more than its own 95%: a model
that truly fell too far on any of them passes all with a chance of 5% at most (intersection-union
test, Berger 1982). That something *fell* is said if any upper limit says so; these hold with 95%
for all corpora together (Bonferroni; Dror et al. 2017).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import ceil, comb
from statistics import NormalDist

from bioner.evaluation.comparison import Difference, paired_bootstrap
from bioner.evaluation.reports import OWN_TEST, Evaluation
from bioner.evaluation.scores import Counts, OverFiring, Report
from bioner.evaluation.verdicts import Answer, Verdict, more_sentences
from bioner.figures import points, points_changed

MARGIN = 1.0
"""F1 points by which a corpus may fall without harm; the lower limit must be above minus this."""
OWN_MARGIN = 3.0
"""The same for "my test", which is small."""
ERROR = 5.0
"""Per cent of chance that all questions together may leave."""
EVALUATE = "evaluate both models on the merged corpora (Metrics, or `python -m bioner compare`)."
MORE_TEXT = "more reviewed text in my test."

RISE, EXCUSED = 1.1, 1.25
"""Over-firing: a rise by a tenth is one, beyond chance; one by a quarter is surely too much."""
EXCUSED_PER_1000 = 0.1
"""Marks per 1,000 tokens that are too few to bother anybody."""

Pattern = tuple[str, str]
"""A lower-cased surface and its type, as a reviewer corrected it."""


def margin_of(corpus: str) -> float:
    """Return how many F1 points a corpus may fall."""
    return OWN_MARGIN if corpus == OWN_TEST else MARGIN


def few(margin: float) -> int:
    """Return the gold mentions below which even two equal outputs say nothing.

    Rule of three: where nothing was lost in n mentions, up to 3/n of all may be (95%).
    """
    return ceil(300 / margin)


def ask_f1(active: Report, candidate: Report, *, questions: int = 0) -> Iterator[Answer]:
    """Ask of each corpus that both reports have whether the candidate's F1 fell.

    ``questions``: how many such questions there are in all, if more than those of these reports.
    """
    common = [corpus for corpus in active.counts if corpus in candidate.counts]
    for corpus in common:
        one = difference(
            corpus, active.counts[corpus], candidate.counts[corpus], questions or len(common)
        )
        yield judge_f1(one, margin_of(corpus), is_part=corpus in candidate.parts)


def difference(name: str, active: Counts, candidate: Counts, questions: int) -> Difference:
    """Measure a difference with the gate's limits: the lower its own, the upper for all."""
    return paired_bootstrap(name, active, candidate, tails=(ERROR, ERROR / max(1, questions)))


def verdict_on(one: Difference, margin: float) -> Verdict:
    """Return what a difference's limits say; ``margin`` in F1 points."""
    if one.high < 0:
        return Verdict.FELL
    if one.support >= few(margin) and 100 * one.low > -margin:
        return Verdict.PASSED
    return Verdict.CANNOT_TELL


def judge_f1(one: Difference, margin: float, *, is_part: bool = False) -> Answer:
    """Answer whether a fall by more than the margin can be ruled out, with the figures."""
    part = " (part)" if is_part else ""
    fall = f"fall by {margin:g} {'point' if margin == 1 else 'points'} or more"
    told = (
        f"{one.name}{part}: F1 {points(one.a)} → {points(one.b)} "
        f"(difference {points_changed(one.low)} to {points_changed(one.high)})"
    )
    verdict = verdict_on(one, margin)
    settle = ""
    if verdict is Verdict.FELL:
        told += ": a significant fall."
    elif verdict is Verdict.PASSED:
        told += f": no {fall}."
    else:
        settle = MORE_TEXT if one.name == OWN_TEST else more_sentences(one.name)
        if one.support < few(margin):
            told += f": only {one.support} gold mentions, too few to tell."
        else:
            told += f": a {fall} cannot be ruled out."
    return Answer(one.name, verdict, told, settle, one)


def ask_over_firing(active: Report, candidate: Report) -> Iterator[Answer]:
    """Ask whether a type is marked more often where nobody looked; nothing if that is nowhere."""
    before, after = active.over_firing, candidate.over_firing
    asked = [name for name in after if name in before and after[name].uncovered_tokens]
    verdicts = {name: _verdict_on_firing(before[name], after[name], len(asked)) for name in asked}
    for name, verdict in verdicts.items():
        if verdict is not Verdict.PASSED:
            is_worse = verdict is Verdict.FELL
            yield Answer(
                f"over-firing of {name}",
                verdict,
                f"{name} {'fires' if is_worse else 'may fire'} more where nobody looked for it: "
                f"{before[name].uncovered:.1f} → "
                f"{after[name].uncovered:.1f} mentions per 1,000 tokens, against "
                f"{before[name].covered:.1f} → {after[name].covered:.1f} where it is looked for.",
                "" if is_worse else "more test sentences that do not look for it.",
            )
    if asked and set(verdicts.values()) == {Verdict.PASSED}:
        text = "No type fires more where nobody looked for it."
        yield Answer("over-firing", Verdict.PASSED, text)


def _verdict_on_firing(before: OverFiring, after: OverFiring, questions: int) -> Verdict:
    """Compare two rates where nobody looked, as Poisson counts.

    A rise in step with the rate where the type is looked for is recall, not over-firing.
    """
    recall = after.covered / before.covered if before.covered else 1.0
    expected = before.uncovered * before.uncovered_tokens / 1000 * max(1.0, recall)
    new = after.uncovered * after.uncovered_tokens / 1000
    chance = (new + expected) ** 0.5
    if new > RISE * expected and new - expected > _z(ERROR / questions) * chance:
        return Verdict.FELL
    excused = EXCUSED * expected + EXCUSED_PER_1000 * after.uncovered_tokens / 1000
    is_low = new + _z(ERROR) * chance <= excused or new <= expected
    return Verdict.PASSED if is_low else Verdict.CANNOT_TELL


def _z(per_cent: float) -> float:
    return NormalDist().inv_cdf(1 - per_cent / 100)


def ask_patterns(
    active: Evaluation, candidate: Evaluation, patterns: Collection[Pattern]
) -> Iterator[Answer]:
    """Ask whether what reviewers corrected is found in "my test" no less often than before.

    Nothing is asked where none of it occurs there.
    """
    old, new = _recalled(active, patterns), _recalled(candidate, patterns)
    places = [one for one in old if one in new]
    if not places:
        return
    lost = sum(old[one] and not new[one] for one in places)
    gained = sum(new[one] and not old[one] for one in places)
    told = (
        f"Corrected patterns in my test: {sum(new[one] for one in places)} of {len(places)} found "
        f"(before {sum(old[one] for one in places)})."
    )
    if gained >= lost:
        yield Answer("corrected patterns", Verdict.PASSED, told)
    elif 100 * _sign_test(lost, gained) < ERROR:
        yield Answer("corrected patterns", Verdict.FELL, told)
    else:
        yield Answer("corrected patterns", Verdict.CANNOT_TELL, told, MORE_TEXT)


def _sign_test(lost: int, gained: int) -> float:
    """Return the chance of so many losses or more if losing were as likely as gaining."""
    n = lost + gained
    ways: int = sum(comb(n, k) for k in range(lost, n + 1))
    return float(ways / 2**n)


def _recalled(
    stored: Evaluation, patterns: Collection[Pattern]
) -> dict[tuple[str, int, int, str], bool]:
    """Say of each occurrence of a pattern in "my test" whether the model finds it."""
    found: dict[tuple[str, int, int, str], bool] = {}
    rows = [i for i, (corpus, _) in enumerate(stored.places()) if corpus == OWN_TEST]
    for judged in stored.sentences(rows):
        right = {(s.start, s.end, s.label) for s in judged.predicted.spans}
        for span in judged.gold.spans:
            if (judged.gold.surface(span).lower(), span.label) in patterns:
                place = (judged.gold.id, span.start, span.end, span.label)
                found[place] = place[1:] in right
    return found


def ask_leaks(candidates: Sequence[Evaluation]) -> Iterator[Answer]:
    """Ask whether the candidate says what it was trained on, so that no test sentence was known."""
    for stored in candidates:
        if not stored.has_hashes:
            yield Answer(
                f"what {stored.key.model} was trained on",
                Verdict.CANNOT_TELL,
                f"{stored.key.model} does not say what it was trained on, so it may know "
                "sentences of the test.",
                "a model trained here, which keeps what it was trained on.",
            )
            return
