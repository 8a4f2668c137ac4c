"""Projects in the database: create, read, change, and who may do what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bioner.access import LISTED, NEEDS, Action
from bioner.errors import StoreError
from bioner.store import codec
from bioner.store.events import record_event
from bioner.store.failures import StaleSettingsError
from bioner.store.tables import projects
from bioner.store.values import Project


@dataclass(frozen=True)
class StoredProject:
    """A project and its row's id."""

    id: int
    project: Project


MAX_NAME = 200
"""Characters of a project's name: pages and files are called after it."""


def create(connection: Connection, project: Project, who: str = "") -> None:
    """Insert a project; its name must be new, and one that a line can show."""
    if not project.name.isprintable() or len(project.name) > MAX_NAME:
        raise StoreError(
            f"project {project.name[:60]!r}: expected a name on one line, of {MAX_NAME} "
            "characters at most, without signs that nothing shows"
        )
    if connection.execute(select(projects.c.id).where(projects.c.name == project.name)).scalar():
        raise StoreError(f"project {project.name!r} exists already; choose another name")
    connection.execute(insert(projects).values(_columns(project)))
    record_event(connection, "created", project=project.name, who=who, after=_facts(project))


def change(connection: Connection, project: Project, who: str = "") -> Project:
    """Replace the project of this name and return it as it is now.

    Raises StaleSettingsError if somebody changed it after this one was read.
    """
    present = find(connection, project.name, lock=True)
    if project.base != present.project.base:
        raise StaleSettingsError(
            f"project {project.name!r}: somebody changed its settings meanwhile; nothing was "
            "changed: look at them as they are now, and make your change again",
            present.project,
        )
    kept = replace(project, base=project.base + 1)
    connection.execute(update(projects).where(projects.c.id == present.id).values(_columns(kept)))
    record_event(
        connection,
        "settings",
        project=project.name,
        who=who,
        before=_facts(present.project),
        after=_facts(kept),
    )
    return kept


def _facts(project: Project) -> dict[str, object]:
    return {
        "types": project.types,
        "covers": sorted(project.covers),
        "guidelines": project.guidelines,
        "examples": [codec.example_to_json(one) for one in project.examples],
        "reviewers": project.reviewers,
        "independent": project.independent,
        "vocabularies": project.vocabularies,
    }


def read_all(connection: Connection) -> list[StoredProject]:
    """Return all projects, by name."""
    return [_stored(row) for row in connection.execute(select(projects).order_by(projects.c.name))]


def find(connection: Connection, name: str, *, lock: bool = False) -> StoredProject:
    """Return the project of this name, or raise StoreError naming those that exist."""
    query = select(projects).where(projects.c.name == name)
    row = connection.execute(query.with_for_update(key_share=True) if lock else query).first()
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
        "changes": project.base,
        "vocabularies": codec.write_names(project.vocabularies, ordered=True),
        "examples": codec.write_examples(project.examples),
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
            row.changes,
            codec.read_names(row.vocabularies),
            codec.read_examples(row.examples),
        ),
    )
