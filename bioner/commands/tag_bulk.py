"""``tag DIR --out DIR --engine …``: a folder of texts tagged part by part."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from bioner.commands.arguments import ArgumentError, check_count, check_known, path_of
from bioner.commands.terminal import say
from bioner.devices import require_device
from bioner.errors import FormatError
from bioner.figures import percent
from bioner.jobs.folder import Engine
from bioner.jobs.slots import own_card
from bioner.settings import cpu_threads, read_settings

if TYPE_CHECKING:
    from bioner.machine import Device
    from bioner.tagging.bulk_run import Spread
    from bioner.tagging.standing import Standing
    from bioner.tagging.watching import Outcome

FORMATS = ("jsonl", "parquet")
NAMED = 20
"""So many inputs that went wrong are named at most; the receipt as JSON names all."""
EVERY_S = 10.0
"""How often a line of progress is printed where no one sees it change."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """The arguments that bulk shares with tagging a file."""

    files: tuple[str, ...]
    out: str | None
    model: str
    column: str
    format: str
    convention: str
    job: Path | None = None


def tag_in_bulk(
    given: Given, *, engine: str, workers: int | None, address: str, as_json: bool
) -> None:
    """Tag a folder into a folder. Raises FormatError at the end if any input was not tagged."""
    from bioner.evaluation.keys import model_hash
    from bioner.models.catalogue import chosen_model
    from bioner.tagging.bulk import Bulk
    from bioner.tagging.bulk_run import tag_folder, workers_here

    check_known("--engine", engine, get_args(Engine))
    check_known("--format", given.format, FORMATS)
    if workers is not None:
        check_count("--workers", workers)
    if address and engine != "ray":
        raise ArgumentError("--address: is for --engine ray")
    if address.startswith(("http://", "https://")):
        raise ArgumentError(
            f"--address: {address} is a cluster's dashboard; expected the cluster itself: auto, or "
            "head:6379"
        )
    settings = read_settings()
    model = chosen_model(settings, given.model)
    is_here = engine == "local"
    device = require_device(settings.device) if is_here else settings.device
    count = workers or workers_here(device)
    bulk = Bulk(
        source=_source(given),
        out=path_of("--out", given.out or "").resolve(),
        model=model.resolve(),
        model_hash=model_hash(model),
        convention=_convention(model, given.convention),
        format=given.format,
        column=given.column,
        workers=count,
        threads=max(1, cpu_threads() // count) if is_here else 1,
        device=device,
    )
    alone = own_card(settings.jobs, device) if is_here and not given.job else nullcontext()
    with _heard(given.job) as hear, alone:
        outcome = tag_folder(bulk, _spread(engine, address, device), hear)
        _say_outcome(outcome, as_json=as_json)
        _refuse_unfinished(outcome)


def _refuse_unfinished(outcome: Outcome) -> None:
    if not outcome.is_complete:
        bad = len(outcome.failed) + len(outcome.unreadable)
        raise FormatError(
            f"{bad:,} of {outcome.inputs:,} inputs were not tagged to their end; mend them and run "
            "the same line again: what is done is skipped"
        )


def _spread(engine: str, address: str, device: Device) -> Spread:
    """Return how the work is spread. Raises ExtraError where Ray is not installed."""
    if engine == "ray":
        from bioner.jobs.engines.ray_bulk import RayCluster
        from bioner.tagging.bulk_run import ON_A_CARD

        cluster = RayCluster(address or "auto", device=device, on_a_card=ON_A_CARD)
        return cast("Spread", cluster.spread)
    from bioner.jobs.engines import local

    return cast("Spread", local.spread)


def _source(given: Given) -> Path:
    if len(given.files) != 1 or not path_of("FILES", given.files[0]).is_dir():
        raise ArgumentError("FILES: in bulk one folder is tagged; name it")
    if given.out is None:
        raise ArgumentError("--out: in bulk the folder to write to is needed")
    return path_of("FILES", given.files[0]).resolve()


def _convention(model: Path, name: str) -> str:
    """Return the convention's own name. Raises ConventionError for one the model does not know."""
    from bioner.models.reserved_pieces import read_conventions

    return read_conventions(model).find(name, of=model.name).name


@contextmanager
def _heard(job: Path | None) -> Iterator[Callable[[Standing], None]]:
    """Yield what hears how far it is: a job's folder, or the terminal."""
    if job is None:
        yield _shown()
        return
    from bioner.jobs.reporter import JobReporter
    from bioner.tagging.standing import write_standing
    from bioner.training.progress import RunProgress

    last = 0.0

    def keep(standing: Standing) -> None:
        nonlocal last
        write_standing(job, standing)
        if time.monotonic() - last >= EVERY_S or standing.share == 1.0:
            last = time.monotonic()
            step = round(1000 * standing.share)
            report(RunProgress(step, 1000, standing.share, message=standing.text))

    with JobReporter(job) as report:
        yield keep


def _shown() -> Callable[[Standing], None]:
    """Return what shows the progress: on a terminal in place, else a line now and then."""
    last = 0.0
    is_terminal = sys.stderr.isatty()

    def show(standing: Standing) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < (0.5 if is_terminal else EVERY_S):
            return
        last = now
        line = f"{percent(standing.share, 1)}: {standing.text}"
        if is_terminal:
            sys.stderr.write(f"\r{line}\033[K")
            sys.stderr.flush()
        else:
            say(line)

    return show


def _say_outcome(outcome: Outcome, *, as_json: bool) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    if as_json:
        say(json.dumps(outcome.to_json(), ensure_ascii=False))
        return
    for what, found in (("failed", outcome.failed), ("unreadable", outcome.unreadable)):
        for name, why in list(found.items())[:NAMED]:
            say(f"{what}: {name}: {why}")
        if len(found) > NAMED:
            say(f"{what}: {len(found) - NAMED:,} more")
    rate = outcome.documents / outcome.seconds if outcome.seconds else 0.0
    say(
        f"{outcome.inputs:,} inputs: {outcome.inputs_done:,} tagged, {outcome.inputs_skipped:,} "
        f"were done, {len(outcome.failed):,} failed, {len(outcome.unreadable):,} unreadable; "
        f"{outcome.parts:,} parts written, {outcome.parts_skipped:,} were there"
    )
    say(
        f"{outcome.documents:,} documents, {outcome.mentions:,} entities in "
        f"{outcome.seconds:,.0f} s ({rate:,.1f} documents a second)"
    )
