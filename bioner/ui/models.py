"""Models as the pages offer them: their labels, the one way to choose one and to promote one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bioner.errors import BionerError
from bioner.figures import SCORE_FORMAT
from bioner.models.catalogue import ModelEntry, active_model
from bioner.ui import cache
from bioner.ui.plain import plain
from bioner.ui.session import Session, page_link, show_problem, url_text

if TYPE_CHECKING:
    from bioner.evaluation.verdicts import Decision


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


@st.dialog("Use this model?", icon=":material/verified:", width="medium")
def promote_dialog(session: Session, name: str) -> None:
    """Show both models' scores and the gate's verdicts, and make the model the one in use."""
    from bioner.evaluation import promotion  # late: choosing a model needs no gate
    from bioner.evaluation.gate import corrected_patterns, gather
    from bioner.evaluation.verdicts import Verdict

    settings = session.settings
    try:
        store = session.store()
        active = active_model(settings)
        decision = cache.decision(
            gather(
                settings,
                name,
                active,
                own_test=store.my_test(),
                kept=cache.evaluations(settings),
            ),
            corrected_patterns(store.corrections()),
        )
    except BionerError as error:
        show_problem(error)
        return
    st.write(plain(f"Pages and commands will use {name} instead of {active}."))
    draw_both_scores(decision)
    for answer in decision.blocking:
        settle = f" What would settle it: {answer.settle}" if answer.settle else ""
        is_worse = answer.verdict is Verdict.FELL
        (st.error if is_worse else st.warning)(
            plain(answer.text + settle), icon=":material/block:" if is_worse else ":material/help:"
        )
    for note in decision.notes:
        st.info(plain(note), icon=":material/info:")
    reason = st.text_input("Why", key="promote_reason", max_chars=300)
    is_ready = bool(reason.strip()) or decision.is_accepted
    if not st.button(
        "Use it" if decision.is_accepted else "Use it all the same",
        key="promote_yes",
        type="primary",
        disabled=not is_ready,
        help=None if is_ready else "The gate refuses it: write why you want it all the same.",
    ):
        return
    why = {"reason" if decision.is_accepted else "overrule": reason.strip()}
    try:
        promotion.promote(settings, store, name, by=session.reviewer, actor=session.actor, **why)
    except BionerError as error:
        show_problem(error)
        return
    session.model = name
    st.rerun()


def roll_back(session: Session, target: str, reason: str) -> None:
    """Make the earlier model ``target`` the one in use again, and the session's own."""
    from bioner.evaluation import promotion  # late: choosing a model needs no gate

    try:
        promotion.rollback(
            session.settings, session.store(), reason, session.reviewer, actor=session.actor
        )
    except BionerError as error:
        show_problem(error)
        return
    session.model = target
    st.rerun()


def draw_both_scores(decision: Decision) -> None:
    """Draw F1 of the model in use and of the candidate, side by side, where both were scored."""
    points = st.column_config.NumberColumn(format=SCORE_FORMAT)
    rows = [
        {
            "On": answer.difference.name,
            decision.active: 100 * answer.difference.a,
            decision.candidate: 100 * answer.difference.b,
            "Verdict": str(answer.verdict),
        }
        for answer in decision.answers
        if answer.difference is not None
    ]
    if rows:
        st.dataframe(
            rows,
            key="promote_scores",
            hide_index=True,
            height=35 * len(rows) + 38,
            column_config={decision.active: points, decision.candidate: points},
        )
