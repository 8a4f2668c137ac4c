"""The Review page in a real browser, every key and click read back from the database."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from apps.serving import PATIENCE_MS, Server, click_text, pick_option, press, settle
from browser import shoot, wait_until

from bioner.labels import read_schema
from bioner.spans import Document, mention
from bioner.store import Edit, Project, Store, surfaces_of
from bioner.text import split_document
from bioner.ui.words import moment

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEXT = (
    "Mutations in BRCA1 impair 👩‍🔬 p53 signalling. The nai\u0308ve T-cells of α-synuclein mice "
    "bind MDM2. Aspirin lowers fever. BRCA1 is a gene; so is TP53."
)
PUBTATOR = (
    "101|t|BRCA1 and aspirin.\n"
    "101|a|Aspirin lowers fever in mice.\n"
    "101\t0\t5\tBRCA1\tGeneOrGeneProduct\t672\n"
    "101\t10\t17\taspirin\tChemicalEntity\tD001241\n"
    "101\t19\t26\tAspirin\tChemicalEntity\tD001241\n"
    "101\t34\t39\tfever\tDisease\tD005334\n"
    "101\t43\t47\trats\tOrganism\t10090\n"
)
NAMES = read_schema().names


class Desk:
    """One app with a database of its own."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server, self.home = server, home

    @property
    def store(self) -> Store:
        return Store(f"sqlite:///{self.home / 'bioner.sqlite3'}", self.home / "backups")

    def fill(self, project: str, texts: int = 1, **more: bool) -> None:
        """Make a project with predicted texts; its name keeps tests apart."""
        store = self.store
        store.create_project(Project(project, NAMES, frozenset(NAMES) - {"Taxon"}, **more))
        found = []
        for number in range(texts):
            document = split_document(TEXT, id=f"{project}-{number}")
            marks = [
                mention(TEXT.index(word), TEXT.index(word) + len(word), label, status="predicted",
                        score=0.8)
                for word, label in (("BRCA1", "Gene"), ("p53", "Gene"), ("fever", "Disease"))
            ]  # fmt: skip
            found.append(Document(document.id, TEXT, tuple(marks), document.sentence_ranges))
        store.import_documents(project, found, model="first")
        store.close()

    def items(self, project: str, number: int = 0) -> list[int]:
        return self.store.items_of(project, f"{project}-{number}")

    def open(self, tab: Page, project: str, reviewer: str = "Ann", **more: str) -> None:
        query = "&".join(
            f"{name}={value}"
            for name, value in {"project": project, "reviewer": reviewer, **more}.items()
        )
        tab.goto(f"{self.server.url}/Review?{query}")
        tab.wait_for_selector("[data-test-script-state='notRunning']", timeout=PATIENCE_MS)
        if more.get("part", "Correct") == "Correct":
            tab.wait_for_selector(".bse-text", timeout=PATIENCE_MS)
            settle(tab)
            tab.focus(".bse-text")

    def marks(self, item: int) -> list[tuple[str, str]]:
        review = self.store.open_item(item, claim=False)
        return [
            (one.label, surface)
            for one, surface in zip(
                review.mentions, surfaces_of(review.text, review.mentions), strict=True
            )
        ]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("review")
    names = ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    variables = {f"BIONER_{name}": str(folder / name.lower()) for name in names}
    variables["BIONER_DATABASE_URL"] = f"sqlite:///{folder / 'home' / 'bioner.sqlite3'}"
    (folder / "home").mkdir()
    server = Server("app.py", folder, variables)
    server.start()
    yield Desk(server, folder / "home")
    server.kill()


def next_view(tab: Page, before: str | None) -> None:
    tab.wait_for_function(
        "before => document.querySelector('.bse')?.dataset.view !== before",
        arg=before,
        timeout=PATIENCE_MS,
    )
    settle(tab)


