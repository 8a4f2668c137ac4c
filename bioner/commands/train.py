"""``train``: fine-tune a model here and now, or in the background as a job."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from bioner.commands.arguments import ArgumentError, check_count, check_known, names_of, path_option
from bioner.commands.run_options import Background, OfJob, OnDevice, Out, Resume, Seed
from bioner.commands.terminal import refusing, say
from bioner.errors import Stopped, TrainingError
from bioner.figures import points
from bioner.jobs.folder import Engine
from bioner.jobs.specs import with_options, without_options
from bioner.machine import Device, Precision
from bioner.settings import Settings, read_settings
from bioner.training import processes
from bioner.training.progress import OnRunProgress, RunProgress, stopping

if TYPE_CHECKING:
    from bioner.corpora.dataset import Dataset
    from bioner.training.config import TrainingConfig


@refusing
def train(
    context: typer.Context,
    base: Annotated[str, typer.Option(help="Folder or hub id of the encoder, or of a model.")],
    out: Out,
    data: Annotated[Path | None, path_option("The merged folder.")] = None,
    loss: Annotated[
        str, typer.Option(help="partial respects what each corpus looked for; naive does not.")
    ] = "partial",
    corpora: Annotated[str, typer.Option(help="Only these corpora, by commas.")] = "",
    types: Annotated[str, typer.Option(help="Only these entity types, by commas.")] = "",
    epochs: Annotated[float, typer.Option(help="How often to go through the data.")] = 1.0,
    max_steps: Annotated[int, typer.Option(help="Stop after so many steps.")] = -1,
    lr: Annotated[float, typer.Option(help="Learning rate of the encoder.")] = 2e-4,
    head_lr: Annotated[float, typer.Option(help="Learning rate of the classifier.")] = 1e-3,
    layer_decay: Annotated[float, typer.Option(help="Rate factor from each layer down.")] = 1.0,
    batch_size: Annotated[int, typer.Option(help="Sentences in a batch.")] = 24,
    batch_pieces: Annotated[
        int, typer.Option(help="Word-pieces in a batch instead, padding counted; 0: sentences.")
    ] = 0,
    accumulate: Annotated[int, typer.Option(help="Batches to an optimizer step.")] = 1,
    max_length: Annotated[int, typer.Option(help="Word-pieces in a window.")] = 256,
    warmup: Annotated[
        float, typer.Option(help="Share of the steps in which the rate rises.")
    ] = 0.06,
    weight_decay: Annotated[float, typer.Option(help="AdamW's weight decay.")] = 0.01,
    dropout: Annotated[float | None, typer.Option(help="Hidden dropout.")] = None,
    seed: Seed = 42,
    device: OnDevice = Device.AUTO,
    precision: Annotated[
        Precision, typer.Option(help="auto, float32, bfloat16, or float16 on a GPU.")
    ] = Precision.AUTO,
    save_steps: Annotated[
        int, typer.Option(help="Steps between checkpoints; 0: by time, --save-minutes.")
    ] = 0,
    save_minutes: Annotated[float, typer.Option(help="Minutes between checkpoints.")] = 3.0,
    fill_in: Annotated[
        str, typer.Option(help="A trained model that marks what nobody looked for, where sure.")
    ] = "",
    conventions: Annotated[
        bool,
        typer.Option("--conventions", help="Teach the model whose rules of marking hold."),
    ] = False,
    any_share: Annotated[
        float, typer.Option(help="Of a model told conventions: share read as nobody's.")
    ] = 0.25,
    convention_dropout: Annotated[
        float, typer.Option(help="Share of the rest that is not told whose rules its marks follow.")
    ] = 0.0,
    repeat_rare: Annotated[
        float,
        typer.Option(
            help="Draw sentences more often that have a type which, in its corpus's marks, is in "
            "fewer than this share of all; 0.03 is a good start. 0: each once an epoch."
        ),
    ] = 0.0,
    eval_steps: Annotated[
        int, typer.Option(help="Steps between scores on devel; 0: none, -1: at the end alone.")
    ] = 0,
    log_steps: Annotated[int, typer.Option(help="Steps between reports of the loss.")] = 10,
    with_corrections: Annotated[
        bool, typer.Option("--with-corrections", help="Train on reviewed sentences too.")
    ] = False,
    resume: Resume = False,
    background: Background = False,
    engine: Annotated[
        str, typer.Option(help="With --background: where the job runs, local or ray.")
    ] = "local",
    address: Annotated[
        str, typer.Option(help="Of the Ray cluster's dashboard, such as http://head:8265.")
    ] = "",
    workers: Annotated[
        int,
        typer.Option(help="With --engine ray: so many processes train together, one a card."),
    ] = 1,
    parent: Annotated[str, typer.Option(help="The model that this run retrains.")] = "",
    job: OfJob = None,
) -> None:
    """Fine-tune a token classifier on the merged dataset."""
    from bioner.models.bases import find_base
    from bioner.models.catalogue import find_model
    from bioner.training.config import TrainingConfig

    check_known("--engine", engine, get_args(Engine))
    if (engine != "local" or address) and not background:
        raise ArgumentError("--engine and --address: are for jobs; give --background too")
    check_count("--workers", workers)
    if workers > 1 and engine != "ray":
        raise ArgumentError("--workers: is for --engine ray; on one machine use torchrun")
    chosen_corpora, chosen_types = names_of("--corpora", corpora), names_of("--types", types)
    settings = read_settings()
    data = data or settings.merged
    out = model_folder(out, settings, resume=resume)
    config = TrainingConfig(
        base=find_base(base, settings).value if base else base,
        loss=loss,  # type: ignore[arg-type]
        epochs=epochs,
        max_steps=max_steps,
        learning_rate=lr,
        head_learning_rate=head_lr,
        layer_decay=layer_decay,
        batch_size=batch_size,
        batch_pieces=batch_pieces,
        gradient_accumulation=accumulate,
        max_length=max_length,
        warmup=warmup,
        weight_decay=weight_decay,
        dropout=dropout,
        seed=seed,
        device=device,
        precision=precision,
        save_steps=save_steps,
        save_minutes=save_minutes,
        eval_steps=eval_steps,
        log_steps=log_steps,
        fill_in=fill_in,
        conventions=conventions,
        any_share=any_share,
        convention_dropout=convention_dropout,
        repeat_rare=repeat_rare,
    )
    for name in filter(None, (parent, fill_in)):
        find_model(name, settings.models)
    if background:
        if processes.is_first():
            where = {"--base": config.base, "--out": str(out), "--data": str(data)}
            words = with_options(("train", *context.obj), where)
            start_job(
                without_options(words, ("--engine", "--address", "--workers")),
                settings,
                title=f"train {out.name}",
                engine=engine,
                address=address,
                workers=workers,
            )
        return
    _run(
        _Asked(
            config=config,
            data=data,
            out=out,
            corpora=chosen_corpora,
            types=chosen_types,
            with_corrections=with_corrections,
            resume=resume,
            parent=parent,
            job=job,
        ),
        settings,
    )


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One run as the command line asks for it."""

    config: TrainingConfig
    data: Path
    out: Path
    corpora: Sequence[str]
    types: Sequence[str]
    with_corrections: bool
    resume: bool
    parent: str
    job: Path | None

    def command(self) -> str:
        """Return the command that repeats it."""
        from bioner.training.record import repeat_command

        return repeat_command(
            self.config,
            self.out,
            corpora=self.corpora,
            types=self.types,
            has_corrections=self.with_corrections,
        )

    def dataset(self) -> Dataset:
        """Read the merged data, or the part that is asked for. Raises TrainingError."""
        from bioner.corpora.dataset_folder import read_dataset

        found = read_dataset(self.data)
        unknown = sorted(set(self.corpora) - set(found.all_corpora))
        if unknown:
            raise TrainingError(
                f"corpus {unknown[0]!r} is not in {self.data}; expected one of "
                f"{', '.join(found.all_corpora)}"
            )
        if self.corpora:
            found = found.only(self.corpora)
        return found.only_types(self.types) if self.types else found


