"""A tagger that is told whose rules hold: as a stock pipeline under any, the same on ONNX."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bioner.bio import tag_names
from bioner.conventions import Convention, pieces_for
from bioner.errors import ConventionError, ModelError
from bioner.labels import schema_to_json
from bioner.models.reserved_pieces import read_conventions, reserve_pieces, write_conventions
from bioner.spans import corpus_sentence
from bioner.tagging.load import load_tagger, load_tokenizer
from bioner.tagging.network import TorchNetwork
from bioner.tagging.told import join_readings, own_columns

torch = pytest.importorskip("torch")
TEXT = "The BRCA1 gene and aspirin in 12 mice with breast cancer"


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder, sample) -> Path:
    """The tiny encoder with reserved pieces far apart and a random, spread-out classifier."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    place = tmp_path_factory.mktemp("models")
    pieces = pieces_for(["BC2GM", "CRAFT"], spare=2)
    reserve_pieces(tiny_encoder, place / "encoder", pieces)
    path = place / "encoder" / "model.safetensors"
    weights = load_file(path)
    torch.manual_seed(5)
    weights["embeddings.word_embeddings.weight"][-len(pieces) :].normal_(std=3.0)
    save_file(weights, path, {"format": "pt"})
    tags = tag_names(sample.schema.names)
    network = AutoModelForTokenClassification.from_pretrained(
        place / "encoder",
        num_labels=len(tags),
        id2label=dict(enumerate(tags)),
        label2id={tag: i for i, tag in enumerate(tags)},
        dtype=torch.float32,
    )
    torch.nn.init.normal_(network.classifier.weight, std=2.0)
    folder = place / "random"
    network.save_pretrained(folder)
    AutoTokenizer.from_pretrained(place / "encoder").save_pretrained(folder)
    (folder / "schema.json").write_text(json.dumps(schema_to_json(sample.schema)), "utf-8")
    schema = sample.schema
    known = read_conventions(place / "encoder").knowing(
        {**{n: schema.mapping_for(n).covers for n in ("BC2GM", "CRAFT")}, "ours": schema.names}
    )
    write_conventions(folder, known)
    return folder


def test_a_stock_pipeline_on_the_folder_computes_what_any_does(model: Path) -> None:
    """Before groups are decided: the same softmax for the first piece of every word."""
    from transformers import pipeline

    stock = pipeline("token-classification", model=str(model), device="cpu")
    words = TEXT.split()
    found = stock(TEXT, ignore_labels=[])
    starts = np.cumsum([0, *(len(w) + 1 for w in words)])[:-1].tolist()
    theirs = {one["start"]: (one["entity"], one["score"]) for one in found}
    logits = load_tagger(model, backend="torch").word_logits([corpus_sentence("d", words)])[0]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    tags = tag_names(load_tagger(model).types)
    for row, start in zip(p, starts, strict=True):
        tag, score = theirs[start]
        assert tag == tags[int(row.argmax())]
        assert score == pytest.approx(float(row.max()), abs=1e-5)


