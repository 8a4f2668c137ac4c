"""``review agreement`` and ``review curate``: compared, taken by mark, in bulk, taken back."""

from __future__ import annotations

import json

import pytest
from store_support import reviewed_by_two
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.settings import read_settings
from bioner.store import Store, open_store

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def store() -> Store:
    made = open_store(read_settings())
    return reviewed_by_two(made)


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["review", *words])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.output


def test_agreement_is_printed_and_given_as_json(store: Store) -> None:
    told = run("agreement")
    assert "ann, bob" in told
    found = json.loads(run("agreement", "--json"))
    assert (found["sentences"], found["disagreements"]) == (3, [2, 3])
    assert found["pairs"][0]["exact"]["all"] == pytest.approx(4 / 7)
    assert found["krippendorff_alpha"]["all"] == pytest.approx(
        found["fleiss_kappa"]["all"], abs=0.05
    )
    assert "--between 'zoe' has not accepted" in run("agreement", "--between", "zoe", code=1)


def test_a_sentence_is_shown_and_taken_by_mark(store: Store) -> None:
    [item] = store.items_of("both", "d2")
    spots = json.loads(run("curate", "show", str(item), "--json"))
    assert [(one["kind"], one["none"]) for one in spots] == [("alike", []), ("some", ["bob"])]
    assert "choose for place 2 too" in run("curate", "take", str(item), code=1)
    run("curate", "take", str(item), "2=ann", "add=Gene:6-13", "--reviewer", "cora")
    shared = store.open_item(item, claim=False)
    assert [(m.start, m.end, m.label) for m in shared.mentions] == [
        (0, 5, "Gene"), (6, 13, "Gene"), (25, 31, "Disease"),
    ]  # fmt: skip
    assert json.loads(run("curate", "list", "--json"))[0]["reviewer"] == "cora"
    run("curate", "take", str(item), "2=Gene:25-31", "1=none")
    assert [m.label for m in store.open_item(item, claim=False).mentions] == ["Gene"]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("2=bob", "'bob' has no mark at place 2"),
        ("2=Cell:0-5", "type 'Cell' is not among its types"),
        ("2=Gene:30-99", "leaves it"),
        ("2=Gene:9-3", "ends after it begins"),
        ("7=none", "name a place from 1 to 2"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(store: Store, choice: str, told: str) -> None:
    [item] = store.items_of("both", "d2")
    assert told in run("curate", "take", str(item), choice, code=1)
    assert store.curations("both") == []


def test_what_is_alike_is_settled_in_one_go_and_taken_back_in_one(store: Store) -> None:
    assert json.loads(run("curate", "all", "alike", "--json"))["sentences"] == 1
    assert "no sentence curated" in run("curate", "all", "majority")
    [found] = json.loads(run("curate", "list", "--json"))
    assert "taken back in 1 sentences" in run("curate", "undo", str(found["item"]))
    assert "nothing is curated" in run("curate", "list")
