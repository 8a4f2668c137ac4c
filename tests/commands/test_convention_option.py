"""``tag --convention`` and ``Ner(…, convention=)`` follow whose rules they are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clashing import LONG_GENE, SHORT_GENE, clashing, words_of
from typer.testing import CliRunner

from bioner import Ner
from bioner.__main__ import app
from bioner.conventions import pieces_for
from bioner.errors import ConventionError
from bioner.models.reserved_pieces import reserve_pieces
from bioner.training.config import TrainingConfig
from bioner.training.run import train

pytest.importorskip("torch")
TEXT = " ".join(words_of("gy"))


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder) -> Path:
    place = tmp_path_factory.mktemp("models")
    reserve_pieces(tiny_encoder, place / "encoder", pieces_for([LONG_GENE, SHORT_GENE]))
    asked = TrainingConfig(
        base=str(place / "encoder"),
        max_steps=250,
        batch_size=8,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        dropout=0.0,
        device="cpu",
        precision="float32",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIONER_DATA", str(place / "data"))
        train(asked, clashing().only([LONG_GENE, SHORT_GENE]), place / "told")
    return place / "told"


def tagged(model: Path, *more: str) -> list[str]:
    done = CliRunner().invoke(app, ["tag", "-", "--model", str(model), *more], input=TEXT)
    assert done.exit_code == 0, done.output
    return [one["text"] for one in json.loads(done.stdout.splitlines()[0])["entities"]]


def test_the_command_marks_as_in_the_corpus_that_is_named(model: Path, home: Path) -> None:
    assert "gy gene" in tagged(model, "--convention", LONG_GENE)
    assert "gy" in tagged(model, "--convention", SHORT_GENE.lower())
    assert tagged(model, "--convention", "any") == tagged(model)


def test_an_unknown_convention_is_one_sentence_and_exit_1(model: Path, home: Path) -> None:
    words = ["tag", "-", "--model", str(model), "--convention", "CRAFT"]
    done = CliRunner().invoke(app, words, input=TEXT)
    assert done.exit_code == 1
    assert (
        f"told knows no convention 'CRAFT'; it knows any, {LONG_GENE}, {SHORT_GENE}" in done.stderr
    )


def test_a_script_names_it_once(model: Path, home: Path) -> None:
    long, short = (Ner(model, convention=name) for name in (LONG_GENE, SHORT_GENE))
    assert [long.predict(TEXT)[i]["tag"] for i in (1, 2)] == ["B-Gene", "I-Gene"]
    assert short.predict(TEXT)[1]["tag"] == "B-Protein"
    assert short.predict(TEXT)[2]["tag"] not in ("I-Protein", "I-Gene")
    with pytest.raises(ConventionError, match="knows no convention"):
        Ner(model, convention="CRAFT")
