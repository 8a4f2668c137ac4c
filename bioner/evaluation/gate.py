"""The gate before promotion: may a model replace the active one, and what could not be checked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bioner.errors import ModelError
from bioner.evaluation.comparison import compare_reports, pair
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.reports import FOLDER, OWN_TEST, Evaluation
from bioner.evaluation.scores import OverFiring, Report
from bioner.files import write_whole
from bioner.machine import Device
from bioner.models.catalogue import active_model, find_model, promote
from bioner.settings import Settings
from bioner.spans import Sentence
from bioner.tagging.tagger import OnProgress

RECORD = "gate.jsonl"
FEW = 30
"""Gold mentions below which a comparison on a corpus says little."""

Pattern = tuple[str, str]
"""A lower-cased surface and its type, as a reviewer corrected it."""


@dataclass(frozen=True)
class Check:
    """One thing the gate looked at; ``is_passed`` is None where it could not look."""

    name: str
    is_passed: bool | None
    text: str


@dataclass(frozen=True)
class Decision:
    """What the gate says of a candidate: accepted if something was checked and nothing failed."""

    candidate: str
    active: str
    checks: tuple[Check, ...]

    @property
    def is_accepted(self) -> bool:
        verdicts = [check.is_passed for check in self.checks]
        return True in verdicts and False not in verdicts

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the candidate is refused; empty if it is accepted."""
        failed = tuple(check.text for check in self.checks if check.is_passed is False)
        if failed or self.is_accepted:
            return failed
        return ("Nothing could be checked.",)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What could not be checked."""
        return tuple(check.text for check in self.checks if check.is_passed is None)

    @property
    def summary(self) -> str:
        """One sentence for the record."""
        if self.is_accepted:
            passed = sum(check.is_passed is True for check in self.checks)
            text = f"the gate accepts {self.candidate}: {passed} checks passed"
        else:
            text = f"the gate refuses {self.candidate}: {' '.join(self.reasons)}"
        return text + (f" Not checked: {' '.join(self.unchecked)}" if self.unchecked else "")

    def to_json(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate,
            "active": self.active,
            "accepted": self.is_accepted,
            "reasons": list(self.reasons),
            "unchecked": list(self.unchecked),
            "checks": [asdict(check) for check in self.checks],
        }


EvaluationPair = tuple[Evaluation, Evaluation]
"""The candidate's and the active model's reports on a team's own test sentences."""


def decide(
    candidate: Evaluation,
    active: Evaluation,
    *,
    own: EvaluationPair | None = None,
    patterns: Collection[Pattern] = (),
) -> Decision:
    """Decide from two stored reports whether the candidate may replace the active model.

    Refused: a significant fall on any corpus or on "my test" (paired bootstrap, 95 % over all
    corpora together: at 95 % each, an equal model would fall on one of ten in every fifth try);
    more false alarms, beyond chance, where a type is not looked for; fewer of the corrected
    ``patterns`` found in "my test". ``own`` holds both models' reports on "my test", if it was
    scored apart; without corpora these are ``candidate`` and ``active``. Raises CorpusError where
    the two were scored on different data.
    """
    mine = own or (candidate, active)
    corpora = pair(active, candidate)
    my_test = pair(own[1], own[0]) if own else None
    checks = [
        *_check_corpora(corpora.a, corpora.b, candidate.report.parts),
        *(_check_corpora(my_test.a, my_test.b, ()) if my_test else ()),
        *_check_presence([candidate, *(own or ())]),
        *_check_over_firing(active.report, candidate.report),
        *_check_patterns(mine[1], mine[0], patterns),
        *_check_leaks(active, candidate),
    ]
    return Decision(candidate.key.model, active.key.model, tuple(checks))


def check_reports(active: Report, candidate: Report) -> list[Check]:
    """Check every corpus and over-firing on two reports of the same sentences."""
    return [
        *_check_corpora(active, candidate, candidate.parts),
        *_check_over_firing(active, candidate),
    ]


def _check_corpora(active: Report, candidate: Report, parts: Sequence[str]) -> Iterator[Check]:
    for one in compare_reports(active, candidate, together=True):
        part = " (part)" if one.name in parts else ""
        told = (
            f"{one.name}{part}: F1 {100 * one.a:.1f} → {100 * one.b:.1f} "
            f"({100 * one.low:+.1f} to {100 * one.high:+.1f})"
        )
        if one.is_significant_fall:
            yield Check(one.name, False, f"{told}: a significant fall.")
        elif one.support < FEW:
            yield Check(
                one.name, None, f"{told}: only {one.support} gold mentions, too few to tell."
            )
        else:
            yield Check(one.name, True, f"{told}: no significant fall.")


def _check_presence(reports: Sequence[Evaluation]) -> Iterator[Check]:
    names = {name for one in reports for name in one.report.by_corpus}
    if not names - {OWN_TEST}:
        yield Check(
            "corpora",
            None,
            "The public corpora: there is no merged dataset on this machine, so what the model "
            "may have forgotten is not known.",
        )
    if OWN_TEST not in names:
        yield Check(OWN_TEST, None, "My test: no reviewed test sentences were scored.")


def _check_over_firing(active: Report, candidate: Report) -> Iterator[Check]:
    before, after = active.over_firing, candidate.over_firing
    looked_at = [name for name in after if name in before and after[name].uncovered_tokens]
    if not looked_at:
        yield Check("over-firing", None, "Over-firing: every sentence here looks for every type.")
        return
    worse = [name for name in looked_at if _fires_more(before[name], after[name])]
    for name in worse:
        yield Check(
            f"over-firing of {name}",
            False,
            f"{name} fires more where nobody looked for it: {before[name].uncovered:.1f} → "
            f"{after[name].uncovered:.1f} mentions per 1,000 tokens, against "
            f"{before[name].covered:.1f} → {after[name].covered:.1f} where it is looked for.",
        )
    if not worse:
        yield Check("over-firing", True, "No type fires more where nobody looked for it.")


