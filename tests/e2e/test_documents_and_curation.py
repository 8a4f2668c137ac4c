"""Documents shared out and several reviewers' marks curated in a browser, read back from the store.

What a page says is compared with what a second store reads from the same database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from apps.serving import pick_option
from browser import Studio, choose, problems_of, running, settle, wait_until
from store_support import a_document, a_project, edit_of

from bioner.figures import points
from bioner.review.agreement import ALL, measure
from bioner.settings import Settings
from bioner.spans import mention
from bioner.store import DocumentFilter, Store, open_store
from bioner.ui.words import STATES

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Marks = list[tuple[str, str]]
TEXT = "BRCA1 variant {}.0 causes cancer."
GENE, DISEASE = ("Gene", "BRCA1"), ("Disease", "cancer")
LAYERS: dict[str, tuple[Marks, Marks, Marks]] = {
    "alike": ([GENE], [GENE], [GENE]),
    "edges": ([GENE, DISEASE], [("Gene", "BRCA1 variant")], [("Disease", "BRCA1")]),
    "own": ([GENE], [("Disease", "BRCA1")], [("Chemical", "BRCA1")]),
    "most": ([GENE], [GENE], [("Chemical", "BRCA1")]),
}
"""A sentence of each kind, and what Ann, Bob and Cy mark in it."""
TEAM = ("Ann", "Bob", "Cy")
SHELF = "shelf"
"""Six documents of one to six sentences: of d2 Ann has accepted two of three, of d3 all."""
ROW = 35
"""Pixels of a table's row, its head included."""


def annotate(store: Store, project: str) -> None:
    """Let three reviewers mark a document of each kind in copies of their own."""
    store.create_project(a_project(project, independent=True))
    for number, (name, layers) in enumerate(LAYERS.items()):
        text = TEXT.format(number)
        store.import_documents(project, [a_document(number, 1)], model="m")
        [item] = store.items_of(project, f"d{number}")
        for who, marks in zip(TEAM, layers, strict=True):
            seen = store.open_item(item, who, claim=False)
            assert seen.text == text, name
            made = [mention(text.index(words), text.index(words) + len(words), label)
                    for label, words in marks]  # fmt: skip
            store.save(edit_of(seen, *made, reviewer=who))


def prepare(settings: Settings) -> None:
    store = open_store(settings)
    for project in ("by mark", "at once"):
        annotate(store, project)
    people = (("Ann", "curator"), ("Bob", "reviewer"), ("Cy", "reviewer"))
    store.create_project(replace(a_project(SHELF, independent=True), reviewers=people))
    store.import_documents(SHELF, [a_document(n, n + 1) for n in range(6)], model="m")
    for document, accepted in (("d2", 2), ("d3", 4)):
        for item in store.items_of(SHELF, document)[:accepted]:
            seen = store.open_item(item, "Ann", claim=False)
            store.save(edit_of(seen, *seen.mentions, verdict="accept", reviewer="Ann"))
    store.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("together"), prepare) as found:
        yield found


class Shared:
    """The shared copy of a project as the database has it, and the copies beside it."""

    def __init__(self, studio: Studio, project: str) -> None:
        self.store, self.project = open_store(studio.settings), project

    @property
    def curated(self) -> dict[str, Marks]:
        """By document what is in the shared copy; nothing of those that are not curated."""
        found = {}
        for one in self.store.side_by_side(self.project):
            if one.chosen is not None:
                marks = [(mark.label, one.text_of(mark)) for mark in one.chosen.mentions]
                found[one.document] = marks
        return found

    @property
    def taught(self) -> dict[str, Marks]:
        """By document what training would see."""
        return {
            one.document.split("/")[-1]: [
                (span.label, " ".join(one.tokens[span.start : span.end])) for span in one.spans
            ]
            for one in self.store.corrections(self.project, include_test=True)
        }

    @property
    def layers(self) -> dict[str, tuple[Marks, ...]]:
        """By document what each reviewer has."""
        return {
            one.document: tuple(
                [(mark.label, one.text_of(mark)) for mark in version.mentions]
                for version in one.versions
            )
            for one in self.store.side_by_side(self.project)
        }


def compare(studio: Studio, tab: Page, project: str, reviewer: str = "Cora") -> None:
    studio.open(tab, "Review", project=project, reviewer=reviewer, part="Compare")


def pick(tab: Page, words: str, choice: str) -> None:
    """Choose at the place of these words."""
    place = tab.get_by_test_id("stHorizontalBlock").filter(
        has=tab.locator("strong", has_text=re.compile(f"^{words}$"))
    )
    place.last.get_by_test_id("stRadio").locator("label", has_text=choice).click()
    settle(tab)


