"""The Review page's suggesters: run, tried live, audited one by one, accepted in bulk."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.figures import percent
from bioner.review.dictionary import Dictionary, dictionary_names, dictionary_path
from bioner.review.patterns import PatternSuggester
from bioner.review.precision import NO_NUMBER, Precision
from bioner.review.suggest import (
    Proposal,
    accept,
    audit_sample,
    decide,
    fill,
    lacks,
    precisions,
    said,
)
from bioner.review.suggesters import Suggester, dictionary_suggester
from bioner.spans import Document, mention
from bioner.store import QueueFilter
from bioner.ui.chips import snippet_html
from bioner.ui.intake import progress_bar, trained_here
from bioner.ui.plain import plain
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.session import page_link, show_problem
from bioner.ui.words import many

TRIED = 200
"""Waiting sentences on which a pattern is tried as it is written."""
SHOWN = 6
SECONDS = 0.5
"""How long a pattern that is tried may take over one sentence."""


def draw_suggest(desk: Desk) -> None:
    """Draw what marks the project's texts beside the model, and how right it is."""
    known = list(desk.store.suggesters(desk.project.name))
    left, right = st.columns([2, 3], gap="large") if known else (st.container(), None)
    with left:
        _draw_run(desk)
    known = known or list(desk.store.suggesters(desk.project.name))  # the first was just filled
    if not known:
        return
    with right or st.container():
        try:
            _draw_known(desk, known)
        except BionerError as error:
            show_problem(error)


def _draw_run(desk: Desk) -> None:
    st.subheader("Let something mark the texts")
    st.caption(
        "What it proposes lies beside what you see in Correct, and changes nothing of it. A second "
        "model, a list of names or a command of your own: `python -m bioner review suggest run`."
    )
    kind = st.radio(
        "What", ["A dictionary", "A pattern"], key="suggest_kind", horizontal=True,
        label_visibility="collapsed",
    )  # fmt: skip
    try:
        made = _dictionary(desk) if kind == "A dictionary" else _pattern(desk)
    except BionerError as error:
        show_problem(error)
        return
    if made is None:
        return
    closed = shut(desk, Action.IMPORT)
    if not st.button("Mark the project", key="suggest_run", icon=":material/ink_pen:", **closed):
        return
    try:
        with progress_bar() as heard:
            took = fill(
                desk.store,
                desk.project.name,
                made,
                schema=desk.session.schema.fingerprint,
                trained=trained_here(desk.session.settings),
                on_progress=heard,
            )
    except BionerError as error:
        show_problem(error)
        return
    st.success(plain(f"{made.name}: {many(took.receipt.mentions_placed, 'mark')} proposed."))
    for line in list(took.receipt.lines())[1:]:
        st.text(line)


def _dictionary(desk: Desk) -> Suggester | None:
    settings = desk.session.settings
    names = dictionary_names(settings)
    if not names:
        st.info("There is no dictionary yet.", icon=":material/menu_book:")
        page_link("Dictionary", label="Make one")
        return None
    name = st.selectbox("Dictionary", names, key="suggest_dictionary")
    made = dictionary_suggester(Dictionary(dictionary_path(settings, name)))
    if not made.names:
        st.info("None of its terms is kept yet.", icon=":material/menu_book:")
        page_link("Dictionary", label="Decide about its terms", name=name)
        return None
    st.caption(f"{many(len(made.names), 'name')} of its kept terms.")
    return made