def test_corrections_are_revisions_and_enter_brings_the_next(desk: Desk, tab: Page) -> None:
    desk.fill("keys")
    first, second, third, _ = desk.items("keys")
    desk.open(tab, "keys")
    press(tab, "n", "5")
    settle(tab)
    assert desk.marks(first) == [("Gene", "BRCA1"), ("Protein", "p53")]
    seq = desk.store.open_item(first, claim=False).base
    assert tab.inner_text(".bse-saved") == f"saved, revision {seq}"
    tab.get_by_placeholder("Saved with the verdict").fill("p53 is a protein here")
    tab.focus(".bse-text")
    view = tab.get_attribute(".bse", "data-view")
    press(tab, "Enter")
    next_view(tab, view)
    done = desk.store.open_item(first, claim=False)
    assert (done.verdict, done.note, done.status) == ("correct", "p53 is a protein here", "done")
    assert f"item={second}" in tab.url
    view = tab.get_attribute(".bse", "data-view")
    press(tab, "r")
    next_view(tab, view)
    assert desk.store.open_item(second, claim=False).verdict == "reject"
    view = tab.get_attribute(".bse", "data-view")
    press(tab, "Enter")
    next_view(tab, view)
    assert desk.store.open_item(third, claim=False).verdict == "accept"
    assert [one.covers for one in desk.store.corrections("keys")] == [
        frozenset(NAMES) - {"Taxon"}
    ] * 2
    view = tab.get_attribute(".bse", "data-view")
    press(tab, "b")
    next_view(tab, view)
    assert f"item={third}" in tab.url


def test_unsure_and_skipped_sentences_are_left_to_others(desk: Desk, tab: Page) -> None:
    desk.fill("left")
    first, second, *_ = desk.items("left")
    desk.open(tab, "left")
    for key in ("q", "k"):
        view = tab.get_attribute(".bse", "data-view")
        press(tab, key)
        next_view(tab, view)
    left = [desk.store.open_item(one, claim=False) for one in (first, second)]
    assert [(one.verdict, one.status) for one in left] == [("unsure", "unsure"), (None, "waiting")]
    assert [one.claimed_by for one in left] == ["", ""]


def changed(desk: Desk, tab: Page, item: int, *keys: str) -> list[tuple[str, str]]:
    """Press keys in the text and return the marks as saved once they are others than before."""
    before = desk.marks(item)
    tab.focus(".bse-text")
    press(tab, *keys)
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        settle(tab)
        if (now := desk.marks(item)) != before:
            return now
        tab.wait_for_timeout(100)
    raise AssertionError(f"{keys}: nothing was saved")


def test_undo_after_a_reload_and_restore_are_exact(desk: Desk, tab: Page) -> None:
    desk.fill("undo")
    item = desk.items("undo")[0]
    states = [desk.marks(item)]
    desk.open(tab, "undo", item=str(item))
    for keys in (["n", "Delete"], ["Home", "1"], ["Shift+ArrowRight"], ["n", "3"]):
        states.append(changed(desk, tab, item, *keys))
    assert len({str(state) for state in states}) == 5
    desk.open(tab, "undo", item=str(item))
    for expected in reversed(states[:-1]):
        assert changed(desk, tab, item, "u") == expected
    for expected in states[1:]:
        assert changed(desk, tab, item, "Shift+U") == expected
    newest, oldest = desk.store.history(item)[0], desk.store.history(item)[-1]
    settle(tab)
    tab.get_by_text("History", exact=True).click()
    tab.get_by_role("button", name=f"Restore {oldest.seq}", exact=True).wait_for()
    settle(tab)
    tab.get_by_role("button", name=f"Restore {oldest.seq}", exact=True).click()
    tab.wait_for_function(
        "seq => Number(document.querySelector('.bse').dataset.revision) > seq",
        arg=newest.seq,
        timeout=PATIENCE_MS,
    )
    settle(tab)
    assert desk.marks(item) == states[1]


def test_an_overtaken_edit_is_shown_beside_the_newer_one(desk: Desk, tab: Page) -> None:
    desk.fill("stale")
    item = desk.items("stale")[0]
    desk.open(tab, "stale", item=str(item))
    review = desk.store.open_item(item, claim=False)
    theirs = (mention(0, 9, "Pathology", status="reviewed"),)
    desk.store.save(
        Edit(
            item=item,
            base=review.base,
            surface=review.surface,
            mentions=theirs,
            surfaces=surfaces_of(review.text, theirs),
            reviewer="Bob",
        )
    )
    press(tab, "n", "5")
    tab.get_by_text("Your edit is not saved").wait_for(timeout=PATIENCE_MS)
    settle(tab)
    assert desk.marks(item) == [("Pathology", "Mutations")]
    tab.get_by_role("button", name="Save mine on top").click()
    tab.get_by_text("Your edit is not saved").wait_for(state="detached", timeout=PATIENCE_MS)
    settle(tab)
    assert desk.marks(item) == [("Pathology", "Mutations"), ("Protein", "p53")]


