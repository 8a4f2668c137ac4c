"""Makes what lies beside this file, with the code of the former layout (commit d51d899).

Modules had other names then, so run it in a checkout of that commit, whose modules it loads by
their names of then; of this file the test shares only the ``summary_of_…`` functions:

    git worktree add ../former d51d899 && cd ../former
    PYTHONPATH=. python PATH/OF/tests/former/make_fixtures.py NEW_FOLDER

NEW_FOLDER gets a user's data folder (database, promotions, gate decisions, an edited schema, an own
corpus), a merged folder, two kept evaluations, two small trained models, four job folders, the same
project as a PostgreSQL dump, and ``expected.json``: what the former code itself read in all these.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

SENTENCES = 3
"""Sentences of each sample corpus and split that the merged folder is made from."""


def former(name: str) -> Any:
    """Load a module of the former layout; by name, so that no check of today's imports meets it."""
    return importlib.import_module(f"bioner.{name}")


def main(root: Path) -> None:
    for name in ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS"):
        os.environ[f"BIONER_{name}"] = str(root / name.lower())
    os.environ["HF_HUB_OFFLINE"] = "1"
    root.mkdir()
    expected = {
        "corpora": make_corpora(root),
        "models": make_models(root),
        "reports": make_reports(root),
        "store": make_store(f"sqlite:///{root / 'home' / 'bioner.sqlite3'}", root),
        "jobs": make_jobs(root),
    }
    dump_postgres(root)
    for scratch in ("source", "backups", "encoder", "data/encoders"):
        shutil.rmtree(root / scratch, ignore_errors=True)
    for lock in root.rglob("*.lock"):
        lock.unlink()
    parts = [
        f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False, separators=(',', ':'))}"
        for name, part in expected.items()
    ]
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    (root / "expected.json").write_text(text, encoding="utf-8")


def make_corpora(root: Path) -> dict[str, Any]:
    """Add an own corpus, edit a mapping, and merge a few sample sentences."""
    settings = former("settings").read_settings()
    corpora, spans = former("corpora"), former("spans")
    for path in sorted((Path.cwd() / "data" / "sample").glob("*/*.tsv")):
        made = root / "source" / path.parent.name / path.name
        made.parent.mkdir(parents=True, exist_ok=True)
        blocks = path.read_text(encoding="utf-8").strip().split("\n\n")[:SENTENCES]
        made.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    own = corpora.OwnCorpus("lab-notes", "Lab notes", ("Gene",), {"GENE": "Gene"}, "ours")
    words = (("MYC", "drives", "growth", "."), ("Loss", "of", "TP53", "."), ("KRAS", "acts", "."))
    sentences = [
        spans.corpus_sentence(
            f"note-{n}",
            tokens,
            spans=[
                spans.Span(i, i + 1, "GENE", "GENE") for i, t in enumerate(tokens) if t.isupper()
            ],
        )
        for n, tokens in enumerate(words)
    ]
    former("own_corpora_add").add_corpus(
        settings, own, sentences, former("own_corpora").read_user_schema(settings)
    )
    edit = former("ui.mapping_edit")
    present = former("own_corpora").read_user_schema(settings).mapping_for("BC5CDR")
    rules = {source: rule.label for source, rule in present.rules.items()}
    covers = present.covers - {"Pathology"}
    edit.write_edit(settings, edit.MappingEdit("BC5CDR", rules, covers))
    former("merge_build").build(root / "source", settings.merged, settings)
    merge, schema = former("merge"), former("own_corpora").read_user_schema(settings)
    return summary_of_merged(
        merge.read_manifest(settings.merged).report, merge.read_dataset(settings.merged), schema
    )


def summary_of_merged(report: Any, dataset: Any, schema: Any) -> dict[str, Any]:
    return {
        "fingerprint": dataset.fingerprint,
        "schema": dataset.schema.fingerprint,
        "user_schema": schema.fingerprint,
        "report": report,
        "BC5CDR": sorted(schema.mapping_for("BC5CDR").covers),
        "lab-notes": sorted(schema.mapping_for("lab-notes").covers),
        "splits": {
            split: [
                [s.corpus, s.document, s.text, sorted(s.covers), spans_of(s)]
                for s in dataset.split(split)
            ]
            for split in ("train", "devel", "test")
        },
    }


