"""What a run will cost, before it starts: word-pieces, steps, minutes here, memory, disk."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bioner.access import Action, Actor, allow
from bioner.errors import JobError, TrainingError
from bioner.files import read_json_object, write_whole
from bioner.jobs.beside import Beside, memory_beside, seconds_beside
from bioner.jobs.folder import list_jobs
from bioner.jobs.metrics import read_metrics
from bioner.jobs.sizes import WINDOW, TrainGroup, TrainSize, longest_read
from bioner.jobs.slots import take_slots
from bioner.models.bases import Base
from bioner.models.onnx_files import has_onnx
from bioner.settings import PROJECT_ROOT, Settings

PIECE_BYTES = 860
ATTENTION_BYTES = 2.1
"""What a step keeps of each word-piece, for each unit of the encoder's width: of itself, and of its
attention to each other piece of its sentence. Measured: 24 sentences of 32 to 256 pieces."""
FILLED = 0.97
"""What part of a batch that is cut by word-pieces is text; the rest is padding."""
MEASURED_LENGTH = 48
"""The word-pieces of a sentence when the pace is measured."""
SPEEDS = ".speeds.json"
CALIBRATED = "from a calibration on this device"
CALIBRATION_LIMIT_S = 120.0


@dataclass(frozen=True)
class Speed:
    """Real word-pieces a second, and where the figure is from."""

    pieces_per_s: float
    source: str


@dataclass(frozen=True)
class Estimate:
    """What a run will take; ``seconds`` is None while nothing was measured on this device.

    ``is_cut``: the limit of steps ends the run before its epochs do.
    """

    pieces: int
    steps: int
    is_cut: bool
    seconds: float | None
    memory_bytes: int
    disk_bytes: int
    source: str


def beside_of(
    groups: Sequence[TrainGroup],
    corpora: Collection[str],
    *,
    evaluations: int,
    teacher: Path | None = None,
    device: str = "cpu",
) -> Beside:
    """Return what a run on these corpora of the data does beside its steps on a device.

    ``teacher`` is the folder of the model that fills in, if one does.
    """
    return Beside(
        in_data=sum(one.size.sentences for one in groups),
        corpora=len(corpora),
        evaluations=evaluations,
        is_filled_in=teacher is not None,
        is_filled_by_onnx=teacher is not None and device == "cpu" and has_onnx(teacher),
    )


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How much a run reads, and what a step of it takes.

    A batch has ``batch_size`` sentences, or as many as ``batch_pieces`` word-pieces hold, padding
    counted; a step has ``accumulate`` batches, those of several cards counted in.
    """

    epochs: float
    max_steps: int
    batch_size: int
    batch_pieces: int = 0
    accumulate: int = 1

    def an_epoch(self, size: TrainSize) -> int:
        """Return the steps of one epoch."""
        batches = size.sentences / self.batch_size
        if self.batch_pieces:
            batches = size.pieces / (FILLED * self.batch_pieces)
        return max(1, math.ceil(batches / self.accumulate))

    def of(self, size: TrainSize) -> tuple[int, bool]:
        """Return the steps of the run, and whether the limit ends it before its epochs do."""
        steps = max(1, math.ceil(self.an_epoch(size) * self.epochs))
        is_cut = 0 < self.max_steps < steps
        return (self.max_steps if is_cut else steps), is_cut

    @property
    def rows(self) -> int:
        """The sentences of a batch, about: what a measurement takes at once."""
        return (
            max(1, self.batch_pieces // MEASURED_LENGTH) if self.batch_pieces else self.batch_size
        )


def estimate(
    size: TrainSize,
    plan: Steps,
    *,
    parameters: int,
    speed: Speed | None,
    beside: Beside | None = None,
) -> Estimate:
    """Estimate a run, its steps alone without ``beside``.

    Memory: float32 weights, gradients and AdamW's two moments (16 bytes a parameter), activations
    in proportion to the batch (Korthikanti et al. 2022 for a BERT shape), the runtime itself, the
    data as read and as encoded, and a teacher's weights.
    """
    steps, is_cut = plan.of(size)
    pieces = round(size.pieces * steps / plan.an_epoch(size))
    seconds = pieces / speed.pieces_per_s if speed else None
    beside = beside or Beside(in_data=0, corpora=0)
    memory_kept = memory_beside(beside, sentences=size.sentences, is_told=size.is_told)
    if speed and seconds is not None and beside.in_data:
        seconds += seconds_beside(
            beside,
            sentences=size.sentences,
            pieces=size.pieces,
            is_told=size.is_told,
            pieces_per_s=speed.pieces_per_s,
        )
    width = math.sqrt(max(parameters, 10_000_000) / 190)
    longest = WINDOW if plan.batch_pieces else _longest(size, plan, steps)
    at_once = max(plan.batch_pieces, longest) if plan.batch_pieces else plan.batch_size * longest
    activations = at_once * width * (PIECE_BYTES + ATTENTION_BYTES * longest)
    weights = (16 + 4 * beside.is_filled_in) * parameters
    memory = round(weights + activations + memory_kept)
    source = speed.source if speed else "not measured on this device yet"
    return Estimate(pieces, steps, is_cut, seconds, memory, 40 * parameters + 50_000_000, source)


def _longest(size: TrainSize, plan: Steps, steps: int) -> int:
    return longest_read(size, batch=plan.batch_size, batches=steps * plan.accumulate)


def estimate_run(
    settings: Settings,
    base: Base,
    size: TrainSize,
    plan: Steps,
    *,
    device: str,
    gpus: int = 1,
    address: str = "",
    beside: Beside | None = None,
) -> Estimate:
    """Estimate a run with the pace that is known of its place: the page's and a command's.

    With several GPUs a step sees the batches of all of them. ``address`` is that of a cluster, if
    it is to run there.
    """
    return estimate(
        size,
        replace(plan, accumulate=plan.accumulate * gpus),
        parameters=base.parameters,
        speed=known_speed(settings, base.value, device, plan.rows, gpus, address),
        beside=beside,
    )


def known_speed(
    settings: Settings, base: str, device: str, batch_size: int, gpus: int = 1, address: str = ""
) -> Speed | None:
    """Return the pace of the latest run of this encoder on this device, else of its calibration.

    Here, or on the cluster at an address, where nothing is calibrated. With several GPUs in
    proportion to their number, which is a little too much.
    """
    for job in list_jobs(settings):
        asked = (job.spec.base, job.spec.device, job.spec.address)
        if asked == (base, device, address):
            paces = [m.tokens_per_s for m in read_metrics(job.id, settings) if m.tokens_per_s]
            if len(paces) >= 2:
                pace = statistics.median(paces) * gpus / (job.spec.gpus * job.spec.workers)
                return Speed(pace, f"from the run {job.id}")
    key = _speed_key(base, device, batch_size)
    measured = _speeds(settings).get(key) if not address else None
    return Speed(measured * gpus, CALIBRATED) if measured else None


def measure_speed(
    settings: Settings, base: str, device: str, batch_size: int, *, actor: Actor | None = None
) -> Speed:
    """Train a few steps of this shape on made-up text in a process of its own; keep the pace.

    Raises TrainingError if that does not work here within two minutes, JobError while a job has the
    device: the two would slow each other. AccessError for who may not start jobs.
    """
    allow(Action.JOBS, actor)
    settings.jobs.mkdir(parents=True, exist_ok=True)
    slots = take_slots(settings.jobs, device)
    if slots is None:
        raise JobError(f"a job is computing on the {device} now: measure when it has ended")
    try:
        pace = _measured(base, device, batch_size)
    finally:
        for slot in slots:
            slot.release()
    speeds = {**_speeds(settings), _speed_key(base, device, batch_size): pace}
    write_whole(settings.jobs / SPEEDS, json.dumps(speeds, indent=1))
    return Speed(pace, CALIBRATED)


def _measured(base: str, device: str, batch_size: int) -> float:
    shape = (str(batch_size), str(MEASURED_LENGTH))
    command = [sys.executable, "-m", "bioner.training.pace", base, device, *shape]
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=CALIBRATION_LIMIT_S,
            check=True,
        )
        return float(done.stdout.split()[-1])
    except subprocess.TimeoutExpired as error:
        raise TrainingError(
            f"{base}: a few steps took more than {CALIBRATION_LIMIT_S:.0f} s; take a smaller batch"
        ) from error
    except (subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise TrainingError(
            f"{base}: the calibration failed: {said[-1] if said else ''}"
        ) from error


def _speeds(settings: Settings) -> dict[str, float]:
    """Return what was measured here; a file that cannot be read is measured anew."""
    try:
        raw = read_json_object(settings.jobs / SPEEDS, JobError)
    except JobError:
        return {}
    return {key: float(value) for key, value in raw.items() if isinstance(value, int | float)}


def _speed_key(base: str, device: str, batch_size: int) -> str:
    return f"{base}|{device}|{batch_size}"
