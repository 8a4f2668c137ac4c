"""Projects in the database: create, read, change, and who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bioner.access import LISTED, NEEDS, Action
from bioner.errors import StoreError
from bioner.store import codec
from bioner.store.tables import projects
from bioner.store.values import Project


@dataclass(frozen=True)
class StoredProject:
    """A project and its row's id."""

    id: int
    project: Project


def create(connection: Connection, project: Project) -> None:
    """Insert a project; its name must be new."""
    if connection.execute(select(projects.c.id).where(projects.c.name == project.name)).scalar():
        raise StoreError(f"project {project.name!r} exists already; choose another name")
    connection.execute(insert(projects).values(_columns(project)))


def change(connection: Connection, project: Project) -> None:
    """Replace the project of this name."""
    stored = find(connection, project.name)
    connection.execute(update(projects).where(projects.c.id == stored.id).values(_columns(project)))


def read_all(connection: Connection) -> list[StoredProject]:
    """Return all projects, by name."""
    return [_stored(row) for row in connection.execute(select(projects).order_by(projects.c.name))]


def find(connection: Connection, name: str) -> StoredProject:
    """Return the project of this name, or raise StoreError naming those that exist."""
    row = connection.execute(select(projects).where(projects.c.name == name)).first()
    if row is None:
        names = ", ".join(connection.execute(select(projects.c.name)).scalars()) or "none yet"
        raise StoreError(f"no project named {name!r}; there are: {names}")
    return _stored(row)


def by_id(connection: Connection, project: int) -> StoredProject:
    """Return the project of this row."""
    return _stored(connection.execute(select(projects).where(projects.c.id == project)).one())


def require(project: Project, reviewer: str, action: Action) -> None:
    """Raise StoreError unless the project's list lets the reviewer do this; without one, anyone."""
    if not project.reviewers:
        return
    role = project.role(reviewer)
    if role not in LISTED or LISTED[role] < NEEDS[action]:
        known = f"is a {role}" if role else "is not among the reviewers"
        roles = [name for name, listed in LISTED.items() if listed >= NEEDS[action]]
        raise StoreError(
            f"project {project.name!r}: {reviewer or 'a person without a name'} {known}; "
            f"this needs a {' or '.join(roles)}"
        )


def _columns(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "types": codec.write_names(project.types, ordered=True),
        "covers": codec.write_names(project.covers),
        "guidelines": codec.write_pairs(project.guidelines),
        "reviewers": codec.write_pairs(project.reviewers),
        "independent": project.independent,
    }


def _stored(row: Row[Any]) -> StoredProject:
    return StoredProject(
        row.id,
        Project(
            row.name,
            codec.read_names(row.types),
            frozenset(codec.read_names(row.covers)),
            codec.read_pairs(row.guidelines),
            codec.read_pairs(row.reviewers),
            row.independent,
        ),
    )
