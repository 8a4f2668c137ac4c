"""Guidelines, concepts, marks in parts and the stage of Review, read back from the store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from apps.serving import click_text, drag, pick_option, press
from browser import Studio, problems_of, running, settle, wait_until

from bioner.identifiers import ids_of
from bioner.settings import Settings
from bioner.spans import Document, mention
from bioner.store import Project, Store, open_store, surfaces_of
from bioner.text import split_document

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PEOPLE = (("Cora", "curator"), ("Ann", "reviewer"))
TYPES = ("Gene", "Disease", "Organism")
BREAST = "Breast and ovarian cancer of BRCA1 carriers."
SHORT, LONG = "BRCA1 binds.", " ".join(["BRCA1 and p53 were measured in mice with cancer,"] * 12)
TEXTS = {
    "rules": ("p53 in patients with cancer.",),
    "ids": ("p53 of mice.",),
    "parts": (BREAST,),
    "stage": (SHORT, f"{LONG} {SHORT}"),
}
"""By project the texts in it; each of these words is marked by a model."""
WORDS = {"p53": "Gene", "BRCA1": "Gene", "cancer": "Disease", "mice": "Organism"}
TAXA = "id,name,synonyms,type\nT:10090,Mus musculus,mice | mouse,Organism\nT:9606,human,,Organism\n"


def prepare(settings: Settings) -> None:
    store = open_store(settings)
    for name, texts in TEXTS.items():
        types = ("Disease", "Gene") if name == "stage" else TYPES
        people = PEOPLE if name == "rules" else ()
        store.create_project(Project(name, types, frozenset(types), reviewers=people))
        documents = []
        for number, text in enumerate(texts):
            marks = tuple(
                mention(found.start(), found.end(), label, status="predicted", score=0.8)
                for word, label in WORDS.items()
                if label in types and (name, word) != ("parts", "cancer")
                for found in re.finditer(word, text)
            )
            ranges = split_document(text).sentence_ranges
            documents.append(Document(f"{name}-{number}", text, marks, ranges))
        store.import_documents(name, documents, model="m")
    store.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("desk"), prepare) as found:
        yield found


@pytest.fixture
def store(studio: Studio) -> Iterator[Store]:
    """The database behind the page, opened anew."""
    found = open_store(studio.settings)
    yield found
    found.close()


def correct(studio: Studio, tab: Page, project: str, reviewer: str = "Ann", **more: str) -> None:
    studio.open(tab, "Review", project=project, reviewer=reviewer, part="Correct", **more)
    tab.wait_for_selector(".bse-text")
    settle(tab)
    tab.focus(".bse-text")


def saved(store: Store, project: str) -> list[tuple[str, str]]:
    """Return the marks of a project's first sentence, as the database has them."""
    item = store.items_of(project, f"{project}-0")[0]
    review = store.open_item(item, claim=False)
    surfaces = surfaces_of(review.text, review.mentions)
    return [(one.label, said) for one, said in zip(review.mentions, surfaces, strict=True)]


def select_mark(tab: Page, words: str) -> None:
    """Go from mark to mark, by the key for it, until these words are selected."""
    wanted = tab.locator(".bse-info", has_text=f"“{words}”")
    for _ in range(9):
        press(tab, "n")
        if wanted.count():
            return
    raise AssertionError(f"no mark of {words}")


def write_example(tab: Page, words: str, kind: str, why: str) -> None:
    tab.get_by_role("textbox", name="A new example").fill(words)
    tab.locator(".st-key-guideline_kind").get_by_text(kind, exact=True).click()
    tab.get_by_role("textbox", name="Why", exact=True).fill(why)
    tab.get_by_role("button", name="Add the example").click()


def test_a_curators_guideline_opens_on_the_type_of_the_selected_mark(
    studio: Studio, store: Store, tab: Page
) -> None:
    studio.open(tab, "Review", project="rules", reviewer="Cora", part="Project")
    pick_option(tab.locator(".st-key-guideline_of").get_by_role("combobox"), "Disease")
    settle(tab)
    box = tab.locator("[class*=st-key-guideline_text][class*=Disease] textarea")
    box.fill("Names of diseases alone.")
    box.press("Control+Enter")
    tab.get_by_role("button", name="Save the guideline").click()
    wait_until(
        lambda: dict(store.project("rules").guidelines) == {"Disease": "Names of diseases alone."}
    )
    settle(tab)
    write_example(tab, "patients with [[cancer]]", "to be marked", "a disease")
    wait_until(lambda: len(store.examples("rules")) == 1)
    settle(tab)
    write_example(tab, "[[Cancer]] Research UK", "not to be marked", "a charity")
    wait_until(lambda: len(store.examples("rules")) == 2)
    kept = [(one.example.label, one.example.is_positive, one.text, one.marked, one.example.note)
            for one in store.examples("rules")]  # fmt: skip
    assert kept == [
        ("Disease", True, "patients with cancer", (14, 20), "a disease"),
        ("Disease", False, "Cancer Research UK", (0, 6), "a charity"),
    ]

    correct(studio, tab, "rules")
    for words, label in (("p53", "Gene"), ("cancer", "Disease")):
        select_mark(tab, words)
        press(tab, "g")
        chosen = tab.locator(".st-key-guideline_type input")
        wait_until(lambda chosen=chosen, label=label: chosen.input_value() == label)
        settle(tab)
        tab.focus(".bse-text")
    for told in (
        "Names of diseases alone.",
        "Marked so",
        "a disease",
        "Not marked so",
        "a charity",
    ):
        tab.get_by_text(told, exact=True).wait_for()
    tab.locator(".st-key-guideline_type").get_by_role("combobox").click()
    assert tab.get_by_role("option").all_inner_texts() == list(TYPES)
    tab.keyboard.press("Escape")
    assert not problems_of(tab)


