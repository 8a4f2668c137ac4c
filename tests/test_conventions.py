"""Conventions as a noun: what a model knows, and how a name finds its piece."""

from __future__ import annotations

import pytest

from bioner.conventions import ANY, Conventions, conventions_from_json, pieces_for
from bioner.errors import ConventionError
from bioner.text import sentences, split_document

RESERVED = pieces_for(["BC2GM", "CRAFT"], spare=2)


def test_a_model_without_reserved_pieces_knows_any_alone() -> None:
    none = Conventions()
    assert not none
    assert none.names == (ANY,)
    assert none.find("any").piece == ""
    with pytest.raises(ConventionError, match="knows no convention 'BC2GM'; it knows none but any"):
        none.find("BC2GM", of="old")


def test_a_corpus_takes_its_own_piece_and_a_project_a_spare_one() -> None:
    known = Conventions((), RESERVED).knowing({"BC2GM": {"Gene"}, "our lab": {"Gene", "Cell"}})
    assert [(one.name, one.piece) for one in known.known] == [
        ("BC2GM", "[BC2GM]"),
        ("our lab", "[convention1]"),
    ]
    assert known.find("OUR LAB").covers == {"Gene", "Cell"}
    again = known.knowing({"our lab": {"Gene"}, "second lab": {"Gene"}})
    assert again.find("our lab").piece == "[convention1]"
    assert again.find("second lab").piece == "[convention2]"
    with pytest.raises(ConventionError, match="no reserved piece is left for 'third'"):
        again.knowing({"third": {"Gene"}})


def test_an_unknown_name_is_answered_with_those_known() -> None:
    known = Conventions((), RESERVED).knowing({"BC2GM": {"Gene"}})
    with pytest.raises(
        ConventionError, match="bioner-x knows no convention 'CRAFT'; it knows any,"
    ):
        known.find("CRAFT", of="bioner-x")
    assert known.nearest("CRAFT") == ANY


def test_a_list_reads_back_as_written_and_a_damaged_one_is_refused() -> None:
    known = Conventions((), RESERVED).knowing({"BC2GM": {"Gene"}, "ours": {"Cell"}})
    raw = known.to_json()
    assert conventions_from_json(raw) == known
    with pytest.raises(ConventionError, match="not among the reserved"):
        conventions_from_json({**raw, "reserved": ["[ANY]"]})
    with pytest.raises(ConventionError, match="expected form"):
        conventions_from_json({"format": 1, "known": 3, "reserved": []})


def test_no_text_of_ours_has_a_reserved_piece_as_a_word() -> None:
    text = " ".join(RESERVED)
    words = [t for s in sentences(split_document(text)) for t in s.tokens]
    assert not {*words} & {*RESERVED}
