"""JSON as it comes from outside: values line by line, or of one list, safely."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from bioner.errors import FormatError
from bioner.formats.lines import read_lines
from bioner.formats.mark_places import count_marks
from bioner.formats.tally import Tally

_SURROGATE = re.compile("[\ud800-\udfff]")


def read_values(stream: BinaryIO, name: str, tally: Tally) -> Iterator[tuple[str, Any]]:
    """Yield each line's JSON value with its ``file:line``, or the elements of one JSON list.

    Numbers that JSON does not know (NaN, infinities) become null and half characters U+FFFD, both
    counted. Raises FormatError, with the line, for what is no JSON or nested too deeply.
    """
    lines = read_lines(stream, name)
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        where = f"{name}:{number}"
        try:
            value = _parse(line, where, tally)
        except json.JSONDecodeError as error:
            if number > 1 or line.lstrip()[0] not in "[{":
                raise _not_json(where, error) from error
            yield from _whole([line, *lines], name, tally)
            return
        if isinstance(value, list) and not (value and isinstance(value[0], str)):
            yield from ((f"{where}, element {i}", one) for i, one in enumerate(value, 1))
        else:
            yield where, value


def _whole(lines: list[str], name: str, tally: Tally) -> Iterator[tuple[str, Any]]:
    try:
        value = _parse("\n".join(lines), name, tally)
    except json.JSONDecodeError as error:
        raise _not_json(f"{name}:{error.lineno}", error) from error
    for number, element in enumerate(value if isinstance(value, list) else [value], 1):
        yield f"{name}, element {number}", element


def _parse(text: str, where: str, tally: Tally) -> Any:
    def finite(given: str) -> float | None:
        number = float(given)
        if math.isfinite(number):
            return number
        tally.repair("number_not_finite", where, given[:20])
        return None

    def constant(given: str) -> None:
        tally.repair("number_not_finite", where, given)

    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            lost = [one for one in pairs if value[one[0]] is not one[1]]
            twice.extend(key for key, held in lost if count_marks([held]))
        return value

    try:
        value = json.loads(
            text, parse_float=finite, parse_constant=constant, object_pairs_hook=unique
        )
        for key in twice:
            tally.leave(f'key "{key}", which is there twice', where)
        if "\\u" in text and _has_surrogate(text):
            value = _map_texts(value, lambda one: clean_text(one, where, tally))
    except RecursionError as error:
        raise FormatError(f"{where}: JSON nested too deeply") from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise FormatError(f"{where}: a number of too many digits") from error
    return value


def _has_surrogate(text: str) -> bool:
    return bool(re.search(r"\\u[dD][89a-fA-F]", text))


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_texts(one, change) for one in value]
    if isinstance(value, dict):
        return {change(key): _map_texts(one, change) for key, one in value.items()}
    return value


def _not_json(where: str, error: json.JSONDecodeError) -> FormatError:
    return FormatError(f"{where}: expected JSON: {error.msg} at column {error.colno}")


def clean_text(text: str, where: str, tally: Tally) -> str:
    """Return the text with each lone surrogate, which no file can hold, as U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    text, count = _SURROGATE.subn("\ufffd", text)
    tally.repair("lone_surrogate", where, count=count)
    return text
