"""Bringing texts in is on record: from where, how many, never the text."""

from __future__ import annotations

from pathlib import Path

from store_support import a_document, a_store

from bioner.review.intake import Origin, take_in
from bioner.review.texts import Texts
from bioner.store.my_test import nothing


def test_bringing_texts_in_is_on_record(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    origin = Origin(source="a.txt", schema="s", model="m", trained=nothing)
    take_in(store, "p", Texts(documents=[a_document(7)]), origin)
    event = store.events("p")[0]
    assert (event.kind, event.who, event.after["documents"]) == ("import", store.actor.name, 1)
    assert event.after["source"] == "a.txt"
    assert "BRCA1" not in str(event)
    store.close()
