"""An operation on a whole document that was cut off is finished when the browser sends it again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_support import a_document, a_store, assert_state_is_replay, cut_off, edit_of

from bioner.errors import StoreError
from bioner.review.editing import Saved, save_operations
from bioner.review.operations import Operation
from bioner.spans import mention
from bioner.store import Store

PIECE = 3
"""Sentences in a piece, here."""
SIZE = 2 * PIECE + 2


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for module in ("turns", "travelling", "reviewing"):
        monkeypatch.setattr(f"bioner.store.{module}.PIECE", PIECE)
    made = a_store(tmp_path, documents=0)
    made.import_documents("p", [a_document(0, sentences=SIZE)], model="m")
    yield made
    made.close()


def operation(store: Store, kind: str) -> Operation:
    """A verdict, marks added or marks taken away in every sentence of the document."""
    seen = [store.open_item(one, "ann", claim=False) for one in store.items_of("p", "d0")]
    given = {
        "accept": {"kind": "command", "name": "accept"},
        "add": {
            "kind": "batch",
            "added": tuple(mention(one.start + 6, one.start + 13, "Disease") for one in seen),
            "surfaces": ("variant",) * len(seen),
        },
        "remove": {"kind": "batch", "removed": tuple(one.mentions[0] for one in seen)},
    }[kind]
    return Operation(
        op_id="one",
        seq=1,
        view="v",
        session="tab",
        reviewer="ann",
        units=tuple((one.item, one.base) for one in seen),
        **given,  # type: ignore[arg-type]
    )


def changed(store: Store) -> list[int]:
    """The sentences that have a revision."""
    return [
        one
        for one in store.items_of("p", "d0")
        if store.open_item(one, claim=False).layer == "correction"
        or store.open_item(one, claim=False).verdict is not None
    ]


def sent(store: Store, one: Operation) -> Saved:
    return save_operations(store, [one], handled={})


@pytest.mark.parametrize("kind", ["accept", "add", "remove"])
@pytest.mark.parametrize("seed", range(2))
def test_what_was_cut_off_is_finished_when_it_is_sent_again_and_undone_as_one(
    store: Store, kind: str, seed: int
) -> None:
    ids = store.items_of("p", "d0")
    one = operation(store, kind)
    after = random.Random(seed).randrange(PIECE, SIZE)
    with cut_off(store, after):
        raise_refusals(sent(store, one))
    assert len(changed(store)) == after // PIECE * PIECE
    for _ in range(2):
        assert sent(store, one).answer.acknowledged == ("one",)
        assert changed(store) == ids
    assert len(store.undo(ids[seed], "ann")) == SIZE
    assert changed(store) == []
    assert_state_is_replay(store.database)


def raise_refusals(saved: Saved) -> None:
    """Raise why an operation was refused, as one that is killed would have been told nothing."""
    for reason in saved.answer.refused.values():
        raise StoreError(reason)


def test_a_verdict_that_somebody_overtakes_amidst_is_a_clash_of_that_sentence(
    store: Store,
) -> None:
    ids = store.items_of("p", "d0")
    one = operation(store, "accept")
    with cut_off(store, PIECE):
        raise_refusals(sent(store, one))
    last = store.open_item(ids[-1], claim=False)
    store.save(edit_of(last, verdict=None, reviewer="bob"))
    [clash] = sent(store, one).stale
    assert (clash.item, clash.theirs.reviewer) == (ids[-1], "bob")
