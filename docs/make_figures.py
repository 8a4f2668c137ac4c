"""Draws the figures of the science from the documents' tables: ``python docs/make_figures.py``."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
INK, SOFT, FAINT, GRID = "#1c2b33", "#4d5f69", "#5d6f79", "#dbe4e8"
ACCENT, SECOND, THIRD = "#0f6e84", "#b4560c", "#8a97a0"
WIDTH = 760


def table(document: str, name: str) -> list[list[str]]:
    """Return the cells of the table between two comments of a document, its head first."""
    text = (DOCS / document).read_text(encoding="utf-8")
    part = text.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]
    rows = [row.strip().strip("|").split("|") for row in part.splitlines() if row.startswith("|")]
    cells = [[cell.strip().strip("*") for cell in row] for row in rows]
    return [row for row in cells if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]


def numbers(cell: str) -> list[float]:
    """Return the numbers in a cell, a comma between thousands left out."""
    return [float(one) for one in re.findall(r"[-+]?\d+(?:\.\d+)?", cell.replace(",", ""))]


def text(
    x: float, y: float, words: str, *, size: int = 14, ink: str = INK, at: str = "start"
) -> str:
    """Return words at a place."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{ink}" text-anchor="{at}">'
        f"{escape(words)}</text>"
    )


def picture(title: str, height: int, parts: Sequence[str]) -> str:
    """Return a picture on paper of its own, so that it is read in the dark theme as well."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'font-family="system-ui, sans-serif"><title>{escape(title)}</title>',
            f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        )
    )


def bars(
    title: str, rows: Sequence[tuple[str, float, str]], *, high: float, unit: str, ink: str = ACCENT
) -> str:
    """Return a bar a row: its name, its length, and what stands at its end."""
    left, step, top = 250, 30, 26
    scale = (WIDTH - left - 130) / high
    parts = []
    for mark in range(0, int(high) + 1, 20):
        x = left + mark * scale
        bottom = top + step * len(rows)
        parts.append(f'<path d="M{x:.1f} {top - 6}V{bottom}" stroke="{GRID}"/>')
        parts.append(text(x, bottom + 18, f"{mark}", size=12, ink=FAINT, at="middle"))
    for number, (name, length, said) in enumerate(rows):
        y = top + step * number
        parts.append(text(left - 10, y + 15, name, at="end"))
        width = max(0.0, length * scale)
        parts.append(
            f'<rect x="{left}" y="{y}" width="{width:.1f}" height="20" rx="2" fill="{ink}"/>'
        )
        parts.append(text(left + width + 8, y + 15, said, ink=SOFT))
    bottom = top + step * len(rows)
    parts.append(text(left, bottom + 38, unit, size=12, ink=SOFT))
    return picture(title, bottom + 50, parts)


def scores() -> str:
    """Draw the shipped model's strict F1 on each corpus."""
    head, *rows = table("scores.md", "paper")
    ours = next(row for row in rows if row[0].startswith("bioner-compact"))
    wanted = [name for name in head if name and " " not in name] + ["NCBI-disease Disease"]
    shown = sorted(
        (
            (name.partition(" ")[0], float(cell), cell)
            for name, cell in zip(head, ours, strict=True)
            if name in {*wanted, "BC2GM Gene"} and re.fullmatch(r"\d+\.\d", cell)
        ),
        key=lambda row: -row[1],
    )
    return bars(
        "Strict F1 of the shipped model on each corpus's own test file",
        [*shown, ("mean of nine", float(ours[head.index("mean of nine")]), ours[-2])],
        high=100,
        unit="strict F1, %; one model of 22 M parameters for all of them",
    )


def steps() -> str:
    """Draw the mean F1 of each arm of the ablation, its two seeds apart."""
    rows = []
    for arm, cell, *_ in table("scores.md", "ablation")[1:]:
        found = numbers(cell)
        rows.append((arm, sum(found) / len(found), cell))
    return bars(
        "Mean test F1 of each arm of the ablation",
        rows,
        high=80,
        unit="mean test F1, %, after 500 steps; the mean of two seeds, both beside it",
    )


def gate() -> str:
    """Draw how often the gate passes models whose true difference is known."""
    rows = [
        (f"{row[0]}, differs on {row[1]}", float(row[2]), f"{row[2]}%")
        for row in table("scores.md", "gate")[1:]
    ]
    return bars(
        "How often the gate passes models whose true difference is known",
        rows,
        high=100,
        unit="of 100 simulated models, how many pass; “0.5 worse” is in F1 points",
    )


def queue() -> str:
    """Draw F1 against labelled tokens for the queue and for random order, two corpora."""
    head, *rows = table("loop.md", "active-learning")
    tokens = [numbers(cell)[0] for cell in head[1:]]
    left, right, top, bottom = 60, WIDTH - 240, 24, 300
    low, high = 30.0, 70.0

    def at(x: float, y: float) -> tuple[float, float]:
        across = left + (right - left) * x / tokens[-1]
        return across, bottom - (bottom - top) * (y - low) / (high - low)

    parts = []
    for mark in range(int(low), int(high) + 1, 10):
        _, y = at(0, mark)
        parts.append(f'<path d="M{left} {y:.1f}H{right}" stroke="{GRID}"/>')
        parts.append(text(left - 8, y + 5, f"{mark}", size=12, ink=FAINT, at="end"))
    for one in tokens:
        parts.append(
            text(at(one, 0)[0], bottom + 20, f"{one:,.0f}", size=12, ink=FAINT, at="middle")
        )
    for row in rows:
        corpus, how = row[0].split(", ")
        means = [numbers(cell)[0] for cell in row[1:]]
        points = [at(x, y) for x, y in zip(tokens, means, strict=True)]
        ink = ACCENT if corpus == "BC5CDR" else SECOND
        dash = ' stroke-dasharray="6 5"' if "random" in how else ""
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{ink}" stroke-width="2.5"{dash}/>'
        )
        parts.append(text(right + 8, points[-1][1] + 5, f"{corpus}, {how} {means[-1]}", ink=ink))
    parts.append(
        text(
            left,
            bottom + 42,
            "labelled tokens across, F1 (%) up; means of four draws",
            size=12,
            ink=SOFT,
        )
    )
    return picture("F1 against labelled tokens, for the queue and for random order", 360, parts)


FIGURES = {"scores": scores, "steps": steps, "queue": queue, "gate": gate}


def main() -> None:
    for name, draw in FIGURES.items():
        (PICTURES / f"{name}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
