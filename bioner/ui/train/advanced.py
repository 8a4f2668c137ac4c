"""The settings of a run that most people leave as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bioner.jobs.specs import PRESETS, Preset
from bioner.machine import Precision
from bioner.training.config import Recipe
from bioner.ui.train.numbers import draw_number


def draw_advanced(
    preset: str, *, is_trained: bool = False, is_told: bool = False
) -> dict[str, Any]:
    """Draw them; a base that ``is_trained`` already begins with the rate of a retraining."""
    start = PRESETS[preset]
    rate = min(start.learning_rate, Recipe().learning_rate) if is_trained else start.learning_rate
    with st.expander("Advanced", icon=":material/tune:"):
        columns = st.columns(3)
        name = f"{preset}{'_on' * is_trained}"
        return {
            **_draw_length(columns, start, preset),
            **_draw_learning(columns, rate, name),
            **_draw_memory(columns),
            **_draw_batches(columns),
            **(_draw_told(columns) if is_told else {}),
        }


def _draw_length(columns: Sequence[DeltaGenerator], start: Preset, preset: str) -> dict[str, Any]:
    """Draw a row: how long a run is, and how much it takes at once."""
    left, middle, right = columns
    return {
        "epochs": draw_number(
            left, "Epochs", "epochs", start.epochs, least=0.1, step=0.5,
            key=f"train_epochs_{preset}",
        ),
        "max_steps": draw_number(
            middle, "At most steps", "max_steps", start.max_steps, least=0, step=100,
            key=f"train_steps_{preset}",
            help="Ends the run before its last epoch does; 0: no limit.",
        ),
        "batch_size": draw_number(
            right, "Batch size", "batch_size", start.batch_size,
            key=f"train_batch_{preset}",
            help="Sentences a step. Smaller takes less memory.",
        ),
    }  # fmt: skip


def _draw_learning(columns: Sequence[DeltaGenerator], rate: float, name: str) -> dict[str, Any]:
    """Draw a row: how it learns."""
    left, middle, right = columns
    return {
        "learning_rate": draw_number(
            left, "Learning rate", "learning_rate", rate, step=1e-5, format="%.1e",
            key=f"train_rate_{name}",
        ),
        "seed": draw_number(
            middle, "Seed", "seed", 42, key="train_seed", help="Same seed, same run."
        ),
        "loss": right.selectbox(
            "Loss",
            ["partial", "naive"],
            key="train_loss",
            format_func=lambda key: {"partial": "Partial-label", "naive": "Naive"}[key],
            help="Partial-label: no label is evidence only against the types that a corpus "
            "looked for. Naive: against every type; for comparison.",
        ),
    }  # fmt: skip


def _draw_memory(columns: Sequence[DeltaGenerator]) -> dict[str, Any]:
    """Draw a row: what it needs of memory."""
    left, middle, right = columns
    return {
        "accumulate": draw_number(
            left, "Batches a step", "gradient_accumulation", 1,
            key="train_accumulate",
            help="More than one: a large batch in the memory of a small one.",
        ),
        "max_length": draw_number(
            middle, "Longest window", "max_length", 256, step=32,
            key="train_length",
            help="Word-pieces; a longer sentence is cut into windows, nothing is lost.",
        ),
        "precision": right.selectbox(
            "Precision",
            list(Precision),
            key="train_precision",
            help="Automatic: bfloat16 or float16 where the hardware computes in it.",
        ),
    }  # fmt: skip


def _draw_batches(columns: Sequence[DeltaGenerator]) -> dict[str, Any]:
    """Draw a row: batches by their word-pieces, and what is rare shown more often."""
    left, middle, _ = columns
    return {
        "batch_pieces": draw_number(
            left, "Word-pieces a batch", "batch_pieces", 0, step=512,
            key="train_batch_pieces",
            help="More than 0: a batch has as many sentences as hold so many word-pieces, in place "
            "of the batch size. It keeps a GPU busy: try 16,384.",
        ),
        "repeat_rare": draw_number(
            middle, "Repeat rare types", "repeat_rare", 0.0, step=0.01, format="%.3f",
            key="train_repeat_rare",
            help="More than 0: sentences with a type that is in fewer than this share of all, as "
            "its corpus marks it, are shown more often; 0.03 is a good start.",
        ),
    }  # fmt: skip


def _draw_told(columns: Sequence[DeltaGenerator]) -> dict[str, Any]:
    """Draw a row: how often a sentence is read by nobody's rules."""
    left, middle, _ = columns
    return {
        "any_share": draw_number(
            left, "Share read as any", "any_share", 0.25, step=0.05,
            key="train_any_share",
            help="So many sentences an epoch are read by nobody's rules in particular.",
        ),
        "convention_dropout": draw_number(
            middle, "Share not told", "convention_dropout", 0.0, step=0.05,
            key="train_convention_dropout",
            help="Of the others: marked by their own corpus's rules, but not told whose.",
        ),
    }  # fmt: skip
