"""Suggesters at work in a project: layers filled, audits decided, marks accepted in bulk."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bioner.errors import BionerError
from bioner.figures import percent
from bioner.progress import OnProgress, Progress, unheard
from bioner.review.intake import Intake, Origin, take_in
from bioner.review.precision import Precision, precision_of
from bioner.review.suggesters import Suggester
from bioner.review.texts import LEFT_OUT, Texts
from bioner.spans import Document, Mention
from bioner.store import Ruling, Settling, Store, edit_of, new_op
from bioner.store.my_test import TrainedOn
from bioner.store.suggested import Suggested
from bioner.variants import name_key

TARGET = 0.95
"""The precision that bulk acceptance asks for where nobody says otherwise."""
PIECE = 200
EVENTS = 1_000_000


class SuggestError(BionerError):
    """A suggester, type or mark that is not there, or one that is not known to be right enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """One mark that a suggester proposes in a waiting sentence; ``before`` and ``after``: the rest.

    ``id`` names it for a decision.
    """

    id: str
    item: int
    document: str
    mark: Mention
    surface: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What accepting in bulk did; ``clashing`` marks touch a person's, or reach into another.

    ``held``: marks in sentences that somebody else has open; ``changed``: in those changed
    meanwhile. ``decision``: its number on record, 0 where nothing was left to accept.
    """

    marks: int
    sentences: int
    there: int
    clashing: int
    held: int
    changed: int
    decision: int
    batch: str


def fill(
    store: Store,
    project: str,
    suggester: Suggester,
    *,
    schema: str,
    trained: TrainedOn,
    on_progress: OnProgress = unheard,
) -> Intake:
    """Let a suggester mark all texts of a project, into its own layer, in place of what it had.

    Marks of types that the project lacks are rejected by name. Texts, corrections and predictions
    stay as they are.
    """
    types = set(store.project(project).types)
    bare = [replace(one, mentions=(), relations=()) for one in store.export_documents(project)]
    found: list[Document] = []
    for begin in range(0, len(bare), PIECE):
        found += suggester.suggest(bare[begin : begin + PIECE])
        on_progress(Progress(min(begin + PIECE, len(bare)), len(bare), "Suggesting"))
    labels = {mark.label: mark.label for one in found for mark in one.mentions}
    meanings = {label: label if label in types else LEFT_OUT for label in labels}
    origin = Origin(
        source=f"{suggester.name} {suggester.version}",
        schema=schema,
        trained=trained,
        layer="suggestion",
        model=suggester.name,
    )
    return take_in(store, project, Texts(documents=found, labels=meanings), origin)


def proposals(store: Store, project: str, name: str) -> Iterator[Proposal]:
    """Yield what a suggester proposes in sentences that wait, "my test" left out."""
    for one in store.suggested(project, name):
        if one.status != "waiting" or one.is_test:
            continue
        for mark in one.mentions:
            yield _proposal(one, mark)


def _proposal(one: Suggested, mark: Mention) -> Proposal:
    return Proposal(
        id=_id(one.item, mark),
        item=one.item,
        document=one.document,
        mark=mark,
        surface=one.surface(mark),
        before=one.text[: mark.start - one.start],
        after=one.text[mark.end - one.start :],
    )


def _id(item: int, mark: Mention) -> str:
    places = ",".join(f"{start}-{end}" for start, end in mark.fragments)
    return f"{item}:{places}:{mark.label}"


def audit_sample(
    store: Store, project: str, name: str, *, label: str = "", count: int = 20
) -> list[Proposal]:
    """Return the next marks to decide one by one: the beginning of one random order of them all.

    The order hangs on the suggester's name and the mark alone, so that several people, and later
    sessions, go through the same random sample; decided ones are left out.
    """
    decided = audits(store, project, name)
    open_ones = [
        one
        for one in proposals(store, project, name)
        if one.id not in decided and label in ("", one.mark.label)
    ]
    return sorted(open_ones, key=lambda one: _rank(name, one.id))[:count]


def _rank(name: str, id: str) -> bytes:
    return hashlib.blake2b(f"{name}\0{id}".encode(), digest_size=8).digest()


def decide(
    store: Store, project: str, name: str, id: str, *, is_right: bool, reviewer: str = ""
) -> None:
    """Put on record whether a proposed mark is right: its characters and its type.

    Only marks of the audit's sample count: those that wait. Raises SuggestError.
    """
    if not any(one.id == id for one in proposals(store, project, name)):
        raise SuggestError(f"{id}: {name} proposes no such mark in a waiting sentence")
    store.record(
        "audit",
        project=project,
        who=reviewer,
        after={"suggester": name, "mark": id, "right": is_right},
    )


def audits(store: Store, project: str, name: str) -> dict[str, bool]:
    """Return the decided marks of a suggester, the newest decision about each."""
    found: dict[str, bool] = {}
    for event in store.events(project, limit=EVENTS):
        after = event.after
        if event.kind == "audit" and after.get("suggester") == name:
            found.setdefault(str(after.get("mark")), bool(after.get("right")))
    return found


def precisions(store: Store, project: str, name: str) -> dict[str, Precision]:
    """Return a suggester's precision by type, from its audit, surfaces as clusters."""
    decided = audits(store, project, name)
    by_label: dict[str, list[tuple[str, bool]]] = {}
    labels: set[str] = set()
    for one in store.suggested(project, name):
        for mark in one.mentions:
            labels.add(mark.label)
            is_right = decided.get(_id(one.item, mark))
            if is_right is not None:
                by_label.setdefault(mark.label, []).append((name_key(one.surface(mark)), is_right))
    return {label: precision_of(by_label.get(label, ())) for label in sorted(labels)}


