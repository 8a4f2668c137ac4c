"""Corrects the tutorial's project as its lab would: ``python correct.py PROJECT REVIEWER``.

For each sentence the marks of the two types that the lab looks for are made those of
abstracts.txt; what the model marked of other types stays. What it takes is said at the end.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from texts import read

from bioner.settings import read_settings
from bioner.spans import Mention
from bioner.store import Edit, open_store, surfaces_of

LOOKED_FOR = {"Organism", "Tissue"}


def main(project: str, reviewer: str) -> None:
    """Settle every sentence of the project that nobody has settled yet."""
    key = {one["id"]: one for one in read()}
    store = open_store(read_settings())
    kept = changed = 0
    for document, known in key.items():
        for item in store.items_of(project, document):
            seen = store.open_item(item, reviewer)
            if seen.verdict is not None:
                continue
            right = [
                Mention(((start, end),), label, status="reviewed")
                for start, end, label in known["marks"]
                if seen.start <= start and end <= seen.end
            ]
            taken = {place for one in right for place in range(one.start, one.end)}
            rest = [
                replace(one, status="reviewed")
                for one in seen.mentions
                if one.label not in LOOKED_FOR and taken.isdisjoint(range(one.start, one.end))
            ]
            marks = tuple(sorted((*right, *rest), key=lambda one: one.start))
            before = {(one.start, one.end, one.label) for one in seen.mentions}
            is_same = before == {(one.start, one.end, one.label) for one in marks}
            kept, changed = kept + is_same, changed + (not is_same)
            store.save(
                Edit(
                    item=item,
                    base=seen.base,
                    surface=seen.surface,
                    mentions=marks,
                    surfaces=surfaces_of(seen.text, marks),
                    reviewer=reviewer,
                    verdict="accept" if is_same else "correct",
                )
            )
    store.close()
    print(f"{kept} sentences accepted as they were, {changed} corrected")


if __name__ == "__main__":
    main(*sys.argv[1:])
