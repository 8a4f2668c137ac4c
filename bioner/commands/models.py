"""``models`` and ``convert``: list, show, promote, push, pull; TensorFlow checkpoints to ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bioner.commands import sharing
from bioner.commands.arguments import check_writable, path_argument, path_option
from bioner.commands.terminal import print_json, refusing, table
from bioner.figures import points
from bioner.settings import read_settings

app = typer.Typer(
    help="The models folder: what is there, and which one is used.", no_args_is_help=True
)
app.command("push")(refusing(sharing.push_model))
app.command("pull")(refusing(sharing.pull_model))


@app.command("list")
@refusing
def list_() -> None:
    """List the models, the active one marked, damaged ones with what is missing."""
    from bioner.models.catalogue import active_model, list_models

    settings = read_settings()
    active = active_model(settings)
    rows = [["", "model", "stage", "F1", "size", "state"]]
    for entry in list_models(settings.models):
        f1 = entry.card.f1 if entry.card else None
        state = entry.problem or ("ready" if entry.can_tag else "encoder: train it first")
        rows.append(
            [
                "*" if entry.name == active else "",
                entry.name,
                entry.card.stage if entry.card else "",
                points(f1) if f1 is not None else "",
                f"{entry.size_bytes / 1e6:.0f} MB",
                state,
            ]
        )
    typer.echo(table(rows, right={3, 4}))


@app.command()
@refusing
def show(name: Annotated[str, typer.Argument(help="A model's name, or its folder.")]) -> None:
    """Print a model's card."""
    from bioner.models.card import read_card
    from bioner.models.catalogue import find_model

    print_json(read_card(find_model(name, read_settings().models)).to_json())


@app.command()
@refusing
def promote(
    name: Annotated[str, typer.Argument(help="The model to use from now on.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "promoted by hand",
    overrule: Annotated[
        str, typer.Option(help="Use it although the gate refuses it: why, for the record.")
    ] = "",
) -> None:
    """Make a model that passes the gate the active one; the change is recorded.

    The gate compares kept evaluations of it and of the model in use; `compare` makes them.
    """
    from bioner.evaluation.promotion import promote
    from bioner.store import open_store

    settings = read_settings()
    change = promote(settings, open_store(settings), name, reason=reason, overrule=overrule)
    typer.echo(f"{change.name} is active now (before: {change.previous})")


@app.command()
@refusing
def rollback(
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "rolled back by hand",
) -> None:
    """Go back to the model that was active before."""
    from bioner.evaluation.promotion import rollback
    from bioner.store import open_store

    settings = read_settings()
    change = rollback(settings, open_store(settings), reason)
    typer.echo(f"{change.name} is active now (before: {change.previous})")


@refusing
def convert(
    checkpoint: Annotated[
        Path, path_argument("A TensorFlow BERT release: folder, archive or prefix.")
    ],
    out: Annotated[Path, path_option("The encoder folder to make, such as models/biobert.")],
) -> None:
    """Convert a TensorFlow BERT checkpoint (BioBERT) to a PyTorch encoder, without TensorFlow."""
    from bioner.models.tf_checkpoint import convert_tf_checkpoint

    settings = read_settings()
    folder = settings.models / out if out.parent == Path() else out
    check_writable("--out", folder)
    report = convert_tf_checkpoint(checkpoint, folder)
    skipped = ", ".join(f"{count} {rule}" for rule, count in report.skipped.items()) or "none"
    typer.echo(
        f"{report.folder}: {report.converted} tensors, {report.parameters:,} parameters, "
        f"{'cased' if report.cased else 'uncased'} vocabulary of {report.vocabulary:,}; "
        f"skipped: {skipped}"
    )