def _fires_more(before: OverFiring, after: OverFiring) -> bool:
    """Whether the rate where nobody looked rose by a tenth and by more than chance.

    A rise in step with the rate where the type is looked for is recall, not over-firing. Chance:
    two Poisson counts, 95 %.
    """
    recall = after.covered / before.covered if before.covered else 1.0
    expected = before.uncovered * before.uncovered_tokens / 1000 * max(1.0, recall)
    new = after.uncovered * after.uncovered_tokens / 1000
    return new > 1.1 * expected and new - expected > 1.96 * (new + expected) ** 0.5


def _check_patterns(
    active: Evaluation, candidate: Evaluation, patterns: Collection[Pattern]
) -> Iterator[Check]:
    if not patterns:
        return
    if OWN_TEST not in candidate.report.by_corpus:
        yield Check(
            "corrected patterns",
            None,
            "Corrected patterns: my test was not scored, so nothing shows whether they were "
            "learned.",
        )
        return
    total, old = _recalled(active, patterns)
    _, new = _recalled(candidate, patterns)
    if not total:
        yield Check(
            "corrected patterns",
            None,
            "Corrected patterns: none of them occurs in my test, so nothing shows whether they "
            "were learned.",
        )
        return
    told = f"Corrected patterns in my test: {new} of {total} found (before {old})."
    yield Check("corrected patterns", new >= old, told)


def _recalled(stored: Evaluation, patterns: Collection[Pattern]) -> tuple[int, int]:
    total = found = 0
    rows = [i for i, (corpus, _) in enumerate(stored.places()) if corpus == OWN_TEST]
    for judged in stored.sentences(rows):
        right = {(s.start, s.end, s.label) for s in judged.predicted.spans}
        for span in judged.gold.spans:
            if (judged.gold.surface(span).lower(), span.label) in patterns:
                total += 1
                found += (span.start, span.end, span.label) in right
    return total, found


def _check_leaks(active: Evaluation, candidate: Evaluation) -> Iterator[Check]:
    for stored in (candidate, active):
        if not stored.has_hashes:
            yield Check(
                f"leaks of {stored.key.model}",
                None,
                f"Leaks: {stored.key.model} does not say what it was trained on, so it may know "
                "sentences of the test.",
            )


def consider(
    settings: Settings,
    candidate: str,
    against: str = "",
    *,
    data: Path | None = None,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    own_test: Sequence[Sentence] = (),
    patterns: Collection[Pattern] = (),
    device: Device = Device.AUTO,
    progress: OnProgress | None = None,
) -> Decision:
    """Evaluate a candidate and the active model (or ``against``) where need be, and decide.

    ``data`` is the merged folder, by default the settings' one where it exists; without one only
    "my test" is checked, and the decision says so.
    """
    merged = data or (settings.merged if (settings.merged / "manifest.json").is_file() else None)
    names = (candidate, against or active_model(settings))

    def evaluated(data: Path | None, own: Sequence[Sentence]) -> EvaluationPair:
        first, second = (
            evaluate_cached(
                find_model(name, settings.models),
                data,
                split=split,
                corpora=corpora if data else None,
                own_test=own,
                reports=settings.data / FOLDER,
                device=device,
                progress=progress,
            )
            for name in names
        )
        return first, second

    if merged is None:
        return decide(*evaluated(None, own_test), patterns=patterns)
    own = evaluated(None, own_test) if own_test else None
    return decide(*evaluated(merged, ()), own=own, patterns=patterns)


def corrected_patterns(corrections: Sequence[Sentence], *, least: int = 1) -> frozenset[Pattern]:
    """Return the (surface, type) pairs that reviewers marked at least so often."""
    counts: dict[Pattern, int] = {}
    for sentence in corrections:
        for span in sentence.spans:
            key = (sentence.surface(span).lower(), span.label)
            counts[key] = counts.get(key, 0) + 1
    return frozenset(key for key, n in counts.items() if n >= least)


def apply(settings: Settings, decision: Decision, *, reason: str = "", by: str = "") -> None:
    """Promote an accepted candidate, with the reasons on record; raise ModelError if it is refused.

    Either way the decision is recorded.
    """
    record(settings, decision, by=by)
    if not decision.is_accepted:
        raise ModelError(decision.summary)
    promote(settings, decision.candidate, f"{reason.strip()} {decision.summary}".strip(), by)


def record(settings: Settings, decision: Decision, *, by: str = "") -> None:
    """Append a decision to the record in the user's data folder."""
    entry = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "by": by, **decision.to_json()}
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / RECORD
    past = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_whole(path, past + json.dumps(entry, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class Recorded:
    """A decision on record: when it was made (ISO 8601 in UTC), and by whom."""

    at: str
    by: str
    decision: Decision


def recorded(settings: Settings) -> list[Recorded]:
    """Return the recorded decisions, oldest first; a line that is not one is left out."""
    path = settings.home / RECORD
    if not path.is_file():
        return []
    found: list[Recorded] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            raw = json.loads(line)
            checks = tuple(Check(**check) for check in raw["checks"])
            decision = Decision(raw["candidate"], raw["active"], checks)
            found.append(Recorded(raw["at"], raw["by"], decision))
        except (ValueError, KeyError, TypeError):
            continue
    return found
