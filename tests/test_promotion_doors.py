"""Doors: what may change what, read from the source, so that no code goes around a rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from sources import under

SOURCES = under("bioner", "pages", "benchmarks")

# Promotion: the gate is the only way.

PROMOTION = "bioner/evaluation/promotion.py"
ACTIVE_MODEL = "active-model"
RECORD_OF_PROMOTIONS = "POINTER"
"""The name under which the active model's file is known."""


def names_the_active_model_file(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that mention the file of the active model, by its name or its constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if ACTIVE_MODEL in node.value and "\n" not in node.value:
                yield node.lineno
        elif isinstance(node, ast.Name | ast.Attribute | ast.alias):
            name = getattr(node, "id", None) or getattr(node, "attr", None) or node.name
            if name == RECORD_OF_PROMOTIONS:
                yield node.lineno


def makes_a_promotion(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that make a record of a promotion anew (``Promotion("promote", …)``)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Promotion":
            yield node.lineno


def functions_named_promote(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "promote":
            yield node.lineno


def test_only_promotion_writes_which_model_is_in_use():
    """The catalogue reads the file (and turns its lines into promotions); nobody else knows it."""
    readers = {PROMOTION, "bioner/models/catalogue.py"}
    strangers = {
        f"{path}:{line}"
        for path, tree in SOURCES.items()
        if path not in readers
        for line in (*names_the_active_model_file(tree), *makes_a_promotion(tree))
    }
    assert not strangers
    catalogue = SOURCES["bioner/models/catalogue.py"]
    written = [
        ast.unparse(node.func)
        for node in ast.walk(catalogue)
        if isinstance(node, ast.Call)
        and any(word in ast.unparse(node.func) for word in ("write", "replace", "dump", "unlink"))
    ]
    assert not written, "the catalogue only reads"


def test_only_one_function_promotes_and_a_command_calls_it():
    places = {path for path, tree in SOURCES.items() for _ in functions_named_promote(tree)}
    assert places == {PROMOTION, "bioner/commands/models.py"}


def test_promote_decides_before_it_writes():
    function = next(
        node
        for node in ast.walk(SOURCES[PROMOTION])
        if isinstance(node, ast.FunctionDef) and node.name == "promote"
    )
    calls = [
        (node.lineno, ast.unparse(node.func))
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    ]
    order = [name for _, name in sorted(calls) if name in ("assess", "record", "_write")]
    assert order == ["assess", "record", "_write"]


@pytest.mark.parametrize(
    "code",
    [
        '(home / "active-model.json").write_text("{}")',
        "write_whole(settings.home / catalogue.POINTER, text)",
        "from bioner.models.catalogue import POINTER",
        'history = (*past, Promotion("promote", name, "", "", "", ""))',
    ],
)
def test_a_way_around_the_gate_would_be_seen(code: str):
    tree = ast.parse(code)
    assert [*names_the_active_model_file(tree), *makes_a_promotion(tree)]
