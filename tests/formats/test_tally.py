"""Receipts: what came in is what was placed and what was rejected, at every door the same."""

from __future__ import annotations

from collections import Counter

import pytest

from bioner.formats import Receipt, Tally


def tallied() -> Receipt:
    tally = Tally("jsonl")
    tally.document_id("a", "a.jsonl:1")
    tally.place("Gene")
    tally.reject("surface_not_found", "a.jsonl:1", "'p53'")
    tally.repair("offset_moved", "a.jsonl:1")
    tally.leave('key "marks"', "a.jsonl:1", count=2)
    return tally.report().receipt()


def test_a_receipt_counts_what_a_reading_placed_rejected_repaired_and_left() -> None:
    found = tallied()
    assert (found.documents_in, found.mentions_in, found.mentions_placed) == (1, 2, 1)
    assert found.rejected == Counter(surface_not_found=1)
    assert found.repaired == Counter(offset_moved=1)
    assert found.unread == Counter({'key "marks"': 2})
    assert "a.jsonl:1: surface_not_found: 'p53'" in found.examples
    assert list(found.lines()) == [
        "1 documents in, 1 placed; 2 mentions in, 1 placed",
        "mentions rejected: surface not found 1",
        "repaired: offset moved 1",
        'not used: key "marks" 2',
    ]
    assert found.to_json()["mentions"] == {
        "in": 2,
        "placed": 1,
        "rejected": {"surface_not_found": 1},
    }


def test_a_receipt_whose_sums_do_not_add_up_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="3 mentions came in, but 1 were placed and 1 rejected"):
        Receipt(mentions_in=3, mentions_placed=1, rejected=Counter(empty_range=1))
    with pytest.raises(ValueError, match="1 documents came in"):
        Receipt(documents_in=1)


def test_receipts_of_two_files_add_and_of_two_steps_follow_each_other() -> None:
    one = tallied()
    both = one + one
    assert (both.mentions_in, both.mentions_placed, both.rejected.total()) == (4, 2, 2)
    later = Receipt(
        documents_in=1, documents_placed=1, mentions_in=1, rejected=Counter(crosses_sentence=1)
    )
    whole = one.then(later)
    assert (whole.mentions_in, whole.mentions_placed) == (2, 0)
    assert whole.rejected == Counter(surface_not_found=1, crosses_sentence=1)
    with pytest.raises(ValueError, match="the later step took"):
        one.then(Receipt())
