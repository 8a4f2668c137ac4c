"""TensorFlow BERT checkpoints (BioBERT's release layout) → a model folder, without TensorFlow.

Names and layout follow google-research/bert (Devlin et al. 2019); BioBERT (Lee et al. 2020) is
published so.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioner.access import Action, Actor, allow
from bioner.errors import ModelError
from bioner.files import path_named, staged_folder
from bioner.models.archive import is_archive, unpack
from bioner.models.folder import WEIGHTS
from bioner.models.tensor_bundle import TensorBundle, open_bundle
from bioner.models.wordpiece import (
    is_cased,
    read_json,
    read_vocab,
    write_json,
    write_tokenizer_config,
    write_vocab,
)

SLOTS = ("adam_m", "adam_v", "Adam", "Adam_1", "lamb_m", "lamb_v")
SIZES = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
DEFAULTS: dict[str, Any] = {
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "initializer_range": 0.02,
}


@dataclass(frozen=True, slots=True)
class Weight:
    """One tensor of the model: its TensorFlow name and shape, and what it becomes."""

    source: str
    shape: tuple[int, ...]
    target: str
    is_transposed: bool = False

    @property
    def target_shape(self) -> tuple[int, ...]:
        return self.shape[::-1] if self.is_transposed else self.shape


@dataclass(frozen=True)
class ConversionReport:
    """What became of a checkpoint: tensors converted, tensors skipped by each rule, case."""

    folder: Path
    checkpoint: str
    converted: int
    skipped: Mapping[str, int]
    parameters: int
    vocabulary: int
    cased: bool


def convert_tf_checkpoint(
    source: Path, out: Path, *, actor: Actor | None = None
) -> ConversionReport:
    """Convert a TensorFlow BERT release into the folder ``out``, which appears whole or not at all.

    ``source`` is a folder with ``bert_config.json``, ``vocab.txt``, ``model.ckpt-*.index`` and
    ``.data-*``, an archive of it, or a checkpoint prefix in it. Optimizer slots, ``global_step``
    and ``cls/*`` are skipped and counted, their checksums verified like the others'.
    Raises ModelError naming the tensor that is missing, damaged, of the wrong shape, or not BERT's;
    BionerError naming the archive member that would leave the folder.
    """
    allow(Action.MODELS, actor)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ModelError(f"{out}: exists already; choose another name, or delete it first")
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        staged_folder(out) as made,
        tempfile.TemporaryDirectory(prefix=".convert-", dir=out.parent) as scratch,
    ):
        name = source.name
        if is_archive(source):
            source = unpack(source, Path(scratch) / "archive")
        prefix = find_prefix(source)
        return _convert(prefix, made, names=(name, prefix.parent.name), out=out)


def is_tf_release(source: Path) -> bool:
    """Say whether this path has to be converted: it holds a ``.index`` and no safetensors yet."""
    if source.is_dir():
        return any(source.glob("*.index")) and not (source / WEIGHTS).is_file()
    index = path_named(str(_beside(source, ".index")))
    return is_archive(source) or (index is not None and index.is_file())


def find_prefix(source: Path) -> Path:
    """Return the checkpoint prefix that ``source`` (a folder, a prefix, or one of its files) means.

    Among several checkpoints, the one that the ``checkpoint`` file names. Raises ModelError.
    """
    if _beside(source, ".index").is_file():
        return source
    if source.is_file() and (source.suffix == ".index" or source.suffix.startswith(".data-")):
        return source.with_suffix("")
    if not source.is_dir():
        raise ModelError(
            f"{source}: no such TensorFlow checkpoint; expected a folder or archive with "
            "bert_config.json, vocab.txt and model.ckpt-*.index, or the prefix of the latter"
        )
    for pattern in ("*.index", "*/*.index", "*/*/*.index"):
        found = sorted(p for p in source.glob(pattern) if not p.name.startswith("._"))
        if len(found) > 1:
            found = [p for p in found if p.stem == _latest(p.parent)] or found
        if len(found) > 1:
            names = ", ".join(p.stem for p in found)
            raise ModelError(f"{source}: several checkpoints ({names}); give the prefix of one")
        if found:
            return found[0].with_suffix("")
    raise ModelError(f"{source}: no *.index file in it; expected a TensorFlow checkpoint")


def _latest(folder: Path) -> str:
    """Return the checkpoint name that TensorFlow's ``checkpoint`` file calls the latest."""
    state = folder / "checkpoint"
    if not state.is_file():
        return ""
    key, _, value = state.read_text(encoding="utf-8", errors="replace").partition(":")
    first = value.split("\n")[0].strip().strip('"')
    return first.replace("\\", "/").rpartition("/")[2] if key == "model_checkpoint_path" else ""


def _beside(prefix: Path, ending: str) -> Path:
    return prefix.with_name(prefix.name + ending)


def _convert(prefix: Path, made: Path, *, names: tuple[str, ...], out: Path) -> ConversionReport:
    config = read_config(prefix.parent / "bert_config.json")
    vocab = read_vocab(prefix.parent / "vocab.txt")
    if len(vocab) > config["vocab_size"]:
        raise ModelError(
            f"{prefix.parent / 'vocab.txt'}: {len(vocab)} pieces, but bert_config.json says "
            f"{config['vocab_size']}; they are not of the same release"
        )
    bundle = open_bundle(prefix)
    weights = bert_weights(config)
    skipped = _check_names(bundle, weights)
    write_weights(made / WEIGHTS, bundle, weights)
    for name in sorted(bundle.entries.keys() - {weight.source for weight in weights}):
        bundle.read_bytes(name)
    write_json(made / "config.json", config)
    write_vocab(made, vocab)
    cased = is_cased(vocab, *names)
    write_tokenizer_config(
        made,
        cased=cased,
        max_length=config["max_position_embeddings"],
        keep={"tokenizer_class": "BertTokenizer"},
    )
    return ConversionReport(
        out,
        prefix.name,
        len(weights),
        dict(skipped),
        sum(int(np.prod(weight.shape)) for weight in weights),
        len(vocab),
        cased,
    )


def read_config(path: Path) -> dict[str, Any]:
    """Read ``bert_config.json`` and return Transformers' ``config.json`` for it."""
    raw = read_json(path)
    for key in SIZES:
        if not isinstance(raw.get(key), int) or raw[key] < 1:
            raise ModelError(f"{path}: expected a whole number for {key!r}, found {raw.get(key)!r}")
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        **{key: raw[key] for key in SIZES},
        **{key: raw.get(key, default) for key, default in DEFAULTS.items()},
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "dtype": "float32",
    }


def bert_weights(config: Mapping[str, Any]) -> list[Weight]:
    """List every tensor of a BERT encoder of this size, in the order in which it is written."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    weights: list[Weight] = []

    def add_dense(source: str, target: str, rows: int, columns: int) -> None:
        weights.append(Weight(f"{source}/kernel", (rows, columns), f"{target}.weight", True))
        weights.append(Weight(f"{source}/bias", (columns,), f"{target}.bias"))

    def add_norm(source: str, target: str) -> None:
        weights.append(Weight(f"{source}/gamma", (width,), f"{target}.weight"))
        weights.append(Weight(f"{source}/beta", (width,), f"{target}.bias"))

    for kind, size in (
        ("word", "vocab_size"),
        ("position", "max_position_embeddings"),
        ("token_type", "type_vocab_size"),
    ):
        weights.append(
            Weight(
                f"bert/embeddings/{kind}_embeddings",
                (config[size], width),
                f"embeddings.{kind}_embeddings.weight",
            )
        )
    add_norm("bert/embeddings/LayerNorm", "embeddings.LayerNorm")
    for number in range(config["num_hidden_layers"]):
        source, target = f"bert/encoder/layer_{number}", f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            add_dense(
                f"{source}/attention/self/{part}", f"{target}.attention.self.{part}", width, width
            )
        add_dense(
            f"{source}/attention/output/dense", f"{target}.attention.output.dense", width, width
        )
        add_norm(f"{source}/attention/output/LayerNorm", f"{target}.attention.output.LayerNorm")
        add_dense(f"{source}/intermediate/dense", f"{target}.intermediate.dense", width, inner)
        add_dense(f"{source}/output/dense", f"{target}.output.dense", inner, width)
        add_norm(f"{source}/output/LayerNorm", f"{target}.output.LayerNorm")
    add_dense("bert/pooler/dense", "pooler.dense", width, width)
    return weights


def skip_rule(name: str) -> str | None:
    """Return the rule by which a tensor that is not the encoder's is skipped; None: it is not."""
    if name.rpartition("/")[2] in SLOTS or name.endswith("_power"):
        return "optimizer slots"
    if name == "global_step":
        return "global_step"
    return "cls/*" if name.startswith("cls/") else None


def _check_names(bundle: TensorBundle, weights: list[Weight]) -> Counter[str]:
    """Refuse missing, foreign and misshapen tensors by name; count the skipped ones by rule."""
    skipped: Counter[str] = Counter()
    foreign: list[str] = []
    expected = {weight.source for weight in weights}
    for name in sorted(bundle.entries.keys() - expected):
        rule = skip_rule(name)
        if rule is None:
            foreign.append(name)
        else:
            skipped[rule] += 1
    missing = sorted(expected - bundle.entries.keys())
    problems = [
        f"{word} {_some(names)}"
        for word, names in (("missing tensor", missing), ("unexpected tensor", foreign))
        if names
    ]
    if problems:
        raise ModelError(
            f"{bundle.prefix}: not a BERT encoder of the size that bert_config.json says: "
            + "; ".join(problems)
        )
    for weight in weights:
        found = bundle.entries[weight.source].shape
        if found != weight.shape:
            raise ModelError(
                f"{bundle.prefix}: tensor {weight.source} has shape {list(found)}; "
                f"bert_config.json asks for {list(weight.shape)}"
            )
    return skipped


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def write_weights(path: Path, bundle: TensorBundle, weights: list[Weight]) -> None:
    """Write a safetensors file, holding one tensor in memory at a time.

    The library's own ``save_file`` wants all of them at once; the format is a length, a JSON
    header, and the raw data in the header's order.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for weight in weights:
        end = position + 4 * int(np.prod(weight.shape))
        header[weight.target] = {
            "dtype": "F32",
            "shape": weight.target_shape,
            "data_offsets": [position, end],
        }
        position = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for weight in weights:
            value = bundle.read(weight.source)
            file.write(np.ascontiguousarray(value.T if weight.is_transposed else value).data)
