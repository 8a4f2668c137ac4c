"""Every number of the loop, on each page and command, against the database's own.

    python -m benchmarks.honesty [--break NAME] [--json FILE]

Builds, in a folder of its own, the situations in which pages used to disagree: a project with "my
test" and sentences in every state, one too small for it, one of two reviewers, gold with labels
that are left out, a text kept for a link, and a run that waits while people go on correcting. Then
opens Home, Corpora, Train, Predict, Review and Metrics, calls ``review status``, ``models show``
and ``models list``, reads the run's card and log, and compares. ``--break`` makes one of the
database's numbers wrong by one, to see that it is found. Exits with 1 where something differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.honesty_truth import Truth, read_truth
from bioner.commands.terminal import table
from bioner.jobs.folder import Job, list_jobs
from bioner.jobs.slots import take_slots
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Edit, Project, QueueFilter, Store, Verdict, open_store, surfaces_of

MODEL = "bioner-compact"
LIMIT_S = 420
VERDICTS: tuple[Verdict | None, ...] = ("accept", "correct", "reject", "unsure", None)
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


# The situations


def build(settings: Settings) -> Store:
    """Make the corpora, the model in use and the projects."""
    from bioner.corpora.dataset_folder import write_dataset
    from bioner.corpora.merge import merge
    from bioner.corpora.read import read_corpora
    from bioner.labels import read_schema

    schema = read_schema()
    write_dataset(merge(read_corpora(settings.sample), schema), settings.merged)
    shutil.copytree(PROJECT_ROOT / "models" / MODEL, settings.models / MODEL)
    store = open_store(settings)
    looked_for = frozenset({"Gene", "Chemical"})
    for name, is_independent in (("large", False), ("small", False), ("two", True)):
        project = Project(name, schema.names, looked_for, independent=is_independent)
        store.create_project(project)
    store.import_documents("large", texts("large", 60, 4), model="m")
    store.import_documents("small", texts("small", 3, 4), model="m")
    store.import_documents("two", texts("two", 40, 3), model="m")
    for number, row in enumerate(queue_of(store, "large")[:120]):
        say(store, row, VERDICTS[number % 5])
    for row in queue_of(store, "small")[:5]:
        say(store, row, "accept")
    for number, row in enumerate(queue_of(store, "two")[:40]):
        say(store, row, "accept", reviewer="ann")
        say(store, row, "accept", reviewer="bob", label="Gene" if number % 3 else "Chemical")
    bring_gold(store, settings)
    return store


def texts(stem: str, count: int, sentences: int) -> list[Document]:
    """Make documents of numbered sentences, each beginning with a gene."""
    return [
        Document(
            f"{stem}-{n}",
            " ".join(f"BRCA1 met the case {n} of {stem} {i}." for i in range(sentences)),
        )
        for n in range(count)
    ]


def queue_of(store: Store, project: str) -> list[int]:
    """Return all items of a project."""
    rows = store.queue(project, filters=QueueFilter(status="all"), limit=10_000)
    return sorted(row.item for row in rows)


def say(
    store: Store, item: int, verdict: Verdict | None, *, reviewer: str = "ann", label: str = "Gene"
) -> None:
    """Review a sentence: its first word is of this type."""
    seen = store.open_item(item, reviewer, claim=False)
    marks = (mention(seen.start, seen.start + 5, label, status="reviewed"),)
    store.save(
        Edit(
            item=item,
            base=seen.base,
            surface=seen.surface,
            mentions=marks,
            surfaces=surfaces_of(seen.text, marks),
            reviewer=reviewer,
            verdict=verdict,
        )
    )


def bring_gold(store: Store, settings: Settings) -> None:
    """Bring gold of one kind of label in, another left out, and accept a part of it."""
    from bioner.models.card import hashes_of_models
    from bioner.review.intake import Origin, open_project, take_in
    from bioner.review.texts import LEFT_OUT, Texts, looked_for

    text = "Aspirin helped V600E."
    given = [
        Document(
            f"gold-{n}",
            text,
            (mention(0, 7, "Drug"), mention(15, 20, "SequenceVariant")),
            ((0, len(text)),),
        )
        for n in range(4)
    ]
    labels = {"Drug": "Chemical", "SequenceVariant": LEFT_OUT}
    types = store.project("large").types
    open_project(store, "gold", types)
    origin = Origin(
        source="gold.jsonl",
        schema="s",
        trained=lambda: hashes_of_models(settings.models),
        layer="gold",
        covers=looked_for(labels),
    )
    took = take_in(store, "gold", Texts(documents=given, labels=labels), origin)
    assert (took.receipt.mentions_in, took.receipt.mentions_placed) == (8, 4)
    for item in queue_of(store, "gold")[:3]:
        seen = store.open_item(item, claim=False)
        store.save(
            Edit(
                item=item,
                base=seen.base,
                surface=seen.surface,
                mentions=seen.mentions,
                surfaces=surfaces_of(seen.text, seen.mentions),
                reviewer="ann",
                verdict="accept",
            )
        )


# The doors


class Page:
    """A page as a person finds it, opened without a browser."""

    def __init__(self, script: str = "", **params: str) -> None:
        from streamlit.testing.v1 import AppTest

        self.app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=300)
        if script:
            self.app.switch_page(f"pages/{script}.py")
        for name, value in params.items():
            self.app.query_params[name] = value
        self.app.run()
        assert not self.app.exception, [one.value for one in self.app.exception]

    @property
    def said(self) -> str:
        """Its words, a part a line."""
        app = self.app
        kinds = (app.caption, app.markdown, app.info, app.warning, app.success, app.text)
        words = [str(one.value) for kind in kinds for one in kind]
        words += [one.proto.text for one in app.get("progress")]
        words += [str(one.proto.body) for one in app.get("html")]
        return "\n".join(words)

    def number(self, pattern: str, said: str = "") -> int | None:
        """Return the number that stands where the pattern has its group; None if nowhere."""
        found = re.search(pattern, said or self.said)
        return int(found[1].replace(",", "")) if found else None

    def metric(self, label: str) -> str:
        """Return the value of the figure of this name."""
        return next((str(one.value) for one in self.app.metric if one.label == label), "")

    def button(self, key: str) -> str:
        """Return a button's label."""
        return next((one.label for one in self.app.button if one.key == key), "")

    def chart(self, title: str) -> list[dict[str, Any]]:
        """Return the rows of the chart of this title."""
        for one in self.app.get("vega_lite_chart"):
            spec = json.loads(one.proto.spec)
            if title in json.dumps(spec.get("title", "")):
                return _rows_of(spec, one.proto)
        return []

    def table(self, column: str) -> list[dict[str, Any]]:
        """Return the rows of the table that has this column."""
        for one in self.app.dataframe:
            if column in one.value.columns:
                return list(one.value.to_dict("records"))
        return []


