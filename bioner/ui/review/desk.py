"""What the Review page remembers while somebody works: project, reviewer, item, answered edits."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from bioner.access import LISTED, NEEDS, Action, Role
from bioner.review.editing import Stale, Step, stacks
from bioner.review.offers import Offer, Vocabularies
from bioner.spans import Mention, Range
from bioner.store import Edit, Project, QueueFilter, ReviewItem, Store, edit_of
from bioner.store.values import Verdict
from bioner.ui.session import Session

Act = Callable[..., None]
"""Calls a function with its arguments before the page is drawn, for a button's ``on_click``.

A button that is asked for while the page is drawn loses its click where another event cuts that run
short; a callback runs first of all. What the editor sent along is saved before it.
"""

KEEP = 4_000
"""Operation ids remembered; older ones the browser has long been told about."""
FRESH = 20.0
"""Seconds for which an untouched sentence of an open document is not read again."""
RENEW = 120.0
"""Seconds after which an open item's reservation is renewed."""


@dataclass
class Memory:
    """One tab's work. ``item`` 0: not chosen yet, -1: none is left; ``stale``: to be decided.

    ``note_of``: the item whose note the box holds. ``offers``: concepts for a surface and a type.
    ``words``: those that were selected when the guidelines were asked for.
    """

    session: str = field(default_factory=lambda: uuid.uuid4().hex)
    item: int = 0
    note_of: int = 0
    in_url: int = 0
    place: str = ""
    visited: list[int] = field(default_factory=list)
    handled: dict[str, str] = field(default_factory=dict)
    stale: list[Stale] = field(default_factory=list)
    everywhere: tuple[str, str] | None = None
    words: Range | None = None
    message: str = ""
    started: float = field(default_factory=time.monotonic)
    verdicts: int = 0
    last_saved: int = 0
    renewed: float = 0.0
    opened: dict[int, ReviewItem] = field(default_factory=dict)
    opened_at: float = 0.0
    steps: dict[tuple[int, int], tuple[list[Step], list[Step]]] = field(default_factory=dict)
    offers: dict[tuple[str, str], list[Offer]] = field(default_factory=dict)
    offered_by: Vocabularies | None = None

    def forget_opened(self) -> None:
        """Read every sentence anew: something other than the editor has changed some."""
        self.opened = {}

    def forget_old(self) -> None:
        """Drop the ids of operations that no browser repeats any more."""
        while len(self.handled) > KEEP:
            self.handled.pop(next(iter(self.handled)))

    @property
    def per_hour(self) -> float | None:
        """This tab's verdicts an hour; None before there are five."""
        hours = (time.monotonic() - self.started) / 3600
        return self.verdicts / hours if self.verdicts >= 5 and hours > 0 else None


@dataclass(frozen=True)
class Desk:
    """Everything that the Review page's parts work with."""

    session: Session
    store: Store
    project: Project
    reviewer: str
    filters: QueueFilter
    scope: str
    memory: Memory

    @property
    def is_whole_document(self) -> bool:
        return self.scope == "Document"

    @property
    def types(self) -> tuple[str, ...]:
        """The project's types in the order of their keys, the same wherever one gives a type.

        It is the project's own order; types that the schema has no more come last: the editor,
        which has no colour for them, leaves them out.
        """
        known = self.session.schema.names
        return tuple(sorted(self.project.types, key=lambda name: name not in known))

    def may(self, action: Action) -> bool:
        """Tell whether this person may do this in the project, as its list and their role say."""
        role = LISTED.get(self.project.role(self.reviewer), Role.READER)
        actor = self.session.signed_in
        if actor is not None:
            return actor.may_in(action, self.project.reviewers)
        return role >= NEEDS[action]

    def open(self, item: int) -> ReviewItem:
        """Return an item without reserving it."""
        return self.store.open_item(item, self.reviewer, claim=False)

    def open_document(self, focus: ReviewItem, touched: Collection[int]) -> list[ReviewItem]:
        """Return all items of a document: the touched ones read anew, the rest at most FRESH old.

        What is saved is checked against the database all the same: nothing overtaken is lost.
        """
        memory = self.memory
        ids = self.store.items_of(self.project.name, focus.document)
        now = time.monotonic()
        if now - memory.opened_at > FRESH or not memory.opened.keys() >= set(ids):
            memory.opened = {}
            memory.opened_at = now
        for item in ids:
            if item in touched or item not in memory.opened:
                memory.opened[item] = self.open(item)
        memory.opened[focus.item] = focus
        return [memory.opened[item] for item in ids]

    def edit(
        self,
        review: ReviewItem,
        mentions: tuple[Mention, ...],
        *,
        batch: str = "",
        verdict: Verdict | None = None,
        covers: frozenset[str] | None = None,
    ) -> Edit:
        """Make this reviewer's edit of an item as it is open; its note stays."""
        return replace(
            edit_of(review, mentions, self.reviewer),
            verdict=verdict,
            covers=covers,
            schema=self.session.schema.fingerprint,
            generation=review.generation,
            session=self.memory.session,
            batch=batch,
        )

    def steps(self, review: ReviewItem) -> tuple[list[Step], list[Step]]:
        """Return what can be undone and redone in an item; read once a revision."""
        if not review.base:
            return [], []
        key = (review.item, review.base)
        found = self.memory.steps.get(key)
        if found is None:
            found = stacks(self.store.history(review.item), review)
            self.memory.steps = {
                known: steps for known, steps in self.memory.steps.items() if known[0] != key[0]
            }
            self.memory.steps[key] = found
        return found
