"""What the Metrics page knows of a model: its stored report, its card's scores, its running job."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bioner.access import Actor
from bioner.evaluation.scores import Report
from bioner.evaluation.standing import Standing, find_standing
from bioner.formats.table import is_formula
from bioner.jobs.folder import Job, list_jobs
from bioner.jobs.metrics import Metric, read_metrics
from bioner.jobs.specs import job_spec
from bioner.models.catalogue import ModelEntry
from bioner.review import job_record
from bioner.settings import Settings
from bioner.ui import cache
from bioner.ui.merged import SAMPLE

KIND = "evaluate"


@dataclass(frozen=True)
class Data:
    """The merged folder that models are scored on; ``is_sample``: only the shipped sample."""

    folder: Path
    fingerprint: str
    sentences: int
    is_sample: bool


def find_data(settings: Settings, split: str) -> Data | None:
    """Return the merged corpora, else the merged sample if somebody has made it, else None.

    Raises CorpusError for a damaged folder.
    """
    for folder, is_sample in ((settings.merged, False), (settings.data / SAMPLE, True)):
        path = folder / "manifest.json"
        if path.is_file():
            manifest = cache.manifest(str(folder), cache.stamp(path))
            count = sum(row.get(split, 0) for row in manifest.report.sentences.values())
            return Data(folder, manifest.fingerprint, count, is_sample)
    return None


def find_shown(
    settings: Settings, entry: ModelEntry, data: Data | None, split: str
) -> Standing | None:
    """Return what is known of a model's scores, of the data that is here if there is any."""
    fingerprint = data.fingerprint if data else ""
    return find_standing(entry, cache.evaluations(settings), fingerprint=fingerprint, split=split)


def evaluation_job(settings: Settings, model: str, split: str) -> Job | None:
    """Return the newest evaluation job of a model and split that is running or went wrong."""
    for job in list_jobs(settings):
        wanted = {"model": model, "split": split}
        if job.spec.kind == KIND and wanted.items() <= job.spec.details.items():
            return job if job.is_active or job.status in ("failed", "lost") else None
    return None


def start_evaluation(
    settings: Settings, model: str, data: Data, split: str, *, actor: Actor | None = None
) -> Job:
    """Launch the evaluation of a model as a background job. Raises JobError."""
    folder = str(data.folder)
    words = ("evaluate", "--model", model, "--data", folder, "--split", split)
    spec = job_spec(
        words,
        settings,
        title=f"evaluate {model} on {split}",
        kind=KIND,
        details={"model": model, "split": split},
    )
    return job_record.launch(spec, settings, actor=actor)


def learning_curve(settings: Settings, entry: ModelEntry) -> list[Metric]:
    """Return the devel scores of the job that trained this model; empty if it left none."""
    for job in list_jobs(settings):
        if job.spec.kind == "train" and job.spec.out and Path(job.spec.out).name == entry.name:
            found = read_metrics(job.id, settings)
            return [one for one in found if one.devel_f1 is not None]
    return []


def corpus_title(report: Report, corpus: str) -> str:
    """Return a corpus's name, with "(part)" where only a part of it is here."""
    return f"{corpus} (part)" if corpus in report.parts else corpus


def to_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV text, in which no spreadsheet finds a formula."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if is_formula(cell) else cell for cell in row])
    return sink.getvalue()
