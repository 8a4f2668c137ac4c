"""Restoring a backup on Home, for whoever may, with what would change."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.store import Backup
from bioner.ui.plain import plain
from bioner.ui.session import Session, show_problem
from bioner.ui.words import ago, many


def draw_restore(session: Session, backups: list[Backup]) -> None:
    """Offer the backups, say what restoring one would change, and do it when asked twice."""
    if not backups or not session.actor.may(Action.RESTORE):
        return
    with st.expander("Restore a backup", icon=":material/settings_backup_restore:"):
        chosen = st.selectbox(
            "Which one",
            backups,
            format_func=lambda one: f"{ago(one.created)} ({one.reason})",
            key="restore_which",
        )
        try:
            ahead = session.store().look_ahead(Path(chosen.path))
        except BionerError as error:
            show_problem(error)
            return
        now, then = ahead.documents
        st.caption(
            f"{many(ahead.undone, 'change')} saved since would be undone; texts: {now:,} now, "
            f"{then:,} then. What is here now is backed up first, so this can be taken back; "
            "what was erased stays erased."
        )
        if ahead.gone:
            names = ", ".join(map(plain, ahead.gone))
            st.warning(f"Projects that this backup lacks and that would be gone: {names}")
        sure = st.checkbox("Yes, put this backup in the database's place", key="restore_sure")
        if st.button("Restore", key="restore_do", disabled=not sure, type="primary"):
            try:
                kept = session.store().restore(Path(chosen.path))
            except BionerError as error:
                show_problem(error)
                return
            st.cache_data.clear()
            st.success(f"Restored. What was here before is kept as {plain(kept.name)}.")
