"""Review → Suggest in a real browser: marked, audited, accepted, undone, read back each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from browser import Studio, choose, problems_of, settle, wait_until
from dictionaries import a_dictionary

from bioner.review.dictionary import dictionary_path
from bioner.review.dictionary_curation import Choice, curate
from bioner.review.patterns import PatternSuggester
from bioner.review.suggest import audit_sample, audits, decide, fill, precisions
from bioner.spans import Document
from bioner.store import Project, Store, edit_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEXTS = [f"We saw p{number} in a mouse." for number in range(10, 34)]
NAMES = [f"p{number}" for number in range(10, 34)]
PATTERN = r"p\d+"
ACCEPT = "Make all its Gene marks yours"


def filled(store: Store, project: str) -> None:
    """Make a project of the texts, without a mark."""
    store.create_project(Project(project, ("Chemical", "Gene", "Organism"), frozenset({"Gene"})))
    store.import_documents(
        project, [Document(f"{project}-{n}", text) for n, text in enumerate(TEXTS)]
    )


def layer(store: Store, project: str, name: str) -> list[tuple[str, str]]:
    """Return what a suggester proposes in a project."""
    return [
        (one.surface(mark), mark.label)
        for one in store.suggested(project, name)
        for mark in one.mentions
    ]


def marks(store: Store, project: str) -> list[tuple[str, str, str]]:
    """Return what reviewers see in a project: words, type and status of each mark."""
    return [
        (one.text[mark.start : mark.end], mark.label, mark.status)
        for number in range(len(TEXTS))
        for item in store.items_of(project, f"{project}-{number}")
        for one in [store.open_item(item, "Ann", claim=False)]
        for mark in one.mentions
    ]


def test_a_dictionary_and_a_pattern_each_mark_into_a_layer_of_their_own(
    review_studio: Studio, review_store: Store, tab: Page
) -> None:
    filled(review_store, "layers")
    dictionary, _ = a_dictionary(dictionary_path(review_studio.settings, "animals"))
    curate(dictionary.path, [Choice(action="keep", terms=("mouse",))], types=())
    review_studio.open(tab, "Review", project="layers", reviewer="Ann", part="Suggest")
    choose(tab, "Dictionary", "animals")
    tab.get_by_role("button", name="Mark the project").click()
    tab.get_by_text("dictionary:animals: 24 marks proposed").wait_for()
    settle(tab)

    tab.locator("label", has_text="A pattern").click()
    box = tab.get_by_role("textbox", name="Pattern")
    box.fill("p(")
    box.press("Enter")
    tab.get_by_text("cannot be read").wait_for()
    settle(tab)
    box.fill(PATTERN)
    box.press("Enter")
    tab.get_by_text("24 marks in the next 24 waiting sentences").wait_for()
    settle(tab)
    choose(tab, "Marks it as", "Gene")
    assert layer(review_store, "layers", f"pattern:{PATTERN}") == [], "tried, not run"
    tab.get_by_role("button", name="Mark the project").click()
    tab.get_by_text("24 marks proposed").wait_for()
    settle(tab)

    assert sorted(review_store.suggesters("layers")) == [
        "dictionary:animals",
        f"pattern:{PATTERN}",
    ]
    assert layer(review_store, "layers", "dictionary:animals") == [("mouse", "Organism")] * 24
    assert layer(review_store, "layers", f"pattern:{PATTERN}") == [(n, "Gene") for n in NAMES]
    assert marks(review_store, "layers") == [], "what reviewers see is as it was"
    assert not problems_of(tab)


def with_a_layer(store: Store, project: str) -> str:
    """Make a project in which a pattern has marked every text, and return the suggester's name."""
    filled(store, project)
    pattern = PatternSuggester(pattern=PATTERN, label="Gene")
    fill(store, project, pattern, schema="x", trained=lambda hashes: set())
    return pattern.name


def lower_target(tab: Page) -> None:
    """Ask for 80 % in place of 95 %."""
    slider = tab.get_by_role("slider")
    for _ in range(3):
        slider.press("ArrowLeft")
    tab.get_by_text("80% is asked for").wait_for()
    settle(tab)


