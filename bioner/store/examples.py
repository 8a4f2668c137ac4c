"""Examples beside a project's guidelines: written down, or places of reviewed sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from bioner.spans import Range
from bioner.store import codec
from bioner.store.tables import documents, items, projects
from bioner.store.values import Example

if TYPE_CHECKING:
    from bioner.store.projects import StoredProject

MARKED = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownExample:
    """An example with its words: a sentence, and where in it the words stand (None: all of it).

    ``number`` is its place among the project's examples, from 0.
    """

    number: int
    example: Example
    text: str
    marked: Range | None


def written(number: int, example: Example) -> ShownExample:
    """Return a written example without its brackets."""
    found = MARKED.search(example.text)
    if found is None:
        return ShownExample(number=number, example=example, text=example.text, marked=None)
    text = example.text[: found.start()] + found[1] + example.text[found.end() :]
    marked = found.start(), found.start() + len(found[1])
    return ShownExample(number=number, example=example, text=text, marked=marked)


def shown_examples(connection: Connection, stored: StoredProject) -> list[ShownExample]:
    """Return a project's examples in their order, without those whose text is gone."""
    found = []
    for number, one in enumerate(stored.project.examples):
        if not one.document:
            found.append(written(number, one))
            continue
        row = connection.execute(
            select(documents.c.text, items.c.start, items.c.end)
            .join(items, items.c.document == documents.c.id)
            .where(
                documents.c.project == stored.id,
                documents.c.name == one.document,
                documents.c.text.is_not(None),
                items.c.start <= one.start,
                items.c.end >= one.end,
            )
        ).first()
        if row is not None:
            text = row.text[row.start : row.end]
            marked = one.start - row.start, one.end - row.start
            found.append(ShownExample(number=number, example=one, text=text, marked=marked))
    return found


def forget_examples(connection: Connection, stored: StoredProject, document: str) -> None:
    """Take the examples of an erased document out of its project."""
    kept = [one for one in stored.project.examples if one.document != document]
    if len(kept) < len(stored.project.examples):
        connection.execute(
            update(projects)
            .where(projects.c.id == stored.id)
            .values(examples=codec.write_examples(kept))
        )
