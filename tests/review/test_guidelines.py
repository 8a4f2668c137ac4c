"""Guidelines: by type, with examples that go with an erased text; changes on record, never lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_support import a_document, a_project, edit_of

from bioner.errors import StoreError
from bioner.review.guidelines import (
    add_example,
    drop_example,
    example_of,
    of_type,
    write_guideline,
)
from bioner.store import Example, ShownExample, StaleSettingsError, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    made.create_project(a_project())
    made.import_documents("p", [a_document(n) for n in range(2)], model="m")
    return made


def a_reviewed(store: Store, document: str = "d0", verdict: str = "accept") -> Example:
    item = store.items_of("p", document)[1]
    review = store.open_item(item, "ann")
    store.save(edit_of(review, *review.mentions, verdict=verdict))  # type: ignore[arg-type]
    review = store.open_item(item, "ann")
    words = review.start, review.start + 5
    return example_of(review, words, "Gene", is_positive=False, note="a variant")


def words(one: ShownExample) -> str:
    return one.text if one.marked is None else one.text[slice(*one.marked)]


def test_a_text_and_examples_are_kept_and_on_record(store: Store) -> None:
    project = write_guideline(store, store.project("p"), "Gene", " Names of genes. ", "cora")
    project = add_example(store, project, a_reviewed(store), "cora")
    text = Example(label="Gene", is_positive=True, text="loss of [[PTEN]] in mice")
    add_example(store, project, text, "cora")
    assert store.project("p").guidelines == (("Gene", "Names of genes."),)
    unmarked, marked = store.examples("p")
    assert (words(unmarked), unmarked.text) == ("BRCA1", "BRCA1 variant 0.1 causes cancer.")
    assert (words(marked), marked.text) == ("PTEN", "loss of PTEN in mice")
    assert of_type(store.examples("p"), "Gene") == ([marked], [unmarked])
    newest, before = store.events("p", limit=2)
    assert (newest.kind, newest.who) == ("settings", "cora")
    assert len(newest.after["examples"]) == len(before.after["examples"]) + 1 == 2  # type: ignore[arg-type]
    drop_example(store, store.project("p"), 0, "cora")
    assert [words(one) for one in store.examples("p")] == ["PTEN"]


def test_the_same_words_are_one_example(store: Store) -> None:
    one = Example(label="Gene", is_positive=True, text="[[PTEN]]")
    project = add_example(store, store.project("p"), one)
    other = Example(label="Gene", is_positive=False, text="[[PTEN]]", note="not here")
    assert add_example(store, project, other).examples == (other,)


def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(store: Store) -> None:
    mine = store.project("p")
    write_guideline(store, store.project("p"), "Gene", "Ann’s words", "ann")
    with pytest.raises(StaleSettingsError):
        write_guideline(store, mine, "Gene", "Bob’s words", "bob")
    assert dict(store.project("p").guidelines)["Gene"] == "Ann’s words"


def test_an_example_goes_with_its_text(store: Store) -> None:
    project = add_example(store, store.project("p"), a_reviewed(store))
    add_example(store, project, a_reviewed(store, "d1"))
    store.erase_document("p", "d0", "cora")
    assert [one.example.document for one in store.examples("p")] == ["d1"]
    assert len(store.project("p").examples) == 1
    for event in store.events("p"):
        assert "variant 0.1" not in str(event.after) + str(event.before)


def test_what_cannot_be_an_example_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="accept it first"):
        a_reviewed(store, verdict="unsure")
    review = store.open_item(store.items_of("p", "d1")[0], "ann")
    with pytest.raises(StoreError, match="accept it first"):
        example_of(review, (0, 5), "Gene", is_positive=True)
    store.save(edit_of(review, *review.mentions, verdict="accept"))
    with pytest.raises(StoreError, match="is not in it"):
        example_of(store.open_item(review.item, "ann"), (0, 99), "Gene", is_positive=True)
    for text, document in (("", ""), ("x", "d0")):
        with pytest.raises(StoreError, match="write a text, or name a place"):
            Example(label="Gene", is_positive=True, text=text, document=document, end=1)
    with pytest.raises(StoreError, match="more than 1,000"):
        Example(label="Gene", is_positive=True, text="x" * 1001)
    with pytest.raises(StoreError, match="not among its types"):
        add_example(
            store, store.project("p"), Example(label="Cell", is_positive=True, text="T cells")
        )
    with pytest.raises(StoreError, match="no example 3"):
        drop_example(store, store.project("p"), 3)
