"""The gate before promotion: may a model replace the one in use? From kept evaluations."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bioner.corpora.dataset_folder import read_manifest
from bioner.errors import CorpusError, ModelError
from bioner.evaluation.comparison import pair
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.keys import fingerprint_of, model_hash
from bioner.evaluation.questions import (
    EVALUATE,
    Pattern,
    ask_f1,
    ask_leaks,
    ask_over_firing,
    ask_patterns,
)
from bioner.evaluation.reports import FOLDER, OWN_TEST, Evaluation, list_evaluations
from bioner.evaluation.scores import Report
from bioner.evaluation.verdicts import Answer, Decision, Verdict
from bioner.machine import Device
from bioner.models.catalogue import active_model, find_model, named_model
from bioner.progress import OnProgress
from bioner.settings import Settings
from bioner.spans import Sentence

EvaluationPair = tuple[Evaluation, Evaluation]
"""The candidate's and the active model's evaluations of the same sentences."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the gate has before it: both models' evaluations of the corpora, and of "my test".

    ``has_own_test``: there are reviewed test sentences, scored or not. ``has_corpora``: the merged
    corpora are on this machine, so that they could be scored.
    """

    candidate: str
    active: str
    corpora: EvaluationPair | None = None
    own: EvaluationPair | None = None
    has_own_test: bool = False
    has_corpora: bool = True

    @property
    def pairs(self) -> tuple[EvaluationPair | None, EvaluationPair | None]:
        """The evaluations at hand: of the corpora, of "my test"."""
        return self.corpora, self.own


def decide(evidence: Evidence, *, patterns: Collection[Pattern] = ()) -> Decision:
    """Decide whether the candidate may replace the active model.

    A verdict for each corpus, for "my test", for marks where nobody looked, for the corrected
    ``patterns`` in "my test", and for leaks. What fell, what cannot be told and what was not
    checked refuse alike. Raises CorpusError where the two were scored on different data.
    """
    return Decision(
        evidence.candidate,
        evidence.active,
        tuple(_answers(evidence, patterns)),
        tuple(_notes(evidence)),
    )


def _answers(evidence: Evidence, patterns: Collection[Pattern]) -> Iterator[Answer]:
    corpora, own = (pair(one[1], one[0]) if one else None for one in evidence.pairs)
    names = {name for one in (corpora, own) if one for name in one.b.by_corpus}
    for one in (corpora, own):
        if one:
            yield from ask_f1(one.a, one.b, questions=len(names))
    if not names - {OWN_TEST}:
        yield _not_scored(evidence)
    if evidence.has_own_test and OWN_TEST not in names:
        yield Answer(
            OWN_TEST,
            Verdict.CANNOT_TELL,
            "My test: not scored, so nothing shows what the model does on your own texts.",
            "check both models on my test (Metrics, Compare, or `python -m bioner compare`).",
        )
    if corpora:
        yield from ask_over_firing(corpora.a, corpora.b)
    mine = evidence.own or evidence.corpora
    if patterns and mine and OWN_TEST in names:
        yield from ask_patterns(mine[1], mine[0], patterns)
    yield from ask_leaks([one[0] for one in evidence.pairs if one])


def _not_scored(evidence: Evidence) -> Answer:
    text = (
        f"The public corpora: {evidence.candidate} and {evidence.active} were not both scored on "
        "them, so what the model may have forgotten is not known."
    )
    build = "build the merged corpora (Corpora, or `python -m bioner corpora build`), then "
    settle = EVALUATE if evidence.has_corpora else build + EVALUATE
    return Answer("corpora", Verdict.CANNOT_TELL, text, settle)


def _notes(evidence: Evidence) -> Iterator[str]:
    if not evidence.has_own_test and not evidence.own:
        yield "My test: no reviewed test sentences yet, so nothing is asked about your own texts."


def check_reports(active: Report, candidate: Report) -> list[Answer]:
    """Ask about every corpus and over-firing of two reports of the same sentences."""
    return [*ask_f1(active, candidate), *ask_over_firing(active, candidate)]


def gather(
    settings: Settings,
    candidate: str,
    against: str = "",
    *,
    own_test: Sequence[Sentence] = (),
    kept: Sequence[Evaluation] | None = None,
) -> Evidence:
    """Gather the kept evaluations of a candidate and of the active model (or ``against``).

    Nothing is tagged. Of the merged corpora that are here now, if they are here; else of any that
    both models were scored on. ``kept`` saves the reading. Where the folder of the model in use is
    gone, nothing can be compared with it. Raises ModelError for an unknown model.
    """
    active = against or active_model(settings)
    if active == active_model(settings) and named_model(active, settings.models) is None:
        return Evidence(candidate=candidate, active=active, has_own_test=bool(own_test))
    folders = [find_model(name, settings.models) for name in (candidate, active)]
    names = [folder.resolve().name for folder in folders]
    found = list_evaluations(settings.data / FOLDER) if kept is None else kept
    fingerprint = _merged_fingerprint(settings)
    own = fingerprint_of(own_test)
    mine, theirs = (
        [
            replace(one, key=replace(one.key, model=name), report=replace(one.report, model=name))
            for one in found
            if one.key.weights == model_hash(folder)
            and one.key.split == "test"
            and not one.key.corpora
        ]
        for name, folder in zip(names, folders, strict=True)
    )
    pairs = [(a, b) for a in mine for b in theirs if a.identity() == b.identity()]
    of_corpora = [p for p in pairs if p[0].key.data and fingerprint in ("", p[0].key.data)]
    of_own = [p for p in pairs if own and not p[0].key.data and p[0].key.own_test == own]
    return Evidence(
        candidate=names[0],
        active=names[1],
        corpora=next(iter(of_corpora), None),
        own=next(iter(of_own), None),
        has_own_test=bool(own_test),
        has_corpora=bool(fingerprint),
    )


def _merged_fingerprint(settings: Settings) -> str:
    has_merged = (settings.merged / "manifest.json").is_file()
    return read_manifest(settings.merged).fingerprint if has_merged else ""


def measure(
    settings: Settings,
    candidate: str,
    against: str = "",
    *,
    data: Path | None = None,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    own_test: Sequence[Sentence] = (),
    device: Device = Device.AUTO,
    progress: OnProgress | None = None,
) -> Evidence:
    """Evaluate a candidate and the active model (or ``against``) where no evaluation is kept.

    ``data`` is the merged folder, by default the settings' one where it exists; without one kept
    evaluations and "my test" are all there is. Raises CorpusError or ModelError.
    """
    names = (candidate, against or active_model(settings))
    folders = [find_model(name, settings.models) for name in names]
    merged = data or (settings.merged if (settings.merged / "manifest.json").is_file() else None)

    def evaluated(data: Path | None, own: Sequence[Sentence]) -> EvaluationPair:
        first, second = (
            evaluate_cached(
                folder,
                data,
                split=split,
                corpora=corpora if data else None,
                own_test=own,
                reports=settings.data / FOLDER,
                device=device,
                progress=progress,
            )
            for folder in folders
        )
        return first, second

    if folders[0].resolve() == folders[1].resolve():
        raise ModelError(f"{names[0]} is to be compared with itself; name another model")
    if merged is None and corpora:
        raise CorpusError(
            f"there are no merged corpora in {settings.merged} to compare on; build them with "
            "`python -m bioner corpora build --source DIR`"
        )
    own = evaluated(None, own_test) if own_test else None
    if merged is None:
        return replace(gather(settings, *names, own_test=own_test), own=own)
    return Evidence(
        candidate=folders[0].resolve().name,
        active=folders[1].resolve().name,
        corpora=evaluated(merged, ()),
        own=own,
        has_own_test=bool(own_test),
    )


def corrected_patterns(corrections: Sequence[Sentence], *, least: int = 1) -> frozenset[Pattern]:
    """Return the (surface, type) pairs that reviewers marked at least so often."""
    counts: dict[Pattern, int] = {}
    for sentence in corrections:
        for span in sentence.spans:
            key = (sentence.surface(span).lower(), span.label)
            counts[key] = counts.get(key, 0) + 1
    return frozenset(key for key, n in counts.items() if n >= least)
