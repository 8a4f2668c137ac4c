"""A job's folder read back: which model is its own, whatever lies in its place."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from runs import make_model, make_run

from bioner.files import locked
from bioner.jobs.folder import Job, card_of, edit_state, read_state
from bioner.models.card import read_card, write_card
from bioner.settings import Settings, read_settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("HOME", "MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    return read_settings()


def run_with_model(place: Settings, status: str, *, made_at: float) -> Job:
    """Return a run that took from second 1 to 9, and put a model into its place."""
    folder = make_model(place.models, "one")
    created = datetime.fromtimestamp(made_at, UTC).isoformat(timespec="seconds")
    write_card(folder, replace(read_card(folder), created=created))
    return make_run(place, "one", status)


def test_who_changes_a_jobs_state_waits_for_whoever_is_changing_it(place: Settings) -> None:
    job = make_run(place, "one", "running")
    told = threading.Thread(
        target=edit_state, args=(job.folder, lambda state: replace(state, status="stopping"))
    )
    with locked(job.folder / ".lock"):
        told.start()
        told.join(0.5)
        assert told.is_alive()
        assert read_state(job.folder).status == "running"
    told.join(20)
    assert read_state(job.folder).status == "stopping"


def test_finished_run_has_the_card_of_the_model_it_made(place: Settings) -> None:
    card = card_of(run_with_model(place, "finished", made_at=9))
    assert card is not None
    assert card.name == "one"


@pytest.mark.parametrize("status", ["failed", "stopped", "lost"])
def test_run_that_did_not_finish_has_no_card_whatever_lies_in_its_place(
    place: Settings, status: str
) -> None:
    assert card_of(run_with_model(place, status, made_at=9)) is None


def test_finished_run_does_not_show_a_model_that_another_run_made_there(place: Settings) -> None:
    assert card_of(run_with_model(place, "finished", made_at=900)) is None
