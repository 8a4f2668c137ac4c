"""Buttons of those whose role is not enough: drawn, closed, with the reason as their help."""

from __future__ import annotations

from typing import Protocol, TypedDict

from bioner.access import NEEDS, Action


class Person(Protocol):
    """Who looks at a page: the session, or the desk of a project with its own list of people."""

    def may(self, action: Action) -> bool: ...


class Shut(TypedDict):
    """Arguments of a widget: whether it is closed, and what it says when pointed at."""

    disabled: bool
    help: str | None


def shut(person: Person, *actions: Action, disabled: bool = False, help: str | None = None) -> Shut:
    """Return a widget's arguments: closed with the reason where the person may not do all of it.

    The functions that do it ask again; this only says so before.
    """
    refused = next((one for one in actions if not person.may(one)), None)
    if refused is None:
        return {"disabled": disabled, "help": help}
    needed = NEEDS[refused].title
    article = "an" if needed[0] in "aeiou" else "a"
    return {"disabled": True, "help": f"To {refused} needs {article} {needed}."}
