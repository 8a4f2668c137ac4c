"""The list of documents, a page at a time: ordered and filtered by the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import event
from store_support import (  # noqa: F401 (a fixture)
    a_document,
    a_project,
    edit_of,
    empty,
    postgres_url,
)

from bioner.errors import StoreError
from bioner.identifiers import identified
from bioner.spans import Document, mention
from bioner.store import DocumentFilter, Project, Store
from bioner.store.listing import Order


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Seven documents of 1 to 7 sentences: d0 done, d1 begun, the rest waiting; d2 is Ann's."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
        else:
            url = request.getfixturevalue("postgres_url")
            empty(url)
        made = Store(url, tmp_path / "backups")
        stack.callback(made.close)
        made.create_project(a_project())
        made.create_project(a_project("other"))
        made.import_documents("other", [a_document(0)], model="m")
        made.import_documents("p", [a_document(n, n + 1) for n in range(7)], model="m")
        for document, verdict in (("d1", None), ("d0", "accept")):
            item = made.open_item(made.items_of("p", document)[0], claim=False)
            made.save(edit_of(item, *item.mentions, verdict=verdict))
        made.assign("p", ["d2"], ["Ann"], "cy")
        yield made


def names(store: Store, **asked: object) -> list[str]:
    return [one.name for one in store.document_page("p", "ann", **asked).rows]  # type: ignore[arg-type]


ALL = [f"d{n}" for n in range(7)]


def differ_in(store: Store, document: str, *, marks: bool = True) -> None:
    """Let another model mark something else in a document's sentences, or nothing."""
    shown = store.document_page("p", filters=DocumentFilter(named=document)).rows[0]
    one = a_document(int(document[1:]), shown.sentences)
    other = (mention(0, 5, "Disease", status="predicted"),) if marks else ()
    again = Document(one.id, one.text, other, one.sentence_ranges)
    store.import_documents("p", [again], model="other")


def test_pages_follow_one_another_and_none_lies_behind_the_last(store: Store) -> None:
    pages = [store.document_page("p", offset=at, limit=3) for at in (0, 3, 6, 9, 3000)]
    assert [[one.name for one in page.rows] for page in pages] == [
        ALL[:3], ALL[3:6], ALL[6:], ALL[6:], ALL[6:],
    ]  # fmt: skip
    assert {page.found for page in pages} == {7}
    assert [page.offset for page in pages] == [0, 3, 6, 6, 6]
    assert store.document_page("p", filters=DocumentFilter(named="nope")).found == 0


def test_documents_are_found_by_name_state_and_person(store: Store) -> None:
    def found(**asked: str) -> list[str]:
        return names(store, filters=DocumentFilter(**asked))  # type: ignore[arg-type]

    assert found(named="D3") == ["d3"]
    assert found(named="%") == []
    assert found(state="done") == ["d0"]
    assert found(state="open") == ["d1"]
    assert found(state="waiting") == ALL[2:]
    assert found(whose="Ann") == ["d2"]
    assert found(whose="Ann", state="done") == []
    assert store.assignees("p") == ["Ann"]


def test_each_order_puts_first_what_it_says(store: Store) -> None:
    differ_in(store, "d4")
    assert names(store, order="name", is_reversed=True) == ALL[::-1]
    assert names(store, order="sentences") == ALL[::-1]
    assert names(store, order="settled") == [*ALL[1:], "d0"]
    assert names(store, order="changed")[:2] == ["d0", "d1"]
    assert names(store, order="marks", limit=2) == ["d6", "d5"]
    assert names(store, order="marks", is_reversed=True, limit=2) == ["d0", "d4"]
    assert names(store, order="differing", limit=2) == ["d4", "d0"]
    assert names(store, order="differing", is_reversed=True)[-1] == "d4"
    with pytest.raises(StoreError, match="expected one of came, name"):
        names(store, order="nope")


def test_unlike_ids_come_first_where_that_is_asked_for(store: Store) -> None:
    for number, item in enumerate(store.items_of("p", "d5")[:2]):
        seen = store.open_item(item, claim=False)
        store.save(edit_of(seen, identified(seen.mentions[0], f"MESH:D{number}"), verdict=None))
    assert names(store, order="clashes", limit=2) == ["d5", "d0"]
    assert store.document_page("p", order="clashes", limit=1).rows[0].clashes == 1


def test_reviewers_with_copies_of_their_own_see_their_own_states(store: Store) -> None:
    store.update_project(Project(**{**vars(store.project("p")), "independent": True}), "ann")
    item = store.open_item(store.items_of("p", "d3")[0], "ann", claim=False)
    store.save(edit_of(item, verdict="accept", reviewer="ann"))
    begun = DocumentFilter(state="open")
    assert names(store, filters=begun) == ["d3"]
    assert store.document_page("p", "bob", filters=begun).found == 0
    row = store.document_page("p", "ann", filters=begun).rows[0]
    assert (row.settled, row.marks, row.next_item) == (1, 3, store.items_of("p", "d3")[1])


def test_what_a_suggester_proposes_is_none_of_the_marks(store: Store) -> None:
    one = a_document(6, 7)
    more = tuple(mention(start, start + 5, "Disease") for start, _ in one.sentence_ranges)
    store.import_documents(
        "p", [Document(one.id, one.text, (*more, *one.mentions), one.sentence_ranges)],
        as_layer="suggestion", model="names",
    )  # fmt: skip
    assert store.document_page("p", order="marks", limit=1).rows[0].marks == 7


def test_a_page_costs_as_many_questions_however_many_documents_there_are(store: Store) -> None:
    def asked() -> list[int]:
        counts = []
        for order in get_args(Order):
            said: list[str] = []
            event.listen(
                store.database.engine,
                "before_cursor_execute",
                note := lambda _c, _k, statement, *_, said=said: said.append(statement),
            )
            store.document_page("p", "ann", order=order, limit=3)
            event.remove(store.database.engine, "before_cursor_execute", note)
            counts.append(len(said))
        return counts

    before = asked()
    store.import_documents("p", [a_document(n, 1) for n in range(10, 60)], model="m")
    assert asked() == before
    assert max(before) < 20


def test_sizes_are_those_of_the_documents_that_are_let_through(store: Store) -> None:
    found = store.document_sizes("p", filters=DocumentFilter(state="waiting"))
    assert [tuple(one) for one in found][:2] == [("d2", 3, True), ("d3", 4, False)]
