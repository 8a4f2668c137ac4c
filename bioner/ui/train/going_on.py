"""Going on from the model in use with the corrections: the first choice of a new run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bioner.devices import resolve_device
from bioner.errors import BionerError
from bioner.jobs.beside import RETRAINING_SCORED
from bioner.jobs.estimate import Estimate, Steps, beside_of, estimate_run
from bioner.jobs.folder import JobSpec
from bioner.jobs.sizes import TrainGroup, TrainSize, corpora_of, train_groups
from bioner.jobs.specs import name_problems, next_name, retraining_spec
from bioner.models import catalogue
from bioner.models.bases import base_of
from bioner.models.reserved_pieces import has_conventions
from bioner.settings import Settings
from bioner.store import Usable
from bioner.training.config import RANGES, Recipe
from bioner.ui.plain import plain
from bioner.ui.session import Session, page_link, show_problem
from bioner.ui.train.estimate import draw_cost
from bioner.ui.train.numbers import draw_number
from bioner.ui.train.start import draw_start
from bioner.ui.words import usable_said

WORDS_PER_CORRECTION = 25
"""Words of a reviewed sentence, about: only for the estimate."""

OPTIONS = {
    "epochs": ("Epochs", "How often to go through corrections and replay."),
    "learning_rate": ("Learning rate", "A quarter of a first training's: it forgets less."),
    "replay": ("Replayed", "Sentences of the corpora seen again, not to forget them."),
    "repeat": ("Repeats", "How often an epoch shows each correction."),
    "keep": ("Share kept", "The old model's least share in the averaged weights."),
    "batch_size": ("Batch size", "Sentences a step. Smaller takes less memory."),
}
"""The recipe's values: the title of each, and what it does."""


def usable_here(session: Session) -> Usable:
    """Return how many reviewed sentences a run would use; none where nobody can tell."""
    try:
        return session.store().usable()
    except BionerError as error:
        show_problem(error)
        return Usable()


def model_to_go_on_from(settings: Settings) -> Path | None:
    """Return the folder of the model in use, if it is here and sound."""
    try:
        folder = catalogue.find_model(catalogue.active_model(settings), settings.models)
    except BionerError:
        return None
    return folder if catalogue.describe_model(folder).can_tag else None


def draw_going_on(session: Session, usable: Usable) -> JobSpec | None:
    """Draw the form; return the run to launch when somebody has pressed Start."""
    settings = session.settings
    parent = model_to_go_on_from(settings)
    if parent is None:
        st.info(
            "There is no model in use here to go on from: start a fresh run.",
            icon=":material/deployed_code:",
        )
        return None
    st.markdown(plain(f"On from {parent.name}. {usable_said(usable)}"))
    if not usable.sentences:
        page_link("Review", label="Review some")
        return None
    has_corpora = (settings.merged / "manifest.json").is_file()
    st.caption(
        "A part of the merged corpora is seen again, and the new weights are averaged with the old "
        "ones, so that what it knew is kept."
        if has_corpora
        else "The corpora are not here: what the model itself marks on the sample keeps it from "
        "forgetting."
    )
    suggestion = next_name(settings, parent.name)
    name = st.text_input(
        "Name of the new model", value=suggestion, key=f"train_on_name_{suggestion}"
    ).strip()
    only_piece = _draw_own_convention(parent)
    recipe = _draw_recipe()
    cost = _estimate(session, parent, usable, recipe)
    changed = {
        RANGES[field].option: f"{value:g}"
        for field, value in recipe.items()
        if value != getattr(Recipe(), field)
    }
    if only_piece:
        changed["--only-piece"] = ""
    spec = retraining_spec(settings, parent, name=name, options=changed, cost=cost)
    is_started = draw_start(session, spec, name_problems(name), key="train_on_start")
    return spec if is_started else None


def _draw_own_convention(parent: Path) -> bool:
    """Say that a project gets a convention of its own, and offer to teach that alone."""
    if not has_conventions(parent):
        return False
    st.caption(
        "It knows whose rules hold: each project of corrections becomes a convention of its own, "
        "begun from the nearest one that it knows. Review then uses it."
    )
    return st.toggle(
        "Teach that convention alone",
        key="train_on_only_piece",
        help="That convention's piece and the last layer are trained; the rest stays as it is, bit "
        "for bit. It learns less, and forgets less.",
    )


def _draw_recipe() -> dict[str, float]:
    standard = Recipe()
    with st.expander("Advanced", icon=":material/tune:"):
        columns = st.columns(3)
        found: dict[str, float] = {}
        for number, (field, (title, help)) in enumerate(OPTIONS.items()):
            value = getattr(standard, field)
            form = None if isinstance(value, int) else "%.1e" if value < 0.01 else "%.2f"
            found[field] = draw_number(
                columns[number % 3], title, field, value, help=help, format=form,
                step=1 if isinstance(value, int) else value / 5, key=f"train_on_{field}",
            )  # fmt: skip
    return found


def _estimate(session: Session, parent: Path, usable: Usable, recipe: dict[str, float]) -> Estimate:
    settings = session.settings
    replayed = TrainSize(0, 0)
    groups: Sequence[TrainGroup] = ()
    if (settings.merged / "manifest.json").is_file():
        groups = train_groups(settings.merged)
        whole = TrainSize(sum(g.size.sentences for g in groups), sum(g.size.words for g in groups))
        share = min(1.0, recipe["replay"] / max(1, whole.sentences)) if corpora_of(groups) else 0.0
        replayed = TrainSize(round(whole.sentences * share), round(whole.words * share))
    shown = round(usable.sentences * recipe["repeat"])
    size = TrainSize(
        replayed.sentences + shown,
        replayed.words + shown * WORDS_PER_CORRECTION,
        has_conventions(parent),
    )
    device = resolve_device(settings.device)
    cost = estimate_run(
        settings,
        base_of(str(parent)),
        size,
        Steps(epochs=recipe["epochs"], max_steps=0, batch_size=int(recipe["batch_size"])),
        device=device,
        beside=beside_of(
            groups,
            corpora_of(groups),
            evaluations=RETRAINING_SCORED,
            teacher=parent,
            device=device,
        ),
    )
    with st.container(border=True, key="train_on_estimate"):
        cells = st.columns([4, 3, 5, 4])
        cells[0].metric("Reviewed sentences", f"{usable.sentences:,}")
        cells[1].metric("Replayed", f"{replayed.sentences:,}")
        draw_cost(
            cells[2:],
            cost,
            untimed="Nothing has been timed on this machine yet: the first run tells, or “Measure "
            "the pace here” under “A fresh run”.",
        )
    return cost
