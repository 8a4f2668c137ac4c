"""Correcting: the next sentence in the span editor, saved and led on as its operations say."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

import streamlit as st

from bioner.errors import BionerError, StoreError
from bioner.review.editing import VERDICTS, Saved, save_operations
from bioner.review.operations import Operation
from bioner.store import ReviewItem
from bioner.ui.review.clash import draw_clash
from bioner.ui.review.concepts import concept_help
from bioner.ui.review.conflicting import draw_conflicting
from bioner.ui.review.covers import draw_covers
from bioner.ui.review.desk import RENEW, Act, Desk, Memory
from bioner.ui.review.everywhere import draw_everywhere
from bioner.ui.review.guidelines import draw_guidelines, turn_to
from bioner.ui.review.header import draw_header
from bioner.ui.review.history import draw_history
from bioner.ui.review.progress import draw_empty, draw_progress
from bioner.ui.review.queue import draw_queue, draw_reasons
from bioner.ui.review.shown import view_of
from bioner.ui.review.split import cut_here, draw_split
from bioner.ui.review.survival import draw_survival, survives
from bioner.ui.session import keep_in_url, show_problem, url_text
from bioner.ui.span_editor.editor import draw_editor, received, wanted

EDITOR = "review_editor"
NOTE = "review_note"
UNDECIDED = "your edit of this sentence clashes with another's; decide above which one stays"
LINKED = re.compile(r"[0-9]{1,18}")
"""An item's number in a link: ASCII digits, fewer than a database's integers hold."""


@st.fragment
def draw_desk(desk: Desk) -> None:
    """Save what arrived from the editor, go where a command leads, draw the item that is next."""
    operations = received(EDITOR)
    saved = _save(desk, operations)
    try:
        item = _choose_item(desk)
        if item is None:
            draw_empty(desk)
            return
        reviews = _open(desk, item, {unit for one in operations for unit, _ in one.units})
    except BionerError as error:
        desk.memory.item = desk.memory.in_url = 0
        keep_in_url(item="")
        show_problem(error)
        st.button("Next sentence", key="review_after_problem", icon=":material/skip_next:")
        return
    focus = next((one for one in reviews if one.item == item), reviews[0])
    act = partial(_act, desk)
    draw_progress(desk)
    # The text has the whole width, and nothing that opens or closes stands above it.
    draw_header(desk, focus, act)
    draw_clash(desk, [one.item for one in reviews], act)
    view = view_of(desk, focus, reviews, concept_help(desk, reviews, wanted(EDITOR)))
    drawn = draw_editor(EDITOR, view, saved.answer)
    draw_survival(focus, survives(focus))
    draw_conflicting(view.clashes)
    draw_everywhere(desk, act)
    _draw_below(desk, focus, act)
    if any(one.op_id not in desk.memory.handled for one in drawn):
        st.rerun(scope="fragment")


def _act(desk: Desk, do: Callable[..., None], *args: object) -> None:
    """Save what the editor sent along with a click, then do what the click asks; see ``Act``."""
    try:
        _save(desk, received(EDITOR))
        do(*args)
    except BionerError as error:
        desk.memory.message = str(error)


def _save(desk: Desk, operations: Sequence[Operation]) -> Saved:
    memory = desk.memory
    note = str(st.session_state.get(NOTE, ""))
    _hold_back(memory, operations)
    saved = save_operations(
        desk.store,
        operations,
        handled=memory.handled,
        note=note,
        schema=desk.session.schema.fingerprint,
    )
    memory.forget_old()
    memory.stale.extend(saved.stale)
    for command in saved.commands:
        try:
            _obey(desk, command)
        except BionerError as error:  # another tab has erased or split it meanwhile
            memory.message = str(error)
    if any(one.kind in ("undo", "redo") for one in operations):
        memory.forget_opened()  # a batch may reach beyond what is on the screen
    return saved


def _hold_back(memory: Memory, operations: Sequence[Operation]) -> None:
    """Refuse a verdict on a sentence whose clash is not decided: nobody passes one unseen."""
    clashing = {one.item for one in memory.stale}
    for one in operations:
        here = {item for item, _ in one.units}
        if one.kind == "command" and one.name in ("accept", *VERDICTS) and clashing & here:
            memory.handled.setdefault(one.op_id, UNDECIDED)


def _obey(desk: Desk, command: Operation) -> None:
    memory = desk.memory
    if command.name == "everywhere":
        if command.selection and command.units:
            review = desk.open(command.units[0][0])
            start, end = command.selection
            memory.everywhere = (review.text[start:end], command.label)
        return
    if command.name == "guidelines":
        turn_to(desk, command.label, command.selection)
        return
    if command.name == "split":
        shown = [item for item, _ in command.units]  # never cut what came in its place
        if command.selection and memory.item in shown:
            cut_here(desk, memory.item, command.selection[0])
        return
    if command.name == "back":
        memory.item = memory.visited.pop() if memory.visited else memory.item
        return
    here = [item for item, _ in command.units]
    if memory.item not in here:
        return
    if command.name != "skip":
        memory.verdicts += len(here)
        memory.last_saved = max(desk.open(item).base for item in here)
    memory.visited.append(memory.item)
    desk.store.release(memory.item, desk.reviewer)
    go_on(desk, after=memory.item if command.name == "skip" else None)


def go_on(desk: Desk, after: int | None = None) -> None:
    """Take the next item of the queue; none leaves the desk empty."""
    memory = desk.memory
    found = desk.store.claim_next(
        desk.project.name, desk.reviewer, filters=desk.filters, after=after
    )
    memory.item = found.item if found else -1
    memory.renewed = time.monotonic()


def _choose_item(desk: Desk) -> int | None:
    """Return the item to show: the one at work, the URL's, or the queue's next."""
    memory = desk.memory
    place = repr((desk.project.name, desk.reviewer, desk.filters))
    wanted = url_text("item")
    if memory.place != place:
        memory.place = place
        memory.item = 0
    if LINKED.fullmatch(wanted) and int(wanted) != memory.in_url:
        memory.item = int(wanted)
    if memory.item > 0:  # its sentence may have been split or joined since
        memory.item = desk.store.successor(memory.item) or memory.item
    else:
        go_on(desk)
    if memory.item <= 0:
        keep_in_url(item="")
        memory.in_url = 0
        return None
    if wanted != str(memory.item):
        keep_in_url(item=str(memory.item))
    memory.in_url = memory.item
    if memory.note_of != memory.item:  # however one came here: the queue, the URL, a step back
        st.session_state[NOTE] = desk.open(memory.item).note
        memory.note_of = memory.item
    if time.monotonic() - memory.renewed > RENEW:
        desk.store.renew(memory.item, desk.reviewer)
        memory.renewed = time.monotonic()
    return memory.item


def _open(desk: Desk, item: int, touched: Collection[int]) -> list[ReviewItem]:
    focus = desk.open(item)
    if focus.project != desk.project.name:
        raise StoreError(
            f"sentence {item} belongs to project {focus.project!r}: choose that one above"
        )
    return desk.open_document(focus, touched) if desk.is_whole_document else [focus]


def _draw_below(desk: Desk, focus: ReviewItem, act: Act) -> None:
    why, what, more = st.columns(3, gap="medium")
    with why:
        st.text_area(
            "Note",
            key=NOTE,
            height=70,
            placeholder="Saved with the verdict",
            help="Why you decided so; others see it beside the revision.",
        )
        draw_reasons(focus)
    with what:
        draw_covers(desk, focus, act)
        draw_split(desk, focus, act)
        draw_queue(desk, act)
    with more:
        draw_guidelines(desk, focus, act)
        draw_history(desk, focus, act)
