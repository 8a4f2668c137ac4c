"""Every number of the loop, on each page and command, against the database's own.

    python -m benchmarks.honesty [--browser] [--break NAME] [--json FILE]

Builds, in a folder of its own, the situations in which pages used to disagree: a project with "my
test" and sentences in every state, one too small for it, one of two reviewers, gold with labels
that are left out, a text kept for a link, and a run that waits while people go on correcting. Then
opens Home, Corpora, Train, Predict, Review and Metrics, calls ``review status``, ``models show``
and ``models list``, reads the run's card and log, and compares. ``--browser`` reads in
Chromium, by test ids, what is no chart and no table (these are drawn on a canvas). ``--break``
makes one of the database's numbers wrong by one, to see that it is found. Exits with 1 where
something differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.honesty_doors import Open, Page, command, in_browser, number
from benchmarks.honesty_situations import MODEL, build, queue_of, say
from benchmarks.honesty_truth import Truth, read_truth
from bioner.commands.terminal import table
from bioner.evaluation.published import COLUMNS
from bioner.figures import duration
from bioner.jobs.folder import Job, list_jobs
from bioner.jobs.slots import take_slots
from bioner.settings import Settings, read_settings
from bioner.spans import Document
from bioner.store import Store
from bioner.ui.metrics.board import column_name

LIMIT_S = 1_500
LONG = "Aspirin is given to mice with p53. " * 80


@dataclass(frozen=True)
class Compared:
    """One number where it stands, beside the database's own."""

    number: str
    where: str
    expected: object
    found: object

    @property
    def is_same(self) -> bool:
        """Whether the place says what the database says."""
        return self.expected == self.found


def of_projects(truth: Truth, open_page: Open) -> Iterator[Compared]:
    """Compare each project on Home, on Review and in ``review status``."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in command("review", "status").splitlines()]
    rows = [row for row in rows if len(row) > 2]
    status = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    home = [one.strip() for one in open_page().said.splitlines()]
    names = ("documents", "sentences", "settled", "waiting", "begun", "unsure", "rejected", "done",
             "my test", "for training")  # fmt: skip
    for project, numbers in truth.projects.items():
        for name in names:
            found = status.get(project, {}).get(name, "-")
            yield Compared(name, f"review status, {project}", f"{numbers[name]:,}", found)
        line = (
            f"{numbers['settled']:,} of {numbers['sentences']:,} sentences settled · "
            f"{numbers['waiting']:,} waiting · {numbers['begun']:,} begun · "
            f"{numbers['unsure']:,} unsure"
        )
        found = next((one for one in home if one == line), "another line")
        yield Compared("settled, waiting, begun, unsure", f"Home, {project}", line, found)
    for project in ("large", "small", "gold"):
        numbers = truth.projects[project]
        page = open_page("4_Review", project=project)
        for name in ("settled", "waiting", "begun", "unsure"):
            pattern = rf"([\d,]+) of {numbers['sentences']:,} settled"
            found = number(pattern if name == "settled" else rf"([\d,]+) {name}", page.said)
            yield Compared(name, f"Review, {project}", numbers[name], found)
        shown = open_page("4_Review", project=project, status="open").said
        says_begun = "begun: changed, not accepted" in shown
        yield Compared("begun is named", f"Review, {project}", numbers["begun"] > 0, says_begun)


def of_training(truth: Truth, open_page: Open) -> Iterator[Compared]:
    """Compare what a run will use and what it will not."""
    pattern = r"([\d,]+) reviewed sentences? will be used"
    held = r"([\d,]+) of “my test” stay out"
    for where, page in (("Home", open_page()), ("Train", open_page("2_Train", view="new"))):
        yield Compared("usable for training", where, truth.usable, number(pattern, page.said))
        yield Compared("my test, reviewed", where, truth.held_back, number(held, page.said))
    page = open_page("2_Train", view="new")
    found = page.metric("Reviewed sentences")
    yield Compared("usable for training", "Train, estimate", f"{truth.usable:,}", found)
    page = open_page("5_Metrics", view="compare")
    label = page.button("metrics_retrain")
    found_number = number(r"with ([\d,]+) reviewed", label)
    yield Compared("usable for training", "Metrics", truth.usable, found_number)


def of_corpora(truth: Truth) -> Iterator[Compared]:
    """Compare the corrections on Corpora: sentences, mentions by type, what was looked for."""
    for split, expected in (("train", truth.usable), ("test", truth.held_back)):
        page = Page("1_Corpora", split=split)
        sizes = page.chart("Sentences by corpus and split")
        rows = [r for r in sizes if r.get("name") == "Corrections" and r.get("series") == split]
        found = int(rows[0]["value"]) if rows else None
        yield Compared("corrections", f"Corpora, {split}", expected, found)
        cells = [
            r for r in page.chart("Mentions by corpus and type") if "Corrections" in r.values()
        ]
        shown = {_column(row): row.get("value") for row in cells}
        for name, value in shown.items():
            wanted = truth.mentions[split][name] if name in truth.covers else None
            value = None if value is None else int(value)
            yield Compared("mentions by type, coverage", f"Corpora, {split}, {name}", wanted, value)
        yield Compared("types shown", f"Corpora, {split}", 13, len(shown))


def _column(row: dict[str, Any]) -> str:
    return next(
        str(v) for k, v in row.items() if k in ("column", "type", "name") and v != "Corrections"
    )


def of_models(settings: Settings) -> Iterator[Compared]:
    """Compare the models' scores with their cards."""
    from bioner.models.catalogue import list_models

    listed = command("models", "list")
    train = {row["Model"]: row for row in Page("2_Train", view="models").table("Test F1")}
    for entry in list_models(settings.models):
        assert entry.card is not None
        f1 = entry.card.f1
        raw = json.loads((entry.folder / "card.json").read_text(encoding="utf-8"))
        own = raw["scores"].get("overall", {}).get("micro", {}).get("f1")
        shown = json.loads(command("models", "show", entry.name))
        yield Compared("scores", f"models show, {entry.name}", raw["scores"], shown["scores"])
        found = train.get(entry.name, {}).get("Test F1")
        found = None if found is None or found != found else round(float(found), 6)
        wanted = None if own is None else round(100 * float(own), 6)
        yield Compared("scores", f"Train, models, {entry.name}", wanted, found)
        if f1 is not None:
            line = next(one for one in listed.splitlines() if entry.name in one.split())
            found = next(word for word in line.split() if re.fullmatch(r"\d+\.\d", word))
            yield Compared("scores", f"models list, {entry.name}", f"{100 * own:.1f}", found)


