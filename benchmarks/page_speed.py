"""How long a person waits on the Predict page, in a real browser with the shipped model.

    python -m benchmarks.page_speed [--rounds 7] [--json FILE]

Cold: from starting the app to the first marked text. Warm: from the click on *Find entities* to the
marks of a 250-word abstract of its own each time (nothing is served from a cache). Guides: 5 s and
0.5 s on the reference machine. Needs /usr/bin/chromium and the package playwright.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioner.settings import PROJECT_ROOT

CHROMIUM = Path("/usr/bin/chromium")
WORDS = 250
PATIENCE_MS = 120_000


def abstracts(count: int) -> list[str]:
    """Make texts of ``WORDS`` words from the shipped ones, each beginning elsewhere."""
    folder = PROJECT_ROOT / "data" / "sample" / "texts"
    words = " ".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.txt"))).split()
    starts = [(37 * number) % len(words) for number in range(count)]
    return [" ".join([*words[s:], *words[:s]][:WORDS]) for s in starts]


def start_app(environment: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    """Start the app in this environment; returns once its health answers."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=PROJECT_ROOT,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)
        except OSError:
            time.sleep(0.05)
        else:
            return process, url
    process.kill()
    sys.exit("the app did not answer within a minute")


def ask(tab: Any, text: str) -> float:
    """Paste a text, click, and return the seconds until its marks are on the screen."""
    tab.get_by_placeholder("Paste an abstract").fill(text)
    button = tab.get_by_role("button", name="Find entities")
    begin = text[:30]
    begun = time.perf_counter()
    button.click()
    tab.locator(".bn-reader .bn-text", has_text=begin).first.wait_for()
    tab.locator(".bn-reader [data-m]").first.wait_for()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not CHROMIUM.exists():
        sys.exit("no /usr/bin/chromium on this machine: install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    texts = abstracts(args.rounds + 2)
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with tempfile.TemporaryDirectory() as home, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=str(CHROMIUM), args=options)
        begun = time.perf_counter()
        process, url = start_app({**os.environ, "BIONER_HOME": home, "BIONER_BACKUPS": f"{home}-b"})
        try:
            tab = browser.new_page()
            tab.set_default_timeout(PATIENCE_MS)
            tab.goto(f"{url}/Predict")
            tab.get_by_placeholder("Paste an abstract").wait_for()
            ask(tab, texts[0])
            cold = time.perf_counter() - begun
            ask(tab, texts[1])
            warm = [ask(tab, text) for text in texts[2:]]
        finally:
            process.terminate()
            process.wait()
            browser.close()
    median = statistics.median(warm)
    print(f"cold, app start to first marks   {cold:6.2f} s  (guide 5 s)")
    print(f"warm, click to marks, median     {median:6.2f} s  (guide 0.5 s), max {max(warm):.2f} s")
    if args.json:
        raw = {"cold_s": cold, "warm_s": warm, "words": WORDS}
        args.json.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
