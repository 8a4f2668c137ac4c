"""What reading and writing did, counted by named rules: ReadReport, WriteReport, tallies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bioner.spans import Document, Mention, Sentence

EXAMPLES_PER_RULE = 5
REJECTS_PER_RULE = 1000
_COUNTERS = ("repairs", "rejections", "labels", "unread", "unread_marks")
Mark = tuple[int, dict[str, Any]]
UNTYPED = "Entity"
"""The label of mentions that name no type, where the caller names none either."""


@dataclass(frozen=True)
class ReadOptions:
    """What the file cannot tell: the label of untyped mentions, the column of a table.

    ``needs_marks`` is false where the texts alone are wanted: texts whose marks are no gold, or
    were not understood, come then too. ``labels_beside`` are those of marks in the files that lie
    beside this one, in small letters; None where there are no such marks.
    """

    untyped_label: str = ""
    column: str | None = None
    needs_marks: bool = True
    labels_beside: frozenset[str] | None = None

    @property
    def label(self) -> str:
        """The label of a mention that names no type."""
        return self.untyped_label or UNTYPED


@dataclass(frozen=True)
class ReadReport:
    """What one reading found: of ``read`` annotations, ``placed`` became mentions.

    ``repairs`` and ``rejections`` count by rule; ``examples`` are the first five of each repair and
    the first thousand of each rejection, as ``file:line: rule: detail``. ``unread`` counts what was
    in the file and was not used, by name: keys that could hold marks, lines, files. ``scheme`` is
    the tag scheme, for CoNLL.
    """

    format: str
    documents: int = 0
    read: int = 0
    placed: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    examples: tuple[str, ...] = ()
    labels: Counter[str] = field(default_factory=Counter)
    scheme: str = ""
    unread: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """How many annotations could not be placed."""
        return self.read - self.placed

    def receipt(self) -> Receipt:
        """Return what came of the reading, as every door says it."""
        return Receipt(
            documents_in=self.documents,
            documents_placed=self.documents,
            mentions_in=self.read,
            mentions_placed=self.placed,
            rejected=self.rejections.copy(),
            repaired=self.repairs.copy(),
            unread=self.unread.copy(),
            examples=self.examples,
        )


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What came of bringing texts in: what came, was placed, was rejected, repaired or not used.

    ``rejected`` counts mentions and ``documents_rejected`` documents, by reason; ``repaired`` what
    was put right, by rule; ``unread`` what was there and not used, by name (keys, lines, files).
    ``examples`` say where, as ``file:line: rule: detail``. What came in is what was placed and what
    was rejected: anything else is a bug of the door, and a ValueError.
    """

    documents_in: int = 0
    documents_placed: int = 0
    documents_rejected: Counter[str] = field(default_factory=Counter)
    mentions_in: int = 0
    mentions_placed: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, came, placed, rejected in (
            ("documents", self.documents_in, self.documents_placed, self.documents_rejected),
            ("mentions", self.mentions_in, self.mentions_placed, self.rejected),
        ):
            if came != placed + rejected.total():
                raise ValueError(
                    f"{came} {what} came in, but {placed} were placed and {rejected.total()} "
                    "rejected"
                )

    def __add__(self, other: Receipt) -> Receipt:
        """Return the receipt of both: of two files, say."""
        return Receipt(
            documents_in=self.documents_in + other.documents_in,
            documents_placed=self.documents_placed + other.documents_placed,
            documents_rejected=self.documents_rejected + other.documents_rejected,
            mentions_in=self.mentions_in + other.mentions_in,
            mentions_placed=self.mentions_placed + other.mentions_placed,
            rejected=self.rejected + other.rejected,
            repaired=self.repaired + other.repaired,
            unread=self.unread + other.unread,
            examples=self.examples + other.examples,
        )

    def then(self, later: Receipt) -> Receipt:
        """Return the receipt of two steps: what this one placed went into the later one."""
        came = (later.documents_in, later.mentions_in)
        if came != (self.documents_placed, self.mentions_placed):
            raise ValueError(
                f"the later step took {came} documents and mentions, the one before it placed "
                f"{(self.documents_placed, self.mentions_placed)}"
            )
        return Receipt(
            documents_in=self.documents_in,
            documents_placed=later.documents_placed,
            documents_rejected=self.documents_rejected + later.documents_rejected,
            mentions_in=self.mentions_in,
            mentions_placed=later.mentions_placed,
            rejected=self.rejected + later.rejected,
            repaired=self.repaired + later.repaired,
            unread=self.unread + later.unread,
            examples=self.examples + later.examples,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as JSON values; counts by reason are objects."""
        return {
            "documents": {
                "in": self.documents_in,
                "placed": self.documents_placed,
                "rejected": dict(self.documents_rejected),
            },
            "mentions": {
                "in": self.mentions_in,
                "placed": self.mentions_placed,
                "rejected": dict(self.rejected),
            },
            "repaired": dict(self.repaired),
            "unread": dict(self.unread),
            "examples": list(self.examples),
        }

    def lines(self) -> Iterator[str]:
        """Yield the receipt as sentences for a person; nothing for what did not happen."""
        yield (
            f"{self.documents_in:,} documents in, {self.documents_placed:,} placed; "
            f"{self.mentions_in:,} mentions in, {self.mentions_placed:,} placed"
        )
        for what, counts in (
            ("documents rejected", self.documents_rejected),
            ("mentions rejected", self.rejected),
            ("repaired", self.repaired),
            ("not used", self.unread),
        ):
            if counts:
                told = ", ".join(f"{_words(rule)} {n:,}" for rule, n in counts.most_common())
                yield f"{what}: {told}"


def _words(rule: str) -> str:
    """Return a rule's name in words; what quotes a file's own name stays as it is."""
    return rule if '"' in rule else rule.replace("_", " ")


@dataclass(frozen=True)
class ReadResult:
    """The documents of a file or folder; CoNLL's sentences too, since tokens cannot be guessed."""

    documents: tuple[Document, ...]
    report: ReadReport
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True)
class WriteReport:
    """What one writing did: ``written`` of ``mentions`` went out.

    ``lost`` counts, by name, what the format cannot hold: ``nested_dropped``,
    ``discontinuous_joined``, ``score_dropped``, ….
    """

    format: str
    documents: int = 0
    mentions: int = 0
    written: int = 0
    lost: Counter[str] = field(default_factory=Counter)


