"""The end of each form of a new run: what stops it, its command, and the button that starts it."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from bioner.access import Action
from bioner.jobs.folder import JobSpec
from bioner.ui.launch import draw_checks
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import Session


def draw_start(session: Session, spec: JobSpec, problems: Iterable[str], *, key: str) -> bool:
    """Draw it; return whether somebody has pressed Start. ``problems`` are those of the form."""
    stops = draw_checks(session, spec, problems)
    return st.button(
        "Start training",
        key=key,
        shortcut="Mod+Enter",
        type="primary",
        icon=":material/play_arrow:",
        **shut(
            session,
            Action.JOBS,
            disabled=bool(stops),
            help=plain(stops[0]) if stops else "It goes on when this tab or the app is closed.",
        ),
    )
