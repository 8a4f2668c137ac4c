"""The job that tags a folder of texts in bulk: what a person chose for it, and its command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bioner.jobs.folder import Engine, JobSpec
from bioner.jobs.specs import job_spec
from bioner.settings import Settings

BULK = "tag"
"""The kind of such a job."""


@dataclass(frozen=True, kw_only=True)
class BulkChoices:
    """What a person has chosen for tagging a folder: ``name`` is that of the output's folder."""

    source: Path
    name: str
    model: str
    convention: str = ""
    format: str = "jsonl"
    column: str = ""
    workers: int = 1
    engine: Engine = "local"
    address: str = ""


def bulk_spec(settings: Settings, choices: BulkChoices) -> JobSpec:
    """Return the job that tags a folder part by part; started again, it skips what is done."""
    source = choices.source.expanduser().resolve()
    words = ["tag", str(source), "--out", str(settings.tagged / (choices.name or "unnamed"))]
    words += ["--engine", choices.engine, "--workers", str(choices.workers)]
    if choices.engine == "ray":  # the command itself runs on the cluster that the job is sent to
        words += ["--address", "auto"]
    for option_, value in (
        ("--model", choices.model),
        ("--convention", choices.convention),
        ("--format", choices.format),
        ("--column", choices.column),
    ):
        words += [option_, value] if value else []
    return job_spec(
        words,
        settings,
        title=choices.name or "unnamed",
        kind=BULK,
        details={"source": str(source), "model": choices.model, "format": choices.format},
        engine=choices.engine,
        address=choices.address,
    )


def bulk_source(spec: JobSpec) -> Path | None:
    """Return the folder that a job tags; None for a job of another kind."""
    if spec.kind != BULK or "tag" not in spec.command:
        return None
    return Path(spec.command[spec.command.index("tag") + 1])
