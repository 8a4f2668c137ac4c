"""How far a model's confidence is from how often it is right, type by type, on the test split.

    python -m benchmarks.confidence [MODEL] [--data data/merged] [--write docs/scores.md]

Expected calibration error (Naeini et al. 2015) over ten bins of the predictions that each corpus
can judge, types in the corpora's own terms. The scale was fitted on devel (the model's card says
how); the goal is 0.03 for types with 500 gold mentions or more.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.scores import write_between
from bioner.checkpoints import find_model, read_card
from bioner.commands.terminal import counter
from bioner.reports import evaluate_cached
from bioner.scores import Report
from bioner.settings import read_settings

BEGIN, END = "<!-- confidence:begin -->", "<!-- confidence:end -->"
GOAL = 0.03
MENTIONS = 500


def confidence_table(report: Report, calibration: dict[str, Any]) -> str:
    """Lay the errors out by type, those that miss the goal said so."""
    lines = [
        "| type | gold mentions | judged predictions | calibration error | goal 0.03 |",
        "|---|---:|---:|---:|---|",
    ]
    for name, one in report.reliability_by_type.items():
        support = report.by_type[name].support if name in report.by_type else 0
        verdict = "" if support < MENTIONS else "met" if one.error <= GOAL else "**missed**"
        judged = sum(b.count for b in one.bins)
        lines.append(f"| {name} | {support:,} | {judged:,} | {one.error:.3f} | {verdict} |")
    judged = sum(b.count for b in report.reliability.bins)
    lines.append(
        f"| all | {report.micro.support:,} | {judged:,} | {report.reliability.error:.3f} | |"
    )
    told = ""
    if calibration:
        told = (
            f"\n\n{calibration['method']}, fitted on {calibration['fitted_on']}: the error there "
            f"was {calibration['error_before']:.3f} before and {calibration['error_after']:.3f} "
            "after."
        )
    return "\n".join(lines) + told


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
    text = confidence_table(stored.report, read_card(folder).calibration)
    print(text)
    if args.write:
        write_between(args.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
