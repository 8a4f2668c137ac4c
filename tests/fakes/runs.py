"""Model folders and jobs as a run leaves them, without a run."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from bioner.jobs.bulk import BulkChoices, bulk_spec
from bioner.jobs.folder import Job, JobSpec, JobState, list_jobs, read_job
from bioner.models.card import ModelCard, write_card
from bioner.settings import Settings
from bioner.spans import Document, mention
from bioner.tagging.shards import Made, write_made, write_part
from bioner.tagging.standing import Standing, write_standing


def make_model(models: Path, name: str, *, head: bool = True, tags: int = 3) -> Path:
    folder = models / name
    folder.mkdir(parents=True)
    config = {"model_type": "bert", "id2label": {str(i): f"T{i}" for i in range(tags)}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n")
    tensors = {"bert.embeddings.word_embeddings.weight": np.zeros((2, 4), np.float32)}
    if head:
        tensors["classifier.weight"] = np.zeros((tags, 4), np.float32)
    save_file(tensors, folder / "model.safetensors")
    write_card(folder, ModelCard(name=name, base="tiny", types=("Gene",)))
    return folder


def make_run(settings: Settings, name: str, status: str = "finished", **state: object) -> Job:
    folder = settings.jobs / f"20260101-000000-{name}"
    folder.mkdir(parents=True)
    out = settings.models / name
    command = (sys.executable, "-m", "bioner", "train", "--base", "/e/tiny", "--out", str(out))
    spec = JobSpec(
        (*command, "--batch-size", "24"),
        title=name,
        out=str(out),
        base="/e/tiny",
        created=f"2026-01-01T00:00:{len(list_jobs(settings)):02d}+00:00",
        details={"base": "tiny", "preset": "quick", "corpora": ["CRAFT"]},
    )
    made = replace(JobState(), status=status, started_at=1.0, ended_at=9.0, **state)
    (folder / "spec.json").write_text(json.dumps(asdict(spec)))
    (folder / "state.json").write_text(json.dumps(asdict(made)))
    (folder / "log.txt").write_text("the last line of the log\n")
    rows = [
        {"step": s, "total_steps": 40, "loss": 1 / s, "tokens_per_s": 100.0 * s, "at": float(s)}
        for s in range(1, 41)
    ]
    rows[-1] |= {"devel_f1": 0.5, "devel_by_type": {"Gene": 0.6}}
    (folder / "metrics.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return read_job(folder.name, settings)


def make_bulk(
    settings: Settings,
    name: str,
    status: str = "finished",
    standing: Standing | None = None,
    **state: object,
) -> Job:
    """Leave a job that tagged a folder, and what it has written: one text with one mark."""
    folder = settings.jobs / f"20260102-000000-{name}"
    folder.mkdir(parents=True)
    source = settings.data / "texts"
    source.mkdir(parents=True, exist_ok=True)
    choices = BulkChoices(source=source, name=name, model="bioner-compact")
    spec = replace(bulk_spec(settings, choices), created="2026-01-02T00:00:00+00:00")
    made = replace(JobState(), status=status, started_at=1.0, ended_at=9.0, **state)
    (folder / "spec.json").write_text(json.dumps(asdict(spec)))
    (folder / "state.json").write_text(json.dumps(asdict(made)))
    (folder / "log.txt").write_text("the last line of the log\n")
    part = Path(spec.out) / "a.txt.00000.jsonl"
    mark = mention(0, 5, "Gene", status="predicted", score=0.9)
    write_part([Document("a", "TNF-α primes keratinocytes.", (mark,))], part, "jsonl")
    told = Made(
        input="a.txt", input_sha256="0", model="bioner-compact", model_hash="h",
        convention="any", format="jsonl", documents=1,
    )  # fmt: skip
    write_made(part, told)
    write_standing(folder, standing or Standing(share=1.0, inputs=1, inputs_done=1, documents=1))
    return read_job(folder.name, settings)
