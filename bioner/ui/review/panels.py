"""What stands around the editor: progress, reasons, queue, guidelines, history, clashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bioner.errors import BionerError
from bioner.review.editing import Stale, part, verdict_edit
from bioner.review.operations import apply_operation, difference
from bioner.spans import Mention
from bioner.store import (
    Edit,
    Occurrence,
    Reason,
    ReviewItem,
    Revision,
    new_op,
    surfaces_of,
)
from bioner.ui.highlight import highlight_html
from bioner.ui.review.desk import Act, Desk

QUEUE_ROWS = 8


def draw_empty(desk: Desk) -> None:
    """Say why there is nothing to review, and what to do next."""
    progress = desk.store.progress(desk.project.name, desk.reviewer)
    if not progress.items:
        st.info(
            "No texts in this project yet. Open “Texts” above: paste one, upload a file with or "
            "without predictions, or take the sample sentences.",
            icon=":material/inbox:",
        )
    elif desk.filters.status == "waiting" and not any(
        (desk.filters.label, desk.filters.reason, desk.filters.document, desk.filters.text)
    ):
        st.success(
            f"Nothing is waiting: {progress.done:,} of {progress.items:,} sentences are done. "
            "Show “unsure” or “rejected” ones, add texts, or export what you have.",
            icon=":material/task_alt:",
        )
    else:
        st.info(
            "No sentence fits these filters. Change them above.", icon=":material/filter_alt_off:"
        )


def draw_progress(desk: Desk) -> None:
    """Draw how far the project is, and this tab's rate."""
    progress = desk.store.progress(desk.project.name, desk.reviewer)
    settled = progress.done + progress.rejected
    rate = desk.memory.per_hour
    parts = [
        f"{settled:,} of {progress.items:,} settled",
        f"{progress.waiting:,} waiting",
        f"{progress.open:,} begun",
        f"{progress.unsure:,} unsure",
    ]
    if rate:
        parts.append(f"{rate:,.0f} an hour")
    st.progress(settled / progress.items if progress.items else 0.0, text=" · ".join(parts))
    if desk.memory.message:
        st.toast(desk.memory.message, icon=":material/info:", duration="long")
        desk.memory.message = ""


def draw_header(desk: Desk, focus: ReviewItem, act: Act) -> None:
    """Draw which sentence this is, its state, and whether it is part of “my test”."""
    states = {
        "waiting": "not reviewed",
        "open": "begun",
        "done": f"done: {focus.verdict}",
        "unsure": "unsure",
        "rejected": "rejected",
    }
    shown = {
        "correction": "your corrections",
        "gold": "gold",
        "prediction": "predictions",
        "none": "no marks yet",
    }
    badges = [focus.document, states[focus.status], f"showing {shown[focus.layer]}"]
    if focus.is_test:
        badges.append("my test: never trained on")
    held = focus.claimed_by not in ("", desk.reviewer)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(" · ".join(badges), width="content")
        if held:
            st.button(
                "Take over",
                key="take_over",
                icon=":material/back_hand:",
                on_click=act,
                args=(_take_over, desk, focus),
            )
    if held:
        st.warning(
            f"{focus.claimed_by} has this sentence open: it is read-only here.",
            icon=":material/lock:",
        )


def draw_survival(focus: ReviewItem, counts: tuple[int, int, int, int]) -> None:
    """Say whether every mention survives the way to training, which knows flat word spans only."""
    kept, nested, joined, snapped = counts
    if not focus.mentions:
        return
    losses = [
        f"{nested} inside another left out" if nested else "",
        f"{joined} in several parts taken as one" if joined else "",
        f"{snapped} widened to whole words" if snapped else "",
    ]
    said = ", ".join(filter(None, losses))
    if said:
        st.caption(
            f":material/warning: Of {len(focus.mentions)} mentions, training sees {kept}: {said}."
        )
    else:
        st.caption(f":material/verified: All {kept} mentions survive training as they are.")


