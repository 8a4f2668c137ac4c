"""What reading and writing did, counted by named rules: ReadReport, WriteReport, tallies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bioner.spans import Document, Mention, Sentence

EXAMPLES_PER_RULE = 5
REJECTS_PER_RULE = 1000
UNTYPED = "Entity"
"""The label of mentions that name no type, where the caller names none either."""


@dataclass(frozen=True)
class ReadOptions:
    """What the file cannot tell: the label of untyped mentions, the column of a table."""

    untyped_label: str = ""
    column: str | None = None

    @property
    def label(self) -> str:
        """The label of a mention that names no type."""
        return self.untyped_label or UNTYPED


@dataclass(frozen=True)
class ReadReport:
    """What one reading found: of ``read`` annotations, ``placed`` became mentions.

    ``repairs`` and ``rejections`` count by rule; ``examples`` are the first five of each repair and
    the first thousand of each rejection, as ``file:line: rule: detail``. ``scheme`` is the tag
    scheme, for CoNLL.
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

    @property
    def rejected(self) -> int:
        """How many annotations could not be placed."""
        return self.read - self.placed


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

    def report(self) -> ReadReport:
        """Return the counts so far."""
        return ReadReport(
            self.format,
            self.documents,
            self.read,
            self.placed,
            self.repairs.copy(),
            self.rejections.copy(),
            tuple(self._examples),
            self.labels.copy(),
            self.scheme,
        )

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

    def drop_details(self, mention: Mention, *, kept: frozenset[str] = frozenset()) -> None:
        """Count what a mention has beyond place and label; attributes in ``kept`` are held."""
        self.drop("score_dropped", mention.score is not None)
        self.drop("status_dropped", mention.status != "gold")
        self.drop("alternatives_dropped", bool(mention.alternatives))
        self.drop("source_label_dropped", bool(mention.source_label))
        self.drop("attributes_dropped", sum(key not in kept for key, _ in mention.attributes))

    def report(self) -> WriteReport:
        """Return the counts so far."""
        return WriteReport(
            self.format, self.documents, self.mentions, self.written, self.lost.copy()
        )
