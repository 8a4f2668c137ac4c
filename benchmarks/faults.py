"""Break things at random while people work, and count what was promised and not kept.

    python -m benchmarks.faults [--minutes 10] [--only sqlite|postgresql] [--seed N]

On SQLite, and on a PostgreSQL server of its own (if ``initdb`` is found; fsync is on), processes
save edits (some as many threads, like the app), bring texts in, make backups, restore them and
erase texts, all at once, while one of them, or the server, is killed (SIGKILL) every second or so.
Some writers run with a limit on the size of a file (RLIMIT_FSIZE), which is a full disk to them;
the server itself has no such limit. An edit counts as acknowledged when ``save`` has returned.

Promises, counted at the end: every acknowledged edit is in the database or in the copy that a
restore made of what it replaced; every backup that was made would restore; a text whose erasure was
acknowledged is in no file of the folders and, on PostgreSQL, in no table (what the server keeps in
its files until it vacuums is not looked at); the state is what the log says; every chain of
revisions is whole. The last line is ``faults: 0 broken promises``, or how many.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy import select

from bioner.errors import StoreError
from bioner.spans import Document, mention
from bioner.store import Edit, Project, QueueFilter, Store, new_op, surfaces_of
from bioner.store.copies import backup
from bioner.store.soundness import check, unsound
from bioner.store.tables import metadata

TEXTS = 30
ROOM = 300_000
"""A disk is full for some writers when the largest file has grown by so many bytes."""

SLOW_S = 40.0
"""A process that has got nothing done for so long is killed too; on a busy machine later."""

STARTS = 10
"""It may take so many times what a process takes to start."""

PARTS = ("writer", "writer", "app", "cramped", "importer", "backups", "restores", "erases")


def a_text(number: int) -> Document:
    """Make a text whose words are in no other, so that it can be searched for."""
    text = f"SECRET{number:06d}x is a gene of patient {number}. It causes cancer."
    end = text.index(".") + 1
    marks = (mention(0, 13, "Gene", score=0.9),)
    return Document(f"d{number}", text, marks, ((0, end), (end + 1, len(text))))


# What the processes do: each prints what it was promised, a line of JSON, and is killed anyhow.


def say(kind: str, what: object) -> None:
    """Tell the parent what was acknowledged."""
    sys.stdout.write(json.dumps([kind, what]) + "\n")
    sys.stdout.flush()


def work(part: str, url: str, folder: Path, seed: int) -> None:
    """Do one process's part until killed."""
    chance = random.Random(seed)
    store = open_patiently(url, folder)
    if part == "cramped":
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_in(folder) + ROOM, hard))
    if part == "app":
        for number in range(1, 4):
            other = random.Random(seed + number)
            threading.Thread(
                target=again, args=(lambda c=other: save(store, c),), daemon=True
            ).start()
    parts: dict[str, Callable[[], None]] = {
        "importer": lambda: bring_in(store, chance),
        "backups": lambda: make_backup(store, chance),
        "restores": lambda: restore(store, chance),
        "erases": lambda: erase(store, chance),
    }
    again(parts.get(part, lambda: save(store, chance)))


def largest_in(folder: Path) -> int:
    """Return the bytes of the largest file; one that others delete meanwhile does not count."""
    sizes = [0]
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return max(sizes)


def open_patiently(url: str, folder: Path) -> Store:
    """Open the store once its server is there again."""
    while True:
        try:
            return Store(url, folder / "backups")
        except StoreError:
            time.sleep(0.1)


def again(task: Callable[[], None]) -> None:
    """Do a task for ever; what the store refuses was not promised."""
    while True:
        try:
            task()
        except StoreError:
            time.sleep(0.02)


def save(store: Store, chance: random.Random) -> None:
    """Save an edit of some sentence."""
    rows = store.queue("p", filters=QueueFilter(status="all"), limit=60)
    if not rows:
        return
    seen = store.open_item(chance.choice(rows).item, "ann", claim=False)
    marks = (mention(seen.start, seen.start + chance.randrange(1, len(seen.surface)), "Gene"),)
    edit = Edit(
        item=seen.item,
        base=seen.base,
        surface=seen.surface,
        mentions=marks,
        surfaces=surfaces_of(seen.text, marks),
        reviewer="ann",
        note=f"note on {seen.surface[:13]}",
        op=new_op(),
        generation=seen.generation,
    )
    store.save(edit)
    say("saved", edit.op)
    time.sleep(chance.random() * 0.05)


def bring_in(store: Store, chance: random.Random) -> None:
    """Bring a few new texts in."""
    texts = [a_text(chance.randrange(1000, 1_000_000)) for _ in range(5)]
    store.import_documents("p", texts, model="m")
    say("brought", [one.id for one in texts])
    time.sleep(0.3 + chance.random())


