"""The span editor's operations: applied, taken back, sent and received without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.errors import StaleRevisionError, StoreError
from bioner.review.everywhere import Place, marked
from bioner.review.operations import (
    Operation,
    apply_operation,
    difference,
    inverse,
    mention_from_json,
    mention_to_json,
    read_operations,
)
from bioner.spans import Alternative, Mention

quick = settings(max_examples=50, deadline=None)
LABELS = st.sampled_from(["Gene", "Protein", "Cell"])


@st.composite
def mentions(draw: st.DrawFn) -> Mention:
    size = draw(st.sampled_from([2, 2, 2, 4, 6]))
    cuts = sorted(draw(st.lists(st.integers(0, 40), min_size=size, max_size=size, unique=True)))
    return Mention(
        tuple(zip(cuts[::2], cuts[1::2], strict=True)),
        draw(LABELS),
        source_label=draw(st.sampled_from(["", "GGP"])),
        status=draw(st.sampled_from(["gold", "predicted", "reviewed"])),
        score=draw(st.none() | st.floats(0, 1)),
        alternatives=draw(st.sampled_from([(), (Alternative("Cell", 0.25),)])),
        attributes=draw(st.sampled_from([(), (("id", "672"),)])),
        id=draw(st.sampled_from(["", "T1"])),
    )


def operation(removed: tuple[Mention, ...], added: tuple[Mention, ...]) -> Operation:
    return Operation(
        op_id="1",
        seq=1,
        view="view",
        session="tab",
        reviewer="Ann",
        kind="batch",
        removed=removed,
        added=added,
    )


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[Mention], Operation]:
    present = draw(st.lists(mentions(), max_size=8))
    chosen = draw(st.lists(st.sampled_from(present), unique_by=id)) if present else []
    return present, operation(tuple(chosen), tuple(draw(st.lists(mentions(), max_size=4))))


def ordered(ones: Any) -> list[str]:
    return sorted(map(repr, ones))


@quick
@given(edits())
def test_an_operation_changes_only_the_mentions_that_it_names(
    edit: tuple[list[Mention], Operation],
) -> None:
    present, change = edit
    after = apply_operation(present, change)
    assert ordered([*after, *change.removed]) == ordered([*present, *change.added])


@quick
@given(edits())
def test_the_inverse_takes_an_operation_back_exactly(
    edit: tuple[list[Mention], Operation],
) -> None:
    present, change = edit
    back = inverse(change)
    after = apply_operation(present, change)
    again = apply_operation(after, operation(back.removed, back.added))
    assert again == apply_operation(present, operation((), ()))


@quick
@given(st.lists(mentions(), max_size=6), st.lists(mentions(), max_size=6))
def test_the_difference_of_two_states_leads_from_one_to_the_other(
    before: list[Mention], after: list[Mention]
) -> None:
    change = difference(before, after)
    reached = apply_operation(before, operation(change.removed, change.added))
    assert ordered(reached) == ordered(after)
    assert not set(change.removed) & set(change.added) - set(before)


@quick
@given(mentions(), st.integers(0, 1000))
def test_a_mention_survives_the_way_to_the_browser_and_back(one: Mention, offset: int) -> None:
    moved = replace(one, fragments=tuple((s + offset, e + offset) for s, e in one.fragments))
    sent = json.loads(json.dumps(mention_to_json(moved, offset)))
    assert sent["fragments"] == [list(fragment) for fragment in one.fragments]
    assert mention_from_json(sent, offset) == moved


@quick
@given(st.lists(mentions(), max_size=5), mentions())
def test_removing_what_is_not_there_is_refused(present: list[Mention], gone: Mention) -> None:
    rest = [one for one in present if (one.fragments, one.label) != (gone.fragments, gone.label)]
    with pytest.raises(StaleRevisionError, match="not there any more"):
        apply_operation(rest, operation((gone,), ()))


def sent(**changed: Any) -> dict[str, Any]:
    return {
        "op_id": "a",
        "seq": 1,
        "view": "v",
        "session": "s",
        "reviewer": "Ann",
        "kind": "add",
        "offset": 10,
        "units": [{"id": 7, "base": 3}],
        "removed": [],
        "added": [{"fragments": [[0, 4]], "label": "Gene"}],
        "surfaces": ["BRCA"],
        "selection": [0, 4],
        **changed,
    }


def test_received_offsets_are_the_documents() -> None:
    [one] = read_operations([sent()])
    assert one.added[0].fragments == ((10, 14),)
    assert one.selection == (10, 14)
    assert one.units == ((7, 3),)
    assert one.added[0].status == "reviewed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "drop table"},
        {"surfaces": []},
        {"added": [{"fragments": [[4, 4]], "label": "Gene"}]},
        {"added": [{"fragments": [[0, 4]], "label": "Gene", "status": "sure"}]},
        {"seq": None},
    ],
)
def test_what_is_no_edit_is_refused_with_one_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="reload the page"):
        read_operations([sent(**wrong)])


def test_an_empty_state_holds_no_operations() -> None:
    assert read_operations(None) == []


def test_what_names_a_concept_is_told_apart_from_what_else_is_said_of_a_mention() -> None:
    concepts = (("identifier", "672"), ("MESH", "D1"), ("normalization:Reference", "Taxonomy:9606"))
    one = Mention(((0, 5),), "Gene", attributes=(*concepts, ("note:AnnotatorNotes", "x")))
    assert mention_to_json(one)["concepts"] == [list(pair) for pair in concepts]
    assert mention_from_json(mention_to_json(one)) == one


KEYS = ("identifier", "Identifier", "MESH", "mesh_id", "NCBI Gene", "ncbi-gene id", "kb_id",
        "UMLS_CUI", "normalization:Reference", "Uniprot", "dbSNP", "rsid", "normalized_id",
        "accession")  # fmt: skip
OTHERS = ("note:AnnotatorNotes", "Negation", "valid", "column7", "Speculation", "period", "hidden")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from((*KEYS, *OTHERS)), unique=True), st.booleans())
def test_whatever_names_a_concept_goes_with_another_type_and_all_else_stays(keys, is_same):
    attributes = tuple((key, "x") for key in keys)
    one = Mention(((0, 5),), "Gene", score=0.5, attributes=attributes, id="T7")
    told = [key for key, _ in mention_to_json(one)["concepts"]]
    assert told == [key for key in keys if key in KEYS]
    review = cast(Any, SimpleNamespace(item=1, mentions=(one,)))
    place = Place(review=review, at=(0, 5), model_label="", before="", after="")
    ((_, (now,)),) = marked([place], "Gene" if is_same else "Protein")
    assert [key for key, _ in now.attributes] == [key for key in keys if is_same or key in OTHERS]
    assert (now.id, now.score, now.status) == ("T7", None, "reviewed")
