"""The catalogue: published corpora beside the ten, each with its terms, its source, its mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bioner.corpora.own import OwnCorpus
from bioner.corpora.registry import CORPORA, Published
from bioner.errors import CorpusError
from bioner.files import parse_yaml
from bioner.labels import CorpusMapping, mapping_from_json

CATALOGUE_FILE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True, kw_only=True)
class Entry(Published):
    """A published corpus that can be brought in: where it is, how it is read, what it means here.

    ``files``: its publisher's addresses. ``by_hand``: how to get it where there is no network.
    ``members``: which files of its archive are read. ``lists``: by split, the archive's own list of
    documents. ``tables``: the layout of marks in a table, if they are. ``devel``: documents that
    are devel and never trained on, because of ``devel_reason``. ``rest``: what other documents are.
    """

    files: tuple[str, ...]
    by_hand: str
    mapping: CorpusMapping
    members: re.Pattern[str] | None = None
    lists: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    tables: str = ""
    devel: frozenset[str] = frozenset()
    devel_reason: str = ""
    rest: str = "hash"
    documents: int = 0
    caution: str = ""

    def own(self, origin: str) -> OwnCorpus:
        """Return what is kept beside its sentences; ``origin`` says where these came from."""
        rules = self.mapping.rules
        return OwnCorpus(
            self.id,
            self.title,
            tuple(sorted(self.mapping.covers)),
            {source: rule.label for source, rule in rules.items()},
            self.licence,
            exceptions={
                source: {one.label: one.surfaces for one in rule.by_surface}
                for source, rule in rules.items()
                if rule.by_surface
            },
            reasons={
                source: {
                    rule.label: rule.reason,
                    **{one.label: one.reason for one in rule.by_surface},
                }
                for source, rule in rules.items()
            },
            coarse=self.mapping.coarse,
            fold=self.mapping.fold,
            origin=origin,
        )


@cache
def read_catalogue(path: Path = CATALOGUE_FILE) -> Mapping[str, Entry]:
    """Read the catalogue, by id. Raises CorpusError for an entry of another form."""
    raw = parse_yaml(path.read_text(encoding="utf-8"))
    try:
        return {id: _entry(id, dict(one)) for id, one in raw.items()}
    except (KeyError, TypeError, AttributeError, ValueError, re.error) as error:
        raise CorpusError(f"{path}: an entry is not of the expected form: {error!r}") from error


def _entry(id: str, raw: dict[str, Any]) -> Entry:
    lists = {split: re.compile(one) for split, one in raw.pop("lists", {}).items()}
    members = raw.pop("members", "")
    return Entry(
        id=id,
        files=tuple(raw.pop("files")),
        mapping=mapping_from_json(id, raw.pop("mapping")),
        members=re.compile(members, re.IGNORECASE) if members else None,
        lists=lists,
        devel=frozenset(map(str, raw.pop("devel", ()))),
        **raw,
    )


def find_entry(name: str) -> Entry:
    """Return the catalogue's corpus of this name, its case aside. Raises CorpusError."""
    entries = read_catalogue()
    found = next((one for id, one in entries.items() if id.lower() == name.lower()), None)
    if found is None:
        raise CorpusError(f"{name!r}: not in the catalogue; expected one of {', '.join(entries)}")
    return found


def published(name: str) -> Published | None:
    """Return what is said of a published corpus, of the ten or the catalogue; None for another."""
    return CORPORA.get(name) or read_catalogue().get(name)


def licence_of_model(corpora: Iterable[str]) -> str:
    """Return what a card says of the terms of a model that was trained on these corpora."""
    known = {name: published(name) for name in sorted(corpora)}
    told = (
        f"{name} ({info.licence if info else 'as its owner says'})" for name, info in known.items()
    )
    return f"Apache-2.0 (weights); training data: {', '.join(told)}"
