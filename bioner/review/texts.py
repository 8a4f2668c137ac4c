"""Texts on their way in: what their labels mean here, and ids that stand for no other text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bioner.corpora.foreign_labels import suggest_type
from bioner.formats.attributes import NOTHING, with_covers_renamed
from bioner.formats.relations import standing_relations
from bioner.formats.tally import EXAMPLES_PER_RULE, Losses, ReadReport, Receipt
from bioner.labels import IGNORE, LabelSchema
from bioner.spans import Document, Mention, Sentence, Span
from bioner.store import Reason, Store
from bioner.store.placement import UNSTORABLE

LEFT_OUT = ""
"""What a foreign label maps to where its marks are not wanted."""

Mark = TypeVar("Mark", Mention, Span)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What comes in: documents, or sentences with tokens of their own; and how it was read.

    ``labels`` says what their labels mean in the project; one that is not named stands for itself.
    ``reasons`` are named reasons to review a text, by its id.
    """

    documents: Sequence[Document] = ()
    sentences: Sequence[Sentence] = ()
    read: ReadReport | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.documents and self.sentences:
            raise ValueError("expected documents or sentences, not both")

    def __len__(self) -> int:
        return len(self.sentences or self.documents)

    @property
    def ids(self) -> list[str]:
        """The ids under which they come, in order."""
        return [one.id for one in self.sentences or self.documents]

    @property
    def marks(self) -> int:
        """How many mentions they carry."""
        return sum(len(one.spans) for one in self.sentences) + sum(
            len(one.mentions) for one in self.documents
        )

    def pieces(self, size: int) -> Iterator[Texts]:
        """Yield them so many at a time."""
        for begin in range(0, len(self), size):
            part = slice(begin, begin + size)
            yield replace(self, documents=self.documents[part], sentences=self.sentences[part])

    def receipt(self) -> Receipt:
        """Return the reader's receipt in the units that are placed: documents, or sentences."""
        if self.read is None:
            return self._whole()
        read = self.read.receipt()
        return replace(
            read,
            documents_in=len(self) + read.documents_rejected.total(),
            documents_placed=len(self),
            mentions_in=self.marks + read.rejected.total(),
            mentions_placed=self.marks,
        )

    def _whole(
        self, *, rejected: Counter[str] | None = None, repaired: Counter[str] | None = None
    ) -> Receipt:
        left = rejected or Counter()
        return Receipt(
            documents_in=len(self),
            documents_placed=len(self),
            mentions_in=self.marks,
            mentions_placed=self.marks - left.total(),
            rejected=left,
            repaired=repaired or Counter(),
        )

    def translated(self) -> tuple[Texts, Receipt]:
        """Return them with the project's types; left-out and renamed marks are counted."""
        has_more = any(one.relations for one in self.documents)
        if not has_more and all(self.labels[label] == label for label in self.labels):
            return self, self._whole()
        left: Counter[str] = Counter()
        read: Counter[str] = Counter()

        def changed(marks: Iterable[Mark]) -> tuple[Mark, ...]:
            kept: list[Mark] = []
            for one in marks:
                ours = self.labels.get(one.label, one.label)
                if ours == LEFT_OUT:
                    left[f'label "{one.label}" left out'] += 1
                elif ours == one.label:
                    kept.append(one)
                else:
                    read[f'label "{one.label}" read as {ours}'] += 1
                    source = one.source_label or one.label
                    kept.append(replace(one, label=ours, source_label=source))
            return tuple(kept)

        def covered(names: frozenset[str]) -> frozenset[str]:
            ours = frozenset(self.labels.get(name, name) for name in names) - {LEFT_OUT}
            return ours or (NOTHING if names else ours)

        losses = Losses("")

        def whole(document: Document) -> Document:
            """Leave out the relations of marks that are not there, or are left out with them."""
            kept = replace(document, mentions=changed(document.mentions))
            kept = with_covers_renamed(kept, self.labels)
            return replace(kept, relations=standing_relations(kept, losses))

        found = replace(
            self,
            documents=[whole(one) for one in self.documents],
            sentences=[
                replace(one, spans=changed(one.spans), readings=(), covers=covered(one.covers))
                for one in self.sentences
            ],
        )
        unread = Counter({"relation of marks left out": losses.lost.total()})
        return found, replace(self._whole(rejected=left, repaired=read), unread=+unread)

    def with_free_ids(self, store: Store, project: str) -> tuple[Texts, Receipt]:
        """Return them under ids that stand for no other text, here or in the project.

        A text whose id is taken gets ``id-2``, ``id-3``, …: the first that is free, or that the
        project has for this very text already, so that bringing it in again adds nothing.
        """
        ids = _Ids(store, project, [name for name in map(usable_id, self.ids) if name])
        documents = [
            replace(one, id=ids.free(usable_id(one.id), one.text)) for one in self.documents
        ]
        sentences: list[Sentence] = []
        for one in self.sentences:
            tail = one.id.removeprefix(one.document)
            name = ids.free(usable_id(one.document), one.text, tail)
            sentences.append(replace(one, document=name.removesuffix(tail)))
        found = replace(self, documents=documents, sentences=sentences)
        changed = [(old, new) for old, new in zip(self.ids, found.ids, strict=True) if old != new]
        if not changed:
            return self, self._whole()
        reasons = {
            new: self.reasons[old]
            for old, new in zip(self.ids, found.ids, strict=True)
            if old in self.reasons
        }
        told = [("id_taken" if usable_id(old) == old else "id_unusable", old, new)
                for old, new in changed]  # fmt: skip
        receipt = replace(
            self._whole(repaired=Counter(rule for rule, _, _ in told)),
            examples=tuple(
                f"{old}: {rule}: it comes in as {new}"
                for rule, old, new in told[:EXAMPLES_PER_RULE]
            ),
        )
        return replace(found, reasons=reasons), receipt


def usable_id(id: str) -> str:
    """Return an id that a project can keep: not empty, without what no database holds."""
    return UNSTORABLE.sub("", id).strip() or "text" if UNSTORABLE.search(id) or not id else id


class _Ids:
    """The ids that are taken: by the project's texts, and by those that came before."""

    def __init__(self, store: Store, project: str, names: Sequence[str]) -> None:
        self._store = store
        self._project = project
        self._known = store.texts(project, names)
        self._asked = set(names)
        self._given: set[str] = set()

    def free(self, stem: str, text: str, tail: str = "") -> str:
        """Return ``stem`` and ``tail``, with a number between where that is another text's."""
        name = stem + tail
        number = 1
        while stem and (name in self._given or not self._fits(name, text)):
            number += 1
            name = f"{stem}-{number}{tail}"
        self._given.add(name)
        return name

    def _fits(self, name: str, text: str) -> bool:
        if name not in self._asked:
            self._asked.add(name)
            self._known |= self._store.texts(self._project, [name])
        # An erased text is gone, so nobody can tell: the store refuses its id by name.
        return self._known.get(name, text) in (text, None)


def looked_for(labels: Mapping[str, str]) -> frozenset[str]:
    """Return the types that these labels mean: what who gave them looked for, nothing beyond."""
    return frozenset(labels.values()) - {LEFT_OUT}


def suggest_meanings(
    labels: Iterable[str], types: Sequence[str], schema: LabelSchema
) -> dict[str, str]:
    """Suggest what each label means in a project: itself, a type of ours, or ``LEFT_OUT``."""
    found: dict[str, str] = {}
    for label in labels:
        guess = label if label in types else suggest_type(label, schema)
        found[label] = LEFT_OUT if guess == IGNORE or guess not in types else guess
    return found
