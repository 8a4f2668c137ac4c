"""``doctor``: device, disk, database, models, corpora: what is wrong, and how to mend it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from bioner.commands.terminal import refusing
from bioner.errors import BionerError
from bioner.machine import usable_cpus
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.store import Store

LOW_DISK_GB = 3


@dataclass(frozen=True)
class Check:
    """One line of the doctor: fine, worth knowing, or wrong with its mend."""

    state: str
    what: str


@refusing
def doctor() -> None:
    """Check device, disk, database, models and corpora; exit 1 if something is wrong."""
    found = list(checks(read_settings()))
    for check in found:
        typer.echo(f"{check.state:5} {check.what}")
    if any(check.state == "WRONG" for check in found):
        raise typer.Exit(1)


def checks(settings: Settings) -> Iterator[Check]:
    """Yield the checks in the order in which a person would want them."""
    yield from _devices()
    yield _disk(settings)
    yield from _privacy(settings)
    yield from _database(settings)
    yield from _models(settings)
    yield _corpora(settings)


def _privacy(settings: Settings) -> Iterator[Check]:
    """Name the folders with people's texts that other users of this machine may enter."""
    for folder in (settings.home, settings.backups, settings.jobs):
        if os.name == "posix" and folder.is_dir() and folder.stat().st_mode & 0o005:
            yield Check(
                "note",
                f"{folder}: other users of this machine may read it; `chmod 700` keeps them out",
            )


def _devices() -> Iterator[Check]:
    from bioner.devices import found_cards, no_card, said

    found = found_cards()
    for one in found:
        yield Check("note" if one.problem else "ok", f"GPU {one.card.index}: {said(one)}")
    if all(one.problem for one in found):
        why = "no GPU that can be used" if found else f"no GPU ({no_card() or 'none is here'})"
        yield Check("note", f"{why}: training and tagging use {usable_cpus()} processor cores")


def _disk(settings: Settings) -> Check:
    folder = next(p for p in (settings.models, *settings.models.parents) if p.exists())
    free = shutil.disk_usage(folder).free / 1e9
    if free < LOW_DISK_GB:
        return Check(
            "WRONG", f"{free:.1f} GB free at {folder}: training needs more; delete old jobs"
        )
    return Check("ok", f"{free:.0f} GB free at {folder}")


def _database(settings: Settings) -> Iterator[Check]:
    from bioner.store import open_store

    try:
        store = open_store(settings)
        projects = store.projects()
    except BionerError as error:
        yield Check("WRONG", f"database: {error}")
        return
    yield Check("ok", f"database: {len(projects)} projects in {store.place}")
    yield _integrity(store)
    backups = store.backups()
    if backups:
        yield Check("ok", f"backups: {len(backups)} in {settings.backups}")
    else:
        yield Check("note", f"no backup yet in {settings.backups}; one is made within the hour")


LOOKED_AT = 100_000
"""Of a larger database about so many revisions are looked at: a few seconds."""


def _integrity(store: Store) -> Check:
    try:
        found = store.verify(most=LOOKED_AT)
    except BionerError as error:
        return Check("WRONG", f"revisions: {error}")
    if found.problems:
        more = f" and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        return Check(
            "WRONG",
            f"revisions: {found.problems[0]}{more}; `python -m bioner review verify` names all",
        )
    told = f"revisions: {found.revisions:,}, none changed or missing"
    if found.share > 1:
        told += (
            f" in one of {found.share:,} documents; `python -m bioner review verify` looks at all"
        )
    return Check("ok", told)


def _models(settings: Settings) -> Iterator[Check]:
    from bioner.models.catalogue import active_model, list_models

    entries = list_models(settings.models)
    active = active_model(settings)
    if active not in {e.name for e in entries}:
        yield Check(
            "WRONG", f"the active model {active} is not in {settings.models}: promote another"
        )
    for entry in entries:
        mark = " (active)" if entry.name == active else ""
        if entry.problem:
            yield Check("WRONG", f"model {entry.name}{mark}: {entry.problem}")
        else:
            yield Check("ok", f"model {entry.name}{mark}, {entry.size_bytes / 1e6:.0f} MB")


def _corpora(settings: Settings) -> Check:
    from bioner.corpora.dataset_folder import read_manifest

    try:
        manifest = read_manifest(settings.merged)
    except BionerError as error:
        return Check("note", f"{error}; until then the shipped sample is shown")
    sentences = sum(sum(s.values()) for s in manifest.report.sentences.values())
    return Check("ok", f"corpora: {sentences:,} sentences, mapping {manifest.mapping}")
