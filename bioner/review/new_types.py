"""Types that a project lacks: those that the studio has, and those that are new to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bioner.corpora.mapping_edit import add_type
from bioner.corpora.own import read_user_schema
from bioner.settings import Settings
from bioner.store import Store


def type_name(label: str) -> str:
    """Return a file's label as the name of a type: letters, digits and underscores."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", label).strip("_")[:40]
    return words if words[:1].isalpha() else f"Type_{words}".strip("_")


def add_types(
    settings: Settings, store: Store, project: str, names: Iterable[str], *, reviewer: str = ""
) -> Sequence[str]:
    """Add types to a project, to the label schema first where it lacks them; return those added.

    What reviewers look for stays as it is. Raises SchemaError for a name that no type can have,
    AccessError or StoreError for who may not change the project.
    """
    present = store.project(project)
    added = [name for name in dict.fromkeys(names) if name and name not in present.types]
    if not added:
        return ()
    changed = replace(present, types=(*present.types, *added))
    known = read_user_schema(settings).names
    for name in added:
        if name not in known:
            add_type(settings, name, actor=store.actor)
    store.update_project(changed, reviewer)
    return added
