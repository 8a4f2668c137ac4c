"""``jobs``: list, show, stop, resume, logs, estimate."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bioner.commands.arguments import names_of, path_option
from bioner.commands.terminal import print_json, refusing, table
from bioner.devices import resolve_device
from bioner.figures import duration
from bioner.jobs.estimate import Estimate
from bioner.jobs.sizes import TrainSize
from bioner.machine import Device
from bioner.models.bases import find_base
from bioner.models.catalogue import find_model
from bioner.settings import read_settings

app = typer.Typer(help="Training jobs: they outlive the tab and the app.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="The job's id, as `jobs list` shows it.")]


@app.command("list")
@refusing
def list_() -> None:
    """List the jobs, newest first."""
    from bioner.jobs.folder import list_jobs
    from bioner.jobs.metrics import read_metrics

    settings = read_settings()
    rows = [["job", "state", "step", "loss", "time"]]
    for job in list_jobs(settings):
        steps = [m for m in read_metrics(job.id, settings) if m.loss is not None]
        last = steps[-1] if steps else None
        rows.append(
            [
                job.id,
                job.status,
                f"{last.step}/{last.total_steps}" if last else "",
                f"{last.loss:.4f}" if last and last.loss is not None else "",
                time.strftime("%H:%M:%S", time.gmtime(job.duration_s)),
            ]
        )
    typer.echo(table(rows) if len(rows) > 1 else "no jobs yet: `train … --background` starts one")


@app.command()
@refusing
def show(id: Id) -> None:
    """Print a job's specification and state."""
    from bioner.jobs.folder import read_job

    job = read_job(id, read_settings())
    print_json({"id": job.id, "spec": asdict(job.spec), "state": asdict(job.state)})


@app.command()
@refusing
def stop(id: Id) -> None:
    """Ask a job to stop; it saves a checkpoint first."""
    from bioner.review.job_record import stop

    typer.echo(f"{id}: {stop(id, read_settings()).status}")


@app.command()
@refusing
def resume(id: Id) -> None:
    """Go on with a stopped, failed or lost job from its last checkpoint."""
    from bioner.review.job_record import resume

    typer.echo(f"{id}: {resume(id, read_settings()).status}")


@app.command()
@refusing
def logs(
    id: Id,
    lines: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many lines from the end.")
    ] = 40,
) -> None:
    """Print the end of a job's log."""
    from bioner.jobs.log import tail_log

    typer.echo(tail_log(id, read_settings(), lines))


@app.command("estimate")
@refusing
def estimate_(
    base: Annotated[str, typer.Option(help="Folder or hub id of the encoder, or of a model.")],
    data: Annotated[Path | None, path_option("The merged folder.")] = None,
    corpora: Annotated[str, typer.Option(help="Only these corpora, by commas.")] = "",
    epochs: Annotated[float, typer.Option(help="How often to go through the data.")] = 1.0,
    max_steps: Annotated[int, typer.Option(help="Stop after so many steps.")] = -1,
    batch_size: Annotated[int, typer.Option(help="Sentences in a batch.")] = 24,
    batch_pieces: Annotated[
        int, typer.Option(help="As in train: word-pieces of a batch, in place of sentences.")
    ] = 0,
    accumulate: Annotated[int, typer.Option(help="Batches to an optimizer step.")] = 1,
    device: Annotated[Device, typer.Option(help="auto, cpu or cuda.")] = Device.AUTO,
    gpus: Annotated[int, typer.Option(min=1, max=64, help="Cards that share a step.")] = 1,
    conventions: Annotated[
        bool, typer.Option("--conventions", help="With whose rules of marking hold, as in train.")
    ] = False,
    repeat_rare: Annotated[
        float, typer.Option(help="As in train: sentences of rare types are shown more often.")
    ] = 0.0,
    eval_steps: Annotated[
        int, typer.Option(help="As in train: steps between scores on devel; -1: at the end alone.")
    ] = 0,
    fill_in: Annotated[str, typer.Option(help="As in train: a teacher reads first.")] = "",
    measure: Annotated[
        bool, typer.Option("--measure", help="Take a few steps here first, about 20 s.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a run of train will take: time, memory, disk; what is measured, what guessed."""
    from bioner.jobs import estimate as cost
    from bioner.jobs import sizes
    from bioner.training.config import TrainingConfig

    settings = read_settings()
    TrainingConfig(
        base,
        epochs=epochs,
        max_steps=max_steps,
        batch_size=batch_size,
        batch_pieces=batch_pieces,
        gradient_accumulation=accumulate,
        eval_steps=eval_steps,
        repeat_rare=repeat_rare,
    )
    teacher = find_model(fill_in, settings.models) if fill_in else None
    chosen = find_base(base, settings)
    groups = sizes.train_groups(data or settings.merged, with_marks=repeat_rare > 0)
    is_told = conventions or chosen.knows_conventions
    named = sizes.known_corpora(groups, names_of("--corpora", corpora))
    size = sizes.chosen_size(groups, named, is_told=is_told, repeat_rare=repeat_rare)
    where = resolve_device(device)
    plan = cost.Steps(
        epochs=epochs,
        max_steps=max_steps,
        batch_size=batch_size,
        batch_pieces=batch_pieces,
        accumulate=accumulate,
    )
    if measure:
        cost.measure_speed(settings, chosen.value, where, plan.rows)
    beside = cost.beside_of(
        groups,
        named,
        evaluations=_evaluations(eval_steps, plan.of(size)[0] / gpus),
        teacher=teacher,
        device=where,
    )
    found = cost.estimate_run(settings, chosen, size, plan, device=where, gpus=gpus, beside=beside)
    if json:
        print_json({"sentences": size.sentences, **asdict(found)})
        return
    typer.echo(table(_estimate_rows(size, found)))


def _evaluations(every: int, steps: float) -> int:
    """Return how often a run of so many steps is scored: each so many, and at the end."""
    return abs(every) if every <= 0 else math.ceil(steps / every)


def _estimate_rows(size: TrainSize, found: Estimate) -> list[list[str]]:
    time = ["time", "not known", f"{found.source}: --measure takes a few steps, about 20 s"]
    if found.seconds is not None:
        time = ["time", f"about {duration(found.seconds)}", f"measured: {found.source}"]
    limit = ", where --max-steps ends it" if found.is_cut else ""
    return [
        ["sentences", f"{size.sentences:,}", "counted"],
        ["word-pieces", f"about {found.pieces / 1e6:,.1f} M", "guessed from the words"],
        ["steps", f"{found.steps:,}", f"counted{limit}"],
        time,
        ["memory", f"about {found.memory_bytes / 1e9:,.1f} GB", "guessed from encoder and batch"],
        ["disk", f"about {found.disk_bytes / 1e9:,.1f} GB", "guessed from the encoder"],
    ]
