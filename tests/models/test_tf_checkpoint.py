"""The TensorFlow converter: bit-exact, refusing by name, keeping case; without TensorFlow."""

import io
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from safetensors.numpy import load_file
from tensor_bundle_writer import write_bundle

from bioner.errors import BionerError, ModelError
from bioner.models.archive import unpack
from bioner.models.tensor_bundle import masked_crc32c, open_bundle
from bioner.models.tf_checkpoint import (
    bert_weights,
    convert_tf_checkpoint,
    is_tf_release,
    read_config,
)

FIXTURE = Path(__file__).parents[1] / "fixtures" / "tf_bert"
LINE = "EGFR and BRCA mutations in patients with Alzheimer disease"


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(FIXTURE / "expected.npz") as stored:
        return dict(stored)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the fixture that a test may spoil."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "release"))


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "tiny"
    convert_tf_checkpoint(FIXTURE, out)
    return out


def tensors_of(prefix: Path) -> dict[str, np.ndarray]:
    bundle = open_bundle(prefix)
    return {name: bundle.read(name) for name, e in bundle.entries.items() if e.dtype == "float32"}


def rewrite(release: Path, tensors: Mapping[str, np.ndarray], **how: object) -> None:
    """Replace the checkpoint of a release by one with other tensors."""
    for file in release.glob("model.ckpt-7.*"):
        file.unlink()
    write_bundle(release / "model.ckpt-7", tensors, **how)  # type: ignore[arg-type]


def test_every_tensor_is_bit_exact(converted: Path, expected: dict[str, np.ndarray]) -> None:
    found = load_file(converted / "model.safetensors")
    arrays = {name: value for name, value in expected.items() if name.startswith("bert/")}
    assert len(found) == len(arrays) == 39
    for name, value in arrays.items():
        part = name.removeprefix("bert/").replace("layer_", "layer.").split("/")
        last = {"kernel": "weight", "gamma": "weight", "beta": "bias"}.get(part[-1], part[-1])
        target = ".".join([*part[:-1], last])
        if part[-1].endswith("_embeddings"):
            target += ".weight"
        turned = value.T if part[-1] == "kernel" else value
        assert found[target].dtype == np.float32
        assert found[target].tobytes() == np.ascontiguousarray(turned).tobytes(), name


def test_what_is_not_the_encoder_is_skipped_and_counted(tmp_path: Path) -> None:
    report = convert_tf_checkpoint(FIXTURE, tmp_path / "out")
    assert report.converted == 39
    assert report.skipped == {"optimizer slots": 94, "cls/*": 7, "global_step": 1}
    assert report.converted + sum(report.skipped.values()) == 141
    assert report.parameters == 3244
    assert (report.cased, report.vocabulary, report.checkpoint) == (True, 40, "model.ckpt-7")


def gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def hidden_states(w: Mapping[str, np.ndarray], ids: np.ndarray) -> list[np.ndarray]:
    """BERT's forward pass in numpy, straight from the TensorFlow arrays, one head at a time."""

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * w[f"{name}/gamma"] + w[f"{name}/beta"]

    x = w["bert/embeddings/word_embeddings"][ids] + w["bert/embeddings/token_type_embeddings"][0]
    x = norm(
        x + w["bert/embeddings/position_embeddings"][: ids.shape[1]], "bert/embeddings/LayerNorm"
    )
    states = [x]
    for layer in ("bert/encoder/layer_0", "bert/encoder/layer_1"):
        q, k, v = (dense(x, f"{layer}/attention/self/{n}") for n in ("query", "key", "value"))
        heads = []
        for part in (slice(0, 6), slice(6, 12)):
            scores = q[..., part] @ k[..., part].transpose(0, 2, 1) / math.sqrt(6)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(weights / weights.sum(-1, keepdims=True) @ v[..., part])
        joined = dense(np.concatenate(heads, -1), f"{layer}/attention/output/dense")
        x = norm(x + joined, f"{layer}/attention/output/LayerNorm")
        inner = gelu(dense(x, f"{layer}/intermediate/dense"))
        x = norm(x + dense(inner, f"{layer}/output/dense"), f"{layer}/output/LayerNorm")
        states.append(x)
    return states


