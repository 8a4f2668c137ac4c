"""Where a job computes: on this machine, or on a Ray cluster that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

import streamlit as st

from bioner.jobs.folder import Engine, Job
from bioner.ui.plain import plain

NAMES = {"local": "This machine", "ray": "A Ray cluster"}


@dataclass(frozen=True)
class Place:
    """Where a job computes: the engine, a cluster's address, how many processes train together."""

    engine: Engine = "local"
    address: str = ""
    workers: int = 1


def draw_engine(key: str, *, trains: bool = False) -> Place:
    """Draw where a job computes, its widgets' keys beginning so; for one that trains how widely."""
    left, middle, right = st.columns(3)
    engine = left.selectbox(
        "Runs on",
        get_args(Engine),
        key=f"{key}_engine",
        format_func=lambda key: NAMES[key],
        help="A cluster's nodes must see the folders of jobs, data and models.",
    )
    if engine != "ray":
        return Place()
    address = middle.text_input(
        "The cluster's dashboard", key=f"{key}_address", placeholder="http://head:8265"
    )
    workers = 1
    if trains:
        workers = right.number_input(
            "Training together",
            min_value=1,
            max_value=512,
            value=1,
            key=f"{key}_workers",
            help="Processes, one a GPU, on whatever nodes have room: a step sees the sentences of "
            "all of them. Lost ones are begun again from the last checkpoint.",
        )
    return Place(cast(Engine, engine), address.strip(), int(workers))


def draw_place(job: Job) -> None:
    """Say where on its cluster a job is, and how often it was begun."""
    if job.spec.engine == "local":
        return
    state = job.state
    said = [f"Ray at {job.spec.address}", state.place or "not queued there yet"]
    said += [f"node {state.node}"] if state.node else []
    said += [f"attempt {state.attempt}"] if state.attempt > 1 else []
    st.caption(plain(", ".join(said)))
