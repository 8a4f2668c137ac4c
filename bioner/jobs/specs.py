"""What a person has chosen for a run, the presets, and the job that follows from them."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bioner.devices import resolve_device
from bioner.jobs.estimate import Estimate, Steps
from bioner.jobs.folder import Engine, JobSpec
from bioner.machine import Device, Precision, read_device
from bioner.models.bases import Base
from bioner.settings import PROJECT_ROOT, Settings

SCORED = 8
"""A run that a page starts is scored on devel so many times."""


@dataclass(frozen=True)
class Preset:
    """What one word stands for: how long to train, at which rate."""

    title: str
    help: str
    epochs: float
    max_steps: int
    learning_rate: float
    batch_size: int


PRESETS = {
    "quick": Preset("Quick", "At most 300 steps: does it work at all?", 1.0, 300, 2e-4, 16),
    "balanced": Preset("Balanced", "Two passes over the data.", 2.0, 0, 1e-4, 24),
    "best": Preset("Best", "Five passes, a smaller rate: for a GPU or a night.", 5.0, 0, 5e-5, 32),
}


@dataclass(frozen=True)
class Choices:
    """What a person has chosen for a run."""

    base: Base
    data: Path
    corpora: tuple[str, ...]
    all_corpora: tuple[str, ...]
    types: tuple[str, ...]
    all_types: tuple[str, ...]
    with_corrections: bool
    preset: str
    epochs: float
    max_steps: int
    learning_rate: float
    batch_size: int
    seed: int
    loss: str
    accumulate: int
    max_length: int
    precision: Precision
    device: Device
    gpus: int
    name: str
    engine: Engine = "local"
    address: str = ""
    conventions: bool = False
    any_share: float = 0.25
    convention_dropout: float = 0.0
    batch_pieces: int = 0
    repeat_rare: float = 0.0
    workers: int = 1

    @property
    def plan(self) -> Steps:
        """How much the run reads, and what a step of it takes on one card."""
        return Steps(
            epochs=self.epochs,
            max_steps=self.max_steps,
            batch_size=self.batch_size,
            batch_pieces=self.batch_pieces,
            accumulate=self.accumulate,
        )

    @property
    def is_told(self) -> bool:
        """Whether the model learns whose rules of marking hold: asked for, or known to its base."""
        return self.conventions or self.base.knows_conventions


def name_problems(name: str, *, of: str = "model") -> list[str]:
    """Say what is wrong with the name of a new model, or output; empty if nothing is."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        return [
            f"The name of the {of} may have letters, digits, dots, dashes and underscores, 64 at "
            "most, and begins with a letter or digit."
        ]
    return []


def job_spec(
    words: Sequence[str],
    settings: Settings,
    *,
    title: str,
    kind: str = "train",
    gpus: int = 1,
    cost: Estimate | None = None,
    details: Mapping[str, Any] | None = None,
    engine: Engine = "local",
    address: str = "",
    workers: int = 1,
) -> JobSpec:
    """Return the job that runs these words of the command line: every job is made here.

    ``words`` begin with the command ("train"). What a job's folder says of its data, base, output
    and device is read from them, so that the two cannot differ; paths become absolute, because a
    job runs elsewhere. ``cost`` is what the launch needs room for; ``engine`` and ``address`` say
    where it runs.
    """
    changes = {}
    for name in ("--out", "--data"):
        value = option(words, name)
        if value is not None:
            changes[name] = str(Path(value).resolve())
    base = option(words, "--base")
    if base is not None and Path(base).is_dir():
        changes["--base"] = str(Path(base).resolve())
    asked = option(words, "--device") or settings.device
    device = resolve_device(asked) if engine == "local" else read_device(asked)
    before = launcher(gpus) if workers < 2 else nodes_launcher(workers, device)
    command = with_options((*before, *words), changes)
    return JobSpec(
        command=command,
        title=title,
        kind=kind,
        device=device,
        gpus=gpus,
        out=option(command, "--out") or "",
        data=option(command, "--data") or "",
        base=option(command, "--base") or "",
        disk_bytes=cost.disk_bytes if cost else 0,
        memory_bytes=cost.memory_bytes if cost else 0,
        details=dict(details or {}),
        engine=engine,
        address=address,
        workers=workers,
    )


def training_spec(settings: Settings, choices: Choices, cost: Estimate) -> JobSpec:
    """Turn the choices into a job: the contract's command, and what a page shows of it later."""
    name = choices.name or "unnamed"
    details = {
        "base": choices.base.title,
        "preset": choices.preset,
        "corpora": list(choices.corpora),
        "types": list(choices.types),
        "corrections": choices.with_corrections,
        "loss": choices.loss,
        "epochs": choices.epochs,
        "learning_rate": choices.learning_rate,
        "batch_size": choices.batch_size,
        "seed": choices.seed,
        **({"gpus": choices.gpus} if choices.gpus > 1 else {}),
        "estimate_s": cost.seconds,
    }
    words = _training_words(settings.models / name, choices, cost)
    return job_spec(
        words,
        settings,
        title=name,
        gpus=choices.gpus,
        cost=cost,
        details=details,
        engine=choices.engine,
        address=choices.address,
        workers=choices.workers,
    )


