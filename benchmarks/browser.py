"""What the benchmarks that look at pages share: the browser, patience, an app of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioner.settings import PROJECT_ROOT

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 120_000


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start_app(environment: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    """Start the app in this environment; return it and its address once its health answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=PROJECT_ROOT,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)
        except OSError:
            time.sleep(0.05)
        else:
            return process, url
    process.kill()
    sys.exit("the app did not answer within two minutes")


def appears(tab: Any, selector: str, text: str = "") -> None:
    """Wait until an element is drawn, one with this text if given, looked for at every frame.

    A locator's own looks are up to half a second apart, which is what would be measured.
    """
    tab.wait_for_function(
        """([selector, text]) => [...document.querySelectorAll(selector)].some(
            (one) => one.getClientRects().length && one.textContent.includes(text))""",
        arg=[selector, text],
        polling="raf",
    )
