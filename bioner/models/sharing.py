"""A model sent to a hub with a card in the hub's format, and one fetched from it."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bioner.access import Action, Actor, allow
from bioner.errors import ModelError
from bioner.figures import points
from bioner.files import staged_folder
from bioner.hub import (
    README,
    Kind,
    card_text,
    check_repository,
    check_revision,
    licence_id,
    pull_folder,
    push_folder,
)
from bioner.models.card import CARD, HASHES, ModelCard, read_card, write_card
from bioner.models.catalogue import is_plain_name
from bioner.models.encoders import COPIED
from bioner.models.folder import PICKLED_WEIGHTS, SHARD_INDEX, WEIGHTS, check_folder
from bioner.models.onnx_files import PREFERRED, onnx_name
from bioner.models.wordpiece import read_json, write_json

FILES = (
    "config.json",
    WEIGHTS,
    SHARD_INDEX,
    *(name for name in COPIED if name != README),
    CARD,
    HASHES,
    "schema.json",
    *map(onnx_name, PREFERRED),
)
"""What of a model goes to a hub and comes from it, beside its card; no pickle, no code."""


@dataclass(frozen=True)
class PulledModel:
    """A model that has come from a hub: where it lies, and which commit it is."""

    folder: Path
    commit: str


def push_model(
    folder: Path, repository: str, *, is_public: bool = False, actor: Actor | None = None
) -> str:
    """Send a model's folder to a repository, with its card; return the repository's address.

    The card that goes out names no command and no machine: they may hold names of folders. Raises
    ModelError for a folder that is not sound, HubError.
    """
    allow(Action.SHARE, actor)
    check_repository(repository)
    problem = check_folder(folder)
    if problem:
        raise ModelError(problem)
    card = read_card(folder) if (folder / CARD).is_file() else ModelCard(folder.name)
    with tempfile.TemporaryDirectory(prefix="bioner-hub-") as place:
        work = Path(place)
        for path in sorted(folder.iterdir()):
            if path.name in FILES or path.name.endswith(".safetensors"):
                shutil.copyfile(path, work / path.name)
        if (folder / CARD).is_file():
            write_card(work, replace(card, command="", hardware={}))
        (work / README).write_text(hub_card(card, repository), encoding="utf-8")
        said = f"{card.name} from BioNER Studio"
        return push_folder(work, repository, Kind.MODEL, is_public=is_public, said=said)


def pull_model(
    repository: str,
    models: Path,
    *,
    name: str = "",
    revision: str = "",
    actor: Actor | None = None,
) -> PulledModel:
    """Fetch a model from a repository into the models' folder; nothing of it is run.

    It is named as the repository is unless a name is given. Raises ModelError where that name is
    taken or what came is no sound model, HubError.
    """
    allow(Action.MODELS, actor)
    check_repository(repository)
    check_revision(revision)
    name = name or repository.rpartition("/")[2]
    if not is_plain_name(name) or name.startswith("."):
        raise ModelError(f"{name!r}: expected a plain name for the model")
    target = models / name
    if target.exists():
        raise ModelError(f"{target}: exists already; give another name with --name")
    with tempfile.TemporaryDirectory(prefix="bioner-hub-") as place:
        came = Path(place)
        files = (*FILES, README, "*.safetensors")
        commit = pull_folder(repository, Kind.MODEL, came, files=files, revision=revision)
        _refuse_strange(came, repository)
        with staged_folder(target) as work:
            for path in sorted(came.iterdir()):
                if path.is_file() and not path.is_symlink():
                    shutil.copyfile(path, work / path.name)
    return PulledModel(target, commit)


def _refuse_strange(folder: Path, repository: str) -> None:
    """Take the request to run code out of a configuration, and refuse what is not sound."""
    if (folder / "config.json").is_file():
        config = read_json(folder / "config.json")
        if config.pop("auto_map", None) is not None:
            write_json(folder / "config.json", config)
    problem = check_folder(folder)
    if problem:
        told = problem.replace(f"{folder}/", "").replace(str(folder), "")
        mend = f" ({PICKLED_WEIGHTS} is not fetched: `train --base` takes such a model)"
        raise ModelError(f"{repository}: not a model that can be used here: {told}{mend}")
    if (folder / CARD).is_file():
        read_card(folder)


def hub_card(card: ModelCard, repository: str) -> str:
    """Return a model's card as the hub shows it: what it is for, how good, made of what, how far.

    The corpora stand there each with its licence, as the model's own card says them.
    """
    head = {
        "license": licence_id([card.licence]) if "; training data: " not in card.licence else "",
        "library_name": "transformers",
        "pipeline_tag": "token-classification",
        "language": "en",
        "tags": ["biology", "medical", "named-entity-recognition", "bioner-studio"],
        "metrics": ["seqeval"],
        "model-index": _index(card),
    }
    if not head["license"]:
        head["license"] = licence_id([card.licence.partition(" (weights)")[0]])
    return card_text(head, [*_what(card, repository), *_scores(card), *_terms(card)])


def _index(card: ModelCard) -> list[dict[str, Any]]:
    results = [
        {
            "task": {"type": "token-classification"},
            "dataset": {"name": corpus, "type": corpus.lower()},
            "metrics": [{"type": "f1", "name": "strict F1", "value": round(100 * f1, 1)}],
        }
        for corpus, f1, _ in _by_corpus(card)
    ]
    return [{"name": card.name, "results": results}] if results else []


def _what(card: ModelCard, repository: str) -> list[str]:
    types = f": {', '.join(card.types)}" if card.types else ""
    return [
        f"# {card.name}",
        "",
        f"Finds biomedical names in text{types}. Made with BioNER Studio"
        + (f" from {card.base}." if card.base else "."),
        "",
        "```console",
        f"$ bioner models pull {repository}",
        f'$ echo "Aspirin inhibits COX-1." | bioner tag - --model {repository.split("/")[1]}',
        "```",
        "",
        "It is an ordinary model of transformers as well:",
        "",
        "```python",
        "from transformers import pipeline",
        "",
        f'tagger = pipeline("token-classification", "{repository}")',
        "```",
        "",
    ]


def _by_corpus(card: ModelCard) -> list[tuple[str, float, int]]:
    found = []
    by_corpus = card.scores.get("by_corpus", {})
    for corpus, told in by_corpus.items() if isinstance(by_corpus, dict) else ():
        micro = told.get("micro", {}) if isinstance(told, dict) else {}
        f1, support = micro.get("f1"), micro.get("support")
        if isinstance(f1, int | float) and isinstance(support, int):
            found.append((str(corpus), float(f1), support))
    return found


def _scores(card: ModelCard) -> list[str]:
    rows = _by_corpus(card)
    if not rows:
        return ["## Scores", "", "It has not been scored.", ""]
    return [
        "## Scores",
        "",
        "Strict F1 (%; type and both boundaries right, seqeval, IOB2) on each corpus's own test "
        "file in the corpus's own terms; sentences that it was trained on are left out.",
        "",
        "| corpus | F1 | mentions |",
        "|---|---:|---:|",
        *(f"| {corpus} | {points(f1)} | {support:,} |" for corpus, f1, support in rows),
        "",
    ]


def _terms(card: ModelCard) -> list[str]:
    lines = ["## Terms", "", card.licence or "Nobody has said under which licence.", ""]
    if card.corrections:
        lines += [f"{card.corrections:,} sentences that people corrected were learned from.", ""]
    if (card.corpora and card.licence) or card.parent:
        lines += ["It holds none of the corpora's sentences, but hashes of them, so that an "]
        lines[-1] += "evaluation can leave out what it has seen."
        lines.append("")
    if card.limits:
        lines += ["## Limits", "", *(f"- {one}" for one in card.limits), ""]
    lines += ["A research tool: nothing that it marks is medical advice.", ""]
    if card.config:
        lines += ["## How it was trained", "", "```json"]
        lines += [json.dumps(card.config, indent=2, ensure_ascii=False), "```"]
    return lines
