"""Base encoders: a folder, TensorFlow release or hub id becomes one safe, rightly cased folder."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.errors import ModelError
from bioner.extras import require_extra
from bioner.files import path_named, staged_folder
from bioner.models.folder import PICKLED_WEIGHTS, WEIGHTS
from bioner.models.reserved_pieces import CONVENTIONS
from bioner.models.tf_checkpoint import convert_tf_checkpoint, is_tf_release
from bioner.models.wordpiece import (
    is_cased,
    read_json,
    read_vocab,
    write_json,
    write_tokenizer_config,
)

if TYPE_CHECKING:
    import torch

COPIED = (
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "spm.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
    CONVENTIONS,
    "README.md",
    "LICENSE",
)
"""What is taken from a hub folder beside ``config.json`` and the weights."""
OLD_NORM = re.compile(r"LayerNorm\.(gamma|beta)$")
NEW_NORM = {"gamma": "weight", "beta": "bias"}
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


@dataclass(frozen=True, slots=True)
class EncoderImport:
    """What became of a hub-layout folder; ``cased`` is None where there are no wordpieces."""

    folder: Path
    cased: bool | None
    was_pickled: bool


class BaseKind(StrEnum):
    """What a person's words for a base encoder mean."""

    RELEASE = "a TensorFlow release"
    FOLDER = "a folder"
    HUB = "a hub id"
    ABSENT = "nothing that is here"


def kind_of_base(base: str) -> BaseKind:
    """Tell a TensorFlow release, a folder and a hub id (``name``, ``owner/name``) apart.

    A path that is not there is absent, never a hub id: ``models/x`` means a model of ours.
    """
    source = path_named(base)
    if source is None:
        return BaseKind.ABSENT
    if is_tf_release(source):
        return BaseKind.RELEASE
    if source.is_dir():
        return BaseKind.FOLDER
    if source.exists() or base.startswith("models/") or not HUB_ID.fullmatch(base):
        return BaseKind.ABSENT
    return BaseKind.HUB


def prepare_encoder(
    base: str, cache: Path, *, download: Callable[[str], Path] | None = None
) -> Path:
    """Return a folder that Transformers loads without pickles and in the right case.

    ``base`` is a model folder (returned as it is if nothing needs doing), a TensorFlow release
    (folder, archive or prefix) or a hub id; what has to be rewritten is written to ``cache``, once.
    Raises ModelError.
    """
    source = Path(base).expanduser()
    kind = kind_of_base(base)
    if kind is BaseKind.RELEASE:
        return cached(source, cache, lambda out: convert_tf_checkpoint(source, out))
    if kind is BaseKind.FOLDER:
        if is_ready(source):
            return source
        return cached(source, cache, lambda out: import_hub_folder(source, out))
    if kind is BaseKind.ABSENT:
        raise ModelError(
            f"{base}: no such model folder, and not a hub id such as dmis-lab/biobert-v1.1"
        )
    fetched = (download or download_encoder)(base)
    if is_ready(fetched, base):
        return fetched
    return cached(fetched, cache, lambda out: import_hub_folder(fetched, out, name=base), base)


def is_ready(folder: Path, name: str = "") -> bool:
    """Say whether a folder needs no rewriting: safetensors, and no cased vocabulary lower-cased."""
    if not ((folder / WEIGHTS).is_file() and (folder / "config.json").is_file()):
        return False
    vocab = _wordpieces(folder)
    return (
        vocab is None
        or not _decide_case(folder, vocab, name)
        or _tokenizer_config(folder).get("do_lower_case") is False
    )


def import_hub_folder(source: Path, out: Path, *, name: str = "") -> EncoderImport:
    """Rewrite a hub-layout folder (configuration, weights, vocabulary) as ``out``, whole or not.

    ``pytorch_model.bin`` is read as tensors only and rewritten as safetensors; other pickles and
    anything that would run code are refused or left behind. Cased vocabularies, and those that
    ``name`` (a hub id) says are cased, stay cased. Raises ModelError.
    """
    if out.exists():
        raise ModelError(f"{out}: exists already; choose another name, or delete it first")
    config = read_json(source / "config.json")
    weights = _find_weights(source)
    with staged_folder(out) as made:
        write_json(made / "config.json", _without_code(config))
        for file in COPIED:
            if (source / file).is_file():
                shutil.copyfile(source / file, made / file)
        cased = _write_case(source, made, config, name)
        if weights.name == WEIGHTS:
            _link_or_copy(weights, made / WEIGHTS)
        else:
            rewrite_pickled_weights(weights, made / WEIGHTS)
    return EncoderImport(out, cased, weights.name == PICKLED_WEIGHTS)