def make_backup(store: Store, chance: random.Random) -> None:
    """Make a backup among the others."""
    say("backup", str(store._back_up("hourly")))
    time.sleep(0.5 + 2 * chance.random())


def restore(store: Store, chance: random.Random) -> None:
    """Put one of the newest backups back."""
    time.sleep(2 + 4 * chance.random())
    found = store.backups()[:5]
    if found:
        say("restored", str(store.restore(Path(chance.choice(found).path), "ann").before))


def erase(store: Store, chance: random.Random) -> None:
    """Erase a text, and finish what could not be finished at once."""
    time.sleep(1 + 3 * chance.random())
    rows = store.queue("p", filters=QueueFilter(status="all"), limit=60)
    if not rows:
        return
    name = chance.choice(rows).document
    for _ in range(20):
        try:
            store.erase_document("p", name, "ann")
        except StoreError:
            time.sleep(0.2)
        else:
            say("erased", name)
            return


# The parent: starts, kills, listens, and looks whether what was promised was kept.


@dataclass
class Promises:
    """What was acknowledged, and what has been found of it."""

    saved: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)
    brought: int = 0
    backups: list[str] = field(default_factory=list)
    sound: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    restored: int = 0
    erased: set[str] = field(default_factory=set)
    killed: int = 0

    def hear(self, line: str) -> None:
        """Take in a line of a process; the end of one that was killed in it counts for nothing."""
        try:
            kind, what = json.loads(line)
        except ValueError:
            return
        if kind == "saved":
            self.saved.add(what)
        elif kind == "brought":
            self.brought += len(what)
        elif kind == "backup":
            self.backups.append(what)
        elif kind == "restored":
            self.restored += 1
        elif kind == "erased":
            self.erased.add(what)


@cache
def start_s() -> float:
    """Measure how long a process takes to start, in seconds."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--help"], check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began


class Worker:
    """One process of a part, started again whenever it was killed."""

    def __init__(self, part: str, url: str, folder: Path, promises: Promises) -> None:
        self.part, self.url, self.folder, self.promises = part, url, folder, promises
        self.starts = 0
        self.threads: list[threading.Thread] = []
        self.start()

    def start(self) -> None:
        """Start the process and listen to it."""
        self.starts += 1
        self.began, self.has_spoken = time.monotonic(), False
        words = ["--work", self.part, "--url", self.url, "--folder", str(self.folder)]
        words += ["--seed", str(hash((self.part, self.starts, id(self))) % 10**9)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults", *words],
            stdout=subprocess.PIPE,
            stderr=(self.folder / f"{self.part}.log").open("ab"),
            text=True,
        )
        thread = threading.Thread(target=self._listen, args=(self.process,))
        thread.start()
        self.threads.append(thread)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):
                self.has_spoken = True
                self.promises.hear(line)
        process.stdout.close()

    @property
    def is_at_work(self) -> bool:
        """Whether it has got something done, or should have by now."""
        return self.has_spoken or time.monotonic() - self.began > max(SLOW_S, STARTS * start_s())

    def kill(self) -> None:
        """Kill the process, and wait until all that it said is heard."""
        self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        if code not in (-signal.SIGKILL, 0):
            said = (self.folder / f"{self.part}.log").read_text("utf-8", errors="replace")
            last = (said.strip().splitlines() or ["and said nothing"])[-1]
            self.promises.broken.append(f"{self.part}: ended by itself with {code}: {last}")
        for thread in self.threads:
            thread.join()


class Server:
    """A PostgreSQL server of one's own, with fsync on, that can be killed."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self.binaries = folder, binaries
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        folder.mkdir()
        if self.as_user:
            shutil.chown(folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._run("initdb", "-D", str(folder / "data"), "-U", "bioner", "-A", "trust", "-E", "UTF8")
        self.start()

    @property
    def url(self) -> str:
        """The address of its database."""
        return f"postgresql://bioner@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [*self.as_user, str(self.binaries / program), *words],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def start(self) -> None:
        """Start it; after a kill it recovers from its log."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        words = ["-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-o", options]
        self._run("pg_ctl", *words, "-w", "-t", "120", "start")

    def kill(self) -> None:
        """Stop it at once, as a power cut does."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


def _initdb() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def has_postgres() -> bool:
    """Tell whether a PostgreSQL server can be started here."""
    return bool(_initdb())


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, Server | None]]:
    """Give the URL of a database, and the server that may be killed."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/store.sqlite3", None
        return
    found = _initdb()
    with tempfile.TemporaryDirectory(prefix="bioner-faults-pg-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name) / "server", found[-1].parent)
        try:
            yield server.url, server
        finally:
            server.kill()


def run(kind: str, minutes: float, seed: int) -> list[str]:
    """Break things for so long, print the counts, and return the broken promises."""
    chance = random.Random(seed)
    promises = Promises()
    start_s()
    with (
        tempfile.TemporaryDirectory(prefix="bioner-faults-") as name,
        database(kind, Path(name)) as (url, server),
    ):
        folder = Path(name)
        store = Store(url, folder / "backups")
        store.create_project(Project("p", ("Gene",), frozenset({"Gene"})))
        store.import_documents("p", [a_text(n) for n in range(TEXTS)], model="m")
        store.close()
        workers = [Worker(p, url, folder, promises) for p in PARTS]
        try:
            until = time.monotonic() + 60 * minutes
            while time.monotonic() < until:
                time.sleep(0.3 + 1.4 * chance.random())
                if server is not None and chance.random() < 0.05:
                    server.kill()
                    server.start()
                    promises.killed += 1
                ready = [one for one in workers if one.is_at_work]
                if ready:
                    one = chance.choice(ready)
                    one.kill()
                    one.start()
                    promises.killed += 1
                harvest(folder / "backups", promises)
        finally:
            for one in workers:
                one.kill()
        store = open_patiently(url, folder)
        finish_erasures(store, promises)
        judge(store, folder, promises)
        store.close()
        judge_files(folder, promises)
    report(kind, promises)
    return promises.broken


def harvest(backups: Path, promises: Promises) -> None:
    """Read what the new copies hold, before the rotation deletes them."""
    for path in sorted(backups.glob("bioner-*.sqlite3")):
        if str(path) in promises.sound:
            continue
        try:
            promises.found |= operations(path)
            problem = check(path) or unsound(path)
        except sqlite3.Error as error:
            problem = str(error)
        if problem and path.exists():
            promises.broken.append(f"{path.name}: would not restore: {problem}")
        promises.sound.add(str(path))


def operations(path: Path) -> set[str]:
    """Return the operations that a copy holds."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return {row[0] for row in connection.execute("SELECT op FROM revisions")}