def audit(store: Store, tab: Page, project: str, name: str, press: Callable[[], None]) -> None:
    """Decide the mark that is shown, and wait until that is on record and the next one is there."""
    before = len(audits(store, project, name))
    press()
    wait_until(lambda: len(audits(store, project, name)) == before + 1)
    settle(tab)


def test_accepting_in_bulk_waits_for_the_audit_and_is_undone_in_a_new_tab(
    review_studio: Studio, review_store: Store, new_tab: Callable[..., Page]
) -> None:
    store, project = review_store, "audited"
    name = with_a_layer(store, project)
    tab = new_tab()
    review_studio.open(tab, "Review", project=project, reviewer="Ann", part="Suggest")
    accept = tab.get_by_role("button", name=ACCEPT)
    lower_target(tab)
    tab.get_by_text("about 11 more are needed").wait_for()
    audit(store, tab, project, name, tab.get_by_role("button", name="Wrong").click)
    tab.get_by_text("no number of audits will do").wait_for()
    [wrong] = audits(store, project, name)
    for one in audit_sample(store, project, name, count=17)[1:]:  # the first is on Ann's screen
        decide(store, project, name, one.id, is_right=True, reviewer="Bob")
    for _ in range(2):
        audit(store, tab, project, name, lambda: tab.keyboard.press("y"))
    tab.get_by_text(
        "18 of 19 audited marks are right, surely 79.5%; 80% is asked for, and about 1 more is"
    ).wait_for()
    assert not accept.count()
    audit(store, tab, project, name, lambda: tab.keyboard.press("y"))
    accept.wait_for()
    assert marks(store, project) == [], "an audit changes nothing of what reviewers see"
    known = precisions(store, project, name)["Gene"]
    assert (known.right, known.audited, known.surfaces) == (19, 20, 20)

    accept.click()
    tab.get_by_text("23 marks in 23 sentences are yours").wait_for()
    settle(tab)
    item, place, _ = wrong.split(":")
    left = TEXTS[int(store.open_item(int(item), claim=False).document.split("-")[1])]
    start, end = map(int, place.split("-"))
    mine = [(one, "Gene", "reviewed") for one in NAMES if one != left[start:end]]
    assert marks(store, project) == mine, "all but the mark that the audit found wrong"
    [decision] = store.decisions(project, "Ann")
    assert (decision.choice.kind, decision.choice.surface, decision.marks, decision.stands) == (
        "suggestions", name, 23, True,
    )  # fmt: skip
    [batch] = {
        one.batch for n in range(24) for i in store.items_of(project, f"{project}-{n}")
        for one in store.history(i)
    }  # fmt: skip
    assert batch

    again = new_tab()
    review_studio.open(again, "Review", project=project, reviewer="Ann", part="Decide")
    again.get_by_role("button", name="Undo last").click()
    again.get_by_text("taken back in 23 sentences").wait_for()
    settle(again)
    assert marks(store, project) == []
    assert [one.stands for one in store.decisions(project, "Ann")] == [False]
    assert len(audits(store, project, name)) == 20, "what was audited stays on record"
    assert layer(store, project, name) == [(one, "Gene") for one in NAMES]
    assert not problems_of(tab) + problems_of(again)


def test_what_is_decided_is_the_mark_on_the_screen_whatever_others_decide_meanwhile(
    review_studio: Studio, review_store: Store, tab: Page
) -> None:
    store, project = review_store, "two auditors"
    name = with_a_layer(store, project)
    first, second, third = audit_sample(store, project, name, count=3)
    review_studio.open(tab, "Review", project=project, reviewer="Ann", part="Suggest")
    tab.get_by_text(first.document, exact=True).wait_for()
    decide(store, project, name, first.id, is_right=True, reviewer="Bob")
    audit_again = tab.get_by_role("button", name="Wrong")
    audit_again.click()
    tab.get_by_text(second.document, exact=True).wait_for()
    settle(tab)
    assert audits(store, project, name) == {first.id: False}, "the newest word about that mark"

    item = store.open_item(second.item, "Bob", claim=False)
    store.save(replace(edit_of(item, (), "Bob"), verdict="accept"))
    audit_again.click()
    tab.get_by_text("proposes no such mark in a waiting sentence").wait_for()
    tab.get_by_text(third.document, exact=True).wait_for()
    assert audits(store, project, name) == {first.id: False}
    assert not problems_of(tab)
