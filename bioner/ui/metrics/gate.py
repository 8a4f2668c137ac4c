"""The gate on the Metrics page: its verdict, "my test", promotion and roll-back."""

from __future__ import annotations

import streamlit as st

from bioner.errors import BionerError
from bioner.evaluation import gate
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.gate import EvaluationPair, Pattern
from bioner.evaluation.keys import evaluation_key
from bioner.evaluation.reports import FOLDER, find_evaluation
from bioner.models import catalogue
from bioner.ui import cache
from bioner.ui.session import Session, show_problem


def draw_gate(session: Session, candidate: str, against: str, found: EvaluationPair | None) -> None:
    """Draw whether a model may replace another, what was looked at, and the buttons that act on it.

    ``found``: both models' reports on the corpora; without them only "my test" can speak.
    """
    try:
        own, patterns = _check_own_test(session, candidate, against)
        if found is not None:
            decision = cache.decision(*found, own=own, patterns=patterns)
        elif own is not None:
            decision = cache.decision(*own, own=None, patterns=patterns)
        else:
            _draw_rollback(session)
            return
    except BionerError as error:
        show_problem(error)
        return
    _draw_decision(decision)
    _draw_buttons(session, decision)


def _draw_decision(decision: gate.Decision) -> None:
    if decision.is_accepted:
        st.success(
            f"{decision.candidate} may replace {decision.active}: nothing that was checked got "
            "worse.",
            icon=":material/verified:",
        )
    else:
        st.error(
            f"{decision.candidate} should not replace {decision.active}:\n\n"
            + "\n".join(f"- {reason}" for reason in decision.reasons),
            icon=":material/block:",
        )
    with st.expander("What the gate looked at", icon=":material/checklist:"):
        words = {True: "passed", False: "failed", None: "not checked"}
        st.dataframe(
            [{"Verdict": words[c.is_passed], "What": c.text} for c in decision.checks],
            key="metrics_gate",
            hide_index=True,
            column_config={"What": st.column_config.TextColumn(width="large")},
        )


def _draw_buttons(session: Session, decision: gate.Decision) -> None:
    active = catalogue.active_model(session.settings)
    with st.container(horizontal=True):
        if decision.candidate != active:
            if st.button(
                f"Use {decision.candidate}",
                key="metrics_promote",
                type="primary" if decision.is_accepted else "secondary",
                icon=":material/verified:",
            ):
                _promote_dialog(session, decision)
            if not decision.is_accepted and st.button(
                f"Refuse {decision.candidate}",
                key="metrics_refuse",
                icon=":material/block:",
                help="Keeps the reasons on record; nothing else changes.",
            ):
                gate.record(session.settings, decision, by=session.reviewer)
                st.toast(f"{decision.candidate} is refused; the reasons are on record.")
        _draw_rollback(session)


def _draw_rollback(session: Session) -> None:
    target = catalogue.rollback_target(session.settings)
    if target and st.button(f"Back to {target}", key="metrics_rollback", icon=":material/undo:"):
        try:
            catalogue.rollback(session.settings, "rolled back on Metrics", session.reviewer)
        except BionerError as error:
            show_problem(error)
            return
        session.model = target
        st.rerun()


def draw_record(session: Session) -> None:
    """Draw what was promoted, refused and rolled back, by whom and why, newest first."""
    words = {"promote": "promoted", "rollback": "back to"}
    changes = [
        (one.at, words.get(one.kind, one.kind), one.name, one.by, one.reason)
        for one in catalogue.history(session.settings)
    ]
    refused = [
        (one.at, "refused", one.decision.candidate, one.by, " ".join(one.decision.reasons))
        for one in gate.recorded(session.settings)
        if not one.decision.is_accepted
    ]
    rows = sorted((*changes, *refused), reverse=True)
    if not rows:
        return
    with st.expander("On record", icon=":material/history:"):
        st.dataframe(
            [
                {"When (UTC)": at[:16].replace("T", " "), "What": what, "Model": name,
                 "By": by or "–", "Why": why}
                for at, what, name, by, why in rows
            ],
            key="metrics_record",
            hide_index=True,
            column_config={"Why": st.column_config.TextColumn(width="large")},
        )  # fmt: skip


@st.dialog("Use this model?", icon=":material/verified:")
def _promote_dialog(session: Session, decision: gate.Decision) -> None:
    st.write(
        f"Pages and commands will use **{decision.candidate}** instead of "
        f"**{catalogue.active_model(session.settings)}**."
    )
    for text in decision.reasons:
        st.error(text, icon=":material/block:")
    for text in decision.unchecked:
        st.warning(text, icon=":material/help:")
    reason = st.text_input("Why", key="metrics_reason", max_chars=300)
    is_ready = bool(reason.strip()) or decision.is_accepted
    overrule = "Use it all the same" if decision.reasons else "Use it"
    if st.button(
        overrule,
        key="metrics_promote_yes",
        type="primary",
        disabled=not is_ready,
        help=None if is_ready else "The gate refuses it: write why you want it all the same.",
    ):
        verdict_text = (
            decision.summary if decision.is_accepted else f"Overruled: {decision.summary}"
        )
        try:
            gate.record(session.settings, decision, by=session.reviewer)
            catalogue.promote(
                session.settings,
                decision.candidate,
                f"{reason.strip()} {verdict_text}".strip(),
                session.reviewer,
            )
        except BionerError as error:
            show_problem(error)
            return
        session.model = decision.candidate
        st.rerun()


def _check_own_test(
    session: Session, candidate: str, active: str
) -> tuple[EvaluationPair | None, frozenset[Pattern]]:
    """Return both models' reports on the team's own test sentences; offer to make them."""
    settings = session.settings
    store = cache.store(settings.database_url, str(settings.backups))
    mine = store.my_test()
    if not mine:
        return None, frozenset()
    patterns = gate.corrected_patterns(store.corrections())
    reports = settings.data / FOLDER
    folders = (settings.models / candidate, settings.models / active)
    found = [find_evaluation(evaluation_key(one, None, own_test=mine), reports) for one in folders]
    if found[0] and found[1]:
        return (found[0], found[1]), patterns
    if st.button(
        f"Check on my test ({len(mine):,} sentences)",
        key="metrics_own_test",
        icon=":material/person_check:",
        help="Reviewed sentences that are set aside and never trained on.",
    ):
        with st.spinner("Checking on my test …"):
            for folder in folders:
                evaluate_cached(
                    folder,
                    None,
                    own_test=mine,
                    reports=reports,
                    device=settings.device,
                )
        st.rerun()
    return None, patterns
