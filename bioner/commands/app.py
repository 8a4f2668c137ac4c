"""`app`: the pages in a browser, at an address that is safe to open."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Annotated

import typer

from bioner.commands.arguments import check_range
from bioner.commands.terminal import refusing, say
from bioner.errors import BionerError


@refusing
def app(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 8501,
    host_name: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers open the app, such as a proxy's; repeatable."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether to open it in the browser here.")
    ] = True,
) -> None:
    """Open the app; at an address that others reach, only with a way to sign in."""
    from bioner.people import app_command, is_loopback
    from bioner.processes import run_in_place
    from bioner.settings import PROJECT_ROOT, has_screen, read_settings

    check_range("--port", port, 0, 65_535)
    _, *words = app_command(host, port, host_name or (), read_settings().people)
    check_port(host, port)
    if port:
        words += ["--logger.hideWelcomeMessage", "true"]
        shown = f"[{host}]" if ":" in host else host
        where = "opens at http://" if is_loopback(host) else "listens on "
        say(f"BioNER Studio {where}{shown}:{port}. Leave this window open; Ctrl-C ends the app.")
    if browser and sys.stdout.isatty() and has_screen():
        words += ["--server.headless", "false", "--server.showEmailPrompt", "false"]
    command = [sys.executable, "-m", "bioner.ui.starting", *words]
    raise typer.Exit(run_in_place(command, PROJECT_ROOT))


def check_port(host: str, port: int) -> None:
    """Raise BionerError where another program listens at this address already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        if sys.platform != "win32":  # there it would share the port with who has it
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except UnicodeError as error:
            raise BionerError(f"--host {host:.200}: no name of an address ({error})") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return  # Streamlit says what is wrong with the address
            raise BionerError(
                f"port {port} is taken, perhaps by BioNER Studio itself: look at "
                f"http://{host}:{port}, or choose another with --port {port + 1}"
            ) from error
