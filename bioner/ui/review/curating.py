"""What the Compare part remembers of one tab: versions as they were read, the place, own marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bioner.errors import BionerError
from bioner.review.agreement import TeamAgreement
from bioner.review.curation import Rule, Taken, by_rule
from bioner.spans import Mention
from bioner.store import Curated, SideBySide, StaleEditError
from bioner.ui.review.desk import Desk
from bioner.ui.words import many


@dataclass
class CurateMemory:
    """Sentences as they were read, whose versions count, which one is open, marks of one's own.

    ``added`` holds by sentence the marks that nobody has and the curator adds.
    """

    desk: Desk | None = None
    sentences: Sequence[SideBySide] = ()
    names: tuple[str, ...] = ()
    item: int = 0
    added: dict[int, list[Mention]] = field(default_factory=dict)
    message: str = ""
    _agreement: tuple[object, TeamAgreement] | None = None
    _taken: dict[tuple[Rule, tuple[str, ...]], list[Taken]] = field(default_factory=dict)

    def read(self, desk: Desk) -> None:
        """Read the versions, anew where the page was drawn anew or something was saved."""
        if self.desk is desk:
            return
        self.sentences = desk.store.side_by_side(desk.project.name)
        self.desk = desk
        self._taken = {}

    def agreement(
        self, names: Sequence[str], measure: Callable[[], TeamAgreement]
    ) -> TeamAgreement:
        """Return how far they agree; measured once as long as no version changes."""
        versions = tuple(
            (one.item, version.reviewer, version.seq)
            for one in self.sentences
            for version in one.versions
        )
        key = (*names, versions)
        if self._agreement is None or self._agreement[0] != key:
            self._agreement = key, measure()
        return self._agreement[1]

    def taken(self, rule: Rule) -> list[Taken]:
        """Return what a rule settles; found once as long as the versions are not read again."""
        key = rule, self.names
        if key not in self._taken:
            self._taken[key] = by_rule(self.sentences, rule, self.names)
        return self._taken[key]

    def do(self, act: Callable[[], str]) -> None:
        """Do what a button asks, say what came of it, and read everything anew."""
        try:
            self.message = act()
        except StaleEditError as error:
            self.message = _meanwhile(error)
        except BionerError as error:
            self.message = str(error)
        self.desk = None


def said(done: Curated) -> str:
    """Say what came of curating."""
    parts = []
    if done.revisions:
        last = done.revisions[-1].seq
        parts.append(f"Saved, revision {last}: {many(len(done.revisions), 'sentence')} curated")
    parts += [_meanwhile(one) for one in done.overtaken[:1]]
    if len(done.overtaken) > 1:
        parts.append(
            f"{len(done.overtaken):,} sentences were changed meanwhile and left as they are"
        )
    return "; ".join(parts) or "Nothing to settle"


def _meanwhile(error: StaleEditError) -> str:
    who = error.revision.reviewer or "somebody"
    return f"{who} saved revision {error.revision.seq} meanwhile: look at the sentence again"
