"""The only way to make a model the one in use: through the gate, on record; and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bioner.access import Action, Actor, allow
from bioner.errors import ModelError, StoreError
from bioner.evaluation.gate import Evidence, corrected_patterns, decide, gather
from bioner.evaluation.reports import Evaluation
from bioner.evaluation.verdicts import Decision, decision_from_json
from bioner.files import json_lines, locked, make_private, write_whole
from bioner.models.catalogue import (
    POINTER,
    Promotion,
    find_model,
    history,
    named_model,
    promoted,
)
from bioner.models.folder import check_folder, has_tag_head
from bioner.settings import Settings
from bioner.store import Store

RECORD = "gate.jsonl"


def assess(
    settings: Settings,
    store: Store,
    candidate: str,
    against: str = "",
    *,
    kept: Sequence[Evaluation] | None = None,
) -> Decision:
    """Let the gate decide on a candidate from the kept evaluations and the team's own texts.

    ``against``: the model to compare with, else the one in use. Nothing is tagged.
    """
    evidence = gather(settings, candidate, against, own_test=store.my_test(), kept=kept)
    return decide_with_patterns(store, evidence)


def decide_with_patterns(store: Store, evidence: Evidence) -> Decision:
    """Let the gate decide, the patterns that the team corrected included."""
    return decide(evidence, patterns=corrected_patterns(store.corrections()))


def promote(
    settings: Settings,
    store: Store,
    name: str,
    *,
    reason: str = "",
    overrule: str = "",
    by: str = "",
    actor: Actor | None = None,
) -> Promotion:
    """Make a model of ``models/`` the active one if it passes the gate, and record why.

    ``overrule``: the reason for which a person wants it although the gate refuses it. The decision
    is recorded either way. Raises ModelError when the model is absent, damaged, a bare encoder or
    active already, or when the gate refuses it, with what would settle it.
    """
    who = allow(Action.PROMOTE, actor)
    by = who.name if who.is_known else by or who.name
    check_promotable(settings, name)
    with _pointer_lock(settings):
        past = history(settings)
        previous = promoted(past)[-1]
        if previous == name:
            raise ModelError(f"{name} is the active model already")
        decision = assess(settings, store, name, previous)
        record(settings, store, decision, by=by, actor=actor)
        if not decision.is_accepted and not overrule.strip():
            raise ModelError(
                f"{decision.summary} Give a reason to use it all the same "
                "(`models promote NAME --overrule REASON`)."
            )
        parts = [overrule.strip() or reason.strip(), decision.summary]
        if not decision.is_accepted:
            parts.insert(1, "Overruled:")
        told = " ".join(part for part in parts if part)
        change = Promotion("promote", name, previous, told, by, _now())
        return _write(settings, past, change, store.acting(who))


def rollback(
    settings: Settings,
    store: Store,
    reason: str = "rolled back",
    by: str = "",
    *,
    actor: Actor | None = None,
) -> Promotion:
    """Go back to the model that was active before the last promotion and record it.

    Raises ModelError when there is nothing to go back to, or the earlier model is gone or damaged.
    """
    who = allow(Action.PROMOTE, actor)
    by = who.name if who.is_known else by or who.name
    with _pointer_lock(settings):
        past = history(settings)
        stack = promoted(past)
        if len(stack) < 2:
            raise ModelError(
                f"{stack[-1]} was never replaced: there is no earlier model to go back to"
            )
        check_promotable(settings, stack[-2])
        change = Promotion("rollback", stack[-2], stack[-1], reason, by, _now())
        return _write(settings, past, change, store.acting(who))


def check_promotable(settings: Settings, name: str) -> None:
    """Raise ModelError for what cannot serve: absent, elsewhere, damaged, or without a head."""
    folder = named_model(name, settings.models)
    if folder is None:
        find_model(name, settings.models)
        raise ModelError(f"{name}: only a model in {settings.models} can be active; copy it there")
    problem = check_folder(folder)
    if problem:
        raise ModelError(problem)
    if not has_tag_head(folder):
        raise ModelError(f"{name} is a bare encoder without a token classifier: train on it first")


def record(
    settings: Settings,
    store: Store,
    decision: Decision,
    *,
    by: str = "",
    actor: Actor | None = None,
) -> None:
    """Append a decision to the record in the user's data folder, and to the database's events."""
    who = allow(Action.PROMOTE, actor)
    by = who.name if who.is_known else by or who.name
    entry = {"at": _now(), "by": by, **decision.to_json()}
    make_private(settings.home)
    path = settings.home / RECORD
    past = path.read_bytes() if path.is_file() else b""
    write_whole(path, past + json.dumps(entry, ensure_ascii=False).encode("utf-8") + b"\n")
    said = {"model": decision.candidate, "did": "ask the gate", "passed": decision.is_accepted}
    store.acting(who).record("promotion", who=by, before={"model": decision.active}, after=said)


@dataclass(frozen=True)
class Recorded:
    """A decision on record: when it was made (ISO 8601 in UTC), and by whom."""

    at: str
    by: str
    decision: Decision


def recorded(settings: Settings) -> list[Recorded]:
    """Return the recorded decisions, oldest first; a line that is not one is left out."""
    path = settings.home / RECORD
    if not path.is_file():
        return []
    found: list[Recorded] = []
    for _, line in json_lines(path.read_text(encoding="utf-8", errors="replace")):
        try:
            raw = json.loads(line)
            found.append(Recorded(raw["at"], raw["by"], decision_from_json(raw)))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _write(
    settings: Settings, past: tuple[Promotion, ...], change: Promotion, store: Store
) -> Promotion:
    entries = [asdict(entry) for entry in (*past, change)]
    text = json.dumps({"active": change.name, "history": entries}, indent=2, ensure_ascii=False)
    write_whole(settings.home / POINTER, text + "\n")
    after = {"model": change.name, "did": change.kind}
    try:
        store.record("promotion", who=change.by, before={"model": change.previous}, after=after)
    except StoreError as error:
        raise ModelError(
            f"{change.name} is in use now, but that is not among the database's events: {error}"
        ) from error
    return change


@contextmanager
def _pointer_lock(settings: Settings) -> Iterator[None]:
    make_private(settings.home)
    with locked(settings.home / f".{POINTER}.lock"):
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
