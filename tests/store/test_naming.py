"""A text that comes in again, with other marks under the same ids: no relation joins others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import a_store, edit_of

from bioner.formats.tally import Losses
from bioner.spans import Document, Mention, Relation
from bioner.store.naming import Present, named_apart, with_repeats_joined
from bioner.store.values import Layer

WORDS = 6
TEXT = " ".join(f"w{i}" for i in range(WORDS))
Facts = set[tuple[str, tuple[int, ...]]]
"""Relations by type and by where the words stand that they join."""


@st.composite
def comings(draw: st.DrawFn) -> Document:
    """Make the text with marks under ids of a small stock, and relations and events of them."""
    places = draw(st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=4, unique=True))
    ids = draw(st.permutations(["T1", "T2", "T3", "T4"]))[: len(places)]
    marks = [
        Mention(((3 * at, 3 * at + 2),), draw(st.sampled_from(["Gene", "Disease"])), id=id)
        for at, id in zip(places, ids, strict=True)
    ]
    pairs = st.tuples(st.sampled_from(["T1", "T2", "T3", "T4"]), st.sampled_from(ids))
    relations = [
        Relation(f"R{number}", draw(st.sampled_from(["Binds", "Is"])), (("Arg1", a), ("Arg2", b)))
        for number, (a, b) in enumerate(draw(st.lists(pairs, max_size=3)), 1)
    ]
    if relations and draw(st.booleans()):
        relations.append(Relation("E1", "Cause", (("Theme", "R1"), ("Arg", ids[0]))))
    if len(ids) > 1 and draw(st.booleans()):
        relations.append(Relation("*", "Equiv", (("", ids[0]), ("", ids[1]))))
    return Document("a", TEXT, tuple(marks), ((0, len(TEXT)),), tuple(relations))


def gene(word: int, id: str) -> Mention:
    return Mention(((3 * word, 3 * word + 2),), "Gene", id=id)


def binds(one: str, other: str, *, id: str = "R1") -> Relation:
    return Relation(id, "Binds", (("Arg1", one), ("Arg2", other)))


def facts(document: Document) -> Facts:
    """Return what a document's relations say, by places; of those whose marks are gone nothing."""
    places = {one.id: one.start for one in document.mentions if one.id}
    inner = {one.id: one for one in document.relations if one.id != "*"}

    def where(target: str) -> tuple[int, ...] | None:
        if target in places:
            return (places[target],)
        if target not in inner:
            return None
        found = [where(one) for _, one in inner[target].arguments]
        return None if None in found else tuple(at for one in found for at in one or ())

    told: Facts = set()
    for one in document.relations:
        ends = [where(target) for _, target in one.arguments]
        if None not in ends:
            told.add((one.type, tuple(at for end in ends for at in end or ())))
    return told


@settings(max_examples=60, deadline=None)
@given(st.lists(comings(), min_size=2, max_size=4))
def test_no_relation_joins_other_marks_however_often_a_text_comes_in(given_texts):
    marks: list[Mention] = []
    kept = with_repeats_joined(given_texts[0])
    layers = [list(given_texts[0].mentions)]
    said = facts(given_texts[0])
    for document in given_texts[1:]:
        marks = [one for layer in layers for one in layer]
        named = named_apart(document, Present(marks, kept))
        assert facts(named) >= facts(document), "what came last is there whole"
        said |= facts(document)
        kept = named.relations
        layers.append(list(named.mentions))
        again = named_apart(document, Present([*marks, *named.mentions], kept))
        assert (again.mentions, again.relations) == (named.mentions, kept), "again adds nothing"
        for layer in layers:
            assert facts(replace(document, mentions=tuple(layer), relations=kept)) <= said


@pytest.mark.parametrize("layers", [("prediction", "gold"), ("gold", "prediction"),
                                    ("prediction", "prediction"), ("gold", "gold")])  # fmt: skip
def test_a_second_file_of_the_same_text_has_ids_of_its_own(
    tmp_path: Path, layers: tuple[Layer, Layer]
) -> None:
    store = a_store(tmp_path, documents=0)
    texts = [
        Document("a", TEXT, (gene(0, "T1"), gene(1, "T2")), (), (binds("T1", "T2"),)),
        Document("a", TEXT, (gene(2, "T1"), gene(0, "T2"), gene(3, "T3")), (),
                 (binds("T2", "T3"), binds("T1", "T2", id="R2"))),
    ]  # fmt: skip
    for _ in range(2):
        for layer, document in zip(layers, texts, strict=True):
            store.import_documents("p", [document], as_layer=layer, model=f"m-{layer}")
            (out,) = store.export_documents("p", layer=layer, model=f"m-{layer}")
            assert facts(out) >= facts(document)
            for other in ("gold", "prediction", "shown"):
                (out,) = store.export_documents("p", layer=other)
                assert facts(out) <= facts(texts[0]) | facts(texts[1])
    losses = Losses("")
    [item] = store.items_of("p", "a")
    seen = store.open_item(item)
    store.save(edit_of(seen, *seen.mentions[1:]))
    (out,) = store.export_documents("p", losses=losses)
    assert losses.lost["relations_of_absent_mentions_dropped"] >= 1
    store.close()


def test_relations_of_a_mark_that_is_there_twice_are_those_of_the_first(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=0)
    marks = (gene(0, "T1"), gene(0, "T5"), gene(1, "T2"))
    document = Document("a", TEXT, marks, (), (binds("T5", "T2"),))
    store.import_documents("p", [document], as_layer="gold")
    (out,) = store.export_documents("p")
    assert [one.arguments for one in out.relations] == [(("Arg1", "T1"), ("Arg2", "T2"))]
    store.close()
