"""Retraining keeps what the parent knew: replay in proportion, its own marks, its hashes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from page_support import make_model
from support import DictionaryTagger

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.errors import TrainingError
from bioner.models.card import read_card, training_hashes, write_training_hashes
from bioner.settings import read_settings
from bioner.spans import Span, corpus_sentence
from bioner.training import replay, retraining
from bioner.training.config import Recipe
from bioner.training.replay import disputed_words, distil, read_replay, sample_replay
from bioner.training.retraining import retrain

CORRECTION = corpus_sentence(
    "Trial/1",
    ["aspirin", "helps"],
    spans=[Span(0, 1, "Chemical")],
    covers=frozenset({"Chemical"}),
    corpus="corrections",
)


def test_replay_keeps_each_corpus_in_proportion_and_none_out(sample: Dataset) -> None:
    big = [
        replace(sample.train[i % len(sample.train)], document=f"{i}", corpus="big")
        for i in range(900)
    ]
    small = [replace(s, corpus="small") for s in big[:30]]
    data = replace(sample, train=(*big, *small))
    counts = Counter(s.corpus for s in sample_replay(data, 200).train)
    assert counts["big"] == pytest.approx(194, abs=1)
    assert counts["small"] == 10
    assert sample_replay(data, 200).train == sample_replay(data, 200).train
    assert sample_replay(data, 200, seed=1).train != sample_replay(data, 200).train
    assert len(sample_replay(data, 10_000).train) == 930


def test_words_at_which_marks_and_corrections_part_are_disputed() -> None:
    tokens = ["apoE", "gene", "and", "ldlr", "gene"]
    corrected = corpus_sentence("a", tokens, spans=[Span(0, 1, "Gene"), Span(3, 4, "Gene")])
    wide = replace(corrected, spans=(Span(0, 2, "Gene"), Span(2, 5, "Gene")))
    assert disputed_words([wide], [corrected]) == frozenset()
    assert disputed_words([wide] * 2, [corrected] * 2) == {"gene"}
    assert disputed_words([corrected] * 2, [wide] * 2) == {"gene"}
    apart = replace(corrected, spans=(Span(1, 2, "Gene"), Span(3, 4, "Gene")))
    assert disputed_words([apart] * 4, [corrected] * 4) == frozenset()


def test_replay_prefers_sentences_with_a_disputed_word(sample: Dataset) -> None:
    name = sample.train[0].corpus
    tokens = ["The", "ldlr", "Gene", "here"]
    held = [
        corpus_sentence(f"held {i}", tokens, spans=[Span(1, 2 + i % 2, "Gene")], corpus=name)
        for i in range(60)
    ]
    near = [
        corpus_sentence(f"near {i}", tokens, spans=[Span(0, 1, "Gene")], corpus=name)
        for i in range(940)
    ]
    data = replace(sample, train=(*near, *held))

    def count(size: int, disputed: set[str]) -> tuple[int, int]:
        found = sample_replay(data, size, disputed=disputed).train
        return len(found), sum(s in held for s in found)

    size, by_chance = count(100, set())
    assert size == 100
    assert by_chance < 15
    size, chosen = count(100, {"gene"})
    assert size - 100 == chosen - by_chance
    assert chosen - by_chance == 25
    assert count(900, {"gene"})[1] == 60
    assert count(5000, {"gene"}) == (1000, 60)


def test_its_own_sure_marks_stand_for_the_corpora_and_unsure_ones_are_no_evidence(
    sample: Dataset,
) -> None:
    class Wavering(DictionaryTagger):
        def tag(self, sentences, *, progress=None):
            return [
                replace(
                    s, spans=tuple(replace(x, score=0.95 if x.start == 0 else 0.4) for x in s.spans)
                )
                for s in super().tag(sentences)
            ]

    text = corpus_sentence("t", ["aspirin", "and", "aspirin"], spans=[Span(1, 2, "Gene")])
    made = distil(Wavering(sample, {"aspirin": "Chemical"}), [text], sample.schema)
    [sentence] = made.train
    assert [(s.start, s.label, s.score) for s in sentence.spans] == [(0, "Chemical", None)]
    assert sentence.ignored == ((2, 3),)
    assert sentence.covers == frozenset(sample.schema.names)
    assert not made.test


def test_the_corpora_are_replayed_where_they_are(
    sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = DictionaryTagger(sample, {"aspirin": "Chemical"})
    monkeypatch.setattr(replay, "load_tagger", lambda *_, **__: parent)
    write_dataset(sample, tmp_path / "merged")
    recipe = Recipe(replay=20)
    found = read_replay(tmp_path, tmp_path / "merged", [CORRECTION], tmp_path, recipe=recipe)
    assert 10 <= len(found.train) < len(sample.train)
    assert len(found.devel) == len(sample.devel), "confidence is fitted on it"


def test_without_corpora_the_model_speaks_where_its_corrections_are_silent(
    sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"aspirin": "Chemical", "helps": "Gene", "mice": "Organism"}
    parent = DictionaryTagger(sample, words)
    monkeypatch.setattr(replay, "load_tagger", lambda *_, **__: parent)
    text = corpus_sentence(
        "Trial/2",
        ["mice", "and", "aspirin", "helps"],
        spans=[Span(1, 2, "Chemical")],
        covers=frozenset({"Chemical"}),
    )
    whole = replace(text, document="Trial/3", covers=frozenset(sample.schema.names))
    found = read_replay(tmp_path, None, [text, whole], read_settings().sample)
    assert len(found.train) > 20
    beside = found.train[-1]
    assert beside.document == "Trial/2", "what a correction says everything about is left out"
    assert [s.label for s in beside.spans] == ["Organism", "Gene"]
    assert beside.covers == frozenset(sample.schema.names) - {"Chemical"}
    assert (1, 2) in beside.ignored


def test_without_a_correction_there_is_nothing_to_retrain_on(
    sample: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="review some sentences first"):
        retrain(tmp_path / "parent", [], sample, tmp_path / "out")


def test_a_recipe_that_shows_nothing_is_refused() -> None:
    with pytest.raises(TrainingError, match="--repeat: expected at least 1"):
        Recipe(repeat=0)


@pytest.mark.slow
def test_a_retrained_model_names_its_parent_and_remembers_what_it_was_trained_on(
    sample: Dataset, tmp_path: Path
) -> None:
    parent = tmp_path / "parent"
    make_model(parent)
    write_training_hashes(parent, ["0123456789abcdef"])
    replay = sample_replay(sample, 12)
    recipe = Recipe(repeat=3, epochs=1, batch_size=8, device="cpu")
    steps = []
    card = retrain(
        parent, [CORRECTION], replay, tmp_path / "out", recipe=recipe, report=steps.append
    )
    assert card.parent == "parent"
    assert card.corrections == 1
    assert card.config["repeat"] == 3
    assert 0.3 <= card.config["keep"] <= 0.9
    assert card.fill_in["teacher"] == "parent"
    assert read_card(tmp_path / "out") == card
    known = training_hashes(tmp_path / "out")
    assert {"0123456789abcdef", CORRECTION.fingerprint} <= known
    assert {s.fingerprint for s in replay.train} <= known
    assert steps


@pytest.mark.slow
def test_a_retraining_cut_off_at_its_end_leaves_no_finished_model_and_goes_on(
    sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, out = tmp_path / "parent", tmp_path / "out"
    make_model(parent)
    write_training_hashes(parent, ["0123456789abcdef"])
    recipe = Recipe(epochs=1, batch_size=8, device="cpu")
    given = (parent, [CORRECTION], sample_replay(sample, 12), out)
    with monkeypatch.context() as patch:
        patch.setattr(retraining, "average_weights", _cut_off)
        with pytest.raises(KeyboardInterrupt):
            retrain(*given, recipe=recipe)
    assert not (out / "card.json").exists()
    card = retrain(*given, recipe=recipe, resume=True)
    assert card.config["keep"] >= 0.3
    assert "0123456789abcdef" in training_hashes(out)


def _cut_off(*_: object, **__: object) -> float:
    raise KeyboardInterrupt
