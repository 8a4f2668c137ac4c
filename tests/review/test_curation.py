"""Curating by mark: aligned, taken, saved as the shared copy, undone as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import a_document, a_project, edit_of, reviewed_by_two

from bioner.errors import BionerError, StoreError
from bioner.review.alignment import align
from bioner.review.curation import Taken, by_rule, curate, settle_by_rule
from bioner.spans import Mention, mention
from bioner.store import SideBySide, StaleEditError, Store, Version

COVERS = frozenset({"Gene", "Disease"})
Marks = list[tuple[int, int, str]]


def sentence(*sides: Marks, covers: frozenset[str] = COVERS) -> SideBySide:
    """A sentence of 40 characters as annotators a, b, … have it."""
    return SideBySide(
        item=1, document="d", start=0, end=40, surface="x" * 40, tokens=((0, 40),),
        versions=tuple(
            Version(reviewer=chr(97 + at), mentions=tuple(mention(*one) for one in side),
                    covers=covers, seq=at + 1)
            for at, side in enumerate(sides)
        ),
        chosen=None, base=0, is_test=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "kinds"),
    [
        ([(0, 5, "Gene")], [(0, 5, "Gene")], ["alike"]),
        ([(0, 5, "Gene")], [(0, 5, "Disease")], ["type"]),
        ([(0, 5, "Gene")], [(0, 9, "Gene")], ["edges"]),
        ([(0, 5, "Gene")], [(3, 9, "Disease")], ["both"]),
        ([(0, 5, "Gene")], [], ["some"]),
        ([(0, 5, "Gene")], [(6, 9, "Gene")], ["some", "some"]),
        # What is nested in a mark that both have is a place of its own.
        ([(0, 9, "Disease"), (0, 5, "Gene")], [(0, 9, "Disease")], ["alike", "some"]),
        # One long mark against two: the second of them has no counterpart.
        ([(0, 14, "Gene")], [(0, 5, "Gene"), (10, 14, "Gene")], ["edges", "some"]),
        # The same words before overlapping ones.
        ([(0, 9, "Gene"), (5, 9, "Gene")], [(5, 9, "Disease")], ["some", "type"]),
    ],
)
def test_marks_of_two_are_aligned(left: Marks, right: Marks, kinds: list[str]) -> None:
    assert [spot.kind for spot in align(sentence(left, right))] == kinds


def test_most_count_of_three_and_who_did_not_look_has_no_say() -> None:
    [spot] = align(sentence([(0, 5, "Gene")], [(0, 5, "Gene")], [(0, 5, "Disease")]))
    assert [one.holders for one in spot.variants] == [("a", "b"), ("c",)]
    assert spot.majority == (True, mention(0, 5, "Gene", status="reviewed"))
    [spot] = align(sentence([(0, 5, "Gene")], [], []))
    assert spot.majority == (True, None)
    [spot] = align(sentence([(0, 5, "Gene")], [(0, 9, "Gene")]))
    assert spot.majority[0] is False
    [spot] = align(sentence([(0, 5, "Gene")], [], covers=frozenset({"Disease"})))
    assert (spot.without, spot.unlooked, spot.kind) == ((), ("b",), "alike")


spans = st.tuples(st.integers(0, 9), st.integers(1, 5), st.sampled_from(["Gene", "Disease"])).map(
    lambda one: (one[0], one[0] + one[1], one[2])
)


@given(st.lists(st.lists(spans, max_size=5), min_size=2, max_size=4))
@settings(max_examples=100, deadline=None)
def test_every_mark_stands_in_one_place_and_none_holds_two_of_one(sides: list[Marks]) -> None:
    whole = sentence(*sides)
    spots = align(whole)
    for side, name in zip(sides, "abcd", strict=False):
        mine = [v for spot in spots for v in spot.variants if name in v.holders]
        assert sorted((v.mention.start, v.mention.end, v.mention.label) for v in mine) == sorted(
            side
        )
        assert all(sum(name in v.holders for v in spot.variants) <= 1 for spot in spots)
    assert [spot.kind for spot in align(sentence(sides[0], sides[0]))] == ["alike"] * len(sides[0])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Ann and Bob have three sentences: alike, another type, only one has it."""
    made = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    return reviewed_by_two(made)


def shown(store: Store, item: int) -> tuple[list[tuple[int, int, str]], str | None]:
    review = store.open_item(item, claim=False)
    return [(m.start, m.end, m.label) for m in review.mentions], review.verdict


def test_what_is_taken_is_the_shared_copy_with_its_curator(store: Store) -> None:
    one = store.side_by_side("both")[1]
    other = mention(0, 13, "Gene", status="reviewed")
    done = curate(store, [Taken(sentence=one, mentions=(other,))], "cora")
    [revision] = done.revisions
    assert (revision.kind, revision.reviewer, revision.track) == ("adjudicate", "cora", "")
    assert shown(store, one.item) == ([(0, 13, "Gene")], "correct")
    assert store.agreement("both", "ann", "bob").settled == 1
    assert [s.spans[0].label for s in store.corrections("both", include_test=True)][1] == "Gene"
    ann = store.open_item(one.item, "ann", claim=False)
    assert [m.label for m in ann.mentions] == ["Gene"]


