"""One mark of a JSON document, however its tool spells place, label and surface."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bioner.formats.attributes import STATUSES, Pairs
from bioner.formats.placing import Placer
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Alternative, Mention, Range

MARKS = ("entities", "ents", "label", "labels", "annotations", "spans", "mentions", "marks")
"""The keys, or columns, under which documents of many tools hold their marks."""
STARTS = ("start", "start_offset", "begin", "startOffset")
ENDS = ("end", "end_offset", "endOffset")
LABELS = ("label", "type", "entity_group", "obj", "category", "entity")
SCORES = ("score", "prob", "confidence")
SURFACES = ("text", "mention", "surface")
IDENTIFIERS = ("kb_id", "identifier")
IDENTIFIER = "identifier"
"""The attribute that holds a concept's id."""


class InvalidValue(Exception):
    """A value is not of the expected form; the message says which and what was expected."""


def has_place(row: Any) -> bool:
    """Tell whether a JSON value looks like a mark: it names a start and an end."""
    if isinstance(row, list):
        return 3 <= len(row) <= 4 and all(type(one) is int for one in row[:2])
    if not isinstance(row, dict):
        return False
    if any(key in row for key in STARTS) and any(key in row for key in ENDS):
        return True
    return isinstance(row.get("span"), dict | list) or isinstance(
        row.get("fragments", row.get("offsets")), list
    )


def read_marks(
    rows: Sequence[Any],
    text: str,
    where: str,
    tally: Tally,
    options: ReadOptions,
    *,
    keys: Sequence[str] = (),
) -> tuple[Mention, ...]:
    """Place a document's marks, each counted.

    ``keys`` say under which key each stood: what stands under two of them is one mention.
    """
    told = [(row, ranges_of(row), _surface(row)) for row in rows]
    placer = Placer(text, ((ranges, surface) for _, ranges, surface in told))
    found: list[Mention] = []
    seen: dict[tuple[tuple[Range, ...], str], str] = {}
    for key, (row, ranges, surface) in zip(keys or [""] * len(told), told, strict=True):
        placed = placer.place(ranges, surface)
        for label in labels_of(row) or [options.label]:
            detail = f"{label} {ranges[0][0]}-{ranges[-1][1]}"
            if not placed.fragments:
                tally.reject(placed.rule, where, detail)
                continue
            if seen.setdefault((placed.fragments, label), key) != key:
                tally.reject("said_twice", where, detail)
                continue
            if placed.rule:
                tally.repair(placed.rule, where, detail)
            tally.place(label)
            found.append(_mention(row, placed.fragments, label))
    return tuple(found)


def _mention(row: Any, fragments: tuple[Range, ...], label: str) -> Mention:
    if not isinstance(row, dict):
        return Mention(fragments, label)
    status = row.get("status", "gold")
    if not isinstance(status, str) or status not in STATUSES:
        raise InvalidValue(
            f'entity "status": expected gold, predicted or reviewed, got {status!r:.60}'
        )
    score = next((row[key] for key in SCORES if row.get(key) is not None), None)
    alternatives = row.get("alternatives") or []
    if not isinstance(alternatives, list):
        raise InvalidValue('"alternatives": expected a list')
    id: Any = row.get("id")
    attributes = pairs(row.get("attributes"), "attributes")
    for key in IDENTIFIERS:
        if row.get(key):
            attributes = ((IDENTIFIER, _word(row[key])), *attributes)
    if isinstance(id, list):
        attributes = ((IDENTIFIER, ",".join(map(_word, id))), *attributes)
        id = None
    return Mention(
        fragments=fragments,
        label=label,
        source_label=str(row.get("source_label") or ""),
        status=STATUSES[status],
        score=None if score is None else number(score, "score"),
        alternatives=tuple(_alternative(one) for one in alternatives),
        attributes=attributes,
        id="" if id is None else _word(id),
    )


def labels_of(row: Any) -> list[str]:
    """Return the labels of a mark: one, or those of Label Studio's list; none if it names none."""
    if isinstance(row, list):
        return [str(row[2])] if len(row) > 2 and row[2] is not None and row[2] != "" else []
    found = next((row[key] for key in LABELS if row.get(key)), None)
    if found is None:
        lists = (row[key] for key in ("labels", "hypertextlabels", "choices") if row.get(key))
        found = next(lists, None)
    if isinstance(found, list):
        return [_word(one) for one in found]
    return [] if found is None else [_word(found)]


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _surface(row: Any) -> str | None:
    if not isinstance(row, dict):
        return None
    found = next((row[key] for key in SURFACES if row.get(key)), None)
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return " ".join(found)
    return found if isinstance(found, str) else None


def ranges_of(row: Any) -> list[Range]:
    """Return the ranges of a mark. Raises InvalidValue where it names none."""
    if isinstance(row, list) and len(row) >= 3:
        fragments: Any = [row[:2]]
    elif not isinstance(row, dict):
        raise InvalidValue(f"expected an entity object or [start, end, label], found {row!r:.60}")
    elif row.get("fragments") is not None or isinstance(row.get("offsets"), list):
        fragments = row.get("fragments") or row.get("offsets")
    elif isinstance(row.get("span"), list) and not _is_pair(row["span"]):
        fragments = [_pair(one) for one in row["span"]]
    else:
        fragments = [_pair(row.get("span", row))]
    return _checked(fragments)


def _is_pair(value: list[Any]) -> bool:
    return len(value) == 2 and all(type(one) is int for one in value)


def _pair(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    start = next((value[key] for key in STARTS if key in value), None)
    end = next((value[key] for key in ENDS if key in value), None)
    return [start, end]


def _checked(fragments: Any) -> list[Range]:
    try:
        ranges = [(start, end) for start, end in fragments]
    except (TypeError, ValueError) as error:
        raise InvalidValue('entity "fragments": expected a list of [start, end]') from error
    for pair in ranges:
        if any(type(offset) is not int for offset in pair):
            raise InvalidValue(
                f'entity: expected whole numbers "start" and "end", got {pair!r:.60}'
            )
    if not ranges:
        raise InvalidValue('entity "fragments": expected at least one [start, end]')
    return ranges


def _alternative(row: Any) -> Alternative:
    if not isinstance(row, dict) or "label" not in row:
        raise InvalidValue(f'alternatives: expected {{"label", "score"}}, found {row!r:.60}')
    return Alternative(str(row["label"]), number(row.get("score"), "score"))


def number(value: Any, key: str) -> float:
    """Return a number of JSON. Raises InvalidValue for anything else."""
    try:
        if not isinstance(value, bool) and isinstance(value, int | float):
            return float(value)
    except OverflowError:
        pass
    raise InvalidValue(f'"{key}": expected a number, got {value!r:.60}')


def pairs(value: Any, key: str) -> Pairs:
    """Read ``[[key, value], …]`` or an object as pairs of text."""
    if value is None:
        return ()
    rows = value.items() if isinstance(value, dict) else value
    try:
        return tuple((str(name), _word(one)) for name, one in rows)
    except (TypeError, ValueError) as error:
        raise InvalidValue(f'"{key}": expected an object or a list of [key, value]') from error


def count_marks(value: Any, depth: int = 5) -> int:
    """Count what looks like marks inside a JSON value of any form, to a depth."""
    if depth == 0:
        return 0
    inner: Iterator[Any] = iter(())
    if isinstance(value, list):
        inner = iter(value)
    elif isinstance(value, dict):
        inner = iter(value.values())
    return sum(1 if has_place(one) else count_marks(one, depth - 1) for one in inner)
