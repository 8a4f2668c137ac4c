"""Tests hold to what the product is called by: no test reaches for a private name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FILES = sorted(HERE.rglob("*.py"))
REPLACING = ("setattr", "delattr", "patch", "setitem")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def reached(node: ast.AST) -> Iterator[str]:
    """Yield the names of other modules and objects that a piece of code reaches for."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bioner"):
        yield from (node.module or "").split(".")
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Attribute):
        if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
            yield node.attr
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in REPLACING:
        given = [one.value for one in node.args if isinstance(one, ast.Constant)]
        yield from (one.rpartition(".")[2] for one in given if isinstance(one, str))


def private_names(code: str) -> list[str]:
    """Return every private name that a test imports, uses or replaces, with its line."""
    return [
        f"line {getattr(node, 'lineno', 0)}: {name}"
        for node in ast.walk(ast.parse(code))
        for name in reached(node)
        if is_private(name)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HERE).as_posix())
def test_no_test_reaches_for_a_private_name(path):
    assert not private_names(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "code",
    [
        "from bioner.store.log import _now",
        "from bioner._hidden import thing",
        "store._hourly.look_again = 0",
        "monkeypatch.setattr(command, '_run', print)",
        "monkeypatch.setattr('bioner.serve._load_tagger', print)",
    ],
)
def test_a_private_name_is_found_however_it_is_reached(code):
    assert private_names(code)
    assert not private_names("self._words = store.projects()")
