"""Small wordings that every page shares: counted nouns, how long ago."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from bioner.store import Usable

STATES: Mapping[str, str] = {
    "waiting": "waiting",
    "open": "begun",
    "done": "done",
    "unsure": "unsure",
    "rejected": "rejected",
}
"""The states of a sentence under review as pages name them; begun: changed, not accepted."""

VERDICTS_SAID: Mapping[str | None, str] = {
    "accept": "accepted",
    "correct": "corrected",
    "reject": "rejected",
    "unsure": "unsure",
    None: "",
}
"""A sentence's verdict as pages name it."""

REVISIONS_SAID: Mapping[str, str] = {
    "edit": "changed",
    "undo": "taken back",
    "redo": "made again",
    "restore": "brought back",
    "resplit": "sentences cut anew",
    "adjudicate": "curated",
    "erase": "erased",
}
"""What a revision did, as pages name it; one that changes a sentence and gives a verdict is named
by that."""

EVENTS_SAID: Mapping[str, str] = {
    "created": "project begun",
    "settings": "settings changed",
    "import": "texts brought in",
    "export": "texts taken out",
    "erase": "text erased",
    "restore": "backup restored",
    "promotion": "model in use",
    "job": "job",
    "audit": "suggestion judged",
}
"""What is on record, as pages name it."""

SHOWN_SAID: Mapping[str, str] = {
    "correction": "your corrections",
    "gold": "gold labels",
    "prediction": "predictions",
    "none": "no marks yet",
}
"""Whose marks of a sentence are shown, as pages name it."""


LAYERS_SAID: Mapping[str, str] = {
    "shown": "as on the screen",
    "correction": "corrections",
    "gold": "gold labels",
    "prediction": "predictions",
}
"""Which marks of a project go out, as pages name them."""


def revision_said(kind: str, verdict: str | None) -> str:
    """Say what a revision did: its verdict, or what was done to the sentence and its verdict."""
    given = VERDICTS_SAID[verdict]
    if kind == "edit":
        return given or REVISIONS_SAID[kind]
    return ", ".join(filter(None, (REVISIONS_SAID[kind], given)))


def many(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 sentence``, ``1,200 sentences``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def usable_said(usable: Usable) -> str:
    """Say how many reviewed sentences a training run uses, and what stays out."""
    from bioner.store import Usable  # late: the other wordings need no store

    if usable == Usable():
        return "Nobody has reviewed a sentence yet: there is nothing to learn from."
    out = []
    if usable.held_back:
        out.append(f"{usable.held_back:,} of “my test” stay out")
    if usable.undecided:
        out.append(f"{usable.undecided:,} wait for a curator to choose")
    used = f"{many(usable.sentences, 'reviewed sentence')} will be used"
    return f"{used}; {', '.join(out)}." if out else f"{used}."


def capital(text: str) -> str:
    """Return what begins a sentence: the first letter large, all others as they are."""
    return text[:1].upper() + text[1:]


def ago(created: str) -> str:
    """Say how long ago an ISO time was (UTC where it names no zone)."""
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return created
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    minutes = int((datetime.now(UTC) - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{many(minutes, 'minute')} ago"
    hours = minutes // 60
    return f"{many(hours, 'hour')} ago" if hours < 48 else f"{many(hours // 24, 'day')} ago"


def moment(recorded: str, zone: str | None) -> str:
    """Return an ISO time (UTC where it names no zone) to the minute, as clocks in ``zone`` show it.

    Without a zone, or with one that this machine does not know, it stays in UTC and says so.
    """
    try:
        then = datetime.fromisoformat(recorded)
    except ValueError:
        return recorded
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    try:
        if zone:
            return f"{then.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    except (ZoneInfoNotFoundError, ValueError):
        pass
    return f"{then.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
