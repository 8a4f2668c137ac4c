"""How far a model's confidence is from how often it is right, type by type, on the test split.

    python -m benchmarks.confidence [MODEL] [--data data/merged] [--write docs/scores.md]

Expected calibration error (Naeini et al. 2015) over ten bins of the predictions that each corpus
can judge: by predicted type, and with types in the corpora's own terms (a Cancer is AnatEM's
Anatomy). The scale was fitted on devel (the model's card says how); the goal is 0.03 in both, for
types with 500 gold mentions or more in the corpora's terms.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.scores import write_between
from bioner.commands.terminal import counter
from bioner.evaluation.confidence import judge
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.reports import Evaluation
from bioner.evaluation.scores import Report
from bioner.models.card import read_card
from bioner.models.catalogue import find_model
from bioner.settings import read_settings
from bioner.tagging.calibration import Reliability, reliability

BEGIN, END = "<!-- confidence:begin -->", "<!-- confidence:end -->"
GOAL = 0.03
MENTIONS = 500


def confidence_table(
    report: Report, as_predicted: Mapping[str, Reliability], calibration: dict[str, Any]
) -> str:
    """Lay the errors out by type, those that miss the goal said so."""
    lines = [
        "| type | gold mentions | judged as predicted | error | judged in the corpora's terms "
        "| error | goal 0.03 |",
        "|---|---:|---:|---:|---:|---:|---|",
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
        lines.append(f"| {name} | {support:,} | {cells} | {verdict} |")
    whole = report.reliability
    lines.append(
        f"| all | {report.micro.support:,} | | | {_judged(whole):,} | {whole.error:.3f} | |"
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", default="bioner-compact")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/scores.md"))
    args = parser.parse_args()
    settings = read_settings()
    folder = find_model(args.model, settings.models)
    data = args.data or settings.merged
    stored = evaluate_cached(folder, data, progress=counter("tagging"))
    text = confidence_table(stored.report, by_predicted_type(stored), read_card(folder).calibration)
    print(text)
    if args.write:
        write_between(args.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