def of_metrics(settings: Settings, open_page: Open) -> Iterator[Compared]:
    """Compare the models' scores on Metrics with what their cards or their evaluations say."""
    written = {}
    for folder in sorted(path.parent for path in settings.models.glob("*/card.json")):
        raw = json.loads((folder / "card.json").read_text(encoding="utf-8"))["scores"]
        if raw:
            written[folder.name] = raw
    yield from _scores(written, "its card", open_page)
    raw = json.loads(command("evaluate", "--model", MODEL, "--json"))
    yield from _scores({MODEL: raw}, "measured here", open_page)


def _scores(written: dict[str, Any], source: str, open_page: Open) -> Iterator[Compared]:
    """Compare the leaderboard, and each model's own figures, with its scores as written."""
    rows = {row["Model"]: row for row in Page("5_Metrics", view="board").table("Source")}
    for model, raw in written.items():
        row = rows.get(model, {})
        yield Compared("scores", f"Metrics, leaderboard, {model}", source, row.get("Source"))
        for place in COLUMNS:
            for heading in (column_name(place, [place[0]]), column_name(place)):
                if heading in row and row[heading] == row[heading]:
                    # Of a corpus that is here in part one column stands for all of its types.
                    last = [one for one in COLUMNS if one[0] == place[0]][-1]
                    corpus, label = last if heading.endswith("(part)") else place
                    own = raw["by_corpus"][corpus]
                    own = own["by_type"][label] if label else own["micro"]
                    where = f"Metrics, leaderboard, {model}, {heading}"
                    yield Compared("scores", where, _points(own["f1"]), f"{row[heading]:.1f}")
        page = open_page("5_Metrics", view="scores", model=model)
        micro = raw["overall"]["micro"]
        for label, own in (
            ("F1 of all mentions", _points(micro["f1"])),
            ("Gold mentions", f"{micro['support']:,}"),
            ("Mean F1 of the types", _points(raw["overall"]["macro_f1"])),
        ):
            yield Compared("scores", f"Metrics, {model}, {label}", own, page.metric(label))


def _points(f1: float) -> str:
    return f"{100 * f1:.1f}"


def of_predict(settings: Settings, open_page: Open) -> Iterator[Compared]:
    """Compare what Predict says it found, and which texts are kept."""
    from bioner.review import kept_texts
    from bioner.tagging.ner import Ner

    kept = kept_texts.keep(settings, Document("long", LONG))
    page = open_page("3_Predict", kept=kept.id)
    found = number(r"([\d,]+) mentions? of", page.said)
    own = len(Ner(MODEL).entities(LONG).mentions)
    yield Compared("mentions found", "Predict", own, found)
    files = len(list((settings.home / kept_texts.FOLDER).glob("*.json")))
    yield Compared("kept texts", "Predict", files, open_page("3_Predict").count("kept_delete"))


