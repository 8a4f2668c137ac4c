"""From when on a project has a "my test", who joins it, and how many sentences training uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_support import a_project, a_store, edit_of

from bioner.spans import Document, fingerprint, mention
from bioner.store import QueueFilter, Store
from bioner.store.layers import tokens_of
from bioner.store.my_test import is_chosen, said

TESTS = QueueFilter(status="all", test=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = a_store(tmp_path, documents=0)
    yield found
    found.close()


def texts(begin: int, count: int, sentences: int = 10) -> list[Document]:
    return [
        Document(f"t{n}", " ".join(f"BRCA1 met case {n} of {i}." for i in range(sentences)))
        for n in range(begin, begin + count)
    ]


def of_my_test(store: Store) -> set[str]:
    return {row.document for row in store.queue("p", filters=TESTS, limit=5_000)}


def test_a_small_project_has_no_my_test_and_says_when_it_will(store: Store) -> None:
    placed = store.import_documents("p", texts(0, 9))
    assert (placed.test_documents, of_my_test(store)) == (0, set())
    told = said(store.progress("p"))
    assert "no “my test” yet" in told
    assert "10 texts and 100 sentences (now 9 and 90)" in told
    store.import_documents("p", texts(9, 3, sentences=1))
    assert of_my_test(store) == set(), "twelve texts, 93 sentences"


def test_with_enough_texts_those_untouched_join_and_what_was_settled_stays(store: Store) -> None:
    chosen = [one for one in texts(0, 60) if is_chosen(one.text)]
    others = [one for one in texts(0, 60) if not is_chosen(one.text)]
    store.import_documents("p", [*chosen[:2], *others[:7]])
    item = store.open_item(store.items_of("p", chosen[0].id)[0])
    store.save(edit_of(item, mention(item.start, item.start + 5, "Gene"), verdict="accept"))
    placed = store.import_documents("p", [chosen[2], others[7]])
    assert of_my_test(store) == {chosen[1].id, chosen[2].id}
    assert placed.test_documents == 2
    assert len(store.corrections()) == 1, "nothing that was settled is taken from training"
    store.import_documents("p", [chosen[3]])
    assert of_my_test(store) == {chosen[1].id, chosen[2].id, chosen[3].id}
    assert "holds 30 of 120 sentences" in said(store.progress("p"))


def test_a_text_that_a_model_was_trained_on_never_joins(store: Store) -> None:
    known, *others = [one for one in texts(0, 60) if is_chosen(one.text)]
    _, tokens = tokens_of(known.text, 0, known.text.index(".") + 1, None)
    placed = store.import_documents(
        "p",
        [known, *others, *(one for one in texts(0, 30) if not is_chosen(one.text))],
        trained=lambda: frozenset({fingerprint(tokens)}),
    )
    assert of_my_test(store) == {one.id for one in others}
    assert placed.known_documents == 1


@pytest.mark.slow
@pytest.mark.parametrize("is_independent", [False, True])
def test_the_count_of_usable_sentences_is_what_training_reads(
    store: Store, is_independent: bool
) -> None:
    store.create_project(a_project("q", independent=is_independent))
    store.import_documents("q", texts(0, 20))
    rows = store.queue("q", filters=QueueFilter(status="all"), limit=1_000)
    for number, row in enumerate(rows):
        for reviewer in ("ann", "bob"):
            item = store.open_item(row.item, reviewer)
            verdict = ("accept", "correct", "reject", "unsure", None)[number % 5]
            marks = (mention(item.start, item.start + 5, "Gene"),)
            if reviewer == "bob" and number % 2:
                marks = ()
            store.save(edit_of(item, *marks, verdict=verdict, reviewer=reviewer))  # type: ignore[arg-type]
    usable, evidence = store.usable("q"), store.evidence("q")
    assert usable.sentences == len(evidence.sentences) == len(store.corrections("q")) > 0
    assert usable.held_back == len(store.my_test("q"))
    not_here = evidence.held_back + evidence.undecided
    assert usable.held_back + usable.undecided == not_here
    assert (usable.undecided > 0) == is_independent
    assert store.usable() == usable
