"""Every page at four widths, light and dark, as pictures; what is hard to read is counted.

    python -m benchmarks.screens [--data DIR] [--pages home,review] [--widths 390] [--theme dark]
    python -m benchmarks.screens --readme    the pictures that the README shows, in docs/pictures

Starts the app in folders of its own, with the shipped sample merged (or the merged corpora below
``--data``, as BIONER_DATA names them), the shipped model and a copy of it scored, a project that is
half reviewed, and two runs. Saves ``.artifacts/screens/<page>-<width>-<theme>.png`` and prints,
page by page, each text whose contrast is under 4.5:1 (3:1 where it is large), whatever is wider
than the window, and what axe-core calls serious or critical. Exit 1 if there is any. Needs
/usr/bin/chromium and the packages playwright and axe-playwright-python.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.accessibility import look_with_axe
from benchmarks.browser import CHROMIUM, PATIENCE_MS, start_app
from bioner.settings import PROJECT_ROOT

WIDTHS = (390, 1024, 1400, 1920)
THEMES = ("light", "dark")
OUT = PROJECT_ROOT / ".artifacts" / "screens"
PICTURES = PROJECT_ROOT / "docs" / "pictures"
IN_README = {
    "review-correct": "review",
    "predict-example": "predict",
    "metrics-scores": "metrics",
}
"""The views that the README shows, and the names of their pictures."""
TALLEST = 6_000
DRAWN = """() => {
  const app = document.querySelector("[data-testid='stApp']");
  if (app?.dataset.testScriptState !== 'notRunning') return false;
  if (document.querySelector('[data-stale=true], [data-testid=stSkeleton]')) return false;
  const ends = one => Number.isFinite(one.effect?.getComputedTiming().endTime);
  const moves = one => one.playState === 'running' && ends(one);
  if (document.getAnimations().some(moves)) return false;
  const height = document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 0;
  const now = performance.now();
  if (height !== window.bnHeight) [window.bnHeight, window.bnSince] = [height, now];
  return now - window.bnSince > 700;
}"""
"""The script has run and for a while nothing has grown: charts are drawn after the rest."""

FAINT = r"""() => {
  const parse = text => {
    const parts = text.match(/^color\(srgb ([^)]*)\)$/);
    if (parts) {
      const [r, g, b, a] = parts[1].replace('/', ' ').trim().split(/\s+/).map(Number);
      return [r * 255, g * 255, b * 255, a ?? 1];
    }
    const numbers = (text.match(/^rgba?\(([^)]*)\)$/)?.[1] ?? '').split(/[ ,/]+/).map(Number);
    return numbers.length >= 3 ? [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1] : null;
  };
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = text => {
    const found = parse(text);
    if (found) return found;
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const IGNORED = 'script, style, svg, [aria-hidden=true], [data-testid=stSliderTickBar]';
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!words || !element || element.closest(IGNORED)) continue;
    if (element.closest('[disabled], [aria-disabled=true]')) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || !element.checkVisibility({opacityProperty: true}))
      continue;
    const style = getComputedStyle(element);
    const layers = [];
    let opacity = 1;
    let unknown = false;
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    for (let one = element; one; one = one.parentElement) {
      const its = getComputedStyle(one);
      opacity *= Number(its.opacity);
      const around = one.getBoundingClientRect();
      const isBehind = x >= around.left && x <= around.right && y >= around.top
        && y <= around.bottom;
      if (!isBehind && !one.contains(document.body) && one !== document.body) continue;
      if (its.backgroundImage !== 'none') unknown = true;
      layers.push(rgba(its.backgroundColor));
    }
    if (unknown) continue;
    let below = [255, 255, 255];
    for (const layer of layers.reverse()) below = over(layer, below);
    const ink = rgba(style.color);
    if (ink[3] * opacity < 0.02) continue;
    const shown = over([ink[0], ink[1], ink[2], ink[3] * opacity], below);
    const [a, b] = [light(shown), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio >= (isLarge ? 3 : 4.5) - 0.005) continue;
    const place = element.closest('[data-testid]')?.dataset.testid ?? element.className;
    const key = `${place} ${element.tagName} ${element.className}`.slice(0, 90);
    const kept = found.get(key);
    if (!kept || ratio < kept.ratio) found.set(key, {key, ratio, words: words.slice(0, 40)});
  }
  return [...found.values()];
}"""
"""Texts whose contrast with what lies below them is too low, the worst of each kind of element."""

WIDE = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const found = [];
  if (main && main.scrollWidth > main.clientWidth + 1)
    found.push(`page: ${main.scrollWidth} px in ${main.clientWidth}`);
  for (const one of document.querySelectorAll('canvas, svg.marks, table, .bn-text, .bse')) {
    if (one.closest('[data-testid=stDataFrame], .bn-scroll, [class*=st-key-wide_]')) continue;
    const box = one.getBoundingClientRect();
    if (box.width && box.right > innerWidth + 1)
      found.push(`${one.tagName} ${one.getAttribute('class') ?? ''}: ends at ${box.right | 0} px`);
  }
  for (const one of document.querySelectorAll('[data-testid=stMetricValue] *, button p')) {
    const style = getComputedStyle(one);
    if (style.overflow !== 'visible' && one.scrollWidth > one.clientWidth + 1)
      found.push(`cut: ${one.textContent.slice(0, 40)}`);
  }
  return found;
}"""
"""What is wider than the window, and numbers and buttons whose words are cut."""