def spans_of(sentence: Any) -> list[list[Any]]:
    return [[x.start, x.end, x.label, x.source_label] for x in sentence.spans]


def make_models(root: Path) -> dict[str, Any]:
    """Train two small models for a step or two, promote both and take the second back."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    settings = former("settings").read_settings()
    dataset = former("merge").read_dataset(settings.merged)
    counts = Counter(t.lower() for s in dataset.train for t in s.tokens)
    letters = [chr(c) for c in range(33, 127)]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    vocab += [f"##{c}" for c in letters if c.isalnum() and not c.isupper()]
    vocab += [w for w, n in sorted(counts.items()) if n > 1 and w not in letters]
    folder = root / "encoder"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocab),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True).save_pretrained(folder)
    run = [sys.executable, "-m", "bioner", "train", "--data", str(settings.merged)]
    run += ["--batch-size", "4", "--max-length", "60", "--device", "cpu"]
    for name, steps, base in (("tiny", 1, folder), ("tiny-next", 2, settings.models / "tiny")):
        out = ["--base", str(base), "--out", str(settings.models / name)]
        subprocess.run([*run, *out, "--max-steps", str(steps)], check=True)
        shutil.rmtree(settings.models / name / "checkpoints", ignore_errors=True)
    models = former("checkpoints")
    models.promote(settings, "tiny", "the first of our own", "ann")
    models.promote(settings, "tiny-next", "better on devel", "bob")
    models.rollback(settings, "it marks too much", "ann")
    listed = models.list_models(settings.models)
    hashes = {m.name: models.training_hashes(m.folder) for m in listed}
    return summary_of_models(
        models.active_model(settings), models.history(settings), listed, hashes
    )


def summary_of_models(active: str, history: Any, listed: Any, hashes: Any) -> dict[str, Any]:
    return {
        "active": active,
        "history": [[p.kind, p.name, p.previous, p.reason, p.by, p.at] for p in history],
        "listed": [[m.name, m.problem, m.can_tag, m.card.to_json()] for m in listed],
        "hashes": {name: sorted(found) for name, found in hashes.items()},
    }


def make_reports(root: Path) -> dict[str, Any]:
    """Keep an evaluation of each model (a dictionary tags in its place) and the gate's decision."""
    sys.path.insert(0, str(Path.cwd() / "tests"))
    from support import DictionaryTagger

    settings = former("settings").read_settings()
    reports, merge = former("reports"), former("merge")
    dataset = merge.read_dataset(settings.merged)
    known = {s.surface(x).lower(): x.label for s in dataset.train for x in s.spans}
    known |= {s.surface(x).lower(): x.label for s in dataset.test[::2] for x in s.spans}
    fewer = {word: label for number, (word, label) in enumerate(known.items()) if number % 3}
    kept = []
    for name, words in (("tiny", known), ("tiny-next", fewer | {"of": "Gene"})):
        tagger = DictionaryTagger(dataset, words)
        tagger.name = name
        key = reports.report_key(settings.models / name, settings.merged)
        trained_on = former("checkpoints").training_hashes(settings.models / name)
        kept.append(
            reports.evaluate_and_store(
                tagger, dataset, key, settings.data / "reports", trained_on=trained_on
            )
        )
    gate = former("gate")
    gate.record(settings, gate.decide(kept[1], kept[0]), by="ann")
    gate.record(settings, gate.decide(kept[0], kept[1]), by="bob")
    found = [
        reports.find_report(
            reports.report_key(settings.models / name, settings.merged), settings.data / "reports"
        )
        for name in ("tiny", "tiny-next")
    ]
    pair = former("comparison").pair(*found)
    differences = former("comparison").compare_reports(pair.a, pair.b)
    return summary_of_reports(found, differences, gate.recorded(settings))


