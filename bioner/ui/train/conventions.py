"""Whether a new model is taught whose rules of marking hold, in plain words."""

from __future__ import annotations

import streamlit as st

from bioner.corpora.dataset_folder import REBUILD, keeps_readings
from bioner.jobs.specs import Choices
from bioner.models.bases import Base


def draw_conventions(base: Base, *, with_corrections: bool) -> bool:
    """Draw the switch and what it means; a base that knows conventions is taught them in any case.

    Returns whether they are taught.
    """
    chosen = st.toggle(
        "Teach whose rules of marking hold",
        value=base.knows_conventions,
        key=f"train_conventions_{base.knows_conventions}",
        disabled=base.knows_conventions,
        help="Corpora mark the same thing by different rules: “apoE gene” or “apoE”. A model that "
        "is taught this can be asked to mark as one of them does; else it learns their mean.",
    )
    if base.knows_conventions:
        st.caption("The base knows whose rules hold, and goes on learning them.")
    if chosen:
        st.caption(
            "Each corpus becomes a convention that Predict offers under *Mark as in*; *any* stays "
            "for nobody's in particular."
            + (
                " Each project of corrections gets one of its own, which Review then uses."
                if with_corrections
                else ""
            )
        )
    return bool(chosen)


def told_problems(choices: Choices) -> list[str]:
    """Say what stands in the way of teaching conventions; empty if nothing does."""
    if not choices.is_told or keeps_readings(choices.data):
        return []
    return [
        "The merged data was built before it kept what each corpus says of a shared sentence, "
        f"which conventions are taught from: {REBUILD}."
    ]