def of_run(settings: Settings, store: Store, before: Truth) -> Iterator[Compared]:
    """Start a run from the Train page, correct on while it waits; compare what it has used."""
    settings.jobs.mkdir(parents=True, exist_ok=True)
    held = take_slots(settings.jobs, "cpu")
    assert held, "the device is free here"
    page = Page("2_Train", view="new")
    app = page.app
    for key, value in (("replay", 30), ("repeat", 1), ("epochs", 0.5)):
        app.number_input(key=f"train_on_{key}").set_value(value)
    app.run()
    app.button(key="train_on_start").click().run()
    assert not app.exception, [one.value for one in app.exception]
    [job] = list_jobs(settings)
    yield Compared("state", "the run waits", "queued", job.status)
    for item in queue_of(store, "small")[5:9]:
        say(store, item, "accept")
    for slot in held:
        slot.release()
    job = wait_for(settings, job.id)
    log = (job.folder / "log.txt").read_text(encoding="utf-8")
    yield Compared("state", "the run", "finished", job.status)
    if job.status != "finished":
        print(log[-3000:], file=sys.stderr)
        return
    used = before.usable
    card = json.loads(command("models", "show", Path(job.spec.out).name))
    yield Compared("used by the run", "models show", used, card["corrections"])
    raw = json.loads((Path(job.spec.out) / "card.json").read_text(encoding="utf-8"))
    yield Compared("used by the run", "card", used, raw["corrections"])
    yield Compared("used by the run", "job", used, job.spec.details["reviewed_sentences"])
    found = re.search(r"([\d,]+) reviewed sentences?, as they were at the launch", log)
    yield Compared("used by the run", "log", f"{used:,}", found[1] if found else None)
    run_page = Page("2_Train", view="runs", job=job.id)
    text = "\n".join(str(one.value) for one in run_page.app.code)
    found = re.search(r"of these corrections \| ([\d,]+)", text)
    yield Compared("used by the run", "Train, run card", f"{used:,}", found[1] if found else None)
    lasted = re.search(r"\| Duration \| ([^|]+) \|", text)
    own = duration(job.duration_s)
    yield Compared("duration", "Train, run card", own, lasted[1] if lasted else None)
    is_within = 0 < card["duration_s"] <= job.duration_s
    yield Compared("duration", "card: within the job's", True, is_within)
    lines = (job.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    scores = [json.loads(line) for line in lines]
    last = next(one["devel_f1"] for one in reversed(scores) if one.get("devel_f1") is not None)
    shown = run_page.metric("Devel F1")
    yield Compared("devel F1", "Train, run", f"{100 * last:.1f}", shown)
    has_parent = any(one.get("parent_f1") is not None for one in scores)
    yield Compared("parent's devel F1", "metrics", True, has_parent)


def wait_for(settings: Settings, id: str) -> Job:
    """Wait until a job has ended."""
    from bioner.jobs.folder import read_job

    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        job = read_job(id, settings)
        if not job.is_active:
            return job
        time.sleep(1)
    raise SystemExit(f"the run {id} did not end within {LIMIT_S} s")


def of_own_test(truth: Truth, open_page: Open) -> Iterator[Compared]:
    """Compare "my test" where the gate offers it."""
    page = open_page("5_Metrics", view="compare")
    found = number(r"\(([\d,]+) sentences\)", page.button("metrics_own_test"))
    yield Compared("my test, reviewed", "Metrics, gate", truth.held_back, found)


def compare_all(settings: Settings, open_page: Open, *, broken: str = "") -> list[Compared]:
    """Build the situations, open every door, and return every comparison."""
    store = build(settings)
    database = settings.home / "bioner.sqlite3"

    def truth() -> Truth:
        found = read_truth(database)
        if broken:
            found.projects["large"][broken] += 1
        return found

    before = truth()
    steps: Sequence[Callable[[], Iterator[Compared]]] = (
        lambda: of_projects(before, open_page),
        lambda: of_training(before, open_page),
        lambda: of_corpora(before),
        lambda: of_predict(settings, open_page),
        lambda: of_models(settings),
        lambda: of_run(settings, store, before),
        lambda: of_projects(truth(), open_page),
        lambda: of_training(truth(), open_page),
        lambda: of_models(settings),
        lambda: of_own_test(truth(), open_page),
        lambda: of_metrics(settings, open_page),
    )
    return [one for step in steps for one in step()]


def main() -> None:
    """Compare everything, print what differs and how much was compared; exit 1 on a difference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--browser", action="store_true", help="read pages in Chromium")
    parser.add_argument("--break", dest="broken", default="", metavar="NAME")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="honesty-") as name:
        for part in ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS"):
            os.environ[f"BIONER_{part}"] = str(Path(name) / part.lower())
        os.environ.pop("BIONER_DATABASE_URL", None)
        os.environ["BIONER_DEVICE"] = "cpu"
        (Path(name) / "models").mkdir()
        with in_browser() if given.browser else nullcontext(Page) as open_page:
            found = compare_all(read_settings(), open_page, broken=given.broken)
    by_number: dict[str, list[Compared]] = {}
    for one in found:
        by_number.setdefault(one.number, []).append(one)
    rows = [["number", "places", "same", "different"]]
    for name, ones in by_number.items():
        same = sum(one.is_same for one in ones)
        rows.append([name, str(len(ones)), str(same), str(len(ones) - same)])
    print(table(rows, right={1, 2, 3}))
    wrong = [one for one in found if not one.is_same]
    for one in wrong:
        print(f"{one.number} · {one.where}: the database says {one.expected}, there is {one.found}")
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in found], indent=1, default=str))
    print(f"honesty: {len(wrong)} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
