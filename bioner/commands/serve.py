"""``serve``: a model over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from bioner.commands.arguments import check_range
from bioner.commands.terminal import refusing, say


@refusing
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8600,
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")] = "",
    with_tokens: Annotated[
        bool,
        typer.Option(help="Ask for a token on this machine too."),
    ] = False,
    patience: Annotated[
        float, typer.Option(help="Seconds for a request's head, its body, and taking the answer.")
    ] = 30.0,
) -> None:
    """Answer POST /predict {"text": …} and GET /health over HTTP."""
    from bioner.serve import Limits, serve

    check_range("--port", port, 0, 65_535)
    check_range("--patience", patience, 1, 86_400)

    serve(
        host,
        port,
        model=model or None,
        announce=lambda address: say(f"serving {address}"),
        limits=Limits(patience_s=patience),
        with_tokens=with_tokens,
    )
