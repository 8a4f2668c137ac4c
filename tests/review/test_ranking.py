"""Triage: each reason says what it claims, and near duplicates do not come in a row."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import a_document, a_store

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.progress import Progress
from bioner.review import (
    Candidate,
    Knowledge,
    QueueOptions,
    combine,
    load_knowledge,
    prioritise,
    rank,
    ranking,
    read_knowledge,
    reasons,
)
from bioner.review.twins import Twins
from bioner.settings import read_settings
from bioner.spans import Sentence, Span, corpus_sentence
from bioner.store import Priority, QueueFilter, Reason

GROUPS = {"Gene": "Gene", "Protein": "Gene", "Disease": "Disease", "Cell": "Cell"}
ALL = frozenset(GROUPS)


def a_sentence(
    text: str,
    *spans: tuple[int, int, str] | tuple[int, int, str, float],
    covers: Iterable[str] = ALL,
) -> Sentence:
    flat = [Span(s[0], s[1], s[2], score=s[3] if len(s) > 3 else None) for s in spans]
    return corpus_sentence("d", text.split(), spans=flat, covers=frozenset(covers))


TRAIN = [
    *[a_sentence("p53 binds DNA", (0, 1, "Gene"))] * 20,
    *[a_sentence("the HeLa cell line grows", (1, 3, "Cell"))] * 4,
    *[a_sentence("cold is a symptom", (0, 1, "Disease"))] * 3,
    *[a_sentence("cold water and ice")] * 3,
    *[a_sentence("cold comfort to all", covers={"Gene"})] * 9,
    a_sentence("marker of cancer", (0, 1, "Gene")),
    *[a_sentence("a marker is a marker")] * 5,
]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return read_knowledge(lambda: TRAIN)


def test_confidence_does_not_depend_on_how_many_entities_there_are() -> None:
    one = a_sentence("a b c d", (0, 1, "Gene", 0.5))
    four = a_sentence("a b c d", *((i, i + 1, "Gene", 0.5) for i in range(4)))
    assert reasons.low_confidence(one) == pytest.approx(reasons.low_confidence(four)) == 0.5
    assert reasons.low_confidence(a_sentence("a b")) == 0.0
    assert reasons.low_confidence(a_sentence("a", (0, 1, "Gene"))) == 0.0


def test_uncertainty_grows_with_the_tagger_s_doubt_and_is_0_without_one() -> None:
    sentence = a_sentence("a b c d", (0, 1, "Gene", 0.5))
    doubts = [None, 0.0, 0.02, 0.1, 0.3, 1.0]
    found = [reasons.uncertain_words(replace(sentence, uncertainty=doubt)) for doubt in doubts]
    assert found[:2] == [0.0, 0.0]
    assert found[1:] == sorted(found[1:])
    assert found[2:] == [pytest.approx(0.1), pytest.approx(0.5), 1.0, 1.0]


def test_models_disagree_by_boundary_and_group_but_not_by_name_within_a_group() -> None:
    gene = a_sentence("a b c", (0, 1, "Gene"), (2, 3, "Disease"))
    protein = a_sentence("a b c", (0, 1, "Protein"), (2, 3, "Disease"))
    longer = a_sentence("a b c", (0, 2, "Gene"), (2, 3, "Disease"))
    assert reasons.models_disagree(gene, protein, GROUPS) == 0.0
    assert reasons.models_disagree(gene, longer, GROUPS) == pytest.approx(2 / 3)
    assert reasons.models_disagree(a_sentence("a"), a_sentence("a"), GROUPS) == 0.0


def test_a_surface_that_training_marks_half_the_time_is_a_convention_conflict(
    knowledge: Knowledge,
) -> None:
    cold = a_sentence("cold again", (0, 1, "Disease"))
    sure = a_sentence("p53 again", (0, 1, "Gene"))
    assert reasons.convention_conflict(cold, knowledge, GROUPS) == 1.0
    assert reasons.convention_conflict(sure, knowledge, GROUPS) == 0.0
    split = replace(knowledge, marked={"x": {"Gene": 5, "Cell": 5}}, seen={"x": 10})
    both = a_sentence("x", (0, 1, "Gene"))
    assert reasons.convention_conflict(both, split, GROUPS) == 1.0
    named = replace(split, marked={"x": {"Gene": 5, "Protein": 5}})
    assert reasons.convention_conflict(both, named, GROUPS) == 0.0


def test_sentences_whose_annotators_did_not_look_are_no_evidence(knowledge: Knowledge) -> None:
    assert knowledge.seen["cold"] == 6
    assert knowledge.habit("cold") == 0.5


def test_rare_and_unknown_types_stand_out(knowledge: Knowledge) -> None:
    rare = {
        label: reasons.rare_type(a_sentence("x", (0, 1, label)), knowledge)
        for label in ("Gene", "Cell", "Complex")
    }
    assert rare["Gene"] == 0.0 < rare["Cell"] < rare["Complex"] == 1.0
    assert reasons.rare_type(a_sentence("x"), knowledge) == 0.0


def test_the_share_of_unseen_surfaces_is_told(knowledge: Knowledge) -> None:
    half = a_sentence("P53 and novelin", (0, 1, "Gene"), (2, 3, "Gene"))
    assert reasons.unseen_surface(half, knowledge) == 0.5


def test_a_known_surface_left_unmarked_is_likely_missed(knowledge: Knowledge) -> None:
    assert reasons.likely_missed(a_sentence("here HeLa cell and"), knowledge) == 1.0
    found = a_sentence("here HeLa cell and", (1, 3, "Cell"))
    assert reasons.likely_missed(found, knowledge) == 0.0
    inside = a_sentence("here HeLa cell and", (1, 4, "Cell"))
    assert reasons.likely_missed(inside, knowledge) == 0.0
    assert reasons.likely_missed(a_sentence("marker of"), knowledge) == 0.0
    assert reasons.likely_missed(a_sentence("cold again"), knowledge) == 0.0


def test_a_surface_of_a_type_that_nobody_looks_for_is_not_missed(knowledge: Knowledge) -> None:
    assert reasons.likely_missed(a_sentence("the p53 protein"), knowledge) == 1.0
    assert reasons.likely_missed(a_sentence("the p53 protein", covers={"Cell"}), knowledge) == 0.0
    assert reasons.likely_missed(a_sentence("the p53 protein", covers=()), knowledge) == 1.0


def test_a_sure_prediction_against_gold_makes_gold_doubtful() -> None:
    gold = a_sentence("a b c", (0, 1, "Gene"), covers={"Gene"})
    same = a_sentence("a b c", (0, 1, "Protein", 0.99))
    more = a_sentence("a b c", (0, 1, "Gene", 0.99), (1, 2, "Gene", 0.9), (2, 3, "Cell", 0.99))
    assert reasons.doubtful_gold(gold, same, GROUPS) == 0.0
    assert reasons.doubtful_gold(gold, more, GROUPS) == 0.9


def test_a_type_that_fires_at_twice_its_rate_is_over_fired_by_half(knowledge: Knowledge) -> None:
    expected = knowledge.rates["Gene"] * 1000
    found = reasons.over_firing({"Gene": round(2 * expected), "New": 5}, 1000, knowledge)
    assert found["Gene"] == pytest.approx(0.5, abs=0.01)
    assert found["New"] == 0.0
    assert reasons.over_firing({"Gene": 1}, 1000, knowledge) == {"Gene": 0.0}
    assert reasons.over_firing({"Disease": 3}, 4, knowledge) == {"Disease": 0.0}
    assert reasons.over_firing({"Disease": 9}, 12, knowledge)["Disease"] > 0.9


def test_every_reason_is_named_and_the_strongest_comes_first(knowledge: Knowledge) -> None:
    doubted = a_sentence(
        "cold and HeLa cell novelin", (0, 1, "Disease", 0.2), (4, 5, "Complex", 0.2), covers=()
    )
    candidate = Candidate(
        "x",
        replace(doubted, uncertainty=0.1),
        second=a_sentence("cold and HeLa cell novelin"),
        gold=a_sentence("cold and HeLa cell novelin"),
        named=(Reason("Gene missed", 1.0),),
    )
    item, *_ = rank([replace(candidate, key=i) for i in "abcdefghijkl"], knowledge, group_of=GROUPS)
    assert {r.name for r in item.reasons} == {*reasons.REASONS, "Gene missed"}
    assert item.reasons[0].name == "Gene missed"
    assert item.priority == 1.0


scores = st.floats(0, 1)
some_reasons = st.lists(st.builds(Reason, st.sampled_from([*reasons.REASONS, "own"]), scores))


@given(some_reasons, st.builds(Reason, st.sampled_from(reasons.REASONS), scores))
@settings(max_examples=60, deadline=None)
def test_the_priority_is_in_0_to_1_and_no_reason_lowers_it(
    given_reasons: list[Reason], more: Reason
) -> None:
    before, after = combine(given_reasons), combine([*given_reasons, more])
    assert 0.0 <= before <= after + 1e-12 <= 1.0 + 1e-9


def predicted(words: str, score: float) -> Sentence:
    return a_sentence(words, (0, 1, "Gene", score))


def test_near_duplicates_do_not_come_in_a_row(knowledge: Knowledge) -> None:
    base = "novelin was given to patients in group {} of the second clinical trial arm"
    twins = [Candidate(("twin", i), predicted(base.format(i), 0.1)) for i in range(5)]
    others = [
        Candidate(("other", i), predicted(" ".join(f"w{i}x{j}" for j in range(9)), 0.9))
        for i in range(60)
    ]
    order = [item.key[0] for item in rank([*twins, *others], knowledge)]
    places = [place for place, kind in enumerate(order) if kind == "twin"]
    assert places[0] == 0
    assert len(places) == 5
    assert all(b - a > ranking.WINDOW for a, b in itertools.pairwise(places))


def test_only_near_duplicates_left_are_still_all_handed_out(knowledge: Knowledge) -> None:
    same = [Candidate(i, predicted("novelin is new here today", 0.5)) for i in range(30)]
    items = rank(same, knowledge)
    assert [i.key for i in items] == list(range(30))
    priorities = [i.priority for i in items]
    assert all(a > b for a, b in itertools.pairwise(priorities))


words = st.lists(st.sampled_from([f"w{i}" for i in range(12)]), min_size=1, max_size=8)


@given(st.lists(st.tuples(words, scores), max_size=40))
@settings(max_examples=40, deadline=None)
def test_every_candidate_is_ranked_once_with_strictly_falling_priority(
    given_sentences: list[tuple[list[str], float]],
) -> None:
    knowledge = read_knowledge(lambda: TRAIN)
    candidates = [
        Candidate(i, predicted(" ".join(tokens), score))
        for i, (tokens, score) in enumerate(given_sentences)
    ]
    items = rank(candidates, knowledge)
    assert sorted(i.key for i in items) == list(range(len(candidates)))
    priorities = [i.priority for i in items]
    assert all(a > b for a, b in itertools.pairwise(priorities))
    assert rank(candidates, knowledge) == items


def test_twins_are_sentences_with_nearly_the_same_words() -> None:
    twins = Twins()
    text = "The expression of p53 in 12 patients was lower than in the healthy control group"
    numbers = [
        twins.add(text.split()),
        twins.add(text.lower().replace("12", "345").split()),
        twins.add(text.replace("lower", "higher").split()),
        twins.add(
            ["Quite", "another", "sentence", "about", "the", "mouse", "liver", "after", "treatment"]
        ),
        twins.add(["?", "!"]),
        twins.add(["..."]),
    ]
    groups = [twins.group(n) for n in numbers]
    assert groups[0] == groups[1] == groups[2]
    assert len({groups[0], *groups[3:]}) == 4


def test_the_queue_of_a_project_comes_in_the_ranked_order_with_its_reasons(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    store = a_store(tmp_path, documents=4)
    doubted = replace(
        a_document(2),
        mentions=tuple(replace(m, score=0.1) for m in a_document(2).mentions),
    )
    store.import_documents("p", [doubted], model="m")
    store.import_documents("p", [replace(a_document(1), mentions=())], model="other")
    named = {store.items_of("p", "d3")[1]: (Reason("Gene missed", 1.0),)}
    options = QueueOptions(model="m", second="other", named=named)
    assert prioritise(store, "p", knowledge, options=options) == 8
    rows = store.queue("p")
    assert rows[0].item == store.items_of("p", "d3")[1]
    by_item = {row.item: {r.name: r.score for r in row.reasons} for row in rows}
    (doubted_item, _), (denied_item, _) = store.items_of("p", "d2"), store.items_of("p", "d1")
    assert by_item[doubted_item]["low confidence"] == pytest.approx(0.9)
    assert by_item[denied_item]["two models disagree"] == 1.0
    chosen = store.queue("p", filters=QueueFilter(reason="two models disagree"))
    assert {row.document for row in chosen} == {"d1"}
    store.set_priorities("p", [Priority(denied_item, 0.0)])
    assert len(store.queue("p", filters=QueueFilter(reason="two models disagree"))) == 1


def test_texts_brought_in_are_ranked_without_moving_the_others(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    store = a_store(tmp_path, documents=3)
    assert prioritise(store, "p", knowledge, documents=["d1", "nowhere"]) == 2
    ranked = {row.document for row in store.queue("p") if row.reasons}
    assert ranked == {"d1"}
    assert [row.document for row in store.queue("p")][:2] == ["d1", "d1"]
    heard: list[Progress] = []
    assert prioritise(store, "p", knowledge, on_progress=heard.append) == 6
    assert [one.done for one in heard] == [1, 2, 3, 4, 5, 6]


def test_doubts_and_reasons_given_by_name_outlive_a_new_ranking(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    store = a_store(tmp_path, documents=2)
    first, second = store.items_of("p", "d0")
    doubted = replace(a_document(0), uncertainty=(0.0, 0.1))
    named = {first: (Reason("Gene missed", 0.7),)}
    prioritise(store, "p", knowledge, options=QueueOptions(named=named, tagged={"d0": doubted}))

    def reasons_of(item: int) -> dict[str, float]:
        row = next(row for row in store.queue("p") if row.item == item)
        return {one.name: round(one.score, 3) for one in row.reasons}

    before = reasons_of(first), reasons_of(second)
    assert before[0]["Gene missed"] == 0.7
    assert "uncertain words" not in before[0]
    assert before[1]["uncertain words"] == 0.5
    prioritise(store, "p", knowledge)
    assert (reasons_of(first), reasons_of(second)) == before
    sure = replace(doubted, uncertainty=(0.0, 0.0))
    prioritise(store, "p", knowledge, options=QueueOptions(tagged={"d0": sure}))
    assert "uncertain words" not in reasons_of(second)


def test_marks_of_types_that_nobody_looks_for_do_not_count(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    store = a_store(tmp_path, documents=0)
    other = a_document(0)
    unsure = replace(
        other, mentions=tuple(replace(m, label="Chemical", score=0.1) for m in other.mentions)
    )
    store.import_documents("p", [unsure], model="m")
    prioritise(store, "p", knowledge)
    assert {r.name for row in store.queue("p") for r in row.reasons} == set()


def test_the_next_newest_model_that_marks_something_disagrees_by_itself(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    store = a_store(tmp_path, documents=0)
    bare = replace(a_document(0), mentions=())
    store.import_documents("p", [bare])
    store.import_documents("p", [bare], model="first")
    store.import_documents("p", [a_document(0)], model="second")

    def disagreements() -> list[float]:
        prioritise(store, "p", knowledge)
        found = [reason for row in store.queue("p") for reason in row.reasons]
        return [one.score for one in found if one.name == "two models disagree"]

    assert disagreements() == []
    store.import_documents("p", [bare], model="third")
    assert disagreements() == [1.0, 1.0]


def test_what_training_says_is_kept_for_the_data_it_comes_from(
    home: Path, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bioner.review import knowledge as kept

    place = read_settings()
    told: list[str] = []
    shipped = load_knowledge(place, tell=told.append)
    assert shipped == read_knowledge(lambda: sample.train)
    assert not told
    assert not (place.data / "triage").exists()

    write_dataset(replace(sample, train=sample.train[:50], fingerprint="first"), place.merged)
    few = load_knowledge(place, tell=told.append)
    assert len(told) == 1
    assert few != shipped
    with monkeypatch.context() as patch:
        patch.setattr(kept, "read_dataset", lambda *_, **__: pytest.fail("it is kept"))
        assert load_knowledge(place, tell=told.append) == few
    [path] = (place.data / "triage").iterdir()
    path.write_text("{", encoding="utf-8")
    assert load_knowledge(place) == few
    write_dataset(replace(sample, train=sample.train[:60], fingerprint="second"), place.merged)
    assert load_knowledge(place) != few
    assert len(list(path.parent.iterdir())) == 2
