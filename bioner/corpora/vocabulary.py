"""Vocabularies: terms with names, types and identifiers, read from OBO, CSV, JSON lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bioner.errors import FormatError
from bioner.files import parse_json_object

LARGEST = 2**31
JOINED = " | "
"""Between the spellings in a cell of a table."""
_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TYPE = re.compile(r'bioner:type "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Listed:
    """One term of a list: its spellings, its type (empty: none is named), its identifier."""

    surfaces: tuple[str, ...]
    label: str
    identifier: str = ""


def read_terms(path: Path) -> Iterator[Listed]:
    """Yield the terms of a list, one by one. Raises FormatError."""
    readers = {".csv": _csv, ".jsonl": _jsonl, ".obo": _obo}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FormatError(f"{path.name}: expected a list of names as .csv, .jsonl or .obo")
    try:
        if path.stat().st_size > LARGEST:
            raise FormatError(f"{path.name}: larger than {LARGEST:,} bytes")
        yield from reader(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path.name}: cannot be read: {error}") from error


def _csv(path: Path) -> Iterator[Listed]:
    """Read a table with a column ``term`` or ``name``; ``spellings`` or ``synonyms`` by `` | ``."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), 2):
            cells = {(key or "").strip().lower(): _cell(value) for key, value in row.items()}
            name = cells.get("term") or cells.get("name") or ""
            if not name:
                raise FormatError(f"{path.name}:{number}: expected a column `term` or `name`")
            more = cells.get("spellings") or cells.get("synonyms") or ""
            yield Listed(
                surfaces=tuple(dict.fromkeys([name, *filter(None, more.split(JOINED))])),
                label=cells.get("type", ""),
                identifier=cells.get("concept") or cells.get("id") or "",
            )


def _cell(value: object) -> str:
    """Return a cell without the apostrophe that kept a spreadsheet from computing it."""
    text = value if isinstance(value, str) else ""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@" else text


def _jsonl(path: Path) -> Iterator[Listed]:
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            value = parse_json_object(line, f"{path.name}:{number}", FormatError)
            pattern = value.get("pattern")
            if isinstance(pattern, str):
                surfaces = [pattern]
                label, identifier = value.get("label"), ""
            else:
                surfaces = [str(value.get("term") or value.get("name") or "")]
                surfaces += _spelled(value.get("spellings"))
                label, identifier = value.get("type"), str(value.get("concept") or "")
            surfaces = [one for one in dict.fromkeys(surfaces) if one]
            if not surfaces:
                raise FormatError(f'{path.name}:{number}: expected "term" or "pattern"')
            yield Listed(tuple(surfaces), str(label or ""), identifier)


def _spelled(value: object) -> list[str]:
    """Return the spellings of a list of texts, or of objects with a ``text``."""
    given = value if isinstance(value, list) else []
    return [str(one.get("text", "") if isinstance(one, dict) else one) for one in given]


def _obo(path: Path) -> Iterator[Listed]:
    """Read the terms of an OBO file that are not obsolete, a stanza at a time."""
    stanza: dict[str, list[str]] = {}
    is_term = False
    with path.open(encoding="utf-8") as stream:
        for line in chain(stream, ["[End]"]):
            text = line.strip()
            if text.startswith("["):
                if is_term and stanza.get("name") and stanza.get("is_obsolete") != ["true"]:
                    yield _listed(stanza)
                stanza, is_term = {}, text == "[Term]"
            elif ": " in text:
                tag, _, value = text.partition(": ")
                stanza.setdefault(tag, []).append(value)


def _listed(stanza: dict[str, list[str]]) -> Listed:
    quoted = [_SYNONYM.match(one) for one in stanza.get("synonym", ())]
    surfaces = [_plain(stanza["name"][0]), *(_plain(one[1]) for one in quoted if one)]
    types = [_TYPE.match(one) for one in stanza.get("property_value", ())]
    label = next((_plain(one[1]) for one in types if one), "")
    return Listed(tuple(dict.fromkeys(surfaces)), label, stanza.get("id", [""])[0])


def _plain(text: str) -> str:
    """Return OBO's text without its escapes, and without the comment or modifier at its end."""
    text = re.split(r"(?<!\\)\s[!{]", text)[0]
    return re.sub(r"\\(.)", r"\1", text).strip()
