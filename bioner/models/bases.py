"""The base encoders that a person may train on: what is here, and what needs a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bioner.errors import ModelError
from bioner.files import path_named
from bioner.models.catalogue import list_models, named_model
from bioner.models.encoders import BaseKind, kind_of_base
from bioner.models.folder import WEIGHTS, check_folder, read_tensor_shapes
from bioner.models.reserved_pieces import has_conventions
from bioner.settings import Settings, hub_cache

BIOBERT = "dmis-lab/biobert-base-cased-v1.2"
HUB = {
    BIOBERT: "BioBERT base, cased v1.2",
    "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext": "PubMedBERT base, uncased",
    "google-bert/bert-base-cased": "BERT base, cased",
}
"""Hub name → title; BioBERT first."""
BERT_BASE_PARAMETERS = 108_000_000


@dataclass(frozen=True)
class Base:
    """One base encoder: what ``--base`` takes, what a person reads, and whether it is here."""

    value: str
    title: str
    is_local: bool
    is_trained: bool = False
    parameters: int = BERT_BASE_PARAMETERS
    knows_conventions: bool = False

    @property
    def label(self) -> str:
        """The title with where it comes from."""
        if not self.is_local:
            return f"{self.title} · needs a network"
        return f"{self.title} · {'a trained model' if self.is_trained else 'on this machine'}"


def list_bases(settings: Settings) -> list[Base]:
    """List the encoders, BioBERT first, then what is on this machine, then what needs a network."""
    local = [*_encoder_folders(settings), *_models(settings)]
    local.sort(key=lambda base: (base.is_trained, "biobert" not in base.title.lower()))
    hub = [Base(name, title, hub_cached(name)) for name, title in HUB.items()]
    if any("biobert" in base.title.lower() and not base.is_trained for base in local):
        hub = [base for base in hub if base.value != BIOBERT]
    else:
        local.insert(0, hub.pop(0))
    return [*local, *hub]


def preferred(bases: list[Base]) -> int:
    """Return the place of the first encoder that is on this machine (0 if none is)."""
    return next((i for i, base in enumerate(bases) if base.is_local), 0)


def base_of(value: str) -> Base:
    """Describe an encoder that a person named by path or by hub name."""
    folder = path_named(value)
    if folder is not None and folder.is_dir():
        return _local(folder, folder.name)
    return Base(value, HUB.get(value, value), hub_cached(value))


def find_base(value: str, settings: Settings) -> Base:
    """Describe the encoder that ``--base`` names: a model of this name, a folder, or a hub name.

    Raises ModelError for the path of a folder that is not there.
    """
    named = named_model(value, settings.models)
    if named is not None:
        return base_of(str(named))
    if kind_of_base(value) is BaseKind.ABSENT:
        raise ModelError(
            f"{value:.200}: there is no such folder; give an encoder's folder or hub id"
        )
    return base_of(value)


def _encoder_folders(settings: Settings) -> Iterator[Base]:
    """Find encoders in the folders that the settings name: one in it, or several."""
    for root in settings.encoders:
        if not root.is_dir():
            continue
        folders = [root] if (root / "config.json").exists() else sorted(root.iterdir())
        for folder in folders:
            if folder.is_dir() and check_folder(folder) is None:
                yield _local(folder, folder.name)


def _models(settings: Settings) -> Iterator[Base]:
    for entry in list_models(settings.models):
        if entry.problem is None:
            yield _local(entry.folder, entry.name, is_trained=entry.can_tag)


def _local(folder: Path, title: str, *, is_trained: bool = False) -> Base:
    return Base(
        str(folder), title, True, is_trained, count_parameters(folder), has_conventions(folder)
    )


def count_parameters(folder: Path) -> int:
    """Count a model folder's parameters from its safetensors header; BERT base's if unreadable."""
    try:
        shapes = read_tensor_shapes(folder / WEIGHTS)
    except ModelError:
        return BERT_BASE_PARAMETERS
    total = 0
    for shape in shapes.values():
        count = 1
        for dimension in shape:
            count *= dimension
        total += count
    return total


def free_name(settings: Settings, base: Base) -> str:
    """Suggest a name for a new model that no folder of ``models/`` has yet."""
    stem = base.title.split(" ")[0].split("/")[-1].lower().rstrip(",") or "model"
    taken = {folder.name for folder in settings.models.glob("*")}
    number = 1
    while f"{stem}-ner-{number}" in taken:
        number += 1
    return f"{stem}-ner-{number}"


def hub_cached(name: str) -> bool:
    """Return whether the hub's cache on this machine has a snapshot of this model."""
    folder = hub_cache() / f"models--{name.replace('/', '--')}"
    return any((folder / "snapshots").glob("*/config.json"))
