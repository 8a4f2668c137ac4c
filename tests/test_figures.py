"""Figures are written in one way, from one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources import tree_of

from bioner.figures import clock, duration, percent, points, points_changed
from bioner.settings import PROJECT_ROOT

CODE = sorted((PROJECT_ROOT / "bioner").rglob("*.py"))
WORDS = [*CODE, *(PROJECT_ROOT / "docs").rglob("*.md"), *PROJECT_ROOT.glob("*.md")]


@pytest.mark.parametrize(
    ("share", "digits", "written"),
    [
        (0.0, 0, "0%"), (0.0004, 0, "<1%"), (0.004, 0, "<1%"), (0.007, 0, "1%"), (0.95, 0, "95%"),
        (0.994, 0, "99%"), (0.9951, 0, ">99%"), (1.0, 0, "100%"), (1.2, 0, "120%"),
        (0.0004, 1, "<0.1%"), (0.9996, 1, ">99.9%"), (0.8466, 1, "84.7%"), (1.0, 1, "100.0%"),
    ],
)  # fmt: skip
def test_a_part_is_never_written_as_none_or_as_all(share: float, digits: int, written: str) -> None:
    assert percent(share, digits) == written


@given(st.floats(0, 1), st.integers(0, 2))
def test_what_is_written_is_the_share(share: float, digits: int) -> None:
    written = percent(share, digits)
    assert abs(float(written.strip("<>%")) - 100 * share) <= 10**-digits
    assert (written.strip("<>") == f"{0:.{digits}f}%") == (share == 0)
    assert (written == f"{100:.{digits}f}%") == (share == 1)


def test_scores_have_one_digit() -> None:
    assert (points(0.7284), points(1), points_changed(0.0131)) == ("72.8", "100.0", "+1.3")
    assert points_changed(-0.02) == "-2.0"


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [(42, "42 s", "0:42"), (185, "3 min 05 s", "3:05"), (3723, "1 h 02 min", "1:02:03")],
)
def test_durations_are_written_as_people_say_them(seconds: float, long: str, short: str) -> None:
    assert duration(seconds) == long
    assert clock(seconds) == short


MAY_WRITE = re.compile(r"%\}|100 \* ")
"""What a source holds that writes one."""


def written_elsewhere(tree: ast.Module) -> list[str]:
    """Return what writes a share or a score by itself."""
    return [
        ast.unparse(one)
        for one in ast.walk(tree)
        if isinstance(one, ast.FormattedValue) and one.format_spec is not None
        for form in [ast.unparse(one.format_spec)]
        if "%'" in form or (ast.unparse(one.value).startswith("100 * ") and ".1f" in form)
    ]


def test_shares_and_scores_are_written_in_figures_alone() -> None:
    found = {
        path.name: strange
        for path in CODE
        if path.name != "figures.py"
        and MAY_WRITE.search(path.read_text(encoding="utf-8"))
        and (strange := written_elsewhere(tree_of(path)))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("f'{one.score:.0%} sure'", True),
        ("f'{x:.1%}'", True),
        ("f'F1 {100 * f1:.1f}'", True),
        ("f'F1 {100 * (a - b):+.1f}'", True),
        ("f'{percent(one.score)} {points(f1)}'", False),
        ("f'{now:%Y-%m-%d} {count:,}'", False),
    ],
)
def test_a_figure_that_is_written_elsewhere_is_found(code: str, is_found: bool) -> None:
    assert bool(written_elsewhere(ast.parse(code))) is is_found


SPACED = re.compile(r"[\d}][ \u00a0\u202f]%(?!\s*[\w({])")


def spaced_in(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py" and SPACED.search(text):  # else it is in no string of it either
        text = "\n".join(
            one.value if isinstance(one, ast.Constant) else ast.unparse(one)
            for one in ast.walk(tree_of(path))
            if isinstance(one, ast.JoinedStr)
            or (isinstance(one, ast.Constant) and isinstance(one.value, str))
        )
    return SPACED.findall(text)


def test_the_sign_stands_at_its_number() -> None:
    assert {path.name: found for path in WORDS if (found := spaced_in(path))} == {}
