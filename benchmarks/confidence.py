"""How far a model's confidence is from how often it is right, type by type, on the test split.

    python -m benchmarks.confidence [MODEL] [--data data/merged] [--write docs/scores.md]
    python -m benchmarks.confidence --devel [MODEL] [--data data/merged]

Expected calibration error (Naeini et al. 2015) over ten bins of the predictions that each corpus
can judge: by predicted type, and with types in the corpora's own terms (a Cancer is AnatEM's
Anatomy). The scale was fitted on devel (the model's card says how); the goal is 0.03 in both, for
types with 500 gold mentions or more in the corpora's terms. *If perfect* is the error that would be
found of perfectly calibrated scores: the average over draws in which each is right as often as it
says. ``--devel`` shows what the strength of the pull between conventions was chosen by: the
error on runs of 300 devel sentences that were held back from the fit. The corpora's files do not
say where documents end; sentences of a document stand together.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.written import write_part
from bioner.commands.terminal import counter
from bioner.corpora.dataset_folder import read_dataset
from bioner.evaluation.confidence import Case, Judged, fit_by_convention, judge, judged_under_own
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.reports import Evaluation
from bioner.evaluation.scores import Report
from bioner.labels import LabelSchema
from bioner.models.card import read_card
from bioner.models.catalogue import find_model
from bioner.settings import read_settings
from bioner.spans import Sentence
from bioner.tagging.calibration import Reliability, calibrated, reliability
from bioner.tagging.load import load_tagger

PART = "confidence"
GOAL = 0.03
MENTIONS = 500
RUN, FOLDS = 300, 5
PULLS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def confidence_table(
    report: Report, as_predicted: Mapping[str, Reliability], calibration: dict[str, Any]
) -> str:
    """Lay the errors out by type, those that miss the goal said so."""
    lines = [
        "| type | gold mentions | judged as predicted | error | judged in the corpora's terms "
        "| error | if perfect | goal 0.03 |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    nothing = Reliability()
    for name in sorted({*as_predicted, *report.reliability_by_type}):
        own, folded = (
            found.get(name, nothing) for found in (as_predicted, report.reliability_by_type)
        )
        support = report.by_type[name].support if name in report.by_type else 0
        is_met = max(own.error, folded.error) <= GOAL
        verdict = "" if support < MENTIONS else "met" if is_met else "**missed**"
        cells = " | ".join(f"{_judged(one):,} | {one.error:.3f}" for one in (own, folded))
        lines.append(f"| {name} | {support:,} | {cells} | {if_perfect(folded):.3f} | {verdict} |")
    whole = report.reliability
    lines.append(
        f"| all | {report.micro.support:,} | | | {_judged(whole):,} | {whole.error:.3f} "
        f"| {if_perfect(whole):.3f} | |"
    )
    told = ""
    if calibration:
        told = (
            f"\n\n{calibration['method']}, fitted on {calibration['fitted_on']}: the error there "
            f"was {calibration['error_before']:.3f} before and {calibration['error_after']:.3f} "
            "after."
        )
    return "\n".join(lines) + told


def _judged(one: Reliability) -> int:
    return sum(cell.count for cell in one.bins)


def by_predicted_type(stored: Evaluation) -> dict[str, Reliability]:
    """Return the reliability of the predictions of each type, before folding."""
    cases: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for one in stored.sentences():
        for label, value, is_right in judge(one.raw_gold, one.raw, stored.schema):
            cases[label].append((value, is_right))
    return {label: reliability(found) for label, found in cases.items()}


def if_perfect(one: Reliability, *, draws: int = 200) -> float:
    """Return the error that is found on average where each bin's scores are what they say, 0..1.

    Within a bin all count as its mean: how often it is right is then binomial.
    """
    total = _judged(one)
    if not total:
        return 0.0
    rng = np.random.default_rng(0)
    found = 0.0
    for cell in one.bins:
        right = rng.binomial(cell.count, min(1.0, cell.confidence), draws) / cell.count
        found += cell.count / total * float(np.abs(right - cell.confidence).mean())
    return found


def held_back(
    cases: Sequence[tuple[Sentence, str, Case]],
    runs: Mapping[str, int],
    schema: LabelSchema,
    pull: float,
) -> list[tuple[str, float, bool]]:
    """Return (type in the corpus's terms, score, is right), each scaled by a fit without its run.

    ``runs``: the run of sentences that a sentence, by its id, stands in.
    """
    rng = np.random.default_rng(0)
    fold = rng.integers(FOLDS, size=1 + max(runs.values()))
    found = []
    for number in range(FOLDS):
        own: dict[str, Judged] = {}
        for one, label, case in cases:
            if fold[runs[one.id]] != number:
                own.setdefault(one.owner, defaultdict(list))[label].append(case)
        scales = fit_by_convention(own, schema, pull=pull)
        for one, label, (value, is_right, _) in cases:
            if fold[runs[one.id]] == number:
                term = schema.mapping_for(one.corpus).fold_label(label)
                scale = scales.get(one.owner, {}).get(label)
                found.append((term, calibrated(value, scale), is_right))
    return found


def devel_table(folder: Path, data: Path) -> str:
    """Lay out the loss and each type's error on what was held back, by the strength of the pull."""
    read = read_dataset(data)
    tagger = load_tagger(folder, is_calibrated=False)
    gold = read.tuning
    cases = list(judged_under_own(tagger, gold, read.schema, progress=counter("devel")))
    runs = {one.id: number // RUN for number, one in enumerate(gold)}
    return pull_table({pull: held_back(cases, runs, read.schema, pull) for pull in PULLS})


def pull_table(found: Mapping[float, Sequence[tuple[str, float, bool]]]) -> str:
    """Lay out mean log loss and expected calibration error by pull and type."""
    counts = Counter(term for term, _, _ in next(iter(found.values())))
    terms = [term for term, n in counts.most_common() if n >= MENTIONS / 2]
    lines = [f"| pull | loss | {' | '.join(terms)} |", f"|---:|---:|{'---:|' * len(terms)}"]
    for pull, judged in found.items():
        chances = [min(max(p if is_right else 1 - p, 1e-4), 1) for _, p, is_right in judged]
        loss = -float(np.log(chances).mean())
        errors = [reliability((p, r) for t, p, r in judged if t == term).error for term in terms]
        lines.append(f"| {pull:g} | {loss:.4f} | {' | '.join(f'{e:.3f}' for e in errors)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", default="bioner-compact")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--devel", action="store_true", help="how the pull was chosen")
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/scores.md"))
    args = parser.parse_args()
    settings = read_settings()
    folder = find_model(args.model, settings.models)
    data = args.data or settings.merged
    if args.devel:
        print(devel_table(folder, data))
        return
    stored = evaluate_cached(folder, data, progress=counter("tagging"))
    text = confidence_table(stored.report, by_predicted_type(stored), read_card(folder).calibration)
    print(text)
    if args.write:
        write_part(args.write, PART, text)


if __name__ == "__main__":
    main()
