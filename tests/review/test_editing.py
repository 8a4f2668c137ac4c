"""From operations to revisions: saved once, undone exactly, never over somebody else's work."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bioner.review.editing import merge_steps, save_operations, stacks
from bioner.review.operations import Operation
from bioner.spans import Document, Mention, mention
from bioner.store import Edit, Project, Store, new_op, surfaces_of

TEXT = "BRCA1 binds p53. Then 👩‍🔬 α-synuclein binds p53 again."
RANGES = ((0, 16), (17, len(TEXT)))
TYPES = ("Gene", "Protein", "Cell")
numbers = itertools.count(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    one = Store(f"sqlite:///{tmp_path / 'b.sqlite3'}", tmp_path / "backups")
    one.create_project(Project("P", TYPES, frozenset(TYPES)))
    predicted = (mention(0, 5, "Gene", status="predicted", score=0.8),)
    one.import_documents("P", [Document("d", TEXT, predicted, RANGES)], model="m")
    yield one
    one.close()


def items(store: Store) -> list[int]:
    return store.items_of("P", "d")


def made(store: Store, kind: str, ids: list[int], **given: object) -> Operation:
    added = given.pop("added", ())
    return Operation(
        op_id=new_op(),
        seq=next(numbers),
        view="v",
        session=str(given.pop("session", "tab")),
        reviewer=str(given.pop("reviewer", "Ann")),
        kind=kind,  # type: ignore[arg-type]
        added=added,  # type: ignore[arg-type]
        surfaces=surfaces_of(TEXT, added),  # type: ignore[arg-type]
        units=tuple((item, store.open_item(item, "Ann", claim=False).base) for item in ids),
        **given,  # type: ignore[arg-type]
    )


def shown(store: Store, item: int) -> tuple[Mention, ...]:
    return store.open_item(item, "Ann", claim=False).mentions


def changed(
    mentions: tuple[Mention, ...], removed: tuple[Mention, ...], added: tuple[Mention, ...]
) -> list[Mention]:
    rest = list(mentions)
    for one in removed:
        rest.remove(one)
    return [*rest, *added]


def test_an_operation_that_arrives_twice_is_saved_once(store: Store) -> None:
    first = items(store)[0]
    p53 = mention(12, 15, "Protein", status="reviewed")
    gone = shown(store, first)[0]
    for operation in (
        made(store, "add", [first], added=(p53,)),
        made(store, "delete", [first], removed=(gone,)),
    ):
        for _ in range(2):
            saved = save_operations(store, [operation], handled={})
            assert saved.answer.acknowledged == (operation.op_id,)
    assert shown(store, first) == (p53,)
    assert len(store.history(first)) == 2


def test_a_wrong_surface_is_refused_and_changes_nothing(store: Store) -> None:
    first = items(store)[0]
    before = shown(store, first)
    operation = made(store, "add", [first], added=(mention(12, 15, "Protein"),))
    wrong = Operation(
        op_id=operation.op_id, seq=1, view="v", session="tab", reviewer="Ann", kind="add",
        added=operation.added, surfaces=("p54",), units=operation.units,
    )  # fmt: skip
    saved = save_operations(store, [wrong], handled={})
    assert "p54" in saved.answer.refused[wrong.op_id]
    assert shown(store, first) == before


def test_an_edit_that_was_overtaken_is_shown_not_applied(store: Store) -> None:
    first = items(store)[0]
    mine = made(store, "add", [first], added=(mention(12, 15, "Protein"),))
    review = store.open_item(first, "Bob", claim=False)
    store.save(
        Edit(
            item=first,
            base=review.base,
            surface=review.surface,
            mentions=(),
            surfaces=(),
            reviewer="Bob",
            session="another tab",
        )
    )
    saved = save_operations(store, [mine], handled={})
    assert [one.theirs.reviewer for one in saved.stale] == ["Bob"]
    assert mine.op_id in saved.answer.refused
    assert shown(store, first) == ()


@pytest.mark.parametrize("kind", ["undo", "redo"])
def test_an_edit_made_before_the_answer_to_ones_own_undo_is_no_clash(
    store: Store, kind: str
) -> None:
    first = items(store)[0]
    added = made(store, "add", [first], added=(mention(12, 15, "Protein", status="reviewed"),))
    undone = replace(added, op_id=new_op(), kind="undo", removed=added.added, added=(), surfaces=())
    redone = replace(added, op_id=new_op(), kind="redo")
    later = replace(
        added,
        op_id=new_op(),
        added=(mention(6, 11, "Cell", status="reviewed"),),
        surfaces=("binds",),
    )
    sent = [added, undone, *([redone] if kind == "redo" else []), later]
    saved = save_operations(store, sent, handled={})
    assert saved.stale == ()
    assert saved.answer.acknowledged == tuple(one.op_id for one in sent)
    assert "Cell" in [one.label for one in shown(store, first)]


def test_removing_what_somebody_else_removed_is_named_as_overtaken(store: Store) -> None:
    first = items(store)[0]
    mine = made(store, "delete", [first], removed=shown(store, first))
    review = store.open_item(first, "Bob", claim=False)
    store.save(
        Edit(
            item=first,
            base=review.base,
            surface=review.surface,
            mentions=(),
            surfaces=(),
            reviewer="Bob",
            session="other",
        )
    )
    saved = save_operations(store, [mine], handled={})
    assert [one.theirs.reviewer for one in saved.stale] == ["Bob"]


def test_one_operation_over_two_sentences_is_undone_as_one(store: Store) -> None:
    first, second = items(store)
    start = TEXT.rindex("p53")
    both = (mention(12, 15, "Protein"), mention(start, start + 3, "Protein"))
    before = shown(store, first), shown(store, second)
    batch = made(store, "batch", [first, second], added=both)
    save_operations(store, [batch], handled={})
    assert len(shown(store, first)) == 2
    assert len(shown(store, second)) == 1
    reviews = [store.open_item(item, "Ann", claim=False) for item in (first, second)]
    undo = merge_steps([stacks(store.history(one.item), one)[0] for one in reviews])
    assert [len(one.added) for one in undo] == [2]
    back = made(store, "undo", list(undo[-1].units), removed=undo[-1].added)
    saved = save_operations(store, [back], handled={})
    assert saved.answer.acknowledged == (back.op_id,)
    assert (shown(store, first), shown(store, second)) == before


def test_undo_that_would_take_back_another_change_is_refused(store: Store) -> None:
    first = items(store)[0]
    add = made(store, "add", [first], added=(mention(12, 15, "Protein"),))
    save_operations(store, [add], handled={})
    review = store.open_item(first, "Bob", claim=False)
    save_operations(
        store,
        [made(store, "delete", [first], removed=(review.mentions[0],), reviewer="Bob")],
        handled={},
    )
    back = made(store, "undo", [first], removed=add.added)
    saved = save_operations(store, [back], handled={})
    assert "another one" in saved.answer.refused[back.op_id]


@pytest.mark.parametrize("seed", range(4))
def test_the_replayed_stacks_are_what_the_store_undoes(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    item = items(store)[1]
    starts = [TEXT.index(word, 17) for word in ("Then", "α", "binds", "p53", "again")]
    for _ in range(25):
        review = store.open_item(item, "Ann", claim=False)
        undo, redo = stacks(store.history(item), review)
        kind = chance.choice(["add", "add", "delete", "undo", "undo", "redo"])
        removed: tuple[Mention, ...] = ()
        added: tuple[Mention, ...] = ()
        if kind == "add":
            start = chance.choice(starts)
            added = (mention(start, start + 1, chance.choice(TYPES), status="reviewed"),)
        elif kind == "delete":
            if not review.mentions:
                continue
            removed = (chance.choice(review.mentions),)
        else:
            stack = undo if kind == "undo" else redo
            if not stack:
                continue
            change = stack[-1].change
            forward = (change.removed, change.added)
            removed, added = forward if kind == "redo" else forward[::-1]
        operation = made(store, kind, [item], removed=removed, added=added)
        expected = sorted(map(repr, changed(review.mentions, removed, added)))
        saved = save_operations(store, [operation], handled={})
        assert saved.answer.acknowledged == (operation.op_id,)
        assert sorted(map(repr, shown(store, item))) == expected


def test_accept_becomes_correct_where_mentions_were_changed(store: Store) -> None:
    first, second = items(store)
    add = made(store, "add", [first], added=(mention(12, 15, "Protein"),))
    save_operations(store, [add], handled={})
    for item, verdict in ((first, "correct"), (second, "accept")):
        operation = made(store, "command", [item], name="accept")
        saved = save_operations(store, [operation], handled={}, note="why")
        assert saved.commands == (operation,)
        review = store.open_item(item, "Ann", claim=False)
        assert (review.verdict, review.note) == (verdict, "why")
        assert all(one.status == "reviewed" for one in review.mentions)
    assert len(store.corrections("P")) == 2
