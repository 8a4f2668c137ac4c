"""Where a mark of JSON says that it is, however its tool spells it; and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from bioner.formats.tally import Tally
from bioner.spans import Range

MARKS = ("entities", "ents", "label", "labels", "annotations", "spans", "mentions", "marks")
"""The keys, or columns, under which documents of many tools hold their marks."""
STARTS = ("start", "start_offset", "begin", "startOffset")
ENDS = ("end", "end_offset", "endOffset")
_OF_WHAT = "(char|character|text|entity|mention)?"
_HOW = "(offset|char|character|index|idx|pos|position)?"
_START = re.compile(f"{_OF_WHAT}(start|begin|from){_HOW}")
_END = re.compile(f"{_OF_WHAT}(end|stop|to){_HOW}")
_WHOLE = ("span", "position", "pos", "range", "interval", "location", "offset", "offsets")
"""Names of a key that holds both ends; the names of either, as small letters alone."""


class InvalidValue(Exception):
    """A value is not of the expected form; the message says which and what was expected."""


def has_place(row: Any) -> bool:
    """Tell whether a JSON value looks like a mark: it names a start and an end."""
    if isinstance(row, list):
        whole = [type(one) is int for one in row]
        return 3 <= len(row) <= 4 and (all(whole[:2]) or (all(whole[1:3]) and not whole[0]))
    if not isinstance(row, dict):
        return False
    if any(key in row for key in STARTS) and any(key in row for key in ENDS):
        return True
    if isinstance(row.get("span"), dict | list) or isinstance(
        row.get("fragments", row.get("offsets")), list
    ):
        return True
    return _other_place(row) is not None or {"token_start", "token_end"} <= row.keys()


def letters(key: Any) -> str:
    """Return a key as small letters alone: ``BeginOffset`` and ``begin_offset`` are one."""
    return re.sub("[^a-z]", "", str(key).lower())


def _other_place(row: dict[str, Any]) -> Any:
    """Return start and end of a mark whose tool names them in another way; None without them."""
    named = {letters(key): one for key, one in row.items()}
    start = next((one for key, one in named.items() if _START.fullmatch(key)), None)
    end = next((one for key, one in named.items() if _END.fullmatch(key)), None)
    if offset_of(start) is not None and offset_of(end) is not None:
        return [start, end]
    first, length = offset_of(named.get("offset")), offset_of(named.get("length", named.get("len")))
    if first is not None and length is not None:
        return [first, first + length]
    for key in _WHOLE:
        held = named.get(key)
        if isinstance(held, list) and len(held) == 2 and None not in map(offset_of, held):
            return held
        if isinstance(held, dict) and (inner := _other_place(held)):
            return inner
    return None


def offset_of(value: Any) -> int | None:
    """Return an offset, which some tools write with a decimal point."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return None


def ranges_of(row: Any) -> list[Range]:
    """Return the ranges of a mark. Raises InvalidValue where it names none."""
    if isinstance(row, list) and len(row) >= 3:
        fragments: Any = [row[:2] if type(row[0]) is int else row[1:3]]
    elif not isinstance(row, dict):
        raise InvalidValue(f"expected an entity object or [start, end, label], found {row!r:.60}")
    elif row.get("fragments") is not None or isinstance(row.get("offsets"), list):
        fragments = row.get("fragments") or row.get("offsets")
    elif isinstance(row.get("span"), list) and not is_pair(row["span"]):
        fragments = [_pair(one) for one in row["span"]]
    else:
        fragments = [_pair(row.get("span", row))]
    return _checked(fragments)


def is_pair(value: list[Any]) -> bool:
    """Tell whether a list is two whole numbers."""
    return len(value) == 2 and all(type(one) is int for one in value)


def _pair(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    start = next((value[key] for key in STARTS if key in value), None)
    end = next((value[key] for key in ENDS if key in value), None)
    return (_other_place(value) or [None, None]) if start is None or end is None else [start, end]


def _checked(fragments: Any) -> list[Range]:
    try:
        stated = [(start, end) for start, end in fragments]
    except (TypeError, ValueError) as error:
        raise InvalidValue('entity "fragments": expected a list of [start, end]') from error
    ranges: list[Range] = []
    for pair in stated:
        start, end = map(offset_of, pair)
        if start is None or end is None:
            raise InvalidValue(
                f'entity: expected whole numbers "start" and "end", got {pair!r:.60}'
            )
        ranges.append((start, end))
    if not ranges:
        raise InvalidValue('entity "fragments": expected at least one [start, end]')
    return ranges


def count_marks(value: Any) -> int:
    """Count what looks like marks inside a JSON value of any form."""
    found = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            inner = list(one.values())
            found += sum(map(_count_pairs, inner))
        else:
            inner = one if isinstance(one, list) else []
        found += sum(map(has_place, inner))
        waiting += [part for part in inner if isinstance(part, list | dict) and not has_place(part)]
    return found


def _count_pairs(value: Any) -> int:
    """Count the places of one type, as ``{"Gene": [[0, 3], [10, 14]]}`` has them."""
    is_places = isinstance(value, list) and all(
        isinstance(one, list) and is_pair(one) and one[0] < one[1] for one in value
    )
    return len(value) if is_places else 0


def name_unread(value: dict[str, Any], read: Collection[str], where: str, tally: Tally) -> None:
    """Count the marks under keys that were not read, by the key."""
    for key, held in value.items():
        if key not in read and (found := count_marks([held])):
            tally.leave(f'key "{key}"', where, count=found)
