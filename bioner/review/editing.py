"""From the editor's operations to revisions in the store, and back to what can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bioner.errors import BionerError, StaleRevisionError, StoreError
from bioner.review.operations import Answer, Operation, Swap, Unit, apply_operation, difference
from bioner.spans import Mention
from bioner.store import Edit, ReviewItem, Revision, StaleEditError, Store, surfaces_of
from bioner.store.undo import replay
from bioner.store.values import Verdict, within

WINDOW = 50
"""How many changes the editor is given to undo before it must ask again."""

VERDICTS: dict[str, Verdict] = {"reject": "reject", "unsure": "unsure"}


@dataclass(frozen=True)
class Stale:
    """An edit that was refused because somebody saved a newer revision of the item."""

    operation: Operation
    item: int
    theirs: Revision


@dataclass(frozen=True)
class Saved:
    """What became of the operations: the answer for the editor, and what the page must act on."""

    answer: Answer = field(default_factory=Answer)
    commands: tuple[Operation, ...] = ()
    stale: tuple[Stale, ...] = ()


def save_operations(
    store: Store,
    operations: Sequence[Operation],
    *,
    handled: dict[str, str],
    note: str = "",
    schema: str = "",
) -> Saved:
    """Save each operation that is not in ``handled`` yet, in order, one revision an item.

    ``handled`` (operation id → refusal, empty if saved) is the caller's memory and is added to; an
    operation that the store has seen before, say before a restart, is recognised there. A verdict
    takes ``note``. Refused operations change nothing.
    """
    commands: list[Operation] = []
    stale: list[Stale] = []
    for operation in operations:
        if operation.op_id in handled:
            continue
        try:
            _save(store, operation, note, schema)
            handled[operation.op_id] = ""
            if operation.kind == "command":
                commands.append(operation)
        except StaleEditError as error:
            stale.append(
                Stale(operation, _item_of(store, operation, error.revision), error.revision)
            )
            handled[operation.op_id] = str(error)
        except BionerError as error:
            handled[operation.op_id] = str(error)
    refused = {one.op_id: handled[one.op_id] for one in operations if handled[one.op_id]}
    acknowledged = tuple(one.op_id for one in operations if not handled[one.op_id])
    return Saved(Answer(acknowledged, refused), tuple(commands), tuple(stale))


def _item_of(store: Store, operation: Operation, newer: Revision) -> int:
    """Return the item that a newer revision is of: the one that lies where it lies."""
    for item, _ in operation.units:
        try:
            review = store.open_item(item, operation.reviewer, claim=False)
        except StoreError:
            continue
        if (review.start, review.end) == (newer.start, newer.end):
            return item
    return operation.units[0][0] if operation.units else 0


def _save(store: Store, operation: Operation, note: str, schema: str) -> None:
    if operation.kind == "command":
        _save_verdicts(store, operation, note, schema)
    elif operation.kind in ("undo", "redo"):
        _travel(store, operation)
    else:
        _save_edit(store, operation, schema)


def _save_edit(store: Store, operation: Operation, schema: str) -> None:
    if not operation.units:
        raise StoreError("the edit names no sentence; reload the page and try again")
    several = len(operation.units) > 1
    edits = []
    for item, base in operation.units:
        op = f"{operation.op_id}/{item}" if several else operation.op_id
        review = store.open_item(item, operation.reviewer, claim=False)
        mine = part(operation, review)
        try:
            mentions = apply_operation(review.mentions, mine)
        except StaleRevisionError:
            if _is_saved(store, item, op):
                continue  # it was cut off here, or further on
            _refuse(store, review, base, operation)
            raise
        seen = dict(zip(mine.added, mine.surfaces, strict=True))
        real = surfaces_of(review.text, mentions)
        surfaces = tuple(seen.get(one, text) for one, text in zip(mentions, real, strict=True))
        edits.append(
            Edit(
                item=item,
                base=base,
                surface=review.surface,
                mentions=mentions,
                surfaces=surfaces,
                reviewer=operation.reviewer,
                note=review.note,
                schema=schema,
                op=op,
                session=operation.session,
                batch=operation.op_id if several else "",
            )
        )
    store.save_all(edits)


def part(operation: Operation, review: ReviewItem) -> Operation:
    """Return what an operation does inside one item."""
    extent = (review.start, review.end)
    inside = [
        (one, surface)
        for one, surface in zip(operation.added, operation.surfaces, strict=True)
        if within(one, extent)
    ]
    return replace(
        operation,
        removed=tuple(one for one in operation.removed if within(one, extent)),
        added=tuple(one for one, _ in inside),
        surfaces=tuple(surface for _, surface in inside),
    )


def _is_saved(store: Store, item: int, op: str) -> bool:
    return any(one.op == op or one.op.startswith(f"{op}:") for one in store.history(item))


def _refuse(store: Store, review: ReviewItem, base: int, operation: Operation) -> None:
    """Name the newer revision of somebody else, if that is why the edit does not fit."""
    newer = [
        one
        for one in store.history(review.item)
        if one.seq > base and one.session != operation.session
    ]
    if newer:
        raise StaleEditError(
            f"{newer[0].reviewer or 'somebody'} saved revision {newer[0].seq} meanwhile", newer[0]
        )


def _travel(store: Store, operation: Operation) -> None:
    item = operation.units[0][0]
    review = store.open_item(item, operation.reviewer, claim=False)
    undo, redo = stacks(store.history(item), review)
    stack = undo if operation.kind == "undo" else redo
    expected = part(operation, review)
    if not _is_saved(store, item, operation.op_id):
        if not stack:
            raise StoreError(f"there is nothing to {operation.kind} here any more")
        change = stack[-1].change
        forward = (
            (change.added, change.removed)
            if operation.kind == "undo"
            else (
                change.removed,
                change.added,
            )
        )
        if not _same(forward[0], expected.removed) or not _same(forward[1], expected.added):
            raise StoreError(
                f"the last change here is another one (revision {stack[-1].seq}); look at it first"
            )
    if operation.kind == "undo":
        store.undo(item, operation.reviewer, operation.op_id, operation.session)
    else:
        store.redo(item, operation.reviewer, operation.op_id, operation.session)


def _same(some: Iterable[Mention], others: Iterable[Mention]) -> bool:
    return sorted(map(repr, some)) == sorted(map(repr, others))


def _save_verdicts(store: Store, operation: Operation, note: str, schema: str) -> None:
    if operation.name not in ("accept", *VERDICTS):
        return
    edits = []
    for item, base in operation.units:
        review = store.open_item(item, operation.reviewer, claim=False)
        if len(operation.units) > 1 and review.verdict is not None:
            continue  # a verdict on the whole document leaves those that were given one by one
        edits.append(
            verdict_edit(
                review,
                operation.name,
                reviewer=operation.reviewer,
                base=base,
                note=note,
                schema=schema,
                op=f"{operation.op_id}/{item}",
                session=operation.session,
                batch=operation.op_id if len(operation.units) > 1 else "",
            )
        )
    store.save_all(edits)


def verdict_edit(
    review: ReviewItem,
    name: str,
    *,
    reviewer: str,
    base: int,
    note: str = "",
    schema: str = "",
    op: str,
    session: str = "",
    batch: str = "",
) -> Edit:
    """Make a verdict's edit; ``accept`` becomes ``correct`` where mentions were changed."""
    verdict: Verdict = VERDICTS.get(name, "correct" if is_corrected(review) else "accept")
    mentions = tuple(replace(one, status="reviewed") for one in review.mentions)
    return Edit(
        item=review.item,
        base=base,
        surface=review.surface,
        mentions=mentions if name == "accept" else review.mentions,
        surfaces=surfaces_of(review.text, mentions),
        reviewer=reviewer,
        verdict=verdict,
        note=note,
        model=review.predictions[0].model if review.predictions else "",
        schema=schema,
        op=op,
        session=session,
        batch=batch,
    )


