"""Stored evaluations: scores, per-sentence counts, mistakes and predictions, read without tagging.

A report is a folder below ``data/reports``, named for what its numbers depend on: the model's
files, the merged data, the split, the corpora and the test sentences of one's own.
``report.json`` is written last, and the folder is moved to its place whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import read_dataset, read_manifest
from bioner.errors import BionerError, CorpusError
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
from bioner.evaluation.scoring import fold_pair, score, select
from bioner.evaluation.surfaces import (
    Usages,
    agreeing_corpora,
    read_lexicon,
    read_usages,
    usages_from_json,
)
from bioner.labels import LabelSchema, schema_from_json, schema_to_json
from bioner.models.card import training_hashes
from bioner.models.catalogue import model_stamp
from bioner.settings import read_settings
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.tagger import OnProgress, Tagger

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "reports"
FORMAT = 1
KEPT = 60
"""Reports kept; older ones go when a new one is written."""

OWN_TEST = "my test"
"""The corpus name under which a team's own reviewed test sentences are scored."""


@dataclass(frozen=True)
class ReportKey:
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
class StoredReport:
    """A report on disk. ``report`` has the counts; mistakes and sentences are read when asked for.

    ``model_schema`` is the fingerprint of the schema the model was trained with; ``has_hashes``
    whether the model says what it was trained on, so that leaks could be looked for.
    """

    folder: Path
    key: ReportKey
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
    def usages(self) -> Usages:
        """How the training sentences of each corpus treat the surfaces of the mistakes."""
        return usages_from_json(read_json(self.folder / "usages.json"))

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


def evaluate_cached(
    model: Path,
    data: Path | None,
    *,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    own_test: Sequence[Sentence] = (),
    reports: Path | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    progress: OnProgress | None = None,
) -> StoredReport:
    """Return the stored evaluation of a model folder on a merged folder; make it if there is none.

    ``own_test``: a team's reviewed test sentences, scored as the corpus "my test" beside the
    others, or alone where ``data`` is None. Raises CorpusError or ModelError for what is not there.
    """
    place = reports_folder() if reports is None else reports
    key = report_key(model, data, split=split, corpora=corpora, own_test=own_test)
    found = find_report(key, place)
    if found:
        return found
    tagger = load_tagger(model, device=device)
    dataset = _dataset(data, split, tagger, own_test)
    return evaluate_and_store(
        tagger,
        dataset,
        key,
        place,
        trained_on=training_hashes(model),
        parts=_parts(data),
        progress=progress,
    )


def reports_folder() -> Path:
    """Return where reports are stored: ``reports`` in the data folder."""
    return read_settings().data / FOLDER


def report_key(
    model: Path,
    data: Path | None,
    *,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    own_test: Sequence[Sentence] = (),
) -> ReportKey:
    """Return the key under which an evaluation is stored, from fingerprints alone.

    Raises CorpusError where there is no merged dataset, nor test sentences of one's own.
    """
    if data is None and not own_test:
        raise CorpusError(
            "there is nothing to evaluate on: build a merged dataset with "
            "`python -m bioner corpora build --source DIR`, or mark reviewed sentences as my test"
        )
    manifest = read_manifest(data) if data else None
    return ReportKey(
        model.resolve().name,
        model_hash(model),
        manifest.fingerprint if manifest else "",
        split,
        manifest.schema_fingerprint if manifest else "",
        tuple(sorted(corpora or ())),
        _fingerprint(own_test),
    )


def _fingerprint(sentences: Sequence[Sentence]) -> str:
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


def _parts(data: Path | None) -> tuple[str, ...]:
    return tuple(read_manifest(data).report.get("parts", ())) if data else ()


def _dataset(
    data: Path | None, split: str, tagger: Tagger, own_test: Sequence[Sentence]
) -> Dataset:
    """Read the split and the train split, with the own test sentences put into the split."""
    if data is None:
        dataset = Dataset((), (), (), tagger.schema, "")
    else:
        dataset = read_dataset(data, ("train", split))
    if own_test:
        own = tuple(replace(s, corpus=OWN_TEST, split=split) for s in own_test)
        dataset = replace(dataset, **{split: (*dataset.split(split), *own)})  # type: ignore[arg-type]
    return dataset