def accept(
    store: Store,
    project: str,
    name: str,
    label: str,
    *,
    target: float = TARGET,
    reviewer: str = "",
    schema: str = "",
    op: str = "",
) -> Accepted:
    """Make a suggester's waiting marks of one type a person's: one decision, undone as one.

    Works in pieces, so that others save meanwhile; a repeated ``op`` goes on where it was cut off.
    Raises SuggestError unless the lower 95% limit of their precision has reached ``target``; it
    says how many more audits are needed. Sentences are begun, not accepted: nobody has looked for
    what was missed. Marks that the audit found wrong are left out.
    """
    known = precisions(store, project, name).get(label)
    if known is None:
        raise SuggestError(f"{name} proposes no marks of type {label!r} here")
    if lacking := lacks(known, target):
        raise SuggestError(f"{name}, {label}: {lacking}")
    wrong = {id for id, is_right in audits(store, project, name).items() if not is_right}
    by_item: dict[int, list[Mention]] = {}
    for one in proposals(store, project, name):
        if one.mark.label == label and one.id not in wrong:
            by_item.setdefault(one.item, []).append(one.mark)
    choice = Ruling(surface=name, label=label, kind="suggestions")
    return _accept(
        store, project, by_item, choice, reviewer=reviewer, schema=schema, op=op or new_op()
    )


def lacks(known: Precision, target: float) -> str:
    """Say what an audit lacks before its marks are accepted in bulk; nothing where it is enough."""
    more = known.more(target)
    if more == 0:
        return ""
    told = "as it goes, no number of audits will do"
    if more is not None:
        told = f"about {more:,} more {'is' if more == 1 else 'are'} needed"
    return (
        f"{known.right} of {known.audited} audited marks are right, surely "
        f"{percent(known.low, 1)}; {percent(target)} is asked for, and {told}"
    )


def said(done: Accepted) -> str:
    """Say what came of accepting in bulk, and what was left alone and why."""
    told = f"{done.marks:,} mark{'s' * (done.marks != 1)} in {done.sentences:,} "
    told += f"sentence{'s' * (done.sentences != 1)} are yours"
    left = {
        "were there already": done.there,
        "clash with others": done.clashing,
        "are open elsewhere": done.held,
        "were changed meanwhile": done.changed,
    }
    return "; ".join([told, *(f"{n:,} {why}" for why, n in left.items() if n)])


def _accept(
    store: Store,
    project: str,
    by_item: dict[int, list[Mention]],
    choice: Ruling,
    *,
    reviewer: str,
    schema: str,
    op: str,
) -> Accepted:
    settlings: list[Settling] = []
    counts: Counter[str] = Counter()
    for one in store.standing(project, sorted(by_item), reviewer):
        marks = by_item[one.item]
        if one.is_settled:
            counts["changed"] += len(marks)
            continue
        mentions, added = _with(one.mentions, marks, counts)
        if added:
            edit = replace(edit_of(one, mentions, reviewer), model=choice.surface, schema=schema)
            settlings.append(Settling(edit=edit, marks=added))
    settled = store.decide(project, choice, settlings, reviewer, op)
    return Accepted(
        marks=settled.marks,
        sentences=settled.sentences,
        there=counts["there"],
        clashing=counts["clashing"],
        held=settled.held,
        changed=settled.changed + counts["changed"],
        decision=settled.number,
        batch=op,
    )


def _with(
    mentions: Sequence[Mention], marks: Sequence[Mention], counts: Counter[str]
) -> tuple[tuple[Mention, ...], int]:
    """Return a sentence's mentions with the accepted marks in place of predictions within them."""
    kept, added = list(mentions), 0
    for mark in marks:
        touching = [one for one in kept if one.start < mark.end and mark.start < one.end]
        if any((one.fragments, one.label) == (mark.fragments, mark.label) for one in touching
               if one.status != "predicted"):  # fmt: skip
            counts["there"] += 1
            continue
        if any(
            one.status != "predicted" or one.start < mark.start or mark.end < one.end
            for one in touching
        ):
            counts["clashing"] += 1
            continue
        kept = [one for one in kept if one not in touching] + [replace(mark, status="reviewed")]
        added += 1
    return tuple(sorted(kept, key=lambda one: (one.start, -one.end, one.label))), added


def check_target(target: float) -> float:
    """Return a precision to reach, 0.5 to 0.999. Raises SuggestError."""
    if not 0.5 <= target <= 0.999:
        raise SuggestError(f"--target {target:g}: expected a share from 0.5 to 0.999")
    return target


def known_suggester(store: Store, project: str, name: str) -> str:
    """Return the name of a suggester that has a layer here. Raises SuggestError."""
    found = store.suggesters(project)
    if name in found:
        return name
    if not name and len(found) == 1:
        return next(iter(found))
    told = f"{name!r}: no such suggester here" if name else "which suggester?"
    raise SuggestError(f"{told}; {', '.join(found) or 'none has marked this project yet'}")
