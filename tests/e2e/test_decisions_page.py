"""Review → Decide in a real browser: one decision about alike marks, undone, by two at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from browser import Studio, problems_of, settle

from bioner.spans import Document, mention
from bioner.store import Project, Store
from bioner.ui.review.alike import included_key

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PLACES = ("mice", "rats", "cats", "dogs")
LEFT_OUT = "OB fell in cats."
AS_MODEL = [("OB", "Chemical")] * 4
HEADING = "[data-testid=stMain] h3"


def filled(store: Store, project: str) -> None:
    """Make a project in which a model has marked OB in four texts, and leptin in one."""
    store.create_project(Project(project, ("Chemical", "Gene"), frozenset({"Gene"})))
    texts = [f"OB fell in {place}." for place in PLACES]
    found = [
        Document(
            f"{project}-{n}", text, (mention(0, 2, "Chemical", status="predicted", score=0.4),)
        )
        for n, text in enumerate(texts)
    ]
    leptin = (mention(0, 6, "Gene", status="predicted", score=0.9),)
    found.append(Document(f"{project}-leptin", "Leptin rose.", leptin))
    store.import_documents(project, found, model="m")


def items(store: Store, project: str) -> list[int]:
    """Return the sentences about OB, in the order of the texts."""
    return [one for n in range(len(PLACES)) for one in store.items_of(project, f"{project}-{n}")]


def marks(store: Store, project: str) -> list[tuple[str, str]]:
    """Return the marks of the sentences about OB, as a reviewer sees them."""
    opened = [store.open_item(one, "Ann", claim=False) for one in items(store, project)]
    return [(one.text[m.start : m.end], m.label) for one in opened for m in one.mentions]


def revisions(store: Store, project: str) -> list[int]:
    """Return how many revisions each sentence about OB has."""
    return [len(store.history(one)) for one in items(store, project)]


def decide_as(studio: Studio, tab: Page, project: str, who: str) -> None:
    """Open Decide as a reviewer, at the group of OB."""
    studio.open(tab, "Review", project=project, reviewer=who, part="Decide")
    tab.locator(HEADING, has_text="OB").wait_for()


def press(tab: Page, key: str, said: str) -> None:
    """Press a key, and wait until the page says what came of it."""
    tab.keyboard.press(key)
    tab.get_by_test_id("stToast").get_by_text(said).first.wait_for()
    settle(tab)


def test_one_decision_spares_what_is_ticked_out_and_a_new_tab_undoes_it_as_one(
    review_studio: Studio, review_store: Store, new_tab: Callable[..., Page]
) -> None:
    store, project = review_store, "one decision"
    filled(store, project)
    tab = new_tab()
    decide_as(review_studio, tab, project, "Ann")
    tab.keyboard.press("a")
    tab.get_by_role("button", name="Show three").wait_for()
    settle(tab)
    spared = items(store, project)[2]
    assert store.open_item(spared, claim=False).surface == LEFT_OUT
    [mark] = [one for one in store.waiting_marks(project, "Ann") if one.item == spared]
    tab.locator(f".st-key-{included_key(mark)} button").first.click()
    tab.get_by_role("button", name="Left out").wait_for()
    settle(tab)
    assert marks(store, project) == AS_MODEL, "ticks alone decide nothing"
    press(tab, "2", "OB, Gene: 3 marks settled in 3 sentences")
    tab.locator(HEADING, has_text="Leptin").wait_for()
    wanted = [("OB", "Gene"), ("OB", "Gene"), ("OB", "Chemical"), ("OB", "Gene")]
    assert marks(store, project) == wanted
    assert revisions(store, project) == [1, 1, 0, 1]
    [decision] = store.decisions(project, "Ann")
    assert (decision.marks, decision.sentences, decision.stands) == (3, 3, True)
    batches = {one.batch for item in items(store, project) for one in store.history(item)}
    assert len(batches) == 1, "one batch"
    assert "" not in batches

    again = new_tab()
    decide_as(review_studio, again, project, "Ann")  # what was spared still waits
    press(again, "z", "OB: taken back in 3 sentences")
    assert marks(store, project) == AS_MODEL
    assert [one.stands for one in store.decisions(project, "Ann")] == [False]
    assert revisions(store, project) == [2, 2, 0, 2], "an undo is a revision, nothing is erased"
    again.get_by_text("4 marks: Chemical ×4").wait_for()
    assert again.get_by_role("button", name="Undo last").is_disabled()
    assert not problems_of(tab) + problems_of(again)


def test_the_second_of_two_decisions_on_a_group_is_told_and_doubles_nothing(
    review_studio: Studio, review_store: Store, new_tab: Callable[..., Page]
) -> None:
    store, project = review_store, "two decisions"
    filled(store, project)
    ann, bob = new_tab(), new_tab()
    for tab, who in ((ann, "Ann"), (bob, "Bob")):
        decide_as(review_studio, tab, project, who)
    # Both press before either page has answered.
    ann.keyboard.press("2")
    bob.keyboard.press("1")
    said = []
    for tab in (ann, bob):
        told = tab.get_by_test_id("stToast").get_by_text("settled in").first
        told.wait_for()
        said.append(told.inner_text())
        tab.locator(HEADING, has_text="Leptin").wait_for()
    assert revisions(store, project) == [1, 1, 1, 1], "each mark is settled once"
    decisions = store.decisions(project, "Ann")
    assert sum(one.marks for one in decisions) == 4
    by = {one.reviewer: one.marks for one in decisions}
    label = {"Ann": "Gene", "Bob": "Chemical"}
    for who, told in zip(("Ann", "Bob"), said, strict=True):
        mine, left = by.get(who, 0), 4 - by.get(who, 0)
        assert f"OB, {label[who]}: {mine} mark" in told
        assert (f"{left} left: somebody changed them meanwhile" in told) == bool(left)
    made = [store.history(one)[0].reviewer for one in items(store, project)]
    assert marks(store, project) == [("OB", label[who]) for who in made]
    assert not problems_of(ann) + problems_of(bob)


def test_a_decision_leaves_the_sentence_that_somebody_else_has_open(
    review_studio: Studio, review_store: Store, new_tab: Callable[..., Page]
) -> None:
    store, project = review_store, "open elsewhere"
    filled(store, project)
    ann, bob = new_tab(), new_tab()
    first = items(store, project)[0]
    review_studio.open(ann, "Review", project=project, reviewer="Ann", item=str(first))
    ann.wait_for_selector(".bse-text")
    decide_as(review_studio, bob, project, "Bob")
    press(bob, "x", "3 marks settled in 3 sentences; 1 left: somebody else has their sentence open")
    assert marks(store, project) == [("OB", "Chemical")]
    ann.focus(".bse-text")
    ann.keyboard.press("2")  # the same type as in Decide
    ann.keyboard.press("Enter")
    ann.wait_for_function(
        "item => !document.querySelector('.bse')?.dataset.view.endsWith(`/${item}`)", arg=first
    )
    settle(ann)
    done = store.open_item(first, "Ann", claim=False)
    assert (done.verdict, marks(store, project)) == ("correct", [("OB", "Gene")])

    press(bob, "z", "OB: taken back in 3 sentences")
    assert marks(store, project) == [("OB", "Gene"), *AS_MODEL[1:]], "Ann’s stays as she left it"
    assert not problems_of(ann) + problems_of(bob)