def evaluate_and_store(
    tagger: Tagger,
    dataset: Dataset,
    key: ReportKey,
    reports: Path,
    *,
    trained_on: frozenset[str] = frozenset(),
    parts: Iterable[str] = (),
    progress: OnProgress | None = None,
) -> StoredReport:
    """Tag and score the key's split, and write the report's folder whole."""
    started = time.monotonic()
    schema = dataset.schema
    chosen = [*key.corpora, *([OWN_TEST] if key.own_test else [])] if key.corpora else None
    gold, leaked = select(dataset, split=key.split, corpora=chosen, trained_on=trained_on)
    raw = tagger.tag(gold, progress=progress)
    report = score(
        gold,
        raw,
        schema,
        model=key.model,
        split=key.split,
        lexicon=read_lexicon(dataset.train) if dataset.train and key.split != "train" else None,
    )
    surfaces = {s for m in report.mistakes for s in (m.surface, m.predicted_surface) if s}
    usages = read_usages(dataset.train, surfaces, schema) if key.split != "train" else {}
    report = replace(
        report,
        leaked=leaked,
        parts=tuple(p for p in parts if p in report.by_corpus),
        unknown_types=tuple(n for n in schema.names if n not in tagger.types),
        mistakes=tuple(
            replace(m, agreeing=agreeing_corpora(m, usages, schema)) for m in report.mistakes
        ),
    )
    stored = StoredReport(
        reports / key.id,
        key,
        report,
        datetime.now(UTC).isoformat(timespec="seconds"),
        round(time.monotonic() - started, 1),
        tagger.backend,
        tagger.schema.fingerprint,
        bool(trained_on),
    )
    _write(stored, gold, raw, schema, usages)
    _prune(reports)
    return stored


def _write(
    stored: StoredReport,
    gold: Sequence[Sentence],
    raw: Sequence[Sentence],
    schema: LabelSchema,
    usages: Usages,
) -> None:
    import pyarrow.parquet as pq

    parent = stored.folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    work.chmod(0o755)
    try:
        pq.write_table(sentences_to_table(gold, raw), work / "sentences.parquet")
        pq.write_table(mistakes_to_table(stored.report.mistakes), work / "mistakes.parquet")
        write_counts(stored.report, work / "counts.npz")
        write_json(work / "schema.json", schema_to_json(schema))
        write_json(
            work / "usages.json",
            {s: {c: u.to_json() for c, u in row.items()} for s, row in usages.items()},
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
        if stored.folder.exists():  # left by a cut-off run, or by another that was quicker
            shutil.rmtree(stored.folder, ignore_errors=True)
        work.replace(stored.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _prune(reports: Path) -> None:
    known = sorted(list_reports(reports), key=lambda r: r.created, reverse=True)
    for old in known[KEPT:]:
        shutil.rmtree(old.folder, ignore_errors=True)
    for path in reports.glob(".new-*"):
        if time.time() - path.stat().st_mtime > 86_400:
            shutil.rmtree(path, ignore_errors=True)


def find_report(key: ReportKey, reports: Path) -> StoredReport | None:
    """Return the stored report of this key, or None; a damaged one counts as absent.

    A report of the same files under another name is the same report.
    """
    try:
        return read_report(reports / key.id)
    except BionerError:
        pass
    for one in list_reports(reports):
        if replace(one.key, model=key.model) == key:
            return replace(one, key=key, report=replace(one.report, model=key.model))
    return None


def list_reports(reports: Path) -> list[StoredReport]:
    """List the sound stored reports, newest first."""
    found: list[StoredReport] = []
    for folder in reports.iterdir() if reports.is_dir() else ():
        if folder.is_dir() and not folder.name.startswith("."):
            try:
                found.append(read_report(folder))
            except BionerError:
                continue
    return sorted(found, key=lambda r: (r.created, r.key.id), reverse=True)


def read_report(folder: Path) -> StoredReport:
    """Read a stored report. Raises CorpusError where it is absent, damaged or of another format."""
    raw = read_json(folder / "report.json")
    try:
        if raw["format"] != FORMAT:
            raise CorpusError(f"{folder}: a report of another version; evaluate again")
        key = ReportKey(**{**raw["key"], "corpora": tuple(raw["key"]["corpora"])})
        report = report_from_json(raw["report"])
        counts = read_counts(folder / "counts.npz", raw["types"])
        return StoredReport(
            folder,
            key,
            replace(report, type_counts=counts),
            raw["created"],
            raw["seconds"],
            raw["backend"],
            raw["model_schema"],
            raw["has_hashes"],
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise CorpusError(f"{folder}: a damaged report ({error}); evaluate again") from error
