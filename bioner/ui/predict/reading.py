"""What of a tagged document is shown: types or groups, how sure, which labels, which part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bioner.labels import LabelSchema
from bioner.spans import Alternative, Document, Mention, Range

WINDOW = 40_000
"""Characters of one page of the reading view; a browser draws this many in a blink."""


@dataclass(frozen=True)
class View:
    """A way of looking at mentions; ``hidden`` are label names as shown (types or groups)."""

    is_coarse: bool = False
    threshold: float = 0.0
    hidden: frozenset[str] = frozenset()
    has_heat: bool = False


def group_title(schema: LabelSchema, group: str) -> str:
    """Return a group's name as shown: of two types both names, of more the group's own."""
    members = schema.groups.get(group, ())
    return "/".join(members) if len(members) == 2 else group


def shown_label(schema: LabelSchema, label: str, view: View) -> str:
    """Return a label as this view shows it."""
    group = schema.group_of.get(label)
    return group_title(schema, group) if view.is_coarse and group else label


def in_view(document: Document, schema: LabelSchema, view: View) -> Document:
    """Return the document with the mentions that the threshold lets through, labels as shown."""
    return replace(
        document,
        mentions=tuple(
            _shown(one, schema, view)
            for one in document.mentions
            if one.score is None or one.score >= view.threshold
        ),
    )


def _shown(one: Mention, schema: LabelSchema, view: View) -> Mention:
    if not view.is_coarse:
        return one
    label = shown_label(schema, one.label, view)
    score, others = one.score, dict[str, float]()
    for other in one.alternatives:
        name = shown_label(schema, other.label, view)
        if name == label:
            score = None if score is None else min(1.0, score + other.score)
        else:
            others[name] = others.get(name, 0.0) + other.score
    alternatives = tuple(
        Alternative(name, value) for name, value in sorted(others.items(), key=lambda i: -i[1])
    )
    return replace(one, label=label, score=score, alternatives=alternatives)


def without_hidden(document: Document, view: View) -> Document:
    """Return the document without the labels that the legend has switched off."""
    return replace(
        document, mentions=tuple(one for one in document.mentions if one.label not in view.hidden)
    )


def label_counts(documents: Sequence[Document], schema: LabelSchema) -> dict[str, int]:
    """Count mentions by label: the schema's order first, then unknown labels by name."""
    counts = Counter(one.label for document in documents for one in document.mentions)
    groups = [group_title(schema, group) for group in schema.groups]
    order = {name: i for i, name in enumerate(dict.fromkeys([*schema.names, *groups]))}
    return {
        name: counts[name] for name in sorted(counts, key=lambda n: (order.get(n, len(order)), n))
    }


def mention_key(one: Mention) -> str:
    """Return what tells a mention from the others of its document."""
    where = ",".join(f"{start}-{end}" for start, end in one.fragments)
    return f"{where}:{one.label}"


def windows(document: Document, size: int = WINDOW) -> list[Range]:
    """Cut a document into parts of about ``size`` characters, at sentence ends outside mentions."""
    length = len(document.text)
    cuts = _cuts_outside_mentions(document)
    parts: list[Range] = []
    start = 0
    for i, at in enumerate(cuts):
        following = cuts[i + 1] if i + 1 < len(cuts) else length
        if following - start > size:
            parts.append((start, at))
            start = at
    parts.append((start, length))
    return parts


def _cuts_outside_mentions(document: Document) -> list[int]:
    mentions = sorted((one.start, one.end) for one in document.mentions)
    cuts: list[int] = []
    position = reach = 0
    for _, at in document.sentence_ranges:
        while position < len(mentions) and mentions[position][0] < at:
            reach = max(reach, mentions[position][1])
            position += 1
        if reach <= at < len(document.text):
            cuts.append(at)
    return cuts


def part_of(document: Document, part: Range) -> Document:
    """Return a document of this part of the text alone, its mentions moved with it."""
    low, high = part
    mentions = tuple(
        replace(one, fragments=tuple((start - low, end - low) for start, end in one.fragments))
        for one in document.mentions
        if low <= one.start and one.end <= high
    )
    ranges = tuple(
        (start - low, end - low)
        for start, end in document.sentence_ranges
        if low <= start and end <= high
    )
    return Document(document.id, document.text[low:high], mentions, ranges)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two models part: what each says there (None: nothing)."""

    first: Mention | None
    second: Mention | None
    kind: str


def differences(first: Sequence[Mention], second: Sequence[Mention]) -> list[Difference]:
    """List where two lists of mentions differ, in the text's order.

    The kinds are ``other type`` (same boundaries), ``other boundary`` (they overlap), ``only
    first`` and ``only second``.
    """
    same = {mention_key(one) for one in first} & {mention_key(one) for one in second}
    left = [one for one in first if mention_key(one) not in same]
    right = [one for one in second if mention_key(one) not in same]
    found: list[Difference] = []
    taken: set[int] = set()
    by_range: Mapping[tuple[Range, ...], int] = {one.fragments: i for i, one in enumerate(right)}
    for one in left:
        match = by_range.get(one.fragments)
        kind = "other type"
        if match is None or match in taken:
            kind = "other boundary"
            match = next(
                (
                    i
                    for i, other in enumerate(right)
                    if i not in taken and other.start < one.end and one.start < other.end
                ),
                None,
            )
        if match is None:
            found.append(Difference(one, None, "only first"))
        else:
            taken.add(match)
            found.append(Difference(one, right[match], kind))
    found += [Difference(None, one, "only second") for i, one in enumerate(right) if i not in taken]
    return sorted(found, key=lambda d: (d.first or d.second or left[0]).start)
