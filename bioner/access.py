"""Who may do what: roles, actions and the one table of them, actors, and how people sign in."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

from bioner.errors import AccessError


class Role(IntEnum):
    """What somebody may do, each role all that the one before it may."""

    READER = 1
    ANNOTATOR = 2
    CURATOR = 3
    ADMINISTRATOR = 4

    @property
    def title(self) -> str:
        """The role's name in a sentence."""
        return self.name.lower()


class Action(StrEnum):
    """What somebody does, as a sentence's words: "this needs …, to <action>"."""

    READ = "read texts, models and scores"
    ANNOTATE = "correct sentences"
    EXPORT = "take texts and marks out"
    CREATE = "begin a project"
    CHANGE = "change a project's settings"
    IMPORT = "bring texts in"
    PRIORITIES = "order the queue"
    ADJUDICATE = "choose between reviewers"
    ERASE = "erase a text for good"
    BACKUP = "make a backup"
    RESTORE = "restore a backup"
    PROMOTE = "change the model in use"
    JOBS = "start, stop or delete a job"
    MAPPING = "change a corpus's mapping"
    CORPORA = "add, build or remove corpora"
    MODELS = "bring a model in"
    SHARE = "send models or corpora to a hub"
    DICTIONARY = "build a dictionary, or decide about its terms"
    FOLDERS = "name a folder of the server"
    TOKENS = "make or revoke a token of the REST service"


NEEDS: Mapping[Action, Role] = {
    Action.READ: Role.READER,
    Action.ANNOTATE: Role.ANNOTATOR,
    Action.EXPORT: Role.ANNOTATOR,
    Action.CREATE: Role.CURATOR,
    Action.CHANGE: Role.CURATOR,
    Action.IMPORT: Role.CURATOR,
    Action.PRIORITIES: Role.CURATOR,
    Action.ADJUDICATE: Role.CURATOR,
    Action.ERASE: Role.CURATOR,
    Action.BACKUP: Role.CURATOR,
    Action.RESTORE: Role.CURATOR,
    Action.PROMOTE: Role.CURATOR,
    Action.JOBS: Role.CURATOR,
    Action.MAPPING: Role.CURATOR,
    Action.CORPORA: Role.CURATOR,
    Action.MODELS: Role.CURATOR,
    Action.SHARE: Role.CURATOR,
    Action.DICTIONARY: Role.CURATOR,
    Action.FOLDERS: Role.ADMINISTRATOR,
    Action.TOKENS: Role.ADMINISTRATOR,
}
"""The least role of each action: the only table of its kind."""

LISTED: Mapping[str, Role] = {
    "reader": Role.READER,
    "reviewer": Role.ANNOTATOR,
    "curator": Role.CURATOR,
}
"""The roles that a project's list of people names, as they are saved."""


@dataclass(frozen=True)
class Actor:
    """Who acts: a name and a role.

    ``is_known``: somebody else than the person said who they are (a provider, a proxy), so that
    they write under no other name. Where nobody signs in, the person at the machine names himself.
    """

    name: str
    role: Role
    is_known: bool = False

    def may(self, action: Action) -> bool:
        """Tell whether the role is enough for an action, projects aside."""
        return self.role >= NEEDS[action]

    def may_in(self, action: Action, people: Iterable[tuple[str, str]]) -> bool:
        """Tell whether the actor may do this in a project with these ``(name, role)``.

        A project's list narrows what the role allows and never widens it: a curator who is listed
        as a reader reads, and who is not listed reads. Administrators who are not listed may do
        all, so that a project cannot be locked.
        """
        listed = dict(people)
        if not self.may(action):
            return False
        if not listed or (self.role is Role.ADMINISTRATOR and self.name not in listed):
            return True
        return LISTED.get(listed.get(self.name, "reader"), Role.READER) >= NEEDS[action]

    def require(
        self, action: Action, people: Iterable[tuple[str, str]] = (), *, where: str = ""
    ) -> None:
        """Raise AccessError unless the actor may do this (in a project with these people)."""
        people = tuple(people)
        if not self.may_in(action, people):
            raise AccessError(_refusal(self, action, dict(people), where))

    def require_name(self, name: str) -> None:
        """Raise AccessError where somebody who signed in would write under another name."""
        if self.is_known and name != self.name:
            raise AccessError(
                f"you are signed in as {self.name or 'nobody'} and cannot write as "
                f"{name or 'a person without a name'}"
            )

    def require_folder(self, folder: Path, roots: Sequence[Path]) -> Path:
        """Return a folder of the server if the actor may name it; links are followed first.

        Administrators alone, and those who signed in only below ``roots``.
        """
        self.require(Action.FOLDERS)
        real = folder.expanduser().resolve()
        if self.is_known and not any(real.is_relative_to(root.resolve()) for root in roots):
            known = ", ".join(map(str, roots)) or "none is named"
            raise AccessError(
                f"{folder}: not below a folder that BIONER_FOLDERS names ({known}); "
                "copy it there, or add its folder on the server"
            )
        return real


def _refusal(actor: Actor, action: Action, listed: Mapping[str, str], where: str) -> str:
    place = f"{where}: " if where else ""
    who = actor.name or "a person without a name"
    needed = NEEDS[action].title
    article = "an" if needed[0] in "aeiou" else "a"
    if listed and actor.may(action):
        role = listed.get(actor.name)
        known = f"is a {role} in it" if role else "is not among its people"
    else:
        known = f"is {'an' if actor.role.title[0] in 'aeiou' else 'a'} {actor.role.title}"
    return f"{place}{who} {known}; to {action} needs {article} {needed}"


def operator() -> Actor:
    """Return the user of the operating system: whoever runs a command here, an administrator."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number without a name
        name = "operator"
    return Actor(name, Role.ADMINISTRATOR)


def allow(action: Action, actor: Actor | None) -> Actor:
    """Return who acts, the user of this machine where nobody is named, if they may do this.

    Raises AccessError. What writes calls this first; the pages always name who acts.
    """
    found = actor or operator()
    found.require(action)
    return found


VISITOR = Actor("", Role.READER, is_known=True)
"""Everybody in the public mode: reads, and leaves nothing behind."""


def role_table() -> str:
    """Return the roles and actions as a Markdown table, as docs/security.md shows it."""
    lines = ["| | " + " | ".join(role.title for role in Role) + " |", "|---" * 5 + "|"]
    for action, needed in NEEDS.items():
        marks = " | ".join("yes" if role >= needed else "" for role in Role)
        lines.append(f"| {action} | {marks} |")
    return "\n".join(lines)