def summary_of_reports(kept: Any, differences: Any, recorded: Any) -> dict[str, Any]:
    return {
        "evaluations": {
            one.key.model: {
                "folder": one.folder.name,
                "report": one.report.to_json(),
                "created": one.created,
                "mistakes": [
                    [m.kind, m.corpus, m.sentence, m.surface, m.predicted_surface, m.row]
                    for m in one.mistakes
                ],
                "judged": [
                    [j.row, spans_of(j.gold), spans_of(j.predicted)] for j in one.sentences()
                ],
            }
            for one in kept
        },
        "differences": [d.to_json() for d in differences],
        "decisions": [
            [
                *(r.at, r.by, r.decision.candidate, r.decision.active, r.decision.is_accepted),
                [[c["name"], c["is_passed"], c["text"]] for c in r.decision.to_json()["checks"]],
            ]
            for r in recorded
        ],
    }


def make_store(url: str, root: Path) -> dict[str, Any]:
    """Fill a database as a team would in a first week; return what it then holds."""
    stores, spans = former("store"), former("spans")
    store = stores.Store(url, root / "backups")
    types, covers = ("Gene", "Disease", "Chemical"), frozenset({"Gene", "Disease"})
    reviewers = (("ann", "curator"), ("bob", "reviewer"), ("eve", "reader"))
    guidelines = (("Gene", "Mark the symbol, not the word gene."),)
    store.create_project(stores.Project("clinic", types, covers, guidelines, reviewers))
    store.create_project(
        stores.Project("double", types, covers, (), (*reviewers, ("cy", "curator")), True)
    )

    def document(number: int, length: int = 3) -> Any:
        pieces = [f"TNF-α 🧬 and BRCA{n} in case {number} cause flu." for n in range(length)]
        text, ranges, mentions = "", [], []
        for piece in pieces:
            start = len(text) + bool(text)
            text = f"{text} {piece}".strip()
            ranges.append((start, len(text)))
            at = text.index("BRCA", start)
            mentions.append(
                spans.mention(
                    at,
                    at + 5,
                    "Gene",
                    status="predicted",
                    score=0.9,
                    alternatives=(spans.Alternative("Chemical", 0.1),),
                )
            )
        return spans.Document(f"d{number}", text, tuple(mentions), tuple(ranges))

    for project in ("clinic", "double"):
        given = [document(n) for n in range(8 if project == "clinic" else 2)]
        store.import_documents(project, given, model="tiny", schema="0123456789abcdef")
    gold = spans.Document(
        "g1",
        "Aspirin for flu. Nothing here.",
        (spans.mention(0, 7, "Chemical"), spans.mention(12, 15, "Disease")),
        ((0, 16), (17, 30)),
        attributes=(("source", "by hand"),),
    )
    store.import_documents("clinic", [gold], as_layer="gold", source="by hand")
    tokens = ("Loss", "of", "TP53", "matters", ".")
    sentence = spans.corpus_sentence(
        "AnatEM/test/7",
        tokens,
        spans=[spans.Span(2, 3, "Gene", "GGP", status="predicted", score=0.7)],
        covers=frozenset({"Gene"}),
        corpus="AnatEM",
        split="test",
    )
    store.import_sentences("clinic", [sentence], model="tiny", schema="0123456789abcdef")

    def edit(item: int, *mentions: Any, reviewer: str = "ann", **more: Any) -> Any:
        seen = store.open_item(item, reviewer, claim=False)
        return stores.Edit(
            item,
            seen.base,
            seen.surface,
            mentions,
            stores.surfaces_of(seen.text, mentions),
            reviewer,
            more.pop("verdict", "correct"),
            **more,
        )

    def reviewed(start: int, end: int, label: str, *more: tuple[int, int]) -> Any:
        return spans.Mention(((start, end), *more), label, status="reviewed")

    for number in range(8):
        for item in store.items_of("clinic", f"d{number}")[: 2 if number % 2 else 3]:
            seen = store.open_item(item, "ann")
            at = seen.text.index("TNF", seen.start)
            marks = (*seen.mentions, reviewed(at, at + 5, "Gene"))
            store.save(edit(item, *marks, note=f"case {number}", schema="0123456789abcdef"))
    one, two, three = store.items_of("clinic", "d1")
    begin = store.open_item(one, "bob", claim=False).start
    nested = (reviewed(begin, begin + 5, "Gene"), reviewed(begin, begin + 3, "Chemical"))
    store.save(edit(one, *nested, reviewer="bob", covers=frozenset(types)))
    store.save(edit(two, reviewer="bob", verdict="unsure", note="ask Ann"))
    store.undo(two, "bob")
    store.save(edit(one, nested[0], reviewer="ann"))
    store.undo(one, "ann")
    store.redo(one, "ann")
    start = store.open_item(three, "ann", claim=False).start
    store.save(edit(three, reviewed(start, start + 3, "Gene", (start + 10, start + 13))))
    first, second, third = store.items_of("clinic", "d3")
    store.save_all([edit(i, verdict="reject", batch="batch-1") for i in (first, third)])
    batch = [edit(i, verdict="accept", batch="batch-2") for i in (second, third)]
    store.save_all(batch)
    store.undo(third, "ann", "undo-of-batch-2")
    whole = store.open_item(store.items_of("clinic", "d5")[0], "ann", claim=False)
    ranges = [(0, document(5).sentence_ranges[1][1]), document(5).sentence_ranges[2]]
    store.resplit("clinic", "d5", ranges, "ann")
    assert whole.text == document(5).text
    store.erase_document("clinic", "d6", "ann", in_backups=False)
    store.restore_revision(store.history(one)[-1].seq, "ann")
    waiting = [row.item for row in store.queue("clinic", limit=50)]
    reasons = (stores.Reason("doubt", 0.8), stores.Reason("rare", 0.25))
    store.set_priorities(
        "clinic", [stores.Priority(i, 1 / (n + 1), reasons) for n, i in enumerate(waiting)]
    )
    for reviewer, label in (("bob", "Gene"), ("cy", "Chemical")):
        for n, item in enumerate(store.items_of("double", "d0")):
            seen = store.open_item(item, reviewer, claim=False)
            at = seen.text.index("BRCA", seen.start)
            mark = reviewed(at, at + 5, label if n else "Gene")
            store.save(edit(item, mark, reviewer=reviewer))
    store.adjudicate(store.items_of("double", "d0")[1], "ann", "bob")
    found = summary_of_store(store)
    store.close()
    return found


