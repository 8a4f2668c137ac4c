"""The tagger: groups first, valid tags, exact offsets, whatever the batch."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner import devices
from bioner.bio import tag_names
from bioner.errors import DeviceError, ModelError
from bioner.labels import schema_to_json
from bioner.spans import corpus_sentence
from bioner.tagging.decoding import GroupDecoder
from bioner.tagging.load import load_tagger
from bioner.text import split_document


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder, sample) -> Path:
    """The tiny encoder with a random, spread-out classifier: it marks something everywhere."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    folder = tmp_path_factory.mktemp("models") / "random"
    tags = tag_names(sample.schema.names)
    torch.manual_seed(3)
    network = AutoModelForTokenClassification.from_pretrained(
        tiny_encoder,
        num_labels=len(tags),
        id2label=dict(enumerate(tags)),
        label2id={tag: i for i, tag in enumerate(tags)},
        dtype=torch.float32,
    )
    torch.nn.init.normal_(network.classifier.weight, std=2.0)
    network.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(folder)
    (folder / "schema.json").write_text(json.dumps(schema_to_json(sample.schema)), "utf-8")
    return folder


def plain(sentences):
    return [[(s.start, s.end, s.label) for s in one.spans] for one in sentences]


def test_order_and_size_of_the_batch_change_nothing(model: Path, sample) -> None:
    tagger = load_tagger(model)
    together = tagger.tag(sample.test)
    assert sum(map(len, plain(together))) > 50
    assert plain(tagger.tag(sample.test[::-1]))[::-1] == plain(together)
    alone = [tagger.tag([one])[0] for one in sample.test]
    assert plain(alone) == plain(together)
    for one, other in zip(alone, together, strict=True):
        assert [s.score for s in one.spans] == pytest.approx(
            [s.score for s in other.spans], abs=1e-3
        )


def test_long_sentences_are_tagged_to_their_last_word(model: Path, sample) -> None:
    tagger = load_tagger(model)
    words = [t for s in sample.train for t in s.tokens][:700]
    tagged = tagger.tag([corpus_sentence("long", words)])[0]
    assert max(s.end for s in tagged.spans) > 650
    assert len(tagger.word_logits([tagged])[0]) == 700


def test_a_word_without_pieces_is_outside(model: Path) -> None:
    tagged = load_tagger(model).tag([corpus_sentence("d", ["\u200b"])])[0]
    assert tagged.spans == ()


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=80))
def test_every_predicted_mention_is_its_piece_of_the_text(model: Path, text: str) -> None:
    tagger = _cached(model)
    document = tagger.tag_document(split_document(text))
    for one in document.mentions:
        surface = text[one.start : one.end]
        assert document.surface(one) == surface
        assert surface == surface.strip()
        assert one.status == "predicted"
        assert one.score is not None
        assert 0 <= one.score <= 1


_TAGGERS: dict[Path, object] = {}


def _cached(model: Path):
    if model not in _TAGGERS:
        _TAGGERS[model] = load_tagger(model)
    return _TAGGERS[model]


def test_a_group_wins_by_its_sum(sample) -> None:
    names = sample.schema.names
    column = {name: 1 + 2 * i for i, name in enumerate(names)}
    p = np.full((1, 1 + 2 * len(names)), 1e-6, dtype=np.float32)
    p[0, 0] = 0.4
    p[0, column["Gene"]] = p[0, column["Protein"]] = 0.3
    decoder = GroupDecoder(sample.schema, {})
    draft = decoder.decode(np.log(p))[0][0]
    span = decoder.name(draft, draft.within)
    assert draft.group == "Gene"
    assert span.score == pytest.approx(0.6, abs=0.01)
    assert {a.label for a in span.alternatives} & {"Gene", "Protein"}


def test_one_surface_has_one_name_in_a_document(model: Path, sample) -> None:
    tagger = load_tagger(model)
    words = [t for s in sample.train[:12] for t in s.tokens]
    once = [replace(corpus_sentence("d", [w, "of", v]), document="d") for w in words for v in "ab"]
    names: dict[tuple[str, str], set[str]] = {}
    for one in tagger.tag(once):
        for span in one.spans:
            key = (sample.schema.group_of[span.label], one.surface(span).lower())
            names.setdefault(key, set()).add(span.label)
    assert names
    assert all(len(found) == 1 for found in names.values())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda f: (f / "config.json").unlink(), "config.json is missing"),
        (
            lambda f: _edit(f, lambda c: c["id2label"].__setitem__("0", "X")),
            "expected O, or B-.*train this encoder first",
        ),
        (lambda f: (f / "schema.json").write_text("{"), "schema.json: not readable"),
        (lambda f: (f / "schema.json").write_text('{"types": 1}'), "schema.json: not a label"),
        (
            lambda f: (f / "card.json").write_text(
                '{"name": "m", "calibration": {"types": {"Gene": [1]}}}'
            ),
            "calibration.types is damaged",
        ),
    ],
)
def test_a_damaged_model_is_named_with_what_is_wrong(model, tmp_path, damage, message) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(model, folder)
    damage(folder)
    with pytest.raises(ModelError, match=message):
        load_tagger(folder)


def _edit(folder: Path, change) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    change(config)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")


def test_plain_transformers_agrees_on_word_tags_before_group_decoding(model, sample) -> None:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    network = AutoModelForTokenClassification.from_pretrained(model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(model)
    chosen = sample.test[:10]
    for one, logits in zip(chosen, load_tagger(model).word_logits(chosen), strict=True):
        encoding = tokenizer(list(one.tokens), is_split_into_words=True, return_tensors="pt")
        theirs = network(**encoding).logits[0].detach().numpy()
        owners = encoding.word_ids(0)
        firsts = [i for i, w in enumerate(owners) if w is not None and owners[i - 1] != w]
        assert theirs[firsts] == pytest.approx(logits, abs=1e-3)


def test_ner_answers_a_word_at_a_time_with_the_words_as_written(model: Path, home) -> None:
    from bioner import Ner

    text = "TNF-α rose."
    answer = Ner(model).predict(text)
    assert [a["word"] for a in answer] == ["TNF", "-", "α", "rose", "."]
    assert {"word", "tag", "confidence"} == set(answer[0])


@pytest.mark.parametrize("device", ["cuda", "toaster"])
def test_a_device_that_is_not_there_is_refused_before_anything_loads(
    model: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(devices, "found_cards", tuple)
    with pytest.raises(DeviceError, match=r"no GPU|expected auto, cpu or cuda"):
        load_tagger(model, device=device)