def model_folder(out: Path, settings: Settings, *, resume: bool = False) -> Path:
    """Return where a model is made: a bare name lies among the models. Raises TrainingError."""
    from bioner.training.checkpoints import check_out

    found = settings.models / out if out.name and out.parent == Path() else out
    if processes.is_first():
        check_out(found, resume=resume)
    return found


def _run(asked: _Asked, settings: Settings) -> None:
    from bioner.jobs.reporter import JobReporter
    from bioner.jobs.slots import own_card
    from bioner.training.run import train

    stop = stop_of(asked.job)
    reporter: Any = nullcontext(terminal_report())
    if asked.job and processes.is_first():
        reporter = JobReporter(asked.job)
    alone = nullcontext() if asked.job else own_card(settings.jobs, asked.config.device)
    try:
        with reporter as report, alone:
            with processes.at_once():
                dataset = asked.dataset()
                learned = _corrections(settings, asked.job) if asked.with_corrections else []
            stopping(stop)()
            card = train(
                asked.config,
                dataset,
                asked.out,
                report=report,
                resume=asked.resume,
                corrections=learned,
                parent=asked.parent,
                stop_requested=stop,
                finish=lambda _, card: replace(card, command=asked.command()),
            )
    except Stopped as stopped:
        if not processes.is_first():
            raise typer.Exit(0) from stopped  # the first one says it, once
        raise
    finally:
        processes.leave()
    if processes.is_first():
        typer.echo(
            f"{asked.out}: {card.steps:,} steps, {card.train_sentences:,} sentences "
            f"({card.corrections:,} corrections), {card.duration_s:.0f} s"
        )


