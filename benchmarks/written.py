"""The parts of documents that benchmarks write: what stands between a name's two markers."""

from __future__ import annotations

import sys
from pathlib import Path

from bioner.files import write_whole


def markers(name: str) -> tuple[str, str]:
    """Return the lines that a part of a document stands between."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def read_part(path: Path, name: str) -> str:
    """Return what stands in a document's part; exits where it has none of that name."""
    return _cut(path, name)[1].strip()


def write_part(path: Path, name: str, text: str) -> None:
    """Put the text into a document's part; exits, with nothing written, where it has none."""
    begin, end = markers(name)
    before, _, after = _cut(path, name)
    write_whole(path, f"{before}{begin}\n{text}\n{end}{after}")


def _cut(path: Path, name: str) -> tuple[str, str, str]:
    begin, end = markers(name)
    before, has_begin, rest = path.read_text(encoding="utf-8").partition(begin)
    inside, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        sys.exit(f"{path}: no {begin} … {end} to write between")
    return before, inside, after
