"""Deciding: alike waiting marks as one group, settled by one key, undone as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review.decisions import (
    BOUNDARIES,
    accept_decided,
    choice_of,
    chosen,
    following,
    said,
    settle,
    take_following,
)
from bioner.review.groups import Board, Group, Where
from bioner.store import Ruling
from bioner.store.decisions import Boundary
from bioner.ui import cache
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.alike import draw_alike
from bioner.ui.review.decided import draw_decided
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.words import many

KEYS = (*"1234567890", *(f"shift+{digit}" for digit in "1234567890"))
"""The keys of the types, as in the editor."""
NEXT = 8
"""Groups listed beside the one at work."""
ENDINGS: dict[Boundary, str] = {
    "": "as each is marked",
    "without": "without the word behind",
    "with": "with the word behind",
}


@dataclass
class DecideMemory:
    """What this part finds again: the groups as they were read, and where one is in them."""

    desk: Desk | None = None
    place: tuple[str, str] = ("", "")
    board: Board = field(default_factory=Board)
    passed: set[str] = field(default_factory=set)
    group: str = ""
    boundary: Boundary = ""
    is_open: bool = False
    excluded: set[Where] = field(default_factory=set)
    message: str = ""

    def read_again(self, message: str) -> None:
        """Read the groups anew, and say why."""
        self.desk, self.message = None, message

    def turn_to(self, group: Group) -> None:
        """Begin with another group as it is, or stay with the one at work."""
        if group.key != self.group:
            self.group, self.boundary, self.is_open = group.key, "", False
            self.excluded = set()


@st.fragment
def draw_decide(desk: Desk) -> None:
    """Draw the group that is worth most, what settles it, its examples, and which come next."""
    memory = desk.session.of(DecideMemory)
    if memory.desk is not desk:  # the page was drawn anew: others may have gone on
        _read(desk, memory)
    if memory.message:
        st.toast(plain(memory.message), icon=":material/info:", duration="long")
        memory.message = ""
    board = memory.board
    groups = [one for one in board.groups if one.key not in memory.passed]
    wide, narrow = st.columns([5, 2], gap="medium")
    with wide:
        if groups:
            memory.turn_to(groups[0])
            _draw_group(desk, memory, groups[0])
        else:
            _draw_end(desk, memory)
    with narrow:
        _draw_side(desk, memory, groups)


def _read(desk: Desk, memory: DecideMemory) -> None:
    memory.board = cache.waiting(desk.store, desk.project.name, desk.reviewer)
    memory.desk = desk
    place = desk.project.name, desk.reviewer
    if memory.place != place:
        memory.place, memory.passed = place, set()


def _draw_group(desk: Desk, memory: DecideMemory, group: Group) -> None:
    st.subheader(plain(group.surface), anchor=False)
    counts = ", ".join(f"{plain(name)} ×{n:,}" for name, n in group.labels.items())
    written = ", ".join(
        f"{plain(surface)} ×{n:,}" for surface, n in list(group.variants.items())[:6]
    )
    st.markdown(f"**{many(group.size, 'mark')}**: {counts}")
    if len(group.variants) > 1:
        st.caption(f"written {written}")
    do = partial(_do, desk, memory)
    if group.follows is not None:
        _draw_follows(desk, group, do)
    types = desk.types
    with st.container(horizontal=True):
        for key, label in zip_longest(KEYS[: len(types)], types):
            _choice_button(desk, memory, group, label, key, do)
    with st.container(horizontal=True):
        st.button(
            "No entity",
            key=f"decide_none_{group.key}",
            icon=":material/block:",
            shortcut="x",
            on_click=do,
            args=(_settle, group, choice_of(group, "")),
            **shut(desk, Action.ANNOTATE, help="Take these marks away."),
        )
        st.button(
            f"Edge: {ENDINGS[memory.boundary]}",
            key=f"decide_edge_{group.key}",
            icon=":material/format_letter_spacing:",
            shortcut="b",
            disabled=not group.has_edges,
            help="Some are marked with a word such as “gene” behind the name, or have one there.",
            on_click=_turn_edge,
            args=(memory,),
        )
        st.button(
            "Next",
            key=f"decide_next_{group.key}",
            icon=":material/skip_next:",
            shortcut="n",
            help="Leave this group for reading one by one.",
            on_click=_pass,
            args=(memory, group),
        )
        st.button(
            "Show three" if memory.is_open else "Show all",
            key=f"decide_all_{group.key}",
            icon=":material/unfold_more:",
            shortcut="a",
            on_click=_toggle,
            args=(memory,),
        )
    draw_alike(desk, group, memory.excluded, is_open=memory.is_open)


def _choice_button(
    desk: Desk,
    memory: DecideMemory,
    group: Group,
    label: str,
    key: str | None,
    do: Callable[..., None],
) -> None:
    st.button(
        plain_label(label),
        key=f"decide_{label}_{group.key}",
        type="primary" if label == group.label else "secondary",
        shortcut=key,
        on_click=do,
        args=(_settle, group, choice_of(group, label, memory.boundary)),
        **shut(desk, Action.ANNOTATE),
    )


def _draw_follows(desk: Desk, group: Group, do: Callable[..., None]) -> None:
    assert group.follows is not None
    whose = "Your" if group.follows.reviewer == desk.reviewer else f"{group.follows.reviewer}’s"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"{plain(whose)} decision on "
            f"{plain(group.follows.choice.surface)} would settle {many(group.size, 'mark')} more: "
            f"{plain(chosen(group.follows.choice))}.",
            icon=":material/history:",
        )
        st.button(
            "Follow it",
            key=f"decide_follow_{group.key}",
            shortcut="f",
            type="primary",
            on_click=do,
            args=(_settle, group, following(group)),
            **shut(desk, Action.ANNOTATE),
        )


def _do(desk: Desk, memory: DecideMemory, act: Callable[..., None], *args: object) -> None:
    try:
        act(desk, memory, *args)
    except BionerError as error:
        memory.message = str(error)


def _settle(desk: Desk, memory: DecideMemory, group: Group, ruling: Ruling) -> None:
    settled = settle(
        desk.store,
        desk.project.name,
        group,
        ruling,
        reviewer=desk.reviewer,
        excluded=memory.excluded,
        schema=desk.session.schema.fingerprint,
        session=desk.memory.session,
    )
    desk.memory.forget_opened()
    memory.board = memory.board.without(group.key)
    memory.message = f"{group.surface}, {chosen(ruling)}: {said(settled)}"


def _follow_all(desk: Desk, memory: DecideMemory) -> None:
    taken = take_following(
        desk.store,
        desk.project.name,
        memory.board,
        reviewer=desk.reviewer,
        schema=desk.session.schema.fingerprint,
        session=desk.memory.session,
    )
    desk.memory.forget_opened()
    marks = sum(one.marks for one in taken)
    memory.read_again(f"{many(len(taken), 'decision')} followed: {many(marks, 'mark')} settled")


def _accept(desk: Desk, memory: DecideMemory) -> None:
    settled = accept_decided(
        desk.store,
        desk.project.name,
        reviewer=desk.reviewer,
        schema=desk.session.schema.fingerprint,
        session=desk.memory.session,
    )
    desk.memory.forget_opened()
    memory.message = f"{many(settled.sentences, 'sentence')} accepted."


def _turn_edge(memory: DecideMemory) -> None:
    memory.boundary = BOUNDARIES[(BOUNDARIES.index(memory.boundary) + 1) % len(BOUNDARIES)]


def _pass(memory: DecideMemory, group: Group) -> None:
    memory.passed.add(group.key)


def _toggle(memory: DecideMemory) -> None:
    memory.is_open = not memory.is_open


def _draw_end(desk: Desk, memory: DecideMemory) -> None:
    if memory.passed:
        st.info(
            f"You have seen all groups; {len(memory.passed):,} were left for reading one by one "
            "(“Correct”).",
            icon=":material/task_alt:",
        )
    else:
        st.success(
            "No mark waits for a decision. New texts, or a model’s marks, bring more.",
            icon=":material/task_alt:",
        )
    st.button("Look again", key="decide_again", icon=":material/refresh:", on_click=_again,
              args=(memory,))  # fmt: skip


def _again(memory: DecideMemory) -> None:
    memory.desk, memory.passed = None, set()


def _draw_side(desk: Desk, memory: DecideMemory, groups: list[Group]) -> None:
    board = memory.board
    st.caption(f"{many(board.marks, 'mark')} in {many(len(board.groups), 'group')} wait")
    if board.test_marks:
        st.caption(
            f"{many(board.test_marks, 'mark')} more lie in “my test”: its sentences are read one "
            "by one, so that its scores mean something."
        )
    do = partial(_do, desk, memory)
    if len(board.following) > 1:
        st.button(
            f"Follow all {len(board.following):,} earlier decisions",
            key="decide_follow_all",
            icon=":material/done_all:",
            on_click=do,
            args=(_follow_all,),
            **shut(desk, Action.ANNOTATE),
        )
    for one in groups[1 : NEXT + 1]:
        st.text(f"{one.said}")
    ready = len(desk.store.decided(desk.project.name, desk.reviewer))
    if ready:
        st.button(
            f"Accept {many(ready, 'sentence')} unread",
            key="decide_accept",
            icon=":material/playlist_add_check:",
            on_click=do,
            args=(_accept,),
            **shut(
                desk,
                Action.ANNOTATE,
                help="In these sentences every mark is decided, but nobody has looked for what "
                "was missed. Accepted so, training learns from their marks, and nothing from "
                "what is not marked. Read them in “Correct” and their silence counts too.",
            ),
        )
    draw_decided(desk, memory.read_again)