def rewrite_pickled_weights(source: Path, target: Path) -> None:
    """Read a ``pytorch_model.bin`` as tensors only and write it as safetensors.

    The old names of LayerNorm's parameters (gamma, beta) become today's. Raises ModelError if the
    file holds anything but named tensors.
    """
    require_extra("train", f"{source}: reading pickled weights")
    import torch
    from safetensors.torch import save_file

    try:
        content = torch.load(
            source, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(source)
        )
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{source}: refused, it holds more than tensors and could run code; "
            "get the model as safetensors"
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ModelError(
            f"{source}: damaged or cut short ({str(error).splitlines()[0]}); download it again"
        ) from error
    if not isinstance(content, dict) or not content:
        raise ModelError(f"{source}: expected named tensors, found {type(content).__name__}")
    tensors: dict[str, torch.Tensor] = {}
    storages: set[int] = set()
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise ModelError(
                f"{source}: expected named tensors, found {name!r}: {type(value).__name__}"
            )
        if name.endswith("position_ids"):
            continue  # a buffer of older releases: 0, 1, 2, ...
        storage = value.untyped_storage().data_ptr()
        tensors[_today(name)] = value.clone() if storage in storages else value.contiguous()
        storages.add(storage)
    save_file(tensors, target, metadata={"format": "pt"})


def download_encoder(hub_id: str) -> Path:
    """Fetch an encoder's files from the hub into its own cache and return the folder.

    Only configuration, vocabulary and weights are fetched; the pickled weights only where there are
    no safetensors. Raises ModelError if the hub cannot be reached or has no such model.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=["config.json", WEIGHTS, *COPIED]))
        if not (folder / WEIGHTS).exists():
            folder = Path(
                snapshot_download(hub_id, allow_patterns=["config.json", PICKLED_WEIGHTS, *COPIED])
            )
    except (OSError, HFValidationError) as error:
        raise ModelError(
            f"{hub_id}: not a folder here, and not to be had from the hub "
            f"({type(error).__name__}); check the name and the network, or give a folder"
        ) from error
    return folder


def _find_weights(source: Path) -> Path:
    for name in (WEIGHTS, PICKLED_WEIGHTS):
        if (source / name).is_file():
            return source / name
    others = sorted(
        path.name
        for path in source.iterdir()
        if path.suffix in (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack")
    )
    found = f"; refused: {', '.join(others)}" if others else ""
    raise ModelError(f"{source}: expected {WEIGHTS} or {PICKLED_WEIGHTS}{found}")


def _write_case(source: Path, made: Path, config: dict[str, Any], name: str) -> bool | None:
    vocab = _wordpieces(source)
    if vocab is None:
        return None
    cased = _decide_case(source, vocab, name)
    length = config.get("max_position_embeddings")
    write_tokenizer_config(
        made,
        cased=cased,
        max_length=length if isinstance(length, int) else 512,
        keep=_without_code(_tokenizer_config(source)),
    )
    return cased


def _decide_case(folder: Path, vocab: tuple[str, ...], name: str) -> bool:
    origin = read_json(folder / "config.json").get("_name_or_path")
    names = (name, folder.name, origin if isinstance(origin, str) else "")
    return is_cased(vocab, *names) or _tokenizer_config(folder).get("do_lower_case") is False


def _wordpieces(folder: Path) -> tuple[str, ...] | None:
    """Return the WordPiece vocabulary of ``vocab.txt``, else of ``tokenizer.json``, else None."""
    if (folder / "vocab.txt").is_file():
        return read_vocab(folder / "vocab.txt")
    if (folder / "tokenizer.json").is_file():
        model = read_json(folder / "tokenizer.json").get("model") or {}
        if model.get("type") == "WordPiece":
            return tuple(model["vocab"])
    return None


def _tokenizer_config(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    return read_json(path) if path.is_file() else {}


def _without_code(config: dict[str, Any]) -> dict[str, Any]:
    """Drop what points Transformers to Python files that come with a model."""
    return {key: value for key, value in config.items() if key != "auto_map"}


def _today(name: str) -> str:
    return OLD_NORM.sub(lambda found: f"LayerNorm.{NEW_NORM[found[1]]}", name)


def cached(source: Path, cache: Path, make: Callable[[Path], object], name: str = "") -> Path:
    """Return the cache's folder for this state of ``source``, made first if it is not there."""
    files = sorted(source.iterdir()) if source.is_dir() else [source, *_siblings(source)]
    state = repr([(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()])
    stamp = hashlib.blake2b(f"{source.resolve()}{state}".encode(), digest_size=6).hexdigest()
    slug = re.sub(r"[^\w.-]+", "-", name or source.name).strip("-.")
    out = cache / f"{slug}-{stamp}"
    if not out.is_dir():
        make(out)
    return out


def _siblings(prefix: Path) -> list[Path]:
    return sorted(prefix.parent.glob(f"{prefix.name}.*"))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
