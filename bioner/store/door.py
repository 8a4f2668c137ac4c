"""Door: an actor at the database, asked before whatever they write."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection

from bioner.access import Action, Actor
from bioner.store import backups as rotation
from bioner.store import projects
from bioner.store.engine import Database
from bioner.store.failures import UnsureError

T = TypeVar("T")


class Door:
    """A database, the folder of its backups, and in whose hands both are."""

    def __init__(self, database: Database, folder: Path, actor: Actor) -> None:
        self.actor = actor
        self.database = database
        self.folder = folder
        self._hourly = rotation.Hourly(database, folder)

    @property
    def place(self) -> str:
        """Where the database is, for a message, without a password."""
        return self.database.place

    def acting(self, actor: Actor) -> Self:
        """Return the same in the hands of an actor; both share the database."""
        other = copy(self)
        other.actor = actor
        return other

    def _allow(self, action: Action, *reviewers: str) -> None:
        """Raise AccessError unless the actor may do this, and write under these names."""
        self.actor.require(action)
        for name in reviewers:
            self.actor.require_name(name)

    def _allow_in(self, action: Action, stored: projects.StoredProject) -> None:
        """Raise AccessError unless the actor may do this in this project."""
        project = stored.project
        self.actor.require(action, project.reviewers, where=f"project {project.name!r}")

    def _surely(self, since: str, work: Callable[[Connection], T]) -> T:
        """Do what carries its own operation id; where the connection broke at the end, ask again.

        What was saved after all is found by its id, and what was not is saved now.
        """
        try:
            with self.database.write(since=since) as connection:
                return work(connection)
        except UnsureError:
            with self.database.write(since=since) as connection:
                return work(connection)
