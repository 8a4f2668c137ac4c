"""Every role tries every action where it is done, below the pages: who may not is refused there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bioner.access import NEEDS, VISITOR, Action, Actor, Role
from bioner.bearer import TOKENS, add_token, revoke_token
from bioner.corpora.adding import add_corpus, remove_corpus
from bioner.corpora.bringing import bring
from bioner.corpora.build import build
from bioner.corpora.catalogue import find_entry
from bioner.corpora.concepts import vocabulary_path
from bioner.corpora.concepts_build import build_concepts
from bioner.corpora.fetch import fetch
from bioner.corpora.mapping_edit import MappingEdit, add_type, restore, write_edit
from bioner.corpora.own import OwnCorpus
from bioner.corpora.sharing import pull_corpus, push_corpus
from bioner.errors import AccessError, BionerError
from bioner.evaluation import promotion
from bioner.evaluation.verdicts import Decision
from bioner.jobs import launch
from bioner.jobs.folder import JobSpec
from bioner.labels import read_schema
from bioner.models.sharing import pull_model, push_model
from bioner.models.tf_checkpoint import convert_tf_checkpoint
from bioner.review.dictionary import dictionary_path
from bioner.review.dictionary_build import build_dictionary
from bioner.review.dictionary_curation import Choice, curate, undo
from bioner.settings import Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Edit, Priority, Project, Ruling, Store, new_op, open_store

TEXT = "TNF-α primes keratinocytes."
SCHEMA = read_schema()


@pytest.fixture
def settings(home: Path) -> Settings:
    found = read_settings()
    store = open_store(found)
    store.create_project(Project("Trial", SCHEMA.names, frozenset(SCHEMA.names)))
    marks = (mention(0, 5, "Gene", status="predicted", score=0.9),)
    store.import_documents("Trial", [Document("d1", TEXT, marks)])
    store.close()
    return found


def edit(store: Store, who: str) -> Edit:
    review = store.open_item(1, who, claim=False)
    return Edit(
        item=1,
        base=review.base,
        reviewer=who,
        surface=TEXT,
        mentions=(),
        surfaces=(),
        verdict="accept",
        op=new_op(),
    )


Try = Callable[[Settings, Store, Actor], object]

ATTEMPTS: dict[str, tuple[Action, Try]] = {
    "save": (Action.ANNOTATE, lambda s, store, a: store.save(edit(store, a.name))),
    "undo": (Action.ANNOTATE, lambda s, store, a: store.undo(1, a.name)),
    "redo": (Action.ANNOTATE, lambda s, store, a: store.redo(1, a.name)),
    "restore a revision": (
        Action.ANNOTATE,
        lambda s, store, a: store.restore_revision(1, a.name),
    ),
    "split": (
        Action.ANNOTATE,
        lambda s, store, a: store.resplit("Trial", "d1", [(0, len(TEXT))], a.name),
    ),
    "undo a split": (
        Action.ANNOTATE,
        lambda s, store, a: store.undo_resplit("Trial", "d1", a.name),
    ),
    "decide": (
        Action.ANNOTATE,
        lambda s, store, a: store.decide("Trial", Ruling(surface="TNF-α"), [], a.name),
    ),
    "take a decision back": (Action.ANNOTATE, lambda s, store, a: store.take_back(1, a.name)),
    "create": (
        Action.CREATE,
        lambda s, store, a: store.create_project(
            Project("New", SCHEMA.names, frozenset(SCHEMA.names))
        ),
    ),
    "settings": (
        Action.CHANGE,
        lambda s, store, a: store.update_project(store.project("Trial"), a.name),
    ),
    "assign": (Action.CHANGE, lambda s, store, a: store.assign("Trial", ["d1"], ["ann"], a.name)),
    "share out": (
        Action.CHANGE,
        lambda s, store, a: store.assign_each("Trial", {"d1": ["ann"]}, a.name),
    ),
    "import": (
        Action.IMPORT,
        lambda s, store, a: store.import_documents("Trial", [Document("d2", TEXT)]),
    ),
    "export": (Action.EXPORT, lambda s, store, a: store.export_documents("Trial")),
    "priorities": (
        Action.PRIORITIES,
        lambda s, store, a: store.set_priorities("Trial", [Priority(1, 0.5, ())]),
    ),
    "adjudicate": (Action.ADJUDICATE, lambda s, store, a: store.adjudicate(1, a.name, "Ben")),
    "curate": (Action.ADJUDICATE, lambda s, store, a: store.curate([], a.name)),
    "undo a curation": (Action.ADJUDICATE, lambda s, store, a: store.undo_curation(1, a.name)),
    "erase": (Action.ERASE, lambda s, store, a: store.erase_document("Trial", "d1", a.name)),
    "backup": (Action.BACKUP, lambda s, store, a: store.backup(s.backups / "mine.sqlite3")),
    "restore": (Action.RESTORE, lambda s, store, a: store.restore(s.backups / "none.sqlite3")),
    "promote": (Action.PROMOTE, lambda s, store, a: promotion.promote(s, store, "x", actor=a)),
    "roll back": (Action.PROMOTE, lambda s, store, a: promotion.rollback(s, store, actor=a)),
    "refuse a model": (
        Action.PROMOTE,
        lambda s, store, a: promotion.record(
            s, store, Decision(candidate="x", active="y", answers=()), actor=a
        ),
    ),
    "launch": (
        Action.JOBS,
        lambda s, store, a: launch.launch(
            JobSpec(("x", "--base", "none"), title="x", out=str(s.models / "x")), s, actor=a
        ),
    ),
    "stop": (Action.JOBS, lambda s, store, a: launch.stop("none", s, actor=a)),
    "resume": (Action.JOBS, lambda s, store, a: launch.resume("none", s, actor=a)),
    "retry": (Action.JOBS, lambda s, store, a: launch.retry("none", s, actor=a)),
    "delete a job": (Action.JOBS, lambda s, store, a: launch.delete("none", s, actor=a)),
    "mapping": (
        Action.MAPPING,
        lambda s, store, a: write_edit(s, MappingEdit("none", {}, frozenset()), actor=a),
    ),
    "restore a mapping": (Action.MAPPING, lambda s, store, a: restore(s, "none", actor=a)),
    "add a type": (Action.MAPPING, lambda s, store, a: add_type(s, "New", actor=a)),
    "add a corpus": (
        Action.CORPORA,
        lambda s, store, a: add_corpus(
            s, OwnCorpus("own", "Own", ("Gene",), {}), [], SCHEMA, actor=a
        ),
    ),
    "remove a corpus": (Action.CORPORA, lambda s, store, a: remove_corpus(s, "none", actor=a)),
    "build": (Action.CORPORA, lambda s, store, a: build(s.raw, s.merged, s, actor=a)),
    "bring a corpus in": (
        Action.CORPORA,
        lambda s, store, a: bring(replace(find_entry("AnEM"), files=()), s, actor=a),
    ),
    "bring a corpus in from a file": (
        Action.FOLDERS,
        lambda s, store, a: bring(find_entry("AnEM"), s, s.home / "none", actor=a),
    ),
    "fetch": (Action.CORPORA, lambda s, store, a: fetch(s.raw, [], actor=a)),
    "convert": (
        Action.MODELS,
        lambda s, store, a: convert_tf_checkpoint(s.raw, s.models / "x", actor=a),
    ),
    "send a model": (
        Action.SHARE,
        lambda s, store, a: push_model(s.models / "none", "lab/none", actor=a),
    ),
    "fetch a model": (
        Action.MODELS,
        lambda s, store, a: pull_model("none", s.models, actor=a),
    ),
    "send a corpus": (
        Action.SHARE,
        lambda s, store, a: push_corpus(s, "none", "lab/none", actor=a),
    ),
    "fetch a corpus": (Action.CORPORA, lambda s, store, a: pull_corpus(s, "none", actor=a)),
    "build a vocabulary": (
        Action.CORPORA,
        lambda s, store, a: build_concepts(vocabulary_path(s, "v"), [], actor=a),
    ),
    "build a dictionary": (
        Action.DICTIONARY,
        lambda s, store, a: build_dictionary(
            dictionary_path(s, "d"), [], source="", model="", actor=a
        ),
    ),
    "curate a dictionary": (
        Action.DICTIONARY,
        lambda s, store, a: curate(
            dictionary_path(s, "none"),
            [Choice(action="keep", terms=("x",))],
            types=SCHEMA.names,
            actor=a,
        ),
    ),
    "undo in a dictionary": (
        Action.DICTIONARY,
        lambda s, store, a: undo(dictionary_path(s, "none"), actor=a),
    ),
    "build from a folder": (
        Action.FOLDERS,
        lambda s, store, a: build(s.home / "other", s.merged, s, actor=a),
    ),
    "add a token": (Action.TOKENS, lambda s, store, a: add_token(s.home / TOKENS, "x", actor=a)),
    "revoke a token": (
        Action.TOKENS,
        lambda s, store, a: revoke_token(s.home / TOKENS, "none", actor=a),
    ),
}
"""What is tried, which action that is, and how; what has a name of none fails later, not sooner."""


def test_every_action_but_reading_is_tried():
    assert {action for action, _ in ATTEMPTS.values()} == set(Action) - {Action.READ}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_who_may_not_is_refused_where_it_is_done_and_who_may_is_not(
    settings: Settings, attempt: str
):
    action, do = ATTEMPTS[attempt]
    for actor in (VISITOR, *(Actor(role.title, role, is_known=True) for role in Role)):
        store = open_store(settings, actor)
        refused = False
        try:
            do(settings, store, actor)
        except AccessError as error:
            refused = "; to " in str(error)
        except BionerError:
            pass  # let in, and then there is no such thing
        finally:
            store.close()
        assert refused is (actor.role < NEEDS[action]), (actor, attempt)


def test_who_only_reads_changes_nothing_in_the_database(settings: Settings):
    store = open_store(settings, VISITOR)
    before = store.events()
    item = store.claim_next("Trial", "")
    assert item is not None
    assert store.open_item(item.item, "").text == TEXT
    assert store.renew(item.item, "")
    store.release(item.item, "")
    assert store.queue("Trial")[0].claimed_by == ""
    assert store.events() == before
    store.close()


def test_nobody_who_signed_in_writes_or_reserves_as_somebody_else(settings: Settings):
    store = open_store(settings, Actor("ann", Role.CURATOR, is_known=True))
    for do in (
        lambda: store.save(edit(store, "ben")),
        lambda: store.undo(1, "ben"),
        lambda: store.decide("Trial", Ruling(surface="TNF-α"), [], "ben"),
        lambda: store.take_back(1, "ben"),
        lambda: store.claim_next("Trial", "ben"),
        lambda: store.renew(1, "ben"),
        lambda: store.release(1, "ben"),
        lambda: store.open_item(1, "ben"),
        lambda: store.update_project(store.project("Trial"), "ben"),
        lambda: store.erase_document("Trial", "d1", "ben"),
        lambda: store.create_project(Project("New", SCHEMA.names, frozenset(SCHEMA.names)), "ben"),
    ):
        with pytest.raises(AccessError, match="signed in as ann and cannot write as ben"):
            do()
    assert store.history(1) == []
    assert store.save(edit(store, "ann")).reviewer == "ann"
    store.close()


def test_a_project_that_lists_its_people_lets_no_curator_of_the_studio_in(settings: Settings):
    people = (("ann", "curator"), ("ben", "reader"))
    owner = open_store(settings)
    owner.create_project(
        Project("Own", SCHEMA.names, frozenset(SCHEMA.names), reviewers=people), "ann"
    )
    owner.close()
    for name in ("ben", "cy"):
        store = open_store(settings, Actor(name, Role.CURATOR, is_known=True))
        for do in (
            lambda s=store: s.import_documents("Own", [Document("d", TEXT)]),
            lambda s=store: s.export_documents("Own"),
            lambda s=store: s.set_priorities("Own", [Priority(1, 0.5, ())]),
            lambda s=store, n=name: s.update_project(s.project("Own"), n),
        ):
            with pytest.raises(AccessError, match=r"project 'Own'"):
                do()
        store.close()


def test_a_job_reads_no_folder_that_is_not_named(settings: Settings, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.mkdir()
    spec = JobSpec(("x", "train", "--base", str(secret)), title="x", out=str(settings.models / "x"))
    for role in (Role.CURATOR, Role.ADMINISTRATOR):
        with pytest.raises(AccessError):
            launch.launch(spec, settings, actor=Actor("ann", role, is_known=True))