class Tally:
    """The running count of one reading; readers add to it, the caller takes its ``report()``."""

    def __init__(self, format: str = "") -> None:
        self.format = format
        self.scheme = ""
        self.documents = self.read = self.placed = 0
        self.repairs: Counter[str] = Counter()
        self.rejections: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self.unread_marks: Counter[str] = Counter()
        self._examples: list[str] = []
        self._ids: dict[str, int] = {}

    def repair(self, rule: str, where: str, detail: str = "", count: int = 1) -> None:
        """Count a repair at ``where`` (``file:line``)."""
        if self.repairs[rule] < EXAMPLES_PER_RULE:
            self._example(rule, where, detail)
        self.repairs[rule] += count

    def reject(self, rule: str, where: str, detail: str = "") -> None:
        """Count an annotation that could not be placed."""
        self.read += 1
        if self.rejections[rule] < REJECTS_PER_RULE:
            self._example(rule, where, detail)
        self.rejections[rule] += 1

    def leave(
        self, what: str, where: str, detail: str = "", count: int = 1, *, is_mark: bool = True
    ) -> None:
        """Count what is in the file and is not used: a key, a line, a file.

        ``is_mark`` is false for what holds no marks, only a text: it says nothing about them.
        """
        if self.unread[what] < EXAMPLES_PER_RULE:
            self._example(what, where, detail)
        self.unread[what] += count
        self.unread_marks[what] += count if is_mark else 0

    def place(self, label: str) -> None:
        """Count an annotation that became a mention."""
        self.read += 1
        self.placed += 1
        self.labels[label] += 1

    def document_id(self, wanted: str, where: str) -> str:
        """Count a document; return an id that none before it has: ``wanted``, or with ``-2``, …"""
        self.documents += 1
        name, number = wanted, self._ids.get(wanted, 0) + 1
        if number > 1:
            while (name := f"{wanted}-{number}") in self._ids:
                number += 1
            self._ids[name] = 1
            self.repair("repeated_id", where, f"{wanted} became {name}")
        self._ids[wanted] = number
        return name

    def knows(self, id: str) -> bool:
        """Tell whether a document of this id was counted."""
        return id in self._ids

    def mark(self) -> Mark:
        """Return what is counted so far, to take back what follows."""
        counts = {name: getattr(self, name) for name in ("documents", "read", "placed")}
        counts |= {name: getattr(self, name).copy() for name in _COUNTERS}
        return len(self._examples), counts

    def has_marks_since(self, mark: Mark) -> bool:
        """Tell whether marks were counted after a mark, read or not."""
        _, counts = mark
        return bool(self.read > counts["read"] or self.unread_marks != counts["unread_marks"])

    def take_back(self, mark: Mark) -> None:
        """Forget what was counted after a mark, but for the ids that are taken."""
        number, counts = mark
        del self._examples[number:]
        for name, value in counts.items():
            setattr(self, name, value)

    def report(self) -> ReadReport:
        """Return the counts so far."""
        return ReadReport(
            format=self.format,
            documents=self.documents,
            read=self.read,
            placed=self.placed,
            repairs=self.repairs.copy(),
            rejections=self.rejections.copy(),
            examples=tuple(self._examples),
            labels=self.labels.copy(),
            scheme=self.scheme,
            unread=self.unread.copy(),
        )

    def example(self, rule: str) -> str:
        """Return the first place of a rule, as ``file:line: rule: detail``; nothing without one."""
        return next((one for one in self._examples if f": {rule}" in one), "")

    def _example(self, rule: str, where: str, detail: str) -> None:
        self._examples.append(f"{where}: {rule}: {detail}" if detail else f"{where}: {rule}")


class Losses:
    """The running count of one writing."""

    def __init__(self, format: str) -> None:
        self.format = format
        self.documents = self.mentions = self.written = 0
        self.lost: Counter[str] = Counter()

    def document(self, document: Document) -> None:
        """Count a document and its mentions."""
        self.documents += 1
        self.mentions += len(document.mentions)

    def drop(self, rule: str, count: int = 1) -> None:
        """Count what the format cannot hold."""
        if count:
            self.lost[rule] += count

    def drop_details(
        self,
        mention: Mention,
        *,
        kept: frozenset[str] = frozenset(),
        holds_score: bool = False,
    ) -> None:
        """Count what a mention has beyond place and label; attributes in ``kept`` are held."""
        self.drop("score_dropped", mention.score is not None and not holds_score)
        self.drop("status_dropped", mention.status != "gold")
        self.drop("alternatives_dropped", bool(mention.alternatives))
        self.drop("source_label_dropped", bool(mention.source_label))
        self.drop("attributes_dropped", sum(key not in kept for key, _ in mention.attributes))

    def report(self) -> WriteReport:
        """Return the counts so far."""
        return WriteReport(
            self.format, self.documents, self.mentions, self.written, self.lost.copy()
        )
