"""The command line: parse, call, print."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bioner.commands.tree import app as app


def __getattr__(name: str) -> Any:
    """Import every command only where somebody asks for them all."""
    if name == "app":
        from bioner.commands.tree import app

        return app
    raise AttributeError(f"module 'bioner.__main__' has no attribute {name!r}")


def run(program: str = "bioner") -> None:
    """Run the command line; `app` alone is there sooner than with all the others beside it."""
    if sys.argv[1:2] == ["app"]:
        import typer

        from bioner.commands.app import app as open_app

        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command()(open_app)
        alone(args=sys.argv[2:], prog_name=f"{program} app")
        return
    from bioner.commands.tree import app

    app(prog_name=program)


if __name__ == "__main__":
    run("python -m bioner")
