"""A model's card and the hashes of what it was trained on: the files that we write beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bioner.conventions import ANY
from bioner.errors import ModelError
from bioner.files import read_json_object, write_whole

CARD = "card.json"
HASHES = "training_hashes.bin"
COPY_AGAIN = "copy the whole model folder again"
_HASH_BYTES = 8


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
        value: object = self.scores
        for key in ("overall", "micro", "f1"):
            value = value.get(key) if isinstance(value, Mapping) else None
        return float(value) if isinstance(value, int | float) else None

    @property
    def scales(self) -> dict[str, tuple[float, float]]:
        """Slope and shift of each type's log-odds; empty where scores are left as they are."""
        return self._scales("types", self.calibration.get("types", {}))

    @property
    def scales_by_convention(self) -> dict[str, dict[str, tuple[float, float]]]:
        """The scales under ``any``, and of each convention that has some of its own."""
        by_name = self.calibration.get("by_convention", {})
        if not isinstance(by_name, Mapping):
            by_name = {"": by_name}
        own = {str(name): self._scales("by_convention", found) for name, found in by_name.items()}
        return {**own, ANY: self.scales}

    def _scales(self, where: str, found: Any) -> dict[str, tuple[float, float]]:
        try:
            return {str(name): (float(a), float(b)) for name, (a, b) in found.items()}
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelError(
                f"model card of {self.name}: calibration.{where} is damaged; {COPY_AGAIN}"
            ) from error

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


def read_card(folder: Path) -> ModelCard:
    """Read ``card.json``; raises ModelError with the file when it is absent or not a card."""
    path = folder / CARD
    try:
        return ModelCard.from_json(read_json_object(path, ModelError, mend=COPY_AGAIN))
    except ModelError as error:
        raise error if str(path) in str(error) else ModelError(f"{path}: {error}") from error


def has_types(folder: Path, types: tuple[str, ...]) -> bool:
    """Tell whether a folder holds a model of exactly these types, as its card says."""
    try:
        return (folder / CARD).is_file() and read_card(folder).types == types
    except ModelError:
        return False


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


def hashes_of_models(models: Path) -> frozenset[str]:
    """Return the fingerprints of every sentence that a model of this folder was trained on.

    Of a model whose file is damaged nothing is known.
    """
    found: set[str] = set()
    for path in models.glob(f"*/{HASHES}"):
        with suppress(ModelError):
            found |= training_hashes(path.parent)
    return frozenset(found)


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