def is_corrected(review: ReviewItem) -> bool:
    """Tell whether the mentions shown differ from the gold or prediction that came in."""
    came: tuple[Mention, ...] = ()
    if review.gold is not None:
        came = review.gold
    elif review.predictions:
        came = review.predictions[0].mentions
    return {(one.fragments, one.label) for one in review.mentions} != {
        (one.fragments, one.label) for one in came
    }


@dataclass(frozen=True)
class Step:
    """One change that can be undone or redone: its revision, its batch, what it did."""

    seq: int
    batch: str
    change: Swap


def stacks(revisions: Sequence[Revision], review: ReviewItem) -> tuple[list[Step], list[Step]]:
    """Replay revisions (newest first) into what can be undone and what redone, top last."""
    if not review.base:
        return [], []
    track = next((one.track for one in revisions if one.seq == review.base), "")
    here = (review.start, review.end, track)
    done, undone = replay(
        (one.kind, one) for one in reversed(revisions) if (one.start, one.end, one.track) == here
    )
    units = (review.item,)
    return (
        [Step(one.seq, one.batch, difference(one.before, one.after, units)) for one in done],
        [Step(one.seq, one.batch, difference(one.after, one.before, units)) for one in undone],
    )


def merge_steps(of_items: Iterable[Sequence[Step]]) -> list[Swap]:
    """Merge several items' steps in the order of their revisions, each batch as one change."""
    steps = sorted((step for steps in of_items for step in steps), key=lambda step: step.seq)
    merged: list[tuple[str, Swap]] = []
    for step in steps:
        if step.batch and merged and merged[-1][0] == step.batch:
            before = merged[-1][1]
            merged[-1] = (
                step.batch,
                Swap(
                    before.removed + step.change.removed,
                    before.added + step.change.added,
                    before.units + step.change.units,
                ),
            )
        else:
            merged.append((step.batch, step.change))
    return [change for _, change in merged]


def unit(review: ReviewItem) -> Unit:
    """Return an item as a part of the editor's text."""
    is_settled = review.verdict is not None
    return Unit(review.item, review.start, review.end, review.base, is_settled, review.status)