REVIEW = """
import sys
from bioner.settings import read_settings
from bioner.store import Edit, open_store, surfaces_of

store = open_store(read_settings())
for name in ("cytokine-signalling", "microbiology"):
    for number, item in enumerate(store.items_of(sys.argv[1], name)[:4]):
        for reviewer in ("Ann", "Ben") if number else ("Ann",):
            seen = store.open_item(item, reviewer, claim=False)
            marks = seen.mentions[number % 2:] if reviewer == "Ben" else seen.mentions
            store.save(Edit(item=item, base=seen.base, surface=seen.surface, mentions=marks,
                surfaces=surfaces_of(seen.text, marks), reviewer=reviewer, verdict="accept"))
"""

PAIR = """
from dataclasses import replace
from bioner.settings import read_settings
from bioner.store import open_store

store = open_store(read_settings())
own = store.project("Trial")
store.create_project(replace(own, name="Pair", independent=True, base=0))
"""


@dataclass(frozen=True)
class View:
    """A picture's name, the page it is of, and what stands in its address."""

    name: str
    page: str
    state: Mapping[str, str]


def views() -> Iterator[View]:
    """List every page, every part of it."""
    yield View("home", "", {})
    parts = (
        "overview",
        "sentences",
        "surfaces",
        "lens",
        "mapping",
        "merge",
        "more",
        "own",
        "sources",
    )
    for part in parts:
        yield View(f"corpora-{part}", "Corpora", {"part": part})
    for view in ("new", "runs", "compare", "models"):
        yield View(f"train-{view}", "Train", {"view": view})
    yield View("predict-empty", "Predict", {})
    example = {"example": "cytokine-signalling"}
    yield View("predict-example", "Predict", example)
    yield View("predict-two", "Predict", {**example, "against": "second"})
    for part in ("Correct", "Decide", "Suggest", "Documents", "Texts", "Compare", "Project"):
        state = {"project": "Trial", "reviewer": "Ann", "part": part}
        yield View(f"review-{part.lower()}", "Review", state)
    document = {"project": "Trial", "reviewer": "Ann", "scope": "Document"}
    yield View("review-document", "Review", document)
    pair = {"project": "Pair", "reviewer": "Ann", "part": "Compare"}
    yield View("review-pair", "Review", pair)
    for view in ("scores", "mistakes", "trust", "compare", "board"):
        yield View(f"metrics-{view}", "Metrics", {"view": view})
    for part in ("terms", "log", "out", "make"):
        yield View(f"dictionary-{part}", "Dictionary", {"part": part})


def prepare(root: Path, data: Path | None, *, is_scored: bool) -> dict[str, str]:
    """Fill folders below ``root`` as people would have left them; return the environment."""
    names = ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    places = {f"BIONER_{name}": str(root / name.lower()) for name in names}
    if data is not None:
        places["BIONER_DATA"] = str(data)
    environment = {**os.environ, **places, "BIONER_DEVICE": "cpu"}
    environment.pop("BIONER_DATABASE_URL", None)
    shipped = PROJECT_ROOT / "models" / "bioner-compact"
    for name in (shipped.name, "second"):
        shutil.copytree(shipped, root / "models" / name)
    config = root / "models" / "second" / "config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    def bioner(*words: str) -> None:
        command = [sys.executable, "-m", "bioner", *words]
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"bioner {' '.join(words)}: {done.stderr.strip()}")

    merged = str(Path(places["BIONER_DATA"]) / "merged")
    sample = PROJECT_ROOT / "data" / "sample"
    if not (Path(merged) / "manifest.json").is_file():
        bioner("corpora", "build", "--source", str(sample), "--out", merged)
    for name in (shipped.name, "second") if is_scored else ():
        bioner("evaluate", "--model", name, "--data", merged)
    texts = root / "texts.jsonl"
    with texts.open("w", encoding="utf-8") as sink:
        for path in sorted((sample / "texts").glob("*.txt")):
            one = {"id": path.stem, "text": path.read_text(encoding="utf-8")}
            sink.write(json.dumps(one) + "\n")
    bioner("review", "import", str(texts), "--project", "Trial", "--tag")
    bioner("dictionary", "build", "--project", "Trial", "--name", "sample")
    bioner(
        "review", "suggest", "run", "--project", "Trial", "--pattern", "T[a-z]+c", "--type", "Gene"
    )
    run(REVIEW, environment, "Trial")
    run(PAIR, environment)
    bioner("review", "import", str(texts), "--project", "Pair", "--tag")
    run(REVIEW, environment, "Pair")
    for name, status in (("gentle", "finished"), ("broken", "failed")):
        leave_run(Path(places["BIONER_JOBS"]), root / "models" / "second", name, status)
    return environment