def _training_words(out: Path, choices: Choices, cost: Estimate) -> list[str]:
    words = ["train"]
    words += ["--base", choices.base.value, "--data", str(choices.data), "--out", str(out)]
    words += ["--loss", choices.loss, "--epochs", f"{choices.epochs:g}"]
    if cost.is_cut:
        words += ["--max-steps", str(cost.steps)]
    words += ["--lr", f"{choices.learning_rate:g}", "--batch-size", str(choices.batch_size)]
    words += ["--seed", str(choices.seed), "--device", choices.device]
    if set(choices.corpora) != set(choices.all_corpora):
        words += ["--corpora", ",".join(choices.corpora)]
    if set(choices.types) != set(choices.all_types):
        words += ["--types", ",".join(choices.types)]
    if choices.with_corrections:
        words.append("--with-corrections")
    if choices.base.is_trained:
        words += ["--parent", choices.base.title]
    for name, value, default in (
        ("--accumulate", choices.accumulate, 1),
        ("--batch-pieces", choices.batch_pieces, 0),
        ("--repeat-rare", choices.repeat_rare, 0.0),
        ("--max-length", choices.max_length, 256),
        ("--precision", choices.precision, Precision.AUTO),
        *_told_options(choices),
    ):
        if value != default:
            words += [name, str(value)]
    if choices.is_told:
        words.append("--conventions")
    every = max(5, cost.steps // SCORED)
    return [*words, "--eval-steps", str(every)]


def _told_options(choices: Choices) -> tuple[tuple[str, float, float], ...]:
    if not choices.is_told:
        return ()
    return (
        ("--any-share", choices.any_share, 0.25),
        ("--convention-dropout", choices.convention_dropout, 0.0),
    )


def retraining_spec(
    settings: Settings,
    parent: Path,
    *,
    name: str = "",
    options: Mapping[str, str] = MappingProxyType({}),
    cost: Estimate | None = None,
) -> JobSpec:
    """Return the job that trains a model on with the corrections.

    Under the next free name if none is given; ``options`` are those of ``retrain`` that a person
    has changed, a flag's value empty.
    """
    out = settings.models / (name or next_name(settings, parent.name))
    device = resolve_device(settings.device)
    words = ["retrain", "--base", str(parent), "--out", str(out), "--device", device]
    for option_, value in options.items():
        words += [option_, value] if value else [option_]
    return job_spec(words, settings, title=out.name, cost=cost, details=retraining_details(parent))


def retraining_details(parent: Path) -> dict[str, Any]:
    """Return what a page shows of a retraining, and knows it by."""
    return {"base": parent.name, RETRAINING: True, "corrections": True}


def is_retraining(spec: JobSpec) -> bool:
    """Return whether a job trains a model on with the corrections."""
    return RETRAINING in spec.details


def uses_corrections(command: Sequence[str]) -> bool:
    """Return whether a command learns what reviewers corrected."""
    return "retrain" in command or "--with-corrections" in command


def next_name(settings: Settings, parent: str) -> str:
    """Return the first name after the parent's that no model has: NAME-2, NAME-3, …"""
    stem, _, number = parent.rpartition("-")
    stem, start = (stem, int(number) + 1) if stem and number.isdigit() else (parent, 2)
    while (settings.models / f"{stem}-{start}").exists():
        start += 1
    return f"{stem}-{start}"


def shown_command(spec: JobSpec) -> str:
    """Return a job's command as somebody would type it in the checkout."""
    words = list(spec.command)
    if words[1:2] == ["-m"]:
        words[0] = "python"
    return shlex.join(shown_path(word) for word in words)


def shown_path(word: str) -> str:
    """Return a path below the checkout relative to it, anything else as it is."""
    path = Path(word)
    if path.is_absolute() and path.is_relative_to(PROJECT_ROOT):
        return str(path.relative_to(PROJECT_ROOT))
    return word


def with_options(command: Sequence[str], changes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command with options set to new values, added at its end where they were not."""
    words = list(command)
    for option, value in changes.items():
        if option in words[:-1]:
            words[words.index(option) + 1] = value
        else:
            words += [option, value]
    return tuple(words)


def without_options(command: Sequence[str], names: Collection[str]) -> tuple[str, ...]:
    """Return the command without these options and their values."""
    kept: list[str] = []
    words = iter(command)
    for word in words:
        if word.partition("=")[0] not in names:
            kept.append(word)
        elif "=" not in word:
            next(words, None)
    return tuple(kept)


def option(command: Sequence[str], name: str) -> str | None:
    """Return the value of an option in a command, or None."""
    words = list(command)
    return words[words.index(name) + 1] if name in words[:-1] else None


RETRAINING = "retraining"
"""What the details of a retraining hold: a page knows it again by that."""

SHUTDOWN_S = 80
"""Seconds that torchrun gives its processes to save when asked to stop; less than ``grace_s``."""


def nodes_launcher(workers: int, device: Device) -> tuple[str, ...]:
    """Return the words before a ``bioner`` command that several nodes of a cluster run together."""
    return (sys.executable, "-m", "bioner.jobs.engines.ray_nodes", str(workers), device)


def launcher(gpus: int = 1) -> tuple[str, ...]:
    """Return the words before a ``bioner`` command: with several GPUs a process for each."""
    if gpus < 2:
        return (sys.executable, "-m", "bioner")
    return (
        *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
        *(f"--nproc-per-node={gpus}", f"--shutdown-timeout={SHUTDOWN_S}", "-m", "bioner"),
    )
