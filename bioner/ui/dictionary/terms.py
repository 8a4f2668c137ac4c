"""The Dictionary page's terms: found, chosen, decided about several at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bioner.access import Action
from bioner.figures import percent
from bioner.review.dictionary import PAGE, Dictionary
from bioner.review.dictionary_curation import CurationAction
from bioner.review.terms import ORDERS, STATUSES, Order, Term, Wanted
from bioner.ui.dictionary.choices import decide, take_back
from bioner.ui.dictionary.concepts import choose_vocabulary, draw_give, unlike
from bioner.ui.dictionary.one import draw_term
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import (
    Session,
    keep_in_url,
    page_key,
    url_choice,
    url_int,
    url_text,
)
from bioner.ui.words import many

ALL, UNLIKE = "all", "conflicting ids"


def draw_terms(session: Session, dictionary: Dictionary) -> None:
    """Draw the terms of a dictionary, a page at a time, and what can be decided about them."""
    wanted, order = choose_wanted(dictionary)
    vocabularies = choose_vocabulary(session)
    count = dictionary.count(wanted)
    pages = max(1, -(-count // PAGE))
    page = min(url_int("page", 1, low=1), pages)
    if pages > 1:
        key = page_key("dictionary_page")
        page = int(st.number_input(f"Page (of {pages:,})", 1, pages, page, key=key, width=160))
    keep_in_url(page=str(page) if page > 1 else "")
    terms = dictionary.terms(wanted, order=order, offset=(page - 1) * PAGE)
    if not terms:
        st.info("No term is like that.", icon=":material/search_off:")
        draw_actions(session, dictionary, [])  # what was decided last is undone here too
        return
    chosen = choose_terms(dictionary, terms)
    st.caption(
        f"{many(count, 'term')}; {len(chosen)} chosen. Tick the boxes on the left to choose; one "
        "alone shows its spellings and places."
    )
    draw_actions(session, dictionary, chosen)
    draw_give(session, dictionary, chosen, vocabularies)
    if len(chosen) == 1:
        draw_term(session, dictionary, chosen[0], vocabularies)


def choose_wanted(dictionary: Dictionary) -> tuple[Wanted, Order]:
    """Let a person say which terms, in which order; the URL keeps it."""
    places = st.columns([3, 2, 2, 2])
    text = places[0].text_input(
        "Part of a name", value=url_text("q"), key=page_key("dictionary_q"), max_chars=200
    )
    types = [ALL, *dictionary.labels()]
    label = places[1].selectbox(
        "Type",
        types,
        index=types.index(url_choice("type", types, ALL)),
        key=page_key("dictionary_type"),
    )
    states = [ALL, *STATUSES, UNLIKE]
    status = places[2].selectbox(
        "Decided",
        states,
        index=states.index(url_choice("status", states, ALL)),
        key=page_key("dictionary_status"),
    )
    order = places[3].selectbox(
        "Order by",
        ORDERS,
        index=ORDERS.index(
            next(one for one in ORDERS if one == url_choice("by", ORDERS, ORDERS[0]))
        ),
        key=page_key("dictionary_order"),
    )
    keep_in_url(
        q=text,
        type="" if label == ALL else label,
        status="" if status == ALL else status,
        by="" if order == ORDERS[0] else order,
    )
    wanted = Wanted(
        text=text,
        label="" if label == ALL else label,
        status=next((one for one in STATUSES if one == status), None),
        unlike=status == UNLIKE,
    )
    return wanted, order


def choose_terms(dictionary: Dictionary, terms: Sequence[Term]) -> list[Term]:
    """Show the terms as a table and return those that are ticked."""
    told = dictionary.told_ids([one.key for one in terms])
    rows = {
        "Term": [one.preferred for one in terms],
        "Type": [one.label for one in terms],
        "Other types": [
            ", ".join(f"{label} {count:,}" for label, count in one.labels if label != one.label)
            for one in terms
        ],
        "Mentions": [one.mentions for one in terms],
        "Texts": [one.documents for one in terms],
        "Confidence": ["" if one.score is None else percent(one.score) for one in terms],
        "Spellings": [one.variants for one in terms],
        "Decided": ["" if one.status == "new" else one.status for one in terms],
        "Concept": [one.identifier for one in terms],
        "Conflicting ids": [unlike(told, one) for one in terms],
    }
    found = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=page_key(_table_key(dictionary, terms)),
        column_config={
            "Conflicting ids": st.column_config.TextColumn(
                help="Which concepts its marks stand for in the texts, where it is not one alone."
            ),
            "Other types": st.column_config.TextColumn(help="What else its marks were, how often."),
        },
    )
    return [terms[row] for row in found["selection"]["rows"] if row < len(terms)]


def _table_key(dictionary: Dictionary, terms: Sequence[Term]) -> str:
    """Return the table's key: a tick is gone once another term stands at its place."""
    rows = "\0".join(one.key for one in terms).encode()
    return f"dictionary_table_{dictionary.name}_{hashlib.blake2b(rows, digest_size=8).hexdigest()}"


def draw_actions(session: Session, dictionary: Dictionary, chosen: Sequence[Term]) -> None:
    """Draw what can be decided about the terms that are ticked."""
    keys = tuple(one.key for one in chosen)
    closed = shut(session, Action.DICTIONARY, disabled=not keys)

    def does(action: CurationAction, keys: tuple[str, ...], value: str = "") -> dict[str, Any]:
        return {"on_click": decide, "args": (session, dictionary, action, keys, value)}

    row = st.container(horizontal=True)
    row.button(
        "Keep", key="term_keep", shortcut="K", type="primary", **does("keep", keys), **closed
    )
    row.button("Drop", key="term_drop", shortcut="X", **does("drop", keys), **closed)
    _draw_undo(row, session, dictionary)
    if not keys or not session.may(Action.DICTIONARY):
        return
    places = st.columns(2)
    label = places[0].selectbox(
        "Type", session.schema.names, index=None, key="term_type", placeholder="Another type …",
        label_visibility="collapsed",
    )  # fmt: skip
    if label:
        does_so = does("retype", keys, label)
        places[0].button(f"They are {plain_label(label)}", key="term_retype", **does_so)
    if len(chosen) < 2:
        return
    into = places[1].selectbox(
        "Merge", [one.preferred for one in chosen], index=None, key="term_into",
        placeholder="Join them as …", label_visibility="collapsed",
    )  # fmt: skip
    if into:
        home = next(one.key for one in chosen if one.preferred == into)
        others = tuple(key for key in keys if key != home)
        places[1].button("Join them", key="term_merge", **does("merge", others, home))


def _draw_undo(place: DeltaGenerator, session: Session, dictionary: Dictionary) -> None:
    newest = dictionary.newest()
    told = "Take back the newest decision, whoever made it"
    place.button(
        "Undo",
        key="term_undo",
        shortcut="Z",
        icon=":material/undo:",
        on_click=take_back,
        args=(session, dictionary, newest.seq if newest else 0),
        **shut(
            session,
            Action.DICTIONARY,
            disabled=newest is None,
            help=f"{told}: {plain(newest.said)}." if newest else "Nothing is decided yet.",
        ),
    )
