"""The fill-in round: what a teacher may mark, and what the student then reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioner.bio import allowed_tags, tag_names
from bioner.corpora.dataset import Dataset
from bioner.errors import TrainingError
from bioner.labels import LabelSchema
from bioner.spans import Sentence, Span, corpus_sentence
from bioner.training.config import TrainingConfig
from bioner.training.examples import encode_sentences
from bioner.training.fill_in import UNSURE, fill_in, load_fill_in, tag_sets
from bioner.training.run import train


class Teacher:
    """Gives every word the same logits: ``favour`` this tag, by so much."""

    name = "teacher"

    def __init__(self, schema: LabelSchema, favour: str, by: float) -> None:
        self.types = schema.names
        self._row = np.zeros(len(tag_names(schema.names)), dtype=np.float32)
        self._row[tag_names(schema.names).index(favour)] = by

    def word_logits(self, sentences, progress=None):
        return [np.tile(self._row, (len(s.tokens), 1)) for s in sentences]


@pytest.fixture
def sentence() -> Sentence:
    made = corpus_sentence("d", ("TP53", "in", "HeLa", "cells"), corpus="BC2GM")
    return replace(made, covers=frozenset({"Gene", "Protein"}), spans=(Span(0, 1, "Gene"),))


def test_marks_lie_on_unlabelled_words_only_and_never_contradict_the_annotator(sample, sentence):
    schema = sample.schema
    sets = tag_sets(schema)
    names = ["O"] + [f"{role}-{group}" for group in schema.groups for role in "BI"]
    found = fill_in([sentence], Teacher(schema, "B-Cell", 12.0), schema)
    (marks,) = found.marks
    group = schema.group_of["Cell"]
    assert marks[0] == UNSURE
    assert [names[m] for m in marks[1:]] == [f"B-{group}"] * 3
    assert found.counts == {f"B-{group}": 3}
    allowed = allowed_tags(sentence, schema.names)
    assert (allowed[1:] & sets[marks[1:]]).any(axis=1).all()


def test_a_covered_type_is_never_marked_however_sure_the_teacher_is(sample, sentence):
    found = fill_in([sentence], Teacher(sample.schema, "B-Protein", 50.0), sample.schema)
    assert (found.marks[0] == UNSURE).all()
    assert found.unsure == 3


def test_marks_are_kept_for_a_resumed_run_and_not_taken_for_other_sentences(
    sample, sentence, tmp_path
):
    found = fill_in([sentence, sentence], Teacher(sample.schema, "O", 50.0), sample.schema)
    path = tmp_path / "fill-in.npz"
    assert load_fill_in(path, [sentence]) is None
    found.save(path)
    again = load_fill_in(path, [sentence, sentence])
    assert again is not None
    assert [m.tolist() for m in again.marks] == [m.tolist() for m in found.marks]
    assert (again.counts, again.unsure) == (found.counts, found.unsure)
    assert load_fill_in(path, [sentence]) is None
    path.write_bytes(path.read_bytes()[:40])
    assert load_fill_in(path, [sentence, sentence]) is None


def test_an_unsure_teacher_marks_nothing(sample, sentence):
    found = fill_in([sentence], Teacher(sample.schema, "O", 1.0), sample.schema)
    assert (found.marks[0] == UNSURE).all()


def test_clashing_readings_and_ignored_words_stay_open(sample, sentence):
    open_one = replace(sentence, readings=(Span(2, 4, "Cell"),), ignored=((1, 2),))
    found = fill_in([open_one], Teacher(sample.schema, "O", 50.0), sample.schema)
    assert (found.marks[0] == UNSURE).all()


def test_the_student_is_allowed_what_was_marked_and_no_more(sample, sentence, tiny_encoder):
    from transformers import AutoTokenizer

    schema = sample.schema
    found = fill_in([sentence], Teacher(schema, "O", 50.0), schema)
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    encoded = encode_sentences(
        [sentence], tokenizer, schema.names, marks=found.marks, tag_sets=tag_sets(schema)
    )
    (example,) = encoded.examples
    tags = np.unpackbits(example.allowed, axis=1, count=len(tag_names(schema.names))).astype(bool)
    taught = tags[~tags.all(axis=1)]
    names = tag_names(schema.names)
    assert [names[i] for i in np.flatnonzero(taught[0])] == ["B-Gene"]
    assert all(list(np.flatnonzero(row)) == [0] for row in taught[1:])


@pytest.mark.slow
def test_a_run_with_a_teacher_counts_its_marks_on_the_card(
    sample: Dataset, tiny_encoder: Path, tmp_path: Path
):
    first = TrainingConfig(str(tiny_encoder), max_steps=2, batch_size=4, device="cpu")
    train(first, sample, tmp_path / "teacher")
    second = replace(first, fill_in=str(tmp_path / "teacher"), fill_in_sure=0.51)
    card = train(second, sample, tmp_path / "student")
    written = json.loads((tmp_path / "student" / "card.json").read_text())
    assert card.fill_in["teacher"] == "teacher"
    open_words = sum(card.fill_in["marked"].values()) + card.fill_in["unsure"]
    assert 0 < open_words < sum(len(s.tokens) for s in sample.train)
    assert written["fill_in"] == card.fill_in
    assert written["config"]["fill_in"] == "teacher"


def test_a_naive_run_has_nothing_to_fill_in(sample, tiny_encoder, tmp_path):
    config = TrainingConfig(str(tiny_encoder), loss="naive", fill_in="anything", max_steps=1)
    with pytest.raises(TrainingError, match="partial"):
        train(config, sample, tmp_path / "out")


@pytest.mark.parametrize("value", [0.5, 1.0, 0.0])
def test_how_sure_is_a_share_above_one_half(value: float) -> None:
    with pytest.raises(TrainingError, match="fill_in_sure"):
        TrainingConfig("base", fill_in_sure=value)
