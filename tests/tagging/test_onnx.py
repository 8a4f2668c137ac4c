"""ONNX Runtime behind the tagger: computes as torch, whatever the batch, never old weights."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bioner.bio import tag_names
from bioner.errors import ModelError
from bioner.models.onnx_files import onnx_path
from bioner.spans import Sentence, corpus_sentence
from bioner.tagging import onnx_export
from bioner.tagging.load import load_tagger
from bioner.tagging.onnx_export import OnnxExport, export_onnx
from bioner.tagging.onnx_network import (
    OnnxNetwork,
    load_onnx,
)

TYPES = ("Gene", "Chemical")
WORDS = [f"w{i}" for i in range(60)]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer random BERT with its tokenizer, no ONNX file."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    torch.manual_seed(0)
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    BertTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    tags = tag_names(TYPES)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,
        id2label=dict(enumerate(tags)),
        label2id={tag: i for i, tag in enumerate(tags)},
    )
    BertForTokenClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def exported(
    plain: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, OnnxExport, OnnxExport]:
    """The same folder with both ONNX files, and what their exports said."""
    folder = tmp_path_factory.mktemp("exported") / "tiny"
    shutil.copytree(plain, folder)
    return folder, export_onnx(folder, precision="fp32"), export_onnx(folder)


@pytest.fixture
def folder(exported: tuple[Path, OnnxExport, OnnxExport], tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(exported[0], tmp_path / "tiny")


@pytest.fixture
def sentences() -> list[Sentence]:
    draw = random.Random(1)
    return [
        corpus_sentence(str(i), [draw.choice(WORDS) for _ in range(draw.randint(1, 30))])
        for i in range(40)
    ]


def labels(tagged: list[Sentence]) -> list[list[tuple[int, int, str, float | None]]]:
    return [[(s.start, s.end, s.label, s.score) for s in one.spans] for one in tagged]


def test_the_float_export_computes_what_torch_computes(
    exported: tuple[Path, OnnxExport, OnnxExport], sentences: list[Sentence]
) -> None:
    folder, fp32, _ = exported
    assert fp32.difference < 1e-3
    onnx_path(folder, "int8").rename(folder / "aside")
    try:
        onnx = load_tagger(folder, device="cpu", backend="onnx")
    finally:
        (folder / "aside").rename(onnx_path(folder, "int8"))
    torch = load_tagger(folder, device="cpu", backend="torch")
    assert (onnx.backend, torch.backend) == ("onnx cpu fp32", "torch cpu float32")
    for ours, theirs in zip(onnx.word_logits(sentences), torch.word_logits(sentences), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_int8_is_smaller_and_near(exported: tuple[Path, OnnxExport, OnnxExport]) -> None:
    _, fp32, int8 = exported
    assert int8.size_bytes < fp32.size_bytes
    assert int8.agreement > 0.8


def test_a_scale_for_each_token_changes_nothing_in_float(folder: Path, tmp_path: Path) -> None:
    import onnx
    import onnxruntime as ort

    graph = onnx.load(onnx_path(folder, "fp32"))
    plain = [node.op_type for node in graph.graph.node].count("Abs")
    onnx_export.scale_rows(graph)
    assert [node.op_type for node in graph.graph.node].count("Abs") > plain
    onnx.save_model(graph, tmp_path / "even.onnx")
    ids = np.random.default_rng(0).integers(5, 60, (3, 20))
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    expected, found = (
        ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feed)[0]
        for path in (onnx_path(folder, "fp32"), tmp_path / "even.onnx")
    )
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_order_and_size_of_the_batch_change_nothing(
    folder: Path, sentences: list[Sentence]
) -> None:
    tagger = load_tagger(folder, device="cpu")
    assert tagger.backend == "onnx cpu int8"
    together = labels(tagger.tag(sentences))
    assert any(together)
    alone = [labels(tagger.tag([s]))[0] for s in sentences]
    order = list(range(len(sentences)))
    random.Random(2).shuffle(order)
    shuffled = labels(tagger.tag([sentences[i] for i in order]))
    assert alone == together
    assert shuffled == [together[i] for i in order]


def test_padding_and_threads_change_no_bit(folder: Path) -> None:
    single = load_onnx(folder, threads=1)
    several = load_onnx(folder, threads=3)
    assert single
    assert several
    ids = np.random.default_rng(0).integers(5, 60, (7, 20))
    mask = np.ones_like(ids)
    for row in range(7):
        mask[row, 3 + 2 * row :] = 0
    together = several(ids, mask)
    for row in range(7):
        length = 3 + 2 * row
        alone = single(ids[row : row + 1, :length], mask[row : row + 1, :length])
        assert (alone[0] == together[row, :length]).all()
        assert not together[row, length:].any()


def test_auto_takes_onnx_where_it_is_and_torch_where_it_is_not(plain: Path, folder: Path) -> None:
    assert load_tagger(plain, device="cpu").backend == "torch cpu float32"
    assert load_tagger(folder, device="cpu").backend == "onnx cpu int8"
    assert load_tagger(folder, device="cpu", backend="torch").backend == "torch cpu float32"
    with pytest.raises(ModelError, match="has no ONNX file"):
        load_tagger(plain, device="cpu", backend="onnx")


def test_an_onnx_file_of_other_weights_is_never_used(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"] = weights["classifier.bias"] + 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="made of other weights"):
        load_tagger(folder, device="cpu", backend="onnx")
    assert load_tagger(folder, device="cpu").backend == "torch cpu float32"
    assert "made of other weights" in caplog.text


def test_a_damaged_onnx_file_is_told_and_torch_takes_over(folder: Path) -> None:
    path = onnx_path(folder, "int8")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ModelError, match="not readable as ONNX"):
        load_tagger(folder, device="cpu", backend="onnx")
    assert load_tagger(folder, device="cpu").backend == "torch cpu float32"


def test_an_export_leaves_one_file_and_nothing_half_done(
    plain: Path, exported: tuple[Path, OnnxExport, OnnxExport]
) -> None:
    before = {path.name for path in plain.iterdir()}
    after = {path.name for path in exported[0].iterdir()}
    assert after - before == {"model.int8.onnx", "model.fp32.onnx"}


def test_tagging_with_onnx_imports_no_torch(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bioner.tagging.load import load_tagger; "
        "from bioner.spans import Document; "
        f"tagger = load_tagger(Path({str(folder)!r}), device='cpu'); "
        "tagger.tag_document(Document('d', 'w1 w2 w3.')); "
        "sys.exit(sorted({'torch', 'transformers', 'pandas'} & set(sys.modules)) or 0)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, timeout=120)


def test_a_long_sentence_is_tagged_through_windows(folder: Path) -> None:
    draw = random.Random(3)
    tagger = load_tagger(folder, device="cpu")
    long = corpus_sentence("long", [draw.choice(WORDS) for _ in range(400)])
    [logits] = tagger.word_logits([long])
    assert logits.shape == (400, 1 + 2 * len(TYPES))
    assert (np.abs(logits).sum(axis=1) > 0).all()
    again = tagger.word_logits([long, corpus_sentence("short", WORDS[:5])])[0]
    assert (again == logits).all()


def test_the_network_runs_each_row_without_its_padding() -> None:
    seen: list[tuple[int, ...]] = []

    class Session:
        def run(self, _names: object, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            seen.append(tuple(feed["input_ids"][0]))
            assert feed["attention_mask"].all()
            return [np.ones((1, feed["input_ids"].shape[1], 5), dtype=np.float32)]

    network = OnnxNetwork(Session(), name="fake", threads=1)
    logits = network(np.array([[1, 2, 0], [3, 4, 5]]), np.array([[1, 1, 0], [1, 1, 1]]))
    assert seen == [(1, 2), (3, 4, 5)]
    assert logits[0, 2].sum() == 0
    assert logits.shape == (2, 3, 5)


def test_a_call_of_one_row_does_not_wait_for_all_rows_of_another() -> None:
    begun, rows = threading.Event(), []

    class Session:
        def run(self, _names: object, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            rows.append(int(feed["input_ids"][0, 0]))
            begun.set()
            time.sleep(0.005)
            return [np.ones((1, feed["input_ids"].shape[1], 5), dtype=np.float32)]

    network = OnnxNetwork(Session(), name="fake", threads=2)
    many = threading.Thread(target=network, args=(np.ones((60, 3), int), np.ones((60, 3), int)))
    many.start()
    assert begun.wait(10)
    network(np.full((1, 3), 2), np.ones((1, 3), int))
    before = rows.index(2)
    many.join()
    assert before < 20
    assert rows.count(1) == 60
