"""What a fresh run will cost, beside its form: sentences, word-pieces, time, memory."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bioner.access import Action
from bioner.devices import usable_cards
from bioner.figures import duration
from bioner.jobs.estimate import Estimate, beside_of, estimate_run, measure_speed
from bioner.jobs.sizes import TrainGroup, TrainSize
from bioner.jobs.specs import SCORED, Choices
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import Session, act


def draw_estimate(
    session: Session, choices: Choices, size: TrainSize, groups: Sequence[TrainGroup]
) -> Estimate:
    """Draw it and return it; where no run was timed here, offer to take a few steps."""
    cost = estimate_run(
        session.settings,
        choices.base,
        size,
        choices.plan,
        device=choices.device,
        gpus=choices.gpus * choices.workers,
        address=choices.address,
        beside=beside_of(groups, choices.corpora, evaluations=SCORED + 1 + choices.base.is_trained),
    )
    with st.container(border=True, key="train_estimate"):
        cells = st.columns(4)
        cells[0].metric("Sentences", f"{size.sentences:,}")
        cells[1].metric(
            "Word-pieces", f"{round(cost.pieces, -3):,.0f}", help=f"In {cost.steps:,} steps, about."
        )
        draw_cost(cells[2:], cost)
        can_measure = choices.device == "cpu" or bool(usable_cards())
        if (
            cost.seconds is None
            and choices.engine == "local"
            and st.button(
                "Measure the pace here",
                key="train_measure",
                icon=":material/timer:",
                **shut(
                    session,
                    Action.JOBS,
                    disabled=not can_measure,
                    help="Takes a few training steps on made-up text: about 20 seconds.",
                ),
            )
        ):
            with st.spinner("Taking a few steps …"):
                act(
                    lambda: measure_speed(
                        session.settings,
                        choices.base.value,
                        choices.device,
                        choices.plan.rows,
                        actor=session.actor,
                    )
                )
    return cost


def draw_cost(cells: Sequence[DeltaGenerator], cost: Estimate, *, untimed: str = "") -> None:
    """Draw time and memory in two cells; ``untimed`` is said where no run was timed here."""
    time, memory = cells
    time.metric(
        "Time, about",
        duration(cost.seconds) if cost.seconds else "not known",
        help=plain(f"{cost.source.capitalize()}.") if cost.seconds or not untimed else untimed,
    )
    memory.metric("Memory, about", f"{cost.memory_bytes / 1e9:,.1f} GB")
