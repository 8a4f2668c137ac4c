"""Whether a model folder is sound, told from its JSON files and safetensors headers alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioner.errors import ModelError
from bioner.files import parse_json_object, read_json_object
from bioner.models.card import COPY_AGAIN

WEIGHTS = "model.safetensors"
SHARD_INDEX = "model.safetensors.index.json"
PICKLED_WEIGHTS = "pytorch_model.bin"

_HEADER_LIMIT = 100_000_000  # what the safetensors reference reader accepts
_PICKLES = (PICKLED_WEIGHTS, "pytorch_model.pt", "model.pkl")
_DTYPE_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64"), 64),
}


def check_folder(folder: Path) -> str | None:
    """Say in one sentence what is missing or damaged in a model folder; None if it is sound.

    Reads JSON files and safetensors headers only, no weights. Pickled weights and folders that ask
    for their own code to be run are refused.
    """
    if not folder.is_dir():
        return f"{folder}: no such folder"
    try:
        config = _read(folder / "config.json")
        if config.get("auto_map"):
            raise ModelError(
                f"{folder / 'config.json'}: asks for its own code to be run (auto_map), which is "
                "never done; use a model of a standard architecture"
            )
        if not config.get("model_type"):
            raise ModelError(f"{folder / 'config.json'}: the field `model_type` is missing")
        shapes = _weights(folder)
        _check_tokenizer(folder)
        _check_tag_count(folder, config, shapes)
    except ModelError as error:
        return str(error)
    return None


def has_tag_head(folder: Path) -> bool:
    """Return whether the weights contain a token classifier (a bare encoder has none)."""
    try:
        return "classifier.weight" in _weights(folder)
    except ModelError:
        return False


def _weights(folder: Path) -> dict[str, tuple[int, ...]]:
    if (folder / WEIGHTS).exists():
        return read_tensor_shapes(folder / WEIGHTS)
    if (folder / SHARD_INDEX).exists():
        weight_map = _read(folder / SHARD_INDEX).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise ModelError(f"{folder / SHARD_INDEX}: the field `weight_map` is missing or empty")
        shapes: dict[str, tuple[int, ...]] = {}
        for shard in sorted({str(name) for name in weight_map.values()}):
            if Path(shard).name != shard:
                raise ModelError(f"{folder / SHARD_INDEX}: {shard!r} is not a file beside it")
            shapes |= read_tensor_shapes(folder / shard)
        lost = sorted(set(weight_map) - set(shapes))
        if lost:
            raise ModelError(f"{folder / SHARD_INDEX}: tensor {lost[0]} is in none of the shards")
        return shapes
    pickle = next((name for name in _PICKLES if (folder / name).exists()), None)
    if pickle:
        raise ModelError(
            f"{folder / pickle}: pickled weights are not loaded; save the model as {WEIGHTS}"
        )
    raise ModelError(f"{folder / WEIGHTS} is missing; copy the whole folder again or train again")


def read_tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the header of a safetensors file: tensor name → shape.

    Checked as the format's specification says: header length, JSON, offsets without gaps that
    fit each tensor's shape and end exactly at the end of the file. Raises ModelError.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or not 2 <= length <= min(_HEADER_LIMIT, size - 8):
                raise ModelError(
                    f"{path}: no safetensors header; the file is cut off or of another kind"
                )
            header = parse_json_object(
                file.read(length), f"{path}, its safetensors header", ModelError, mend=COPY_AGAIN
            )
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing; copy the whole folder again") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        tensors: list[tuple[int, int, str, str, tuple[int, ...]]] = sorted(
            (
                int(entry["data_offsets"][0]),
                int(entry["data_offsets"][1]),
                str(name),
                str(entry["dtype"]),
                tuple(int(dimension) for dimension in entry["shape"]),
            )
            for name, entry in header.items()
            if name != "__metadata__"
        )
        shapes: dict[str, tuple[int, ...]] = {}
        position = 0
        for start, end, name, dtype, shape in tensors:
            count = 1
            for dimension in shape:
                count *= dimension
            bits = _DTYPE_BITS.get(dtype)
            if start != position or end < start or (bits and (end - start) * 8 != count * bits):
                raise ModelError(f"{path}: tensor {name} does not lie where the header says")
            shapes[name], position = shape, end
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: its safetensors header is damaged") from error
    if 8 + length + position != size:
        raise ModelError(
            f"{path}: {size:,} bytes, but its header says {8 + length + position:,}; copy it again"
        )
    return shapes


def _read(path: Path) -> dict[str, Any]:
    return read_json_object(path, ModelError, mend=COPY_AGAIN)


def _check_tokenizer(folder: Path) -> None:
    if (folder / "tokenizer.json").exists():
        _read(folder / "tokenizer.json")
    elif not (folder / "vocab.txt").exists():
        raise ModelError(
            f"{folder / 'tokenizer.json'} is missing, and there is no vocab.txt either"
        )
    if (folder / "tokenizer_config.json").exists():
        _read(folder / "tokenizer_config.json")


def _check_tag_count(
    folder: Path, config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    head = shapes.get("classifier.weight")
    names = config.get("id2label")
    if head and isinstance(names, dict) and len(names) != head[0]:
        raise ModelError(
            f"{folder / 'config.json'}: names {len(names)} tags, but the classifier has {head[0]}"
        )
