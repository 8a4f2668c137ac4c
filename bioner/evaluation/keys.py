"""What the numbers of an evaluation depend on, as hashes: under which name it is kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from bioner.corpora.dataset import MergeReport
from bioner.corpora.dataset_folder import read_manifest
from bioner.corpora.registry import SPLITS
from bioner.errors import CorpusError
from bioner.models.catalogue import model_stamp
from bioner.spans import Sentence

FORMAT = 1
"""Version of a kept evaluation's files."""


@dataclass(frozen=True)
class EvaluationKey:
    """What the numbers of a report depend on. ``weights``, ``data`` and ``own_test`` are hashes."""

    model: str
    weights: str
    data: str
    split: str
    schema: str
    corpora: tuple[str, ...] = ()
    own_test: str = ""

    @property
    def id(self) -> str:
        """The name of the report's folder."""
        digest = hashlib.blake2b(
            json.dumps([FORMAT, asdict(self)], sort_keys=True).encode(), digest_size=8
        ).hexdigest()
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", self.model).strip(".-")[:60] or "model"
        return f"{name}-{self.split}-{digest}"


def evaluation_key(
    model: Path,
    data: Path | None,
    *,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    own_test: Sequence[Sentence] = (),
) -> EvaluationKey:
    """Return the key under which an evaluation is stored, from fingerprints alone.

    Raises CorpusError where there is no merged dataset, nor test sentences of one's own, and for a
    split or corpus that the dataset does not have.
    """
    if split not in SPLITS:
        raise CorpusError(f"unknown split {split!r}; expected one of {', '.join(SPLITS)}")
    if data is None and not own_test:
        raise CorpusError(
            "there is nothing to evaluate on: build a merged dataset with "
            "`python -m bioner corpora build --source DIR`, or mark reviewed sentences as my test"
        )
    manifest = read_manifest(data) if data else None
    if manifest:
        _check_corpora(manifest.report, split, corpora)
    return EvaluationKey(
        model.resolve().name,
        model_hash(model),
        manifest.fingerprint if manifest else "",
        split,
        manifest.schema_fingerprint if manifest else "",
        tuple(sorted(set(corpora or ()))),
        fingerprint_of(own_test),
    )


def _check_corpora(report: MergeReport, split: str, corpora: Sequence[str] | None) -> None:
    """Raise CorpusError for a name that the dataset does not have; one without counts may have."""
    here = [name for name, row in report.sentences.items() if row.get(split)]
    if report.sentences and not here:
        raise CorpusError(f"the merged dataset has no {split} sentences; choose another split")
    for name in corpora or ():
        if report.sentences and name not in here:
            raise CorpusError(
                f"corpus {name!r} has no {split} sentences in the merged dataset; expected one of "
                f"{', '.join(here)}"
            )


def fingerprint_of(sentences: Sequence[Sentence]) -> str:
    """Hash sentences with their gold; empty for none."""
    if not sentences:
        return ""
    digest = hashlib.blake2b(digest_size=8)
    for s in sentences:
        spans = [(x.start, x.end, x.label) for x in s.spans]
        digest.update(repr((s.document, s.tokens, spans, sorted(s.covers))).encode())
    return digest.hexdigest()


def model_hash(folder: Path) -> str:
    """Hash what a model says: weights, config, vocabulary, schema; not its card but calibration."""
    return _model_hash(str(folder.resolve()), model_stamp(folder))


@lru_cache(maxsize=64)
def _model_hash(folder: str, _stamp: str) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(folder).iterdir()):
        if not path.is_file() or path.name.startswith(".") or path.name == "training_hashes.bin":
            continue
        digest.update(path.name.encode())
        if path.name == "card.json":
            digest.update(repr(_calibration(path)).encode())
            continue
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _calibration(card: Path) -> object:
    try:
        found: object = json.loads(card.read_text(encoding="utf-8")).get("calibration", {})
    except (ValueError, AttributeError):
        return None
    return found
