"""A stored report says again all that was measured, while nothing it rests on has moved."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from page_support import make_model
from support import DictionaryTagger

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.errors import BionerError, CorpusError
from bioner.evaluation import evaluate, reports
from bioner.evaluation.comparison import compare_reports
from bioner.evaluation.evaluate import evaluate_and_store, evaluate_cached
from bioner.evaluation.keys import EvaluationKey, evaluation_key, model_hash
from bioner.evaluation.reports import (
    OWN_TEST,
    Evaluation,
    find_evaluation,
    list_evaluations,
    read_evaluation,
)
from bioner.models.card import ModelCard, write_card
from bioner.spans import Span, corpus_sentence

WORDS = {"aspirin": "Chemical", "p53": "Gene", "mice": "Organism", "patients": "Organism"}


def key_of(sample: Dataset, name: str = "dictionary", **more: object) -> EvaluationKey:
    return EvaluationKey(name, "w1", sample.fingerprint, "test", sample.schema.fingerprint, **more)


def stored(sample: Dataset, folder: Path, words: dict[str, str] = WORDS) -> Evaluation:
    tagger = DictionaryTagger(sample, words)
    key = replace(key_of(sample), weights=str(sorted(words)))
    return evaluate_and_store(tagger, sample, key, folder, parts=["BC4CHEMD"])


@pytest.fixture
def data(sample: Dataset, tmp_path: Path) -> Path:
    write_dataset(sample, tmp_path / "merged")
    return tmp_path / "merged"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_model(folder)
    return folder


def test_a_stored_report_is_read_back_whole(sample: Dataset, tmp_path: Path) -> None:
    made = stored(sample, tmp_path)
    again = read_evaluation(made.folder)
    assert again.report == made.report
    assert again.report.to_json() == made.report.to_json()
    assert again.key == made.key
    assert again.mistakes == made.report.mistakes
    assert set(again.report.counts) == set(made.report.counts)
    for corpus, counts in made.report.counts.items():
        assert (again.report.counts[corpus] == counts).all()
    assert again.schema.fingerprint == sample.schema.fingerprint


def test_sentences_are_read_in_the_corpus_own_terms_with_what_was_tagged(
    sample: Dataset, tmp_path: Path
) -> None:
    made = read_evaluation(stored(sample, tmp_path).folder)
    everything = made.sentences()
    assert [one.gold.tokens for one in everything] == [s.tokens for s in sample.test]
    for one in everything:
        assert [s.label for s in one.raw.spans] == [
            s.label for s in DictionaryTagger(sample, WORDS).tag([one.gold])[0].spans
        ]
    some = made.sentences([3, 1])
    assert [one.row for one in some] == [3, 1]
    assert some[0] == everything[3]


def test_every_mistake_points_to_its_sentence(sample: Dataset, tmp_path: Path) -> None:
    made = read_evaluation(stored(sample, tmp_path).folder)
    sentences = made.sentences()
    assert made.mistakes
    for mistake in made.mistakes:
        judged = sentences[mistake.row]
        assert judged.gold.corpus == mistake.corpus
        if mistake.gold:
            assert judged.gold.surface(mistake.gold) == mistake.surface
            assert (mistake.gold.start, mistake.gold.label) in {
                (s.start, s.label) for s in judged.gold.spans
            }
        if mistake.predicted:
            assert mistake.predicted in judged.predicted.spans
            assert judged.predicted.surface(mistake.predicted) == mistake.predicted_surface


@pytest.mark.slow
def test_evaluating_twice_tags_once(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate_cached(model, data, reports=tmp_path / "reports", device="cpu")
    monkeypatch.setattr(evaluate, "load_tagger", lambda *_, **__: pytest.fail("tagged again"))
    again = evaluate_cached(model, data, reports=tmp_path / "reports", device="cpu")
    assert again.report == first.report
    assert again.backend.startswith(("torch", "onnx"))
    assert again.report.seen is not None


def test_the_key_moves_with_the_weights_the_data_and_the_choice_but_not_with_scores_on_the_card(
    data: Path, tmp_path: Path, sample: Dataset
) -> None:
    folder = tmp_path / "model"
    make_model(folder)
    first = evaluation_key(folder, data)
    write_card(folder, ModelCard("model", scores={"overall": {}}))
    assert evaluation_key(folder, data) == first
    write_card(folder, ModelCard("model", calibration={"temperature": {"Gene": 1.2}}))
    calibrated = evaluation_key(folder, data)
    assert calibrated.weights != first.weights
    assert evaluation_key(folder, data, split="devel").id != calibrated.id
    assert evaluation_key(folder, data, corpora=["CRAFT"]).id != calibrated.id
    assert evaluation_key(folder, data, corpora=["CRAFT", "BC2GM"]) == evaluation_key(
        folder, data, corpora=["BC2GM", "CRAFT"]
    )
    weights = folder / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    os.utime(weights, (1, 1))
    assert model_hash(folder) != calibrated.weights
    write_dataset(replace(sample, fingerprint="other"), data)
    assert evaluation_key(folder, data).data == "other"


def test_corpora_can_be_chosen_and_a_wrong_one_is_refused(
    data: Path, model: Path, tmp_path: Path
) -> None:
    place = tmp_path / "reports"
    found = evaluate_cached(model, data, corpora=["CRAFT"], reports=place, device="cpu")
    assert set(found.report.by_corpus) == {"CRAFT"}
    with pytest.raises(CorpusError, match="'Nowhere'"):
        evaluate_cached(model, data, corpora=["Nowhere"], reports=place, device="cpu")


def test_own_test_sentences_are_a_corpus_that_looks_for_what_they_cover(
    data: Path, model: Path, tmp_path: Path
) -> None:
    own = [
        corpus_sentence(
            "Trial/1",
            ["aspirin", "helps"],
            spans=[Span(0, 1, "Chemical")],
            covers=frozenset({"Chemical"}),
            corpus="corrections",
        )
    ]
    place = tmp_path / "reports"
    beside = evaluate_cached(model, data, own_test=own, reports=place, device="cpu")
    assert beside.report.by_corpus[OWN_TEST].micro.support == 1
    assert len(beside.report.by_corpus) > 1
    alone = evaluate_cached(model, None, own_test=own, reports=place, device="cpu")
    assert set(alone.report.by_corpus) == {OWN_TEST}
    assert alone.is_same_schema
    with pytest.raises(CorpusError, match="nothing to evaluate on"):
        evaluate_cached(model, None, reports=place)


def test_a_type_outside_a_sentence_own_covers_is_set_aside(sample: Dataset) -> None:
    from bioner.evaluation.scoring import score

    own = corpus_sentence(
        "Trial/1", ["aspirin", "p53"], covers=frozenset({"Chemical"}), corpus=OWN_TEST
    )
    predicted = DictionaryTagger(sample, {"p53": "Gene"}).tag([own])
    report = score([own], predicted, sample.schema, bootstrap=0)
    assert report.by_corpus[OWN_TEST].set_aside == 1
    assert report.micro.predicted == 0


def test_a_damaged_report_counts_as_absent_and_is_made_anew(
    sample: Dataset, tmp_path: Path
) -> None:
    made = stored(sample, tmp_path)
    (made.folder / "report.json").write_text('{"format": 1, "key"', encoding="utf-8")
    with pytest.raises(BionerError, match="evaluate again"):
        read_evaluation(made.folder)
    assert find_evaluation(made.key, tmp_path) is None
    assert list_evaluations(tmp_path) == []
    assert stored(sample, tmp_path).report == made.report
    assert len(list_evaluations(tmp_path)) == 1


@pytest.mark.parametrize("name", ["counts.npz", "report.json"])
def test_a_report_without_one_of_its_files_is_refused_by_one_sentence(
    sample: Dataset, tmp_path: Path, name: str
) -> None:
    made = stored(sample, tmp_path)
    (made.folder / name).unlink()
    with pytest.raises(CorpusError) as caught:
        read_evaluation(made.folder)
    assert "\n" not in str(caught.value)
    assert str(made.folder) in str(caught.value)


def test_a_report_of_another_format_is_not_read(sample: Dataset, tmp_path: Path) -> None:
    made = stored(sample, tmp_path)
    path = made.folder / "report.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**raw, "format": 99}), encoding="utf-8")
    assert list_evaluations(tmp_path) == []


def test_a_run_that_dies_leaves_no_half_report(
    sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(reports, "write_counts", fail)
    with pytest.raises(OSError, match="disk full"):
        stored(sample, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_model_under_another_name_is_not_evaluated_again(sample: Dataset, tmp_path: Path) -> None:
    made = stored(sample, tmp_path)
    found = find_evaluation(replace(made.key, model="renamed"), tmp_path)
    assert found is not None
    assert found.report.model == found.key.model == "renamed"
    assert replace(found.report, model=made.report.model) == made.report
    assert found.mistakes == made.report.mistakes
    assert find_evaluation(replace(made.key, weights="others"), tmp_path) is None


def test_old_reports_go_when_there_are_too_many(
    sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "KEPT", 2)
    for word in ("a", "b", "c"):
        stored(sample, tmp_path, {word: "Gene"})
    assert len(list_evaluations(tmp_path)) == 2


def test_two_stored_models_are_compared_on_the_same_sentences(
    sample: Dataset, tmp_path: Path
) -> None:
    a = stored(sample, tmp_path, {"aspirin": "Chemical"})
    b = stored(sample, tmp_path)
    assert a.identity() == b.identity()
    found = compare_reports(read_evaluation(a.folder).report, read_evaluation(b.folder).report)
    assert {d.name for d in found} == set(sample.corpora) & set(a.report.by_corpus)
    assert all(d.low <= d.difference <= d.high for d in found)


def test_treatments_say_how_training_treats_the_surfaces_of_mistakes(
    sample: Dataset, tmp_path: Path
) -> None:
    made = read_evaluation(stored(sample, tmp_path, {"the": "Gene"}).folder)
    treatment = made.treatments["the"]
    assert all(not one.marked for one in treatment.values())
    assert sum(one.occurrences for one in treatment.values()) > 5