def test_a_vocabulary_is_made_and_its_concept_is_taken_with_one_key(
    studio: Studio, store: Store, tab: Page, tmp_path: Path
) -> None:
    path = tmp_path / "taxa.csv"
    path.write_text(TAXA, encoding="utf-8")
    studio.open(tab, "Review", project="ids", reviewer="Ann", part="Project")
    tab.get_by_role("button", name="Add a vocabulary").click()
    tab.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(path)
    settle(tab)
    tab.get_by_role("button", name="Make it and use it").click()
    tab.get_by_text("taxa: 2 concepts, 4 names").wait_for()
    assert store.project("ids").vocabularies == ("taxa",)

    correct(studio, tab, "ids")
    select_mark(tab, "mice")
    tab.locator(".bse-concepts", has_text="T:10090 Mus musculus").wait_for()
    press(tab, "v")

    def concepts() -> list[list[str]]:
        [item] = store.items_of("ids", "ids-0")
        marks = store.open_item(item, claim=False).mentions
        return [list(ids_of(one.attributes)) for one in marks]

    wait_until(lambda: concepts() == [[], ["T:10090"]])
    studio.open(tab, "Review", project="ids", reviewer="Ann")
    tab.get_by_text("Nothing is waiting").wait_for()
    tab.get_by_role("link", name="Go on with them").click()
    tab.wait_for_selector(".bse-text")
    settle(tab)
    tab.focus(".bse-text")
    select_mark(tab, "mice")
    assert "T:10090 Mus musculus" in tab.inner_text(".bse-info")
    assert not problems_of(tab)


def test_marks_in_parts_and_over_one_another_are_made_and_saved(
    studio: Studio, store: Store, tab: Page
) -> None:
    correct(studio, tab, "parts")
    ovarian, cancer = BREAST.index("ovarian"), BREAST.index("cancer")
    click_text(tab, 0, count=2)
    press(tab, "2")
    tab.keyboard.down("Control")
    drag(tab, cancer, cancer + len("cancer"))
    tab.keyboard.up("Control")
    breast = ("Disease", "Breast cancer")
    wait_until(lambda: breast in saved(store, "parts"))
    settle(tab)
    tab.get_by_text("1 in several parts taken as one").wait_for()
    drag(tab, ovarian, cancer + len("cancer"))
    press(tab, "2")
    both = [breast, ("Disease", "ovarian cancer"), ("Gene", "BRCA1")]
    wait_until(lambda: saved(store, "parts") == both)
    settle(tab)
    tab.get_by_text(
        "Of 3 mentions, training sees 2: 1 inside another left out, 1 in several parts taken as one"
    ).wait_for()
    [item] = store.items_of("parts", "parts-0")
    correct(studio, tab, "parts", item=str(item))
    press(tab, "u")
    wait_until(lambda: saved(store, "parts") == [both[0], both[2]])
    press(tab, "Shift+U")
    wait_until(lambda: saved(store, "parts") == both)
    fragments = [one.fragments for one in store.open_item(item, claim=False).mentions]
    assert fragments[0] == ((0, len("Breast")), (cancer, cancer + len("cancer")))
    assert not problems_of(tab)


def place(one: Locator) -> list[float]:
    """Return where something stands on the page, however far that is scrolled."""
    found: list[float] = one.evaluate(
        """one => {
          const box = one.getBoundingClientRect();
          const main = document.querySelector('[data-testid=stMain]');
          return [box.left, box.top + main.scrollTop];
        }"""
    )
    return found


def test_accept_stays_where_it_is_and_keys_set_the_projects_own_types(
    studio: Studio, store: Store, tab: Page
) -> None:
    studio.open(tab, "Review", project="stage", reviewer="Ann", part="Project")
    tab.get_by_role("button", name="Add a type").click()
    box = tab.locator(".st-key-add_type input")
    box.fill("Assay")
    box.press("Enter")
    settle(tab)
    tab.get_by_role("button", name="Add it").click()
    wait_until(lambda: "Assay" in store.project("stage").types)

    correct(studio, tab, "stage")
    accept = tab.locator(".bse-command[data-action=accept]")
    stands = place(accept)
    keys = tab.locator(".bse-palette .bse-type").all_inner_texts()
    assert [" ".join(one.split()) for one in keys] == ["1 Disease", "2 Gene", "3 Assay"]
    click_text(tab, SHORT.index("binds"), count=2)
    press(tab, "3")
    wait_until(lambda: saved(store, "stage") == [("Gene", "BRCA1"), ("Assay", "binds")])
    heights = set()
    items = [item for number in range(2) for item in store.items_of("stage", f"stage-{number}")]
    for item in items:
        assert f"/{item}" in (tab.get_attribute(".bse", "data-view") or "")
        assert place(accept) == stands
        heights.add(tab.locator(".bse-scroll").evaluate("one => one.clientHeight"))
        if item == items[1]:
            tab.get_by_text("Guidelines", exact=True).last.click()
            settle(tab)
            assert place(accept) == stands
        view = tab.get_attribute(".bse", "data-view")
        accept.click()
        if item != items[-1]:
            tab.locator(f".bse:not([data-view='{view}'])").wait_for()
            settle(tab)
    assert len(heights) > 1, "the sentences take more and less room"
    wait_until(
        lambda: (
            [store.open_item(one, claim=False).verdict for one in items]
            == ["correct", *["accept"] * (len(items) - 1)]
        )
    )
    assert not problems_of(tab)
