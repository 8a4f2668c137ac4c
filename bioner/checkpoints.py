"""The ``models/`` folder: cards, soundness of a model folder, and which model is the active one."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bioner.errors import ModelError
from bioner.settings import Settings

CARD = "card.json"
WEIGHTS = "model.safetensors"
SHARD_INDEX = "model.safetensors.index.json"
HASHES = "training_hashes.bin"
POINTER = "active-model.json"
DEFAULT_MODEL = "bioner-compact"

_HASH_BYTES = 8
_HEADER_LIMIT = 100_000_000  # what the safetensors reference reader accepts
_PICKLES = ("pytorch_model.bin", "pytorch_model.pt", "model.pkl")
_DTYPE_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64"), 64),
}


@dataclass(frozen=True)
class ModelCard:
    """What a model is made of and how good it is; ``models/<name>/card.json``.

    ``scores`` is what ``evaluate --json`` prints; ``created`` is ISO 8601 in UTC; ``parent`` names
    the model that this one was trained on from; ``command`` repeats the run.
    """

    name: str
    base: str = ""
    stage: str = ""
    created: str = ""
    mapping: str = ""
    schema_fingerprint: str = ""
    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    data_fingerprint: str = ""
    corpora: tuple[str, ...] = ()
    loss: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    parent: str = ""
    epochs: float = 0.0
    steps: int = 0
    train_sentences: int = 0
    corrections: int = 0
    fill_in: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    limits: tuple[str, ...] = ()
    hardware: dict[str, Any] = field(default_factory=dict)
    duration_s: float = 0.0
    versions: dict[str, Any] = field(default_factory=dict)
    commit: str = ""
    command: str = ""

    @property
    def f1(self) -> float | None:
        """The micro F1 over the corpora (0..1), if the model has been evaluated."""
        value = self.scores.get("overall", {}).get("micro", {}).get("f1")
        return float(value) if isinstance(value, int | float) else None

    def to_json(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ModelCard:
        """Make a card from JSON values; keys of later versions are left out.

        Raises ModelError naming the first field that is absent or of another kind.
        """
        if not isinstance(raw, Mapping):
            raise ModelError(f"model card: expected a JSON object, got {type(raw).__name__}")
        if "name" not in raw:
            raise ModelError("model card: the field `name` is missing")
        values: dict[str, Any] = {}
        for one in fields(cls):
            if one.name in raw:
                values[one.name] = _checked(one.name, str(one.type), raw[one.name])
        return cls(**values)


def _checked(name: str, kind: str, value: Any) -> Any:
    if kind.startswith("tuple"):
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ModelError(f"model card, {name}: expected a list of strings, got {value!r}")
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    expected = {"str": str, "int": int, "float": float}.get(kind, dict)
    if not isinstance(value, expected) or isinstance(value, bool):
        raise ModelError(
            f"model card, {name}: expected {expected.__name__}, got {type(value).__name__}"
        )
    return value


@dataclass(frozen=True)
class ModelEntry:
    """One folder of ``models/``: its card if it has one, and what is wrong with it if anything is.

    ``can_tag`` is false for a bare encoder (a converted BioBERT): it can only be trained further.
    ``stamp`` changes whenever a file of the folder does: caches key on it.
    """

    name: str
    folder: Path
    card: ModelCard | None
    problem: str | None
    size_bytes: int
    stamp: str
    can_tag: bool = True


@dataclass(frozen=True)
class Promotion:
    """One change of the active model, with the reason that a person gave."""

    kind: Literal["promote", "rollback"]
    name: str
    previous: str
    reason: str
    by: str
    at: str


def list_models(models: Path) -> list[ModelEntry]:
    """List the model folders by name, damaged ones included with what is missing.

    A folder without any file of its own is not a model yet: a run is writing its checkpoints there.
    """
    if not models.is_dir():
        return []
    return [
        describe_model(folder)
        for folder in sorted(models.iterdir())
        if folder.is_dir() and not folder.name.startswith(".") and _files(folder)
    ]


def describe_model(folder: Path) -> ModelEntry:
    """Describe one model folder; never raises for what is wrong inside it."""
    problem = check_folder(folder)
    card = None
    if (folder / CARD).exists():
        try:
            card = read_card(folder)
        except ModelError as error:
            problem = problem or str(error)
    return ModelEntry(
        folder.name,
        folder,
        card,
        problem,
        sum(stat.st_size for _, stat in _files(folder)),
        model_stamp(folder),
        problem is None and has_tag_head(folder),
    )


def model_stamp(folder: Path) -> str:
    """Hash the names, sizes and times of a folder's own files to 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for name, stat in _files(folder):
        digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files(folder: Path) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            if path.is_file():
                found.append((path.name, path.stat()))
        except FileNotFoundError:  # replaced while we looked
            continue
    return found


