"""The Review page's desk: the next sentence, the span editor, verdicts, what was looked for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from bioner.errors import BionerError, StoreError
from bioner.review.editing import WINDOW, Saved, Step, merge_steps, save_operations, unit
from bioner.review.operations import Operation
from bioner.spans import Mention, flatten
from bioner.store import Edit, ReviewItem, new_op, surfaces_of
from bioner.text import tokenize
from bioner.ui.review import panels as panels
from bioner.ui.review.desk import RENEW, Act, Desk
from bioner.ui.review.split import cut_here, draw_split
from bioner.ui.session import show_problem
from bioner.ui.span_editor.editor import Command, EditorView, Layer, draw_editor, received

EDITOR = "review_editor"
NOTE = "review_note"
LINKED = re.compile(r"[0-9]{1,18}")
"""An item's number in a link: ASCII digits, fewer than a database's integers hold."""
CONTEXT = 300
"""Characters of the document shown on either side of the sentence."""

COMMANDS = (
    Command("accept", "Accept", "Enter", "accept what is marked; next", leaves=True, primary=True),
    Command("reject", "Reject", "R", "reject the sentence: no training data; next", leaves=True),
    Command("unsure", "Unsure", "Q", "unsure: leave it to others; next", leaves=True),
    Command("skip", "Skip", "K", "next without a verdict", leaves=True),
    Command("back", "Back", "B", "the sentence before", leaves=True),
    Command(
        "everywhere",
        "Everywhere",
        "W",
        "mark every occurrence in all texts of the project",
        needs_selection=True,
    ),
    Command("split", "Split", "I", "begin a new sentence at the selection", needs_selection=True),
)


@st.fragment
def draw_desk(desk: Desk) -> None:
    """Save what arrived from the editor, go where a command leads, draw the item that is next."""
    operations = received(EDITOR)
    saved = _save(desk, operations)
    try:
        item = _choose_item(desk)
        if item is None:
            panels.draw_empty(desk)
            return
        reviews = _open(desk, item, {unit for one in operations for unit, _ in one.units})
    except BionerError as error:
        desk.memory.item = desk.memory.in_url = 0
        st.query_params.pop("item", None)
        show_problem(error)
        st.button("Next sentence", key="review_after_problem", icon=":material/skip_next:")
        return
    focus = next((one for one in reviews if one.item == item), reviews[0])
    act = partial(_act, desk)
    panels.draw_progress(desk)
    wide, narrow = st.columns([3, 1], gap="medium")
    with wide:
        panels.draw_header(desk, focus, act)
        panels.draw_stale(desk, act)
        drawn = draw_editor(EDITOR, _view(desk, focus, reviews), saved.answer)
        panels.draw_survival(focus, survives(focus))
        panels.draw_everywhere(desk, act)
    with narrow:
        _draw_side(desk, focus, act)
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


def _obey(desk: Desk, command: Operation) -> None:
    memory = desk.memory
    if command.name == "everywhere":
        if command.selection and command.units:
            review = desk.open(command.units[0][0])
            start, end = command.selection
            memory.everywhere = (review.text[start:end], command.label)
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
    wanted = st.query_params.get("item", "")
    if memory.place != place:
        memory.place = place
        memory.item = 0
    if LINKED.fullmatch(wanted) and int(wanted) != memory.in_url:
        memory.item = int(wanted)
    if memory.item <= 0:
        go_on(desk)
    if memory.item <= 0:
        st.query_params.pop("item", None)
        memory.in_url = 0
        return None
    if wanted != str(memory.item):
        st.query_params["item"] = str(memory.item)
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


def _view(desk: Desk, focus: ReviewItem, reviews: Sequence[ReviewItem]) -> EditorView:
    low, high = _window(focus, reviews)
    done: list[Sequence[Step]] = []
    undone: list[Sequence[Step]] = []
    for review in reviews:
        undo, redo = desk.steps(review)
        done.append(undo)
        undone.append(redo)
    undo_steps, redo_steps = merge_steps(done), merge_steps(undone)
    types = [one for one in desk.session.schema.types if one.name in desk.project.types]
    held = focus.claimed_by not in ("", desk.reviewer)
    return EditorView(
        view=f"{desk.project.name}/{desk.scope}/{focus.item}",
        text=focus.text[low:high],
        offset=low,
        cut=(bool(focus.text[:low].strip()), bool(focus.text[high:].strip())),
        tokens=tokenize(focus.text, low, high),
        mentions=[one for review in reviews for one in review.mentions],
        types=types,
        units=[unit(one) for one in reviews],
        title=f"{focus.document}, {len(reviews)} sentence{'s' * (len(reviews) > 1)}",
        revision=max(one.base for one in reviews),
        last_saved=desk.memory.last_saved,
        reviewer=desk.reviewer,
        session=desk.memory.session,
        covers=focus.covers,
        layers=_layers(reviews),
        commands=[_for_document(one) for one in COMMANDS] if len(reviews) > 1 else COMMANDS,
        undo=undo_steps[-WINDOW:],
        redo=redo_steps[-WINDOW:],
        has_more=(len(undo_steps) > WINDOW, len(redo_steps) > WINDOW),
        focus=(focus.start, focus.end),
        read_only=held or desk.project.role(desk.reviewer) in ("", "reader"),
        outside="Only this sentence is open: choose “Document”, or mend the sentence split",
    )


def _for_document(command: Command) -> Command:
    if command.name not in ("accept", "reject", "unsure"):
        return command
    return replace(
        command,
        label=f"{command.label} all",
        title=f"{command.name} every sentence of this document that has no verdict yet; next",
    )


def _window(focus: ReviewItem, reviews: Sequence[ReviewItem]) -> tuple[int, int]:
    """Return the part of the document to show: whole words around what may be edited."""
    if len(reviews) > 1:
        return 0, len(focus.text)
    low = max(0, focus.start - CONTEXT)
    high = min(len(focus.text), focus.end + CONTEXT)
    if low:
        gap = focus.text.find(" ", low, focus.start)
        low = focus.start if gap < 0 else gap + 1
    if high < len(focus.text):
        gap = focus.text.rfind(" ", focus.end, high)
        high = focus.end if gap < 0 else gap
    return low, high


def _layers(reviews: Sequence[ReviewItem]) -> list[Layer]:
    """Return the other layers, without the one that alone is shown as the mentions."""
    found: dict[tuple[str, str], list[Mention]] = {}
    shown = {review.layer for review in reviews}
    for review in reviews:
        if review.gold is not None and shown != {"gold"}:
            found.setdefault(("gold", "gold"), []).extend(review.gold)
        for number, one in enumerate(review.predictions):
            if number or shown != {"prediction"}:
                title = f"prediction of {one.model}" if one.model else "prediction"
                found.setdefault(("prediction", title), []).extend(one.mentions)
        for other in review.others:
            who = other.reviewer or "shared copy"
            found.setdefault(("other", who), []).extend(other.mentions)
    return [Layer(name, title, tuple(ones)) for (name, title), ones in found.items()]


def survives(review: ReviewItem) -> tuple[int, int, int, int]:
    """Count how training will see the mentions: kept, nested dropped, parts joined, edges moved."""
    from bioner.spans import Document

    document = Document(review.document, review.text, review.mentions)
    tokens = tokenize(review.text, review.start, review.end)
    _, report = flatten(document, tokens)
    return report.kept, report.nested_dropped, report.discontinuous_joined, report.snapped


def _draw_side(desk: Desk, focus: ReviewItem, act: Act) -> None:
    panels.draw_reasons(focus)
    _draw_covers(desk, focus, act)
    st.text_area(
        "Note",
        key=NOTE,
        height=70,
        placeholder="Saved with the verdict",
        help="Why you decided so; others see it beside the revision.",
    )
    draw_split(desk, focus, act)
    panels.draw_queue(desk, act)
    panels.draw_guidelines(desk)
    panels.draw_history(desk, focus, act)


def _draw_covers(desk: Desk, focus: ReviewItem, act: Act) -> None:
    key = f"covers_{focus.item}_{focus.base}"
    types = [one for one in desk.project.types if one]
    known = sorted(focus.covers & set(types), key=types.index)
    with st.popover(f"Looked for: {len(known)} of {len(types)} types", width="stretch"):
        st.pills(
            "What was looked for in this sentence",
            types,
            selection_mode="multi",
            default=known,
            key=key,
            on_change=_save_covers,
            args=(desk, focus.item, key),
            help="Only for these types is the absence of a mark evidence. The rest is hatched.",
        )
        st.button(
            "As the project",
            key=f"{key}_reset",
            disabled=set(known) == set(desk.project.covers),
            on_click=act,
            args=(_record_covers, desk, focus.item, desk.project.covers),
        )


def _save_covers(desk: Desk, item: int, key: str) -> None:
    chosen = st.session_state.get(key) or []
    _act(desk, _record_covers, desk, item, frozenset(chosen))


def _record_covers(desk: Desk, item: int, covers: frozenset[str]) -> None:
    try:
        review = desk.open(item)
        outside = review.covers - set(desk.project.types)
        desk.store.save(
            Edit(
                item,
                review.base,
                review.surface,
                review.mentions,
                surfaces_of(review.text, review.mentions),
                desk.reviewer,
                verdict=review.verdict,
                covers=covers | outside,
                note=review.note,
                schema=desk.session.schema.fingerprint,
                op=new_op(),
                session=desk.memory.session,
            )
        )
    except BionerError as error:
        desk.memory.message = str(error)