def test_hidden_states_equal_an_independent_forward_pass(
    converted: Path, expected: dict[str, np.ndarray]
) -> None:
    import torch
    from transformers import AutoModel

    model, info = AutoModel.from_pretrained(
        converted, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    ids = expected["input_ids"]
    with torch.no_grad():
        ours = model.eval()(torch.tensor(ids), output_hidden_states=True).hidden_states
    double = {name: value.astype(np.float64) for name, value in expected.items()}
    by_hand = hidden_states(double, ids)
    assert len(ours) == len(by_hand) == 3
    for number, state in enumerate(ours):
        assert np.abs(state.numpy() - by_hand[number]).max() < 1e-5
        assert np.abs(state.numpy() - expected[f"hidden_{number}"]).max() < 1e-5, "TensorFlow's own"


def test_the_folder_loads_as_a_token_classifier(converted: Path) -> None:
    from transformers import AutoModelForTokenClassification

    model, info = AutoModelForTokenClassification.from_pretrained(
        converted, num_labels=27, output_loading_info=True
    )
    missing = {key.split(".")[0] for key in info["missing_keys"]}
    assert missing == {"classifier"}, "only the head is new"
    assert model.config.num_labels == 27


def test_a_cased_release_stays_cased_through_conversion_and_save_and_load(
    converted: Path, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    assert json.loads((converted / "tokenizer_config.json").read_text()) == {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": False,
        "model_max_length": 16,
    }
    tokenizer = AutoTokenizer.from_pretrained(converted)
    pieces = tokenizer.tokenize(LINE)
    assert pieces == LINE.split()
    assert tokenizer.convert_tokens_to_ids(["[PAD]", "EGFR", "na", "##ïve"]) == [0, 13, 38, 39]
    tokenizer.save_pretrained(tmp_path / "again")
    assert AutoTokenizer.from_pretrained(tmp_path / "again").tokenize(LINE) == pieces


def test_an_uncased_vocabulary_is_lower_cased_and_a_known_cased_name_is_not(release: Path) -> None:
    vocab = release / "vocab.txt"
    lines = vocab.read_text(encoding="utf-8").split("\n")
    low = [line if line.startswith("[") else f"{line.lower()}{i}" for i, line in enumerate(lines)]
    vocab.write_text("\n".join(low[:-1]), encoding="utf-8")
    out = release.parent
    assert not convert_tf_checkpoint(release, out / "a").cased
    known = release.rename(release.with_name("biobert_v1.1_pubmed"))
    assert convert_tf_checkpoint(known, out / "b").cased


@pytest.mark.parametrize("ending", ["tar.gz", "zip"])
def test_an_archive_of_the_release_converts_alike(
    ending: str, tmp_path: Path, converted: Path
) -> None:
    archive = tmp_path / f"release.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for file in FIXTURE.iterdir():
                zipped.write(file, f"biobert/{file.name}")
            zipped.writestr("__MACOSX/biobert/._model.ckpt-7.index", b"finder")
    else:
        with tarfile.open(archive, "w:gz") as tarred:
            tarred.add(FIXTURE, "biobert")
    out = tmp_path / "models" / "from-archive"
    assert is_tf_release(archive)
    convert_tf_checkpoint(archive, out)
    for name in ("model.safetensors", "config.json", "vocab.txt", "tokenizer_config.json"):
        assert (out / name).read_bytes() == (converted / name).read_bytes()
    assert [p.name for p in out.parent.iterdir()] == ["from-archive"], "nothing left beside it"


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt"])
@pytest.mark.parametrize("ending", ["tar.gz", "zip"])
def test_an_archive_member_outside_its_folder_is_refused_by_name(
    name: str, ending: str, tmp_path: Path
) -> None:
    archive = tmp_path / f"evil.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr(name, b"x")
    else:
        with tarfile.open(archive, "w:gz") as tarred:
            info = tarfile.TarInfo(name)
            info.size = 1
            tarred.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(BionerError, match=r"evil\.txt"):
        convert_tf_checkpoint(archive, tmp_path / "models" / "out")
    assert list((tmp_path / "models").iterdir()) == []
    assert not list(tmp_path.rglob("evil.txt"))


def test_an_archive_with_a_link_or_cut_short_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.tar.gz"
    with tarfile.open(link, "w:gz") as tarred:
        info = tarfile.TarInfo("bert/vocab.txt")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/hosts"
        tarred.addfile(info)
    with pytest.raises(BionerError, match=r"bert/vocab\.txt.* is a link"):
        unpack(link, tmp_path / "a")
    whole = tmp_path / "whole.tar.gz"
    with tarfile.open(whole, "w:gz") as tarred:
        tarred.add(FIXTURE, "bert")
    whole.write_bytes(whole.read_bytes()[:-3000])
    with pytest.raises(BionerError, match="cut short"):
        unpack(whole, tmp_path / "b")
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    with pytest.raises(BionerError, match=r"no\.zip: not readable"):
        unpack(tmp_path / "no.zip", tmp_path / "c")


def test_a_prefix_or_one_of_its_files_means_the_checkpoint(tmp_path: Path) -> None:
    for number, name in enumerate(["model.ckpt-7", "model.ckpt-7.index"]):
        report = convert_tf_checkpoint(FIXTURE / name, tmp_path / str(number))
        assert report.checkpoint == "model.ckpt-7"


def test_of_several_checkpoints_the_named_latest_is_taken_else_a_prefix_asked_for(
    release: Path, tmp_path: Path
) -> None:
    for file in list(release.glob("model.ckpt-7.*")):
        shutil.copy(file, release / file.name.replace("ckpt-7", "ckpt-3"))
    assert convert_tf_checkpoint(release, tmp_path / "a").checkpoint == "model.ckpt-7"
    (release / "checkpoint").unlink()
    with pytest.raises(ModelError, match=r"model\.ckpt-3, model\.ckpt-7.*give the prefix"):
        convert_tf_checkpoint(release, tmp_path / "b")


def test_any_flipped_byte_of_the_data_is_found_and_named(release: Path) -> None:
    data = release / "model.ckpt-7.data-00000-of-00001"
    whole = bytearray(data.read_bytes())
    entries = open_bundle(release / "model.ckpt-7").entries
    for name in (
        "bert/embeddings/word_embeddings",
        "bert/encoder/layer_1/output/LayerNorm/gamma",
        "bert/pooler/dense/bias",
        "bert/pooler/dense/bias/adam_v",
        "cls/seq_relationship/output_weights",
        "global_step",
    ):
        entry = entries[name]
        for position in (entry.offset, entry.offset + entry.size - 1):
            spoiled = bytearray(whole)
            spoiled[position] ^= 0x10
            data.write_bytes(spoiled)
            with pytest.raises(ModelError, match=f"tensor {name} is damaged.*crc32c"):
                convert_tf_checkpoint(release, release.parent / "out")
    assert sorted(p.name for p in release.parent.iterdir()) == ["release"], "nothing half-written"


def test_any_flipped_byte_of_the_index_is_refused(release: Path) -> None:
    index = release / "model.ckpt-7.index"
    whole = index.read_bytes()
    footer = len(whole) - 48
    for position in [*range(0, footer, 97), footer, len(whole) - 1]:
        spoiled = bytearray(whole)
        spoiled[position] ^= 0x04
        index.write_bytes(spoiled)
        if position == footer:
            continue  # the metaindex handle, which nobody reads
        with pytest.raises(ModelError, match=r"model\.ckpt-7\.index"):
            open_bundle(release / "model.ckpt-7")


@pytest.mark.parametrize("kept", [0, 10, 47, 2000, -1])
def test_a_shortened_index_is_refused(release: Path, kept: int) -> None:
    index = release / "model.ckpt-7.index"
    index.write_bytes(index.read_bytes()[:kept])
    with pytest.raises(ModelError, match="cut short"):
        convert_tf_checkpoint(release, release.parent / "out")


def test_a_shortened_data_file_is_refused_even_if_only_skipped_tensors_are_lost(
    release: Path,
) -> None:
    data = release / "model.ckpt-7.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-4])
    with pytest.raises(ModelError, match=r"global_step lies outside its data file"):
        convert_tf_checkpoint(release, release.parent / "out")


def test_a_missing_tensor_a_foreign_one_and_a_misshapen_one_are_refused_by_name(
    release: Path,
) -> None:
    tensors = tensors_of(release / "model.ckpt-7")
    out = release.parent / "out"
    name = "bert/encoder/layer_1/attention/self/key/bias"
    rewrite(release, {key: value for key, value in tensors.items() if key != name})
    with pytest.raises(ModelError, match=f"missing tensor {name}"):
        convert_tf_checkpoint(release, out)
    rewrite(release, {**tensors, "output_weights": np.zeros((3, 12), np.float32)})
    with pytest.raises(ModelError, match="unexpected tensor output_weights"):
        convert_tf_checkpoint(release, out)
    rewrite(release, {**tensors, name: np.zeros(11, np.float32)})
    with pytest.raises(ModelError, match=rf"{name} has shape \[11\].*\[12\]"):
        convert_tf_checkpoint(release, out)
    rewrite(release, {**tensors, name: np.zeros(12, np.float16)})
    with pytest.raises(ModelError, match=f"{name} is float16"):
        convert_tf_checkpoint(release, out)
    assert not out.exists()


def test_compressed_blocks_and_sliced_tensors_are_refused(release: Path) -> None:
    tensors = tensors_of(release / "model.ckpt-7")
    rewrite(release, tensors, compressed=True)
    with pytest.raises(ModelError, match="compressed"):
        convert_tf_checkpoint(release, release.parent / "out")
    rewrite(release, tensors, sliced="bert/pooler/dense/kernel")
    with pytest.raises(ModelError, match="bert/pooler/dense/kernel is saved in slices"):
        convert_tf_checkpoint(release, release.parent / "out")


def test_an_index_of_many_blocks_and_several_data_files_reads_alike(
    release: Path, converted: Path
) -> None:
    rewrite(release, tensors_of(release / "model.ckpt-7"), shards=3, block_bytes=200)
    convert_tf_checkpoint(release, release.parent / "out")
    weights = (release.parent / "out" / "model.safetensors").read_bytes()
    assert weights == (converted / "model.safetensors").read_bytes()
    (release / "model.ckpt-7.data-00001-of-00003").unlink()
    with pytest.raises(ModelError, match="data-00001-of-00003: no such file"):
        open_bundle(release / "model.ckpt-7")


def test_absent_or_contradicting_files_are_named(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ModelError, match="no such TensorFlow checkpoint"):
        convert_tf_checkpoint(tmp_path / "nowhere", out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"no \*\.index file"):
        convert_tf_checkpoint(tmp_path / "empty", out)
    config = json.loads((release / "bert_config.json").read_text())
    (release / "bert_config.json").write_text(json.dumps({**config, "vocab_size": 39}))
    with pytest.raises(ModelError, match=r"40 pieces, but bert_config\.json says 39"):
        convert_tf_checkpoint(release, out)
    (release / "bert_config.json").write_text("{}")
    with pytest.raises(ModelError, match="'vocab_size'"):
        convert_tf_checkpoint(release, out)
    (release / "vocab.txt").unlink()
    (release / "bert_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"vocab\.txt: no such file"):
        convert_tf_checkpoint(release, out)
    assert not out.exists()


def test_a_folder_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "card.json").write_text("{}")
    with pytest.raises(ModelError, match="exists already"):
        convert_tf_checkpoint(FIXTURE, tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["card.json"]


def test_the_checksum_is_the_published_one() -> None:
    crc = 0xE3069283  # of "123456789", RFC 3720
    assert masked_crc32c(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


class MadeUp(Mapping[str, np.ndarray]):
    """The tensors of a BERT of some size, each made when it is asked for."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.shapes = shapes

    def __getitem__(self, name: str) -> np.ndarray:
        return np.full(self.shapes[name], len(name) / 100, np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


@pytest.mark.slow
def test_a_bert_base_converts_in_seconds_and_below_one_gigabyte(tmp_path: Path) -> None:
    release = tmp_path / "biobert"
    release.mkdir()
    config = json.loads((FIXTURE / "bert_config.json").read_text()) | {
        "vocab_size": 28996,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "max_position_embeddings": 512,
    }
    (release / "bert_config.json").write_text(json.dumps(config))
    shutil.copy(FIXTURE / "vocab.txt", release)
    weights = bert_weights(read_config(release / "bert_config.json"))
    write_bundle(release / "model.ckpt-1000000", MadeUp({w.source: w.shape for w in weights}))
    script = (
        "import sys; from pathlib import Path\n"
        "from bioner.models.tf_checkpoint import convert_tf_checkpoint\n"
        "print(convert_tf_checkpoint(Path(sys.argv[1]), Path(sys.argv[2])).parameters)\n"
        "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')][0])\n"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, str(release), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    seconds = time.perf_counter() - began
    parameters, peak_kib = map(int, done.stdout.split())
    print(f"{parameters:,} parameters in {seconds:.1f} s, {peak_kib / 1024:.0f} MiB at most")
    assert parameters == 108_310_272
    assert peak_kib < 1024 * 1024
    assert seconds < 30
