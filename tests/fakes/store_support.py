"""What the store's tests share: projects, documents, and a PostgreSQL to run against."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, select, text

from bioner.errors import StoreError
from bioner.spans import Document, Mention, mention
from bioner.store import Edit, Project, ReviewItem, Store, Verdict, surfaces_of
from bioner.store.engine import Database
from bioner.store.tables import corrections, items, metadata, revisions

TYPES = ("Gene", "Disease", "Chemical")
HARD_TEXT = "TNF-α 🧬 and e\u0301tat of \u05d0\u05d1\u05d2 cells 👩🏽‍🔬 met p53 or p63. Next."
"""Emoji, a ZWJ sequence, a combining mark, Greek and right-to-left letters."""


def a_project(name: str = "p", *, independent: bool = False) -> Project:
    return Project(name, TYPES, frozenset({"Gene", "Disease"}), independent=independent)


def a_document(number: int = 0, sentences: int = 2) -> Document:
    """A document of numbered sentences, each with one predicted gene at its beginning."""
    pieces, ranges, mentions, position = [], [], [], 0
    for i in range(sentences):
        piece = f"BRCA1 variant {number}.{i} causes cancer."
        pieces.append(piece)
        ranges.append((position, position + len(piece)))
        mentions.append(mention(position, position + 5, "Gene", status="predicted", score=0.9))
        position += len(piece) + 1
    return Document(f"d{number}", " ".join(pieces), tuple(mentions), tuple(ranges))


def a_store(folder: Path, *, documents: int = 3, url: str = "") -> Store:
    """A store with project ``p`` and some documents in it."""
    store = Store(url or f"sqlite:///{folder / 'store.sqlite3'}", folder / "backups")
    store.create_project(a_project())
    if documents:
        store.import_documents("p", [a_document(n) for n in range(documents)], model="m")
    return store


def edit_of(
    item: ReviewItem,
    *mentions: Mention,
    verdict: Verdict | None = "correct",
    reviewer: str = "ann",
    **more: str,
) -> Edit:
    """The edit that gives an item as seen these mentions."""
    return Edit(
        item=item.item,
        base=item.base,
        surface=item.surface,
        mentions=mentions,
        surfaces=surfaces_of(item.text, mentions),
        reviewer=reviewer,
        verdict=verdict,
        **more,  # type: ignore[arg-type]
    )


def postgres_problem() -> str:
    """Why the PostgreSQL tests cannot run, or an empty string."""
    if os.environ.get("BIONER_TEST_POSTGRES") or _binaries() is not None:
        return ""
    return "no PostgreSQL: set BIONER_TEST_POSTGRES or install Debian's postgresql package"


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found and (os.geteuid() != 0 or shutil.which("runuser")) else None


@contextmanager
def postgres() -> Iterator[str]:
    """Give the URL of a PostgreSQL server: the one of BIONER_TEST_POSTGRES, or one of our own."""
    given = os.environ.get("BIONER_TEST_POSTGRES")
    if given:
        yield given
        return
    binaries = _binaries()
    assert binaries is not None
    with tempfile.TemporaryDirectory(prefix="bioner-pg-") as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres")
            as_user = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = folder / "data"
        initdb = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "bioner",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "-N",
        ]
        subprocess.run([*as_user, *map(str, initdb)], check=True, capture_output=True, cwd=folder)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -F"
        control = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
        subprocess.run(
            [*control, "-l", str(folder / "log"), "-o", options, "start"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            yield f"postgresql://bioner@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder
            )


def _engine(url: str) -> Engine:
    driver = url.replace("postgresql://", "postgresql+psycopg://")
    return create_engine(driver, isolation_level="AUTOCOMMIT")


def empty(url: str) -> None:
    """Empty a PostgreSQL database of ours; its numbers go on."""
    engine = _engine(url)
    with engine.connect() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "clock":
                connection.execute(table.delete())
    engine.dispose()


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Make a new database on a PostgreSQL server and drop it afterwards."""
    name = f"bioner_{uuid.uuid4().hex[:12]}"
    engine = _engine(server)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.rsplit("/", 1)[0] + "/" + name
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A migrated database on a PostgreSQL server; skips, with the reason, where there is none."""
    problem = postgres_problem()
    if problem:
        pytest.skip(problem)
    with postgres() as server, fresh_database(server) as url:
        Store(url, Path(tempfile.gettempdir()) / "unused").close()
        yield url


def assert_state_is_replay(database: Database) -> None:
    """Fold the log and compare it with the corrections table."""
    with database.read() as connection:
        log = connection.execute(select(revisions).order_by(revisions.c.seq)).all()
        states = connection.execute(
            select(corrections, items.c.document, items.c.start, items.c.end).join(
                items, corrections.c.item == items.c.id
            )
        ).all()
    replayed = {(r.document, r.start, r.end, r.track): r for r in log if r.after is not None}
    assert len(states) == len(replayed)
    for state in states:
        last = replayed[state.document, state.start, state.end, state.track]
        assert state.head == last.seq
        assert state.mentions == (last.after if last.is_correction else None)
        assert (state.verdict, state.covers, state.note) == (last.verdict, last.covers, last.note)


def reviewed_by_two(store: Store) -> Store:
    """Let Ann and Bob review three sentences: alike, another type, only one has a mark."""
    store.create_project(a_project("both", independent=True))
    store.import_documents("both", [a_document(n, 1) for n in range(3)], model="m")
    for name, sides in {
        "ann": [[(0, 5, "Gene")], [(0, 5, "Gene")], [(0, 5, "Gene"), (25, 31, "Disease")]],
        "bob": [[(0, 5, "Gene")], [(0, 5, "Disease")], [(0, 5, "Gene")]],
    }.items():
        for number, marks in enumerate(sides):
            [item] = store.items_of("both", f"d{number}")
            seen = store.open_item(item, name)
            store.save(edit_of(seen, *(mention(*one) for one in marks), reviewer=name))
    return store


def saved_in_each(store: Store, action: Callable[[], object]) -> list[int]:
    """Do something, and return how many revisions each transaction has appended."""
    found: list[int] = []

    def begin(_connection: object) -> None:
        found.append(0)

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO revisions"):
            found[-1] += 1

    event.listen(store.database.engine, "begin", begin)
    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(store.database.engine, "begin", begin)
        event.remove(store.database.engine, "before_cursor_execute", note)
    return [one for one in found if one]


@contextmanager
def cut_off(store: Store, after: int) -> Iterator[None]:
    """Let the whole fail at the revision after so many, as a process that is killed does."""
    saved = [0]

    def fail(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        saved[0] += statement.startswith("INSERT INTO revisions")
        if saved[0] > after:
            raise StoreError("cut off")

    event.listen(store.database.engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(StoreError, match="cut off"):
            yield
    finally:
        event.remove(store.database.engine, "before_cursor_execute", fail)
