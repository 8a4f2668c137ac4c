"""Models as the pages offer them: their labels, and the one way to choose one."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bioner.models.catalogue import ModelEntry, active_model
from bioner.ui import cache
from bioner.ui.plain import plain
from bioner.ui.session import Session, page_link, url_text


def model_label(entry: ModelEntry, *, active: str = "") -> str:
    """Return a model's name, with its stage if it is not a finished one, and whether it is used."""
    stage = entry.card.stage if entry.card else ""
    label = f"{entry.name} ({stage})" if stage and stage != "final" else entry.name
    return f"{label} · in use" if entry.name == active else label


def offer_models(session: Session, purpose: str) -> dict[str, ModelEntry]:
    """Return the models that can tag, by name; say which cannot, and what to do if none can.

    ``purpose`` ends the sentence "There is no model here …".
    """
    entries = cache.models(session.settings)
    for entry in entries:
        if entry.problem:
            st.error(plain(f"Model {entry.name}: {entry.problem}"), icon=":material/error:")
    usable = {entry.name: entry for entry in entries if entry.can_tag}
    if not usable:
        folder = plain(str(session.settings.models))
        st.info(
            f"There is no model here {purpose}: train one, or put a model folder into {folder}.",
            icon=":material/model_training:",
        )
        page_link("Train", label="Train a model")
    return usable


def choose_model(
    session: Session, usable: Mapping[str, ModelEntry], *, key: str, place: DeltaGenerator
) -> str:
    """Let a person choose a model in ``place``: at first the link's, the last one's, that in use.

    Returns its name, which the session remembers. A name in the link that is no usable model is
    said so.
    """
    asked = url_text("model")
    if asked and asked not in usable:
        st.error(
            plain(f"There is no usable model named {asked!r}: choose one of those below."),
            icon=":material/error:",
        )
    names = list(usable)
    active = active_model(session.settings)
    first = next(name for name in (asked, session.model, active, names[0]) if name in usable)
    session.model = place.selectbox(
        "Model",
        names,
        index=names.index(first),
        key=key,
        format_func=lambda name: model_label(usable[name], active=active),
    )
    return session.model
