"""``review decisions``: one choice about many alike waiting marks, on record, undone as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import check_count
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import StoreError
from bioner.settings import read_settings

if TYPE_CHECKING:
    from bioner.review.groups import Board
    from bioner.store import Decision

app = typer.Typer(help="One choice about many alike waiting marks.", no_args_is_help=True)

ReviewerOption = Annotated[
    str, typer.Option(help="In whose name; without one, the user of this machine.")
]


@app.command(name="list")
@refusing
def list_(
    project: ProjectOption = "",
    reviewer: ReviewerOption = "",
    limit: Annotated[int, typer.Option(help="How many to print of each.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print both as JSON.")] = False,
) -> None:
    """Print the groups of alike waiting marks, the most worth deciding first, and what is decided.

    A decision's number is what `undo` takes.
    """
    from bioner.review.groups import read_board

    check_count("--limit", limit)
    store = open_store(read_settings())
    name = find_project(store, project)
    who = reviewer or store.actor.name
    board, decisions = read_board(store, name, who), store.decisions(name, who, limit=limit)
    if as_json:
        print_json({"groups": _groups(board, limit), "decisions": [_row(d) for d in decisions]})
        return
    rows = [["marks", "doubt", "group", "written", "follows"]]
    for one in board.groups[:limit]:
        written = ", ".join(f"{surface} ×{n}" for surface, n in list(one.variants.items())[:4])
        follows = f"decision {one.follows.number}" if one.follows else ""
        rows.append([str(one.size), f"{one.doubt:.2f}", one.said, written, follows])
    typer.echo(table(rows, right={0, 1}) if len(rows) > 1 else "no mark waits")
    say(f"{board.marks:,} marks in {len(board.groups):,} groups wait")
    if board.test_marks:
        say(f"{board.test_marks:,} more lie in “my test”: those sentences are read one by one")
    if decisions:
        rows = [["decision", "marks", "sentences", "on", "what", "by", "stands"]]
        rows += [[str(value) for value in _row(one).values()] for one in decisions]
        typer.echo(table(rows, right={0, 1, 2}))


def _groups(board: Board, limit: int) -> list[dict[str, object]]:
    return [
        {
            "surface": one.surface,
            "labels": dict(one.labels),
            "variants": dict(one.variants),
            "marks": one.size,
            "doubt": round(one.doubt, 4),
            "follows": one.follows.number if one.follows else 0,
        }
        for one in board.groups[:limit]
    ]


def _row(one: Decision) -> dict[str, object]:
    from bioner.review.decisions import chosen

    return {
        "decision": one.number,
        "marks": one.marks,
        "sentences": one.sentences,
        "surface": one.choice.surface,
        "choice": chosen(one.choice),
        "reviewer": one.reviewer,
        "stands": one.stands,
    }


@app.command()
@refusing
def take(
    surface: Annotated[
        str, typer.Argument(help="The surface; without one, all that follows earlier decisions.")
    ] = "",
    label: Annotated[
        str, typer.Option(help="The type that its marks get; without one, no entity.")
    ] = "",
    boundary: Annotated[
        str, typer.Option(help="without or with a flanking word such as “gene”; else as marked.")
    ] = "",
    project: ProjectOption = "",
    reviewer: ReviewerOption = "",
) -> None:
    """Settle all waiting marks of a surface by one choice; their sentences are begun, not accepted.

    Nobody has looked in them for what was missed: `accept` says what they may teach all the same.
    """
    from bioner.review.decisions import (
        BOUNDARIES,
        check_type,
        choice_of,
        said,
        settle,
        take_following,
    )
    from bioner.review.groups import read_board

    ending = next((one for one in BOUNDARIES if one == boundary), None)
    if ending is None:
        raise StoreError(f"--boundary {boundary!r}: expected without, with, or nothing")
    store = open_store(read_settings())
    name = find_project(store, project)
    if label:
        check_type(store.project(name), label)
    who = reviewer or store.actor.name
    board = read_board(store, name, who)
    if not surface:
        taken = take_following(store, name, board, reviewer=who)
        for settled in taken:
            typer.echo(f"decision {settled.number}: {said(settled)}")
        if not taken:
            typer.echo("no waiting mark follows an earlier decision")
        return
    group = board.find(surface)
    if group is None:
        raise StoreError(f"no mark of {surface!r} waits in {name!r}; `list` prints those that do")
    settled = settle(store, name, group, choice_of(group, label, ending), reviewer=who)
    typer.echo(f"decision {settled.number}: {said(settled)}")


@app.command()
@refusing
def accept(project: ProjectOption = "", reviewer: ReviewerOption = "") -> None:
    """Accept the sentences in which every mark is decided, unread.

    Training learns from their marks, and nothing from what is not marked in them.
    """
    from bioner.review.decisions import accept_decided, said

    store = open_store(read_settings())
    name = find_project(store, project)
    settled = accept_decided(store, name, reviewer=reviewer or store.actor.name)
    typer.echo(
        f"decision {settled.number}: {said(settled)}"
        if settled.number
        else "in no begun sentence is every mark decided"
    )


@app.command()
@refusing
def undo(
    number: Annotated[int, typer.Argument(help="A decision's number, as `list` prints it.")],
    reviewer: ReviewerOption = "",
) -> None:
    """Take a decision back in all its sentences at once, but where somebody went on since."""
    check_count("number", number)
    store = open_store(read_settings())
    back = store.take_back(number, reviewer or store.actor.name)
    typer.echo(f"decision {number} is taken back in {back.sentences:,} sentences")
    if back.kept:
        say(f"{back.kept:,} sentences stay as they are: accepted or changed since")
