"""A run that learns corrections starts with those of its launch: they lie in its job's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bioner.access import Actor
from bioner.errors import JobError
from bioner.files import json_lines
from bioner.jobs import launch as jobs
from bioner.jobs.folder import Job, JobSpec, read_job
from bioner.jobs.specs import uses_corrections
from bioner.review import job_record
from bioner.settings import Settings
from bioner.spans import Sentence, Span
from bioner.store import open_store

FROZEN = "corrections.jsonl"
"""The file in a job's folder that holds the reviewed sentences of its launch, one a line."""

USED = "reviewed_sentences"
"""What the details of a job say of how many these are."""


def start(spec: JobSpec, settings: Settings, *, actor: Actor | None = None) -> Job:
    """Launch a job; one that learns corrections keeps them as they are now, however long it waits.

    Raises what ``launch`` raises, StoreError where the database cannot be read.
    """
    if not uses_corrections(spec.command):
        return job_record.launch(spec, settings, actor=actor)
    found = _now(settings)
    spec = replace(spec, details={**spec.details, USED: len(found)})
    files = {FROZEN: write_sentences(found)}
    return job_record.launch(spec, settings, actor=actor, files=files)


def again(
    id: str,
    settings: Settings,
    changes: Mapping[str, str] | None = None,
    *,
    actor: Actor | None = None,
) -> Job:
    """Launch a job's command once more from the start, with the corrections of this moment."""
    return start(jobs.repeated(id, settings, changes), settings, actor=actor)


def corrections_of(settings: Settings, job: Path | None) -> tuple[list[Sentence], str]:
    """Return the reviewed sentences that a run learns, and in words how many and as of when.

    Those of the launch for a job, whether it has waited or is resumed; those of now where there is
    none, or one that an earlier version launched. Raises JobError for a damaged file.
    """
    kept = job / FROZEN if job else None
    if kept is None or not kept.is_file():
        found = _now(settings)
        return found, f"{_counted(len(found))}, as they are now"
    found = read_sentences(kept)
    launched = read_job(kept.parent.name, settings).spec.created if job else ""
    return found, f"{_counted(len(found))}, as they were at the launch ({launched})"


def _counted(number: int) -> str:
    return f"{number:,} reviewed sentence{'' if number == 1 else 's'}"


def _now(settings: Settings) -> list[Sentence]:
    store = open_store(settings)
    try:
        return store.corrections()
    finally:
        store.close()


def write_sentences(sentences: Sequence[Sentence]) -> str:
    """Return reviewed sentences as JSON lines."""
    return "".join(json.dumps(_written(one), ensure_ascii=False) + "\n" for one in sentences)


def read_sentences(path: Path) -> list[Sentence]:
    """Read what ``write_sentences`` wrote. Raises JobError naming the line that is damaged."""
    found: list[Sentence] = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise JobError(f"{path}: not readable ({error}); start the run anew") from error
    for number, line in json_lines(text):
        try:
            found.append(_read(json.loads(line)))
        except (KeyError, TypeError, ValueError) as error:
            raise JobError(f"{path}:{number}: damaged ({error}); start the run anew") from error
    return found


def _written(one: Sentence) -> dict[str, Any]:
    return {
        "document": one.document,
        "tokens": one.tokens,
        "offsets": one.offsets,
        "spans": [[s.start, s.end, s.label, s.source_label, s.status] for s in one.spans],
        "covers": sorted(one.covers),
        "corpus": one.corpus,
        "split": one.split,
        "ignored": one.ignored,
        "sources": one.sources,
    }


def _read(raw: Mapping[str, Any]) -> Sentence:
    return Sentence(
        raw["document"],
        tuple(raw["tokens"]),
        tuple((start, end) for start, end in raw["offsets"]),
        tuple(
            Span(start, end, label, source, status=status)
            for start, end, label, source, status in raw["spans"]
        ),
        frozenset(raw["covers"]),
        raw["corpus"],
        raw["split"],
        ignored=tuple((start, end) for start, end in raw["ignored"]),
        sources=tuple(raw["sources"]),
    )
