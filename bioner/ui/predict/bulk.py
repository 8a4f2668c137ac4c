"""A whole folder of texts on the Predict page: tagged as a job, part by part."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.devices import resolve_device
from bioner.jobs.bulk import BulkChoices, bulk_spec
from bioner.jobs.folder import JobSpec
from bioner.jobs.preflight import writer_of
from bioner.jobs.specs import name_problems
from bioner.review import job_record
from bioner.tagging.bulk_run import workers_here
from bioner.ui.engine import draw_engine
from bioner.ui.launch import draw_checks
from bioner.ui.plain import plain
from bioner.ui.predict.bulk_runs import draw_bulk_runs
from bioner.ui.predict.memory import PredictMemory
from bioner.ui.predict.readers import Reader
from bioner.ui.roles import shut
from bioner.ui.session import Session, act

FORMATS = {"jsonl": "JSON lines", "parquet": "Parquet"}


def draw_bulk(session: Session, reader: Reader) -> None:
    """Draw the form for a folder, and the folders that were or are being tagged."""
    st.caption(
        "Every text below a folder of this machine, of any size: PubMed's files too, as they are "
        "(.xml.gz). It goes on when this tab or the app is closed, and what is done is kept."
    )
    spec = _draw_form(session, reader)
    if spec is not None:
        act(lambda: job_record.launch(spec, session.settings, actor=session.actor))
    draw_bulk_runs(session)


def _draw_form(session: Session, reader: Reader) -> JobSpec | None:
    choices = _draw_choices(session, reader)
    if choices is None:
        return None
    spec = bulk_spec(session.settings, choices)
    if writer_of(spec.out, session.settings) is not None:
        st.info(
            "This folder is being tagged: its run is below. For another, name it above.",
            icon=":material/hourglass_top:",
        )
        return None
    problems = name_problems(choices.name, of="output")
    stops = draw_checks(session, spec, problems, looks=session.may(Action.FOLDERS))
    pressed = st.button(
        "Tag the folder",
        key="bulk_start",
        type="primary",
        icon=":material/play_arrow:",
        **shut(session, Action.FOLDERS, Action.JOBS, disabled=bool(stops)),
    )
    return spec if pressed else None


def _draw_choices(session: Session, reader: Reader) -> BulkChoices | None:
    """Draw what is tagged, how and where; None while no folder is named."""
    memory = session.of(PredictMemory)
    left, right = st.columns([2, 1])
    source = left.text_input(
        "Folder of texts",
        memory.folder,
        key="bulk_source",
        placeholder="/data/pubmed/baseline",
        help=_roots(session),
    ).strip()
    memory.folder = source
    suggestion = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(source).name).strip("-._") if source else ""
    name = right.text_input(
        "Name of the output",
        value=suggestion,
        key=f"bulk_name_{suggestion}",
        help=f"A folder below {plain(str(session.settings.tagged))}.",
    ).strip()
    first, second, third = st.columns(3)
    format = first.selectbox(
        "Written as",
        list(FORMATS),
        key="bulk_format",
        format_func=lambda key: FORMATS[key],
        help="Both hold all that was found, and can be read back here.",
    )
    workers = second.number_input(
        "Workers",
        min_value=1,
        max_value=512,
        value=workers_here(resolve_device(session.settings.device)),
        key="bulk_workers",
        help="Processes that tag at the same time: one a processor core; several share a GPU.",
    )
    column = third.text_input(
        "Column of texts", key="bulk_column", help="Of tables (.csv, .tsv), if there are any."
    ).strip()
    place = draw_engine("bulk")
    if not source:
        return None
    return BulkChoices(
        source=Path(source),
        name=name,
        model=reader.entry.name,
        convention=reader.convention,
        format=format,
        column=column,
        workers=int(workers),
        engine=place.engine,
        address=place.address,
    )


def _roots(session: Session) -> str:
    """Say which folders this person may name, as Markdown."""
    if not session.actor.is_known:
        return "A folder on the machine that the app runs on."
    roots = ", ".join(map(str, session.settings.folders)) or "none is named yet"
    return f"Below a folder that BIONER_FOLDERS names on the server: {plain(roots)}."
