"""Every command under its name."""

from __future__ import annotations

from typing import Annotated

import typer

import bioner
from bioner.commands import (
    app as app_of,
)
from bioner.commands import (
    concepts,
    corpora,
    dictionary,
    doctor,
    evaluate,
    jobs,
    models,
    retrain,
    review,
    serve,
    tag,
    tokens,
    train,
)
from bioner.commands.run_ner import TrainCommand
from bioner.commands.terminal import RememberingCommand

app = typer.Typer(
    help="BioNER Studio: biomedical named entity recognition.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(corpora.app, name="corpora")
app.command("train", cls=TrainCommand)(train.train)
app.command("retrain", cls=RememberingCommand)(retrain.retrain)
app.add_typer(jobs.app, name="jobs")
app.add_typer(models.app, name="models")
app.command("convert")(models.convert)
app.command("tag")(tag.tag)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(evaluate.compare)
app.add_typer(review.app, name="review")
app.add_typer(dictionary.app, name="dictionary")
app.add_typer(concepts.app, name="concepts")
app.command("app")(app_of.app)
app.add_typer(tokens.app, name="tokens")
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """BioNER Studio on the command line; the app does the same: `make run`."""
    if version:
        typer.echo(bioner.__version__)
        raise typer.Exit
