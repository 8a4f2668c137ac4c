"""What pages share about jobs: what is made ready is said, and a form asks the command's limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from runs import make_bulk
from streamlit.testing.v1 import AppTest

from bioner.jobs.folder import Job, JobState
from bioner.jobs.specs import job_spec, name_problems
from bioner.settings import read_settings
from bioner.tagging.standing import STANDING
from bioner.training.config import RANGES
from bioner.ui.jobs import ready_said


def waiting(*words: str, kind: str = "train", **details: str) -> Job:
    spec = job_spec(words, read_settings(), title="t", kind=kind, details=details)
    return Job("id", Path("nowhere"), spec, replace(JobState(), status="running"))


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (lambda: waiting("train", "/b/biobert"), "reading the sentences to train on"),
        (lambda: waiting("evaluate", kind="evaluate", model="m1"), "Loading m1 and the sentences"),
    ],
)
def test_what_is_made_ready_is_named(job: Callable[[], Job], said: str) -> None:
    assert said in ready_said(job())


def test_a_folder_that_is_about_to_be_tagged_is_named_with_its_model(home: Path) -> None:
    job = make_bulk(read_settings(), "soon", "running")
    (job.folder / STANDING).unlink()
    said = ready_said(job)
    assert str(read_settings().data / "texts") in said
    assert "bioner-compact" in said


def test_a_name_that_cannot_be_is_said_of_what_it_names() -> None:
    assert "The name of the output may have" in name_problems("a b", of="output")[0]
    assert "The name of the model may have" in name_problems("a b")[0]


def form() -> None:
    import streamlit as st

    from bioner.training.config import RANGES, Recipe, TrainingConfig
    from bioner.ui.train.numbers import draw_number

    values = {**vars(TrainingConfig("base")), **vars(Recipe())}
    for field in RANGES.keys() & values.keys():
        if values[field] is not None and values[field] >= 0:
            draw_number(st.container(), field, field, values[field], key=field)


def test_a_form_has_the_limits_that_the_command_keeps() -> None:
    page = AppTest.from_function(form).run()
    assert not page.exception
    found = {str(one.key): (one.min, one.max) for one in page.number_input}
    assert len(found) > 15
    assert {key for key, both in found.items() if any(one not in RANGES[key] for one in both)} == (
        set()
    )
    assert found["batch_pieces"][0] == 0, "which is no limit of a batch, not one of 16 word-pieces"
    assert found["seed"] == (0, 2**32 - 1)
