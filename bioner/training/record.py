"""What a training run leaves on record: its model's card, and the one command that repeats it."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bioner.bio import tag_names
from bioner.corpora.catalogue import licence_of_model
from bioner.corpora.dataset import Dataset
from bioner.machine import Device, Precision
from bioner.models.card import ModelCard
from bioner.settings import PROJECT_ROOT
from bioner.training import processes
from bioner.training.config import OPTIONS

if TYPE_CHECKING:
    from bioner.training.config import TrainingConfig


SHOWN_ALWAYS = ("loss", "epochs", "learning_rate", "head_learning_rate", "batch_size", "seed")


def card_of_run(
    config: TrainingConfig,
    dataset: Dataset,
    out: Path,
    *,
    epochs: float,
    steps: int,
    corrections: int,
    parent: str,
    device: Device,
    precision: Precision,
    duration_s: float,
) -> ModelCard:
    """Return the card of a finished run: data, recipe, hardware, versions, limits."""
    import torch
    import transformers

    counts: dict[str, int] = {}
    for sentence in dataset.train:
        for name in sentence.covers:
            counts[name] = counts.get(name, 0) + 1
    weak = [t for t in dataset.schema.names if counts.get(t, 0) < 0.12 * max(1, len(dataset.train))]
    corpora = tuple(dict.fromkeys(c for s in dataset.train for c in (s.sources or (s.corpus,))))
    limits = [f"{t}: looked for in few training sentences, expect false alarms" for t in weak]
    return ModelCard(
        name=out.name,
        base=Path(config.base).name if Path(config.base).is_dir() else config.base,
        stage="",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        mapping=dataset.schema.mapping,
        schema_fingerprint=dataset.schema.fingerprint,
        types=dataset.schema.names,
        tags=tag_names(dataset.schema.names),
        data_fingerprint=dataset.fingerprint,
        corpora=corpora,
        loss=config.loss,
        config={
            **asdict(config),
            "base": Path(config.base).name,
            "fill_in": Path(config.fill_in).name,
            "precision": precision,
        },
        seed=config.seed,
        parent=parent,
        epochs=epochs,
        steps=steps,
        train_sentences=len(dataset.train) + corrections,
        corrections=corrections,
        licence=licence_of_model(corpora),
        limits=tuple(limits),
        hardware={
            "device": device,
            "name": torch.cuda.get_device_name() if device is Device.CUDA else platform.processor(),
            "cpus": os.cpu_count(),
            **({"processes": processes.count()} if processes.count() > 1 else {}),
        },
        duration_s=round(duration_s, 1),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        commit=_commit(),
        command=repeat_command(config, out),
    )


def repeat_command(
    config: TrainingConfig,
    out: Path,
    *,
    corpora: Sequence[str] = (),
    types: Sequence[str] = (),
    has_corrections: bool = False,
) -> str:
    """Return the one command that repeats this run; what is as by default is left out."""
    start = "python -m bioner train"
    if processes.count() > 1:
        start = f"torchrun --nproc-per-node {processes.count()} -m bioner train"
    words = [
        start,
        f"--base {_shown(config.base)}",
        "--data data/merged",
        f"--out models/{out.name}",
    ]
    words += [f"--corpora {','.join(corpora)}"] if corpora else []
    words += [f"--types {','.join(types)}"] if types else []
    default = type(config)(config.base)
    for name, option in OPTIONS.items():
        value = getattr(config, name)
        if isinstance(value, bool):
            words += [option] if value else []
        elif name in SHOWN_ALWAYS or value != getattr(default, name):
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            words.append(f"{option} {_shown(shown) if name == 'fill_in' else shown}")
    words += ["--with-corrections"] if has_corrections else []
    return " ".join(words)


def _shown(folder: str) -> str:
    path = Path(folder)
    return os.path.relpath(path, PROJECT_ROOT) if path.is_absolute() and path.is_dir() else folder


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
