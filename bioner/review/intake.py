"""The one way in: texts and marks enter a project here, whatever door they came through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace

from bioner.errors import BionerError, StoreError
from bioner.formats.tally import EXAMPLES_PER_RULE, Receipt
from bioner.progress import OnProgress, Progress, unheard
from bioner.review.ranking import QueueOptions, combine, prioritise
from bioner.review.reasons import Knowledge
from bioner.review.texts import Texts
from bioner.spans import Document, Sentence
from bioner.store import Placement, Priority, Project, Reason, Reject, Store
from bioner.store.documents import incoming_sentence
from bioner.store.my_test import TrainedOn, said
from bioner.store.values import Layer

PIECE = 200
"""Texts are placed so many at a time, each piece a transaction of its own."""

Tag = Callable[[Sequence[Document], OnProgress], Sequence[Document]]
"""Tags bare documents, and tells how far it is."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where texts come from: the ``source`` (a file, a page), what their marks are, and whose.

    ``schema`` is the fingerprint of the types that the marks are of; it is never empty. ``model``
    made the marks; where none is named, they are the source's own. ``covers`` are the types that
    who made them looked for; None: those of the project. ``trained`` gives what models were trained
    on, so that none of it becomes "my test".
    """

    source: str
    schema: str
    trained: TrainedOn
    layer: Layer = "prediction"
    model: str = ""
    covers: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not self.source or not self.schema:
            raise ValueError("texts need a source and the fingerprint of their types' schema")


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """The model, by name, that marks what came in."""

    model: str
    tag: Tag


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the queue is ordered by; ``knowledge`` is asked for once something was placed."""

    knowledge: Callable[[], Knowledge]
    group_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What came of it. ``documents`` are the ids under which the texts are in the project now.

    ``items`` are new sentences, ``joined`` those joined because a mention crosses them,
    ``test_documents`` the texts set aside as "my test", ``known_documents`` those that are not,
    because a model was trained on them; ``my_test`` says how it stands. ``tagged`` are the marks of
    the model that tagged them, ``ranked`` how many sentences got their place in the queue.
    ``unranked`` says why the queue stays in the order of the texts, if it does.
    """

    receipt: Receipt
    documents: tuple[str, ...] = ()
    items: int = 0
    joined: int = 0
    test_documents: int = 0
    known_documents: int = 0
    my_test: str = ""
    rejects: tuple[Reject, ...] = ()
    tagged: int = 0
    ranked: int = 0
    unranked: str = ""


def open_project(
    store: Store, name: str, types: Sequence[str], *, covers: frozenset[str] = frozenset()
) -> Project:
    """Return the project; if it is new, made with these types, all or ``covers`` looked for."""
    if name not in [project.name for project in store.projects()]:
        store.create_project(Project(name, tuple(types), covers or frozenset(types)))
    return store.project(name)


def take_in(
    store: Store,
    project: str,
    texts: Texts,
    origin: Origin,
    *,
    tagging: Tagging | None = None,
    order: Order | None = None,
    on_progress: OnProgress = unheard,
) -> Intake:
    """Place texts with their marks in a project, then the model's marks, and rank what came in.

    No text is lost: one whose id stands for another text comes in under a new id, one that is there
    already gets the marks alone. What is placed and what is rejected add up to what came. Works in
    pieces, so that others can save meanwhile; a piece that is placed stays if a later one fails,
    and taking the same in again adds nothing.
    """
    translated, meaning = texts.translated()
    named, naming = translated.with_free_ids(store, project)
    own = replace(origin, model=origin.model or (origin.source if named.marks else ""))
    placements: list[Placement] = []
    with _on_record(store, project, own, placements):
        for piece in named.pieces(PIECE):
            placements.append(_place(store, project, piece, own))
            done = min(len(named), PIECE * len(placements))
            on_progress(Progress(done, len(named), "Bringing texts in"))
    rejects = tuple(reject for one in placements for reject in one.rejects)
    refused = {one.document for one in rejects if one.is_document}
    placed = tuple(name for name in named.ids if name not in refused)
    tagged: Sequence[Document] = [one for one in named.documents if one.id not in refused]
    marks = 0
    if tagging is not None and placed:
        tagged = tagging.tag([one for one in _bare(named) if one.id not in refused], on_progress)
        theirs = replace(origin, layer="prediction", model=tagging.model)
        for piece in Texts(documents=tagged).pieces(PIECE):
            marks += _place(store, project, piece, theirs).mentions_placed
    came = _Came(store, project, placed, named.reasons, tagged)
    ranked, unranked = came.rank(order, on_progress)
    placing = sum((_receipt(one, origin.source) for one in placements), Receipt())
    return Intake(
        receipt=texts.receipt().then(meaning).then(naming).then(placing),
        documents=placed,
        items=sum(one.items for one in placements),
        joined=sum(one.joined for one in placements),
        test_documents=sum(one.test_documents for one in placements),
        known_documents=sum(one.known_documents for one in placements),
        my_test=said(store.progress(project)),
        rejects=rejects,
        tagged=marks,
        ranked=ranked,
        unranked=unranked,
    )


@contextmanager
def _on_record(
    store: Store, project: str, origin: Origin, placements: Sequence[Placement]
) -> Iterator[None]:
    """Put on record what the block has placed, all or only its first pieces."""
    is_whole = False
    try:
        yield
        is_whole = True
    finally:
        facts = {"source": origin.source, "layer": origin.layer, "model": origin.model}
        counts = {
            "documents": sum(one.documents_placed for one in placements),
            "marks": sum(one.mentions_placed for one in placements),
            "is_whole": is_whole,
        }
        if is_whole or counts["documents"]:
            with nullcontext() if is_whole else suppress(StoreError):  # the first failure is told
                store.record("import", project=project, after={**facts, **counts})


def _place(store: Store, project: str, piece: Texts, origin: Origin) -> Placement:
    return store.import_documents(
        project,
        piece.sentences or piece.documents,
        as_layer=origin.layer,
        model=origin.model,
        schema=origin.schema,
        covers=origin.covers,
        source=origin.source,
        trained=origin.trained,
    )


def _bare(texts: Texts) -> list[Document]:
    """Return the texts without marks, as the store has them."""
    made = [incoming_sentence(one).document for one in texts.sentences]
    return [replace(one, mentions=()) for one in made or texts.documents]


def _receipt(placement: Placement, source: str) -> Receipt:
    """Return what the store placed and rejected, the first rejects of each rule by place."""
    documents = Counter(one.rule for one in placement.rejects if one.is_document)
    mentions = Counter(one.rule for one in placement.rejects if not one.is_document)
    examples: list[str] = []
    shown: Counter[tuple[str, bool]] = Counter()
    for one in placement.rejects:
        shown[one.rule, one.is_document] += 1
        if shown[one.rule, one.is_document] <= EXAMPLES_PER_RULE:
            what = "" if one.is_document else f"{one.what}: "
            examples.append(f"{source}:{one.document}: {one.rule}: {what}{one.reason}")
    return Receipt(
        documents_in=placement.documents_in,
        documents_placed=placement.documents_placed,
        documents_rejected=documents,
        mentions_in=placement.mentions_in,
        mentions_placed=placement.mentions_placed,
        rejected=mentions,
        examples=tuple(examples),
    )


@dataclass(frozen=True)
class _Came:
    """What has just been placed, on its way to its place in the queue."""

    store: Store
    project: str
    documents: Sequence[str]
    reasons: Mapping[str, tuple[Reason, ...]]
    tagged: Sequence[Document]

    def rank(self, order: Order | None, on_progress: OnProgress) -> tuple[int, str]:
        """Give the sentences their place in the queue; return how many, or why none."""
        placed = set(self.documents)
        named = {
            item: reasons
            for document, reasons in self.reasons.items()
            if document in placed
            for item in self.store.items_of(self.project, document)
        }
        if order is None:
            priorities = (Priority(item, combine(why), why) for item, why in named.items())
            return self.store.set_priorities(self.project, priorities), ""
        if not self.documents:
            return 0, ""
        try:
            ranked = prioritise(
                self.store,
                self.project,
                order.knowledge(),
                group_of=order.group_of,
                options=QueueOptions(named=named, tagged={one.id: one for one in self.tagged}),
                documents=self.documents,
                on_progress=on_progress,
            )
        except BionerError as error:
            return 0, f"the queue stays in the order of the texts: {error}"
        return ranked, ""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A sentence as gold has it and as a model tagged it, with the reasons to look at it."""

    gold: Sentence
    predicted: Sentence
    reasons: tuple[Reason, ...]


