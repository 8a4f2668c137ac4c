"""``retrain``: teach the model in use the reviewers' corrections, without forgetting the rest."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bioner.commands.arguments import path_option
from bioner.commands.run_options import Background, OfJob, OnDevice, Out, Resume, Seed
from bioner.commands.terminal import counter, refusing, say
from bioner.errors import TrainingError
from bioner.machine import Device
from bioner.progress import Progress
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.training.config import Recipe


@refusing
def retrain(
    context: typer.Context,
    out: Out,
    base: Annotated[str, typer.Option(help="The model to go on from; else the one in use.")] = "",
    data: Annotated[Path | None, path_option("The merged folder to replay from.")] = None,
    replay: Annotated[
        int | None, typer.Option(help="Corpus sentences beside the corrections.")
    ] = None,
    repeat: Annotated[
        int | None, typer.Option(help="How often an epoch shows each correction.")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            help="The old model's least share in the averaged weights; devel may ask for more."
        ),
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="How often to go through it all.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate of the encoder.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Sentences in a batch.")] = None,
    seed: Seed = 42,
    device: OnDevice = Device.AUTO,
    only_piece: Annotated[
        bool,
        typer.Option(
            "--only-piece", help="Teach the project's own piece and the classifier alone."
        ),
    ] = False,
    resume: Resume = False,
    background: Background = False,
    job: OfJob = None,
) -> None:
    """Train the model in use on with the reviewed sentences and a replay of the corpora.

    Without merged corpora the model's own marks stand for them. The defaults are those that
    benchmarks/loop.py measures.
    """
    from bioner.commands.train import model_folder, start_job
    from bioner.jobs.specs import retraining_details, with_options
    from bioner.models.catalogue import chosen_model
    from bioner.training.config import Recipe

    settings = read_settings()
    target = model_folder(out, settings, resume=resume)
    given: dict[str, Any] = {
        "replay": replay,
        "repeat": repeat,
        "keep": keep,
        "epochs": epochs,
        "learning_rate": lr,
        "batch_size": batch_size,
    }
    recipe = replace(
        Recipe(seed=seed, device=device, only_piece=only_piece),
        **{name: value for name, value in given.items() if value is not None},
    )
    parent = chosen_model(settings, base)
    if data is not None and not (data / "manifest.json").is_file():
        raise TrainingError(f"{data}: there is no merged dataset; `corpora build` makes one")
    if background:
        where = {"--base": str(parent), "--out": str(target)}
        words = with_options(("retrain", *context.obj), where)
        start_job(words, settings, title=target.name, details=retraining_details(parent))
        return
    merged = data or (settings.merged if (settings.merged / "manifest.json").is_file() else None)
    _run(parent, target, recipe, merged, job=job, resume=resume, settings=settings)


def _run(
    parent: Path,
    target: Path,
    recipe: Recipe,
    merged: Path | None,
    *,
    job: Path | None,
    resume: bool,
    settings: Settings,
) -> None:
    """Retrain here and now; ``merged``: the corpora to replay from, where they are."""
    from bioner.commands.train import stop_of, terminal_report
    from bioner.jobs.reporter import JobReporter
    from bioner.jobs.slots import own_card
    from bioner.review.launching import corrections_of
    from bioner.training import processes
    from bioner.training.progress import stopping
    from bioner.training.replay import read_replay
    from bioner.training.retraining import retrain as run

    stop = stop_of(job)
    pulse, show = stopping(stop), counter("marking")

    def marking(heard: Progress) -> None:
        pulse()
        show(heard)

    reporter: Any = JobReporter(job) if job else nullcontext(terminal_report())
    alone = nullcontext() if job else own_card(settings.jobs, recipe.device)
    with reporter as report, alone:
        corrections, told = corrections_of(settings, job)
        say(f"{told}; on from {parent.name}")
        if merged is None:
            say("no merged corpora here: the model's own marks stand for them")
        with processes.at_once():
            kept = read_replay(
                parent, merged, corrections, settings.sample, recipe=recipe, progress=marking
            )
        card = run(
            parent,
            corrections,
            kept,
            target,
            recipe=recipe,
            report=report,
            resume=resume,
            stop_requested=stop,
        )
    typer.echo(
        f"{target}: {card.corrections:,} corrections learned on from {parent.name}, "
        f"{card.steps:,} steps, {card.duration_s:.0f} s"
    )
