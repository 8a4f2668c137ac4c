"""The gate on the Metrics page: its verdicts, "my test", promotion and roll-back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.evaluation import promotion
from bioner.evaluation.evaluate import evaluate_cached
from bioner.evaluation.gate import Evidence, corrected_patterns, gather
from bioner.evaluation.reports import FOLDER
from bioner.evaluation.verdicts import Decision, Verdict
from bioner.jobs.slots import device_beside_jobs
from bioner.models import catalogue
from bioner.spans import Sentence
from bioner.ui import cache
from bioner.ui.models import promote_dialog, roll_back
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, show_problem
from bioner.ui.times import when


def draw_gate(session: Session, candidate: str, against: str) -> None:
    """Draw whether a model may replace another, what was asked, and the buttons that act on it."""
    settings = session.settings
    try:
        store = session.store()
        mine = store.my_test()
        evidence = gather(
            settings, candidate, against, own_test=mine, kept=cache.evaluations(settings)
        )
        if mine and evidence.own is None:
            _offer_own_test(session, evidence, mine)
        if evidence.corpora is None and evidence.own is None:
            _draw_rollback(session)
            return
        decision = cache.decision(evidence, corrected_patterns(store.corrections()))
    except BionerError as error:
        show_problem(error)
        return
    _draw_decision(decision)
    _draw_buttons(session, decision)


def _draw_decision(decision: Decision) -> None:
    if decision.is_accepted:
        st.success(
            f"{plain(decision.candidate)} may replace {plain(decision.active)}: it passed all "
            f"{len(decision.answers)} questions.",
            icon=":material/verified:",
        )
    else:
        has_fallen = any(one.verdict is Verdict.FELL for one in decision.answers)
        verb = "should not" if has_fallen else "cannot yet"
        st.error(
            f"{plain(decision.candidate)} {verb} replace {plain(decision.active)}:\n\n"
            + "\n".join(f"- {plain(reason)}" for reason in decision.reasons)
            + ("\n\nWhat would settle it:\n\n" if decision.settles else "")
            + "\n".join(f"- {plain(settle)}" for settle in decision.settles),
            icon=":material/block:" if has_fallen else ":material/help:",
        )
    with st.expander("What the gate looked at", icon=":material/checklist:"):
        st.dataframe(
            [{"Verdict": str(c.verdict), "What": c.text} for c in decision.answers]
            + [{"Verdict": "not asked", "What": note} for note in decision.notes],
            key="metrics_gate",
            hide_index=True,
            column_config={"What": st.column_config.TextColumn(width="large")},
        )
        st.caption(
            "These limits are the gate's: a lower one holds with 95% by itself, the upper ones "
            "with 95% for all corpora together. The intervals below hold with 95% each, at both "
            "ends, so they are not the same numbers."
        )


def _draw_buttons(session: Session, decision: Decision) -> None:
    active = catalogue.active_model(session.settings)
    with st.container(horizontal=True):
        if decision.candidate != active:
            if st.button(
                f"Use {plain_label(decision.candidate)}",
                key="metrics_promote",
                type="primary" if decision.is_accepted else "secondary",
                icon=":material/verified:",
                **shut(session, Action.PROMOTE),
            ):
                promote_dialog(session, decision.candidate)
            if not decision.is_accepted and st.button(
                f"Refuse {plain_label(decision.candidate)}",
                key="metrics_refuse",
                icon=":material/block:",
                **shut(
                    session,
                    Action.PROMOTE,
                    help="Keeps the reasons on record; nothing else changes.",
                ),
            ):
                try:
                    promotion.record(
                        session.settings,
                        session.store(),
                        decision,
                        by=session.reviewer,
                        actor=session.actor,
                    )
                except BionerError as error:
                    show_problem(error)
                    return
                st.toast(f"{plain(decision.candidate)} is refused; the reasons are on record.")
        _draw_rollback(session)


def _draw_rollback(session: Session) -> None:
    target = catalogue.rollback_target(session.settings)
    if target and st.button(
        f"Back to {plain_label(target)}",
        key="metrics_rollback",
        icon=":material/undo:",
        **shut(session, Action.PROMOTE),
    ):
        roll_back(session, target, "rolled back on Metrics")


def draw_record(session: Session) -> None:
    """Draw what was promoted, refused and rolled back, by whom and why, newest first."""
    words = {"promote": "promoted", "rollback": "back to"}
    changes = [
        (one.at, words.get(one.kind, one.kind), one.name, one.by, one.reason)
        for one in catalogue.history(session.settings)
    ]
    refused = [
        (one.at, "refused", one.decision.candidate, one.by, " ".join(one.decision.reasons))
        for one in promotion.recorded(session.settings)
        if not one.decision.is_accepted
    ]
    rows = sorted((*changes, *refused), reverse=True)
    if not rows:
        return
    with st.expander("On record", icon=":material/history:"):
        st.dataframe(
            [
                {"When": when(at), "What": what, "Model": name,
                 "By": by or "–", "Why": why}
                for at, what, name, by, why in rows
            ],
            key="metrics_record",
            hide_index=True,
            column_config={"Why": st.column_config.TextColumn(width="large")},
        )  # fmt: skip


def _offer_own_test(session: Session, evidence: Evidence, mine: Sequence[Sentence]) -> None:
    """Offer to score both models on the team's own test sentences."""
    settings = session.settings
    if not st.button(
        f"Check on my test ({len(mine):,} sentences)",
        key="metrics_own_test",
        icon=":material/person_check:",
        **shut(
            session,
            Action.JOBS,
            help="Reviewed sentences that are set aside and never trained on.",
        ),
    ):
        return
    session.actor.require(Action.JOBS)
    with st.spinner("Checking on my test …"):
        for name in (evidence.candidate, evidence.active):
            evaluate_cached(
                settings.models / name,
                None,
                own_test=mine,
                reports=settings.data / FOLDER,
                device=device_beside_jobs(settings),
            )
    st.rerun()
