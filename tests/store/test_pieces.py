"""An import goes in pieces that are as short for long documents as for short ones."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import event
from store_support import a_document, a_store

from bioner.spans import Document, mention
from bioner.store import Store
from bioner.store.documents import item_ranges
from bioner.store.placing import SENTENCES


def sentences_of_pieces(store: Store, documents: list[Document]) -> list[int]:
    """Import, and return how many sentences each transaction has added."""
    found: list[int] = []

    def note(connection, _cursor, statement, parameters, *_more) -> None:
        if statement.startswith("INSERT INTO items"):
            found[-1] += len(parameters) // 12

    def begin(_connection) -> None:
        found.append(0)

    event.listen(store.database.engine, "begin", begin)
    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        store.import_documents("p", documents, model="m")
    finally:
        event.remove(store.database.engine, "begin", begin)
        event.remove(store.database.engine, "before_cursor_execute", note)
    return [one for one in found if one]


def test_long_documents_are_placed_a_few_at_a_time(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=0)
    pieces = sentences_of_pieces(store, [a_document(n, sentences=60) for n in range(6)])
    assert sum(pieces) == 360
    assert max(pieces) < SENTENCES + 60
    assert len(pieces) == 3
    store.close()


def test_short_documents_are_placed_many_at_a_time(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=0)
    assert sentences_of_pieces(store, [a_document(n, sentences=1) for n in range(40)]) == [20, 20]
    store.close()


def test_each_mention_goes_to_its_sentence_in_a_document_of_thousands(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=0)
    document = a_document(0, sentences=3000)
    store.import_documents("p", [document], model="m")
    items = [store.open_item(i, claim=False) for i in store.items_of("p", "d0")[::500]]
    assert all([m.start for m in one.mentions] == [one.start] for one in items)
    placed = store.import_documents("p", [document], model="n")
    assert placed.mentions_placed == 3000
    crossing = document.text.index("cancer. BRCA1")
    across = Document(
        "d0", document.text, (mention(crossing, crossing + 13, "Gene"),), document.sentence_ranges
    )
    [reject] = store.import_documents("p", [across], model="o").rejects
    assert reject.rule == "crosses_sentences"
    store.close()


def test_sentences_that_a_mention_joins_are_counted() -> None:
    document = Document(
        "d", "Ab cd. Ef gh. Ij.", (mention(3, 9, "Gene"),), ((0, 6), (7, 13), (14, 17))
    )
    assert item_ranges(document) == (((0, 13), (14, 17)), 1)