def find_model(name_or_path: str | Path, models: Path) -> Path:
    """Return the folder of a model, given by its name in ``models`` or by its path.

    Raises ModelError, naming what there is, when neither exists. Soundness is ``check_folder``'s.
    """
    text = str(name_or_path)
    if not text.strip():
        raise ModelError("no model was named: give a name from models/ or the path of a folder")
    if _is_plain(text) and (models / text).is_dir():
        return models / text
    path = Path(text).expanduser()
    if path.is_dir():
        return path
    known = ", ".join(entry.name for entry in list_models(models)) or "none yet"
    raise ModelError(f"{text}: no such model; in {models} there are: {known}")


def _is_plain(name: str) -> bool:
    return Path(name).name == name and name not in ("", "..")


def read_card(folder: Path) -> ModelCard:
    """Read ``card.json``; raises ModelError with the file when it is absent or not a card."""
    path = folder / CARD
    try:
        return ModelCard.from_json(_read_json(path))
    except ModelError as error:
        raise error if str(path) in str(error) else ModelError(f"{path}: {error}") from error


def write_card(folder: Path, card: ModelCard) -> None:
    """Write ``card.json`` whole or not at all; write it last: it says that all is there."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / CARD, json.dumps(card.to_json(), indent=2, ensure_ascii=False) + "\n")


def write_training_hashes(folder: Path, hashes: Iterable[str]) -> None:
    """Write the ``Sentence.fingerprint`` of every training sentence (16 hex digits each)."""
    distinct = sorted(set(hashes))
    for one in distinct:
        if not re.fullmatch(r"[0-9a-f]{16}", one):
            raise ValueError(f"expected 16 hex digits, got {one!r}")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / HASHES, bytes.fromhex("".join(distinct)))


def has_training_hashes(folder: Path) -> bool:
    """Return whether the folder says what it was trained on; if not, its leaks are unknown."""
    return (folder / HASHES).is_file()


def training_hashes(folder: Path) -> frozenset[str]:
    """Read the fingerprints of the training sentences; empty for a model that came without them."""
    path = folder / HASHES
    if not path.is_file():
        return frozenset()
    raw = path.read_bytes()
    if len(raw) % _HASH_BYTES:
        raise ModelError(
            f"{path}: {len(raw)} bytes is not a whole number of hashes; delete the file"
        )
    text = raw.hex()
    return frozenset(text[i : i + 2 * _HASH_BYTES] for i in range(0, len(text), 2 * _HASH_BYTES))


def check_folder(folder: Path) -> str | None:
    """Say in one sentence what is missing or damaged in a model folder; None if it is sound.

    Reads JSON files and safetensors headers only, no weights. Pickled weights and folders that ask
    for their own code to be run are refused.
    """
    if not folder.is_dir():
        return f"{folder}: no such folder"
    try:
        config = _read_json(folder / "config.json")
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
        weight_map = _read_json(folder / SHARD_INDEX).get("weight_map")
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
            header = json.loads(file.read(length))
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing; copy the whole folder again") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path}: its safetensors header is not JSON") from error
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


def _check_tokenizer(folder: Path) -> None:
    if (folder / "tokenizer.json").exists():
        _read_json(folder / "tokenizer.json")
    elif not (folder / "vocab.txt").exists():
        raise ModelError(
            f"{folder / 'tokenizer.json'} is missing, and there is no vocab.txt either"
        )
    if (folder / "tokenizer_config.json").exists():
        _read_json(folder / "tokenizer_config.json")


def _check_tag_count(
    folder: Path, config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    head = shapes.get("classifier.weight")
    names = config.get("id2label")
    if head and isinstance(names, dict) and len(names) != head[0]:
        raise ModelError(
            f"{folder / 'config.json'}: names {len(names)} tags, but the classifier has {head[0]}"
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path}: not readable as JSON; copy it again") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value


def active_model(settings: Settings) -> str:
    """Return the name of the model that pages and commands use when none is named."""
    return _stack(history(settings))[-1]


def history(settings: Settings) -> tuple[Promotion, ...]:
    """Return every promotion and roll-back, oldest first; ModelError if the record is damaged."""
    path = settings.home / POINTER
    if not path.exists():
        return ()
    try:
        return tuple(Promotion(**entry) for entry in _read_json(path)["history"])
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: not a record of promotions; move it away to begin anew with {DEFAULT_MODEL}"
        ) from error


def promote(settings: Settings, name: str, reason: str, by: str = "") -> Promotion:
    """Make a model of ``models/`` the active one and record why.

    Raises ModelError when the model is absent, damaged, a bare encoder or active already, or when
    no reason is given.
    """
    if not reason.strip():
        raise ModelError(f"promoting {name} needs a reason: write one sentence for the record")
    _check_promotable(settings, name)
    with _pointer_lock(settings):
        past = history(settings)
        previous = _stack(past)[-1]
        if previous == name:
            raise ModelError(f"{name} is the active model already")
        return _record(settings, past, Promotion("promote", name, previous, reason, by, _now()))


def rollback(settings: Settings, reason: str = "rolled back", by: str = "") -> Promotion:
    """Go back to the model that was active before the last promotion and record it.

    Raises ModelError when there is nothing to go back to, or the earlier model is gone or damaged.
    """
    with _pointer_lock(settings):
        past = history(settings)
        stack = _stack(past)
        if len(stack) < 2:
            raise ModelError(
                f"{stack[-1]} was never replaced: there is no earlier model to go back to"
            )
        _check_promotable(settings, stack[-2])
        change = Promotion("rollback", stack[-2], stack[-1], reason, by, _now())
        return _record(settings, past, change)


def rollback_target(settings: Settings) -> str | None:
    """Return the model that ``rollback`` would go back to, or None."""
    stack = _stack(history(settings))
    return stack[-2] if len(stack) > 1 else None


def _stack(past: Iterable[Promotion]) -> list[str]:
    stack = [DEFAULT_MODEL]
    for change in past:
        if change.kind == "rollback":
            stack = stack[:-1] or [DEFAULT_MODEL]
        elif stack[-1] != change.name:
            stack.append(change.name)
    return stack


def _check_promotable(settings: Settings, name: str) -> None:
    folder = settings.models / name
    if not _is_plain(name) or not folder.is_dir():
        find_model(name, settings.models)
        raise ModelError(f"{name}: only a model in {settings.models} can be active; copy it there")
    problem = check_folder(folder)
    if problem:
        raise ModelError(problem)
    if not has_tag_head(folder):
        raise ModelError(f"{name} is a bare encoder without a token classifier: train on it first")


def _record(settings: Settings, past: tuple[Promotion, ...], change: Promotion) -> Promotion:
    entries = [asdict(entry) for entry in (*past, change)]
    record = {"active": change.name, "history": entries}
    write_whole(settings.home / POINTER, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return change


@contextmanager
def _pointer_lock(settings: Settings) -> Iterator[None]:
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / f".{POINTER}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_whole(path: Path, content: str | bytes) -> None:
    """Replace a file whole or not at all: written beside it, flushed to disk, renamed over it."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
