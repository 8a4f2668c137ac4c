"""Waiting marks are counted as they would be one by one, however they are stored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import a_store

from bioner.spans import Alternative, Document, Mention
from bioner.store import Project, codec
from bioner.store.alike import predicted

TEXT = 'He said "at": [[1,2]] of IL-2, \u03b1 and {"at":[[0,1]],"label":"x" \U0001f9ec end.'
WORDS = st.text(alphabet='ab"\\{}[],:\u03b1', max_size=6)
RANGES = st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda one: (one[0], sum(one)))
MARKS = st.builds(
    Mention,
    RANGES.map(lambda one: (one,)) | RANGES.map(lambda one: (one, (one[1] + 1, one[1] + 3))),
    st.sampled_from(["Gene", 'a "quoted" type', "back\\slash", "\u03b1"]),
    source_label=WORDS,
    status=st.sampled_from(["predicted", "reviewed", "gold"]),
    score=st.none() | st.floats(0, 1) | st.just(1e-07),
    alternatives=st.lists(st.builds(Alternative, WORDS, st.floats(0, 1)), max_size=1).map(tuple),
    attributes=st.lists(st.tuples(WORDS, WORDS), max_size=1).map(tuple),
    id=WORDS,
)


@given(st.lists(MARKS, max_size=4))
@settings(max_examples=200, deadline=None)
def test_each_predicted_mark_is_read_with_its_surface_type_and_score(marks: list[Mention]) -> None:
    expected = [
        (" ".join(TEXT[a:b] for a, b in one.fragments), one.label, one.score)
        for one in marks
        if one.status == "predicted"
    ]
    assert list(predicted(codec.write_mentions(marks), TEXT)) == expected


def test_alike_marks_are_those_that_wait(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=4)
    types = ("Gene", 'a "quoted" type')
    store.create_project(Project("q", types, frozenset(types)))
    parts = Mention(((0, 2), (8, 12)), types[1], status="predicted", score=0.5)
    plain = Mention(((3, 7),), "Gene", status="predicted")
    store.import_documents("q", [Document("d", TEXT, (parts, plain))], model="m")
    store.import_documents("q", [Document("e", TEXT, (plain,))], model="m")
    for project in ("p", "q"):
        one_by_one = Counter((m.surface, m.label) for m in store.waiting_marks(project, "ann"))
        alike = store.alike(project, "ann").alike
        assert {(one.surface, one.label): len(one.items) for one in alike} == one_by_one
    found = {one.label: one for one in alike}
    assert (found[types[1]].surface, found[types[1]].scores) == ('He "at"', [0.5])
    both = [store.items_of("q", name)[0] for name in "de"]
    assert (found["Gene"].scores, sorted(found["Gene"].items)) == ([None] * 2, both)
    store.close()
