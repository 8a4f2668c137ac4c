"""Where a job computes: on this machine, or on a Ray cluster that is there."""

from __future__ import annotations

from typing import cast, get_args

import streamlit as st

from bioner.errors import ExtraError
from bioner.extras import require_extra
from bioner.jobs.folder import Engine, Job
from bioner.ui.plain import plain

NAMES = {"local": "This machine", "ray": "A Ray cluster"}


def draw_engine(key: str) -> tuple[Engine, str]:
    """Draw where a job computes, its widgets' keys beginning so; return engine and address."""
    left, right = st.columns(2)
    engine = left.selectbox(
        "Runs on",
        get_args(Engine),
        key=f"{key}_engine",
        format_func=lambda key: NAMES[key],
        help="A cluster's nodes must see the folders of jobs, data and models.",
    )
    if engine != "ray":
        return "local", ""
    try:
        require_extra("ray", "The engine ray")
    except ExtraError as error:
        st.info(plain(str(error)), icon=":material/info:")
    address = right.text_input(
        "The cluster's dashboard", key=f"{key}_address", placeholder="http://head:8265"
    )
    return cast(Engine, engine), address.strip()


def draw_place(job: Job) -> None:
    """Say where on its cluster a job is, and how often it was begun."""
    if job.spec.engine == "local":
        return
    state = job.state
    said = [f"Ray at {job.spec.address}", state.place or "not queued there yet"]
    said += [f"node {state.node}"] if state.node else []
    said += [f"attempt {state.attempt}"] if state.attempt > 1 else []
    st.caption(plain(", ".join(said)))
