"""The Dictionary page in a real browser: made, curated, taken out, used, undone, read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from apps.serving import pick_option
from browser import Studio, choose, problems_of, settle, wait_until
from dictionaries import a_dictionary

from bioner.access import Actor, Role
from bioner.review.dictionary import Dictionary, dictionary_path
from bioner.review.dictionary_curation import Choice, curate
from bioner.spans import Document
from bioner.store import Project, Store

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PUBTATOR = (
    "1|t|Obese (OB) mice ate.\n"
    "1|a|The OB rose in a mouse.\n"
    "1\t7\t9\tOB\tChemical\n"
    "1\t11\t15\tmice\tOrganism\n"
    "1\t25\t27\tOB\tChemical\n"
    "1\t38\t43\tmouse\tOrganism\n"
    "\n"
    "2|t|TNF-alpha and TNF.\n"
    "2|a|TNF-α binds it.\n"
    "2\t0\t9\tTNF-alpha\tGene\n"
    "2\t14\t17\tTNF\tGene\n"
    "2\t19\t24\tTNF-α\tGene\n"
)


TABLE = "[data-testid=stDataFrame]"
ROW = 35
"""Pixels: the height of a row, and of the heads."""


def rows(tab: Page) -> list[str]:
    """Return the terms of the table, as a screen reader finds them: none before it is drawn."""
    found: list[str] = tab.locator(f"{TABLE} canvas tbody tr").evaluate_all(
        "rows => rows.map(row => row.children[0].textContent)"
    )
    return found


def tick(tab: Page, *names: str) -> None:
    """Tick these terms, and wait until the page has taken note of it."""
    wait_until(lambda: set(names) <= set(rows(tab)))
    settle(tab)
    box, shown = tab.locator(TABLE).first.bounding_box(), rows(tab)
    assert box is not None
    for name in names:
        tab.mouse.click(box["x"] + 17, box["y"] + ROW * (shown.index(name) + 1.5))
    tab.get_by_text(f"{len(names)} chosen").wait_for()
    settle(tab)


def choose_in(tab: Page, key: str, option: str) -> None:
    """Choose an option of the box with this key."""
    pick_option(tab.locator(f".st-key-{key}").get_by_role("combobox"), option)


def terms(dictionary: Dictionary) -> dict[str, tuple[str, str, set[str]]]:
    """Return what the dictionary's file holds: name → type, status, spellings."""
    return {
        one.preferred: (
            one.label,
            one.status,
            {form.surface for form in dictionary.variants(one.key)},
        )
        for one in dictionary.every()
    }


BUILT = {
    "OB": ("Chemical", "new", {"OB"}),
    "TNF-alpha": ("Gene", "new", {"TNF-alpha", "TNF-α"}),
    "mice": ("Organism", "new", {"mice"}),
    "mouse": ("Organism", "new", {"mouse"}),
    "TNF": ("Gene", "new", {"TNF"}),
}


def test_a_dictionary_is_made_curated_and_undone_in_a_new_tab(
    review_studio: Studio, new_tab: Callable[..., Page], tmp_path: Path
) -> None:
    path = tmp_path / "four.pubtator"
    path.write_text(PUBTATOR)
    tab = new_tab(height=1600)  # a list that is open is shut where the page scrolls
    review_studio.open(tab, "Dictionary", part="make")
    tab.locator("label", has_text="Files").first.click()
    tab.locator("input[type=file]").set_input_files(str(path))
    tab.locator("label", has_text="Those that the texts have").click()
    tab.get_by_role("textbox", name="Name").fill("curated")
    tab.get_by_role("button", name="Make it").click()
    tab.get_by_text("curated: 5 terms, 6 spellings").wait_for()
    found = Dictionary(dictionary_path(review_studio.settings, "curated"))
    assert terms(found) == BUILT

    review_studio.open(tab, "Dictionary", name="curated")
    tick(tab, "OB")
    choose_in(tab, "term_type", "Gene")
    tab.get_by_role("button", name="They are Gene").click()
    wait_until(lambda: terms(found)["OB"] == ("Gene", "kept", {"OB"}))
    review_studio.open(tab, "Dictionary", name="curated", q="m")
    tick(tab, "mice", "mouse")
    choose_in(tab, "term_into", "mouse")
    tab.get_by_role("button", name="Join them").click()
    wait_until(lambda: terms(found)["mouse"] == ("Organism", "new", {"mice", "mouse"}))
    tab.get_by_text("0 chosen").wait_for()
    tick(tab, "mouse")
    tab.keyboard.press("k")
    wait_until(lambda: terms(found)["mouse"][1] == "kept")
    review_studio.open(tab, "Dictionary", name="curated", q="tnf")
    tick(tab, "TNF-alpha")
    leaving = tab.get_by_role("combobox", name="Spellings that are a term of their own")
    leaving.press("ArrowDown")
    tab.get_by_role("option", name="TNF-α").click()
    leaving.press("Escape")
    tab.get_by_role("button", name="Change it").click()
    wait_until(lambda: terms(found).get("TNF-α") == ("Gene", "new", {"TNF-α"}))
    tab.get_by_text("0 chosen").wait_for()
    tick(tab, "TNF-α")
    tab.keyboard.press("x")
    wait_until(lambda: terms(found)["TNF-α"][1] == "dropped")
    curated = terms(found)
    assert curated == {
        "OB": ("Gene", "kept", {"OB"}),
        "mouse": ("Organism", "kept", {"mice", "mouse"}),
        "TNF-alpha": ("Gene", "new", {"TNF-alpha"}),
        "TNF-α": ("Gene", "dropped", {"TNF-α"}),
        "TNF": ("Gene", "new", {"TNF"}),
    }
    actions = ["drop", "split", "keep", "merge", "retype"]
    assert [one.action for one in found.log()] == actions

    again = new_tab()
    review_studio.open(again, "Dictionary", name="curated", status="kept")
    for action in actions:
        again.get_by_role("button", name="Undo").click()
        again.get_by_test_id("stToast").get_by_text(f"Undone: {action}").wait_for()
        settle(again)
    assert terms(found) == BUILT
    assert [one.action for one in found.log()] == ["undo"] * 5 + actions
    assert [one.undone for one in found.log()] == [False] * 5 + [True] * 5
    assert not problems_of(tab) + problems_of(again)


