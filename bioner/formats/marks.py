"""One mark of a JSON document, however its tool spells place, label and surface."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bioner.formats.attributes import STATUSES, Pairs
from bioner.formats.mark_places import (
    MARKS,
    InvalidValue,
    has_place,
    is_pair,
    letters,
    offset_of,
    ranges_of,
)
from bioner.formats.placing import Placer
from bioner.formats.tally import ReadOptions, Tally
from bioner.identifiers import IDENTIFIER
from bioner.spans import Alternative, Mention, Range

LABELS = ("label", "type", "entity_group", "obj", "category", "entity")
_OTHER_LABELS = ("tag", "class", "entitytype", "entitylabel", "semantictype", "kind", "name")
"""Further names of the label, as small letters alone."""
SCORES = ("score", "prob", "confidence")
SURFACES = ("text", "mention", "surface")
IDENTIFIERS = ("kb_id", "identifier")
_PIECE = re.compile("([BI])-(.+)")
NOT_UNDERSTOOD = "mark_not_understood"
"""The rejection of a mark that does not say where it is, or says something of another kind."""
NO_LABEL = "label_not_named"


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
    told = list(_understood(rows, keys or [""] * len(rows), where, tally))
    placer = Placer(text, ((ranges, _surface(row)) for _, row, ranges, _ in told))
    found: list[Mention] = []
    seen: dict[tuple[tuple[Range, ...], str], str] = {}
    for key, row, ranges, told_of in told:
        placed = placer.place(ranges, _surface(row))
        labels = labels_of(row)
        if not labels and placed.fragments:
            tally.repair(NO_LABEL, where, f"{ranges[0][0]}-{ranges[-1][1]}")
        for label in labels or [options.label]:
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
            found.append(replace(told_of, fragments=placed.fragments, label=label))
    return tuple(found)


def _understood(
    rows: Sequence[Any], keys: Sequence[str], where: str, tally: Tally
) -> Iterator[tuple[str, Any, list[Range], Mention]]:
    """Yield key, mark, ranges and what else it says of each mark that says where it is.

    The others are counted.
    """
    for key, row in zip(keys, rows, strict=True):
        try:
            yield key, row, ranges_of(row), _mention(row, where, tally)
        except InvalidValue as error:
            tally.reject(NOT_UNDERSTOOD, where, str(error))


def _mention(row: Any, where: str, tally: Tally) -> Mention:
    """Return what a mark says beside its place and label."""
    fragments, label = ((0, 1),), ""
    if not isinstance(row, dict):
        return Mention(fragments, label)
    status = row.get("status", "gold")
    if not isinstance(status, str) or status not in STATUSES:
        raise InvalidValue(
            f'entity "status": expected gold, predicted or reviewed, got {status!r:.60}'
        )
    score = _number_or_none(next((row[key] for key in SCORES if row.get(key) is not None), None))
    if score is None and any(row.get(key) is not None for key in SCORES):
        tally.repair("score_left_out", where)
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
        score=score,
        alternatives=tuple(_alternative(one) for one in alternatives),
        attributes=attributes,
        id="" if id is None else _word(id),
    )


def labels_of(row: Any) -> list[str]:
    """Return the labels of a mark: one, or those of Label Studio's list; none if it names none."""
    if isinstance(row, list):
        label = row[2] if type(row[0]) is int else row[0]
        return [] if label is None or label == "" else [str(label)]
    found = next((row[key] for key in LABELS if row.get(key)), None)
    if found is None:
        lists = (row[key] for key in ("labels", "hypertextlabels", "choices") if row.get(key))
        found = next(lists, None)
    if found is None:
        named = {letters(key): one for key, one in row.items()}
        found = next((named[key] for key in (*LABELS, *_OTHER_LABELS) if named.get(key)), None)
    if isinstance(found, list):
        return [_name_of(one) for one in found]
    return [] if found is None else [_name_of(found)]


def _name_of(label: Any) -> str:
    """Return a label's name, which some tools write as an object ("value" beside "confidence")."""
    named = label if isinstance(label, dict) else {}
    names = (named.get(key) for key in ("value", "label", "name", "type"))
    return next((one for one in names if isinstance(one, str) and one), None) or _word(label)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _surface(row: Any) -> str | None:
    if not isinstance(row, dict):
        return None
    found = next((row[key] for key in SURFACES if row.get(key)), None)
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return " ".join(found)
    return found if isinstance(found, str) else None


def _alternative(row: Any) -> Alternative:
    if not isinstance(row, dict) or "label" not in row:
        raise InvalidValue(f'alternatives: expected {{"label", "score"}}, found {row!r:.60}')
    return Alternative(str(row["label"]), number(row.get("score"), "score"))


def number(value: Any, key: str) -> float:
    """Return a number of JSON. Raises InvalidValue for anything else."""
    found = _number_or_none(value)
    if found is None:
        raise InvalidValue(f'"{key}": expected a number, got {value!r:.60}')
    return found


def _number_or_none(value: Any) -> float | None:
    try:
        is_number = not isinstance(value, bool) and isinstance(value, int | float)
        return float(value) if is_number else None
    except OverflowError:
        return None


def pairs(value: Any, key: str) -> Pairs:
    """Read ``[[key, value], …]`` or an object as pairs of text."""
    if value is None:
        return ()
    rows = value.items() if isinstance(value, dict) else value
    try:
        return tuple((str(name), _word(one)) for name, one in rows)
    except (TypeError, ValueError) as error:
        raise InvalidValue(f'"{key}": expected an object or a list of [key, value]') from error


def groups_of(held: Any) -> Iterator[Any]:
    """Yield what stands under a key that holds marks: a list of them, or one a type.

    ``{"Gene": [[0, 3]]}`` names the type of its marks where they name none; ``{"e1": {...}}`` gives
    their ids.
    """
    if not isinstance(held, dict):
        yield held
        return
    marks = {name: one for name, one in held.items() if isinstance(one, dict) and has_place(one)}
    if marks:
        yield [{"id": name, **one} for name, one in marks.items()]
    for name, group in held.items():
        if isinstance(group, list):
            yield [_labelled(one, name) for one in group]
        elif name not in marks:
            yield group


def _labelled(row: Any, name: str) -> Any:
    if name in MARKS or name == "sc":
        return row
    if isinstance(row, list) and is_pair(row):
        return [*row, name]
    return {**row, "label": name} if isinstance(row, dict) and not labels_of(row) else row


def whole_marks(rows: Sequence[Any]) -> list[Any]:
    """Join the word-pieces that Hugging Face gives without aggregation: B-Gene, I-Gene."""
    found: list[Any] = []
    last: dict[str, Any] = {}
    for row in rows:
        tag = row.get("entity") if isinstance(row, dict) else None
        piece = _PIECE.fullmatch(tag) if isinstance(tag, str) else None
        if piece is None:
            found.append(row)
            last = {}
            continue
        start, before = offset_of(row.get("start")), offset_of(last.get("end"))
        follows = start is not None and before is not None and 0 <= start - before <= 1
        if piece[1] == "I" and last.get("entity") == piece[2] and follows:
            last["end"] = row.get("end")
        else:
            last = {**row, "entity": piece[2]}
            found.append(last)
    return found
