"""The store and the project that a command works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import names_of
from bioner.errors import StoreError
from bioner.settings import Settings

if TYPE_CHECKING:
    from bioner.store import Store

ProjectOption = Annotated[str, typer.Option(help="The project; may be left out if there is one.")]


def open_store(settings: Settings) -> Store:
    """Open the annotation store of these settings."""
    from bioner import store

    return store.open_store(settings)


def find_project(
    store: Store, name: str, covers: str = "", settings: Settings | None = None
) -> str:
    """Return the project's name; make it where ``covers`` says what its reviewers look for."""
    from bioner.corpora.own import read_user_schema
    from bioner.review.intake import open_project

    names = [p.name for p in store.projects()]
    looked_for = list(names_of("--covers", covers))
    types = read_user_schema(settings).names if settings is not None else ()
    unknown = sorted(set(looked_for) - set(types))
    if unknown:
        raise StoreError(
            f"--covers: unknown type {unknown[0]!r}; expected some of {', '.join(types)}"
        )
    if name in names:
        return name
    if not name and len(names) == 1 and not covers:
        return names[0]
    if types and name:
        looked_for = looked_for or list(types)
        return open_project(store, name, types, covers=frozenset(looked_for)).name
    raise StoreError(f"name the project (--project): {', '.join(names) or 'there is none yet'}")
