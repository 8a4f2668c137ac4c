"""``jobs``: list, show, stop, resume, logs."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from bioner.commands.terminal import print_json, refusing, table
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
    from bioner.jobs.launch import stop

    typer.echo(f"{id}: {stop(id, read_settings()).status}")


@app.command()
@refusing
def resume(id: Id) -> None:
    """Go on with a stopped, failed or lost job from its last checkpoint."""
    from bioner.jobs.launch import resume

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
