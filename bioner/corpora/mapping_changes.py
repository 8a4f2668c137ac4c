"""What an edit of a mapping would change: mentions by label and words, before it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bioner.corpora.dataset import MergeReport
from bioner.corpora.mapping_edit import MappingEdit
from bioner.labels import (
    IGNORE,
    CorpusMapping,
    SourceRule,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One consequence of an edit, in words, and how many mentions or sentences it touches."""

    what: str
    number: int


def changes(
    edit: MappingEdit,
    present: CorpusMapping,
    report: MergeReport,
    written: Mapping[tuple[str, str], int] | None = None,
) -> list[Change]:
    """Count what an edit would change, by the merge report of the present data.

    ``written`` counts the corpus's mentions by source label and lower-cased words (``ignore`` for
    the label of those left open): what exceptions touch.
    """
    found: list[Change] = []
    mapped = report.mapped.get(edit.corpus, {})
    ignored = report.ignored.get(edit.corpus, {})
    for source, label in edit.rules.items():
        old = present.rules[source].label
        if label != old:
            number = ignored.get(source, 0) if old == IGNORE else mapped.get(source, {}).get(old, 0)
            found.append(
                Change(f"Mentions of {source}: {_words(old)} becomes {_words(label)}", number)
            )
        found += _changed_words(source, edit, present.rules[source], written or {})
    sentences = sum(report.sentences.get(edit.corpus, {}).values())
    for name in sorted(edit.covers - present.covers):
        found.append(
            Change(f"Sentences in which the absence of {name} becomes evidence", sentences)
        )
    for name in sorted(present.covers - edit.covers):
        found.append(
            Change(f"Sentences in which the absence of {name} is no evidence any more", sentences)
        )
    return found


def _changed_words(
    source: str, edit: MappingEdit, present: SourceRule, written: Mapping[tuple[str, str], int]
) -> list[Change]:
    """Count the mentions whose words become, or cease to be, an exception of their label."""
    wanted = edit.rule(source, present)
    lists = (*present.by_surface, *wanted.by_surface)
    moved: dict[tuple[str, str], list[str]] = {}
    for word in sorted({word for one in lists for word in one.surfaces}):
        old, new = present.apply(word), wanted.apply(word)
        if old != new and (old, new) != (present.label, wanted.label):
            moved.setdefault((old, new), []).append(word)
    return [
        Change(
            f"Mentions of {source} written {_quoted(words)}: {_words(old)} becomes {_words(new)}",
            sum(written.get((IGNORE if old == IGNORE else source, word), 0) for word in words),
        )
        for (old, new), words in moved.items()
    ]


def _quoted(words: Sequence[str], most: int = 3) -> str:
    told = ", ".join(f"“{word}”" for word in words[:most])
    return told + (f" and {len(words) - most} more" if len(words) > most else "")


def _words(label: str) -> str:
    return "left open" if label == IGNORE else label
