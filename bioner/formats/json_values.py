"""JSON as it comes from outside: values line by line, or of one list, safely."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, BinaryIO

from bioner.errors import FormatError
from bioner.formats.lines import OddLines, read_lines
from bioner.formats.mark_places import count_marks
from bioner.formats.tally import Tally

_SURROGATE = re.compile("[\ud800-\udfff]")


def read_values(
    stream: BinaryIO, name: str, tally: Tally, odd: OddLines
) -> Iterator[tuple[str, Any]]:
    """Yield each line's JSON value with its ``file:line``, or the elements of one JSON list.

    Numbers that JSON does not know (NaN, infinities) become null and half characters U+FFFD, both
    counted, as are, in ``odd``, lines that are no JSON or nested too deeply. Raises FormatError,
    with the line, where the file is one value and that is no JSON.
    """
    lines = iter(read_lines(stream, name))
    begin = list(_until_text(lines))
    if not begin:
        return
    if begin[-1].lstrip()[0] in "[{" and _goes_on(begin[-1]):
        begin += lines
        whole = _whole(begin, name, tally)
        if not isinstance(whole, str):
            yield from whole
            return
        if not any(map(_is_object, begin)):
            raise FormatError(whole)
        odd.explain(whole)
    for number, line in enumerate(chain(begin, lines), 1):
        if line and not line.isspace():
            yield from _of_line(line, f"{name}:{number}", tally, odd)


def _until_text(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines up to the first that is not blank."""
    for line in lines:
        yield line
        if line and not line.isspace():
            return


def _of_line(line: str, where: str, tally: Tally, odd: OddLines) -> Iterator[tuple[str, Any]]:
    try:
        value = _parse(line, where, tally)
    except (json.JSONDecodeError, FormatError) as error:
        told = _not_json(where, error)
        odd.lines += 1
        odd.allow(told).leave("line that is no JSON", where, told.removeprefix(f"{where}: "))
        return
    if isinstance(value, list) and not (value and isinstance(value[0], str)):
        yield from ((f"{where}, element {i}", one) for i, one in enumerate(value, 1))
    else:
        yield where, value


def _whole(lines: list[str], name: str, tally: Tally) -> list[tuple[str, Any]] | str:
    """Return the elements of the one value that the lines are, or what is wrong with it."""
    try:
        value = _parse("\n".join(lines), name, tally)
    except json.JSONDecodeError as error:
        return _not_json(f"{name}:{error.lineno}", error)
    except FormatError as error:
        return str(error)
    elements = value if isinstance(value, list) else [value]
    return [(f"{name}, element {i}", one) for i, one in enumerate(elements, 1)]


def _goes_on(line: str) -> bool:
    """Tell whether a line is no JSON by itself."""
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


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


def _not_json(where: str, error: json.JSONDecodeError | FormatError) -> str:
    if isinstance(error, FormatError):
        return str(error)
    return f"{where}: expected JSON: {error.msg} at column {error.colno}"


def clean_text(text: str, where: str, tally: Tally) -> str:
    """Return the text with each lone surrogate, which no file can hold, as U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    text, count = _SURROGATE.subn("\ufffd", text)
    tally.repair("lone_surrogate", where, count=count)
    return text
