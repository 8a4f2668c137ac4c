"""What the store refuses or cannot do, and what a person needs to go on."""

from __future__ import annotations

from bioner.errors import StaleRevisionError, StoreError
from bioner.store.values import Project, Revision


class StaleEditError(StaleRevisionError):
    """The edit was made on an older revision; ``revision`` is the newer one, to show beside it."""

    def __init__(self, message: str, revision: Revision) -> None:
        super().__init__(message)
        self.revision = revision


class StaleSettingsError(StoreError):
    """The settings were changed since they were read; ``project`` is what they are now."""

    def __init__(self, message: str, project: Project) -> None:
        super().__init__(message)
        self.project = project


class RestoredMeanwhileError(StoreError):
    """A backup was put in the database's place since this was begun: look again, then go on."""


class UnsureError(StoreError):
    """The connection broke while something was being saved: whether it was is not known yet."""


class DatabaseLostError(StoreError):
    """The database is damaged or gone; a backup can be put in its place."""
