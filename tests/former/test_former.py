"""What the former layout saved opens unchanged: same counts, scores and states.

``make_fixtures.py`` made the files beside this one with the code of then, and wrote into
``expected.json`` what that code itself read in them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
import store_support
from make_fixtures import (
    summary_of_jobs,
    summary_of_merged,
    summary_of_models,
    summary_of_reports,
    summary_of_store,
)

from bioner.corpora.dataset_folder import read_dataset, read_manifest
from bioner.corpora.own import read_user_schema
from bioner.evaluation.comparison import compare_reports, pair
from bioner.evaluation.keys import evaluation_key
from bioner.evaluation.promotion import recorded
from bioner.evaluation.reports import find_evaluation
from bioner.jobs.folder import list_jobs, read_state
from bioner.jobs.metrics import read_metrics
from bioner.models.card import training_hashes
from bioner.models.catalogue import active_model, history, list_models
from bioner.settings import Settings, read_settings
from bioner.store import Store, open_store

HERE = Path(__file__).resolve().parent
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def settings(home: Path) -> Settings:
    """The saved folders, copied to where this test's settings look."""
    for name in ("home", "data", "models", "jobs"):
        shutil.copytree(HERE / name, home.parent / name, copy_function=shutil.copy2)
    return read_settings()


def plain(value: object) -> Any:
    """Return a value as it looks after a way through JSON: lists for tuples, text keys."""
    return json.loads(json.dumps(value))


def expected_of_store() -> dict[str, Any]:
    """What the store's code of then read; agreement is over what both looked for since.

    Nobody looked for the Chemical that only one of the two marked.
    """
    agreed = [3, {"Gene": 0.5, "all": 0.5}, [27], 1]
    then: dict[str, Any] = EXPECTED["store"]
    assert then["double"]["agreement"][1] == {"Chemical": 0.0, "Gene": 0.5, "all": 1 / 3}
    return {**then, "double": {**then["double"], "agreement": agreed}}


def test_the_database_holds_what_it_held(settings):
    store = open_store(settings)
    found = plain(summary_of_store(store))
    store.close()
    assert found == expected_of_store()


def test_work_goes_on_in_the_former_database(settings):
    store = open_store(settings)
    before = store.progress("clinic")
    item = store.claim_next("clinic", "bob")
    assert item is not None
    saved = store.save(
        store_support.edit_of(item, *item.mentions, verdict="accept", reviewer="bob")
    )
    assert saved.base == item.base
    assert store.progress("clinic").done == before.done + 1
    assert [one.seq for one in store.undo(item.item, "bob")] > [saved.seq]
    assert store.progress("clinic").done == before.done
    store.close()


@pytest.mark.skipif(
    bool(store_support.postgres_problem()), reason=store_support.postgres_problem() or "-"
)
def test_a_postgresql_database_holds_what_it_held(tmp_path):
    with store_support.postgres() as server, store_support.fresh_database(server) as url:
        with psycopg.connect(url) as connection:
            connection.execute((HERE / "store.sql").read_bytes())
        store = Store(url, tmp_path / "backups")
        found = plain(summary_of_store(store))
        store.close()
    assert found == expected_of_store()


def test_the_merged_folder_the_own_corpus_and_the_edited_mapping_read_as_they_did(settings):
    report = read_manifest(settings.merged).report.to_json()
    assert (report.pop("leaks_of_ten"), report.pop("leaks_beside")) == ({}, 0), "not counted then"
    found = summary_of_merged(report, read_dataset(settings.merged), read_user_schema(settings))
    assert plain(found) == EXPECTED["corpora"]


def test_models_cards_and_promotions_are_what_they_were(settings):
    listed = list_models(settings.models)
    hashes = {m.name: training_hashes(m.folder) for m in listed}
    found = summary_of_models(active_model(settings), history(settings), listed, hashes)
    assert plain(found) == EXPECTED["models"]


def test_a_former_model_tags(settings):
    from bioner.tagging.load import load_tagger

    sentences = read_dataset(settings.merged).test[:3]
    tagger = load_tagger(settings.models / "tiny", device="cpu")
    tagged = tagger.tag(sentences)
    assert [s.tokens for s in tagged] == [s.tokens for s in sentences]


def test_a_kept_evaluation_is_found_again_and_compares_as_it_did(settings):
    kept = [
        find_evaluation(
            evaluation_key(settings.models / name, settings.merged), settings.data / "reports"
        )
        for name in ("tiny", "tiny-next")
    ]
    assert kept[0] is not None
    assert kept[1] is not None
    both = pair(kept[0], kept[1])
    found = summary_of_reports(kept, compare_reports(both.a, both.b), recorded(settings))
    assert plain(found) == EXPECTED["reports"]


def test_jobs_stand_where_they_stood(settings):
    jobs = list_jobs(settings)
    states = {job.id: read_state(job.folder) for job in jobs}
    metrics = {job.id: read_metrics(job.id, settings) for job in jobs}
    assert plain(summary_of_jobs(jobs, states, metrics)) == EXPECTED["jobs"]