def save(tab: Page) -> None:
    tab.get_by_role("button", name="Save, next").click()


def test_any_mark_none_and_ones_own_are_taken_and_taken_back_after_a_reload(
    studio: Studio, tab: Page, new_tab: Callable[..., Page]
) -> None:
    shared = Shared(studio, "by mark")
    compare(studio, tab, "by mark")
    team = measure(shared.store, "by mark")
    shown = tab.get_by_test_id("stMetricValue").all_inner_texts()
    f1 = [team.f1.exact[ALL], team.f1.overlap[ALL], team.f1.type_only[ALL]]
    kappas = [f"{one[ALL]:.2f}" for one in (team.fleiss, team.alpha)]
    assert shown == [*(points(one) for one in f1), *kappas]
    assert tab.get_by_test_id("stMetricLabel").all_inner_texts()[3] == "Fleiss’ κ"

    pick(tab, "BRCA1", "BRCA1 variant (Bob)")
    pick(tab, "cancer", "no mark (Bob, Cy)")
    save(tab)
    wait_until(lambda: shared.curated == {"d1": [("Gene", "BRCA1 variant")]})
    settle(tab)
    pick(tab, "BRCA1", "another …")
    choose(tab, "Type", "Disease")
    tab.get_by_role("slider").last.press("ArrowRight")
    settle(tab)
    save(tab)
    made = {"d1": [("Gene", "BRCA1 variant")], "d2": [("Disease", "BRCA1 variant")]}
    wait_until(lambda: shared.curated == made)
    layers = {f"d{n}": one for n, one in enumerate(LAYERS.values())}
    assert shared.layers == layers, "the reviewers' own copies stay as they are"
    assert shared.taught == {"d0": [GENE], **made}

    again = new_tab()
    compare(studio, again, "by mark")
    again.get_by_role("button", name="Take back").first.click()
    again.get_by_text("Taken back in 1 sentence").wait_for()
    wait_until(lambda: shared.curated == {"d1": made["d1"]})
    settle(again)
    again.get_by_role("button", name="Take back").click()
    again.get_by_text("Nothing yet.").wait_for()
    wait_until(lambda: shared.curated == {})
    assert shared.layers == layers
    assert shared.taught == {"d0": [GENE]}, "what all have alike is taught before it is curated"
    assert not problems_of(again)


def test_sentences_settled_at_once_are_taken_back_as_one_after_a_reload(
    studio: Studio, tab: Page, new_tab: Callable[..., Page]
) -> None:
    shared = Shared(studio, "at once")
    compare(studio, tab, "at once")
    tab.get_by_role("button", name="where most say the same").click()
    most = {"d0": [GENE], "d3": [GENE]}
    wait_until(lambda: shared.curated == most)
    settle(tab)
    other = new_tab()
    compare(studio, other, "at once", "Carl")
    other.get_by_role("button", name="Take back").click()
    wait_until(lambda: shared.curated == {})
    settle(other)
    tab.get_by_role("button", name="Take back").click()
    tab.get_by_text("Carl saved revision").wait_for()
    settle(tab)
    assert shared.curated == {}
    tab.get_by_role("button", name="Choose Ann’s").click()
    wait_until(lambda: shared.curated == {"d1": [GENE, DISEASE]})
    assert not problems_of(tab)


Row = tuple[str, str, int, str]
"""A document of the list: its name, state, percent settled, whose it is."""


def listed(tab: Page) -> list[Row]:
    """Return the documents that the page shows."""
    rows = (
        tab.get_by_test_id("stDataFrame")
        .locator("table tbody tr")
        .evaluate_all("all => all.map(row => [...row.cells].map(one => one.textContent))")
    )
    return [(row[0], row[1], int(row[2]), row[3]) for row in rows]