def test_all_that_is_alike_is_one_batch_and_undone_as_one(store: Store) -> None:
    before = store.side_by_side("both")
    assert [len(by_rule(before, rule)) for rule in ("alike", "majority")] == [1, 1]
    store.import_documents("both", [a_document(7, 1)], model="m")
    [item] = store.items_of("both", "d7")
    for name in ("ann", "bob"):
        store.save(edit_of(store.open_item(item, name), mention(0, 5, "Gene"), reviewer=name))
    done = settle_by_rule(store, "both", "alike", "cora")
    assert len(done.revisions) == 2
    assert len({one.batch for one in done.revisions} - {""}) == 1
    [found] = store.curations("both")
    assert (found.sentences, found.reviewer) == (2, "cora")
    again = Store(store.database.url, store.folder)
    assert len(again.undo_curation(found.item, "cora")) == 2
    assert store.curations("both") == []
    assert shown(store, item)[1] is None
    assert len(by_rule(store.side_by_side("both"), "alike")) == 2


def test_a_choice_among_versions_that_changed_since_is_not_saved(store: Store) -> None:
    one = store.side_by_side("both")[1]
    review = store.open_item(one.item, "bob")
    store.save(edit_of(review, mention(0, 5, "Gene"), reviewer="bob"))
    done = curate(store, [Taken(sentence=one, mentions=())], "cora")
    assert (done.revisions, len(done.overtaken)) == ((), 1)
    assert done.overtaken[0].revision.reviewer == "bob"
    assert store.curations("both") == []


def test_the_second_of_two_curators_is_told_and_loses_nothing_of_the_first(store: Store) -> None:
    one = store.side_by_side("both")[1]
    first = curate(store, [Taken(sentence=one, mentions=one.versions[0].mentions)], "cora")
    second = curate(store, [Taken(sentence=one, mentions=())], "carl")
    assert second.overtaken[0].revision == first.revisions[0]
    assert shown(store, one.item)[0] == [(0, 5, "Gene")]
    anew = store.side_by_side("both", one.item)[0]
    assert curate(store, [Taken(sentence=anew, mentions=())], "carl").revisions


def test_a_batch_of_which_one_was_curated_anew_is_not_undone(store: Store) -> None:
    taken = [Taken(sentence=one, mentions=()) for one in store.side_by_side("both")]
    curate(store, taken, "cora")
    again = store.side_by_side("both")[2]
    curate(store, [Taken(sentence=again, mentions=again.versions[0].mentions)], "carl")
    with pytest.raises(StaleEditError):
        store.undo_curation(taken[0].sentence.item, "cora")
    assert len(store.undo_curation(again.item, "carl")) == 1
    assert len(store.undo_curation(again.item, "cora")) == 3


@pytest.mark.parametrize("meanwhile", ["taken back", "curated anew", "taken back, curated anew"])
@pytest.mark.parametrize("size", [1, 3])
def test_what_was_curated_is_taken_back_only_as_it_is_seen(
    store: Store, size: int, meanwhile: str
) -> None:
    taken = [Taken(sentence=one, mentions=()) for one in store.side_by_side("both")[-size:]]
    curate(store, taken, "cora")
    [seen] = store.curations("both")
    if "taken back" in meanwhile:
        store.undo_curation(seen.item, "carl", seen=seen.seq)
    if "curated anew" in meanwhile:
        again = store.side_by_side("both", seen.item)[0]
        marks = again.versions[0].mentions
        curate(store, [Taken(sentence=again, mentions=marks)], "carl")
    stands = store.curations("both")
    with pytest.raises(StaleEditError) as refused:
        store.undo_curation(seen.item, "cora", seen=seen.seq)
    assert refused.value.revision.reviewer == "carl"
    assert store.curations("both") == stands
    back = 0
    while found := store.curations("both"):
        undone = store.undo_curation(found[0].item, "cora", seen=found[0].seq)
        assert len(undone) == found[0].sentences
        back += len(undone)
    assert back == {"taken back": 0, "curated anew": size + 1}.get(meanwhile, 1)


def test_only_a_curator_of_an_independent_project_curates(store: Store) -> None:
    one = store.side_by_side("both")[1]
    people = (("ann", "reviewer"), ("bob", "reviewer"), ("cora", "curator"))
    project = store.project("both")
    store.update_project(project.__class__(**{**vars(project), "reviewers": people}), "cora")
    with pytest.raises(StoreError, match="this needs a curator"):
        curate(store, [Taken(sentence=one, mentions=())], "ann")
    curate(store, [Taken(sentence=one, mentions=())], "cora")
    with pytest.raises(StoreError, match="this needs a curator"):
        store.undo_curation(one.item, "ann")
    store.create_project(a_project("p"))
    with pytest.raises(BionerError, match="share one copy"):
        store.side_by_side("p")


def test_a_resent_choice_is_saved_once(store: Store) -> None:
    one = store.side_by_side("both")[1]
    taken = [Taken(sentence=one, mentions=(Mention(((0, 5),), "Gene"),))]
    saved = [curate(store, taken, "cora", op="same").revisions[0].seq for _ in range(2)]
    assert saved[0] == saved[1]
