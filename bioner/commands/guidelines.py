"""``review guidelines``: what each type means in a project, with examples."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from bioner.commands.arguments import check_count
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import print_json, refusing
from bioner.errors import StoreError
from bioner.settings import read_settings

app = typer.Typer(help="What each type means in a project, with examples.", no_args_is_help=True)

TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="A type of the project.")]
ReviewerOption = Annotated[
    str, typer.Option(help="In whose name; without one, the user of this machine.")
]
PLACE = re.compile(r"(?P<start>[0-9]{1,9})-(?P<end>[0-9]{1,9})")


@app.command()
@refusing
def show(
    project: ProjectOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the guidelines: a text by type, and examples with their numbers."""
    store = open_store(read_settings())
    found = store.project(find_project(store, project))
    told, examples = dict(found.guidelines), store.examples(found.name)
    rows = [
        {
            "number": one.number,
            "type": one.example.label,
            "marked": one.example.is_positive,
            "text": one.text,
            "words": one.text if one.marked is None else one.text[slice(*one.marked)],
            "document": one.example.document,
            "note": one.example.note,
        }
        for one in examples
    ]
    if as_json:
        print_json({"guidelines": told, "examples": rows})
        return
    for name in found.types:
        mine = [row for row in rows if row["type"] == name]
        if name not in told and not mine:
            continue
        typer.echo(f"{name}: {told.get(name, 'nothing is written down')}")
        for row in mine:
            sign = "+" if row["marked"] else "-"
            note = f" ({row['note']})" if row["note"] else ""
            typer.echo(f"  {row['number']} {sign} {row['words']}: {row['text']}{note}")


@app.command(name="set")
@refusing
def set_(
    label: TypeArgument,
    text: Annotated[str, typer.Argument(help="What it means; nothing takes it away.")] = "",
    project: ProjectOption = "",
    reviewer: ReviewerOption = "",
) -> None:
    """Write down what a type means in this project."""
    from bioner.review.guidelines import write_guideline

    store = open_store(read_settings())
    found = store.project(find_project(store, project))
    write_guideline(store, found, label, text, reviewer or store.actor.name)
    typer.echo(f"{label}: {'written' if text.strip() else 'taken away'}")


@app.command()
@refusing
def example(
    label: TypeArgument,
    text: Annotated[
        str, typer.Argument(help="A text, the words that it is about in [[double brackets]].")
    ] = "",
    item: Annotated[
        int, typer.Option(help="Instead of a text: a reviewed sentence's number, with --at.")
    ] = 0,
    at: Annotated[str, typer.Option(help="START-END of its words, as `history` counts.")] = "",
    unmarked: Annotated[
        bool, typer.Option("--not", help="The words are not to be marked so.")
    ] = False,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    project: ProjectOption = "",
    reviewer: ReviewerOption = "",
) -> None:
    """Add an example of what is marked as a type, or of what is not."""
    from bioner.review.guidelines import add_example, example_of
    from bioner.store import Example

    if bool(text.strip()) == bool(at or item):
        raise StoreError("give a text, or --item with --at")
    words = PLACE.fullmatch(at)
    if at and words is None:
        raise StoreError(f"--at {at!r}: expected START-END")
    if at:
        check_count("--item", item)
    store = open_store(read_settings())
    found = store.project(find_project(store, project))
    who = reviewer or store.actor.name
    if words is None:
        made = Example(label=label, is_positive=not unmarked, note=note.strip(), text=text.strip())
    else:
        review = store.open_item(item, who, claim=False)
        place = int(words["start"]), int(words["end"])
        made = example_of(review, place, label, is_positive=not unmarked, note=note)
    kept = add_example(store, found, made, who)
    typer.echo(f"example {len(kept.examples) - 1} of {label}")


@app.command()
@refusing
def drop(
    number: Annotated[int, typer.Argument(help="The example's number, as `show` prints it.")],
    project: ProjectOption = "",
    reviewer: ReviewerOption = "",
) -> None:
    """Take an example away; the numbers behind it go down by one."""
    from bioner.review.guidelines import drop_example

    store = open_store(read_settings())
    found = store.project(find_project(store, project))
    drop_example(store, found, number, reviewer or store.actor.name)
    typer.echo(f"example {number} is taken away")