def draw_reasons(focus: ReviewItem) -> None:
    """Draw why this sentence is in the queue."""
    if focus.reasons:
        st.caption("Why this sentence")
        st.table(
            {
                "Reason": [r.name for r in focus.reasons],
                "0..1": [f"{r.score:.2f}" for r in focus.reasons],
            },
            hide_index=True,
        )


def _take_over(desk: Desk, focus: ReviewItem) -> None:
    desk.store.release(focus.item, focus.claimed_by)
    desk.store.renew(focus.item, desk.reviewer)


def draw_queue(desk: Desk, act: Act) -> None:
    """Draw the next sentences of the queue; each is one click away."""
    panel = st.expander(
        "Queue", icon=":material/format_list_numbered:", key="open_queue", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        rows = desk.store.queue(
            desk.project.name, reviewer=desk.reviewer, filters=desk.filters, limit=QUEUE_ROWS
        )
        for row in rows:
            is_here = row.item == desk.memory.item
            st.button(
                _short(row.surface),
                key=f"queue_{row.item}",
                help=_why(row.reasons),
                disabled=is_here,
                icon=":material/lock:" if row.claimed_by not in ("", desk.reviewer) else None,
                width="stretch",
                on_click=act,
                args=(_go_to, desk, row.item),
            )
        if not rows:
            st.caption("Nothing else fits the filters.")


def _go_to(desk: Desk, item: int) -> None:
    desk.memory.visited.append(desk.memory.item)
    desk.memory.item = item
    st.query_params["item"] = str(item)
    desk.store.renew(item, desk.reviewer)


def _why(reasons: Sequence[Reason]) -> str:
    return ", ".join(f"{one.name} {one.score:.2f}" for one in reasons) or "in the order of the text"


def _short(surface: str) -> str:
    plain = " ".join(surface.split())
    cut = plain if len(plain) <= 70 else plain[:68] + " …"
    for sign in "\\`*_{}[]()#+-.!|~$:<>":
        cut = cut.replace(sign, f"\\{sign}")
    return cut


def draw_guidelines(desk: Desk) -> None:
    """Draw what each type means here: by definition, in this project, in the corpora."""
    schema = desk.session.schema
    panel = st.expander(
        "Guidelines", icon=":material/menu_book:", key="open_guidelines", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        name = st.selectbox("Type", desk.project.types, key="guideline_type")
        if name is None or name not in schema.names:
            st.caption("The label schema does not define this type.")
            return
        one = schema.type(name)
        st.text(one.definition)
        if one.example:
            st.text(f"For example: {one.example}")
        own = dict(desk.project.guidelines).get(name)
        if own:
            st.text(f"In this project: {own}")
        rows = [
            (corpus, source, rule.reason)
            for corpus, mapping in schema.corpora.items()
            for source, rule in mapping.rules.items()
            if name in rule.targets
        ]
        if rows:
            st.dataframe(
                {
                    "Corpus": [row[0] for row in rows],
                    "Its type": [row[1] for row in rows],
                    "Why": [row[2] for row in rows],
                },
                hide_index=True,
                key="guideline_corpora",
            )


def draw_history(desk: Desk, focus: ReviewItem, act: Act) -> None:
    """Draw the sentence's revisions; any of them can be restored, which is a new revision."""
    panel = st.expander("History", icon=":material/history:", key="open_history", on_change="rerun")
    if not panel.open:
        return
    with panel:
        if not focus.base:
            st.caption("No revision yet.")
            return
        found = desk.store.history(focus.item)
        for one in found[:30]:
            change = difference(one.before, one.after)
            st.caption(
                f"Revision {one.seq} · {one.reviewer or 'somebody'} · {_what(one)} · {one.recorded}"
            )
            st.text(_changes(focus.text, change.removed, change.added))
            if one.note:
                st.text(f"“{one.note}”")
            if one.seq != focus.base and not one.is_erased:
                st.button(
                    f"Restore {one.seq}",
                    key=f"restore_{one.seq}",
                    icon=":material/restore:",
                    on_click=act,
                    args=(_restore, desk, one),
                )
        if len(found) > 30:
            st.caption(f"{len(found) - 30} older revisions are in the database.")


def _what(one: Revision) -> str:
    return f"{one.kind}, {one.verdict}" if one.verdict else one.kind


def _changes(text: str, removed: Sequence[Mention], added: Sequence[Mention]) -> str:
    lost = [f"− {one.label} {surface}" for one, surface in _with_surface(text, removed)]
    won = [f"+ {one.label} {surface}" for one, surface in _with_surface(text, added)]
    return "\n".join([*lost, *won]) or "no mention changed"


def _with_surface(text: str, ones: Sequence[Mention]) -> list[tuple[Mention, str]]:
    return list(zip(ones, surfaces_of(text, ones), strict=True))


def _restore(desk: Desk, one: Revision) -> None:
    desk.memory.forget_opened()
    desk.store.restore_revision(one.seq, desk.reviewer, new_op())


def draw_stale(desk: Desk, act: Act) -> None:
    """Show an edit that somebody else overtook beside theirs; the reviewer decides."""
    if not desk.memory.stale:
        return
    clash = desk.memory.stale[0]
    theirs = clash.theirs
    try:
        review = desk.open(clash.item)
        edits = _on_top(desk, clash)
    except BionerError as error:
        desk.memory.stale.remove(clash)
        st.warning(f"Your edit is not saved: {error}", icon=":material/warning:")
        return
    with st.container(border=True):
        st.markdown(
            f"**Your edit is not saved**: {theirs.reviewer or 'somebody'} saved revision "
            f"{theirs.seq} of this sentence meanwhile."
        )
        left, right = st.columns(2)
        with left:
            st.caption(f"Theirs, revision {theirs.seq}")
            _draw_mentions(desk, review, theirs.after)
        with right:
            more = f", and {len(edits) - 1} more" if len(edits) > 1 else ""
            what = f": {clash.operation.name}" if clash.operation.kind == "command" else ""
            st.caption(f"Yours, on what they saved{what}{more}")
            mine = next((one.mentions for one in edits if one.item == clash.item), review.mentions)
            _draw_mentions(desk, review, mine)
        with st.container(horizontal=True):
            st.button(
                "Keep theirs",
                key="keep_theirs",
                icon=":material/undo:",
                on_click=act,
                args=(_settle, desk, clash, []),
            )
            st.button(
                "Save mine on top",
                key="keep_mine",
                icon=":material/merge:",
                on_click=act,
                args=(_settle, desk, clash, edits),
            )


def _settle(desk: Desk, clash: Stale, edits: Sequence[Edit]) -> None:
    """Put a clash aside once what is to be kept of it is saved."""
    if clash not in desk.memory.stale:
        return
    desk.memory.forget_opened()
    if edits:
        desk.store.save_all(edits)
    desk.memory.stale.remove(clash)


def _on_top(desk: Desk, clash: Stale) -> list[Edit]:
    """Make the edits that put a refused operation, whole, on what is saved now: one an item."""
    operation = clash.operation
    batch = new_op() if len(operation.units) > 1 else ""
    edits: list[Edit] = []
    for item, _ in operation.units:
        review = desk.open(item)
        if operation.kind == "command":
            if item != clash.item and review.verdict is not None:
                continue
            edits.append(
                verdict_edit(
                    review,
                    operation.name,
                    reviewer=desk.reviewer,
                    base=review.base,
                    note=review.note,
                    schema=desk.session.schema.fingerprint,
                    op=new_op(),
                    session=desk.memory.session,
                    batch=batch,
                )
            )
            continue
        mine = part(operation, review)
        present = set(review.mentions)
        kept = replace(
            mine,
            removed=tuple(one for one in mine.removed if one in present),
            added=tuple(one for one in mine.added if one not in present),
        )
        if item == clash.item or kept.removed or kept.added:
            changed = apply_operation(review.mentions, kept)
            edits.append(_edit(desk, review, changed, batch))
    return edits


def _draw_mentions(desk: Desk, review: ReviewItem, mentions: Sequence[Mention]) -> None:
    moved = [
        replace(
            one,
            fragments=tuple((s - review.start, e - review.start) for s, e in one.fragments),
        )
        for one in mentions
    ]
    st.html(highlight_html(review.surface, moved, desk.session.schema))


def _save_mentions(desk: Desk, changes: Sequence[tuple[ReviewItem, tuple[Mention, ...]]]) -> int:
    """Save the mentions of one or several items as one batch; return how many items."""
    batch = new_op() if len(changes) > 1 else ""
    edits = [_edit(desk, review, mentions, batch) for review, mentions in changes]
    desk.memory.forget_opened()
    try:
        desk.store.save_all(edits)
    except BionerError as error:
        desk.memory.message = str(error)
        return 0
    return len(edits)


def _edit(desk: Desk, review: ReviewItem, mentions: tuple[Mention, ...], batch: str) -> Edit:
    return Edit(
        review.item,
        review.base,
        review.surface,
        mentions,
        surfaces_of(review.text, mentions),
        desk.reviewer,
        note=review.note,
        schema=desk.session.schema.fingerprint,
        op=new_op(),
        session=desk.memory.session,
        batch=batch,
    )


def draw_everywhere(desk: Desk, act: Act) -> None:
    """Preview every occurrence in the project's texts; marking them is one batch, undone as one."""
    wanted = desk.memory.everywhere
    if wanted is None:
        return
    surface, label = wanted
    with st.container(border=True):
        choices = list(desk.project.types)
        label = st.selectbox(
            f"Mark every “{_short(surface)}” in this project as",
            choices,
            index=choices.index(label) if label in choices else 0,
            key="everywhere_label",
        )
        found = _unmarked(desk, surface, label)
        st.caption(
            f"{len(found)} places in {len({one.item for one, _ in found})} sentences "
            "are not marked so yet."
        )
        for one, review in found[:20]:
            before = review.text[max(review.start, one.start - 40) : one.start]
            after = review.text[one.end : min(review.end, one.end + 40)]
            st.text(f"{one.document}: …{before}«{surface}»{after}…")
        with st.container(horizontal=True):
            st.button(
                "Mark them all",
                key="everywhere_do",
                type="primary",
                disabled=not found,
                on_click=act,
                args=(_mark, desk, found, label),
            )
            st.button(
                "Leave it", key="everywhere_leave", on_click=act, args=(_mark, desk, [], label)
            )


def _unmarked(desk: Desk, surface: str, label: str) -> list[tuple[Occurrence, ReviewItem]]:
    reviews: dict[int, ReviewItem] = {}
    found = []
    for one in desk.store.occurrences(desk.project.name, surface):
        review = reviews.setdefault(one.item, desk.open(one.item))
        same = {(m.fragments, m.label) for m in review.mentions}
        if (((one.start, one.end),), label) not in same:
            found.append((one, review))
    return found


def _mark(desk: Desk, found: Sequence[tuple[Occurrence, ReviewItem]], label: str) -> None:
    desk.memory.everywhere = None
    if not found:
        return
    by_item: dict[int, tuple[ReviewItem, list[Mention]]] = {}
    for one, review in found:
        mentions = by_item.setdefault(one.item, (review, list(review.mentions)))[1]
        place = ((one.start, one.end),)
        mentions[:] = [m for m in mentions if m.fragments != place]
        mentions.append(Mention(place, label, status="reviewed"))
    count = _save_mentions(
        desk,
        [
            (review, tuple(sorted(ones, key=lambda m: (m.start, -m.end))))
            for review, ones in by_item.values()
        ],
    )
    if count:
        desk.memory.message = f"Marked in {count} sentences; undo in any of them takes all back."