def test_enter_does_not_pass_a_clash_unseen(desk: Desk, tab: Page) -> None:
    desk.fill("unseen")
    item = desk.items("unseen")[0]
    desk.open(tab, "unseen", item=str(item))
    review = desk.store.open_item(item, claim=False)
    theirs = (mention(0, 9, "Pathology", status="reviewed"),)
    desk.store.save(
        Edit(
            item=item,
            base=review.base,
            surface=review.surface,
            mentions=theirs,
            surfaces=surfaces_of(review.text, theirs),
            reviewer="Bob",
        )
    )
    press(tab, "n", "5", "Enter")
    tab.get_by_text("Your edit is not saved").wait_for(timeout=PATIENCE_MS)
    settle(tab)
    assert f"item={item}" in tab.url
    assert desk.store.open_item(item, claim=False).verdict is None
    assert desk.marks(item) == [("Pathology", "Mutations")]


def test_an_edit_before_ones_own_undo_is_saved_is_no_clash(desk: Desk, tab: Page) -> None:
    desk.fill("mine")
    item = desk.items("mine")[0]
    desk.open(tab, "mine", item=str(item))
    press(tab, "n", "3")
    wait_until(lambda: ("Chemical", "p53") in desk.marks(item))
    for key in ("5", "4", "5"):
        press(tab, "Control+z", key)
    settle(tab)
    wait_until(lambda: ("Protein", "p53") in desk.marks(item))
    settle(tab)
    assert not tab.get_by_text("Your edit is not saved").count()


def test_history_shows_what_changed_at_the_readers_own_time(desk: Desk, tab: Page) -> None:
    zone = "Asia/Tokyo"
    clock = tab.context.new_cdp_session(tab)
    clock.send("Emulation.setTimezoneOverride", {"timezoneId": zone})
    desk.fill("past")
    item = desk.items("past")[0]
    desk.open(tab, "past", item=str(item))
    press(tab, "n", "3")
    wait_until(lambda: ("Chemical", "p53") in desk.marks(item))
    settle(tab)
    tab.get_by_text("History", exact=True).click()
    changes = tab.locator(".bn-changes").first
    changes.wait_for()
    assert changes.locator(".bn-gone").inner_text() == "p53Gene"
    [revision] = desk.store.history(item)
    tab.get_by_text(moment(revision.recorded, zone)).first.wait_for()


def test_the_whole_document_is_edited_at_once_and_everywhere_is_one_batch(
    desk: Desk, tab: Page
) -> None:
    desk.fill("whole", texts=2)
    desk.open(tab, "whole", scope="Document")
    press(tab, "Escape", "Escape", "Control+Home", "n")
    press(tab, "e")
    assert "1 × “BRCA1”" in tab.inner_text(".bse-info")
    press(tab, "Enter")
    settle(tab)
    last = desk.items("whole")[-1]
    assert desk.marks(last) == [("Gene", "BRCA1")]
    press(tab, "w")
    tab.get_by_role("button", name="Mark them").click()
    tab.get_by_role("button", name="Mark them").wait_for(state="detached", timeout=PATIENCE_MS)
    settle(tab)
    other = desk.items("whole", 1)[-1]
    assert desk.marks(other) == [("Gene", "BRCA1")]
    desk.open(tab, "whole", item=str(other))
    press(tab, "u")
    settle(tab)
    assert desk.marks(other) == []


def test_enter_on_a_document_asks_once_where_some_sentences_were_not_on_the_screen(
    desk: Desk, tab: Page
) -> None:
    store = desk.store
    store.create_project(Project("long", NAMES, frozenset(NAMES)))
    text = " ".join(f"Sentence {i} says that BRCA1 binds p53 in mice." for i in range(90))
    both = [split_document(text, id="d"), split_document(text, id="e")]
    store.import_documents("long", both, model="first")
    items = store.items_of("long", "d")

    def verdicts(document: str = "d") -> set[str | None]:
        found = store.items_of("long", document)
        return {store.open_item(one, claim=False).verdict for one in found}

    desk.open(tab, "long", scope="Document", item=str(items[0]))
    press(tab, "Enter")
    settle(tab)
    asked = tab.inner_text(".bse-info")
    assert asked.startswith(f"Accept all: {len(items)} sentences, ")
    assert "not yet on the screen" in asked
    assert verdicts() == {None}
    press(tab, "Escape")
    for _ in range(40):
        tab.locator(".bse-scroll").evaluate("one => one.scrollBy(0, 60)")
        tab.evaluate("() => new Promise(requestAnimationFrame)")
    at_end = "one => one.scrollTop + one.clientHeight >= one.scrollHeight - 1"
    assert tab.locator(".bse-scroll").evaluate(at_end)
    view = tab.get_attribute(".bse", "data-view")
    press(tab, "Enter")
    next_view(tab, view)
    assert verdicts() == {"accept"}, "all have been on the screen: nothing is asked"
    press(tab, "Enter")
    assert "not yet on the screen" in tab.inner_text(".bse-info")
    press(tab, "Enter")
    tab.locator(".bse").wait_for(state="detached", timeout=PATIENCE_MS)
    assert verdicts("e") == {"accept"}, "asked once"


