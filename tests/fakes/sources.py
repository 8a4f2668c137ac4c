"""The project's own source files as syntax trees, each parsed once, by the first who reads it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from support import ROOT


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file; whoever reads it leaves it as it is."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


class Trees(Mapping[str, ast.Module]):
    """Files by name, parsed when asked for: listing them at a test module's head costs nothing."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)

    def __getitem__(self, name: str) -> ast.Module:
        return tree_of(self._paths[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, name: object) -> bool:
        return name in self._paths


def under(*folders: str) -> Trees:
    """Return the Python files under folders of the checkout by their path from its root."""
    return Trees(
        {
            path.relative_to(ROOT).as_posix(): path
            for folder in folders
            for path in sorted((ROOT / folder).rglob("*.py"))
        }
    )
