"""The slots of this machine's devices: one a GPU, one for the CPU, held while a job computes."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bioner.cards import free_first
from bioner.devices import resolve_device, usable_cards
from bioner.errors import JobError
from bioner.files import read_json_object, try_lock, write_whole
from bioner.jobs.folder import list_jobs
from bioner.machine import Device
from bioner.processes import ProcessId, is_alive, process_id
from bioner.settings import Settings, read_launched, see_only_card

if TYPE_CHECKING:
    from filelock import BaseFileLock


CARD = "cuda-"
"""How the slot of a card is called: this, and the card's address."""


@dataclass(frozen=True)
class Slot:
    """One slot that this process holds: it is free again when both holder and worker are gone."""

    name: str
    jobs: Path
    lock: BaseFileLock

    def note(self, worker: ProcessId | None) -> None:
        """Write down who computes here, so that the slot stays taken if this process dies first."""
        if worker is not None:
            write_whole(_worker_file(self.jobs, self.name), json.dumps(asdict(worker)))

    def release(self) -> None:
        """Let others have the slot."""
        self.lock.release()


def take_slots(jobs: Path, device: str, count: int = 1) -> tuple[Slot, ...] | None:
    """Take ``count`` slots of a device, for the CPU its one; None when too few are free.

    One rule on every system: a slot is free where nobody holds its lock and the worker noted last,
    by number and birth, is gone. Cards are those allotted to us that torch computes on, free ones
    first.
    """
    names = ["cpu"]
    if device != "cpu":
        free = free_first([one.card for one in usable_cards()])
        names = [f"{CARD}{card.address}" for card in free]
    wanted = 1 if device == "cpu" else count
    taken: list[Slot] = []
    for name in names:
        lock = try_lock(jobs / f".device-{name}.lock")
        if lock is None:
            continue
        if is_alive(_noted_worker(jobs, name)):
            lock.release()
            continue
        taken.append(Slot(name, jobs, lock))
        if len(taken) == wanted:
            return tuple(taken)
    for slot in taken:
        slot.release()
    return None


@contextlib.contextmanager
def own_card(jobs: Path, device: str) -> Iterator[None]:
    """Compute on a free card in this block, where a card is computed on; no job takes it meanwhile.

    Where jobs hold all cards the least used one is shared. Nothing is done under a launcher, which
    has shared the cards out itself, nor for the CPU, which serves several.
    """
    if resolve_device(device) is not Device.CUDA or read_launched() is not None:
        yield
        return
    jobs.mkdir(parents=True, exist_ok=True)
    slots = take_slots(jobs, Device.CUDA) or ()
    free = free_first([one.card for one in usable_cards()])
    see_only_card(slots[0].name.removeprefix(CARD) if slots else free[0].address)
    try:
        for slot in slots:
            slot.note(process_id(os.getpid()))
        yield
    finally:
        for slot in slots:
            slot.release()


def _worker_file(jobs: Path, name: str) -> Path:
    return jobs / f".device-{name}.worker.json"


def _noted_worker(jobs: Path, name: str) -> ProcessId | None:
    try:
        return ProcessId(**read_json_object(_worker_file(jobs, name), JobError))
    except (JobError, TypeError):
        return None


def device_beside_jobs(settings: Settings) -> Device:
    """Return where the app itself computes: on the CPU while a job here has, or awaits, a card."""
    found = resolve_device(settings.device)
    jobs = list_jobs(settings) if found is Device.CUDA else []
    has_rival = any(
        job.is_active and job.spec.device is Device.CUDA and job.spec.is_here for job in jobs
    )
    return Device.CPU if has_rival else found
