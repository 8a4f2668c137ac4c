"""What suggesters proposed: marks in layers of their own, beside what the reviewer sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bioner.spans import Mention
from bioner.store import codec, projects
from bioner.store.door import Door
from bioner.store.queue_items import ItemStatus
from bioner.store.tables import documents, items, layers

PAGE = 500
NOTHING = codec.write_mentions(())


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """One sentence's marks of one suggester; offsets are the document's, ``text`` its sentence's.

    ``is_test``: it lies in "my test", whose sentences are read one by one.
    """

    item: int
    document: str
    start: int
    text: str
    mentions: tuple[Mention, ...]
    status: ItemStatus
    is_test: bool

    def surface(self, one: Mention) -> str:
        """Return a mark's text, fragments joined by a space."""
        return " ".join(self.text[a - self.start : b - self.start] for a, b in one.fragments)


def suggested(
    connection: Connection, stored: projects.StoredProject, name: str, after: int
) -> list[Suggested]:
    """Return the next sentences with marks of a suggester, in order of their number."""
    rows = connection.execute(
        select(
            items.c.id, items.c.start, items.c.end, items.c.is_test, documents.c.name,
            documents.c.text, items.c.status, layers.c.mentions,
        )
        .join(documents, items.c.document == documents.c.id)
        .join(layers, layers.c.item == items.c.id)
        .where(
            items.c.project == stored.id,
            items.c.id > after,
            layers.c.layer == "suggestion",
            layers.c.model == name,
            layers.c.mentions != NOTHING,
            documents.c.text.is_not(None),
        )
        .order_by(items.c.id)
        .limit(PAGE)
    ).all()  # fmt: skip
    return [
        Suggested(
            item=row.id,
            document=row.name,
            start=row.start,
            text=row.text[row.start : row.end],
            mentions=codec.read_mentions(row.mentions),
            status=row.status,
            is_test=row.is_test,
        )
        for row in rows
    ]


def suggesters(connection: Connection, stored: projects.StoredProject) -> dict[str, int]:
    """Return the suggesters of a project's layers, each with how many sentences it marks."""
    rows = connection.execute(
        select(layers.c.model)
        .join(items, layers.c.item == items.c.id)
        .where(items.c.project == stored.id, layers.c.layer == "suggestion")
        .where(layers.c.mentions != NOTHING)
    )
    return dict(sorted(Counter(row.model for row in rows).items()))


class Suggesting(Door):
    """What suggesters proposed in a project's sentences, a layer each."""

    def suggesters(self, project: str) -> dict[str, int]:
        """Return the suggesters that have a layer, each with how many sentences it marks."""
        with self.database.read() as connection:
            return suggesters(connection, projects.find(connection, project))

    def suggested(self, project: str, name: str) -> Iterator[Suggested]:
        """Yield the sentences that a suggester marks, a page at a time, in order of number."""
        after = 0
        while True:
            with self.database.read() as connection:
                page = suggested(connection, projects.find(connection, project), name, after)
            if not page:
                return
            yield from page
            after = page[-1].item