def _pattern(desk: Desk) -> Suggester | None:
    pattern = st.text_input("Pattern", key="suggest_pattern", placeholder=r"IL-\d+", max_chars=500)
    by_token = st.toggle(
        "Word by word", key="suggest_tokens",
        help=r"Each word of the pattern stands for a whole token: IL - \d+",
    )  # fmt: skip
    label = st.selectbox("Marks it as", desk.project.types, key="suggest_type")
    if not pattern.strip():
        return None
    tried = PatternSuggester(pattern=pattern, label=label, by_token=by_token, seconds=SECONDS)
    rows = desk.store.queue(desk.project.name, filters=QueueFilter(), limit=TRIED)
    found = tried.suggest([Document(str(row.item), row.surface) for row in rows])
    hits = [one for one in found if one.mentions]
    count = sum(len(one.mentions) for one in hits)
    st.caption(f"{many(count, 'mark')} in the next {many(len(rows), 'waiting sentence')}.")
    for one in hits[:SHOWN]:
        st.html(snippet_html(one.text, one.mentions, desk.session.schema))
    return PatternSuggester(pattern=pattern, label=label, by_token=by_token)


def _draw_known(desk: Desk, known: list[str]) -> None:
    st.subheader("How right it is")
    name = st.selectbox("Suggester", known, key="suggest_name")
    target = st.select_slider(
        "Accept in bulk where it is surely right in", [0.8, 0.85, 0.9, 0.95, 0.98], value=0.95,
        key="suggest_target", format_func=percent,
    )  # fmt: skip
    found = precisions(desk.store, desk.project.name, name)
    st.dataframe(
        {
            "Type": list(found),
            "Right": [f"{one.right} of {one.audited}" for one in found.values()],
            "Surely": [percent(one.low) for one in found.values()],
            f"More for {percent(target)}": [_more(one, target) for one in found.values()],
        },
        hide_index=True,
        key="suggest_table",
    )
    if not found:
        return
    label = st.selectbox("Type", list(found), key="suggest_label")
    _draw_accept(desk, name, label, found[label], target)
    _draw_audit(desk, name, label)


def _more(one: Precision, target: float) -> str:
    more = one.more(target)
    return NO_NUMBER if more is None else "reached" if more == 0 else f"about {more:,}"


def _draw_accept(desk: Desk, name: str, label: str, known: Precision, target: float) -> None:
    if lacking := lacks(known, target):
        st.caption(f"Making all its {plain(label)} marks yours is not offered yet: {lacking}.")
        return
    closed = shut(desk, Action.ANNOTATE)
    if not st.button(
        f"Make all its {label} marks yours", key="suggest_accept", icon=":material/done_all:",
        type="primary", **closed,
    ):  # fmt: skip
        return
    done = accept(
        desk.store,
        desk.project.name,
        name,
        label,
        target=target,
        reviewer=desk.reviewer,
        schema=desk.session.schema.fingerprint,
    )
    desk.memory.forget_opened()
    st.success(
        f"{plain(said(done))}. It is one decision: *Undo* under Decide, or in any of these "
        "sentences, takes all back."
    )


def _draw_audit(desk: Desk, name: str, label: str) -> None:
    st.markdown("**Audit**: are exactly these characters of this type? A random mark each time.")
    sample = audit_sample(desk.store, desk.project.name, name, label=label, count=1)
    if not sample:
        st.info("Every waiting mark of this type is decided.", icon=":material/check:")
        return
    [one] = sample
    _draw_proposal(desk, one)
    closed = shut(desk, Action.ANNOTATE)
    with st.container(horizontal=True):
        for said_so, key, is_right in (("Right", "Y", True), ("Wrong", "N", False)):
            st.button(
                said_so,
                key=f"suggest_{said_so.lower()}",
                shortcut=key,
                on_click=_decide,
                args=(desk, name, one.id, is_right),
                **closed,
            )


def _decide(desk: Desk, name: str, id: str, is_right: bool) -> None:
    """Decide the mark that was shown: somebody else may have changed which one comes next."""
    try:
        decide(desk.store, desk.project.name, name, id, is_right=is_right, reviewer=desk.reviewer)
    except BionerError as error:
        st.toast(plain(str(error)), icon=":material/info:", duration="long")


def _draw_proposal(desk: Desk, one: Proposal) -> None:
    text = one.before + one.surface + one.after
    start = len(one.before)
    mark = mention(start, start + len(one.surface), one.mark.label)
    st.html(snippet_html(text, [mark], desk.session.schema))
    st.caption(plain(one.document))
