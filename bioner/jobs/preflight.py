"""What stands in the way of a training job, said before it is launched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bioner.devices import found_cards, said
from bioner.errors import ExtraError
from bioner.extras import require_extra
from bioner.files import path_named
from bioner.jobs.bulk import BULK, bulk_source
from bioner.jobs.folder import Job, JobSpec, list_jobs
from bioner.models.bases import hub_cached
from bioner.models.card import CARD
from bioner.models.encoders import BaseKind, kind_of_base
from bioner.models.folder import PICKLED_WEIGHTS, check_folder
from bioner.settings import Settings


@dataclass(frozen=True)
class Finding:
    """Something to know before a launch; a blocking one is why the button is disabled."""

    text: str
    is_blocking: bool = True


def check_launch(
    spec: JobSpec, settings: Settings, *, is_resumed: bool = False
) -> tuple[Finding, ...]:
    """Say what stands in the way of a launch, or is worth knowing before it, a sentence each."""
    return (
        *(_check_source(spec) if spec.kind == BULK else _check_packages()),
        *_check_data(spec),
        *check_base(spec.base),
        *_check_out(spec, settings, is_resumed),
        *(_check_device(spec, settings) if spec.is_here else _check_cluster(spec)),
        *_check_room(spec, settings),
    )


def _check_packages() -> Iterator[Finding]:
    try:
        require_extra("train", "Training")
    except ExtraError as error:
        yield Finding(f"{error}.")


def _check_source(spec: JobSpec) -> Iterator[Finding]:
    source = bulk_source(spec)
    if source is None or not source.is_dir():
        yield Finding(f"There is no folder {source or ''}: name one that holds texts.")
        return
    out = Path(spec.out).resolve()
    if out == source or out.is_relative_to(source) or source.is_relative_to(out):
        yield Finding(f"The output {out} lies in {source}, or around it: choose another folder.")
    if out.is_dir() and any(out.iterdir()):
        yield Finding(
            f"{out} is there already: what of it is done, by this model and of these texts, is "
            "skipped.",
            False,
        )


def _check_data(spec: JobSpec) -> Iterator[Finding]:
    if spec.data and not (Path(spec.data) / "manifest.json").is_file():
        yield Finding(
            f"There is no merged dataset in {spec.data}: build one on the Corpora page, "
            "or with `python -m bioner corpora build`."
        )


def check_base(base: str) -> Iterator[Finding]:
    """Check a base encoder: a folder must be sound, a hub name needs the network or a cache."""
    if not base:
        return
    path, kind = path_named(base) or Path(base), kind_of_base(base)
    if kind is BaseKind.RELEASE:
        yield Finding(f"{base} is a TensorFlow checkpoint: the job will convert it first.", False)
    elif kind is BaseKind.FOLDER:
        problem = check_folder(path)
        if problem and not (path / PICKLED_WEIGHTS).is_file():
            yield Finding(f"The base encoder cannot be used: {problem}.")
    elif kind is BaseKind.ABSENT:
        yield Finding(f"The base encoder's folder {base} does not exist.")
    elif not hub_cached(base):
        yield Finding(f"{base} is not on this machine: the job will download it.", False)


def writer_of(out: str, settings: Settings) -> Job | None:
    """Return the job that is writing this output now, if one is."""
    active = (job for job in list_jobs(settings) if job.is_active)
    return next((job for job in active if job.spec.out == out), None)


def _check_out(spec: JobSpec, settings: Settings, is_resumed: bool) -> Iterator[Finding]:
    if not spec.out:
        return
    writing = writer_of(spec.out, settings)
    if writing is not None:
        yield Finding(f"Job {writing.id} is writing {spec.out} already: choose another name.")
    if not is_resumed and (Path(spec.out) / CARD).exists():
        yield Finding(f"{spec.out} holds a finished model already: choose another name.")
    elif not is_resumed and any(Path(spec.out).glob("checkpoints/*")):
        yield Finding(
            f"{spec.out} holds the checkpoints of a run that did not finish: this one begins anew "
            "and replaces them.",
            False,
        )


def _check_cluster(spec: JobSpec) -> Iterator[Finding]:
    try:
        require_extra("ray", "The engine ray")
    except ExtraError as error:
        yield Finding(f"{error}.")
        return
    if not spec.address:
        yield Finding("Which Ray cluster? Give the address of its dashboard: http://head:8265.")


def _check_device(spec: JobSpec, settings: Settings) -> Iterator[Finding]:
    if spec.device == "cuda":
        found = found_cards()
        usable = [one for one in found if not one.problem]
        if len(usable) < spec.gpus:
            unusable = [said(one) for one in found if one.problem]
            yield Finding(_too_few(spec.gpus, len(usable), unusable))
        active = [job.spec for job in list_jobs(settings) if job.is_active]
        ours = any(spec.shares_device(other) for other in active)
        busy = [one.card for one in usable if one.card.is_busy]
        if busy and not ours and len(usable) - len(busy) < spec.gpus:
            for card in busy:
                yield Finding(
                    f"GPU {card.index} ({card.name}) is busy with something else: "
                    f"{_gb(card.memory_used_bytes)} of {_gb(card.memory_bytes)} are taken.",
                    False,
                )
    waiting = [j for j in list_jobs(settings) if j.is_active and spec.shares_device(j.spec)]
    if waiting:
        yield Finding(
            f"{len(waiting)} job{'s are' if len(waiting) > 1 else ' is'} ahead on this device: "
            "this one will wait in the queue.",
            False,
        )


def _too_few(wanted: int, usable: int, unusable: Sequence[str]) -> str:
    """Say that fewer GPUs can be used than were asked for, and why others cannot."""
    why = "".join(f" {one}." for one in unusable)
    if usable:
        return (
            f"{wanted} GPUs were asked for and this machine has {usable} that can be used: choose "
            f"fewer.{why}"
        )
    return f"This machine has no GPU that can be used: choose the CPU.{why}"


def _check_room(spec: JobSpec, settings: Settings) -> Iterator[Finding]:
    for place, needed in (
        (Path(spec.out or settings.jobs), spec.disk_bytes),
        (settings.jobs, 20_000_000),
    ):
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if free < needed:
            yield Finding(
                f"The disk of {place} has {_gb(free)} free and the run needs about {_gb(needed)}: "
                "free some space."
            )
    if spec.memory_bytes and spec.is_here and spec.device == "cpu":
        import psutil

        available = psutil.virtual_memory().available
        if available < spec.memory_bytes:
            yield Finding(
                f"About {_gb(spec.memory_bytes)} of memory are needed and {_gb(available)} are "
                "free: choose a smaller batch or close other programs.",
                False,
            )


def _gb(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"
