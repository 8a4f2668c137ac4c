"""A project's corrections teach a piece of its own; what the others learned can stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from clashing import LONG_GENE, NAMES, SHORT_GENE, clashing, words_of

from bioner.conventions import pieces_for
from bioner.errors import TrainingError
from bioner.models.card import read_card
from bioner.models.reserved_pieces import read_conventions, reserve_pieces
from bioner.spans import Sentence, Span, corpus_sentence
from bioner.tagging.load import load_tagger, load_tokenizer
from bioner.tagging.tagger import Tagger
from bioner.training.config import Recipe, TrainingConfig
from bioner.training.retraining import retrain
from bioner.training.run import train
from bioner.training.told import nearest_conventions

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("home")
LAB = "our lab"


@pytest.fixture(scope="module")
def parent(tmp_path_factory, tiny_encoder) -> Path:
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
        train(asked, clashing(), place / "parent")
    return place / "parent"


def corrected(start: int = 1, end: int = 2) -> list[Sentence]:
    """Return a lab's corrections, which mark genes as BioNLP09 does unless told otherwise."""
    covers = frozenset({"Gene", "Protein"})
    return [
        replace(
            corpus_sentence(f"{LAB}/{n}", words_of(n), corpus="corrections", covers=covers),
            spans=(Span(start, end, "Protein"),),
            sources=(LAB,),
        )
        for n in NAMES[:12]
    ]


def test_the_nearest_convention_is_the_one_whose_marks_are_most_alike(parent: Path) -> None:
    tagger = load_tagger(parent, backend="torch")
    assert nearest_conventions(tagger, corrected(), tagger.schema.corpora) == {LAB: SHORT_GENE}


def test_a_projects_piece_is_learned_alone_and_the_encoder_stays(parent: Path, tmp_path) -> None:
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    recipe = Recipe(only_piece=True, keep=0.0, epochs=2, batch_size=8, device="cpu")
    retrain(parent, corrected(), replace(clashing(), devel=()), tmp_path / "lab", recipe=recipe)
    known = read_conventions(tmp_path / "lab")
    assert LAB in known
    assert known.find(LAB).covers == {"Gene", "Protein"}
    old, new = (load_file(f / "model.safetensors") for f in (parent, tmp_path / "lab"))
    name = "bert.embeddings.word_embeddings.weight"
    number = AutoTokenizer.from_pretrained(parent).convert_tokens_to_ids(known.find(LAB).piece)
    same = [i for i in range(len(old[name])) if torch.equal(old[name][i], new[name][i])]
    assert set(range(len(old[name]))) - {*same} == {number}
    changed = {n for n in old if n != name and not torch.equal(old[n], new[n])}
    assert changed == {"classifier.weight", "classifier.bias"}
    source = AutoTokenizer.from_pretrained(parent).convert_tokens_to_ids(f"[{SHORT_GENE}]")
    assert torch.dist(new[name][number], old[name][source]) < torch.dist(
        old[name][number], old[name][source]
    )


def test_averaging_with_the_parent_leaves_a_new_piece_as_it_was_learned(parent, tmp_path) -> None:
    from safetensors.torch import load_file

    rows = []
    for keep in (0.0, 0.9):
        out = tmp_path / f"keep{keep}"
        recipe = Recipe(keep=keep, epochs=1, batch_size=8, device="cpu", only_piece=True)
        retrain(parent, corrected(), replace(clashing(), devel=()), out, recipe=recipe)
        number = load_tokenizer(out)[0].token_to_id(read_conventions(out).find(LAB).piece)
        weights = load_file(out / "model.safetensors")
        rows.append(weights["bert.embeddings.word_embeddings.weight"][number])
    assert torch.equal(*rows)


def test_what_is_measured_while_a_model_is_made_is_read_as_it_will_be(
    parent: Path, tmp_path, monkeypatch
) -> None:
    """Filled in by its teacher it is read once, though the card that says so is written last."""
    seen: list[tuple[str, bool]] = []
    tag_own = Tagger.tag_own

    def watch(self, sentences, **options):
        seen.append((self.name, self.reads_twice))
        return tag_own(self, sentences, **options)

    monkeypatch.setattr(Tagger, "tag_own", watch)
    recipe = Recipe(keep=0.5, epochs=1, batch_size=8, device="cpu")
    retrain(parent, corrected(), clashing(), tmp_path / "lab", recipe=recipe)
    assert read_card(tmp_path / "lab").fill_in
    assert not load_tagger(tmp_path / "lab").reads_twice
    assert [twice for name, twice in seen if name == "lab"].count(False) >= 2
    assert {(name, twice) for name, twice in seen if name} == {("parent", True), ("lab", False)}
    seen.clear()
    asked = TrainingConfig(base=str(parent), fill_in=str(parent), max_steps=2, eval_steps=1)
    train(replace(asked, device="cpu"), clashing(), tmp_path / "filled")
    assert seen
    assert not any(twice for _, twice in seen)


def test_a_parent_without_conventions_has_no_piece_to_teach(tiny_encoder, tmp_path) -> None:
    with pytest.raises(TrainingError, match="knows no conventions"):
        retrain(
            tiny_encoder, corrected(), clashing(), tmp_path / "out", recipe=Recipe(only_piece=True)
        )
