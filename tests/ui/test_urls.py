"""What stands in a page's address is read in one way: odd values are no numbers and no texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bioner.settings import PROJECT_ROOT
from bioner.ui import session

ODD = [
    "²",
    "٣",
    "1e3",
    "-1",
    "0",
    *("9" * n for n in (22, 400)),
    "\ud800",
    "a\x00b",
    "٠١",
    " 1",
    "1\n",
    "<b>",
    "%",
]
"""Digits that are no ASCII digits, numbers out of bounds, half surrogates, NUL, markup."""

PARAMETERS = {
    "app.py": (),
    "pages/1_Corpora.py": (
        ("part", "sentences"),
        ("page", None),
        ("corpora", None),
        ("splits", None),
        ("types", None),
        ("q", None),
        ("mention", None),
        ("covers", None),
        ("split", None),
        ("corpus", None),
        ("kind", None),
        ("type", None),
    ),
    "pages/2_Train.py": (("view", None), ("job", None)),
    "pages/3_Predict.py": tuple(
        (name, None)
        for name in (
            "model", "against", "text", "example", "n", "view", "sure", "heat", "hide", "part",
            "kept", "as", "against_as",
        )
    ),
    "pages/4_Review.py": tuple(
        (name, None)
        for name in (
            "project", "reviewer", "part", "scope", "item", "status", "text", "document", "label",
            "reason", "first", "second",
        )
    ),
    "pages/5_Metrics.py": tuple(
        (name, None)
        for name in ("model", "split", "view", "corpus", "surface", "against", "changes", "kind")
    ),
    "pages/6_Dictionary.py": tuple(
        (name, None) for name in ("name", "part", "q", "type", "status", "by", "page")
    ),
}  # fmt: skip
"""Every parameter that a page reads; one with a value keeps it, so that the others are read."""


class Address(dict[str, str]):
    """Stands for ``st.query_params``."""

    def get_all(self, name: str) -> list[str]:
        return [self[name]]


@pytest.fixture(scope="module")
def address() -> Address:
    found = Address()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session.st, "query_params", found)
        yield found


anything = st.one_of(st.sampled_from(ODD), st.text(max_size=30), st.integers().map(str))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(anything, st.integers(0, 5), st.integers(6, 50))
@example("²", 1, 10)
@example("٣", 1, 10)
def test_a_number_from_the_address_lies_within_its_bounds(
    address: Address, given: str, low: int, high: int
) -> None:
    address["n"] = given
    found = session.url_int("n", low, low=low, high=high)
    assert low <= found <= high
    is_number = given.isascii() and given.isdigit() and len(given) <= 18
    if is_number and low <= int(given) <= high:
        assert found == int(given)
    else:
        assert found == low


@given(anything)
def test_a_text_from_the_address_can_be_kept_and_sent_anywhere(
    address: Address, given: str
) -> None:
    address["t"] = given * 9
    found = session.url_text("t", longest=20)
    assert len(found) <= 20
    assert "\0" not in found
    assert found.encode("utf-8").decode("utf-8") == found


@given(st.lists(st.sampled_from(["a", "b", "²", "c,", "\ud800"]), max_size=4))
def test_choices_from_the_address_are_options_of_the_page(
    address: Address, given: list[str]
) -> None:
    address["x"] = ",".join(given)
    assert set(session.url_choices("x", ("a", "b"))) <= {"a", "b"}
    assert session.url_choice("x", ("a", "b"), "a") in ("a", "b")


@pytest.mark.slow
@pytest.mark.parametrize("script", PARAMETERS)
def test_a_page_opens_whatever_stands_in_its_address(home: Path, script: str) -> None:
    for odd in (one for one in ODD if one != "\ud800"):  # no browser can send it
        app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
        if script != "app.py":
            app.switch_page(script)
        for name, fixed in PARAMETERS[script]:
            app.query_params[name] = fixed or odd
        app.query_params[odd] = odd
        app.run()
        assert not app.exception, (script, odd, [one.value for one in app.exception])
