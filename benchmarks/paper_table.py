"""Our rows beside published ones on the same test files, and what differs; written into a page.

    python -m benchmarks.paper_table [NAME=FOLDER ...] [--data data/merged] [--write docs/scores.md]

Strict F1 in per cent. Published rows are quoted (``bioner/anchors.py`` names the papers), ours come
from stored evaluations and are made where there is none. Each of our rows is what
``python -m bioner evaluate --model FOLDER --split test`` prints.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.written import write_part
from bioner.commands.terminal import counter
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.published import ANCHORS, COLUMNS, Anchor, Place
from bioner.evaluation.scores import Report
from bioner.models.card import read_card
from bioner.models.catalogue import find_model
from bioner.settings import read_settings

PART = "paper"
MEAN_OF = (
    "AnatEM",
    "BC2GM",
    "BC5CDR",
    "BioNLP09",
    "BioNLP11ID",
    "BioNLP13CG",
    "BioNLP13PC",
    "CRAFT",
    "NCBI-disease",
)
"""The nine corpora whose mean is compared."""

ALIASES: Mapping[Place, Place] = {
    (corpus, label): (corpus, "")
    for corpus, label in (("NCBI-disease", "Disease"), ("BC2GM", "Gene"), ("BC4CHEMD", "Chemical"))
}
"""Corpora of one type: the type's score is the corpus's."""


def our_row(report: Report) -> dict[Place, float]:
    """Return a report's F1 in per cent by place; parts of a corpus stay out."""
    found: dict[Place, float] = {}
    for corpus, scores in report.by_corpus.items():
        if corpus in report.parts:
            continue
        found[corpus, ""] = 100 * scores.micro.f1
        for label, one in scores.by_type.items():
            if one.support:
                found[corpus, label] = 100 * one.f1
    return found


def untold_row(report: Report) -> dict[Place, float]:
    """Return F1 in per cent by place where the model was told no convention; empty if none."""
    return our_row(replace(report, by_corpus=report.by_corpus_any))


def mean_of_nine(row: Mapping[Place, float]) -> float | None:
    """Return the mean over the nine corpora; None where one is not there."""
    values = [row.get((c, "")) for c in MEAN_OF]
    return None if None in values else sum(v for v in values if v is not None) / len(values)


def paper_table(ours: Sequence[tuple[str, str, Mapping[Place, float]]]) -> str:
    """Lay out published rows, then ours (name, note, F1 by place), and the notes below."""
    titles = [f"{corpus} {label}".strip() for corpus, label in COLUMNS]
    lines = [
        f"| | {' | '.join(titles)} | mean of nine | |",
        f"|---|{'---:|' * (len(titles) + 1)}---|",
    ]
    notes: list[str] = []

    def number(note: str) -> str:
        if not note:
            return ""
        if note not in notes:
            notes.append(note)
        return f"({notes.index(note) + 1})"

    for anchor in ANCHORS:
        row = _with_aliases(anchor)
        lines.append(
            _line(f"{anchor.name}, quoted: {anchor.citation}", row, number(anchor.note), "")
        )
    for name, note, row in ours:
        lines.append(_line(name, row, number(note), "**"))
    told = [f"{i}. {note}." for i, note in enumerate(notes, 1)]
    return "\n".join([*lines, "", *told])


def _with_aliases(anchor: Anchor) -> dict[Place, float]:
    row = dict(anchor.f1)
    for place, whole in ALIASES.items():
        if place in row:
            row.setdefault(whole, row[place])
    return row


def _line(name: str, row: Mapping[Place, float], note: str, bold: str) -> str:
    cells = [f"{bold}{row[p]:.1f}{bold}" if p in row else "–" for p in COLUMNS]
    mean = mean_of_nine(row)
    cells.append(f"{bold}{mean:.1f}{bold}" if mean is not None else "–")
    return f"| {bold}{name}{bold} | {' | '.join(cells)} | {note} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="NAME=FOLDER", default=["bioner-compact"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/scores.md"))
    args = parser.parse_args()
    settings = read_settings()
    ours = []
    for given in args.models:
        title, _, name = given.rpartition("=")
        folder = find_model(name, settings.models)
        data = args.data or settings.merged
        report = evaluate_cached(folder, data, progress=counter(f"tagging with {name}")).report
        card = read_card(folder)
        kind = "one model for all ten corpora, 13 types folded to each corpus's terms"
        parts = "; BC4CHEMD left out, only a part of it is here" if report.parts else ""
        note = f"`python -m bioner evaluate --model {folder.name}`: {kind}{parts}"
        shown = title or f"{folder.name} (22 M, from {card.base})"
        ours.append((shown, note, our_row(report)))
        if report.by_corpus_any:
            untold = "the same model, told no convention"
            ours.append((f"{shown}, any", untold, untold_row(report)))
    text = paper_table(ours)
    print(text)
    if args.write:
        write_part(args.write, PART, text)


if __name__ == "__main__":
    main()
