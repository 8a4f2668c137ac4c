"""The Corpora page on all ten corpora, in a real browser: found, followed, added, mapped, taken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import SHOTS, Studio, problems_of, running, settle, shoot

from bioner.corpora.build import build
from bioner.corpora.own import read_own_description, read_user_schema
from bioner.corpora.search import SearchIndex
from bioner.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.corpora]
CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
CARDS = ".bn-card"
WARD = "We\tO\ngave\tO\naspirin\tB-Code\nfor\tO\nlung\tB-Finding\nfibrosis\tI-Finding\n\n" * 12


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The app with the ten corpora merged in a folder of its own."""
    if not CORPORA.is_dir():
        pytest.skip("needs the real corpora in ../shared, which is not here")

    def prepare(settings: Settings) -> None:
        build(CORPORA, settings.merged, settings)
        SearchIndex.open(settings.merged)

    with running(tmp_path_factory.mktemp("full"), prepare) as found:
        yield found


def choose(tab: Page, label: str, option: str) -> None:
    """Choose an option of a select box or a multiselect."""
    box = tab.get_by_role("combobox", name=label, exact=False).first
    box.click()
    box.press_sequentially(option)
    tab.get_by_role("option", name=option, exact=True).click()
    settle(tab)


def test_all_ten_corpora_are_searched_followed_and_taken_away(full: Studio, tab: Page) -> None:
    full.open(tab, "Corpora")
    tab.get_by_text("105,343").first.wait_for()
    shoot(tab, "corpora-full-overview")
    tab.get_by_role("radio", name="Sentences", exact=True).or_(
        tab.get_by_role("button", name="Sentences", exact=True)
    ).first.click()
    words = tab.get_by_label("Words in the sentence", exact=True)
    words.fill("TGF-beta")
    words.press("Enter")
    tab.locator(".bn-hit").first.wait_for()
    settle(tab)
    assert {one.lower() for one in tab.locator(".bn-hit").all_inner_texts()} == {"tgf - beta"}
    choose(tab, "Corpora", "BioNLP13CG")
    tab.keyboard.press("Escape")  # closes the list, which stays open for more
    tab.wait_for_url("**corpora=BioNLP13CG**")
    settle(tab)
    origins = tab.locator(f"{CARDS} > .bn-meta").all_inner_texts()
    assert all("BioNLP13CG" in one for one in origins if "·" in one)
    shoot(tab, "corpora-full-sentences")
    shown = tab.get_by_text(re.compile(r"^[\d,]+ sentences$"))
    number = int(shown.inner_text().split()[0].replace(",", ""))
    tab.get_by_role("button", name="Download these").click()
    with tab.expect_download() as started:
        tab.get_by_role("button", name="JSON lines").click()
    lines = started.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == number > 0
    assert all("BioNLP13CG" in json.loads(line)["corpora"] for line in lines)
    assert not problems_of(tab)


def test_the_heaviest_conflict_of_the_ten_leads_to_its_sentences(full: Studio, tab: Page) -> None:
    full.open(tab, "Corpora", part="lens", kind="boundaries")
    link = tab.locator("[data-testid='stPageLink'] a").filter(has_text="×").first
    link.wait_for()
    shoot(tab, "corpora-full-lens")
    mentions = int(link.inner_text().rpartition(" ")[2].strip("×").replace(",", ""))
    link.click()
    tab.locator(CARDS).first.wait_for()
    settle(tab)
    assert mentions > 0
    assert "part=sentences" in tab.url
    assert tab.locator(".bn-hit").count() > 0
    assert not problems_of(tab)


def test_a_corpus_of_ones_own_is_added_beside_the_ten(
    full: Studio, tab: Page, tmp_path: Path
) -> None:
    large, ward = tmp_path / "large.conll", tmp_path / "ward.conll"
    with large.open("wb") as sink:
        sink.truncate(200 * 2**20)
    ward.write_text(WARD, encoding="utf-8")
    full.open(tab, "Corpora", part="own")
    files = tab.locator("input[type=file]")
    files.set_input_files(large)
    tab.get_by_text("File must be 64").wait_for()
    full.open(tab, "Corpora", part="own")
    files.set_input_files(ward)
    tab.get_by_text("Not known here: Code, Finding").wait_for()
    settle(tab)
    choose(tab, "Code (12 mentions) is", "Chemical")
    chosen = tab.locator("[data-testid='stButtonGroup'] [data-selected]")
    chosen.filter(has_text="Chemical").wait_for()
    settle(tab)
    tab.get_by_role("button", name="Pathology", exact=True).click()
    chosen.filter(has_text="Pathology").wait_for()
    settle(tab)
    choose(tab, "Finding (12 mentions) is", "Disease")
    for name in ("Chemical", "Disease", "Pathology"):
        chosen.filter(has_text=name).wait_for()
    settle(tab)
    shoot(tab, "corpora-full-own")
    tab.get_by_role("button", name="Add this corpus").click()
    tab.get_by_text("ward is added").wait_for()
    settle(tab)
    own = read_own_description(full.settings.own_corpora / "ward")
    assert set(own.covers) == {"Chemical", "Disease", "Pathology"}
    assert own.types == {"Code": "Chemical", "Finding": "Disease"}
    assert not problems_of(tab)


def test_excepted_words_are_counted_over_the_ten_before_they_are_applied(
    full: Studio, tab: Page
) -> None:
    full.open(tab, "Corpora", part="mapping", corpus="CRAFT")
    tab.get_by_text("Change the mapping").click()
    area = tab.get_by_label("Taxon written so becomes Taxon", exact=True)
    kept = area.input_value().splitlines()
    area.fill("\n".join(one for one in kept if one != "mammals"))
    area.press("Control+Enter")
    row = tab.locator("tr").filter(has_text="Mentions of Taxon written “mammals”")
    row.wait_for()
    assert int(row.locator(".bn-number").inner_text().replace(",", "")) > 50
    shoot(tab, "corpora-full-mapping")
    tab.get_by_role("button", name="Apply").click()
    tab.get_by_text("Build the corpora again").first.wait_for()
    settle(tab)
    rule = read_user_schema(full.settings).mapping_for("CRAFT").rules["Taxon"]
    assert (rule.apply("mammals"), rule.apply("vertebrates")) == ("Organism", "Taxon")
    assert not problems_of(tab)


def test_the_ten_corpora_are_looked_at_in_the_dark(
    full: Studio, new_tab: Callable[..., Page]
) -> None:
    tab = new_tab(dark=True)
    for part in ("overview", "sentences", "surfaces", "lens"):
        full.open(tab, "Corpora", part=part)
        shoot(tab, f"corpora-full-{part}-dark")
        assert not problems_of(tab)
    assert (SHOTS / "corpora-full-overview-dark.png").stat().st_size > 0
