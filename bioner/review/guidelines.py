"""A project's guidelines: what a type means here, examples of what is marked and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bioner.errors import StoreError
from bioner.review.decisions import check_type
from bioner.spans import Range
from bioner.store import Example, Project, ReviewItem, ShownExample, Store
from bioner.store.training_data import REVIEWED


def write_guideline(
    store: Store, project: Project, label: str, text: str, reviewer: str = ""
) -> Project:
    """Say what a type means in this project; nothing takes the words away.

    Raises StaleSettingsError where somebody changed the settings since ``project`` was read.
    """
    check_type(project, label)
    told = dict(project.guidelines)
    told[label] = text.strip()
    guidelines = tuple((name, told[name]) for name in project.types if told.get(name))
    return store.update_project(replace(project, guidelines=guidelines), reviewer)


def add_example(store: Store, project: Project, example: Example, reviewer: str = "") -> Project:
    """Add an example; one that is there already is moved to the end, with its new note."""
    check_type(project, example.label)
    same = replace(example, note="", is_positive=True)
    rest = [one for one in project.examples if replace(one, note="", is_positive=True) != same]
    return store.update_project(replace(project, examples=(*rest, example)), reviewer)


def drop_example(store: Store, project: Project, number: int, reviewer: str = "") -> Project:
    """Take an example away, by its place among all of the project, from 0."""
    if not 0 <= number < len(project.examples):
        raise StoreError(
            f"project {project.name!r}: there is no example {number}; it has "
            f"{len(project.examples)}, the first is 0"
        )
    rest = [one for at, one in enumerate(project.examples) if at != number]
    return store.update_project(replace(project, examples=tuple(rest)), reviewer)


def example_of(
    review: ReviewItem, words: Range, label: str, *, is_positive: bool, note: str = ""
) -> Example:
    """Make an example of words of a sentence that somebody has accepted or corrected.

    Raises StoreError for another sentence, or for words that are not in it.
    """
    start, end = words
    where = f"sentence {review.item}"
    if review.verdict not in REVIEWED:
        raise StoreError(f"{where}: accept it first; examples come from reviewed sentences")
    if not review.start <= start < end <= review.end:
        raise StoreError(f"{where}: {start}-{end} is not in it; it is {review.start}-{review.end}")
    return Example(
        label=label,
        is_positive=is_positive,
        note=note.strip(),
        document=review.document,
        start=start,
        end=end,
    )


def of_type(
    examples: Sequence[ShownExample], label: str
) -> tuple[list[ShownExample], list[ShownExample]]:
    """Return what is marked as a type, and what is not."""
    mine = [one for one in examples if one.example.label == label]
    return (
        [one for one in mine if one.example.is_positive],
        [one for one in mine if not one.example.is_positive],
    )
