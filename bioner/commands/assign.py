"""``review assign``: whose documents are whose, shared out evenly, a part seen by several."""

from __future__ import annotations

from typing import Annotated

import typer

from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import print_json, refusing, say
from bioner.errors import StoreError
from bioner.settings import read_settings


@refusing
def assign(
    to: Annotated[list[str] | None, typer.Option("--to", help="A reviewer; once for each.")] = None,
    project: ProjectOption = "",
    document: Annotated[
        list[str] | None,
        typer.Option("--document", help="Of these documents alone; once for each."),
    ] = None,
    overlap: Annotated[
        float, typer.Option(help="So many percent of the documents are seen by several.")
    ] = 0.0,
    by: Annotated[int, typer.Option(help="How many see each of those.")] = 2,
    anew: Annotated[
        bool, typer.Option("--anew", help="Also the documents that are somebody's already.")
    ] = False,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="The documents become everybody's again.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print who got what as JSON.")] = False,
) -> None:
    """Share documents out among reviewers, evenly by sentences; their queue shows them first."""
    from bioner.review.assigning import assign_shares, open_documents

    if bool(to) == everybody or not all(map(str.strip, to or ())):
        raise StoreError("--to: name the reviewers, or say --everybody")
    if not 0 <= overlap <= 100:
        raise StoreError(f"--overlap {overlap:g}: expected 0 to 100 percent")
    people = len(set(to or ()))
    if not 2 <= by <= max(people, 2) or (overlap and people < 2):
        raise StoreError(f"--by {by}: expected 2 to {people}, the number of reviewers named")
    store = open_store(read_settings())
    name = find_project(store, project)
    if everybody:
        chosen = open_documents(store.document_sizes(name), only=document or (), is_anew=True)
        count = store.assign(name, [one for one, _ in chosen], ())
        typer.echo(f"{count:,} documents are everybody's")
        return
    shares = assign_shares(
        store, name, to or (), overlap=overlap / 100, by=by, only=document or (), is_anew=anew
    )
    if as_json:
        print_json({"documents": shares.of, "sentences": shares.loads})
        return
    for who, sentences in shares.loads.items():
        count = sum(who in people for people in shares.of.values())
        typer.echo(f"{who}: {count:,} documents, {sentences:,} sentences")
    say(f"{len(shares.of):,} documents shared out, {shares.overlapping:,} seen by several")
