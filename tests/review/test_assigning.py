"""Documents are shared out evenly, a chosen part of them seen by several; the queue follows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import a_document, a_project, edit_of

from bioner.errors import StoreError
from bioner.review.assigning import assign_shares, share_out
from bioner.store import QueueFilter, Store

PEOPLE = ("ann", "bob", "cy")


@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    st.integers(2, 3),
)
@settings(max_examples=100, deadline=None)
def test_each_document_is_somebodys_and_so_many_are_seen_by_several(
    sizes: list[int], overlap: float, by: int
) -> None:
    documents = [(f"d{at}", size) for at, size in enumerate(sizes)]
    shares = share_out(documents, PEOPLE, overlap=overlap, by=by)
    assert shares.of.keys() == {name for name, _ in documents}
    counts = Counter(len(people) for people in shares.of.values())
    several = round(overlap * len(sizes))
    assert (counts[by], counts[1]) == (several, len(sizes) - several)
    loads = Counter(dict.fromkeys(PEOPLE, 0))
    for name, size in documents:
        loads.update(dict.fromkeys(shares.of[name], size))
    assert dict(loads) == shares.loads
    if not overlap:
        assert max(loads.values()) - min(loads.values()) <= max(sizes)
    assert shares == share_out(documents, PEOPLE, overlap=overlap, by=by)


def test_those_who_see_the_same_take_turns() -> None:
    documents = [(f"d{at}", 10) for at in range(90)]
    shares = share_out(documents, PEOPLE, overlap=1.0)
    pairs = Counter(shares.of.values())
    assert set(pairs.values()) == {30}
    assert set(shares.loads.values()) == {600}


@pytest.mark.parametrize(
    ("people", "overlap", "by", "told"),
    [
        ((), 0.0, 2, "name the people"),
        (("ann",), 0.2, 2, "expected 2 to 1"),
        (PEOPLE, 0.2, 4, "expected 2 to 3"),
        (PEOPLE, 1.2, 2, "120%"),
    ],
)
def test_shares_that_cannot_be_are_refused(
    people: tuple[str, ...], overlap: float, by: int, told: str
) -> None:
    with pytest.raises(StoreError, match=told):
        share_out([("d", 1)], people, overlap=overlap, by=by)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    made.create_project(a_project("both", independent=True))
    made.import_documents("both", [a_document(n, 2) for n in range(10)], model="m")
    return made


def assigned(store: Store) -> dict[str, tuple[str, ...]]:
    return {one.name: one.assignees for one in store.document_page("both").rows}


def test_shares_are_one_event_and_leave_what_is_somebodys(store: Store) -> None:
    store.assign("both", ["d3"], ["dee"], "cora")
    shares = assign_shares(store, "both", PEOPLE, overlap=1 / 3, reviewer="cora")
    assert assigned(store)["d3"] == ("dee",)
    assert (len(shares.of), shares.overlapping) == (9, 3)
    event = store.events("both", limit=1)[0]
    assert (event.who, event.after["documents"]) == ("cora", 9)
    assert event.after["assigned"] == "ann 4, bob 4, cy 4"
    assign_shares(store, "both", ["ann"], only=["d3"], is_anew=True)
    assert assigned(store)["d3"] == ("ann",)


def test_no_overlap_where_all_share_one_copy(store: Store) -> None:
    store.create_project(a_project("p"))
    store.import_documents("p", [a_document(0)])
    with pytest.raises(StoreError, match="share one copy"):
        assign_shares(store, "p", PEOPLE, overlap=0.2)
    assign_shares(store, "p", PEOPLE)
    with pytest.raises(StoreError, match="no document 'nope'"):
        assign_shares(store, "p", PEOPLE, only=["nope"])


def queue(store: Store, assigned: str, **more: object) -> list[str]:
    filters = QueueFilter(assigned=assigned, whose="ann")  # type: ignore[arg-type]
    rows = store.queue("both", reviewer="ann", filters=filters, limit=100, **more)  # type: ignore[arg-type]
    return [row.document for row in rows]


def test_ones_own_documents_come_first_or_alone(store: Store) -> None:
    store.assign("both", ["d7", "d4"], ["ann", "bob"], "cora")
    assert queue(store, "only") == ["d4", "d4", "d7", "d7"]
    first = queue(store, "first")
    assert first[:4] == ["d4", "d4", "d7", "d7"]
    assert Counter(first) == Counter(queue(store, "any"))
    filters = QueueFilter(assigned="first", whose="ann")
    pages: list[int] = []
    while part := store.queue(
        "both", reviewer="ann", filters=filters, limit=3, after=pages[-1] if pages else None
    ):
        pages += [row.item for row in part]
    assert len(pages) == len(set(pages)) == 20


def test_the_next_sentence_is_ones_own_as_long_as_there_is_one(store: Store) -> None:
    store.assign("both", ["d7"], ["ann"], "cora")
    filters = QueueFilter(assigned="first", whose="ann")
    seen = []
    for _ in range(3):
        review = store.claim_next("both", "ann", filters=filters)
        assert review is not None
        seen.append(review.document)
        store.save(edit_of(review, *review.mentions, verdict="accept", reviewer="ann"))
    assert seen[:2] == ["d7", "d7"]
    assert seen[2] != "d7"
    only = QueueFilter(assigned="only", whose="ann")
    assert store.claim_next("both", "ann", filters=only) is None
    one = store.claim_next("both", "bob", filters=QueueFilter(assigned="first", whose="bob"))
    assert one is not None
    after = store.claim_next("both", "ann", filters=filters, after=one.item)
    assert after is not None
    assert after.document != "d7"
