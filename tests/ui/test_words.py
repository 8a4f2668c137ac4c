"""States, verdicts, reasons and changes have plain words, the same on every page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from sources import tree_of
from support import ROOT

from bioner.review.reasons import REASONS, TOLD
from bioner.store.queue_items import ItemStatus, ShownLayer
from bioner.store.values import EventKind, RevisionKind, Verdict
from bioner.ui.words import (
    EVENTS_SAID,
    REVISIONS_SAID,
    SHOWN_SAID,
    STATES,
    VERDICTS_SAID,
    capital,
    revision_said,
)

UI = ROOT / "bioner" / "ui"
OURS = (
    *("convention conflict", "over-fir", "overfir", "surviv", "0..1", "adjudicat", "resplit"),
    *("doubtful gold", "likely missed", "unseen surface", "uncertain words", "low confidence"),
)
"""Words of the program for what pages have plainer ones for."""


def _named(path: Path) -> str:
    return path.name


RAW = {"kind", "verdict", "status", "layer"}
"""Fields whose values are words of the program, and are said by a table."""


def drawn(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a module that are neither docstrings nor keys of a widget."""
    silent = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in silent
        ):
            yield node.value


def raw(tree: ast.Module) -> Iterator[str]:
    """Yield the fields that a text of a module holds as they are, keys of widgets aside."""
    keys = {
        id(inner)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for one in call.keywords
        if one.arg == "key"
        for inner in ast.walk(one.value)
    }
    for text in ast.walk(tree):
        if isinstance(text, ast.JoinedStr) and id(text) not in keys:
            for part in text.values:
                value = part.value if isinstance(part, ast.FormattedValue) else None
                if isinstance(value, ast.Attribute) and value.attr in RAW:
                    yield ast.unparse(value)


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=_named)
def test_no_page_says_a_word_of_the_program(path: Path) -> None:
    tables = {*REASONS, *get_args(RevisionKind)} if path.name == "words.py" else set()
    said = [text for text in drawn(tree_of(path)) if text not in tables]
    assert not [text for text in said for word in OURS if word in text.lower()]
    if path.parent.name == "review":
        assert not list(raw(tree_of(path)))


@pytest.mark.parametrize("path", sorted(UI.rglob("*.js")), ids=_named)
def test_the_editor_says_none_either(path: Path) -> None:
    code = "\n".join(line.split("//")[0] for line in path.read_text("utf-8").splitlines())
    assert not [word for word in OURS if word in code.lower()]


def test_each_state_verdict_reason_and_change_has_its_words() -> None:
    assert STATES.keys() == set(get_args(ItemStatus))
    assert VERDICTS_SAID.keys() == {*get_args(Verdict), None}
    assert REVISIONS_SAID.keys() == set(get_args(RevisionKind))
    assert EVENTS_SAID.keys() == set(get_args(EventKind))
    assert SHOWN_SAID.keys() == set(get_args(ShownLayer))
    assert TOLD.keys() == set(REASONS)
    for told in (*(one for pair in TOLD.values() for one in pair), *REVISIONS_SAID.values()):
        assert not [word for word in OURS if word in told.lower()]


def test_a_revision_is_said_by_its_verdict_or_by_what_was_done() -> None:
    assert revision_said("edit", "accept") == "accepted"
    assert revision_said("edit", None) == "changed"
    assert revision_said("adjudicate", "correct") == "curated, corrected"
    assert revision_said("undo", None) == "taken back"


@pytest.mark.parametrize("path", sorted({*UI.rglob("*.py")} - {UI / "words.py"}), ids=_named)
def test_a_point_of_time_is_told_by_the_reader_s_clock_in_one_place(path: Path) -> None:
    code = path.read_text("utf-8")
    assert "UTC" not in " ".join(drawn(tree_of(path)))
    assert "timezone" not in code or path.name == "times.py"
    assert "[:16]" not in code or "hexdigest()[:16]" in code


@pytest.mark.parametrize("path", sorted({*UI.rglob("*.py")} - {UI / "words.py"}), ids=_named)
def test_a_sentence_gets_its_capital_in_one_place(path: Path) -> None:
    assert "[:1].upper()" not in path.read_text("utf-8")


def test_a_capital_leaves_all_other_letters_as_they_are() -> None:
    assert capital("computing on the CPU") == "Computing on the CPU"
    assert capital("") == ""