def test_what_was_looked_for_is_changed_for_one_sentence(desk: Desk, tab: Page) -> None:
    desk.fill("covers")
    item = desk.items("covers")[0]
    desk.open(tab, "covers", item=str(item))
    tab.get_by_role("button", name="Looked for: 12 of 13 types").click()
    tab.get_by_test_id("stPopoverBody").get_by_role("button", name="Taxon").click()
    tab.get_by_role("button", name="Looked for: 13 of 13 types").wait_for(timeout=PATIENCE_MS)
    settle(tab)
    assert desk.store.open_item(item, claim=False).covers == frozenset(NAMES)
    assert tab.locator(".bse-palette .bse-uncovered").count() == 0


def test_a_wrong_sentence_split_is_mended(desk: Desk, tab: Page) -> None:
    desk.fill("split")
    second = desk.items("split")[1]
    desk.open(tab, "split", item=str(second))
    tab.get_by_role("button", name="Sentence split").click()
    tab.get_by_role("button", name="Join with the one before").click()
    tab.wait_for_function(
        "count => document.querySelector('.bse-text').textContent.length > count && "
        "document.querySelectorAll('.bse-outside').length < 2",
        arg=0,
        timeout=PATIENCE_MS,
    )
    settle(tab)
    assert len(desk.items("split")) == 3
    click_text(tab, TEXT.index("The"), count=2)
    press(tab, "i")
    tab.wait_for_function("() => document.querySelectorAll('.bse-outside').length > 0")
    settle(tab)
    assert len(desk.items("split")) == 4


def test_a_split_is_undone_and_the_link_of_before_leads_on(desk: Desk, tab: Page) -> None:
    desk.fill("unsplit")
    first, second, *rest = desk.items("unsplit")
    before = [desk.store.open_item(one, claim=False).surface for one in (first, second, *rest)]
    desk.open(tab, "unsplit", item=str(second))
    tab.get_by_role("button", name="Sentence split").click()
    tab.get_by_role("button", name="Join with the one before").click()
    wait_until(lambda: len(desk.items("unsplit")) == 3)
    settle(tab)
    desk.open(tab, "unsplit", item=str(second))
    joined = desk.items("unsplit")[0]
    tab.wait_for_url(re.compile(f"item={joined}(&|$)"))
    tab.get_by_role("button", name="Sentence split").click()
    tab.get_by_role("button", name="Undo the last change").click()
    wait_until(lambda: len(desk.items("unsplit")) == 4)
    settle(tab)
    again = desk.items("unsplit")
    assert [desk.store.open_item(one, claim=False).surface for one in again] == before
    desk.open(tab, "unsplit", item=str(second))
    tab.wait_for_url(re.compile(f"item={again[1]}(&|$)"))


def test_a_pubtator_file_comes_in_counted_and_goes_out_as_it_is_shown(
    desk: Desk, tab: Page, tmp_path: Path
) -> None:
    desk.store.create_project(Project("files", NAMES, frozenset(NAMES)))
    path = tmp_path / "given.pubtator"
    path.write_text(PUBTATOR)
    desk.open(tab, "files", part="Texts")
    tab.locator("input[type=file]").set_input_files(str(path))
    tab.get_by_text("4 of 5 annotations could be placed").wait_for(timeout=PATIENCE_MS)
    tab.get_by_text("What do they mean here?").wait_for()
    tab.get_by_role("button", name="Bring them in").click()
    tab.get_by_text("5 mentions in, 4 placed").wait_for(timeout=PATIENCE_MS)
    desk.open(tab, "files")
    items = desk.store.items_of("files", "101")
    assert [mark for item in items for mark in desk.marks(item)] == [
        ("Gene", "BRCA1"),
        ("Chemical", "aspirin"),
        ("Chemical", "Aspirin"),
        ("Disease", "fever"),
    ]
    for _ in items:
        view = tab.get_attribute(".bse", "data-view")
        press(tab, "Enter")
        tab.wait_for_function(
            "before => document.querySelector('.bse')?.dataset.view !== before",
            arg=view,
            timeout=PATIENCE_MS,
        )
    tab.get_by_text("Nothing is waiting").wait_for(timeout=PATIENCE_MS)
    desk.open(tab, "files", part="Texts")
    for name in ("JSON lines", "PubTator"):
        pick_option(tab.get_by_role("combobox", name="Format"), name)
        tab.get_by_text(f"{name}: 1 record").wait_for(timeout=PATIENCE_MS)
        with tab.expect_download(timeout=PATIENCE_MS) as download:
            tab.get_by_role("button", name=f"Download {name}").click()
        written = Path(download.value.path()).read_text()
        if name == "JSON lines":
            [record] = [json.loads(line) for line in written.splitlines()]
            assert [one["text"] for one in record["entities"]] == [
                "BRCA1", "aspirin", "Aspirin", "fever",
            ]  # fmt: skip
            assert set(record["covers"]) == set(NAMES)
        else:
            assert "101\t0\t5\tBRCA1\tGene\t672" in written