def finish_erasures(store: Store, promises: Promises) -> None:
    """Erase once more: what processes left when they were killed is swept by the next erasure."""
    rows = store.queue("p", filters=QueueFilter(status="all"), limit=1)
    if rows:
        store.erase_document("p", rows[0].document, "ann")
        promises.erased.add(rows[0].document)


def judge(store: Store, folder: Path, promises: Promises) -> None:
    """Look whether each edit is there, the state is the log's, and the chains are whole."""
    harvest(folder / "backups", promises)
    copy = folder / "judged.sqlite3"
    backup(store.database, copy, is_checked=False)
    promises.found |= operations(copy)
    problem = check(copy) or unsound(copy)
    copy.unlink()
    if problem:
        promises.broken.append(f"the database: {problem}")
    lost = promises.saved - promises.found
    promises.broken += [f"edit {op} was acknowledged and is nowhere" for op in sorted(lost)]
    promises.broken += store.verify().problems
    with store.database.read() as connection:
        for table in metadata.sorted_tables:
            content = "\n".join(repr(row) for row in connection.execute(select(table)))
            for secret in secrets_of(promises):
                if secret in content:
                    promises.broken.append(f"{secret} was erased and stands in {table.name}")


def judge_files(folder: Path, promises: Promises) -> None:
    """Look whether an erased text stands in any file, logs and leftovers included."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            for secret in secrets_of(promises):
                if secret.encode() in content:
                    where = path.relative_to(folder)
                    promises.broken.append(f"{secret} was erased and stands in {where}")


def secrets_of(promises: Promises) -> list[str]:
    """Return the words of the erased texts."""
    return [f"SECRET{int(name[1:]):06d}x" for name in sorted(promises.erased)]


def report(kind: str, promises: Promises) -> None:
    """Print the counts."""
    erased_but_found = sum("was erased and stands" in one for one in promises.broken)
    print(
        f"{kind}: {promises.killed} kills; {len(promises.saved)} edits acknowledged, "
        f"{len(promises.saved & promises.found)} found; {promises.brought} texts brought in; "
        f"{len(promises.sound)} backups, "
        f"{len(promises.sound) - sum('would not restore' in b for b in promises.broken)} "
        f"restorable; {promises.restored} restores; {len(promises.erased)} texts erased, "
        f"{erased_but_found} found again",
        flush=True,
    )
    for one in promises.broken[:20]:
        print(f"  {one}")


def main() -> int:
    """Parse the options, break things, print; exit 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="for each database")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.url, options.folder, options.seed)
        return 0
    kinds = [options.only] if options.only else ["sqlite"]
    if not options.only and has_postgres():
        kinds.append("postgresql")
    broken = [one for kind in kinds for one in run(kind, options.minutes, options.seed)]
    print(f"faults: {len(broken)} broken promises")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
