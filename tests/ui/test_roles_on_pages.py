"""Buttons of what somebody may not do are closed and say why, on every page, for every role."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_support import load_tagger, make_model
from runs import make_bulk, make_run
from store_support import a_document, a_project, edit_of
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from bioner.access import NEEDS, Action, Actor, Role
from bioner.corpora.adding import add_corpus
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.own import OwnCorpus
from bioner.labels import read_schema
from bioner.review.curation import Taken, curate
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import mention
from bioner.store import open_store
from bioner.ui.corpora.page import SECTIONS

DOES = {
    "corpora_fetch": Action.CORPORA,
    "FormSubmitter:corpora_folder": Action.FOLDERS,
    "own_remove_": Action.CORPORA,
    "own_add": Action.CORPORA,
    "mapping_restore": Action.MAPPING,
    "mapping_apply": Action.MAPPING,
    "train_start": Action.JOBS,
    "train_on_start": Action.JOBS,
    "train_measure": Action.JOBS,
    "train_stop": Action.JOBS,
    "train_kill": Action.JOBS,
    "train_resume": Action.JOBS,
    "train_smaller": Action.JOBS,
    "train_retry": Action.JOBS,
    "train_delete": Action.JOBS,
    "train_promote": Action.PROMOTE,
    "train_use": Action.PROMOTE,
    "train_rollback": Action.PROMOTE,
    "train_tf_convert": Action.MODELS,
    "bulk_start": Action.FOLDERS,
    "bulk_stop_": Action.JOBS,
    "bulk_resume_": Action.JOBS,
    "bulk_delete_": Action.JOBS,
    "bulk_send_": Action.IMPORT,
    "predict_keep": Action.ANNOTATE,
    "kept_delete_": Action.ANNOTATE,
    "predict_correct": Action.IMPORT,
    "join_": Action.ANNOTATE,
    "undo_split": Action.ANNOTATE,
    "restore_1": Action.ANNOTATE,
    "covers_": Action.ANNOTATE,
    "FormSubmitter:paste": Action.IMPORT,
    "FormSubmitter:freeze": Action.CORPORA,
    "FormSubmitter:new_project": Action.CREATE,
    "add_sample": Action.IMPORT,
    "upload_do": Action.IMPORT,
    "order_queue": Action.PRIORITIES,
    "save_project": Action.CHANGE,
    "add_type_do": Action.CHANGE,
    "vocabularies_save": Action.CHANGE,
    "vocabulary_make": Action.CORPORA,
    "guideline_": Action.CHANGE,
    "FormSubmitter:guideline_": Action.CHANGE,
    "erase_do": Action.ERASE,
    "backup_now": Action.BACKUP,
    "restore_do": Action.RESTORE,
    "choose_": Action.ADJUDICATE,
    "curate_": Action.ADJUDICATE,
    "more_remove_": Action.CORPORA,
    "more_fetch_": Action.CORPORA,
    "FormSubmitter:more_file_": Action.FOLDERS,
    "decide_": Action.ANNOTATE,
    "suggest_run": Action.IMPORT,
    "suggest_": Action.ANNOTATE,
    "dictionary_make": Action.DICTIONARY,
    "term_": Action.DICTIONARY,
    "metrics_sample": Action.CORPORA,
    "metrics_stop": Action.JOBS,
    "metrics_evaluate": Action.JOBS,
    "metrics_own_test": Action.JOBS,
    "metrics_retrain": Action.JOBS,
    "metrics_promote": Action.PROMOTE,
    "metrics_refuse": Action.PROMOTE,
    "metrics_rollback": Action.PROMOTE,
}
"""How a button's key begins, and what it does."""

FREE = (
    "sign_out", "predict_go", "predict_leave", "queue_", "review_", "go_", "everywhere_leave",
    "curate_go_", "decide_next_", "decide_all_", "decide_again", "decide_edge_", "decide_tick_",
    "dictionary_shown", "dictionary_write",
)  # fmt: skip
"""Buttons that change nothing but what is shown."""

VIEWS = [
    ("", {}),
    *(("1_Corpora.py", {"part": part}) for part in SECTIONS),
    *(("2_Train.py", {"view": view}) for view in ("new", "runs", "models")),
    ("3_Predict.py", {"text": "TNF-α primes keratinocytes."}),
    ("3_Predict.py", {"from": "Folder"}),
    *(
        ("4_Review.py", {"project": "p", "part": part})
        for part in ("Decide", "Suggest", "Correct", "Texts", "Compare", "Project")
    ),
    ("4_Review.py", {"project": "two", "part": "Compare"}),
    ("5_Metrics.py", {}),
    ("6_Dictionary.py", {}),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Path:
    root = tmp_path_factory.mktemp("roles")
    folders = {name: root / name for name in ("home", "backups", "data", "models", "jobs")}
    settings = Settings(
        database_url=f"sqlite:///{root}/home/bioner.sqlite3", device="cpu", **folders
    )
    write_dataset(sample, settings.merged)
    for name in ("bioner-compact", "other"):
        make_model(settings.models / name)
    make_run(settings, "one", "failed", problem="stopped", mend="")
    make_bulk(settings, "abstracts")
    schema = read_schema()
    own = OwnCorpus("own", "Own", ("Gene",), {name: name for name in schema.names})
    add_corpus(settings, own, sample.train[:3], schema)
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [a_document(n) for n in range(3)], model="m")
    seen = store.open_item(store.items_of("p", "d0")[0])
    store.save(edit_of(seen, mention(0, 5, "Gene"), verdict="accept"))
    store.create_project(a_project("two", independent=True))
    store.import_documents("two", [a_document()], model="m")
    for item in store.items_of("two", "d0"):
        for name, end in (("ann", 5), ("bob", 13)):
            seen, start = store.open_item(item, name), store.open_item(item).start
            marks = mention(start, start + end, "Gene")
            store.save(edit_of(seen, marks, reviewer=name))
    again = store.side_by_side("two")[0]
    curate(store, [Taken(sentence=again, mentions=())], "cora")
    store.close()
    return root


@pytest.fixture
def place(home: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("bioner.tagging.load.load_tagger", load_tagger)
    shutil.copytree(made, home.parent, dirs_exist_ok=True)
    return read_settings()


def buttons(role: Role, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Button]]:
    """Open each page as somebody with this role; give its buttons with the page's name."""
    actor = Actor("ann", role, is_known=True)
    monkeypatch.setattr("bioner.ui.session.find_actor", lambda _people: actor)
    for page, params in VIEWS:
        app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
        if page:
            app.switch_page(f"pages/{page}")
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, [one.value for one in app.exception]
        for one in app.button:
            yield f"{page} {params.get('part', '')}", one


@pytest.mark.parametrize("role", Role)
def test_a_button_is_closed_for_whom_it_is_not_and_says_so(
    place: Settings, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    unknown, open_to_strangers, closed_to_all = set(), set(), set()
    met = set()
    for page, button in buttons(role, monkeypatch):
        key = str(button.key)
        found = next((action for begin, action in DOES.items() if key.startswith(begin)), None)
        if key.startswith(FREE):
            continue
        if found is None:
            unknown.add((page, key, button.label))
            continue
        met.add(found)
        says_why = f"To {found} needs a" in (button.help or "")
        if role < NEEDS[found] and not (button.disabled and "needs a" in (button.help or "")):
            open_to_strangers.add((page, key))
        if role >= NEEDS[found] and says_why:
            closed_to_all.add((page, key))
    assert not unknown
    assert not open_to_strangers
    assert not closed_to_all
    assert len(met) > 8
