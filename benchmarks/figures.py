"""Hold what the documents say of the shipped model against its card, and the card against a run.

    python -m benchmarks.figures [MODEL] [--data data/merged [--kept]]

Without ``--data`` nothing is tagged: README.md and docs/scores.md are compared with card.json. With
it the model is evaluated afresh on the ten corpora's test files (``--kept``: the evaluation of
these very files is taken where there is one), and every score on the card is compared with that.
Exits with 1 where a figure is not what it should be.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import confidence, paper_table, scores
from benchmarks.written import read_part
from bioner.commands.terminal import counter
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.scores import Report, report_from_json
from bioner.models.card import ModelCard, read_card
from bioner.models.catalogue import find_model
from bioner.settings import PROJECT_ROOT, read_settings

SHIPPED = "shipped"
"""The title of the shipped model's column in the table of scores."""
CLOSE = 0.0005
"""Scores (0..1) that differ by less are shown alike, or a tenth of a point apart."""
SAME = 1e-9


def wrong_in_documents(card: ModelCard, root: Path = PROJECT_ROOT) -> list[str]:
    """Return each figure of README.md and docs/scores.md that the card does not have."""
    report = report_from_json(card.scores)
    readme = (root / "README.md").read_text(encoding="utf-8")
    page = root / "docs" / "scores.md"
    prose = page.read_text(encoding="utf-8")
    return [
        *(f"README.md: {text} is not said" for text in headline(report) if text not in readme),
        *_in_scores(report, read_part(page, scores.PART)),
        *_in_paper(report, read_part(page, paper_table.PART)),
        *_in_confidence(card, read_part(page, confidence.PART)),
        *_in_prose(report, prose),
    ]


def headline(report: Report) -> list[str]:
    """Return what the README has to say of a report, phrase by phrase."""
    f1 = {name: report.by_corpus[name].micro.f1 for name in report.mean_over}
    worst, best = min(f1, key=f1.__getitem__), max(f1, key=f1.__getitem__)
    return [
        f"**{100 * report.mean_f1:.1f}** on average over nine corpora",
        f"({100 * report.mean_f1_any:.1f} when it is not)",
        f"from {100 * f1[worst]:.1f} ({worst}",
        f"to {100 * f1[best]:.1f} ({best})",
    ]


def _in_scores(report: Report, table: str) -> Iterator[str]:
    wanted = _cells(scores.markdown([scores.Column(SHIPPED, report, None, "")]), -1)
    yield from _differences("the table of scores", wanted, _cells(table, -1))


def _in_paper(report: Report, table: str) -> Iterator[str]:
    rows = {"": paper_table.our_row(report), ", any": paper_table.untold_row(report)}
    for told, row in rows.items():
        made = paper_table.paper_table([("ours", "", row)]).splitlines()
        wanted = next(line for line in made if line.startswith("| **ours**"))
        here = [
            line
            for line in table.splitlines()
            if re.match(rf"\| \*\*bioner-compact \([^)]*\){told}\*\* \|", line)
        ]
        figures = [_split(line)[1:-1] for line in (wanted, *here)]
        if figures[1:] != figures[:1]:
            yield f"the table beside published scores: bioner-compact{told}: {figures}"


def _in_confidence(card: ModelCard, table: str) -> Iterator[str]:
    report = report_from_json(card.scores)
    wanted = confidence.confidence_table(report, {}, card.calibration)
    for column in (1, -4, -3):  # gold mentions; judged and error in the corpora's own terms
        yield from _differences(
            "the table of confidence", _cells(wanted, column), _cells(table, column)
        )
    told = wanted.strip().splitlines()[-1]
    if told not in table:
        yield f"the table of confidence: {told!r} does not stand below it"


def _in_prose(report: Report, text: str) -> Iterator[str]:
    for corpus, said in re.findall(r"(\w[\w-]*) \((\d\d\.\d) against \d", text):
        if corpus in report.by_corpus:
            value = f"{100 * report.by_corpus[corpus].micro.f1:.1f}"
            if said != value:
                yield f"docs/scores.md: {corpus} ({said} against …): the card has {value}"


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _cells(table: str, column: int) -> dict[str, str]:
    rows = [_split(line) for line in table.splitlines() if line.startswith("| ")]
    return {row[0]: row[column] for row in rows[1:]}


def _differences(where: str, wanted: Mapping[str, str], said: Mapping[str, str]) -> Iterator[str]:
    for name, value in wanted.items():
        if said.get(name) != value:
            yield f"{where}: {name}: {said.get(name, 'nothing')} is said, the card has {value}"


def flat(raw: Any, path: str = "") -> dict[str, float]:
    """Return every number of JSON values by its place, ``by_corpus/BC2GM/micro/f1``."""
    if isinstance(raw, Mapping):
        pairs: Sequence[tuple[object, Any]] = list(raw.items())
    elif isinstance(raw, list):
        pairs = list(enumerate(raw))
    else:
        return {path: float(raw)} if isinstance(raw, int | float) else {}
    return {k: v for name, one in pairs for k, v in flat(one, f"{path}/{name}".lstrip("/")).items()}


def differing(card: ModelCard, fresh: Report) -> tuple[int, dict[str, tuple[float, float]]]:
    """Return how many numbers the card's scores hold, and which a fresh evaluation has not."""
    here, there = flat(card.scores), flat(fresh.to_json())
    return len(here), {
        name: (here.get(name, float("nan")), there.get(name, float("nan")))
        for name in {**here, **there}
        if not abs(here.get(name, float("nan")) - there.get(name, float("nan"))) <= SAME
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", default="bioner-compact")
    parser.add_argument("--data", type=Path, help="evaluate on this merged folder")
    parser.add_argument("--kept", action="store_true", help="take a kept evaluation")
    args = parser.parse_args()
    folder = find_model(args.model, read_settings().models)
    card = read_card(folder)
    wrong = wrong_in_documents(card)
    print("\n".join(wrong) or "README.md and docs/scores.md say what the card says")
    if args.data:
        wrong += _against_fresh(folder, card, args.data, is_kept=args.kept)
    sys.exit(bool(wrong))


def _against_fresh(folder: Path, card: ModelCard, data: Path, *, is_kept: bool) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="bioner-figures-") as scratch:
        stored = evaluate_cached(
            folder, data, reports=None if is_kept else Path(scratch), progress=counter("tagging")
        )
    count, differ = differing(card, stored.report)
    f1 = {name: pair for name, pair in differ.items() if name.endswith("/f1")}
    off = [
        f"{name}: {a:.4f} on the card, {b:.4f} evaluated"
        for name, (a, b) in f1.items()
        if not abs(a - b) < CLOSE
    ]
    print(f"card.json: {count - len(differ):,} of {count:,} numbers are those of the evaluation")
    largest = max((abs(a - b) for a, b in f1.values()), default=0.0)
    print(f"largest difference in F1: {100 * largest:.3f} points")
    print("\n".join(off[:20]))
    return off


if __name__ == "__main__":
    main()
