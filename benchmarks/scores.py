"""Print the the table of scores, models side by side, and write it there.

    python -m benchmarks.scores NAME=FOLDER [NAME=FOLDER ...] [--data data/merged]
        [--biored FILE] [--json FILE] [--write docs/scores.md] [--keep]

With ``--keep``, columns of the table in the file whose models are not given stay as they were
measured. Evaluations are read from where they are stored, and made where they are not. The mean is
over the corpora that are here whole. Over-firing: marks of types that a corpus does not look for,
per 1,000 tokens; some are right, for nobody looked.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.external import BIORED, External, measure, read_biored, without_known
from benchmarks.written import read_part, write_part
from bioner.commands.terminal import counter, say
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.scores import Report
from bioner.models.card import read_card
from bioner.models.catalogue import find_model
from bioner.settings import read_settings
from bioner.tagging.load import load_tagger

PART = "scores"
WATCHED = ("Complex", "Anatomy", "Organ", "Tissue", "Disease")
"""Types with little evidence of absence, the first to fire where nobody looked."""


@dataclass(frozen=True)
class Column:
    """One model of the table."""

    title: str
    report: Report
    external: External | None
    trained: str


def stray_marks(report: Report) -> float:
    """Return the marks of types that the corpus at hand does not look for, per 1,000 tokens."""
    found = report.over_firing.values()
    tokens = max((one.covered_tokens + one.uncovered_tokens for one in found), default=0)
    marks = sum(one.uncovered * one.uncovered_tokens for one in found)
    return marks / tokens if tokens else 0.0


def markdown(columns: Sequence[Column]) -> str:
    """Lay the models out as a Markdown table, a line a corpus."""
    first = columns[0].report
    titles = [column.title for column in columns]
    lines = [
        f"| test F1 (%) | {' | '.join(titles)} |",
        f"|---|{'---:|' * len(columns)}",
        _line(
            f"**mean of {len(first.mean_over)} corpora**",
            [f"**{100 * c.report.mean_f1:.1f}**" for c in columns],
        ),
    ]
    if any(column.report.by_corpus_any for column in columns):
        untold = [
            f"{100 * c.report.mean_f1_any:.1f}" if c.report.by_corpus_any else "–" for c in columns
        ]
        lines.append(_line("the same, told no convention (any)", untold))
    for corpus in first.by_corpus:
        name = f"{corpus} (part)" if corpus in first.parts else corpus
        values = [_f1(column.report, corpus) for column in columns]
        lines.append(_line(name, values))
    if any(column.external for column in columns):
        kept = next(c.external.documents for c in columns if c.external)
        values = [f"{100 * c.external.micro.f1:.1f}" if c.external else "–" for c in columns]
        lines.append(_line(f"*BioRED dev, {kept} abstracts, never trained on*", values))
    lines.append(
        _line("stray marks per 1,000 tokens", [f"{stray_marks(c.report):.1f}" for c in columns])
    )
    for name in WATCHED:
        values = [_fired(column.report, name) for column in columns]
        lines.append(_line(f"{name}: not looked for / looked for", values))
    told = "; ".join(f"{column.title}: {column.trained}" for column in columns if column.trained)
    return "\n".join(lines) + (f"\n\n{told}." if told else "")


def _line(name: str, values: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(values)} |"


def _f1(report: Report, corpus: str) -> str:
    scores = report.by_corpus.get(corpus)
    return f"{100 * scores.micro.f1:.1f}" if scores else "–"


def _fired(report: Report, name: str) -> str:
    one = report.over_firing.get(name)
    return f"{one.uncovered:.1f} / {one.covered:.1f}" if one else "–"


def describe(folder: Path) -> str:
    """Say in a few words how a model was trained, from its card."""
    card = read_card(folder)
    parts = [f"{card.loss} loss" if card.loss else "", f"{card.epochs:g} epochs of {card.base}"]
    if card.epochs == 1:
        parts[1] = f"one epoch of {card.base}"
    if card.fill_in:
        parts.append("fill-in")
    if card.config.get("share", 1.0) < 1:
        parts.append("weights averaged with those it started from")
    return ", ".join(part for part in parts if part)


def with_kept(old: str, new: str) -> str:
    """Put the columns of an older table that the new one has not in front of its own.

    Both as ``markdown`` lays them out. Rows that the older table lacks get a dash there.
    """
    cells, told = _parse(old)
    added, added_told = _parse(new)
    kept = [i for i, title in enumerate(cells.pop("", [])) if title not in added[""]]
    lines = []
    for number, (row, values) in enumerate(added.items()):
        before = cells.get(row, [])
        own = [before[i] if i < len(before) else "–" for i in kept]
        if not row:
            own = [_titles(old)[i] for i in kept]
        lines.append(_line(row or "test F1 (%)", [*own, *values]))
        if not number:
            lines.append(f"|---|{'---:|' * (len(kept) + len(values))}")
    titles = [_titles(old)[i] for i in kept]
    parts = [part for title in titles for part in told if part.startswith(f"{title}: ")]
    notes = "; ".join([*parts, *added_told])
    return "\n".join(lines) + (f"\n\n{notes}." if notes else "")


def _parse(text: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return a table's cells by the name of the row ("": its titles), and the notes below it."""
    rows: dict[str, list[str]] = {}
    notes: list[str] = []
    for line in text.strip().splitlines():
        if line.startswith("|---"):
            continue
        if line.startswith("|"):
            name, *values = [cell.strip() for cell in line.strip().strip("|").split("|")]
            rows[name if rows else ""] = values
        elif line.strip():
            notes = line.strip().rstrip(".").split("; ")
    return rows, notes


def _titles(text: str) -> list[str]:
    return _parse(text)[0].get("", [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--biored", type=Path, default=BIORED)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/scores.md"))
    parser.add_argument("--keep", action="store_true", help="keep the file's other columns")
    args = parser.parse_args()
    settings = read_settings()
    data = args.data or settings.merged
    kept, dropped = [], 0
    if args.biored.is_file():
        documents = read_biored(args.biored)
        kept = without_known(documents, data)
        dropped = len(documents) - len(kept)
        say(f"BioRED dev: {len(kept)} documents, {dropped} dropped as known")
    else:
        say(f"{args.biored} is not here: no external test")
    columns = []
    for given in args.models:
        title, _, name = given.rpartition("=")
        folder = find_model(name, settings.models)
        stored = evaluate_cached(folder, data, progress=counter(f"tagging with {folder.name}"))
        external = measure(load_tagger(folder), kept, dropped) if kept else None
        columns.append(Column(title or folder.name, stored.report, external, describe(folder)))
    text = markdown(columns)
    if args.keep and args.write:
        text = with_kept(read_part(args.write, PART), text)
    print(text)
    if args.json:
        raw = [
            {
                "title": c.title,
                "report": c.report.to_json(),
                "stray_per_1000": stray_marks(c.report),
                "external": c.external.to_json() if c.external else None,
            }
            for c in columns
        ]
        args.json.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    if args.write:
        write_part(args.write, PART, text)


if __name__ == "__main__":
    main()
