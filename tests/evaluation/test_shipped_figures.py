"""The documents say what the shipped model's card says, and a changed figure on either is found."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.figures import differing, flat, headline, wrong_in_documents
from bioner.evaluation.scores import report_from_json
from bioner.models.card import ModelCard, read_card
from bioner.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return read_card(PROJECT_ROOT / "models" / "bioner-compact")


def test_the_documents_say_what_the_shipped_models_card_says(card: ModelCard):
    assert wrong_in_documents(card) == []


@pytest.mark.parametrize(
    ("path", "places"),
    [
        (("by_corpus", "BC2GM", "micro"), 4),  # the mean's row too, and README's range
        (("by_corpus", "AnatEM", "micro"), 3),
        (("by_corpus_any", "CRAFT", "micro"), 2),
        (("calibration_by_type", "Cell"), 1),
        (("over_firing", "Tissue"), 1),
    ],
)
def test_a_figure_that_the_card_has_otherwise_is_found(
    card: ModelCard, path: tuple[str, ...], places: int
):
    scores = copy.deepcopy(card.scores)
    found = scores
    for name in path:
        found = found[name]
    for name in ("precision", "recall", "f1", "covered_per_1000", "uncovered_per_1000"):
        if name in found:
            found[name] = found[name] * 0.9
    if "bins" in found:
        for cell in found["bins"]:
            cell[3] += 0.2
    assert len(wrong_in_documents(replace(card, scores=scores))) >= places


def test_a_document_that_says_otherwise_is_found(card: ModelCard, tmp_path: Path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/scores.md"):
        text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
        for phrase in headline(report_from_json(card.scores)):
            text = text.replace(phrase, phrase.replace("8", "9").replace("7", "6"))
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [one.split(":")[0] for one in wrong_in_documents(card, tmp_path)] == ["README.md"] * 4


def test_every_number_of_a_card_is_held_against_a_fresh_evaluation(card: ModelCard):
    fresh = report_from_json(json.loads(json.dumps(card.scores)))
    count, differ = differing(card, fresh)
    assert count == len(flat(card.scores)) > 1000
    assert differ == {}
    scores = copy.deepcopy(card.scores)
    scores["by_corpus"]["CRAFT"]["by_type"]["Cell"]["correct"] += 1
    del scores["over_firing"]["Organ"]
    _, differ = differing(replace(card, scores=scores), fresh)
    assert "by_corpus/CRAFT/by_type/Cell/correct" in differ
    assert any(name.startswith("over_firing/Organ/") for name in differ)
