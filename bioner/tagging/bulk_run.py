"""A bulk tagging: a folder of texts in, a folder of parts out, each input finished or named."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from bioner.errors import FormatError
from bioner.files import try_lock
from bioner.machine import Device
from bioner.tagging.bulk import Piece, Tagged, tag_piece
from bioner.tagging.shards import (
    RUNNING,
    Made,
    done_path,
    file_sha256,
    find_inputs,
    part_path,
    read_made,
    write_made,
)
from bioner.tagging.standing import Standing

CUT_BYTES = 8_000_000
"""A file above this is shared out among the workers, part by part."""
CUT_AT_MOST = 16
"""Among so many at most: each of them reads the whole file."""
LATELY_S = 180.0
"""The pace is that of the latest minutes: what was skipped at the start says nothing of it."""

_BEGUN = re.compile(r"\..*-[0-9a-f]{8}(\.\w+)?")


class Spread(Protocol):
    """How an engine does work: each item once, in any order, on so many workers.

    Yields (item, its result or None, why there is none); calls ``tick`` about once a second.
    """

    def __call__(
        self,
        work: Callable[[Piece], Tagged],
        items: Sequence[Piece],
        *,
        workers: int,
        tick: Callable[[], None],
    ) -> Iterator[tuple[Piece, Tagged | None, str]]: ...


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """What to tag, with what, into where."""

    source: Path
    out: Path
    model: Path
    model_hash: str
    convention: str = "any"
    format: str = "jsonl"
    column: str = ""
    workers: int = 1
    threads: int = 1
    device: Device = Device.CPU


@dataclass
class Outcome:
    """What came of a bulk tagging; ``failed`` and ``unreadable`` give each input its reason."""

    inputs: int = 0
    inputs_done: int = 0
    inputs_skipped: int = 0
    parts: int = 0
    parts_skipped: int = 0
    documents: int = 0
    characters: int = 0
    mentions: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Return whether every input has been tagged to its end."""
        return not self.failed and not self.unreadable

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return dict(vars(self))


OnStanding = Callable[[Standing], None]


def tag_folder(bulk: Bulk, spread: Spread, hear: OnStanding = lambda _: None) -> Outcome:
    """Tag what a folder holds; skip what is done, try again what failed, name what is unreadable.

    ``hear`` is told about once a second how far it is.
    Raises FormatError where there is nothing to tag, the output lies in the input, or another run
    writes there.
    """
    _check(bulk)
    began = time.monotonic()
    outcome = Outcome()
    with _alone(bulk.out):
        pieces = list(_plan(bulk, outcome))
        watch = _Watch(bulk, pieces, outcome, hear)
        results: dict[str, list[Tagged]] = defaultdict(list)
        for piece, tagged, problem in spread(
            tag_piece, pieces, workers=bulk.workers, tick=watch.tell
        ):
            watch.ended(piece)
            if tagged is None:
                outcome.failed[piece.name] = problem
                continue
            _count(tagged, outcome)
            results[piece.name].append(tagged)
            if len(results[piece.name]) == piece.of:
                _finish(bulk, results.pop(piece.name), outcome)
            watch.tell()
        watch.tell()
    outcome.seconds = round(time.monotonic() - began, 3)
    return outcome


def _check(bulk: Bulk) -> None:
    source, out = bulk.source.resolve(), bulk.out.resolve()
    if out == source or out.is_relative_to(source) or source.is_relative_to(out):
        raise FormatError(f"{bulk.out}: lies in {bulk.source}, or around it; name another folder")
    if out.exists() and not out.is_dir():
        raise FormatError(f"{bulk.out}: is a file; name a folder to write to")
    if next(find_inputs(source), None) is None:
        raise FormatError(f"{bulk.source}: no files in it; expected texts in any known format")


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep a second run out of the folder while the block runs."""
    out.mkdir(parents=True, exist_ok=True)
    lock = try_lock(out / ".lock")
    if lock is None:
        raise FormatError(
            f"{out}: another tagging is writing there; wait for it, or name another folder"
        )
    try:
        running = out / RUNNING
        running.mkdir(exist_ok=True)
        for left in [*running.iterdir(), *filter(_is_left_over, out.rglob(".*"))]:
            left.unlink(missing_ok=True)
        yield
        with contextlib.suppress(OSError):
            running.rmdir()
    finally:
        lock.release()


def _is_left_over(path: Path) -> bool:
    """Return whether a file is one that a killed worker had begun to write."""
    return bool(_BEGUN.fullmatch(path.name)) and path.is_file()


def _plan(bulk: Bulk, outcome: Outcome) -> Iterator[Piece]:
    """Yield the pieces of what is not done yet; count what is."""
    for name in find_inputs(bulk.source):
        outcome.inputs += 1
        made = read_made(bulk.out / name)
        if made and _is_done(bulk, name, made):
            outcome.inputs_skipped += 1
            outcome.parts_skipped += made.parts
            continue
        size = (bulk.source / name).stat().st_size
        of = 1 if size < CUT_BYTES else max(1, min(bulk.workers, CUT_AT_MOST))
        for stripe in range(of):
            yield Piece(
                source=bulk.source,
                out=bulk.out,
                name=name,
                model=bulk.model,
                model_hash=bulk.model_hash,
                convention=bulk.convention,
                format=bulk.format,
                column=bulk.column,
                stripe=stripe,
                of=of,
                threads=bulk.threads,
                device=bulk.device,
            )


def _is_done(bulk: Bulk, name: str, made: Made) -> bool:
    """Return whether an input's ``.done`` is of this model and way, and of the file as it is."""
    now = replace(made, model_hash=bulk.model_hash, convention=bulk.convention, format=bulk.format)
    if not made.is_of(now):
        return False
    parts = (part_path(bulk.out, name, number, bulk.format) for number in range(made.parts))
    if not all(path.is_file() for path in parts):
        return False
    try:
        return file_sha256(bulk.source / name) == made.input_sha256
    except OSError:
        return False


