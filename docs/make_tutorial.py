"""Runs the tutorial as it stands: ``python docs/make_tutorial.py BIN FOLDER [--write] [--look]``.

BIN holds the ``bioner`` and the ``python`` to try, of an environment with the wheel in it; FOLDER
is an empty one outside the checkout. Each command of a block after ``<!-- run -->`` is run there in
order and must end as the block says. ``--write`` puts what it printed below it; ``--look`` takes
the pictures, with the browser of the environment that runs this script.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

DOCS = Path(__file__).resolve().parent
TUTORIAL = DOCS / "tutorial.md"
STEP = re.compile(
    r"<!-- run(?: exit=(?P<exit>\d))? -->\n```console\n(?P<body>.*?)```"
    r"|<!-- picture (?P<name>\w+) (?P<page>\w+) (?P<query>\S+) -->",
    re.DOTALL,
)
SHOWN = 18
"""Lines of an output that are shown, from its end; progress that overwrites itself is not."""
LONGEST = 160


def environment(bin: Path, folder: Path) -> dict[str, str]:
    """Return what the commands are told: where they are, and that all they make lies here."""
    return {
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "BIONER_HOME": str(folder / "home"),
        "BIONER_DEVICE": "cpu",
        "HF_HUB_OFFLINE": "1",
        "COLUMNS": "120",
    }


def run(command: str, expected: int, known: dict[str, str], folder: Path) -> str:
    """Run one command; return the end of what it printed. Exits where it ends otherwise."""
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=known, capture_output=True, text=True, check=False
    )
    took = time.monotonic() - began
    print(f"{took:6.1f} s  exit {done.returncode}  $ {command}", flush=True)
    if done.returncode != expected:
        sys.exit(f"expected exit {expected}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    lines = done.stdout.replace(f"{folder}/", "").rstrip().splitlines()
    shown = lines if len(lines) <= SHOWN else ["…", *lines[-SHOWN:]]
    return "\n".join(one if len(one) <= LONGEST else f"{one[:LONGEST]}…" for one in shown)


def commands(body: str) -> list[str]:
    """Return the commands of a block, without what stands below them."""
    return [line[2:] for line in body.splitlines() if line.startswith("$ ")]


def look(bin: Path, known: dict[str, str], folder: Path, step: re.Match[str]) -> None:
    """Start the app, open the page and keep what a window of 1,280 by 800 shows."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [str(bin / "bioner"), "app", "--port", str(port)]
    with (folder / "app.log").open("ab") as log:
        app = subprocess.Popen(command, cwd=folder, env=known, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)
                break
            except OSError:
                time.sleep(0.2)
        with sync_playwright() as tool:
            options = ["--no-sandbox", "--disable-gpu"]
            browser = tool.chromium.launch(executable_path="/usr/bin/chromium", args=options)
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            tab.set_default_timeout(120_000)
            tab.goto(f"{url}/{step['page']}?{step['query']}")
            tab.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
            tab.wait_for_timeout(3_000)
            tab.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
            path = DOCS / "pictures" / f"tutorial-{step['name']}.png"
            tab.screenshot(path=path)
            browser.close()
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
    finally:
        app.terminate()
        app.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bin", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--look", action="store_true")
    args = parser.parse_args()
    bin, folder = args.bin.absolute(), args.folder.resolve()
    for one in (DOCS / "tutorial").iterdir():
        if one.is_file():
            shutil.copy(one, folder)
    known = environment(bin, folder)
    text = TUTORIAL.read_text(encoding="utf-8")
    began = time.monotonic()

    def take(step: re.Match[str]) -> str:
        if step["name"]:
            if args.look:
                look(bin, known, folder, step)
            return step[0]
        shown = []
        for command in commands(step["body"]):
            shown += [f"$ {command}", run(command, int(step["exit"] or 0), known, folder)]
        body = "\n".join(one for one in shown if one)
        return step[0].replace(step["body"], f"{body}\n")

    written = STEP.sub(take, text)
    if args.write:
        TUTORIAL.write_text(written, encoding="utf-8")
    print(f"tutorial: every command ended as it says, {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
