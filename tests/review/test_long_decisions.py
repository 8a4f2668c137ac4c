"""A decision about many sentences lets others save meanwhile, and goes on where it was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_support import a_document, a_store, cut_off, saved_in_each

from bioner.review.decisions import choice_of, settle
from bioner.review.groups import Group, read_board
from bioner.store import Store
from bioner.store.turns import PIECE

SENTENCES = 35


@pytest.fixture
def store(tmp_path: Path):
    made = a_store(tmp_path, documents=0)
    made.import_documents("p", [a_document(0, sentences=SENTENCES)], model="m")
    yield made
    made.close()


def the_group(store: Store) -> Group:
    return max(read_board(store, "p", "ann").groups, key=lambda one: len(one.marks))


def test_a_decision_and_taking_it_back_go_in_pieces_and_are_one_on_record(store: Store) -> None:
    group = the_group(store)
    made = saved_in_each(store, lambda: settle(store, "p", group, choice_of(group, "Gene")))
    assert (max(made), sum(made)) == (PIECE, SENTENCES)
    [decision] = store.decisions("p")
    assert (decision.marks, decision.sentences, decision.stands) == (SENTENCES, SENTENCES, True)
    gone = saved_in_each(store, lambda: store.take_back(decision.number))
    assert (max(gone), sum(gone)) == (PIECE, SENTENCES)
    assert not store.decisions("p")[0].stands
    assert len(store.waiting_marks("p")) == SENTENCES


def test_a_decision_that_was_cut_off_goes_on_and_is_counted_once(store: Store) -> None:
    group = the_group(store)
    with cut_off(store, 2 * PIECE + 5):
        settle(store, "p", group, choice_of(group, "Gene"), op="one")
    assert store.decisions("p")[0].sentences == 2 * PIECE
    for _ in range(2):
        settled = settle(store, "p", group, choice_of(group, "Gene"), op="one")
        assert (settled.marks, settled.sentences) == (SENTENCES, SENTENCES)
    [decision] = store.decisions("p")
    assert decision.sentences == SENTENCES
    assert store.take_back(decision.number).sentences == SENTENCES


def test_a_half_made_decision_is_taken_back_whole_and_not_gone_on_with(store: Store) -> None:
    group = the_group(store)
    with cut_off(store, 2 * PIECE + 5):
        settle(store, "p", group, choice_of(group, "Gene"), op="one")
    [decision] = store.decisions("p")
    assert store.take_back(decision.number).sentences == 2 * PIECE
    again = settle(store, "p", group, choice_of(group, "Gene"), op="one")
    assert again.changed == SENTENCES - 2 * PIECE
    assert len(store.waiting_marks("p")) == SENTENCES


def test_taking_back_that_was_cut_off_goes_on(store: Store) -> None:
    group = the_group(store)
    number = settle(store, "p", group, choice_of(group, "Gene")).number
    with cut_off(store, 2 * PIECE + 5):
        store.take_back(number, op="back")
    assert store.decisions("p")[0].stands
    assert store.take_back(number, op="back").sentences == SENTENCES
    assert store.take_back(number, op="back").sentences == SENTENCES
    assert len(store.waiting_marks("p")) == SENTENCES
