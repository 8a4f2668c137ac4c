"""Many edits in one call go in pieces: nothing between is lost, and they are one batch."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from store_support import (
    a_document,
    a_store,
    assert_state_is_replay,
    cut_off,
    edit_of,
    empty,
    postgres_url,  # noqa: F401
    saved_in_each,
)

from bioner.errors import StoreError
from bioner.spans import mention
from bioner.store import Edit, StaleEditError, Store

pytestmark = pytest.mark.slow

PIECE = 3
"""Sentences in a piece, here."""
SIZES = (PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2)
FAKES = Path(__file__).parents[1] / "fakes"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    found = str(request.getfixturevalue("postgres_url"))
    empty(found)
    return found


@pytest.fixture
def store(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for module in ("turns", "travelling", "reviewing"):
        monkeypatch.setattr(f"bioner.store.{module}.PIECE", PIECE)
    made = a_store(tmp_path, documents=0, url=url)
    yield made
    made.close()


def document_of(store: Store, size: int) -> list[int]:
    store.import_documents("p", [a_document(0, sentences=size)], model="m")
    return store.items_of("p", "d0")


def edits_of(store: Store, ids: list[int]) -> list[Edit]:
    """One edit a sentence, as one batch, each of the same name whenever it is made."""
    seen = [store.open_item(one, claim=False) for one in ids]
    return [
        replace(
            edit_of(one, mention(one.start, one.start + 5, "Disease"), batch="b"),
            op=f"b/{one.item}",
        )
        for one in seen
    ]


def labels(store: Store, ids: list[int]) -> list[str]:
    return [store.open_item(one, claim=False).mentions[0].label for one in ids]


@pytest.mark.parametrize("size", SIZES)
def test_edits_go_in_pieces_and_are_undone_as_one_in_another_tab(store: Store, size: int) -> None:
    ids = document_of(store, size)
    edits = edits_of(store, ids)
    made = saved_in_each(store, lambda: store.save_all(edits))
    assert (max(made), sum(made)) == (min(size, PIECE), size)
    assert [one.op for one in store.save_all(edits)] == [one.op for one in edits]
    other = Store(store.database.url, store.folder)
    assert len(other.undo(ids[-1], "ann")) == size
    assert labels(store, ids) == ["Gene"] * size
    assert len(other.redo(ids[0], "ann")) == size
    other.close()
    assert_state_is_replay(store.database)


@pytest.mark.parametrize("seed", range(4))
def test_edits_that_were_cut_off_anywhere_are_finished_by_their_names(
    store: Store, seed: int
) -> None:
    chance = random.Random(seed)
    size = chance.randrange(PIECE + 1, 4 * PIECE + 2)
    ids = document_of(store, size)
    edits = edits_of(store, ids)
    done = 0
    while done < size and (after := chance.randrange(size)) < size - done:
        with cut_off(store, after):
            store.save_all(edits)
        done += after // PIECE * PIECE
        assert labels(store, ids) == ["Disease"] * done + ["Gene"] * (size - done)
        assert_state_is_replay(store.database)
    assert len(store.save_all(edits)) == size
    assert labels(store, ids) == ["Disease"] * size
    assert len(store.undo(ids[chance.randrange(size)], "ann")) == size
    assert labels(store, ids) == ["Gene"] * size
    assert store.verify().problems == ()


@pytest.mark.parametrize("where", [0, PIECE, 3 * PIECE + 1])
def test_nothing_is_saved_where_one_would_be_refused_at_the_beginning(
    store: Store, where: int
) -> None:
    ids = document_of(store, 3 * PIECE + 2)
    edits = edits_of(store, ids)
    for bad in (replace(edits[where], surface="no"), replace(edits[where], item=999_999)):
        with pytest.raises(StoreError):
            store.save_all([*edits[:where], bad, *edits[where + 1 :]])
    store.save(edit_of(store.open_item(ids[where], claim=False), reviewer="bob"))
    with pytest.raises(StaleEditError, match="bob saved"):
        store.save_all(edits)
    others = [one for one in ids if one != ids[where]]
    assert labels(store, others) == ["Gene"] * len(others)


@pytest.mark.parametrize("where", [PIECE, 2 * PIECE + 1, 3 * PIECE + 1])
def test_what_somebody_changes_meanwhile_stays_and_is_said_once_all_others_are_saved(
    store: Store, where: int
) -> None:
    ids = document_of(store, 3 * PIECE + 2)
    edits = edits_of(store, ids)
    with cut_off(store, PIECE):
        store.save_all(edits)
    store.save(edit_of(store.open_item(ids[where], claim=False), reviewer="bob"))
    for _ in range(2):
        with pytest.raises(StaleEditError, match="the other 10 sentences are saved") as said:
            store.save_all(edits)
        assert said.value.revision.reviewer == "bob"
    others = [one for one in ids if one != ids[where]]
    assert labels(store, others) == ["Disease"] * len(others)
    assert store.open_item(ids[where], claim=False).mentions == ()
    assert len(store.undo(others[0], "ann")) == len(others)


@pytest.mark.parametrize("after", [0, PIECE, 2 * PIECE])
def test_edits_of_one_sentence_build_upon_each_other_from_piece_to_piece(
    store: Store, after: int
) -> None:
    [item, *_] = document_of(store, 2)
    seen = store.open_item(item, claim=False)
    ends = range(5, 5 + 3 * PIECE)
    edits = [
        replace(edit_of(seen, mention(0, end, "Gene")), op=f"to {end}", base=0) for end in ends
    ]
    with cut_off(store, after):
        store.save_all(edits)
    assert len(store.save_all(edits)) == len(edits)
    assert [one.after[0].end for one in store.history(item)] == list(ends)[::-1]


def test_others_save_while_a_long_list_is_being_saved(store: Store) -> None:
    ids = document_of(store, 40)
    store.import_documents("p", [a_document(1, sentences=1)], model="m")
    [mine] = store.items_of("p", "d1")
    edits = edits_of(store, ids)
    began: list[float] = []
    ended: list[float] = []

    def save() -> None:
        store.save_all(edits)
        ended.append(time.monotonic())

    worker = threading.Thread(target=save)
    worker.start()
    while not ended:
        store.save(edit_of(store.open_item(mine, claim=False), reviewer="bob"))
        began.append(time.monotonic())
    worker.join()
    assert sum(at < ended[0] for at in began) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 3])
def test_a_process_that_is_killed_amidst_loses_nothing_and_the_next_one_finishes(
    store: Store, url: str, tmp_path: Path, after: int
) -> None:
    size = 5 * PIECE + 1
    ids = document_of(store, size)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sqlalchemy import event\n"
        "from bioner.store import reviewing, turns\n"
        "from bioner.store import Store\n"
        "from test_long_saves import edits_of\n"
        f"turns.PIECE = reviewing.PIECE = {PIECE}\n"
        "store = Store(sys.argv[1], Path(sys.argv[2]))\n"
        "edits = edits_of(store, store.items_of('p', 'd0'))\n"
        "event.listen(store.database.engine, 'commit', lambda c: print('saved', flush=True))\n"
        "store.save_all(edits)\n"
    )
    command = [sys.executable, "-c", script, url, str(tmp_path / "backups")]
    paths = [str(Path(__file__).parents[2]), str(FAKES), str(Path(__file__).parent)]
    worker = subprocess.Popen(
        command, env=with_path(paths), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    for _ in range(after):
        worker.stdout.readline()
    worker.send_signal(signal.SIGKILL)
    _, said = worker.communicate()
    assert worker.returncode == -signal.SIGKILL, said
    assert_state_is_replay(store.database)
    saved = labels(store, ids).count("Disease")
    assert saved < size, "killed amidst"
    assert labels(store, ids) == ["Disease"] * saved + ["Gene"] * (size - saved)
    assert len(store.save_all(edits_of(store, ids))) == size
    assert len(store.undo(ids[size // 2], "ann")) == size
    assert store.verify().problems == ()


def with_path(paths: list[str]) -> dict[str, str]:
    """The environment of this process, with these folders to import from."""
    return {**os.environ, "PYTHONPATH": ":".join(paths)}
