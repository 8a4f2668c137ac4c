"""Which concept a mention stands for: what names one, what it is found by, where a text clashes."""

from __future__ import annotations

import pytest

from bioner.identifiers import (
    clashes,
    identified,
    identifier_of,
    ids_of,
    is_same,
    marks_with_ids,
    search_key,
    search_keys,
)
from bioner.spans import Document, Mention


@pytest.mark.parametrize(
    ("pairs", "ids"),
    [
        ((("identifier", "D003110|D009369"),), ("D003110", "D009369")),
        ((("normalization:Reference", "Taxonomy:9606\tHomo sapiens"),), ("Taxonomy:9606",)),
        ((("MESH", "D1"), ("name", "colon cancer"), ("note", "x")), ("D1",)),
        ((("identifier", "-"),), ()),
        ((("identifier", "D1"), ("mesh", "D1")), ("D1",)),
    ],
)
def test_a_mention_s_identifiers_are_read_as_files_write_them(pairs, ids):
    assert ids_of(pairs) == ids


def test_a_concept_is_found_with_and_without_its_database_and_in_any_case():
    keys = search_keys((("identifier", "MESH:D003110"),))
    assert {search_key(one) for one in ("mesh:d003110", "D003110 ")} <= keys


def test_another_concept_takes_the_place_of_whatever_named_one_and_the_rest_stays():
    pairs = (("normalization:Reference", "Taxonomy:9606\thuman"), ("note", "x"))
    one = Mention(((0, 5),), "Organism", attributes=pairs)
    assert identified(one, "NCBI:10090").attributes == (("identifier", "NCBI:10090"), ("note", "x"))
    assert identified(one, "").attributes == (("note", "x"),)
    assert identifier_of(one.attributes) == "Taxonomy:9606"


def test_one_database_left_out_is_the_same_concept_and_another_database_is_not():
    assert is_same("MESH:D1", "d1")
    assert not is_same("MESH:1", "OMIM:1")
    assert not is_same("1", "2")


def a_document(*ids: str) -> Document:
    words = ("Tumour", "tumours", "TUMOUR", "p53")[: len(ids)]
    text, mentions = "", []
    for word, id in zip(words, ids, strict=True):
        start = len(text)
        text += word + " "
        attributes = (("identifier", id),) if id else ()
        at = (start, start + len(word))
        mentions.append(Mention((at,), "Disease", attributes=attributes))
    return Document("d", text, tuple(mentions))


def test_alike_words_of_one_type_with_unlike_identifiers_clash_and_those_without_one_do_not():
    (clash,) = clashes(marks_with_ids(a_document("D1", "D2", "D1", "D9")))
    assert (clash.surface, clash.ids) == ("Tumour", (("D1", 2), ("D2", 1)))
    assert len(clash.places) == 3
    assert clashes(marks_with_ids(a_document("MESH:D1", "D1", ""))) == []
