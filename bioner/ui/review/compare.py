"""Two reviewers on the same sentences: how far they agree, and which of the two is chosen."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.spans import Mention
from bioner.store import Agreement, ReviewItem, new_op
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.desk import Desk
from bioner.ui.review.marks import draw_marks
from bioner.ui.roles import shut
from bioner.ui.session import show_problem

SHOWN = 20
"""How many disagreements are drawn at once."""


def draw_comparison(desk: Desk) -> None:
    """Draw the agreement of two reviewers per type and their disagreements side by side."""
    if not desk.project.independent:
        st.info(
            "The reviewers of this project share one copy, so there is nothing to compare. In a "
            "project where each corrects a copy of their own (see “Project”), this page shows how "
            "far two of them agree.",
            icon=":material/compare_arrows:",
        )
        return
    names = reviewers(desk)
    if len(names) < 2:
        st.info("It takes two reviewers: so far there is no second one.", icon=":material/group:")
        return
    with st.container(horizontal=True):
        a = st.selectbox("First", names, key="first", bind="query-params", width=200)
        others = [name for name in names if name != a]
        b = st.selectbox("Second", others, key="second", bind="query-params", width=200)
    try:
        agreement = desk.store.agreement(desk.project.name, a, b)
    except BionerError as error:
        show_problem(error)
        return
    if not agreement.items:
        st.info("They have not reviewed the same sentences yet.", icon=":material/hourglass_empty:")
        return
    _draw_scores(agreement)
    _draw_disagreements(desk, agreement)


def reviewers(desk: Desk) -> list[str]:
    """Return the names of those who may have a copy of their own."""
    listed = [name for name, role in desk.project.reviewers if role != "reader"]
    worked = desk.store.progress(desk.project.name).by_reviewer
    return list(dict.fromkeys([*listed, *sorted(name for name in worked if name)]))


def _draw_scores(agreement: Agreement) -> None:
    kinds = [label for label in agreement.exact if label != "all"]
    rows = ["all", *sorted(kinds)]
    agreed = agreement.items - len(agreement.disagreements) - agreement.settled
    st.caption(
        f"{agreement.items:,} sentences by both; {agreed:,} exactly alike. F1 of one against "
        "the other:"
    )
    st.dataframe(
        {
            "Type": rows,
            "Exact": [_round(agreement.exact.get(row)) for row in rows],
            "Overlap": [_round(agreement.overlap.get(row)) for row in rows],
            "Type only": [_round(agreement.type_only.get(row)) for row in rows],
        },
        hide_index=True,
        key="agreement",
        width="content",
    )


def _round(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)


def _draw_disagreements(desk: Desk, agreement: Agreement) -> None:
    st.subheader("Where they differ")
    if agreement.settled:
        st.caption(f"{agreement.settled:,} settled: one of the two was chosen for the shared copy.")
    if not agreement.disagreements:
        st.success(
            "Nowhere else." if agreement.settled else "Nowhere.", icon=":material/handshake:"
        )
    for item in agreement.disagreements[:SHOWN]:
        review = desk.open(item)
        with st.container(border=True):
            columns = st.columns(2)
            for column, who in zip(columns, (agreement.a, agreement.b), strict=True):
                with column:
                    st.caption(plain(who))
                    _draw_copy(desk, review, who)
                    if st.button(
                        f"Choose {plain_label(who)}’s",
                        key=f"choose_{item}_{who}",
                        **shut(desk, Action.ADJUDICATE),
                    ):
                        _choose(desk, item, who)
    if len(agreement.disagreements) > SHOWN:
        st.caption(f"{len(agreement.disagreements) - SHOWN} more follow when these are settled.")


def _draw_copy(desk: Desk, review: ReviewItem, who: str) -> None:
    mentions: tuple[Mention, ...] = ()
    if who == desk.reviewer:
        mentions = review.mentions
    else:
        mentions = next((one.mentions for one in review.others if one.reviewer == who), ())
    draw_marks(desk, review, mentions)


def _choose(desk: Desk, item: int, who: str) -> None:
    try:
        revision = desk.store.adjudicate(item, desk.reviewer, who, new_op())
    except BionerError as error:
        show_problem(error)
        return
    st.toast(f"Saved, revision {revision.seq}: {plain(who)}’s version", icon=":material/gavel:")
