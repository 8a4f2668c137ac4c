"""Correct a model and let it learn: ``python -m examples.correct_and_retrain MODEL NEW_MODEL``.

Texts enter a project with the model's marks, one mark is corrected as a reviewer would, and the
model is trained on with what was reviewed beside a replay of the corpora.
"""

from __future__ import annotations

import sys
from functools import partial

from bioner.errors import BionerError
from bioner.models.card import hashes_of_models
from bioner.models.catalogue import find_model
from bioner.review.intake import Origin, open_project, take_in
from bioner.review.texts import Texts
from bioner.settings import read_settings
from bioner.spans import Mention
from bioner.store import Edit, Store, open_store, surfaces_of
from bioner.tagging.load import load_tagger
from bioner.text import split_document
from bioner.training.config import Recipe
from bioner.training.replay import read_replay
from bioner.training.retraining import retrain

TEXTS = (
    "Loss of TP53 drives growth. TP53 was lost in twelve tumours.",
    "Quercetin lowered TP53 in mice. No change was seen in controls.",
    "TP53 binds MDM2 in the nucleus.",
)
PROJECT = "examples"


def correct(store: Store, item: int, reviewer: str) -> None:
    """Mark every TP53 of a sentence as a gene, and leave its other marks as they are."""
    seen = store.open_item(item, reviewer)
    found = []
    at = seen.text.find("TP53", seen.start, seen.end)
    while at >= 0:
        found.append(Mention(((at, at + 4),), "Gene", status="reviewed"))
        at = seen.text.find("TP53", at + 4, seen.end)
    taken = {place for mark in found for place in range(mark.start, mark.end)}
    kept = [mark for mark in seen.mentions if taken.isdisjoint(range(mark.start, mark.end))]
    marks = (*kept, *found)
    store.save(
        Edit(
            item=item,
            base=seen.base,
            surface=seen.surface,
            mentions=marks,
            surfaces=surfaces_of(seen.text, marks),
            reviewer=reviewer,
            verdict="correct",
        )
    )


def main(model: str, new_model: str, recipe: Recipe | None = None) -> None:
    """Bring texts in, correct each sentence, retrain, and say where the new model is."""
    settings = read_settings()
    parent = find_model(model, settings.models)
    tagger = load_tagger(parent)
    store = open_store(settings)
    open_project(store, PROJECT, tagger.types)
    texts = [split_document(text, id=f"example-{n}") for n, text in enumerate(TEXTS)]
    tagged = [tagger.tag_document(text) for text in texts]
    came = take_in(
        store,
        PROJECT,
        Texts(documents=tagged),
        Origin(
            source="examples",
            schema=tagger.schema.fingerprint,
            trained=partial(hashes_of_models, settings.models),
            model=parent.name,
        ),
    )
    print(f"{came.receipt.documents_placed} texts in, {came.items} sentences to review")
    for document in came.documents:
        for item in store.items_of(PROJECT, document):
            correct(store, item, "me")
    corrections = store.corrections(PROJECT)
    store.close()
    print(f"{len(corrections)} corrected sentences to learn from")
    merged = settings.merged if (settings.merged / "manifest.json").is_file() else None
    chosen = recipe or Recipe()
    replay = read_replay(parent, merged, corrections, settings.sample, recipe=chosen)
    card = retrain(parent, corrections, replay, settings.models / new_model, recipe=chosen)
    print(f"{settings.models / card.name}: {card.steps} steps; compare it before you use it:")
    print(f"  python -m bioner compare {parent.name} {card.name}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BionerError as error:
        sys.exit(str(error))