def judged_reasons(mistakes: Sequence[tuple[str, float | None]]) -> tuple[Reason, ...]:
    """Return a reason a kind of mistake: the model's surest (0.5 where it marked nothing)."""
    found: dict[str, float] = {}
    for kind, score in mistakes:
        found[kind] = max(found.get(kind, 0.0), 0.5 if score is None else score)
    return tuple(Reason(kind, score) for kind, score in found.items())


def take_in_judged(
    store: Store,
    project: str,
    judged: Sequence[Judged],
    origin: Origin,
    *,
    on_progress: OnProgress = unheard,
) -> Intake:
    """Place sentences with gold and the model's marks beside it, the surest mistakes first.

    ``origin`` names the model. The receipt counts each sentence once, the marks of both layers.
    """
    reasons = {one.gold.id: one.reasons for one in judged}
    gold = take_in(
        store,
        project,
        Texts(sentences=[one.gold for one in judged], reasons=reasons),
        replace(origin, layer="gold", model=""),
        on_progress=on_progress,
    )
    theirs = take_in(
        store,
        project,
        Texts(sentences=[one.predicted for one in judged]),
        replace(origin, layer="prediction"),
        on_progress=on_progress,
    )
    both = gold.receipt + theirs.receipt
    receipt = replace(
        both,
        documents_in=gold.receipt.documents_in,
        documents_placed=gold.receipt.documents_placed,
        documents_rejected=gold.receipt.documents_rejected,
    )
    return replace(gold, receipt=receipt, rejects=gold.rejects + theirs.rejects)
