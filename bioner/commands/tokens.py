"""`tokens`: add, list, revoke: who may ask the REST service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from bioner.commands.arguments import check_known, check_range
from bioner.commands.terminal import refusing, say

app = typer.Typer(help="Tokens of the REST service.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The token's name: whom or what it is for.")]


@app.command("add")
@refusing
def add(
    name: Name,
    scope: Annotated[
        list[str] | None, typer.Option(help="predict, health; repeatable. Default: both.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Days until it expires; 0: never.")] = 0,
) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    from bioner.bearer import SCOPES, TOKENS, add_token
    from bioner.settings import read_settings

    for one in scope or ():
        check_known("--scope", one, SCOPES)
    check_range("--days", days, 0, 36_500)
    typer.echo(add_token(read_settings().home / TOKENS, name, scopes=scope or SCOPES, days=days))
    say("Keep it: it is not shown again. Send it as `Authorization: Bearer TOKEN`.")


@app.command("list")
@refusing
def list_() -> None:
    """List the tokens: name, uses, when made and by whom, when it expires."""
    from bioner.bearer import TOKENS, read_tokens
    from bioner.settings import read_settings

    for one in read_tokens(read_settings().home / TOKENS):
        until = _day(one.expires) if one.expires else "never"
        typer.echo(f"{one.name}\t{','.join(one.scopes)}\t{_day(one.created)}\t{one.by}\t{until}")


@app.command("revoke")
@refusing
def revoke(name: Name) -> None:
    """Take a token back; a running service refuses it from the next request on."""
    from bioner.bearer import TOKENS, revoke_token
    from bioner.settings import read_settings

    revoke_token(read_settings().home / TOKENS, name)
    say(f"{name} is revoked.")


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
