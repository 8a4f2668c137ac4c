"""Whatever is done to the store, in whatever order: the state is the replay of the log."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from store_support import a_document, a_project, assert_state_is_replay, edit_of

from bioner.spans import Mention, mention
from bioner.store import ReviewItem, StaleEditError, Store
from bioner.store.tables import revisions

VERDICTS = st.sampled_from([None, "accept", "correct", "reject", "unsure"])
REVIEWERS = st.sampled_from(["ann", "bob"])
What = tuple[tuple[Mention, ...], str | None, str]

pytestmark = pytest.mark.slow


class Reviewing(RuleBasedStateMachine):
    """Two reviewers who edit, undo, redo and restore, against a model that is a list of states."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(f"sqlite:///{self.folder / 's.sqlite3'}", self.folder / "b")
        self.store.create_project(a_project())
        self.store.import_documents("p", [a_document(0), a_document(1)], model="m")
        self.items = [i for d in ("d0", "d1") for i in self.store.items_of("p", d)]
        start = {i: [self.what(self.open(i))] for i in self.items}
        self.done: dict[int, list[What]] = start
        self.undone: dict[int, list[What]] = {i: [] for i in self.items}
        self.after: dict[int, tuple[int, What]] = {}
        self.log: list[object] = []
        self.seen: list[ReviewItem] = []

    def open(self, item: int) -> ReviewItem:
        return self.store.open_item(item, claim=False)

    @staticmethod
    def what(item: ReviewItem) -> What:
        return item.mentions, item.verdict, item.note

    @rule(which=st.integers(0, 3))
    def look(self, which: int) -> None:
        self.seen.append(self.open(self.items[which]))

    @precondition(lambda self: self.seen)
    @rule(
        data=st.data(),
        verdict=VERDICTS,
        reviewer=REVIEWERS,
        ends=st.lists(st.integers(1, 30), max_size=3),
    )
    def edit(self, data: st.DataObject, verdict: str, reviewer: str, ends: list[int]) -> None:
        seen = data.draw(st.sampled_from(self.seen))
        present = self.open(seen.item)
        mentions = [mention(seen.start, seen.start + end, "Gene") for end in ends]
        edit = edit_of(seen, *mentions, verdict=verdict, reviewer=reviewer, note=str(ends))  # type: ignore[arg-type]
        if seen.base != present.base:
            with pytest.raises(StaleEditError) as caught:
                self.store.save(edit)
            assert caught.value.revision.seq == present.base
            return
        saved = self.store.save(edit)
        assert self.store.save(edit) == saved
        self.done[seen.item].append((tuple(mentions), verdict, str(ends)))
        self.undone[seen.item] = []
        self.after[saved.seq] = seen.item, self.done[seen.item][-1]

    @rule(which=st.integers(0, 3), reviewer=REVIEWERS)
    def undo(self, which: int, reviewer: str) -> None:
        item = self.items[which]
        made = self.store.undo(item, reviewer)
        assert len(made) == (len(self.done[item]) > 1)
        if made:
            self.undone[item].append(self.done[item].pop())

    @rule(which=st.integers(0, 3), reviewer=REVIEWERS)
    def redo(self, which: int, reviewer: str) -> None:
        item = self.items[which]
        made = self.store.redo(item, reviewer)
        assert len(made) == bool(self.undone[item])
        if made:
            self.done[item].append(self.undone[item].pop())

    @precondition(lambda self: self.after)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from(sorted(self.after)))
        item, what = self.after[seq]
        self.store.restore_revision(seq, "ann")
        self.done[item].append(what)
        self.undone[item] = []

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(f"sqlite:///{self.folder / 's.sqlite3'}", self.folder / "b")

    @invariant()
    def the_state_is_what_was_done(self) -> None:
        for item in self.items:
            assert self.what(self.open(item)) == self.done[item][-1]
            assert self.store.can_undo(item) == (len(self.done[item]) > 1, bool(self.undone[item]))

    @invariant()
    def the_state_is_the_replay_of_the_log(self) -> None:
        assert_state_is_replay(self.store.database)

    @invariant()
    def the_log_only_grows(self) -> None:
        with self.store.database.read() as connection:
            rows = [tuple(r) for r in connection.execute(select(revisions).order_by("seq"))]
        assert rows[: len(self.log)] == self.log
        self.log = rows

    @invariant()
    def training_data_is_what_was_accepted(self) -> None:
        expected = {
            tuple(sorted({m.end for m in done[-1][0]}, reverse=True))[:1]
            for done in self.done.values()
            if done[-1][1] in ("accept", "correct")
        }
        found = self.store.corrections(include_test=True)
        assert len(found) == sum(d[-1][1] in ("accept", "correct") for d in self.done.values())
        assert {s.spans == () for s in found} == {ends == () for ends in expected}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)


TestReviewing = Reviewing.TestCase
TestReviewing.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