def summary_of_store(store: Any) -> dict[str, Any]:
    """Return as plain values all that the store says about its projects."""
    return {
        project.name: {
            "project": [
                list(project.types),
                sorted(project.covers),
                [list(pair) for pair in project.guidelines],
                [list(pair) for pair in project.reviewers],
                project.independent,
            ],
            "progress": _progress(store.progress(project.name)),
            "queue": [
                [
                    r.item,
                    r.document,
                    r.status,
                    r.priority,
                    [[x.name, x.score] for x in r.reasons],
                    sorted(r.labels),
                    r.is_test,
                ]
                for r in store.queue(project.name, limit=100)
            ],
            "items": {
                document.id: [
                    _item(store, item) for item in store.items_of(project.name, document.id)
                ]
                for document in store.export_documents(project.name)
            },
            "exports": {
                layer: [
                    [
                        d.id,
                        d.text,
                        [_mention(m) for m in d.mentions],
                        [list(a) for a in d.attributes],
                    ]
                    for d in store.export_documents(project.name, layer=layer)
                ]
                for layer in ("shown", "correction", "gold", "prediction")
            },
            "training": [_training(s) for s in store.evidence(project.name).sentences],
            "held_back": store.evidence(project.name).held_back,
            "my_test": [_training(s) for s in store.my_test(project.name)],
            "agreement": _agreement(store.agreement(project.name, "bob", "cy"))
            if project.independent
            else None,
        }
        for project in store.projects()
    }


def _progress(found: Any) -> dict[str, Any]:
    names = ("items", "waiting", "open", "done", "unsure", "rejected", "test_items", "documents")
    return {n: getattr(found, n) for n in names} | {"by_reviewer": dict(found.by_reviewer)}


def _mention(one: Any) -> list[Any]:
    alternatives = [[a.label, a.score] for a in one.alternatives]
    return [[list(f) for f in one.fragments], one.label, one.status, one.score, alternatives]


