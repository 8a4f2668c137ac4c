"""From a fresh start, by mouse alone and by keyboard alone: predictions in, a better model out.

Import a PubTator file with predictions, correct twenty sentences, export them, train on them; the
new model's card names the corrections, and what was set aside as "my test" was never trained on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from apps.serving import PATIENCE_MS, Server, pick_option, place_of, settle
from browser import Studio, problems_of
from browser import settle as settle_page
from page_support import make_model

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.jobs import launch
from bioner.jobs.folder import list_jobs
from bioner.jobs.log import tail_log
from bioner.labels import read_schema
from bioner.models.card import ModelCard, read_card, training_hashes
from bioner.settings import read_settings
from bioner.store import ReviewItem, open_store, surfaces_of
from bioner.store.my_test import is_chosen
from bioner.ui.review.setup import PARTS

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CORRECTED = 20
DOCUMENTS, SET_ASIDE, SENTENCES = 6, 2, 4
WANTED = {"Aspirin": "Chemical", "breast cancer": "Disease", "mice": "Organism"}
GIVEN = {
    "boundary": {"Aspirin": "Chemical", "breast": "Disease", "mice": "Organism"},
    "relabel": {"Aspirin": "Gene", "breast cancer": "Disease", "mice": "Organism"},
    "delete": {"Aspirin": "Chemical", "level": "Gene", "breast cancer": "Disease",
               "mice": "Organism"},
    "add": {"Aspirin": "Chemical", "breast cancer": "Disease"},
    "accept": WANTED,
}  # fmt: skip
"""What the file predicts in a sentence of each kind."""
KINDS = tuple(GIVEN)
KEY = {name: str((i + 1) % 10) for i, name in enumerate(read_schema().names[:10])}


def sentence(number: int) -> str:
    return f"Aspirin lowered the level of enzyme {number} in breast cancer of mice."


def kind_of(text: str) -> str:
    [number] = [int(word) for word in text.split() if word.isdigit()]
    return KINDS[number % len(KINDS)]


def write_pubtator(path: Path) -> Path:
    """Write six documents of four sentences, of which two would be set aside among more."""
    made: list[list[str]] = []
    wanted = {True: SET_ASIDE, False: DOCUMENTS - SET_ASIDE}
    number = 0
    while any(wanted.values()):
        given = [sentence(number + i) for i in range(SENTENCES)]
        number += SENTENCES
        if wanted[is_chosen(" ".join(given))]:
            wanted[is_chosen(" ".join(given))] -= 1
            made.append(given)
    lines = []
    for id_, given in enumerate(made, 1):
        lines += [f"{id_}|t|{given[0]}", f"{id_}|a|{' '.join(given[1:])}"]
        begin = 0
        for text in given:
            for surface, label in GIVEN[kind_of(text)].items():
                at = begin + text.index(surface)
                lines.append(f"{id_}\t{at}\t{at + len(surface)}\t{surface}\t{label}")
            begin += len(text) + 1
        lines.append("")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def fresh(tmp_path: Path, sample: Dataset) -> Iterator[Studio]:
    """The app with the sample merged and an untrained model, and nothing of any reviewer."""
    names = ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    variables = {f"BIONER_{name}": str(tmp_path / name.lower()) for name in names}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**variables, "BIONER_DEVICE": "cpu"}.items():
            patch.setenv(name, value)
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        settings = read_settings()
        make_model(settings.models / "bioner-compact")
        write_dataset(sample, settings.merged)
        server = Server("app.py", tmp_path, variables)
        server.start()
        yield Studio(server.url, settings)
        server.kill()
        for job in list_jobs(settings):
            if job.is_active:
                launch.stop(job.id, settings, force=True)


class Hand:
    """One way to work: how a thing is pressed, and how a sentence of each kind is corrected."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    def press(self, where: Locator) -> None:
        raise NotImplementedError

    def show(self, part: str) -> None:
        raise NotImplementedError

    def begin(self) -> None:
        """Turn to the text that is to be corrected."""

    def switch_on(self, where: Locator) -> None:
        raise NotImplementedError

    def choose(self, box: Locator, option: str) -> None:
        raise NotImplementedError

    def correct(self, kind: str, text: str) -> None:
        raise NotImplementedError


class Mouse(Hand):
    """Clicks and drags; not one key."""

    def press(self, where: Locator) -> None:
        where.click()

    def show(self, part: str) -> None:
        self.tab.get_by_role("radio", name=part).click()

    def switch_on(self, where: Locator) -> None:
        where.locator("label").click()

    def choose(self, box: Locator, option: str) -> None:
        pick_option(box, option)

    def correct(self, kind: str, text: str) -> None:
        shown = self.tab.locator(".bse-text").evaluate("body => body.textContent")
        begin = shown.index(text)

        def box(surface: str) -> dict[str, float]:
            at = begin + text.index(surface)
            return place_of(self.tab, at, at + len(surface))

        def click(surface: str, *, count: int = 1) -> None:
            place = box(surface)
            self.tab.mouse.click(
                place["left"] + 4, (place["top"] + place["bottom"]) / 2, click_count=count
            )

        def pick(name: str) -> None:
            self.tab.locator(".bse-pop").get_by_role("button", name=name).first.click()

        if kind == "boundary":
            click("breast")
            handle = self.tab.locator(".bse-handle.bse-end").bounding_box()
            assert handle is not None
            end = box("cancer")
            self.tab.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 2)
            self.tab.mouse.down()
            middle = (end["top"] + end["bottom"]) / 2
            self.tab.mouse.move(end["right"] - 2, middle, steps=6)
            self.tab.mouse.up()
        elif kind == "relabel":
            click("Aspirin")
            pick("Chemical")
        elif kind == "delete":
            click("level")
            pick("Delete")
        elif kind == "add":
            click("mice", count=2)
            pick("Organism")
        self.tab.locator(".bse-command[data-action=accept]").click()


