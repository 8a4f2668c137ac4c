"""The list of documents: how far each is, whose, where one stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_support import a_document, a_project, a_store, edit_of

from bioner.errors import StoreError
from bioner.identifiers import identified
from bioner.spans import Document, Mention, mention
from bioner.store import DocumentRow, Project, QueueFilter, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, documents=3)


def row(store: Store, name: str) -> DocumentRow:
    return next(one for one in store.document_page("p", "ann").rows if one.name == name)


def test_a_document_is_begun_where_one_stopped_and_done_once_all_is_settled(store: Store) -> None:
    first, second = store.items_of("p", "d1")
    assert (row(store, "d1").state, row(store, "d1").next_item) == ("waiting", first)
    store.save(edit_of(store.open_item(first, claim=False), verdict="accept"))
    begun = row(store, "d1")
    assert (begun.state, begun.settled, begun.next_item) == ("open", 1, second)
    assert begun.changed
    store.save(edit_of(store.open_item(second, claim=False), verdict="reject"))
    assert row(store, "d1").state == "done"
    assert row(store, "d0").changed == ""


def test_marks_are_those_shown_and_models_that_differ_are_counted(store: Store) -> None:
    assert (row(store, "d0").marks, row(store, "d0").differing) == (2, 0)
    store.import_documents("p", [a_document(0)], model="same")
    assert row(store, "d0").differing == 0
    other = a_document(0)
    store.import_documents(
        "p", [type(other)("d0", other.text, (mention(0, 5, "Disease"),))], model="other"
    )
    assert (row(store, "d0").marks, row(store, "d0").differing) == (1, 2)


def test_assigning_replaces_who_was_assigned_and_is_on_record(store: Store) -> None:
    assert store.assign("p", ["d0", "d1", "none"], ["Ann", "Ben"], "cy") == 2
    store.assign("p", ["d1"], [], "cy")
    assert [one.assignees for one in store.document_page("p").rows] == [("Ann", "Ben"), (), ()]
    newest = store.events("p")[0]
    assert (newest.who, newest.after["documents"]) == ("cy", 1)


def test_only_a_project_s_people_are_assigned(store: Store) -> None:
    people = (("Ann", "curator"), ("Ben", "reviewer"))
    present = a_project()
    store.update_project(Project("p", present.types, present.covers, reviewers=people), "Ann")
    with pytest.raises(StoreError, match="'Cy' is not among its people"):
        store.assign("p", ["d0"], ["Cy"], "Ann")


def with_ids(*ids: str) -> Document:
    """A document of sentences that begin with a tumour, each with one of these identifiers."""
    pieces = [f"Tumours grew in case {n}." for n, _ in enumerate(ids)]
    starts = [n * (len(pieces[0]) + 1) for n, _ in enumerate(ids)]
    marks = tuple(
        Mention(((at, at + 7),), "Disease", attributes=(("identifier", id),))
        for at, id in zip(starts, ids, strict=True)
    )
    ranges = tuple((at, at + len(pieces[0])) for at in starts)
    return Document("ids", " ".join(pieces), marks, ranges)


def test_names_of_several_concepts_are_counted_and_found_by_each_of_them(store: Store) -> None:
    store.import_documents("p", [with_ids("MESH:D1", "D1", "MESH:D2")], as_layer="gold")
    assert (row(store, "ids").clashes, row(store, "d0").clashes) == (1, 0)

    def found(concept: str) -> int:
        return len(store.queue("p", filters=QueueFilter(concept=concept)))

    assert (found("mesh:d1"), found("D1"), found("D2"), found("D3")) == (1, 2, 1, 0)
    third = store.open_item(store.items_of("p", "ids")[2], claim=False)
    store.save(edit_of(third, identified(third.mentions[0], "D1"), verdict=None))
    assert row(store, "ids").clashes == 0
    everything = QueueFilter("all", concept="D1")
    assert (found("D2"), len(store.queue("p", filters=everything))) == (0, 3)