def run(script: str, environment: Mapping[str, str], *words: str) -> None:
    """Let a script of its own do to the database what people do on pages."""
    command = [sys.executable, "-c", script, *words]
    subprocess.run(command, cwd=PROJECT_ROOT, env=dict(environment), check=True)


def leave_run(jobs: Path, out: Path, name: str, status: str) -> None:
    """Leave a job's folder as a run would."""
    folder = jobs / f"20260101-000000-{name}"
    folder.mkdir(parents=True)
    spec = {
        "command": [sys.executable, "-m", "bioner", "train", "--base", "base", "--out", str(out)],
        "title": name,
        "out": str(out),
        "base": "base",
        "created": "2026-01-01T10:00:00+00:00",
        "details": {"base": "bioner-compact", "preset": "quick", "corpora": ["CRAFT", "BC5CDR"]},
    }
    state: dict[str, Any] = {"status": status, "started_at": 1.0, "ended_at": 1_900.0}
    if status == "failed":
        state["problem"] = "out of memory"
    rows: list[dict[str, Any]] = []
    for step in range(10, 1_210, 10):
        row = {"step": step, "total_steps": 1_200, "loss": 40 / (step + 20), "at": float(step)}
        row["tokens_per_s"] = 5_000.0
        if step % 300 == 0:
            row["devel_f1"] = 0.728 - 20 / step
            row["devel_by_type"] = {"Gene": 0.8, "Disease": 0.7, "Chemical": 0.9}
        rows.append(row)
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "log.txt").write_text("step 1,200 of 1,200\n", encoding="utf-8")
    (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def look(tab: Any, view: View, width: int, theme: str) -> list[str]:
    """Take one picture at this width; return what is wrong with it."""
    tab.set_viewport_size({"width": width, "height": 900})
    tab.wait_for_function(DRAWN, timeout=PATIENCE_MS)
    high = int(tab.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))
    tab.set_viewport_size({"width": width, "height": min(TALLEST, max(900, high))})
    tab.wait_for_function(DRAWN, timeout=PATIENCE_MS)
    tab.screenshot(path=OUT / f"{view.name}-{width}-{theme}.png")
    wrong = [f"too wide at {width} px: {one}" for one in tab.evaluate(WIDE)]
    if tab.locator("[data-testid=stException]").count():
        wrong.append(f"a traceback at {width} px")
    return wrong


def show_in_readme(tab: Any, view: View) -> None:
    """Save what a window of 1,280 by 800 shows of this view, in few colours: it is kept in git."""
    from PIL import Image

    tab.set_viewport_size({"width": 1_280, "height": 800})
    tab.wait_for_function(DRAWN, timeout=PATIENCE_MS)
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{IN_README[view.name]}.png"
    tab.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="a data folder whose merged corpora are shown")
    parser.add_argument("--pages", default="", help="only views whose names begin so, by commas")
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)))
    parser.add_argument("--theme", choices=THEMES, action="append")
    parser.add_argument("--readme", action="store_true", help="the README's pictures alone")
    args = parser.parse_args()
    if not CHROMIUM.exists():
        sys.exit("no /usr/bin/chromium on this machine: install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    widths = [int(one) for one in args.widths.split(",")]
    chosen = [one for one in views() if one.name.startswith(tuple(args.pages.split(",")))]
    if args.readme:
        chosen = [one for one in views() if one.name in IN_README]
        widths, args.theme = [1_280], ["light"]
    OUT.mkdir(parents=True, exist_ok=True)
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    problems = 0
    with tempfile.TemporaryDirectory(prefix="bioner-screens-") as root, sync_playwright() as tool:
        is_scored = any(one.page == "Metrics" for one in chosen)
        data = args.data and args.data.resolve()
        environment = prepare(Path(root), data, is_scored=is_scored)
        process, url = start_app(environment)
        browser = tool.chromium.launch(executable_path=str(CHROMIUM), args=options)
        try:
            for theme in args.theme or THEMES:
                context = browser.new_context(color_scheme=theme)
                context.set_default_timeout(PATIENCE_MS)
                tab = context.new_page()
                for view in chosen:
                    query = "&".join(f"{name}={value}" for name, value in view.state.items())
                    tab.set_viewport_size({"width": widths[0], "height": 900})
                    tab.goto(f"{url}/{view.page}?{query}")
                    wrong = [one for width in widths for one in look(tab, view, width, theme)]
                    if args.readme:
                        show_in_readme(tab, view)
                    faint = sorted(tab.evaluate(FAINT), key=lambda one: one["ratio"])
                    wrong += [f"{one['ratio']:.2f}:1 {one['key']}: {one['words']}" for one in faint]
                    wrong += [str(one) for one in look_with_axe(tab)]
                    problems += len(wrong)
                    print(f"{view.name} {theme}: {len(wrong) or 'nothing wrong'}", flush=True)
                    for one in wrong:
                        print(f"    {one}", flush=True)
                context.close()
        finally:
            process.terminate()
            process.wait()
            browser.close()
    count = len(chosen) * len(widths) * len(args.theme or THEMES)
    print(f"screens: {count} pictures in {OUT.relative_to(PROJECT_ROOT)}, {problems} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