def _count(tagged: Tagged, outcome: Outcome) -> None:
    outcome.parts += len(tagged.parts) - tagged.skipped
    outcome.parts_skipped += tagged.skipped
    for part in tagged.parts:
        outcome.documents += part.documents
        outcome.characters += part.characters
        outcome.mentions += part.mentions
        outcome.cpu_s = round(outcome.cpu_s + part.cpu_s, 3)


def _finish(bulk: Bulk, results: Sequence[Tagged], outcome: Outcome) -> None:
    """Say beside an input's parts that all are there, once its pieces have all ended."""
    name = results[0].piece.name
    problem = next((one.unreadable for one in results if one.unreadable), "")
    if problem:
        outcome.unreadable[name] = problem
        return
    parts = [part for one in results for part in one.parts]
    count = max(one.all_parts for one in results)
    if len({one.input_sha256 for one in results}) > 1 or len(parts) != count:
        outcome.failed[name] = "the file changed while it was tagged; run the same line again"
        return
    for stale in _beyond(bulk, name, count):
        done_path(stale).unlink(missing_ok=True)
        stale.unlink(missing_ok=True)
    write_made(
        bulk.out / name,
        Made(
            input=name,
            input_sha256=results[0].input_sha256,
            model=bulk.model.name,
            model_hash=bulk.model_hash,
            convention=bulk.convention,
            format=bulk.format,
            documents=sum(part.documents for part in parts),
            characters=sum(part.characters for part in parts),
            mentions=sum(part.mentions for part in parts),
            parts=count,
            cpu_s=round(sum(part.cpu_s for part in parts), 3),
        ),
    )
    outcome.inputs_done += 1


def _beyond(bulk: Bulk, name: str, count: int) -> Iterator[Path]:
    """Yield the parts that an earlier, longer state of the input has left, in either format."""
    for format in ("jsonl", "parquet"):
        number = count if format == bulk.format else 0
        while (path := part_path(bulk.out, name, number, format)).exists():
            yield path
            number += 1


class _Watch:
    """How far a run is: by bytes of its input, from what its pieces say of themselves."""

    def __init__(
        self, bulk: Bulk, pieces: Sequence[Piece], outcome: Outcome, hear: OnStanding
    ) -> None:
        self._bulk, self._outcome, self._hear = bulk, outcome, hear
        self._sizes = {one.key: (bulk.source / one.name).stat().st_size / one.of for one in pieces}
        self._total = sum(self._sizes.values())
        self._ended = 0.0
        self._lately: deque[tuple[float, float, int]] = deque()

    def ended(self, piece: Piece) -> None:
        """Count a piece as done with, whatever came of it."""
        self._ended += self._sizes[piece.key]

    def tell(self) -> None:
        """Say how much is done, at what rate, and about how long the rest will take."""
        outcome, running = self._outcome, list(self._running())
        done = self._ended + sum(self._sizes.get(one["key"], 0.0) * one["share"] for one in running)
        documents = outcome.documents + sum(one["documents"] for one in running)
        skipped = sum(one["skipped"] for one in running)
        rate, left = self._pace(done, documents)
        self._hear(
            Standing(
                share=min(1.0, done / self._total) if self._total else 1.0,
                inputs=outcome.inputs,
                inputs_done=outcome.inputs_done,
                inputs_skipped=outcome.inputs_skipped,
                parts=outcome.parts + sum(one["parts"] for one in running) - skipped,
                parts_skipped=outcome.parts_skipped + skipped,
                documents=documents,
                mentions=outcome.mentions,
                documents_per_s=rate,
                left_s=left,
                failed=dict(outcome.failed),
                unreadable=dict(outcome.unreadable),
            )
        )

    def _pace(self, done: float, documents: int) -> tuple[float | None, float | None]:
        """Return documents a second and the seconds left, by the latest minutes."""
        now = time.monotonic()
        self._lately.append((now, done, documents))
        while len(self._lately) > 2 and now - self._lately[0][0] > LATELY_S:
            self._lately.popleft()
        then, had, had_documents = self._lately[0]
        if now - then <= 1 or done <= had:
            return None, None
        rate = max(0, documents - had_documents) / (now - then)
        return round(rate, 2), (self._total - done) * (now - then) / (done - had)

    def _running(self) -> Iterator[dict[str, Any]]:
        for path in (self._bulk.out / RUNNING).glob("[!.]*"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                said = json.loads(path.read_text(encoding="utf-8"))
                names = ("share", "parts", "skipped", "documents")
                yield {"key": path.name, **{name: said[name] for name in names}}
