"""Stored evaluations: scores, per-sentence counts, mistakes and predictions, read without tagging.

A report is a folder below ``data/reports``, named for what its numbers depend on: the model's
files, the merged data, the split, the corpora and the test sentences of one's own.
``report.json`` is written last, and the folder is moved to its place whole.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bioner.errors import BionerError, CorpusError
from bioner.evaluation.folding import fold_pair
from bioner.evaluation.keys import FORMAT, EvaluationKey
from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.report_files import (
    mistakes_from_table,
    mistakes_to_table,
    read_counts,
    read_json,
    read_pair,
    read_table,
    sentences_to_table,
    write_counts,
    write_json,
)
from bioner.evaluation.scores import Report, report_from_json
from bioner.evaluation.surfaces import (
    Treatments,
    treatments_from_json,
)
from bioner.files import staged_folder
from bioner.labels import LabelSchema, schema_from_json, schema_to_json
from bioner.settings import read_settings
from bioner.spans import Sentence

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "reports"
KEPT = 60
"""Reports kept; older ones go when a new one is written."""

OWN_TEST = "my test"
"""The corpus name under which a team's own reviewed test sentences are scored."""


@dataclass(frozen=True)
class Judged:
    """One scored sentence: gold and prediction in its corpus's own terms, and as they were.

    ``raw_gold`` has the labels of the merged data, ``raw`` the predictions as tagged.
    """

    row: int
    gold: Sentence
    predicted: Sentence
    raw_gold: Sentence
    raw: Sentence


@dataclass(frozen=True)
class Evaluation:
    """A report on disk. ``report`` has the counts; mistakes and sentences are read when asked for.

    ``model_schema`` is the fingerprint of the schema the model was trained with: the data's own
    where both have the same types and map alike the corpora that both know. ``has_hashes``
    whether the model says what it was trained on, so that leaks could be looked for.
    """

    folder: Path
    key: EvaluationKey
    report: Report
    created: str
    seconds: float
    backend: str
    model_schema: str
    has_hashes: bool

    @property
    def is_same_schema(self) -> bool:
        """Whether the model was trained with the schema that the data was merged with."""
        return self.key.schema in ("", self.model_schema)

    @cached_property
    def schema(self) -> LabelSchema:
        """The schema that the data was merged with."""
        return schema_from_json(read_json(self.folder / "schema.json"))

    @cached_property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All mistakes, each with the corpora by whose habit the model is right."""
        return tuple(mistakes_from_table(read_table(self.folder / "mistakes.parquet")))

    @cached_property
    def treatments(self) -> Treatments:
        """How the training sentences of each corpus treat the surfaces of the mistakes."""
        return treatments_from_json(read_json(self.folder / "usages.json"))

    @cached_property
    def _sentences(self) -> pa.Table:
        return read_table(self.folder / "sentences.parquet")

    def sentences(self, rows: Sequence[int] | None = None) -> list[Judged]:
        """Return the scored sentences with these numbers (all, in order, without)."""
        if rows is not None and not rows:
            return []  # an Arrow table takes no empty list
        table = self._sentences if rows is None else self._sentences.take(list(rows))
        numbers = range(len(table)) if rows is None else rows
        found: list[Judged] = []
        for number, row in zip(numbers, table.to_pylist(), strict=True):
            gold, raw = read_pair(row, self.key.split)
            pair = fold_pair(gold, raw, self.schema.mapping_for(gold.corpus))
            found.append(Judged(number, pair.gold, pair.predicted, gold, raw))
        return found

    def places(self) -> list[tuple[str, str]]:
        """Return corpus and document of every scored sentence, in order."""
        table = self._sentences
        return list(zip(table["corpus"].to_pylist(), table["document"].to_pylist(), strict=True))

    def identity(self) -> tuple[str, ...]:
        """Return what a paired comparison needs to be equal: data, split, corpora, own test."""
        return (self.key.data, self.key.split, *self.key.corpora, self.key.own_test)


def reports_folder() -> Path:
    """Return where reports are stored: ``reports`` in the data folder."""
    return read_settings().data / FOLDER


def write_evaluation(
    stored: Evaluation,
    gold: Sequence[Sentence],
    raw: Sequence[Sentence],
    schema: LabelSchema,
    treatments: Treatments,
) -> None:
    """Write an evaluation's folder whole, or leave what was there."""
    import pyarrow.parquet as pq

    with staged_folder(stored.folder) as work:
        pq.write_table(sentences_to_table(gold, raw), work / "sentences.parquet")
        pq.write_table(mistakes_to_table(stored.report.mistakes), work / "mistakes.parquet")
        write_counts(stored.report, work / "counts.npz")
        write_json(work / "schema.json", schema_to_json(schema))
        write_json(
            work / "usages.json",
            {s: {c: u.to_json() for c, u in row.items()} for s, row in treatments.items()},
        )
        write_json(
            work / "report.json",
            {
                "format": FORMAT,
                "key": asdict(stored.key),
                "created": stored.created,
                "seconds": stored.seconds,
                "backend": stored.backend,
                "model_schema": stored.model_schema,
                "has_hashes": stored.has_hashes,
                "types": {c: types for c, (types, _) in stored.report.type_counts.items()},
                "report": stored.report.to_json(),
            },
        )


def prune_evaluations(reports: Path) -> None:
    """Let the oldest evaluations go, and what a cut-off run left."""
    known = sorted(list_evaluations(reports), key=lambda r: r.created, reverse=True)
    for old in known[KEPT:]:
        shutil.rmtree(old.folder, ignore_errors=True)
    for path in reports.glob(".*"):
        if time.time() - path.stat().st_mtime > 86_400:
            shutil.rmtree(path, ignore_errors=True)


def find_evaluation(key: EvaluationKey, reports: Path) -> Evaluation | None:
    """Return the stored report of this key, or None; a damaged one counts as absent.

    A report of the same files under another name is the same report.
    """
    try:
        return read_evaluation(reports / key.id)
    except BionerError:
        pass
    for one in list_evaluations(reports):
        if replace(one.key, model=key.model) == key:
            return replace(one, key=key, report=replace(one.report, model=key.model))
    return None


def list_evaluations(reports: Path) -> list[Evaluation]:
    """List the sound stored reports, newest first."""
    found: list[Evaluation] = []
    for folder in reports.iterdir() if reports.is_dir() else ():
        if folder.is_dir() and not folder.name.startswith("."):
            try:
                found.append(read_evaluation(folder))
            except BionerError:
                continue
    return sorted(found, key=lambda r: (r.created, r.key.id), reverse=True)


def read_evaluation(folder: Path) -> Evaluation:
    """Read a stored report. Raises CorpusError where it is absent, damaged or of another format."""
    raw = read_json(folder / "report.json")
    try:
        if raw["format"] != FORMAT:
            raise CorpusError(f"{folder}: a report of another version; evaluate again")
        key = EvaluationKey(**{**raw["key"], "corpora": tuple(raw["key"]["corpora"])})
        report = report_from_json(raw["report"])
        counts = read_counts(folder / "counts.npz", raw["types"])
        return Evaluation(
            folder=folder,
            key=key,
            report=replace(report, type_counts=counts),
            created=raw["created"],
            seconds=raw["seconds"],
            backend=raw["backend"],
            model_schema=raw["model_schema"],
            has_hashes=raw["has_hashes"],
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise CorpusError(f"{folder}: a damaged report ({error}); evaluate again") from error
