"""A project's own convention: learned from its corrections by a click, then used in Review."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from apps.serving import PATIENCE_MS, Server
from browser import Studio, problems_of, settle, shoot
from clashing import LONG_GENE, NAMES, SHORT_GENE, clashing, words_of

from bioner.conventions import pieces_for
from bioner.corpora.dataset_folder import write_dataset
from bioner.evaluation.promotion import promote
from bioner.jobs import launch
from bioner.jobs.folder import list_jobs
from bioner.jobs.log import tail_log
from bioner.models.reserved_pieces import read_conventions, reserve_pieces
from bioner.settings import Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Edit, Project, open_store
from bioner.training.config import TrainingConfig
from bioner.training.run import train

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LAB = "our lab"
PARENT = "bioner-compact"
TEXT = " ".join(words_of(NAMES[21]))


def told_parent(settings: Settings, encoder: Path) -> None:
    """Train a tiny model that knows who writes "ax gene" and who writes "ax", and merge both."""
    write_dataset(clashing(), settings.merged)
    reserve_pieces(encoder, settings.models / "encoder", pieces_for([LONG_GENE, SHORT_GENE]))
    asked = TrainingConfig(
        base=str(settings.models / "encoder"),
        max_steps=250,
        batch_size=8,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        dropout=0.0,
        device="cpu",
        precision="float32",
    )
    train(asked, clashing(), settings.models / PARENT)


def correct(settings: Settings) -> None:
    """Let a reviewer mark twelve of the lab's texts, each the gene's name without the word."""
    store = open_store(settings)
    covers = frozenset({"Gene", "Protein"})
    store.create_project(Project(LAB, ("Gene", "Protein", "Chemical"), covers))
    for name in NAMES[:12]:
        text = " ".join(words_of(name))
        store.import_documents(LAB, [Document(f"d-{name}", text)])
        (item,) = store.items_of(LAB, f"d-{name}")
        store.save(
            Edit(
                item=item,
                base=0,
                surface=store.open_item(item, "Ann").surface,
                mentions=(mention(4, 4 + len(name), "Protein", status="reviewed"),),
                surfaces=(name,),
                reviewer="Ann",
                verdict="correct",
            )
        )
    store.close()


@pytest.fixture
def told(tmp_path: Path, tiny_encoder: Path) -> Iterator[Studio]:
    """The app itself, no fake in it, with a model told conventions and a lab's corrections."""
    names = ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    variables = {f"BIONER_{name}": str(tmp_path / name.lower()) for name in names}
    variables |= {"BIONER_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        settings = read_settings()
        told_parent(settings, tiny_encoder)
        correct(settings)
        server = Server("app.py", tmp_path, variables)
        server.start()
        yield Studio(server.url, settings)
        server.kill()
        for job in list_jobs(settings):
            if job.is_active:
                launch.stop(job.id, settings, force=True)


def marked(tab: Page) -> list[str]:
    """Return the marked words of the reading view."""
    found: list[str] = tab.locator(".bn-reader [data-m]").evaluate_all(
        "all => all.map(one => one.childNodes[0].textContent.trim())"
    )
    return found


def test_a_labs_rules_are_learned_from_its_corrections_and_used_in_review(
    told: Studio, tab: Page, tmp_path: Path
) -> None:
    settings = told.settings
    told.open(tab, "Train", view="new")
    tab.get_by_text("each project of corrections becomes a convention of its own").wait_for()
    settle(tab)
    shoot(tab, "train-own-convention")
    tab.get_by_role("button", name="Start training").click()
    name = wait_for_model(settings)
    known = read_conventions(settings.models / name)
    assert LAB in known
    assert known.find(LAB).piece.startswith("[convention")
    promote(settings, open_store(settings), name, overrule="a toy has no test to pass", by="Ann")

    told.open(tab, "Predict", text=TEXT, **{"as": LAB})
    tab.get_by_text(f"{name} as in {LAB}").first.wait_for()
    settle(tab)
    short = [one for one in marked(tab) if NAMES[21] in one]
    assert short == [NAMES[21]]
    told.open(tab, "Predict", text=TEXT, **{"as": LONG_GENE})
    tab.get_by_text(f"{name} as in {LONG_GENE}").first.wait_for()
    settle(tab)
    assert [one for one in marked(tab) if NAMES[21] in one] == [f"{NAMES[21]} gene"]

    path = tmp_path / "new.txt"
    path.write_text(TEXT)
    told.open(tab, "Review", project=LAB, reviewer="Ann", part="Texts")
    with tab.expect_file_chooser() as chooser:
        tab.get_by_test_id("stFileUploaderDropzone").locator("button").click()
    chooser.value.set_files(path)
    tab.get_by_role("button", name="Bring them in").click()
    tab.get_by_text("1 text in, 1 placed").wait_for()
    store = open_store(settings)
    (item,) = [row.item for row in store.queue(LAB)]
    shown = store.open_item(item, claim=False)
    genes = [shown.text[m.start : m.end] for m in shown.mentions if m.label in ("Gene", "Protein")]
    assert genes == [NAMES[21]]
    told.open(tab, "Review", project=LAB, reviewer="Ann", part="Correct")
    tab.wait_for_selector(".bse-text")
    settle(tab)
    shoot(tab, "review-own-convention")
    assert not problems_of(tab)


def wait_for_model(settings: Settings) -> str:
    deadline = time.monotonic() + 5 * PATIENCE_MS / 1000
    while True:
        found = list_jobs(settings)
        if found and found[0].status == "finished":
            return Path(found[0].spec.out).name
        assert not found or found[0].status in ("queued", "running"), tail_log(
            found[0].id, settings
        )
        assert time.monotonic() < deadline, "the training did not end"
        time.sleep(0.3)