def test_conventions_differ_and_a_batch_may_mix_them(model: Path, sample) -> None:
    tagger = load_tagger(model)
    names = ["any", "BC2GM", "CRAFT", "ours"]
    one = corpus_sentence("d", TEXT.split())
    mixed = tagger.word_logits([one] * 4, convention=names)
    alone = [tagger.word_logits([one], convention=name)[0] for name in names]
    assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(mixed, alone, strict=True))
    assert not np.allclose(mixed[0], mixed[1], atol=1e-2)
    assert not np.allclose(mixed[1], mixed[2], atol=1e-2)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The pieces of every batch that torch is given from now on."""
    batches = []
    compute = TorchNetwork.__call__

    def watch(network, ids, mask):
        batches.append(ids)
        return compute(network, ids, mask)

    monkeypatch.setattr(TorchNetwork, "__call__", watch)
    return batches


def test_long_sentences_carry_the_piece_in_every_window(model: Path, sample, seen) -> None:
    words = [t for s in sample.train for t in s.tokens][:400]
    tagger = load_tagger(model, backend="torch")
    (tagged,) = tagger.tag([corpus_sentence("long", words)], convention="ours")
    assert max(s.end for s in tagged.spans) > 350
    piece = load_tokenizer(model)[0].token_to_id("[convention1]")
    assert seen
    assert all((ids[:, 1] == piece).all() for ids in seen)
    assert max(ids.shape[1] for ids in seen) <= 128


def test_text_that_spells_out_a_reserved_piece_is_text(model: Path, seen) -> None:
    tagger = load_tagger(model, backend="torch")
    tagger.tag([corpus_sentence("d", ["a", "[BC2GM]", "b"])], convention="CRAFT")
    piece = load_tokenizer(model)[0].token_to_id("[BC2GM]")
    assert seen
    assert all(piece not in ids for ids in seen)


def test_onnx_computes_what_torch_does_under_every_convention(model: Path, sample) -> None:
    pytest.importorskip("onnxruntime")
    from bioner.tagging.onnx_export import export_onnx

    made = export_onnx(model, precision="fp32")
    try:
        torch_tagger = load_tagger(model, backend="torch")
        onnx_tagger = load_tagger(model, backend="onnx")
        chosen = sample.test[:20]
        for name in torch_tagger.conventions.names:
            pairs = zip(
                torch_tagger.word_logits(chosen, convention=name),
                onnx_tagger.word_logits(chosen, convention=name),
                strict=True,
            )
            assert all(np.allclose(a, b, atol=1e-2) for a, b in pairs)
    finally:
        made.path.unlink()


def test_own_conventions_are_taken_where_they_are_known(model: Path, sample) -> None:
    tagger = load_tagger(model)
    chosen = sample.test[:30]
    own = [tagger.conventions.nearest(s.corpus) for s in chosen]
    assert len(set(own)) > 1
    assert tagger.tag_own(chosen) == tagger.tag(chosen, convention=own)


def test_an_unknown_convention_is_one_sentence_with_those_known(model: Path, sample) -> None:
    tagger = load_tagger(model)
    with pytest.raises(ConventionError, match="random knows no convention 'XY'; it knows any, BC"):
        tagger.tag(sample.test[:1], convention="XY")


def test_a_folder_whose_vocabulary_lost_a_piece_is_refused(model: Path, tmp_path) -> None:
    import shutil

    shutil.copytree(model, tmp_path / "model")
    path = tmp_path / "model" / "tokenizer.json"
    raw = json.loads(path.read_text())
    raw["added_tokens"] = [t for t in raw["added_tokens"] if t["content"] != "[CRAFT]"]
    path.write_text(json.dumps(raw))
    with pytest.raises(ModelError, match=r"lacks the reserved piece \[CRAFT\]"):
        load_tagger(tmp_path / "model")


def test_a_convention_has_its_own_scales_and_the_rest_from_any(model: Path, tmp_path, sample):
    import shutil

    from bioner.models.card import ModelCard, write_card

    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    plain = {"types": {n: [1.0, 0.0] for n in sample.schema.names}}
    low = {**plain, "by_convention": {"ours": {n: [1.0, -4.0] for n in sample.schema.names}}}
    sure = {}
    for name, calibration in (("plain", plain), ("low", low)):
        write_card(folder, ModelCard("model", calibration=calibration))
        tagger = load_tagger(folder)
        for told in ("any", "ours"):
            tagged = tagger.tag(sample.test[:10], convention=told)
            sure[name, told] = [s.score for one in tagged for s in one.spans]
    assert sure["plain", "any"] == sure["low", "any"]
    assert all(a > b for a, b in zip(sure["plain", "ours"], sure["low", "ours"], strict=True))


def test_a_model_that_a_teacher_filled_in_is_read_once(model: Path, tmp_path, seen) -> None:
    import shutil

    from bioner.models.card import ModelCard, write_card

    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    one = corpus_sentence("d", TEXT.split())
    piece, nobodys = (load_tokenizer(model)[0].token_to_id(p) for p in ("[BC2GM]", "[ANY]"))
    for teacher, expected in (({}, [nobodys, piece]), ({"teacher": "old"}, [piece])):
        write_card(folder, ModelCard("model", fill_in=teacher))
        seen.clear()
        load_tagger(folder, backend="torch").tag([one], convention="BC2GM")
        assert [int(ids[0, 1]) for ids in seen] == expected


def test_joining_keeps_the_conventions_types_and_shares_out_the_rest(sample) -> None:
    schema = sample.schema
    own = own_columns(Convention("BioNLP09", "[BioNLP09]", frozenset({"Protein"})), schema)
    tags = tag_names(schema.names)
    assert {t for t, mine in zip(tags, own, strict=True) if mine} == {
        "B-Gene", "I-Gene", "B-Protein", "I-Protein"
    }  # fmt: skip
    draw = np.random.default_rng(0)
    told, untold = (draw.normal(size=(5, 27)).astype(np.float32) * 3 for _ in range(2))
    joined = np.exp(join_readings(told, untold, own).astype(np.float64))
    p, q = (np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (told, untold))
    assert np.allclose(joined.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(joined[:, own], p[:, own], atol=1e-5)
    left = 1 - p[:, own].sum(axis=1)
    chemical = tags.index("B-Chemical")
    assert np.allclose(joined[:, chemical], left * q[:, chemical], atol=1e-5)
