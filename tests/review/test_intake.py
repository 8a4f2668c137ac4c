"""Bringing texts in: what comes is placed or rejected, by reason, and no text is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.formats import read_bytes
from bioner.labels import read_schema
from bioner.progress import Progress
from bioner.review import Knowledge
from bioner.review.intake import (
    Intake,
    Judged,
    Order,
    Origin,
    Tagging,
    judged_reasons,
    open_project,
    take_in,
    take_in_judged,
)
from bioner.review.texts import LEFT_OUT, Texts, suggest_meanings
from bioner.spans import Document, Mention, Relation, Span, corpus_sentence, mention
from bioner.store import Store
from tests.fakes.store_support import TYPES, a_document, a_project, edit_of

ORIGIN = Origin(source="a.jsonl", schema="types-1", trained=frozenset)
NOTHING_KNOWN = Order(knowledge=lambda: Knowledge({}, {}, {}, {}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    made.create_project(a_project())
    return made


def texts_of(store: Store) -> dict[str, str]:
    return {one.id: one.text for one in store.export_documents("p")}


def test_texts_of_one_id_are_all_brought_in_each_under_an_id_of_its_own(store: Store) -> None:
    given = [Document("a", text) for text in ("One here.", "Two here.", "One here.")]
    took = take_in(store, "p", Texts(documents=given), ORIGIN)
    assert texts_of(store) == {"a": "One here.", "a-2": "Two here.", "a-3": "One here."}
    assert took.documents == ("a", "a-2", "a-3")
    assert took.receipt.documents_placed == 3
    assert took.receipt.repaired == Counter(id_taken=2)
    assert took.receipt.examples[0] == "a: id_taken: it comes in as a-2"


def test_a_text_whose_id_the_project_gives_to_another_comes_in_beside_it(store: Store) -> None:
    take_in(store, "p", Texts(documents=[Document("a", "One here.")]), ORIGIN)
    later = Texts(documents=[Document("a", "Two here.")])
    assert take_in(store, "p", later, ORIGIN).documents == ("a-2",)
    assert take_in(store, "p", later, ORIGIN).documents == ("a-2",)
    assert texts_of(store) == {"a": "One here.", "a-2": "Two here."}


def test_sentences_of_one_id_stay_apart(store: Store) -> None:
    given = [corpus_sentence("s", words.split()) for words in ("One here .", "Two here .")]
    took = take_in(store, "p", Texts(sentences=given), ORIGIN)
    assert sorted(texts_of(store).values()) == ["One here .", "Two here ."]
    assert took.documents[1].startswith("s-2:")


def test_an_erased_text_does_not_come_back_under_another_id(store: Store) -> None:
    take_in(store, "p", Texts(documents=[Document("a", "Of a patient.")]), ORIGIN)
    store.erase_document("p", "a", "Ann")
    took = take_in(store, "p", Texts(documents=[Document("a", "Of a patient.")]), ORIGIN)
    assert took.receipt.documents_rejected == Counter(erased=1)
    assert took.documents == ()


def test_the_receipt_joins_what_was_read_understood_and_placed(store: Store) -> None:
    lines = (
        b'{"id": "a", "text": "BRCA1 and aspirin in cancer.", "entities": ['
        b'{"start": 0, "end": 5, "label": "Gene"}, {"start": 10, "end": 17, "label": "Drug"},'
        b'{"start": 21, "end": 27, "label": "Mood"}, {"start": 21, "end": 27, "label": "Star"},'
        b'{"start": 90, "end": 99, "label": "Gene"}]}\n'
    )
    result = read_bytes(lines, "a.jsonl")
    labels = {"Drug": "Chemical", "Mood": LEFT_OUT}
    texts = Texts(documents=result.documents, read=result.report, labels=labels)
    receipt = take_in(store, "p", texts, ORIGIN).receipt
    assert (receipt.mentions_in, receipt.mentions_placed) == (5, 2)
    assert receipt.rejected['label "Mood" left out'] == 1
    assert receipt.rejected["unknown_type"] == 1
    assert receipt.rejected.total() == 3
    assert receipt.repaired['label "Drug" read as Chemical'] == 1
    assert any(one.startswith("a.jsonl:1: ") for one in receipt.examples)
    assert any(one.startswith("a.jsonl:a: unknown_type: ") for one in receipt.examples)
    [document] = store.export_documents("p")
    assert [(m.label, m.source_label) for m in document.mentions] == [
        ("Gene", ""),
        ("Chemical", "Drug"),
    ]


def test_a_schema_fingerprint_is_never_empty(store: Store) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        Origin(source="a", schema="", trained=frozenset)
    take_in(store, "p", Texts(documents=[a_document()]), ORIGIN)
    [first, _] = store.items_of("p", "d0")
    [prediction] = store.open_item(first).predictions
    assert (prediction.model, prediction.schema) == ("a.jsonl", "types-1")


def test_a_model_marks_what_came_in_and_nothing_else(store: Store) -> None:
    seen: list[str] = []

    def tag(documents: object, on_progress: object) -> list[Document]:
        assert isinstance(documents, list)
        seen.extend(one.id for one in documents)
        assert not any(one.mentions for one in documents)
        return [replace(one, mentions=(mention(0, 5, "Gene", score=0.5),)) for one in documents]

    given = [a_document(0), Document("empty", " "), Document("a", "One gene.")]
    took = take_in(store, "p", Texts(documents=given), ORIGIN, tagging=Tagging(model="m", tag=tag))
    assert seen == ["d0", "a"]
    assert took.tagged == 2
    assert took.receipt.documents_rejected == Counter(no_text=1)
    assert {p.model for p in store.open_item(store.items_of("p", "d0")[0]).predictions} == {
        "m",
        "a.jsonl",
    }


def test_what_came_in_is_ranked_with_its_reasons_and_says_how_far_it_is(store: Store) -> None:
    heard: list[Progress] = []
    reasons = judged_reasons([("missed", None), ("spurious", 0.9), ("spurious", 0.7)])
    texts = Texts(documents=[a_document(n) for n in range(3)], reasons={"d1": reasons})
    took = take_in(store, "p", texts, ORIGIN, order=NOTHING_KNOWN, on_progress=heard.append)
    assert took.ranked == took.items == 6
    best = store.queue("p")[0]
    assert best.document == "d1"
    assert {("spurious", 0.9), ("missed", 0.5)} <= {(r.name, r.score) for r in best.reasons}
    assert heard[0] == Progress(3, 3, "Bringing texts in")


def test_mistakes_come_with_gold_and_the_models_marks_the_surest_first(store: Store) -> None:
    def judged(name: str, score: float) -> Judged:
        gold = corpus_sentence(name, ("BRCA1", "is", name), spans=[Span(0, 1, "Gene")])
        marked = replace(gold, spans=(Span(0, 1, "Disease", score=score),))
        return Judged(gold=gold, predicted=marked, reasons=judged_reasons([("wrong label", score)]))

    origin = Origin(source="mistakes of m on test", schema="types-1", trained=frozenset, model="m")
    took = take_in_judged(store, "p", [judged("low", 0.4), judged("high", 0.9)], origin)
    assert took.receipt.documents_in == 2
    assert (took.receipt.mentions_in, took.receipt.mentions_placed) == (4, 4)
    first = store.queue("p")[0]
    assert first.surface == "BRCA1 is high"
    item = store.open_item(first.item)
    assert item.gold is not None
    assert [one.label for one in item.gold] == ["Gene"]
    assert [(p.model, p.mentions[0].label) for p in item.predictions] == [("m", "Disease")]


def test_a_project_is_made_once_and_kept_as_it_is(store: Store) -> None:
    made = open_project(store, "new", ["Gene"])
    assert open_project(store, "new", ["Gene", "Disease"]) == made
    assert made.covers == frozenset({"Gene"})


def test_foreign_labels_are_suggested_by_the_one_rule_among_the_projects_types() -> None:
    found = suggest_meanings(["Gene", "chemicals", "Mood", "Cell_type"], TYPES, read_schema())
    assert found == {"Gene": "Gene", "chemicals": "Chemical", "Mood": "", "Cell_type": ""}


def test_an_intake_that_places_nothing_ranks_nothing(store: Store) -> None:
    def unknown() -> Knowledge:
        raise AssertionError("nothing was placed")

    took = take_in(store, "p", Texts(), ORIGIN, order=Order(knowledge=unknown))
    assert isinstance(took, Intake)
    assert took.ranked == 0


def test_relations_of_marks_left_out_are_left_out_and_none_goes_out_without_its_marks(
    store: Store,
) -> None:
    def mark(start: int, end: int, label: str, id: str) -> Mention:
        return Mention(((start, end),), label, id=id)

    marks = (mark(0, 5, "Gene", "T1"), mark(6, 9, "Odd", "T2"), mark(10, 13, "Gene", "T3"))
    relations = (
        Relation("R1", "Bind", (("Arg1", "T1"), ("Arg2", "T2"))),
        Relation("R2", "Bind", (("Arg1", "T1"), ("Arg2", "T3"))),
    )
    text = "BRCA1 odd p53."
    given = Document("a", text, marks, ((0, len(text)),), relations)
    labels = {"Gene": "Gene", "Odd": LEFT_OUT}
    receipt = take_in(store, "p", Texts(documents=[given], labels=labels), ORIGIN).receipt
    assert (receipt.mentions_in, receipt.mentions_placed) == (3, 2)
    assert receipt.rejected == {'label "Odd" left out': 1}
    assert receipt.unread == {"relation of marks left out": 1}
    [out] = [one for one in store.export_documents("p") if one.id == "a"]
    assert [one.id for one in out.relations] == ["R2"]
    item = store.open_item(store.items_of("p", "a")[0])
    store.save(edit_of(item, item.mentions[0]))
    [out] = [one for one in store.export_documents("p") if one.id == "a"]
    assert out.relations == (), "the second mark is gone"


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "a-2", "a-3", "", "A", "a/b", "a\0", "\0", "text"]),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=7,
    ),
    st.integers(1, 3),
)
@pytest.mark.slow
def test_no_text_is_lost_whatever_ids_repeat_and_however_often_they_come(rows, times):
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/store.sqlite3", Path(folder) / "backups")
        store.create_project(a_project())
        given_texts = [Document(id, f"Text {n} here.") for id, n in rows]
        took = [take_in(store, "p", Texts(documents=given_texts), ORIGIN) for _ in range(times)]
        held = texts_of(store)
        store.close()
    assert Counter(held.values()) >= Counter({one.text for one in given_texts})
    for one in took:
        assert one.receipt.documents_in == len(rows) == one.receipt.documents_placed
        assert [held[id] for id in one.documents] == [text.text for text in given_texts]
    assert len(set(took[0].documents)) == len(rows)
