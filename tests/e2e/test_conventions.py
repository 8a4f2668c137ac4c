"""One model under two conventions, side by side on one abstract, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from apps.serving import pick_option
from browser import Studio, problems_of, running, settle, shoot

from bioner.conventions import Conventions, pieces_for
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.models.reserved_pieces import write_conventions
from bioner.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ABSTRACT = "We gave aspirin to mice. Aspirin and DMSO did not harm them."


@pytest.fixture(scope="module")
def told_studio(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Iterator[Studio]:
    """The app with a model that knows the rules of a corpus and of a project."""
    from page_support import make_model

    def prepare(settings: Settings) -> None:
        write_dataset(sample, settings.merged)
        folder = settings.models / "bioner-compact"
        make_model(folder)
        known = Conventions((), pieces_for(["BC2GM"])).knowing(
            {"BC2GM": {"Gene", "Protein"}, "our lab": {"Gene"}}
        )
        write_conventions(folder, known)

    with running(tmp_path_factory.mktemp("told"), prepare) as found:
        yield found


def test_two_conventions_of_one_model_stand_side_by_side(told_studio: Studio, tab: Page) -> None:
    told_studio.open(tab, "Predict", text=ABSTRACT, against="bioner-compact", against_as="our lab")
    tab.locator(".bn-differs").first.wait_for()
    settle(tab)
    assert tab.get_by_text("Mark as in").count() == 2
    readers = tab.locator(".bn-reader")
    assert readers.count() == 2
    labels = [
        readers.nth(i).locator("[data-m]").evaluate_all("all => all.map(one => one.dataset.label)")
        for i in range(2)
    ]
    assert "Organism" in labels[0]
    assert "Organism" not in labels[1]
    assert tab.get_by_text("bioner-compact as in our lab").first.is_visible()
    assert not problems_of(tab)
    shoot(tab, "predict-conventions")


def test_whose_rules_hold_is_chosen_and_kept_in_the_link(told_studio: Studio, tab: Page) -> None:
    told_studio.open(tab, "Predict", text=ABSTRACT)
    tab.locator(".bn-reader [data-label='Organism']").first.wait_for()
    pick_option(tab.get_by_role("combobox", name="Mark as in"), "our lab", exact=False)
    tab.locator(".bn-reader [data-label='Organism']").first.wait_for(state="detached")
    settle(tab)
    assert "as=our+lab" in tab.url
    assert not problems_of(tab)
