"""What training says of surfaces and types, gathered once for each merged dataset and kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bioner.corpora.dataset_folder import read_dataset, read_manifest
from bioner.corpora.merge import merge
from bioner.corpora.read import read_corpora
from bioner.files import write_whole
from bioner.labels import read_schema
from bioner.review.reasons import Knowledge, read_knowledge
from bioner.settings import Settings

FOLDER = "triage"
FORMAT = 1
KEPT = 3
"""Files kept; older ones go when a new one is written."""


def load_knowledge(
    settings: Settings, *, tell: Callable[[str], None] = lambda _: None
) -> Knowledge:
    """Return what the merged corpora's train sentences say, or the shipped sample's without them.

    Reading all ten corpora takes some ten seconds, once: the result is kept below ``data/triage``,
    named for the data's fingerprint. Raises CorpusError for a damaged merged folder.
    """
    if not (settings.merged / "manifest.json").is_file():
        train = merge(read_corpora(settings.sample), read_schema()).train
        return read_knowledge(lambda: train)
    fingerprint = read_manifest(settings.merged).fingerprint
    path = settings.data / FOLDER / f"knowledge-{FORMAT}-{fingerprint}.json"
    found = _read(path)
    if found is None:
        tell("Reading what the corpora say of each surface, once")
        train = read_dataset(settings.merged, splits=("train",)).train
        found = read_knowledge(lambda: train)
        _keep(path, found)
    return found


def _read(path: Path) -> Knowledge | None:
    """Return kept knowledge; None where there is none or it is damaged."""
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        return Knowledge(raw["marked"], raw["seen"], raw["rates"], raw["counts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, found: Knowledge) -> None:
    """Keep knowledge; a folder that cannot be written only means that it is gathered again."""
    raw = {
        "marked": found.marked, "seen": found.seen, "rates": found.rates, "counts": found.counts
    }  # fmt: skip
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(raw, ensure_ascii=False))
        others = sorted(path.parent.glob("knowledge-*.json"), key=lambda one: one.stat().st_mtime)
        for old in others[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return
