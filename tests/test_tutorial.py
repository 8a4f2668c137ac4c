"""The tutorial's texts: ten abstracts, enough for "my test", marked where the words stand."""

from __future__ import annotations

import runpy
from typing import Any

from support import ROOT

from bioner.store.my_test import LEAST_DOCUMENTS, LEAST_SENTENCES, is_chosen
from bioner.text import split_document

READ: Any = runpy.run_path(str(ROOT / "docs" / "tutorial" / "texts.py"))["read"]


def test_ten_abstracts_are_enough_for_a_my_test_and_leave_most_for_learning() -> None:
    texts = [str(one["text"]) for one in READ()]
    documents = [split_document(text) for text in texts]
    assert len(documents) == LEAST_DOCUMENTS
    assert sum(len(one.sentence_ranges) for one in documents) >= LEAST_SENTENCES
    assert 1 <= sum(is_chosen(text) for text in texts) <= 3


def test_the_labs_marks_are_whole_words_of_their_texts() -> None:
    found = set()
    for one in READ():
        for start, end, label in one["marks"]:
            surface = one["text"][start:end]
            assert surface == surface.strip()
            found.add((surface.lower(), label))
    assert ("sars-cov-2", "Organism") in found
    assert ("cerebral organoids", "Tissue") in found
    assert all(label in ("Organism", "Tissue") for _, label in found)
