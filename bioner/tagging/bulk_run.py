"""A bulk tagging: a folder of texts in, a folder of parts out, each input finished or named."""

from __future__ import annotations

import contextlib
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from bioner.devices import usable_cards
from bioner.errors import FormatError
from bioner.files import try_lock
from bioner.machine import Device, usable_cpus
from bioner.tagging.bulk import Bulk, Piece, Tagged, tag_piece
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
from bioner.tagging.standing import OnStanding
from bioner.tagging.watching import Outcome, Watch

CUT_BYTES = 8_000_000
"""A file above this is shared out among the workers, part by part."""
CUT_AT_MOST = 16
"""Among so many at most: each of them reads the whole file."""
ON_A_CARD = 8
"""So many processes share a card at most."""
WORKER_BYTES = 6_000_000_000
"""What a process takes of a card's memory, at most: CUDA's own, the weights, a batch."""


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


def workers_here(device: Device) -> int:
    """Return how many processes tag at once here, if nobody says.

    On a card too several: it waits for each of them while texts are read, split, cut into
    word-pieces and decoded, which one process does for some 2,000 sentences a second.
    """
    if device is not Device.CUDA:
        return usable_cpus()
    memory = min((one.card.memory_bytes for one in usable_cards()), default=0)
    return max(1, min(usable_cpus(), ON_A_CARD, memory // WORKER_BYTES))


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
        sizes = {one.key: (bulk.source / one.name).stat().st_size / one.of for one in pieces}
        watch = Watch(bulk.out / RUNNING, sizes, outcome, hear)
        results: dict[str, list[Tagged]] = defaultdict(list)
        for piece, tagged, problem in spread(
            tag_piece, pieces, workers=bulk.workers, tick=watch.tell
        ):
            watch.ended(piece.key)
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
            yield Piece(bulk=bulk, name=name, stripe=stripe, of=of)


def _is_done(bulk: Bulk, name: str, made: Made) -> bool:
    """Return whether an input's ``.done`` is of this model and way, and of the file as it is."""
    if not made.is_of(bulk.made(name, made.input_sha256)):
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
        outcome.failed[name] = (
            "the file changed as it was tagged; it is tagged anew when the run goes on"
        )
        return
    for stale in _beyond(bulk, name, count):
        done_path(stale).unlink(missing_ok=True)
        stale.unlink(missing_ok=True)
    write_made(
        bulk.out / name,
        replace(
            bulk.made(name, results[0].input_sha256),
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
