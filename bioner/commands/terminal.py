"""What the commands share: results to stdout, progress and refusals to stderr."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec

import typer
from typer.core import TyperCommand

from bioner.commands.arguments import check_words
from bioner.errors import BionerError
from bioner.progress import OnProgress, Progress

P = ParamSpec("P")


def refusing(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a BionerError into one line on stderr and exit status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            check_words(command, kwargs)
            command(*args, **kwargs)
        except BionerError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from error
        except BrokenPipeError as error:
            sys.stderr.close()
            raise typer.Exit(1) from error

    return run


class RememberingCommand(TyperCommand):
    """A command that keeps its own words (``context.obj``), so that a job can repeat them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the words, then parse them."""
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)


def print_json(value: Any) -> None:
    """Print JSON to stdout, readable and in Unicode."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # Half a surrogate pair, which no output holds, becomes JSON's own escape of it.
    typer.echo(text.encode("utf-8", "backslashreplace").decode())


def say(text: str) -> None:
    """Print one line of progress to stderr; signs that would steer the terminal are replaced."""
    shown = "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)
    typer.echo(shown, err=True)


def counter(what: str, *, every_s: float = 1.0) -> OnProgress:
    """Return a callback that prints ``what: done/total`` to stderr, at most once a second."""
    last = 0.0
    began = time.monotonic()

    def show(heard: Progress) -> None:
        nonlocal last
        done, total = heard.done, heard.total or heard.done
        now = time.monotonic()
        if done < total and now - last < every_s:
            return
        last = now
        left = (now - began) / max(done, 1) * (total - done)
        end = "\n" if done >= total else ""
        line = f"\r{what}: {done:,}/{total:,}" + (
            f", about {left:.0f} s left  " if left else "    "
        )
        if sys.stderr.isatty():
            sys.stderr.write(line + end)
            sys.stderr.flush()
        elif done >= total:
            say(line.strip())

    return show


def table(rows: list[list[str]], *, right: frozenset[int] | set[int] = frozenset()) -> str:
    """Lay out rows in columns, the columns in ``right`` flush right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def print_rows(
    head: Sequence[str], rows: Iterable[Sequence[str | int]], *, empty: str = ""
) -> None:
    """Print rows under a head to stdout, numbers flush right; ``empty`` where there are none."""
    given = list(rows)
    if not given and empty:
        typer.echo(empty)
        return
    cells = [[f"{one:,}" if isinstance(one, int) else one for one in row] for row in given]
    right = {at for row in given for at, one in enumerate(row) if isinstance(one, int)}
    typer.echo(table([list(head), *cells], right=right))