def test_two_reviewers_are_compared_and_one_is_chosen(desk: Desk, tab: Page) -> None:
    desk.fill("pair", independent=True)
    item = desk.items("pair")[0]
    for who, label in (("Ann", "Gene"), ("Bob", "Protein")):
        review = desk.store.open_item(item, who, claim=False)
        marks = (mention(13, 18, label, status="reviewed"),)
        desk.store.save(
            Edit(
                item=item,
                base=review.base,
                surface=review.surface,
                mentions=marks,
                surfaces=("BRCA1",),
                reviewer=who,
                verdict="correct",
            )
        )
    desk.open(tab, "pair", part="Compare")
    tab.get_by_text("1 sentence by two or more; 0 exactly alike").wait_for(timeout=PATIENCE_MS)
    tab.get_by_role("button", name="Choose Bob’s").click()
    tab.get_by_text("Saved, revision").wait_for(timeout=PATIENCE_MS)
    assert [one.spans[0].label for one in desk.store.corrections("pair")] == ["Protein"]


def test_acknowledged_edits_outlive_a_killed_app(desk: Desk, tab: Page) -> None:
    desk.fill("killed")
    item = desk.items("killed")[0]
    desk.open(tab, "killed", item=str(item))
    press(tab, "Home")
    acknowledged = 0
    for round_ in range(3):
        for key in "123":
            press(tab, key)
        tab.wait_for_function(
            "count => Number(document.querySelector('.bse').dataset.pending) < count",
            arg=3,
            timeout=PATIENCE_MS,
        )
        acknowledged = 3 * (round_ + 1) - int(tab.get_attribute(".bse", "data-pending") or 0)
        desk.server.kill()
        assert len(desk.store.history(item)) >= acknowledged
        desk.server.start()
        tab.wait_for_function(
            "() => document.activeElement?.className === 'bse-text'", timeout=PATIENCE_MS
        )
        settle(tab)
    found = desk.store.history(item)
    print(f"9 edits under 3 kills: {len(found)} revisions, {len({one.op for one in found})} ids")
    assert len(found) == len({one.op for one in found}) == 9


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_screenshots(desk: Desk, new_tab: Callable[..., Page], dark: bool) -> None:
    name = f"shot-{dark}"
    desk.fill(name)
    text = " ".join(f"{TEXT} يمنع p53 نمو السرطان في {n} حالة." for n in range(120))
    document = split_document(text, id=f"{name}-long")
    marks = [
        mention(i, i + len(word), label, status="predicted", score=0.4 + (i % 60) / 100)
        for word, label in (("BRCA1", "Gene"), ("p53", "Protein"), ("α-synuclein", "Protein"),
                            ("T-cells", "Cell"), ("Aspirin", "Chemical"), ("fever", "Disease"))
        for i in range(len(text))
        if text.startswith(word, i)
    ]  # fmt: skip
    desk.store.import_documents(
        name, [Document(document.id, text, tuple(marks), document.sentence_ranges)], model="first"
    )
    tab = new_tab(dark=dark, width=1400, height=1000)
    theme = "dark" if dark else "light"
    desk.open(tab, name)
    press(tab, "n", "5")
    settle(tab)
    shoot(tab, f"review-sentence-{theme}")
    long = desk.store.items_of(name, f"{name}-long")[0]
    desk.open(tab, name, scope="Document", item=str(long))
    press(tab, "n", "n", "e")
    settle(tab)
    shoot(tab, f"review-document-{theme}")
    for part in ("Texts", "Compare", "Project"):
        desk.open(tab, name, part=part)
        shoot(tab, f"review-{part.lower()}-{theme}")
