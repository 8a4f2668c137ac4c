"""Deciding on many alike marks at once: one choice, one batch, on record, undone as one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import get_args

from bioner.errors import StoreError
from bioner.review.groups import Board, Group, Where, core, flank_behind, where
from bioner.review.operations import resized, retyped
from bioner.spans import Mention, Range
from bioner.store import (
    Project,
    Ruling,
    Settled,
    Settling,
    Standing,
    Store,
    Verdict,
    WaitingMark,
    edit_of,
    new_op,
)
from bioner.store.decisions import Boundary

BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)


def settle(
    store: Store,
    project: str,
    group: Group,
    choice: Ruling,
    *,
    reviewer: str = "",
    excluded: Collection[Where] = (),
    schema: str = "",
    session: str = "",
    op: str = "",
) -> Settled:
    """Settle a group's marks by one choice, but for the ``excluded`` ones, as one batch.

    A settled mark is a person's; its sentence is begun, not accepted: nobody has looked in it for
    what was missed. Marks that are not as they were read are left alone and counted.
    """
    left = set(excluded)
    chosen: dict[int, list[WaitingMark]] = {}
    for mark in group.marks:
        if where(mark) not in left:
            chosen.setdefault(mark.item, []).append(mark)
    if choice.label:
        check_type(store.project(project), choice.label)
    op = op or new_op()
    settlings: list[Settling] = []
    changed = sum(map(len, chosen.values())) + max(0, group.size - len(group.marks))
    for standing in store.standing(project, sorted(chosen), reviewer):
        mentions, done = _decided(standing, chosen[standing.item], choice)
        if done and not standing.is_settled:
            edit = replace(edit_of(standing, mentions, reviewer), schema=schema, session=session)
            settlings.append(Settling(edit=edit, marks=done))
            changed -= done
    settled = store.decide(project, choice, settlings, reviewer, op)
    return replace(settled, changed=settled.changed + changed)


def check_type(project: Project, label: str) -> None:
    """Raise StoreError unless a project has this type."""
    if label not in project.types:
        raise StoreError(
            f"project {project.name!r}: type {label!r} is not among its types "
            f"({', '.join(project.types)})"
        )


def _decided(
    standing: Standing, marks: Sequence[WaitingMark], choice: Ruling
) -> tuple[tuple[Mention, ...], int]:
    """Return a sentence's mentions once these marks are as chosen, and how many were there."""
    mentions = list(standing.mentions)
    done = 0
    for mark in marks:
        found = next(
            (
                one
                for one in mentions
                if (one.fragments, one.label, one.status) == (mark.at, mark.label, "predicted")
            ),
            None,
        )
        if found is None:
            continue
        done += 1
        mentions.remove(found)
        if not choice.label:
            continue
        made = _as_chosen(standing, found, choice)
        same = [
            one for one in mentions if (one.fragments, one.label) == (made.fragments, made.label)
        ]
        mentions = [one for one in mentions if one not in same] + [made]
    return tuple(sorted(mentions, key=lambda one: (one.start, -one.end, one.label))), done


def _as_chosen(standing: Standing, one: Mention, choice: Ruling) -> Mention:
    fragments = (*one.fragments[:-1], _ending(standing, one.fragments[-1], choice.boundary))
    made = resized(one, fragments)
    return made if one.label == choice.label else retyped(made, choice.label)


def _ending(standing: Standing, at: Range, boundary: Boundary) -> Range:
    """Return a fragment without the flanking word at its end, or with the one behind it."""
    start, end = at
    surface = standing.text[start:end]
    bare = core(surface)
    if boundary == "without":
        return start, start + len(bare)
    if boundary == "with" and bare == surface:
        return start, end + len(flank_behind(standing.text[end : standing.end]))
    return at


def choice_of(group: Group, label: str, boundary: Boundary = "") -> Ruling:
    """Return the choice of a type for a group; an empty label: no entity."""
    return Ruling(surface=group.surface, key=group.key, label=label, boundary=boundary)


def following(group: Group) -> Ruling:
    """Return the choice that repeats the decision which a group follows."""
    if group.follows is None:
        raise StoreError(f"no decision on {group.surface!r} is on record")
    return replace(group.follows.choice, follows=group.follows.number)


def take_following(
    store: Store,
    project: str,
    board: Board,
    *,
    reviewer: str = "",
    schema: str = "",
    session: str = "",
) -> list[Settled]:
    """Settle every group for which a decision is on record as that decision says, each a batch."""
    return [
        settle(
            store,
            project,
            group,
            following(group),
            reviewer=reviewer,
            schema=schema,
            session=session,
        )
        for group in board.following
    ]


def accept_decided(
    store: Store, project: str, *, reviewer: str = "", schema: str = "", session: str = ""
) -> Settled:
    """Accept the sentences in which every mark is decided, as one batch.

    Nobody has read them for what was missed, so they cover no type: training learns from their
    marks, and nothing from what is not marked.
    """
    settlings: list[Settling] = []
    for standing in store.standing(project, store.decided(project, reviewer), reviewer):
        verdict: Verdict = "accept" if _same(standing.mentions, standing.came) else "correct"
        edit = replace(
            edit_of(standing, standing.mentions, reviewer),
            schema=schema,
            session=session,
            verdict=verdict,
            covers=frozenset(),
        )
        settlings.append(Settling(edit=edit, marks=len(standing.mentions)))
    choice = Ruling(surface="sentences whose every mark is decided", kind="sentences")
    return store.decide(project, choice, settlings, reviewer)


def _same(some: Sequence[Mention], others: Sequence[Mention]) -> bool:
    return {(one.fragments, one.label) for one in some} == {
        (one.fragments, one.label) for one in others
    }


def chosen(choice: Ruling) -> str:
    """Say what was chosen: ``Gene, without the flanking word``, ``no entity``, ``accepted``."""
    if choice.kind == "sentences":
        return "accepted"
    if choice.kind == "suggestions":
        return f"all that it proposes as {choice.label}"
    ending = f", {choice.boundary} the flanking word" if choice.label and choice.boundary else ""
    return f"{choice.label}{ending}" if choice.label else "no entity"


def said(settled: Settled) -> str:
    """Say what came of a decision, and what was left alone and why."""
    marks, sentences = settled.marks, settled.sentences
    told = f"{marks:,} mark{'s' * (marks != 1)} settled in "
    told += f"{sentences:,} sentence{'s' * (sentences != 1)}"
    if settled.held:
        told += f"; {settled.held:,} left: somebody else has their sentence open"
    if settled.changed:
        told += f"; {settled.changed:,} left: somebody changed them meanwhile"
    return told
