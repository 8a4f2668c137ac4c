"""Bringing texts in is on record: from where, how many, never the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_support import a_document, a_store

from bioner.errors import StoreError
from bioner.progress import Progress
from bioner.review import intake
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
    assert event.after["is_whole"] is True
    assert "BRCA1" not in str(event)
    store.close()


def test_texts_of_which_only_the_first_came_in_are_on_record_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = a_store(tmp_path)
    monkeypatch.setattr(intake, "PIECE", 2)
    texts = Texts(documents=[a_document(n) for n in range(7, 13)])
    origin = Origin(source="a.txt", schema="s", model="m", trained=nothing)
    pieces = iter(range(10))

    def full(progress: Progress) -> None:
        if next(pieces) == 1:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="disk is full"):
        take_in(store, "p", texts, origin, on_progress=full)
    event = store.events("p")[0]
    assert (event.kind, event.after["documents"], event.after["is_whole"]) == ("import", 4, False)
    store.close()


def test_an_import_that_brought_nothing_is_not_on_record(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    before = store.events()
    origin = Origin(source="a.txt", schema="s", model="m", trained=nothing)
    with pytest.raises(StoreError):
        take_in(store, "no such project", Texts(documents=[a_document(7)]), origin)
    assert store.events() == before
    store.close()
