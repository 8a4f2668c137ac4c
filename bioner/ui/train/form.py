"""The form of a new run: its widgets, the estimate, and what stands in its way said beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bioner.devices import resolve_device, usable_cards
from bioner.errors import TrainingError
from bioner.jobs.folder import JobSpec
from bioner.jobs.sizes import TrainGroup, chosen_size, corpora_of, train_groups
from bioner.jobs.specs import (
    PRESETS,
    Choices,
    name_problems,
    training_spec,
)
from bioner.machine import Device
from bioner.models.bases import Base, base_of, free_name, list_bases, preferred
from bioner.store import Usable
from bioner.training.config import TrainingConfig
from bioner.ui import cache
from bioner.ui.engine import Place, draw_engine
from bioner.ui.plain import plain
from bioner.ui.session import Session, page_link
from bioner.ui.train.advanced import draw_advanced
from bioner.ui.train.conventions import draw_conventions, told_problems
from bioner.ui.train.data import choose_data
from bioner.ui.train.estimate import draw_estimate
from bioner.ui.train.going_on import draw_going_on, model_to_go_on_from, usable_here
from bioner.ui.train.start import draw_start
from bioner.ui.words import usable_said

OTHER = "Another: a folder or a hub name"


WAYS = {
    "on": "Go on from the model in use, with your corrections",
    "fresh": "A fresh run",
}
"""The two ways to a new model, the one that keeps most first."""


def draw_form(session: Session) -> JobSpec | None:
    """Draw the form; return the run to launch when somebody has pressed Start."""
    usable = usable_here(session)
    is_ready = bool(usable.sentences) and model_to_go_on_from(session.settings) is not None
    way = st.radio(
        "How",
        list(WAYS),
        index=0 if is_ready else 1,
        key="train_way",
        format_func=lambda key: WAYS[key],
        label_visibility="collapsed",
    )
    return draw_going_on(session, usable) if way == "on" else _draw_fresh(session, usable)


def _draw_fresh(session: Session, usable: Usable) -> JobSpec | None:
    data = choose_data(session)
    if data is None:
        return None
    groups: Sequence[TrainGroup] = train_groups(data)
    choices = _draw_choices(session, data, groups, usable)
    if not (choices.corpora and choices.types and choices.base.value):
        missing = "a corpus" if not choices.corpora else "a type"
        missing = missing if choices.base.value else "a base encoder"
        st.info(f"Choose {plain(missing)} to go on.", icon=":material/checklist:")
        return None
    if choices.repeat_rare:
        groups = cache.marked_groups(str(data), cache.stamp(data / "manifest.json"))
    size = chosen_size(
        groups, choices.corpora, is_told=choices.is_told, repeat_rare=choices.repeat_rare
    )
    cost = draw_estimate(session, choices, size, groups)
    spec = training_spec(session.settings, choices, cost)
    problems = [*name_problems(choices.name), *_value_problems(choices), *told_problems(choices)]
    return spec if draw_start(session, spec, problems, key="train_start") else None


def _value_problems(choices: Choices) -> list[str]:
    """Say what has no sense as the command itself would, before it is started."""
    try:
        TrainingConfig(
            choices.base.value,
            epochs=choices.epochs,
            max_steps=choices.max_steps or -1,
            learning_rate=choices.learning_rate,
            batch_size=choices.batch_size,
            batch_pieces=choices.batch_pieces,
            repeat_rare=choices.repeat_rare,
            gradient_accumulation=choices.accumulate,
            max_length=choices.max_length,
            seed=choices.seed,
            any_share=choices.any_share,
            convention_dropout=choices.convention_dropout,
        )
    except TrainingError as error:
        return [f"{error}."]
    return []


def _draw_choices(
    session: Session, data: Path, groups: Sequence[TrainGroup], usable: Usable
) -> Choices:
    manifest = cache.manifest(str(data), cache.stamp(data / "manifest.json"))
    report = manifest.report
    counts = corpora_of(groups)
    corpora = tuple(counts)
    types = tuple(name for name in report.types or session.schema.names)
    base = _choose_base(session)
    chosen = st.multiselect(
        "Corpora",
        corpora,
        default=corpora,
        key="train_corpora",
        format_func=lambda name: f"{name} ({counts[name]:,})",
        help="Training sentences in brackets; a sentence that two corpora share counts in both.",
    )
    kinds = st.multiselect(
        "Entity types",
        types,
        default=types,
        key="train_types",
        help="Mentions of the other types are neither learned nor held against the model.",
    )
    corrections = st.toggle(
        "Train on our corrections too",
        key="train_corrections",
        help="Sentences that somebody has reviewed on the Review page; “my test” stays out.",
    )
    if corrections:
        _say_corrections(usable)
    conventions = draw_conventions(base, with_corrections=corrections)
    preset = st.segmented_control(
        "How thorough",
        list(PRESETS),
        default="quick",
        key="train_preset",
        required=True,
        format_func=lambda key: PRESETS[key].title,
    )
    st.caption(PRESETS[preset].help)
    if base.is_trained:
        st.caption(
            "The base is a trained model: a small rate, so that it forgets little. The first "
            "choice above replays the corpora and averages too."
        )
    values = draw_advanced(preset, is_trained=base.is_trained, is_told=conventions)
    place = draw_engine("train", trains=True)
    name, device, cards = _draw_target(session, base, place)
    return Choices(
        base=base,
        data=data,
        corpora=tuple(chosen),
        all_corpora=corpora,
        types=tuple(kinds),
        all_types=types,
        with_corrections=corrections,
        preset=preset,
        name=name,
        device=device,
        gpus=cards,
        engine=place.engine,
        address=place.address,
        workers=place.workers,
        conventions=conventions,
        **values,
    )


def _say_corrections(usable: Usable) -> None:
    st.caption(usable_said(usable))
    if not usable.sentences:
        page_link("Review", label="Review some")


def _choose_base(session: Session) -> Base:
    bases = list_bases(session.settings)
    names = [base.label for base in bases]
    label = st.selectbox(
        "Base encoder",
        [*names, OTHER],
        index=preferred(bases),
        key="train_base",
        help="What the model knows before it learns from the corpora. BioBERT has read PubMed.",
    )
    if label != OTHER:
        return bases[names.index(label)]
    value = st.text_input(
        "Folder or hub name",
        key="train_base_other",
        placeholder="/data/encoders/my-bert or organisation/name",
    ).strip()
    return base_of(value) if value else Base("", "", False)


def _draw_target(session: Session, base: Base, place: Place) -> tuple[str, Device, int]:
    """Draw name, device and, where there are several cards here, how many; return the three."""
    is_here = place.engine == "local"
    cards = len(usable_cards()) if is_here else 0
    automatic = f"{'GPU' if cards else 'CPU: no GPU here'}" if is_here else "GPU where it has one"
    left, right, *more = st.columns(3 if cards > 1 else 2)
    suggestion = free_name(session.settings, base)
    name = left.text_input(
        "Name of the new model", value=suggestion, key=f"train_name_{suggestion}"
    ).strip()
    asked = session.settings.device
    device = right.selectbox(
        "Device",
        list(Device),
        index=list(Device).index(asked),
        key=f"train_device_{place.engine}",
        format_func=lambda key: {
            Device.AUTO: f"Automatic ({automatic})",
            Device.CPU: "CPU",
            Device.CUDA: "GPU",
        }[key],
    )
    resolved = resolve_device(device or Device.AUTO) if is_here else device or Device.AUTO
    if not more or resolved is not Device.CUDA:
        return name, resolved, 1
    chosen = more[0].number_input(
        "GPUs",
        min_value=1,
        max_value=cards,
        value=1,
        key="train_gpus",
        help="With several each takes batches of its own: a step sees that many more sentences.",
    )
    return name, resolved, int(chosen)
