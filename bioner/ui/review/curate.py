"""One sentence as several reviewers have it, mark by mark: any is taken, none, or another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from bioner.access import Action
from bioner.review.alignment import align
from bioner.review.curation import Taken, curate, seen_by, take
from bioner.spans import Mention
from bioner.store import SideBySide
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.curating import CurateMemory, said
from bioner.ui.review.desk import Desk
from bioner.ui.review.links import link_to_item
from bioner.ui.review.marks import draw_sentence
from bioner.ui.review.spots import draw_own, draw_spot
from bioner.ui.roles import shut

ALL, OPEN = "in all", "to decide"


def draw_curation(desk: Desk, memory: CurateMemory, apart: Sequence[SideBySide]) -> None:
    """Draw where reviewers differ, a sentence at a time, and what is to be saved of it."""
    st.subheader("Where they differ", anchor=False)
    left = [one for one in apart if one.chosen is None]
    settled = len(apart) - len(left)
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = st.segmented_control(
            "Sentences",
            (OPEN, ALL),
            default=OPEN,
            required=True,
            key="curate_shown",
            format_func=lambda part: f"{len(left if part == OPEN else apart):,} {part}",
            label_visibility="collapsed",
        )
        if settled:
            st.caption(f"{settled:,} settled", width="content")
    chosen = left if shown == OPEN else list(apart)
    if not chosen:
        st.success("Nowhere else." if settled else "Nowhere.", icon=":material/handshake:")
        return
    ids = [one.item for one in chosen]
    at = ids.index(memory.item) if memory.item in ids else _following(memory, ids)
    memory.item = ids[at]
    _draw_place(desk, memory, chosen, at)
    _draw_sentence(desk, memory, chosen[at])


def _following(memory: CurateMemory, ids: Sequence[int]) -> int:
    """Return the place of the sentence after the one that was open, which is settled now."""
    order = {one.item: number for number, one in enumerate(memory.sentences)}
    was = order.get(memory.item, -1)
    return next((at for at, item in enumerate(ids) if order[item] > was), 0)


def _draw_place(desk: Desk, memory: CurateMemory, chosen: Sequence[SideBySide], at: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for step, icon, to in (
            ("Before", "chevron_left", at - 1),
            ("Next", "chevron_right", at + 1),
        ):
            st.button(
                step,
                key=f"curate_go_{step}",
                icon=f":material/{icon}:",
                disabled=not 0 <= to < len(chosen),
                on_click=_go,
                args=(memory, chosen[to % len(chosen)].item),
            )
        st.caption(f"{at + 1:,} of {len(chosen):,} · {plain(chosen[at].document)}", width="content")
        link_to_item(desk, chosen[at].item, "In its document")


def _go(memory: CurateMemory, item: int) -> None:
    memory.item = item


def _draw_sentence(desk: Desk, memory: CurateMemory, sentence: SideBySide) -> None:
    names = seen_by(sentence, memory.names)
    for name in names:
        version = sentence.of(name)
        who, text = st.columns([1, 8], vertical_alignment="center")
        who.text(name)
        with text:
            draw_sentence(desk, sentence, version.mentions if version else ())
    spots = align(sentence, names)
    picks: dict[int, Mention | None] = {}
    agreed = [n for n, spot in enumerate(spots, 1) if spot.alike[0]]
    with st.container(border=True):
        for number, spot in enumerate(spots, 1):
            if number not in agreed:
                draw_spot(desk, sentence, number, spot, picks)
        if agreed:
            with st.expander(f"{len(agreed)} that all have alike"):
                for number in agreed:
                    draw_spot(desk, sentence, number, spots[number - 1], picks)
        _draw_added(desk, memory, sentence)
    _draw_result(desk, memory, sentence, picks, len(spots))


def _draw_added(desk: Desk, memory: CurateMemory, sentence: SideBySide) -> None:
    added = memory.added.setdefault(sentence.item, _curated_alone(memory, sentence))
    for at, one in enumerate(added):
        st.button(
            f"{plain_label(one.label)}: {plain_label(sentence.text_of(one))}",
            key=f"curate_go_off_{sentence.item}_{at}",
            icon=":material/close:",
            help="Nobody has this mark; it is added. Press to leave it out.",
            on_click=_leave_out,
            args=(added, at),
        )
    with st.popover("Add a mark that nobody has", icon=":material/add:"):
        made = draw_own(desk, sentence, f"{sentence.item}_{sentence.base}_added", None)
        if made is not None:
            st.button(
                "Add it", key=f"curate_go_on_{sentence.item}", on_click=added.append, args=(made,)
            )


def _leave_out(added: list[Mention], at: int) -> None:
    del added[at : at + 1]


def _curated_alone(memory: CurateMemory, sentence: SideBySide) -> list[Mention]:
    """Return the marks of the curated copy that no reviewer has."""
    if sentence.chosen is None:
        return []
    held = {
        (one.mention.fragments, one.mention.label)
        for spot in align(sentence, memory.names)
        for one in spot.variants
    }
    return [one for one in sentence.chosen.mentions if (one.fragments, one.label) not in held]


def _draw_result(
    desk: Desk,
    memory: CurateMemory,
    sentence: SideBySide,
    picks: dict[int, Mention | None],
    places: int,
) -> None:
    added = memory.added.get(sentence.item, [])
    marks = (*(one for one in picks.values() if one is not None), *added)
    st.caption("What is saved as the shared copy")
    draw_sentence(desk, sentence, marks)
    missing = places - len(picks)
    with st.container(horizontal=True, horizontal_alignment="right"):
        for name in seen_by(sentence, memory.names):
            st.button(
                f"Choose {plain_label(name)}’s",
                key=f"choose_{sentence.item}_{name}",
                on_click=memory.do,
                args=(partial(_save_whole, desk, memory, sentence, name),),
                **shut(desk, Action.ADJUDICATE, help="All of it, as it is."),
            )
        st.button(
            "Save, next",
            key=f"curate_save_{sentence.item}",
            type="primary",
            icon=":material/check:",
            on_click=memory.do,
            args=(partial(_save, desk, memory, sentence, dict(picks), tuple(added)),),
            **shut(
                desk,
                Action.ADJUDICATE,
                disabled=missing > 0,
                help="Choose for each of the marks first." if missing else None,
            ),
        )


def _save(
    desk: Desk,
    memory: CurateMemory,
    sentence: SideBySide,
    picks: dict[int, Mention | None],
    added: tuple[Mention, ...],
) -> str:
    return _keep(desk, memory, take(sentence, picks, added=added, reviewers=memory.names))


def _save_whole(desk: Desk, memory: CurateMemory, sentence: SideBySide, name: str) -> str:
    version = sentence.of(name)
    marks = version.mentions if version is not None else ()
    return _keep(desk, memory, Taken(sentence=sentence, mentions=marks))


def _keep(desk: Desk, memory: CurateMemory, taken: Taken) -> str:
    done = curate(
        desk.store,
        [taken],
        desk.reviewer,
        reviewers=memory.names,
        schema=desk.session.schema.fingerprint,
    )
    memory.added.pop(taken.sentence.item, None)
    return said(done)
