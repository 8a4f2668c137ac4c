"""An erased text is in no folder; what cannot be deleted here is named."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from store_support import a_document, a_project

from bioner.access import Actor, Role
from bioner.errors import AccessError, StoreError
from bioner.evaluation.erasing import erase_everywhere
from bioner.evaluation.reports import reports_folder
from bioner.settings import read_settings
from bioner.store import open_store


def test_an_erased_text_leaves_every_folder_or_is_named(home) -> None:
    settings = read_settings()
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [a_document(n) for n in (1, 2)])
    kept = {}
    for number in (1, 2):
        kept[number] = reports_folder() / f"of-{number}"
        kept[number].mkdir(parents=True)
        tokens = f"BRCA1 variant {number}.0 causes cancer .".split()
        pq.write_table(pa.table({"tokens": [tokens]}), kept[number] / "sentences.parquet")
    job = settings.jobs / "one"
    job.mkdir(parents=True)
    (job / "train.jsonl").write_text(json.dumps({"text": "BRCA1 variant 1.1 causes cancer."}))
    (job / "other.jsonl").write_text(json.dumps({"text": "BRCA1 variant 2.1 causes cancer."}))
    named = [settings.dictionaries / "mine.dictionary", settings.data / "search.sqlite3"]
    for path, words in zip(
        named, (("variant 1.1 ", "causes", " cancer."), ("BRCA1 variant 1.1 causes cancer . 2",)),
        strict=True,
    ):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE examples (before, surface, after)")
            database.execute("INSERT INTO examples VALUES (?, ?, ?)", (*words, "", "")[:3])
            database.commit()
    done = erase_everywhere(store, settings, "p", "d1", "ann")
    assert (kept[1].exists(), kept[2].exists(), done.evaluations) == (False, True, 1)
    assert done.left == (job / "train.jsonl", *named)
    assert done.struck == ()
    assert done.server == ""
    store.close()
    for folder in (settings.home, settings.backups, settings.data):
        for path in folder.rglob("*"):
            if path not in named:
                assert not path.is_file() or b"variant 1." not in path.read_bytes(), path


def test_an_erasure_that_meets_a_damaged_backup_has_done_all_else(home) -> None:
    settings = read_settings()
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [a_document(1)])
    kept = reports_folder() / "of-1"
    kept.mkdir(parents=True)
    (kept / "texts.txt").write_text("BRCA1 variant 1.0 causes cancer.")
    job = settings.jobs / "one"
    job.mkdir(parents=True)
    (job / "train.txt").write_text("BRCA1 variant 1.1 causes cancer.")
    settings.backups.mkdir(parents=True, exist_ok=True)
    torn = settings.backups / "torn.sqlite3"
    torn.write_bytes(b"SQLite format 3\0 and no more")
    with pytest.raises(StoreError, match=r"torn.*may still hold.*train\.txt holds a sentence"):
        erase_everywhere(store, settings, "p", "d1", "ann")
    assert not kept.exists()
    torn.unlink()
    erase_everywhere(store, settings, "p", "d1", "ann")
    store.close()


def test_merged_data_that_holds_an_erased_text_is_named(home) -> None:
    settings = read_settings()
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [a_document(1)])
    merged = settings.data / "merged"
    merged.mkdir(parents=True)
    of = {"train": [[f"{n}"] for n in range(5000)], "test": [["nothing", "of", "it"]]}
    of["train"][4321] = ["BRCA1", "variant", "1.1", "causes", "cancer", "."]
    for split, tokens in of.items():
        pq.write_table(pa.table({"tokens": tokens}), merged / f"{split}.parquet")
    (merged / "devel.parquet").write_bytes(b"damaged")
    done = erase_everywhere(store, settings, "p", "d1", "ann")
    assert done.left == (merged / "train.parquet",)
    store.close()


def test_no_evaluation_goes_where_the_text_may_not(home) -> None:
    settings = read_settings()
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [a_document(1)])
    kept = reports_folder() / "of-1"
    kept.mkdir(parents=True)
    (kept / "texts.txt").write_text("BRCA1 variant 1.0 causes cancer.")
    with pytest.raises(AccessError):
        erase_everywhere(store.acting(Actor("ann", Role.ANNOTATOR)), settings, "p", "d1", "ann")
    assert kept.exists()
    store.close()
