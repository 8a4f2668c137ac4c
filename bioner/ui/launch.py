"""What a person is told before a job starts: what stops it, what to know, and its command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from bioner.jobs.folder import JobSpec
from bioner.jobs.preflight import Finding, check_launch
from bioner.jobs.specs import shown_command
from bioner.ui.plain import plain
from bioner.ui.session import Session


def draw_checks(
    session: Session, spec: JobSpec, problems: Iterable[str], *, looks: bool = True
) -> Sequence[str]:
    """Draw what stops a job, what is worth knowing, and its command; return what stops it.

    ``problems`` are those of the form. Without ``looks`` the machine itself is not looked at, as
    where somebody names folders that are not theirs to name.
    """
    stops = list(problems)
    notes: list[str] = []
    found: Sequence[Finding] = check_launch(spec, session.settings) if looks else ()
    for finding in found:
        (stops if finding.is_blocking else notes).append(finding.text)
    for text in stops:
        st.error(plain(text), icon=":material/block:")
    for text in notes:
        st.info(plain(text), icon=":material/info:")
    with st.expander("The command", icon=":material/terminal:"):
        st.code(shown_command(spec), language="sh", wrap_lines=True)
    return stops
