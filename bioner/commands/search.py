"""``review search``, ``review vocabularies``: marks by their concepts, and whose those may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from bioner.commands.arguments import ArgumentError, check_count, check_known
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import print_json, print_rows, refusing
from bioner.settings import read_settings

if TYPE_CHECKING:
    from bioner.store import QueueFilter, Store

LONGEST = 80
"""Characters of a sentence that are printed in a table."""


@refusing
def search(
    project: ProjectOption = "",
    concept: Annotated[
        str, typer.Option(help="A concept's identifier, with or without its database.")
    ] = "",
    type_: Annotated[str, typer.Option("--type", help="Only marks of this type.")] = "",
    document: Annotated[str, typer.Option(help="Only this text.")] = "",
    words: Annotated[str, typer.Option(help="Only sentences with these words.")] = "",
    status: Annotated[str, typer.Option(help="Only waiting, open, … sentences; or all.")] = "all",
    limit: Annotated[int, typer.Option(help="How many sentences to print.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print the marks shown in a project's texts, with their concepts and their sentences."""
    from bioner.store import QueueFilter
    from bioner.store.queue_items import StatusFilter

    check_count("--limit", limit)
    check_known("--status", status, get_args(StatusFilter))
    store = open_store(read_settings())
    name = find_project(store, project)
    if type_:
        check_known("--type", type_, store.project(name).types)
    chosen: StatusFilter = next(one for one in get_args(StatusFilter) if one == status)
    wanted = QueueFilter(status=chosen, label=type_, document=document, text=words, concept=concept)
    rows = list(_marks(store, name, wanted, limit))
    if as_json:
        print_json(rows)
        return
    head = ("item", "document", "mark", "type", "concept", "sentence")
    print_rows(
        head,
        ([_short(str(one[key])) for key in head] for one in rows),
        empty="nothing is like that",
    )


def _marks(store: Store, name: str, wanted: QueueFilter, limit: int) -> Iterator[dict[str, Any]]:
    """Yield the marks that are looked for, the sentences in the order of the queue."""
    from bioner.identifiers import identifier_of, search_key, search_keys
    from bioner.store import surfaces_of

    key = search_key(wanted.concept)
    for row in store.queue(name, filters=wanted, limit=limit):
        review = store.open_item(row.item, claim=False)
        shown = zip(review.mentions, surfaces_of(review.text, review.mentions), strict=True)
        for one, surface in shown:
            if wanted.label and one.label != wanted.label:
                continue
            if key and key not in search_keys(one.attributes):
                continue
            yield {
                "item": row.item,
                "document": row.document,
                "start": one.start,
                "end": one.end,
                "mark": surface,
                "type": one.label,
                "concept": identifier_of(one.attributes),
                "status": row.status,
                "sentence": row.surface,
            }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


@refusing
def vocabularies(
    project: ProjectOption = "",
    use: Annotated[
        list[str] | None, typer.Option("--use", help="A vocabulary; may be given several times.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Use none any more.")] = False,
) -> None:
    """Say whose concepts a project's marks may get; without an option print which they are."""
    from bioner.review.offers import choose_vocabularies

    if use and none:
        raise ArgumentError("--none: with --use it makes no sense; give one")
    settings = read_settings()
    store = open_store(settings)
    name = find_project(store, project)
    chosen = store.project(name).vocabularies
    if use or none:
        made = choose_vocabularies(store, settings, name, use or (), store.actor.name)
        chosen = made.vocabularies
    typer.echo(f"{name}: {', '.join(chosen) or 'no vocabulary'}")
