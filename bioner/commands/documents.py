"""``review documents``: a project's documents, how far each is, whose it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from bioner.commands.arguments import MOST, check_count, check_known, check_range
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import print_json, print_rows, refusing, say
from bioner.settings import read_settings

if TYPE_CHECKING:
    from bioner.store import DocumentRow

HEAD = ("document", "state", "settled", "marks", "differing", "conflicting ids", "assigned to")


@refusing
def documents(
    project: ProjectOption = "",
    named: Annotated[str, typer.Option(help="Only those with this in their name.")] = "",
    state: Annotated[str, typer.Option(help="Only waiting, open or done ones; or any.")] = "any",
    assigned: Annotated[str, typer.Option(help="Only those that are this reviewer's.")] = "",
    order: Annotated[
        str,
        typer.Option(
            help="came, name, settled (the least first), sentences, marks, differing, clashes "
            "(the most first) or changed (the newest first)."
        ),
    ] = "came",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    skip: Annotated[int, typer.Option(help="Leave so many out at the beginning.")] = 0,
    limit: Annotated[int, typer.Option(help="How many to print.")] = 20,
    reviewer: Annotated[
        str, typer.Option(help="As this reviewer has them; without one, the user of this machine.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print a project's documents: state, marks, where models or reviewers differ, whose it is."""
    from bioner.store import DocumentFilter
    from bioner.store.listing import DocumentState, Order

    check_count("--limit", limit)
    check_range("--skip", skip, 0, MOST)
    states: tuple[DocumentState, ...] = get_args(DocumentState)
    orders: tuple[Order, ...] = get_args(Order)
    check_known("--state", state, ("any", *filter(None, states)))
    check_known("--order", order, orders)
    store = open_store(read_settings())
    filters = DocumentFilter(
        named=named, state=next((one for one in states if one == state), ""), whose=assigned
    )
    page = store.document_page(
        find_project(store, project),
        reviewer or store.actor.name,
        filters=filters,
        order=next(one for one in orders if one == order),
        is_reversed=reverse,
        offset=skip,
        limit=limit,
    )
    if as_json:
        rows = [{**asdict(one), "state": one.state} for one in page.rows]
        print_json({"documents": rows, "found": page.found})
        return
    print_rows(HEAD, map(_row, page.rows), empty="no such document")
    say(f"{len(page.rows):,} of {page.found:,} documents")


def _row(one: DocumentRow) -> list[str]:
    return [
        one.name,
        one.state,
        f"{one.settled} of {one.sentences}",
        str(one.marks),
        str(one.differing),
        str(one.clashes),
        ", ".join(one.assignees),
    ]
