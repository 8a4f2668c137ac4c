"""The database behind the store: transactions, migrations, a clock that never runs back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    Connection,
    Engine,
    RootTransaction,
    create_engine,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from bioner.errors import StoreError
from bioner.extras import require_extra
from bioner.files import make_private
from bioner.store.failures import DatabaseLostError, RestoredMeanwhileError, UnsureError
from bioner.store.logical_clock import LogicalClock
from bioner.store.refusals import ABOUT_DATABASE, lost, refusal_of
from bioner.store.sqlite import BUSY_MS, begin_sqlite, prepare_sqlite
from bioner.store.tables import clock
from bioner.store.turns import Turns

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
HEAD = "0007"
"""The newest migration; opening a database that is at it needs no Alembic."""

BACKENDS = ("sqlite", "postgresql")

SESSIONS = 20
"""So many connections are kept open; as many again are made when more people act at once."""

_MIGRATION_LOCK = 0x62696F6E
_WRITE_LOCK = 0x62696F6F
"""Every writer shares this lock on PostgreSQL; a restore and an erasure hold it alone."""


class Database:
    """One database by URL: SQLite in WAL mode with full synchronisation, or PostgreSQL."""

    def __init__(self, url: str) -> None:
        try:
            self.url: URL = make_url(url)
        except ArgumentError as error:
            raise StoreError(
                "BIONER_DATABASE_URL: not a database URL; expected sqlite:///FILE or "
                f"postgresql://…: {error}"
            ) from error
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        if self.url.get_backend_name() not in BACKENDS:
            raise StoreError(
                f"BIONER_DATABASE_URL: {self.url.get_backend_name()!r} is no database that this "
                "works with; expected sqlite:///FILE or postgresql://…"
            )
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.file is not None:
            _make_folder(self.file)
        self._is_made = False
        self._turns = Turns()
        self.engine = self._make_engine()
        self.clock = LogicalClock()
        self.generation = ""

    @property
    def file(self) -> Path | None:
        """The SQLite file, None for another backend."""
        name = self.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    def put_aside(self) -> list[Path]:
        """Return the damaged files that a restore has kept beside the database."""
        file = self.file
        return [] if file is None else sorted(file.parent.glob(f"{file.name}.damaged-*Z"))

    @property
    def place(self) -> str:
        """Where the database is, for a message, without a password."""
        if self.file:
            return str(self.file)
        hidden = {name: "***" for name in self.url.query if "pass" in name.lower()}
        return self.url.update_query_dict(hidden).render_as_string(hide_password=True)

    def _make_engine(self) -> Engine:
        if not self.is_sqlite:
            require_extra("postgres", "A PostgreSQL database")
            return create_engine(
                self.url,
                pool_pre_ping=True,
                hide_parameters=True,
                pool_size=SESSIONS,
                max_overflow=SESSIONS,
            )
        engine = create_engine(
            self.url,
            connect_args={"timeout": BUSY_MS / 1000},
            hide_parameters=True,
            **({} if self.file is None else {"pool_size": SESSIONS, "max_overflow": SESSIONS}),
        )
        event.listen(engine, "do_connect", self._refuse_new_file)
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "connect", self._note_file)
        event.listen(engine, "checkout", self._require_same_file)
        event.listen(engine, "begin", begin_sqlite)
        return engine

    def _refuse_new_file(self, *_: object) -> None:
        """A file that was here and is gone is never begun anew in silence."""
        if self._is_made and self.file is not None and not self.file.exists():
            raise self._lost("the database's file is gone")

    def _note_file(self, _connection: object, record: ConnectionPoolEntry) -> None:
        record.info["file"] = self._identity()

    def _require_same_file(
        self, _connection: object, record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        """Open a file that was put in the place of ours, rather than write into what was ours."""
        if record.info["file"] != self._identity():
            raise DisconnectionError("another file has taken the database's place")

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.file.stat() if self.file is not None else None
        except OSError:
            return None
        return None if found is None else (found.st_dev, found.st_ino)

    def _lost(self, reason: str) -> DatabaseLostError:
        return lost(self.place, reason)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction: one snapshot, of one moment, for all that it reads."""
        with self._guard(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield connection

    @contextmanager
    def write(self, *, alone: bool = False, since: str = "") -> Iterator[Connection]:
        """Open a write transaction; it is on disk when the block has ended, or not at all.

        ``alone``: no other writer is at work meanwhile (on SQLite none ever is). ``since`` is the
        generation in which a longer piece of work was begun.

        Raises RestoredMeanwhileError where a backup was put in the database's place since, or in
        its file's while this was being saved; UnsureError where the connection broke while it was
        being saved, so that nobody here can tell whether it was.
        """
        with self._guard(), self._turns.turn(self.is_sqlite), self.engine.connect() as connection:
            file = self._identity()
            writing = connection.execution_options(bioner_write=True)
            with writing.begin() as transaction:
                if not self.is_sqlite:
                    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
                    writing.execute(text(f"SELECT {lock}({_WRITE_LOCK})"))
                if self.generation:  # none yet: it is being made
                    self._require_generation(writing, since)
                yield writing
                self._commit(writing, transaction)
            if file != self._identity():
                raise self._restored()

    def _commit(self, connection: Connection, transaction: RootTransaction) -> None:
        try:
            transaction.commit()
        except BaseException as error:
            is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
            # What could not be committed may be open still, and hold the lock on the file.
            connection.invalidate()
            if not is_lost:
                raise
            raise UnsureError(
                f"{self.place}: the connection broke while this was being saved, and whether it "
                "was cannot be asked now; do it again: what is saved already is not saved twice"
            ) from error

    def _require_generation(self, connection: Connection, since: str) -> None:
        """Go on in the database as it is now, but for what was begun before a restore."""
        self.generation = read_generation(connection)
        if since and since != self.generation:
            raise self._restored()

    def _restored(self) -> RestoredMeanwhileError:
        return RestoredMeanwhileError(
            f"{self.place}: a backup was put in its place meanwhile; nothing was saved: look at "
            "what is there now, and do it again"
        )

    def look_at_generation(self) -> None:
        """Learn which generation the database is of, after opening or restoring it."""
        with self.read() as connection:
            self.generation = read_generation(connection)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Say whatever the database refuses in one sentence; a fault of ours keeps its trace."""
        try:
            yield
        except ABOUT_DATABASE as error:
            refusal = refusal_of(error, self.place)
            if refusal is None:
                raise
            raise refusal from error

    def version(self) -> str:
        """Return the database's migration, or an empty string for a new one."""
        with self.read() as connection:
            return read_version(connection)

    def migrate(self, before: Callable[[], object]) -> None:
        """Bring the database to the newest migration; ``before`` makes a backup of an older one.

        Raises StoreError for a database that a newer BioNER Studio has made.
        """
        present = self.version()
        self._is_made = True
        if present == HEAD:
            self.look_at_generation()
            return
        if present > HEAD:
            raise StoreError(
                f"{self.place}: made by a newer version (schema {present}, this one knows {HEAD}); "
                "update BioNER Studio"
            )
        if present:
            before()
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            if read_version(connection) != HEAD:
                upgrade(connection)
        self.look_at_generation()

    def forget_free_pages(self) -> None:
        """Move the write-ahead log into the database, so that erased text is in neither.

        Raises StoreError where somebody's long reading keeps the log.
        """
        if not self.is_sqlite:
            return
        with self._guard(), self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreError(
                f"{self.place}-wal: it is erased, but somebody has been reading the database all "
                "the while, so the write-ahead log may still hold the text; erase it once more"
            )

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def read_generation(connection: Connection) -> str:
    """Return what tells this database from the one that a restore has replaced."""
    return str(connection.execute(select(clock.c.generation)).scalar() or "")


def read_version(connection: Connection) -> str:
    """Return the migration that a database is at, or an empty string for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def upgrade(connection: Connection, version: str = "head") -> None:
    """Run the migrations up to a version."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def _make_folder(file: Path) -> None:
    try:
        make_private(file.parent)
    except OSError as error:
        raise StoreError(
            f"{file}: cannot make the database's folder: {error}; make it, or name another place "
            "in BIONER_DATABASE_URL or BIONER_HOME"
        ) from error