def _item(store: Any, item: int) -> dict[str, Any]:
    seen = store.open_item(item, "ann", claim=False)
    return {
        "item": item,
        "range": [seen.start, seen.end],
        "shown": [seen.layer, [_mention(m) for m in seen.mentions]],
        "gold": None if seen.gold is None else [_mention(m) for m in seen.gold],
        "predictions": [
            [p.model, p.schema, [_mention(m) for m in p.mentions]] for p in seen.predictions
        ],
        "said": [
            seen.base,
            seen.verdict,
            seen.status,
            seen.note,
            seen.is_test,
            sorted(seen.covers),
        ],
        "can_undo": list(store.can_undo(item, "ann")),
        "history": [
            [
                *(r.seq, r.kind, r.reviewer, r.verdict, r.note, r.base, r.target, r.batch, r.track),
                [_mention(m) for m in r.before],
                [_mention(m) for m in r.after],
            ]
            for r in store.history(item)
        ],
    }


def _training(one: Any) -> list[Any]:
    return [one.document, one.text, sorted(one.covers), spans_of(one), one.corpus]


def _agreement(found: Any) -> list[Any]:
    return [found.items, dict(found.exact), list(found.disagreements), found.settled]


def make_jobs(root: Path) -> dict[str, Any]:
    """Run a job to its end, stop one, let one fail, and keep a queued one as it lay there."""
    settings = former("settings").read_settings()
    jobs = former("jobs")

    def launch(title: str, *more: str, data: Path = settings.merged) -> Any:
        command = [sys.executable, "-m", "bioner", "train", "--data", str(data), "--device", "cpu"]
        command += ["--base", str(root / "encoder"), "--batch-size", "4", "--log-steps", "1"]
        command += ["--out", str(settings.models / "made" / title), "--max-length", "60", *more]
        spec = jobs.JobSpec(
            tuple(command),
            title,
            out=str(settings.models / "made" / title),
            data=str(data),
            base=str(root / "encoder"),
            details={"base": "encoder", "loss": "partial"},
        )
        return jobs.launch(spec, settings)

    def until(job: Any, *statuses: str) -> None:
        for _ in range(1200):
            if jobs.read_job(job.id, settings).status in statuses:
                return
            time.sleep(0.1)
        raise SystemExit(f"{job.id}: never {statuses}\n{jobs.tail_log(job.id, settings)}")

    finished = launch("finished", "--max-steps", "3")
    until(finished, "finished")
    failed = launch("failed", "--max-steps", "3", "--types", "Spaceship")
    until(failed, "failed")
    stopped = launch("stopped", "--max-steps", "5000")
    queued = launch("queued", "--max-steps", "3")
    while not jobs.read_metrics(stopped.id, settings):
        time.sleep(0.1)
    held = root / "queued"
    shutil.copytree(queued.folder, held)
    jobs.stop(queued.id, settings)
    jobs.stop(stopped.id, settings)
    until(queued, "stopped")
    until(stopped, "stopped")
    shutil.rmtree(queued.folder)
    held.rename(queued.folder)
    shutil.rmtree(settings.models / "made")
    found = jobs.list_jobs(settings)
    states = {job.id: former("job_folder").read_state(job.folder) for job in found}
    metrics = {job.id: jobs.read_metrics(job.id, settings) for job in found}
    return summary_of_jobs(found, states, metrics)


def summary_of_jobs(found: Any, states: Any, metrics: Any) -> dict[str, Any]:
    return {
        job.spec.title: {
            "id": job.id,
            "status": job.status,
            "stored": states[job.id].status,
            "attempt": job.state.attempt,
            "problem": job.state.problem,
            "mend": job.state.mend,
            "command": list(job.spec.command),
            "details": dict(job.spec.details),
            "duration": job.state.ended_at is not None and job.state.started_at is not None,
            "metrics": [[m.step, m.total_steps, m.loss, m.message] for m in metrics[job.id][-20:]],
        }
        for job in found
    }


def dump_postgres(root: Path) -> None:
    """Write the same project as SQL of a PostgreSQL database, for ``psql`` to read."""
    sys.path.insert(0, str(Path.cwd() / "tests"))
    from store_support import postgres

    program = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))[-1]
    with postgres() as url:
        make_store(url, root)
        plain = url.replace("postgresql+psycopg", "postgresql")
        dump = [str(program), "--no-owner", "--no-privileges", "--inserts", plain]
        done = subprocess.run(dump, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    kept = [x for x in lines if x and not x.startswith(("--", "\\restrict", "\\unrestrict"))]
    (root / "store.sql").write_text("\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