def kept(store: Store, **more: str) -> list[Row]:
    """Return the documents as the database has them for Ann."""
    found = store.document_page(SHELF, "Ann", **more)  # type: ignore[arg-type]
    return [
        (one.name, STATES[one.state], 100 * one.settled // one.sentences, ", ".join(one.assignees))
        for one in found.rows
    ]


def tick(tab: Page, number: int) -> None:
    """Tick a document by its place in the table."""
    canvas = tab.get_by_test_id("stDataFrame").locator("canvas").first.bounding_box()
    assert canvas is not None
    tab.mouse.click(canvas["x"] + 15, canvas["y"] + ROW * (number + 1) + ROW / 2)
    tab.get_by_role("button", name="Assign").wait_for()
    settle(tab)


def shows(tab: Page, *rows: Row) -> None:
    """Wait until the table shows these documents."""
    wait_until(lambda: listed(tab) == list(rows))


def open_shelf(studio: Studio, tab: Page, **more: str) -> None:
    studio.open(tab, "Review", project=SHELF, reviewer="Ann", part="Documents", **more)


def test_documents_are_sorted_filtered_and_shared_out_with_an_overlap(
    studio: Studio, tab: Page
) -> None:
    store = open_store(studio.settings)
    open_shelf(studio, tab)
    shows(tab, *kept(store))
    assert [state for _, state, *_ in listed(tab)].count("done") == 1
    choose(tab, "Order", "least settled first")
    shows(tab, *kept(store, order="settled"))
    choose(tab, "State", "begun")
    shows(tab, ("d2", "begun", 66, ""))
    tick(tab, 0)
    choose(tab, "Assign 1 document to", "Bob")
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="Assign").click()
    wait_until(lambda: store.assignees(SHELF) == ["Bob"])
    shows(tab, ("d2", "begun", 66, "Bob"))
    open_shelf(studio, tab)
    choose(tab, "Assigned to", "Bob")
    shows(tab, ("d2", "begun", 66, "Bob"))
    choose(tab, "Assigned to", "anybody’s")
    tab.get_by_text("Share out", exact=True).click()
    among = tab.get_by_role("combobox", name="Among")
    for who in ("Ann", "Cy"):
        pick_option(among, who)
        settle(tab)
    tab.keyboard.press("Escape")
    overlap = tab.get_by_role("spinbutton", name="Percent of the documents that several see")
    overlap.fill("40")
    overlap.press("Enter")
    settle(tab)
    tab.get_by_role("button", name="Share out 5 documents").click()
    wait_until(lambda: store.assignees(SHELF) == ["Ann", "Bob", "Cy"])
    whose = {name: who for name, *_, who in kept(store)}
    assert whose["d2"] == "Bob", "what is somebody's already stays so"
    assert list(whose.values()).count("Ann, Cy") == 2, "two of five are seen by both"
    assert "" not in whose.values()
    shows(tab, *kept(store))
    assert not problems_of(tab)


def here(tab: Page) -> dict[str, str]:
    """Return what the address says."""
    return dict(parse_qsl(urlsplit(tab.url).query))


def opens(tab: Page, document: str, item: int) -> None:
    """Wait until a document is open whole, the address at one of its sentences."""
    tab.locator(f".bse[data-view$='/Document/{item}']").wait_for()
    settle(tab)
    tab.get_by_test_id("stText").filter(has_text=re.compile(f"^{document} · ")).wait_for()
    assert here(tab)["item"] == str(item)
    assert here(tab)["scope"] == "Document"


def test_a_document_is_opened_where_one_stopped_and_the_address_keeps_it(
    studio: Studio, tab: Page
) -> None:
    store = open_store(studio.settings)
    items = store.items_of(SHELF, "d2")
    open_shelf(studio, tab)
    tick(tab, 2)
    tab.get_by_role("link", name="Open d2, 1 sentence left").click()
    opens(tab, "d2", items[2])
    states = tab.locator(".bse-state").evaluate_all("all => all.map(one => one.dataset.state)")
    assert states == ["done", "done", "waiting"]
    tab.reload()
    opens(tab, "d2", items[2])
    assert here(tab)["project"] == SHELF
    tab.locator(".bse-command[data-action=accept]").click()
    wait_until(lambda: store.open_item(items[2], "Ann", claim=False).verdict == "accept")
    open_shelf(studio, tab, list_state="done")
    shows(tab, *kept(store, filters=DocumentFilter(state="done")))
    assert [name for name, *_ in listed(tab)] == ["d2", "d3"]


def test_a_link_shows_what_it_names_whatever_was_open_before(studio: Studio, tab: Page) -> None:
    store = open_store(studio.settings)
    compare(studio, tab, "by mark")
    tab.get_by_role("link", name="In its document").click()
    opens(tab, "d1", store.items_of("by mark", "d1")[0])
    part = tab.locator(".st-key-part").get_by_role("radio", checked=True)
    box = tab.locator(".st-key-project input")
    for one in store.projects():
        name = one.name
        compare(studio, tab, "by mark")
        tab.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
        row = tab.get_by_test_id("stHorizontalBlock").filter(has=tab.get_by_text(name, exact=True))
        row.last.get_by_role("link", name="Go on").click()
        tab.locator(".bse-text").wait_for()
        settle(tab)
        assert (box.input_value(), part.inner_text()) == (name, "Correct")
        who = tab.locator(".st-key-reviewer input").input_value()
        assert who == ("Ann" if one.reviewers else "Cora")
    assert not problems_of(tab)
