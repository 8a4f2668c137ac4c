"""`app`: the pages in a browser, at an address that is safe to open."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from bioner.commands.arguments import check_range
from bioner.commands.terminal import refusing


@refusing
def app(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 8501,
    host_name: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers open the app, such as a proxy's; repeatable."),
    ] = None,
) -> None:
    """Open the app; at an address that others reach, only with a way to sign in."""
    from bioner.people import app_command
    from bioner.settings import PROJECT_ROOT, read_settings

    check_range("--port", port, 0, 65_535)
    _, *words = app_command(host, port, host_name or (), read_settings().people)
    command = [sys.executable, "-m", "bioner.ui.starting", *words]
    ran = subprocess.run(command, cwd=PROJECT_ROOT, check=False)
    raise typer.Exit(ran.returncode)
