"""A long batch is undone, made again and curated in pieces; what is cut off can be finished."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_support import (
    a_document,
    a_project,
    a_store,
    assert_state_is_replay,
    cut_off,
    edit_of,
    saved_in_each,
)

from bioner.review.curation import by_rule, curate
from bioner.spans import mention
from bioner.store import StaleEditError, Store

pytestmark = pytest.mark.slow

PIECE = 3
"""Sentences in a piece, here."""
SIZES = (1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for module in ("turns", "travelling"):
        monkeypatch.setattr(f"bioner.store.{module}.PIECE", PIECE)
    made = a_store(tmp_path, documents=0)
    yield made
    made.close()


def batch_of(store: Store, size: int) -> list[int]:
    """Accept so many sentences as one batch; return their numbers."""
    store.import_documents("p", [a_document(0, sentences=size)], model="m")
    ids = store.items_of("p", "d0")
    seen = [store.open_item(one, claim=False) for one in ids]
    gene = [mention(one.start, one.start + 5, "Gene") for one in seen]
    store.save_all([edit_of(one, mark, batch="b") for one, mark in zip(seen, gene, strict=True)])
    return ids


def statuses(store: Store, ids: list[int]) -> list[str]:
    return [store.open_item(one, claim=False).status for one in ids]


@pytest.mark.parametrize("size", SIZES)
def test_undo_and_redo_of_a_batch_go_in_pieces_and_are_one(store: Store, size: int) -> None:
    ids = batch_of(store, size)
    made = saved_in_each(store, lambda: store.undo(ids[-1], "ann", "back"))
    assert (max(made), sum(made)) == (min(size, PIECE), size)
    assert statuses(store, ids) == ["waiting"] * size
    assert len(store.undo(ids[-1], "ann", "back")) == size, "a resent one is told the same"
    again = saved_in_each(store, lambda: store.redo(ids[0], "ann"))
    assert (max(again), sum(again)) == (min(size, PIECE), size)
    assert statuses(store, ids) == ["done"] * size
    assert len(store.undo(ids[0], "ann")) == size
    assert store.undo(ids[0], "ann") == []
    assert_state_is_replay(store.database)


@pytest.mark.parametrize("size", SIZES[3:])
@pytest.mark.parametrize("after", [0, 1, PIECE, 3 * PIECE + 1])
@pytest.mark.parametrize("is_resent", [True, False])
def test_an_undo_that_was_cut_off_is_finished_by_whoever_repeats_it(
    store: Store, size: int, after: int, is_resent: bool
) -> None:
    ids = batch_of(store, size)
    if after >= size:
        return
    with cut_off(store, after):
        store.undo(ids[-1], "ann", "back")
    undone = after // PIECE * PIECE
    assert statuses(store, ids).count("waiting") == undone
    left = next(one for one in ids if store.open_item(one, claim=False).status == "done")
    finished = store.undo(ids[-1], "ann", "back") if is_resent else store.undo(left, "ann")
    assert len(finished) == size
    assert statuses(store, ids) == ["waiting"] * size
    assert len(store.redo(ids[1], "ann")) == size, "it is one batch all the same"
    assert statuses(store, ids) == ["done"] * size
    assert_state_is_replay(store.database)


def test_a_half_undone_batch_can_be_made_again_too(store: Store) -> None:
    ids = batch_of(store, 8)
    with cut_off(store, PIECE):
        store.undo(ids[-1], "ann", "back")
    assert len(store.redo(ids[-1], "ann")) == PIECE
    assert statuses(store, ids) == ["done"] * 8
    assert len(store.undo(ids[3], "ann")) == 8


def test_nothing_of_a_long_batch_is_undone_where_one_was_changed_since(store: Store) -> None:
    ids = batch_of(store, 8)
    other = store.open_item(ids[6], claim=False)
    store.save(edit_of(other, reviewer="bob"))
    with pytest.raises(StaleEditError, match="bob saved"):
        store.undo(ids[0], "ann")
    assert statuses(store, ids) == ["done"] * 8


def test_what_somebody_changes_while_a_batch_is_undone_stays(store: Store) -> None:
    ids = batch_of(store, 8)
    with cut_off(store, PIECE):
        store.undo(ids[0], "ann", "back")
    kept = next(one for one in ids if store.open_item(one, claim=False).status == "done")
    store.save(edit_of(store.open_item(kept, claim=False), reviewer="bob"))
    assert len(store.undo(ids[0], "ann", "back")) == 7
    assert store.open_item(kept, claim=False).mentions == ()
    assert statuses(store, ids).count("waiting") == 7


def curated(store: Store, size: int) -> list[int]:
    """Let two reviewers have so many sentences alike; return their numbers."""
    store.create_project(a_project("both", independent=True))
    store.import_documents("both", [a_document(0, sentences=size)], model="m")
    ids = store.items_of("both", "d0")
    for name in ("ann", "bob"):
        seen = [store.open_item(one, name, claim=False) for one in ids]
        store.save_all(
            [edit_of(s, mention(s.start, s.start + 5, "Gene"), reviewer=name) for s in seen]
        )
    return ids


@pytest.mark.parametrize("size", SIZES[2:])
def test_a_curation_goes_in_pieces_and_is_taken_back_as_one(store: Store, size: int) -> None:
    ids = curated(store, size)
    taken = by_rule(store.side_by_side("both"), "alike")
    made = saved_in_each(store, lambda: curate(store, taken, "cora"))
    assert (max(made), sum(made)) == (min(size, PIECE), size)
    [one] = store.curations("both")
    assert one.sentences == size
    gone = saved_in_each(store, lambda: store.undo_curation(ids[0], "cora"))
    assert (max(gone), sum(gone)) == (min(size, PIECE), size)
    assert store.curations("both") == []


def test_a_curation_that_was_cut_off_goes_on_or_is_taken_back(store: Store) -> None:
    ids = curated(store, 8)
    taken = by_rule(store.side_by_side("both"), "alike")
    with cut_off(store, PIECE + 1):
        curate(store, taken, "cora", op="one")
    assert store.curations("both")[0].sentences == PIECE
    assert len(store.undo_curation(ids[0], "cora")) == PIECE
    assert store.curations("both") == []
    taken = by_rule(store.side_by_side("both"), "alike")
    with cut_off(store, PIECE + 1):
        curate(store, taken, "cora", op="two")
    for _ in range(2):
        assert len(curate(store, taken, "cora", op="two").revisions) == 8
    [one] = store.curations("both")
    assert one.sentences == 8
    with cut_off(store, PIECE + 1):
        store.undo_curation(ids[0], "cora", "gone")
    assert len(store.undo_curation(ids[0], "cora", "gone")) == 8
    assert store.curations("both") == []
    assert_state_is_replay(store.database)