def _rows_of(spec: dict[str, Any], proto: Any) -> list[dict[str, Any]]:
    sets = [spec.get("data", {}), *spec.get("datasets", {}).values()]
    sets += [layer.get("data", {}) for layer in spec.get("layer", [])]
    for one in sets:
        values = one.get("values") if isinstance(one, dict) else one
        if values:
            return list(values)
    import pyarrow as pa

    for one in proto.datasets:
        with pa.ipc.open_stream(one.data.data) as stream:
            return list(stream.read_all().to_pylist())
    return []


def command(*words: str) -> str:
    """Return what a command prints."""
    from typer.testing import CliRunner

    from bioner.__main__ import app

    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


# What is compared


def of_projects(truth: Truth) -> Iterator[Compared]:
    """Compare each project on Home, on Review and in ``review status``."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in command("review", "status").splitlines()]
    rows = [row for row in rows if len(row) > 2]
    status = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    home = Page().said
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
        found = next((one for one in home.splitlines() if one == line), "another line")
        yield Compared("settled, waiting, begun, unsure", f"Home, {project}", line, found)
    for project in ("large", "small", "gold"):
        numbers = truth.projects[project]
        page = Page("4_Review", project=project)
        for name in ("settled", "waiting", "begun", "unsure"):
            pattern = rf"([\d,]+) of {numbers['sentences']:,} settled"
            found = page.number(pattern if name == "settled" else rf"([\d,]+) {name}")
            yield Compared(name, f"Review, {project}", numbers[name], found)
        shown = Page("4_Review", project=project, status="open").said
        says_begun = "begun: changed, not accepted" in shown
        yield Compared("begun is named", f"Review, {project}", numbers["begun"] > 0, says_begun)


def of_training(truth: Truth) -> Iterator[Compared]:
    """Compare what a run will use and what it will not."""
    pattern = r"([\d,]+) reviewed sentences? will be used"
    held = r"([\d,]+) of “my test” stay out"
    for where, page in (("Home", Page()), ("Train", Page("2_Train", view="new"))):
        yield Compared("usable for training", where, truth.usable, page.number(pattern))
        yield Compared("my test, reviewed", where, truth.held_back, page.number(held))
    page = Page("2_Train", view="new")
    found = page.metric("Reviewed sentences")
    yield Compared("usable for training", "Train, estimate", f"{truth.usable:,}", found)
    page = Page("5_Metrics", view="compare")
    label = page.button("metrics_retrain")
    found_number = page.number(r"with ([\d,]+) reviewed", label)
    yield Compared("usable for training", "Metrics", truth.usable, found_number)


def of_corpora(truth: Truth) -> Iterator[Compared]:
    """Compare the corrections on Corpora: sentences, mentions by type, what was looked for."""
    for split, expected in (("train", truth.usable), ("test", truth.held_back)):
        page = Page("1_Corpora", split=split)
        sizes = page.chart("Sentences by corpus and split")
        rows = [r for r in sizes if r.get("name") == "corrections" and r.get("series") == split]
        found = int(rows[0]["value"]) if rows else None
        yield Compared("corrections", f"Corpora, {split}", expected, found)
        cells = [
            r for r in page.chart("Mentions by corpus and type") if "corrections" in r.values()
        ]
        shown = {_column(row): row.get("value") for row in cells}
        for name, value in shown.items():
            wanted = truth.mentions[split][name] if name in truth.covers else None
            value = None if value is None else int(value)
            yield Compared("mentions by type, coverage", f"Corpora, {split}, {name}", wanted, value)
        yield Compared("types shown", f"Corpora, {split}", 13, len(shown))


def _column(row: dict[str, Any]) -> str:
    return next(
        str(v) for k, v in row.items() if k in ("column", "type", "name") and v != "corrections"
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


def of_predict(settings: Settings) -> Iterator[Compared]:
    """Compare what Predict says it found, and which texts are kept."""
    from bioner.review import kept_texts
    from bioner.tagging.ner import Ner

    kept = kept_texts.keep(settings, Document("long", LONG))
    page = Page("3_Predict", kept=kept.id)
    found = page.number(r"([\d,]+) mentions? of")
    own = len(Ner(MODEL).entities(LONG).mentions)
    yield Compared("mentions found", "Predict", own, found)
    files = len(list((settings.home / kept_texts.FOLDER).glob("*.json")))
    listed = [one for one in Page("3_Predict").app.button if str(one.key).startswith("kept_delete")]
    yield Compared("kept texts", "Predict", files, len(listed))


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
    for handle in held.values():
        os.close(handle)
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


def of_own_test(truth: Truth) -> Iterator[Compared]:
    """Compare "my test" where the gate offers it."""
    page = Page("5_Metrics", view="compare")
    found = page.number(r"\(([\d,]+) sentences\)", page.button("metrics_own_test"))
    yield Compared("my test, reviewed", "Metrics, gate", truth.held_back, found)


def compare_all(settings: Settings, *, broken: str = "") -> list[Compared]:
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
        lambda: of_projects(before),
        lambda: of_training(before),
        lambda: of_corpora(before),
        lambda: of_predict(settings),
        lambda: of_models(settings),
        lambda: of_run(settings, store, before),
        lambda: of_projects(truth()),
        lambda: of_training(truth()),
        lambda: of_models(settings),
        lambda: of_own_test(truth()),
    )
    return [one for step in steps for one in step()]


def main() -> None:
    """Compare everything, print what differs and how much was compared; exit 1 on a difference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--break", dest="broken", default="", metavar="NAME")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="honesty-") as name:
        for part in ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS"):
            os.environ[f"BIONER_{part}"] = str(Path(name) / part.lower())
        os.environ.pop("BIONER_DATABASE_URL", None)
        os.environ["BIONER_DEVICE"] = "cpu"
        (Path(name) / "models").mkdir()
        found = compare_all(read_settings(), broken=given.broken)
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
