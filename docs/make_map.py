"""Writes the file map of architecture.md from the first sentence of each module: ``make map``."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- files:begin -->", "<!-- files:end -->"
SAID = {
    "catalogue.yaml": "the corpora of the catalogue: their files, labels, covers, licences.",
    "labels.yaml": "the thirteen types and the two mappings, each with its reasons.",
    "py.typed": "says that the package has types.",
    "favicon.png": "the icon of the tab.",
}
"""What files say that cannot say it themselves."""


def first_sentence(path: Path) -> str:
    """Return what a file says of itself: its docstring's or its first comment's first sentence."""
    if path.name in SAID:
        return SAID[path.name]
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        said = ast.get_docstring(ast.parse(text)) or ""
    else:
        comment = re.match(r"\s*(?:/\*+(.*?)\*/|((?://[^\n]*\n)+))", text, re.DOTALL)
        said = re.sub(r"^\s*(?://|\*)", "", comment[1] or comment[2], flags=re.M) if comment else ""
    sentence = re.split(r"(?<=[.!?])\s", " ".join(said.split()), maxsplit=1)[0]
    return sentence.replace("``", "`")


def files_of(folder: Path) -> Iterator[Path]:
    """Yield a folder's own files that are worth a line; an empty ``__init__`` is not."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".py", ".js", ".css", ".yaml") and first_sentence(path):
            yield path


def folders_of(folder: Path) -> Iterator[Path]:
    """Yield a folder and those below it that hold files, by name."""
    yield folder
    for below in sorted(folder.iterdir()):
        if below.is_dir() and below.name not in ("__pycache__", "versions"):
            yield from folders_of(below)


def file_map() -> str:
    """Return the map: a list for each folder of the package, a line for each file."""
    parts: list[str] = []
    for folder in folders_of(ROOT / "bioner"):
        lines = []
        for path in files_of(folder):
            if path.name == "__init__.py":
                parts_said = first_sentence(path)
                lines.insert(0, f"\n{parts_said}\n")
            else:
                lines.append(f"- `{path.name}`: {first_sentence(path)}")
        if lines:
            parts.append("\n".join([f"### `{folder.relative_to(ROOT).as_posix()}/`", *lines]))
    return "\n\n".join(parts)


def with_map(document: str) -> str:
    """Return the document with the map between its two marks."""
    before, _, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}\n{file_map()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_map(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)} is up to date\n")
