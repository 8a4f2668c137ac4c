"""What somebody decides about a dictionary's terms: put on record as a button is pressed.

All of it is called as a button's ``on_click``, with the terms as they were shown: what somebody
else decides meanwhile may leave other terms at the places that are ticked.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.review.dictionary import Dictionary
from bioner.review.dictionary_curation import Choice, CurationAction, curate, undo
from bioner.ui.plain import plain
from bioner.ui.session import Session


def put_on_record(session: Session, dictionary: Dictionary, choices: Sequence[Choice]) -> None:
    """Decide all of it, or say why not."""
    try:
        curate(dictionary.path, choices, types=session.schema.names, actor=session.actor)
    except BionerError as error:
        tell(str(error))


def decide(
    session: Session,
    dictionary: Dictionary,
    action: CurationAction,
    keys: tuple[str, ...],
    value: str = "",
) -> None:
    """Decide one thing about some terms."""
    put_on_record(session, dictionary, [Choice(action=action, terms=keys, value=value)])


def take_back(session: Session, dictionary: Dictionary, seen: int) -> None:
    """Undo the decision that was the newest on the page (0: none was), and say which it was."""
    try:
        last = undo(dictionary.path, actor=session.actor, seen=seen)
    except BionerError as error:
        tell(str(error))
        return
    tell("There is nothing to undo." if last is None else f"Undone: {last.said}.")


def tell(text: str) -> None:
    """Say on the page that is drawn next what came of a press."""
    st.toast(plain(text), icon=":material/info:", duration="long")