class Keyboard(Hand):
    """Keys; the mouse is never moved."""

    def press(self, where: Locator) -> None:
        self.reach(where)
        self.tab.keyboard.press("Enter")

    def show(self, part: str) -> None:
        self.reach(self.tab.locator(".st-key-part"))
        here = self.tab.evaluate("document.activeElement.textContent")
        steps = PARTS.index(part) - next(i for i, one in enumerate(PARTS) if one in here)
        for _ in range(abs(steps)):
            self.tab.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
        self.tab.keyboard.press("Space")

    def begin(self) -> None:
        self.reach(self.tab.locator(".bse-text"))

    def switch_on(self, where: Locator) -> None:
        self.reach(where.get_by_role("switch"))
        self.tab.keyboard.press("Space")

    def choose(self, box: Locator, option: str) -> None:
        self.reach(box)
        self.tab.keyboard.type(option)
        self.tab.get_by_role("option", name=option, exact=True).wait_for()
        self.tab.keyboard.press("Enter")

    def reach(self, where: Locator) -> None:
        """Go there with the Tab key, as somebody without a mouse has to."""
        where.wait_for(state="attached")
        for _ in range(150):
            if where.evaluate("one => one.contains(document.activeElement)"):
                return
            self.tab.keyboard.press("Tab")
        raise AssertionError(f"150 times Tab do not lead to {where}")

    def correct(self, kind: str, text: str) -> None:
        keys = {
            "boundary": ["n", "Shift+ArrowRight"],
            "relabel": [KEY["Chemical"]],
            "delete": ["n", "Delete"],
            "add": ["n", "ArrowRight", "ArrowRight", KEY["Organism"]],
            "accept": [],
        }
        for key in [*keys[kind], "Enter"]:
            self.tab.keyboard.press(key)


@pytest.mark.parametrize("make_hand", [Mouse, Keyboard])
def test_predictions_are_corrected_and_make_a_model_whose_card_names_them(
    fresh: Studio, tab: Page, tmp_path: Path, make_hand: Callable[[Page], Hand]
) -> None:
    hand = make_hand(tab)
    path = write_pubtator(tmp_path / "predicted.pubtator")
    fresh.open(tab)
    hand.press(tab.get_by_test_id("stSidebar").get_by_role("link", name="Review"))
    hand.press(tab.get_by_role("button", name="Create the project"))
    hand.show("Texts")
    with tab.expect_file_chooser() as chooser:
        hand.press(tab.get_by_test_id("stFileUploaderDropzone").locator("button"))
    chooser.value.set_files(path)
    hand.press(tab.get_by_role("button", name="Bring them in"))
    tab.get_by_text(f"{DOCUMENTS} texts in, {DOCUMENTS} placed").wait_for()
    tab.get_by_text("it begins with 10 texts and 100 sentences").wait_for()
    hand.show("Correct")

    tab.wait_for_selector(".bse-text")
    settle(tab)
    hand.begin()
    store = open_store(fresh.settings)
    for _ in range(CORRECTED):
        tab.wait_for_selector(".bse-text")
        settle(tab)
        view = tab.get_attribute(".bse", "data-view") or ""
        item = int(view.rsplit("/", 1)[1])
        text = store.open_item(item, claim=False).surface
        hand.correct(kind_of(text), text)
        tab.wait_for_function(
            "before => document.querySelector('.bse')?.dataset.view !== before", arg=view
        )
        check(store.open_item(item, claim=False))
    progress = store.progress("My review")
    assert (progress.done, progress.items) == (CORRECTED, DOCUMENTS * SENTENCES)

    hand.show("Texts")
    hand.choose(tab.get_by_role("combobox", name="Format"), "JSON lines")
    with tab.expect_download() as download:
        hand.press(tab.get_by_role("button", name="Download JSON lines"))
    rows = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    exported = [(one["text"], one["label"]) for row in rows for one in row["entities"]]
    assert sorted(exported) == sorted([*WANTED.items()] * CORRECTED)

    hand.press(tab.get_by_test_id("stSidebar").get_by_role("link", name="Train"))
    assert tab.get_by_role("radio", name="Go on from the model in use").is_checked()
    tab.get_by_text(f"{CORRECTED} reviewed sentences").wait_for()
    settle_page(tab)
    hand.press(tab.get_by_role("button", name="Start training"))
    card = wait_for_model(fresh)

    learned, kept = store.corrections(), store.my_test()
    assert (len(learned), kept) == (CORRECTED, []), "too few texts to set some aside"
    assert card.corrections == len(learned)
    hashes = training_hashes(fresh.settings.models / card.name)
    assert hashes >= {one.fingerprint for one in learned}
    assert not problems_of(tab)


def check(item: ReviewItem) -> None:
    """The sentence is now as it should be, and so is what is said of it."""
    surfaces = surfaces_of(item.text, item.mentions)
    assert dict(zip(surfaces, (one.label for one in item.mentions), strict=True)) == WANTED
    assert item.verdict == ("accept" if kind_of(item.surface) == "accept" else "correct")


def wait_for_model(studio: Studio) -> ModelCard:
    deadline = time.monotonic() + 5 * PATIENCE_MS / 1000
    while True:
        found = list_jobs(studio.settings)
        if found and found[0].status == "finished":
            return read_card(Path(found[0].spec.out))
        assert not found or found[0].status in ("queued", "running"), tail_log(
            found[0].id, studio.settings
        )
        assert time.monotonic() < deadline, "the training did not end"
        time.sleep(0.3)
