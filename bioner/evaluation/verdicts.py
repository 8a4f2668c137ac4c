"""What the gate says: a verdict for each question it asks of a model, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bioner.evaluation.comparison import Difference


def more_sentences(corpus: str) -> str:
    """Say what would settle a question about a corpus whose test sentences are too few."""
    return f"more {corpus} test sentences."


class Verdict(StrEnum):
    """An answer of the gate; only the first lets a model pass."""

    PASSED = "passed"
    FELL = "fell"
    CANNOT_TELL = "cannot tell"


_IS_PASSED = {Verdict.PASSED: True, Verdict.FELL: False, Verdict.CANNOT_TELL: None}


@dataclass(frozen=True)
class Answer:
    """The verdict on one question, with its figures in ``text``.

    ``settle`` says what would settle a question that cannot be answered; ``difference`` has the
    scores of both models where the question is one of F1.
    """

    name: str
    verdict: Verdict
    text: str
    settle: str = ""
    difference: Difference | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "is_passed": _IS_PASSED[self.verdict],
            "verdict": str(self.verdict),
            "text": self.text,
            "settle": self.settle,
            "difference": self.difference and self.difference.to_json(),
        }


def answer_from_json(raw: Mapping[str, Any]) -> Answer:
    """Read what ``Answer.to_json`` returned, also of the version that knew no third verdict."""
    verdict = raw.get("verdict") or {v: k for k, v in _IS_PASSED.items()}[raw["is_passed"]]
    return Answer(raw["name"], Verdict(verdict), raw["text"], raw.get("settle", ""))


@dataclass(frozen=True)
class Decision:
    """What the gate says of a candidate; ``notes``: what it did not ask, and why.

    Accepted if something was asked and every question is passed: what fell blocks, and so does
    what nobody can tell, but in a decision on record from when it did not (``unclear_blocks``).
    """

    candidate: str
    active: str
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()
    unclear_blocks: bool = True

    @property
    def is_accepted(self) -> bool:
        return bool(self.answers) and not self.blocking

    @property
    def blocking(self) -> tuple[Answer, ...]:
        """The answers that are not passed, falls first."""
        blocks = {Verdict.FELL, Verdict.CANNOT_TELL} if self.unclear_blocks else {Verdict.FELL}
        held = [one for one in self.answers if one.verdict in blocks]
        return tuple(sorted(held, key=lambda one: one.verdict is not Verdict.FELL))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the candidate is refused; empty if it is accepted."""
        if not self.answers:
            return ("Nothing could be checked.",)
        return tuple(one.text for one in self.blocking)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What nobody can tell."""
        return tuple(one.text for one in self.answers if one.verdict is Verdict.CANNOT_TELL)

    @property
    def settles(self) -> tuple[str, ...]:
        """What would settle the questions that cannot be answered, each once."""
        wanted = dict.fromkeys(one.settle for one in self.blocking if one.settle)
        short = [one.name for one in self.blocking if one.settle == more_sentences(one.name)]
        if len(short) < 3:
            return tuple(wanted)
        others = (one for one in wanted if one not in {more_sentences(name) for name in short})
        return (f"more test sentences of {', '.join(short[:-1])} and {short[-1]}.", *others)

    @property
    def summary(self) -> str:
        """One sentence for the record."""
        if self.is_accepted:
            return f"the gate accepts {self.candidate}: {len(self.answers)} checks passed"
        text = f"the gate refuses {self.candidate}: {' '.join(self.reasons)}"
        return text + (f" What would settle it: {' '.join(self.settles)}" if self.settles else "")

    def to_json(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate,
            "active": self.active,
            "accepted": self.is_accepted,
            "reasons": list(self.reasons),
            "unchecked": list(self.unchecked),
            "settle": list(self.settles),
            "notes": list(self.notes),
            "checks": [one.to_json() for one in self.answers],
        }


def decision_from_json(raw: Mapping[str, Any]) -> Decision:
    """Read what ``Decision.to_json`` returned, of this version or an earlier one.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    answers = tuple(answer_from_json(one) for one in raw["checks"])
    return Decision(
        raw["candidate"],
        raw["active"],
        answers,
        tuple(raw.get("notes", ())),
        unclear_blocks=all("verdict" in one for one in raw["checks"]),
    )
