"""Restoring a backup on Home, for whoever may, with what would change."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.store import Backup, Content, look_at, restore_database
from bioner.ui.plain import plain
from bioner.ui.session import Session, show_problem
from bioner.ui.words import ago, many


def draw_restore(session: Session, backups: list[Backup], *, is_needed: bool) -> None:
    """Offer the backups, say what restoring one would change, and do it when asked twice.

    ``is_needed``: the database cannot be read, so it is unfolded.
    """
    if not backups or not session.actor.may(Action.RESTORE):
        return
    title, icon = "Restore a backup", ":material/settings_backup_restore:"
    with st.expander(title, icon=icon, expanded=is_needed):
        chosen = st.selectbox(
            "Which one",
            backups,
            format_func=lambda one: f"{ago(one.created)} ({one.reason})",
            key="restore_which",
        )
        try:
            content = look_at(Path(chosen.path))
        except BionerError as error:
            show_problem(error)
            return
        _draw_outlook(session, Path(chosen.path), content)
        sure = st.checkbox("Yes, put this backup in the database's place", key="restore_sure")
        if st.button("Restore", key="restore_do", disabled=not sure, type="primary"):
            settings = session.settings
            try:
                done = restore_database(
                    settings.database_url, settings.backups, Path(chosen.path), session.actor
                )
            except BionerError as error:
                show_problem(error)
                return
            st.cache_data.clear()
            st.success("Restored. Load the page anew to see what is here now.")
            for line in done.said():
                st.info(plain(f"{line[0].upper()}{line[1:]}."))


def _draw_outlook(session: Session, path: Path, content: Content) -> None:
    """Say what would change; of a database that nobody can read, what the backup holds."""
    try:
        ahead = session.store().look_ahead(path)
    except BionerError:
        st.caption(
            f"It holds {many(content.documents, 'text')} and {many(content.revisions, 'change')}. "
            "The database cannot be read, so nobody can count what was saved since. A damaged file "
            "is kept beside the database as it is."
        )
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