def test_what_is_kept_is_taken_out_and_marks_a_project(
    review_studio: Studio, review_store: Store, tab: Page
) -> None:
    found, _ = a_dictionary(dictionary_path(review_studio.settings, "taken out"))
    kept = tuple(found.term(name).key for name in ("OB", "mouse"))
    choices = [
        Choice(action="retype", terms=kept[:1], value="Gene"),
        Choice(action="keep", terms=kept),
        Choice(action="drop", terms=(found.term("mice").key,)),
    ]
    curate(found.path, choices, types=("Gene",))
    review_studio.open(tab, "Dictionary", name="taken out", part="out")
    tab.locator("label", has_text="JSON lines").click()
    tab.get_by_role("button", name="Write it").click()
    tab.get_by_text("2 terms with 2 spellings").wait_for()
    settle(tab)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download taken out.jsonl").click()
    written = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert [(one["term"], one["type"], one["status"]) for one in written] == [
        ("OB", "Gene", "kept"),
        ("mouse", "Organism", "kept"),
    ]

    project = "marked by names"
    review_store.create_project(Project(project, ("Gene", "Organism"), frozenset({"Gene"})))
    texts = ["OB of a Mouse.", "Mice and TNF."]
    review_store.import_documents(project, [Document(f"d{n}", one) for n, one in enumerate(texts)])
    review_studio.open(tab, "Review", project=project, reviewer="Ann", part="Suggest")
    choose(tab, "Dictionary", "taken out")
    tab.get_by_role("button", name="Mark the project").click()
    tab.get_by_text("dictionary:taken out: 2 marks proposed").wait_for()
    [first] = review_store.suggested(project, "dictionary:taken out")
    marked = [(first.surface(one), one.label) for one in first.mentions]
    assert marked == [("OB", "Gene"), ("Mouse", "Organism")]
    assert not problems_of(tab)


def test_a_press_is_about_the_terms_on_the_screen_whatever_others_decide_meanwhile(
    review_studio: Studio, tab: Page
) -> None:
    found, _ = a_dictionary(dictionary_path(review_studio.settings, "two people"))
    bob = Actor("Bob", Role.ADMINISTRATOR)
    review_studio.open(tab, "Dictionary", name="two people", status="new")
    wait_until(lambda: len(rows(tab)) > 3)
    first, second, third = rows(tab)[:3]
    tick(tab, first)
    curate(found.path, [Choice(action="keep", terms=(found.term(first).key,))], types=(), actor=bob)
    tab.keyboard.press("x")  # in a table whose first row would be the second term by now
    wait_until(lambda: found.term(first).status == "dropped")
    tab.get_by_text("0 chosen").wait_for()
    wait_until(lambda: rows(tab)[:2] == [second, third])
    assert found.term(second).status == "new"

    curate(
        found.path, [Choice(action="keep", terms=(found.term(second).key,))], types=(), actor=bob
    )
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_text("the newest decision is another by now").wait_for()
    wait_until(lambda: rows(tab)[:1] == [third])
    settle(tab)
    assert found.term(second).status == "kept", "Ann has not seen it yet"
    tab.get_by_role("button", name="Undo").click()
    wait_until(lambda: found.term(second).status == "new")
    assert not problems_of(tab)
