"""A run learns the corrections of its launch, however long it waits or is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from idle import idle_jobs
from store_support import a_document, a_project, edit_of

from bioner.errors import JobError
from bioner.jobs import launch
from bioner.jobs.folder import JobSpec, read_job
from bioner.review import launching
from bioner.settings import Settings, read_settings
from bioner.spans import mention
from bioner.store import Store, open_store


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with idle_jobs(monkeypatch):
        yield read_settings()


def accept(store: Store, *items: int) -> None:
    for item in items:
        seen = store.open_item(item)
        at = seen.start
        store.save(edit_of(seen, mention(at, at + 5, "Gene"), verdict="accept"))


def spec(*words: str) -> JobSpec:
    return JobSpec(("python", "-m", "bioner", *words), title="one")


def test_a_job_that_waited_or_is_resumed_learns_what_was_corrected_at_its_launch(
    place: Settings,
) -> None:
    store = open_store(place)
    store.create_project(a_project())
    store.import_documents("p", [a_document(n) for n in range(3)], model="m")
    items = [row.item for row in store.queue("p")]
    accept(store, *items[:2])
    then = store.corrections()
    job = launching.start(spec("retrain", "--base", "x"), place)
    accept(store, *items[2:4])
    found, told = launching.corrections_of(place, job.folder)
    assert found == then
    assert told.startswith("2 reviewed sentences, as they were at the launch")
    assert read_job(job.id, place).spec.details["reviewed_sentences"] == 2
    now, told = launching.corrections_of(place, None)
    assert (len(now), told) == (4, "4 reviewed sentences, as they are now")
    launch.edit_state(job.folder, lambda state: launch.replace(state, status="failed"))
    again = launching.again(job.id, place)
    assert len(launching.corrections_of(place, again.folder)[0]) == 4, "a new launch"


def test_a_job_without_corrections_reads_none(place: Settings) -> None:
    job = launching.start(spec("train", "--base", "x"), place)
    assert not (job.folder / launching.FROZEN).exists()


def test_a_damaged_file_of_corrections_is_one_sentence(place: Settings) -> None:
    open_store(place).create_project(a_project())
    job = launching.start(spec("train", "--with-corrections"), place)
    (job.folder / launching.FROZEN).write_text('{"document": "d"}\n')
    with pytest.raises(JobError, match=r"corrections\.jsonl:1: damaged"):
        launching.corrections_of(place, job.folder)


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x1c", "\x0b", "\r", "\ud7ff", "é"])
def test_corrections_of_texts_of_any_name_are_read_back(
    place: Settings, tmp_path: Path, sign: str
) -> None:
    store = open_store(place)
    store.create_project(a_project())
    store.import_documents("p", [a_document(0)], model="m")
    accept(store, *[row.item for row in store.queue("p")][:1])
    (one,) = store.corrections()
    named = [replace(one, document=f"note{sign}1"), replace(one, document="note 2")]
    path = tmp_path / launching.FROZEN
    path.write_text(launching.write_sentences(named), encoding="utf-8", newline="\n")
    assert launching.read_sentences(path) == named
