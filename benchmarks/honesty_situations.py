"""The situations in which pages used to disagree: projects, models, gold, what is begun."""

from __future__ import annotations

import shutil

from bioner.settings import PROJECT_ROOT, Settings
from bioner.spans import Document, mention
from bioner.store import Edit, Project, QueueFilter, Store, Verdict, open_store, surfaces_of

MODEL = "bioner-compact"
VERDICTS: tuple[Verdict | None, ...] = ("accept", "correct", "reject", "unsure", None)


def build(settings: Settings) -> Store:
    """Make the corpora, the model in use and the projects."""
    from bioner.corpora.dataset_folder import write_dataset
    from bioner.corpora.merge import merge
    from bioner.corpora.read import read_corpora
    from bioner.labels import read_schema

    schema = read_schema()
    write_dataset(merge(read_corpora(settings.sample), schema), settings.merged)
    shutil.copytree(PROJECT_ROOT / "models" / MODEL, settings.models / MODEL)
    store = open_store(settings)
    looked_for = frozenset({"Gene", "Chemical"})
    for name, is_independent in (("large", False), ("small", False), ("two", True)):
        project = Project(name, schema.names, looked_for, independent=is_independent)
        store.create_project(project)
    store.import_documents("large", texts("large", 60, 4), model="m")
    store.import_documents("small", texts("small", 3, 4), model="m")
    store.import_documents("two", texts("two", 40, 3), model="m")
    for number, row in enumerate(queue_of(store, "large")[:120]):
        say(store, row, VERDICTS[number % 5])
    for row in queue_of(store, "small")[:5]:
        say(store, row, "accept")
    for number, row in enumerate(queue_of(store, "two")[:40]):
        say(store, row, "accept", reviewer="ann")
        say(store, row, "accept", reviewer="bob", label="Gene" if number % 3 else "Chemical")
    bring_gold(store, settings)
    return store


def texts(stem: str, count: int, sentences: int) -> list[Document]:
    """Make documents of numbered sentences, each beginning with a gene."""
    return [
        Document(
            f"{stem}-{n}",
            " ".join(f"BRCA1 met the case {n} of {stem} {i}." for i in range(sentences)),
        )
        for n in range(count)
    ]


def queue_of(store: Store, project: str) -> list[int]:
    """Return all items of a project."""
    rows = store.queue(project, filters=QueueFilter(status="all"), limit=10_000)
    return sorted(row.item for row in rows)


def say(
    store: Store, item: int, verdict: Verdict | None, *, reviewer: str = "ann", label: str = "Gene"
) -> None:
    """Review a sentence: its first word is of this type."""
    seen = store.open_item(item, reviewer, claim=False)
    marks = (mention(seen.start, seen.start + 5, label, status="reviewed"),)
    store.save(
        Edit(
            item=item,
            base=seen.base,
            surface=seen.surface,
            mentions=marks,
            surfaces=surfaces_of(seen.text, marks),
            reviewer=reviewer,
            verdict=verdict,
        )
    )


def bring_gold(store: Store, settings: Settings) -> None:
    """Bring gold of one kind of label in, another left out, and accept a part of it."""
    from bioner.models.card import hashes_of_models
    from bioner.review.intake import Origin, open_project, take_in
    from bioner.review.texts import LEFT_OUT, Texts, looked_for

    text = "Aspirin helped V600E."
    given = [
        Document(
            f"gold-{n}",
            text,
            (mention(0, 7, "Drug"), mention(15, 20, "SequenceVariant")),
            ((0, len(text)),),
        )
        for n in range(4)
    ]
    labels = {"Drug": "Chemical", "SequenceVariant": LEFT_OUT}
    types = store.project("large").types
    open_project(store, "gold", types)
    origin = Origin(
        source="gold.jsonl",
        schema="s",
        trained=lambda: hashes_of_models(settings.models),
        layer="gold",
        covers=looked_for(labels),
    )
    took = take_in(store, "gold", Texts(documents=given, labels=labels), origin)
    assert (took.receipt.mentions_in, took.receipt.mentions_placed) == (8, 4)
    for item in queue_of(store, "gold")[:3]:
        seen = store.open_item(item, claim=False)
        store.save(
            Edit(
                item=item,
                base=seen.base,
                surface=seen.surface,
                mentions=seen.mentions,
                surfaces=surfaces_of(seen.text, seen.mentions),
                reviewer="ann",
                verdict="accept",
            )
        )