def stop_of(job: Path | None) -> Callable[[], bool]:
    """Return what says whether this run is to stop: by a signal, or by the file of its job."""
    from bioner.jobs.folder import is_stop_asked
    from bioner.training.processes import stop_on_signal

    is_signalled = stop_on_signal()
    return lambda: is_signalled() or (job is not None and is_stop_asked(job))


def _corrections(settings: Settings, job: Path | None) -> list[Any]:
    from bioner.review.launching import corrections_of

    found, told = corrections_of(settings, job)
    say(told)
    return list(found)


def terminal_report() -> OnRunProgress:
    """Return what prints a run's progress to stderr, at most every two seconds."""
    last = 0.0

    def show(p: RunProgress) -> None:
        nonlocal last
        now = time.monotonic()
        if p.message or now - last > 2 or p.step >= p.total_steps:
            last = now
            parts = [f"{p.step}/{p.total_steps}"]
            if p.loss is not None:
                parts.append(f"loss {p.loss:.4f}")
            if p.tokens_per_s:
                parts.append(f"{p.tokens_per_s:,.0f} tokens/s")
            if p.devel_f1 is not None:
                parts.append(f"devel F1 {points(p.devel_f1)}")
            say("  ".join([*parts, p.message]).rstrip())

    return show


def start_job(
    words: Sequence[str],
    settings: Settings,
    *,
    title: str,
    details: Mapping[str, Any] | None = None,
    engine: str = "local",
    address: str = "",
    workers: int = 1,
) -> None:
    """Start a job with these words of the command line; under torchrun with as many GPUs."""
    from bioner.jobs.specs import job_spec
    from bioner.review.launching import start

    kept = [word for word in words if word != "--background"]
    spec = job_spec(
        kept,
        settings,
        title=title,
        gpus=processes.count(),
        details=details,
        engine=cast(Engine, engine),
        address=address,
        workers=workers,
    )
    job = start(spec, settings)
    typer.echo(f"{job.id}: {job.status}; see `python -m bioner jobs show {job.id}`")
