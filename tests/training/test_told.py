"""Training that tells whose rules hold: own readings, own pieces, drawn anew each epoch."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clashing import DRUGS, LONG_GENE, NAMES, SHORT_GENE, clashing, words_of

from bioner.bio import allowed_tags
from bioner.conventions import Conventions, pieces_for
from bioner.corpora.dataset import Dataset
from bioner.errors import ConventionError, Stopped, TrainingError
from bioner.models.card import read_card
from bioner.models.reserved_pieces import read_conventions, reserve_pieces
from bioner.spans import as_read_by, corpus_sentence
from bioner.tagging.load import load_tagger, load_tokenizer
from bioner.training.config import TrainingConfig
from bioner.training.fill_in import tag_sets
from bioner.training.loss import partial_label_loss
from bioner.training.run import train
from bioner.training.told import ToldExamples, conventions_of, encode_told

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("home")
CORPORA = (LONG_GENE, SHORT_GENE, DRUGS)


@pytest.fixture(scope="module")
def told_encoder(tmp_path_factory, tiny_encoder) -> Path:
    out = tmp_path_factory.mktemp("told") / "encoder"
    reserve_pieces(tiny_encoder, out, pieces_for(CORPORA))
    return out


def config(base: Path, **changes) -> TrainingConfig:
    values = {
        "max_steps": 6,
        "batch_size": 8,
        "device": "cpu",
        "precision": "float32",
        "learning_rate": 3e-3,
        "head_learning_rate": 1e-2,
    }
    return TrainingConfig(base=str(base), **{**values, **changes})


@pytest.fixture(scope="module")
def model(tmp_path_factory, told_encoder) -> Path:
    """A model that learned the clashing toys under their conventions."""
    place = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIONER_DATA", str(place / "data"))
        train(config(told_encoder, max_steps=250, dropout=0.0), clashing(), place / "told")
    return place / "told"


def encoded(base: Path, dataset: Dataset, *, marks=None, length=64, **changes) -> ToldExamples:
    from transformers import AutoTokenizer

    return encode_told(
        dataset.train,
        AutoTokenizer.from_pretrained(base),
        dataset.schema.names,
        conventions_of(dataset, read_conventions(base)),
        config(base, **changes),
        max_length=length,
        marks=marks,
        tag_sets=tag_sets(dataset.schema),
    )[1]


def test_each_reading_trains_under_its_own_piece_with_its_own_covers(told_encoder) -> None:
    from transformers import AutoTokenizer

    dataset = clashing()
    tokenizer = AutoTokenizer.from_pretrained(told_encoder)
    shared = [s for s in dataset.train if s.by_source][:1]
    told = encoded(told_encoder, replace(dataset, train=tuple(shared)), any_share=0.2)
    by_piece = {}
    for epoch in range(40):
        told.set_epoch(epoch)
        piece = tokenizer.convert_ids_to_tokens(told[0].input_ids[1])
        by_piece[piece] = told[0].allowed
    assert set(by_piece) == {"[ANY]", f"[{LONG_GENE}]", f"[{SHORT_GENE}]"}
    expected = {f"[{r.corpus}]": as_read_by(shared[0], r) for r in shared[0].by_source}
    for piece, one in {**expected, "[ANY]": shared[0]}.items():
        rows = np.unpackbits(by_piece[piece], axis=1, count=27).astype(bool)
        taught = rows[~rows.all(axis=1)]
        assert np.array_equal(taught, allowed_tags(one, dataset.schema.names))


def test_shares_are_what_was_asked_for(told_encoder) -> None:
    dataset = clashing()
    any_piece = load_tokenizer(told_encoder)[0].token_to_id("[ANY]")

    def share_of_any(**changes) -> float:
        told = encoded(told_encoder, dataset, **changes)
        seen = []
        for epoch in range(30):
            told.set_epoch(epoch)
            seen += [one.input_ids[1] for one in told]
        return seen.count(any_piece) / len(seen)

    assert share_of_any(any_share=1.0) == 1.0
    assert share_of_any(any_share=0.0) == 0.0
    assert share_of_any(any_share=0.25) == pytest.approx(0.25, abs=0.05)
    assert share_of_any(any_share=0.0, convention_dropout=0.5) == pytest.approx(0.5, abs=0.06)


def test_what_is_told_follows_from_seed_and_epoch_alone(told_encoder) -> None:
    first, second = (encoded(told_encoder, clashing()) for _ in range(2))
    second.set_epoch(3)
    list(second)
    for epoch in (0, 1):
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        assert [e.input_ids for e in first] == [e.input_ids for e in second]
    second.set_epoch(0)
    assert [e.input_ids for e in first] != [e.input_ids for e in second]


def test_every_window_of_a_long_sentence_has_the_same_piece_and_its_place(told_encoder) -> None:
    dataset = clashing()
    long = corpus_sentence("long", words_of("ax") * 12, corpus=LONG_GENE, covers=frozenset())
    told = encoded(told_encoder, replace(dataset, train=(long,)), length=32, any_share=0.0)
    assert len(told) > 2
    assert max(len(e.input_ids) for e in told) <= 32
    assert len({e.input_ids[1] for e in told}) == 1


def test_a_teachers_mark_against_a_sources_own_reading_is_dropped(told_encoder) -> None:
    """The fused sentence leaves "gene" open, the one source does not: together, nothing is left."""
    dataset = clashing()
    shared = tuple(s for s in dataset.train if s.by_source)
    groups = list(dataset.schema.groups)
    inside = 2 + 2 * groups.index(dataset.schema.group_of["Gene"])
    marks = [np.full(len(s.tokens), -1, dtype=np.int8) for s in shared]
    for one in marks:
        one[2] = inside
    told = encoded(told_encoder, replace(dataset, train=shared), marks=marks, any_share=0.0)
    for epoch in range(6):
        told.set_epoch(epoch)
        for example in told:
            rows = np.unpackbits(example.allowed, axis=1, count=27).astype(bool)
            assert rows.any(axis=1).all()
            loss = partial_label_loss(torch.zeros(1, len(rows), 27), torch.from_numpy(rows)[None])
            assert math.isfinite(float(loss.sum()))


def test_merged_data_without_readings_asks_for_a_rebuild(told_encoder, tiny_encoder, home) -> None:
    old = clashing()
    old = replace(old, train=tuple(replace(s, by_source=()) for s in old.train))
    with pytest.raises(TrainingError, match="build the merged dataset again with `python -m"):
        train(config(told_encoder), old, home.parent / "models" / "told")
    train(config(tiny_encoder), old, home.parent / "models" / "plain")


def test_told_and_untold_differ_where_the_corpora_clash(model) -> None:
    tagger = load_tagger(model, backend="torch")
    assert set(tagger.conventions.names) == {"any", *CORPORA}
    unseen = [corpus_sentence(n, words_of(n)) for n in NAMES[20:]]

    def genes(convention: str) -> set[tuple[int, int]]:
        group = tagger.schema.group_of
        return {
            (s.start, s.end)
            for one in tagger.tag(unseen, convention=convention)
            for s in one.spans
            if group[s.label] == group["Gene"]
        }

    assert genes(LONG_GENE) == {(1, 3)}
    assert genes(SHORT_GENE) == {(1, 2)}


def test_types_that_a_convention_does_not_look_for_come_from_any(model) -> None:
    tagger = load_tagger(model, backend="torch")
    unseen = [corpus_sentence(n, ["we", "gave", "drug", n]) for n in ("xa", "yb", "zc")]
    for name in ("any", LONG_GENE):
        for one in tagger.tag(unseen, convention=name):
            assert (3, 4, "Chemical") in {(s.start, s.end, s.label) for s in one.spans}


def test_a_run_that_was_stopped_resumes_to_the_same_weights(told_encoder, tmp_path) -> None:
    from safetensors.torch import load_file

    asked = config(told_encoder, max_steps=14, save_steps=3)
    train(asked, clashing(), tmp_path / "whole")
    steps = []

    def stop() -> bool:
        steps.append(1)
        return len(steps) > 10

    with pytest.raises(Stopped):
        train(asked, clashing(), tmp_path / "cut", stop_requested=stop)
    train(asked, clashing(), tmp_path / "cut", resume=True)
    whole, cut = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "cut"))
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_the_base_gets_its_pieces_where_conventions_are_asked_for(
    tiny_encoder, tmp_path, home
) -> None:
    train(config(tiny_encoder, conventions=True), clashing(), tmp_path / "model")
    known = read_conventions(tmp_path / "model")
    assert known.names == ("any", *sorted(CORPORA))
    assert known.find(LONG_GENE).piece == f"[{LONG_GENE}]"
    assert "--conventions" in read_card(tmp_path / "model").command
    train(config(tmp_path / "model"), clashing(), tmp_path / "second")
    assert read_conventions(tmp_path / "second") == known
    train(config(tiny_encoder), clashing(), tmp_path / "plain")
    assert read_conventions(tmp_path / "plain") == Conventions()
    with pytest.raises(ConventionError, match="plain knows no convention 'CRAFT'"):
        load_tagger(tmp_path / "plain").tag([], convention="CRAFT")
