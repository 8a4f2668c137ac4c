"""LabelSchema: entity types, groups, colours, and what each corpus's labels mean in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bioner.errors import SchemaError
from bioner.files import parse_yaml

PACKAGE_SCHEMA = Path(__file__).with_name("labels.yaml")
IGNORE = "ignore"
"""What a source type maps to when it is evidence for nothing: any tag is allowed there."""


@dataclass(frozen=True, slots=True)
class EntityType:
    """One entity type; ``group``: the types corpora confuse it with; ``color``: ``#rrggbb``."""

    name: str
    group: str
    color: str
    definition: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class SurfaceRule:
    """Mentions with one of these surfaces (tokens joined, lower-cased) map to ``label``."""

    label: str
    surfaces: frozenset[str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourceRule:
    """What a corpus's source type becomes: a type of ours or ``ignore``; exceptions by surface."""

    label: str
    reason: str = ""
    by_surface: tuple[SurfaceRule, ...] = ()

    def apply(self, surface: str) -> str:
        """Return our type, or ``ignore``, for a mention with this surface."""
        low = surface.lower()
        for rule in self.by_surface:
            if low in rule.surfaces:
                return rule.label
        return self.label

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.label, *(rule.label for rule in self.by_surface))))


@dataclass(frozen=True)
class CorpusMapping:
    """What one corpus's annotation means in our types.

    ``covers``: the types its annotators looked for, so that its ``O`` is evidence against these.
    ``coarse``: a label of ours that may stand for several. ``fold``: our types → the corpus's own
    terms, applied to gold and prediction before scoring.
    """

    corpus: str
    rules: Mapping[str, SourceRule]
    covers: frozenset[str]
    coarse: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fold: Mapping[str, str] = field(default_factory=dict)

    def fold_label(self, label: str) -> str:
        """Return the label in the corpus's own terms."""
        return self.fold.get(label, label)

    @property
    def scored(self) -> frozenset[str]:
        """The folded types that this corpus can score: its covers in its own terms."""
        return frozenset(self.fold_label(label) for label in self.covers)


@dataclass(frozen=True)
class LabelSchema:
    """Types, groups, colours and the corpora's mappings, under one mapping's name."""

    types: tuple[EntityType, ...]
    corpora: Mapping[str, CorpusMapping]
    mapping: str = "curated"

    def __post_init__(self) -> None:
        names = self.names
        if not names:
            raise SchemaError(
                "the label schema has no entity types: add at least one under `types:`"
            )
        if len(set(names)) != len(names):
            raise SchemaError(f"the label schema names a type twice: {sorted(names)}")
        for mapping in self.corpora.values():
            self._check(mapping)

    def _check(self, mapping: CorpusMapping) -> None:
        known = set(self.names)
        used: dict[str, Iterable[str]] = {
            "covers": mapping.covers,
            "coarse": [*mapping.coarse, *(t for ts in mapping.coarse.values() for t in ts)],
            "fold": [*mapping.fold, *mapping.fold.values()],
            "rules": [t for rule in mapping.rules.values() for t in rule.targets if t != IGNORE],
        }
        for where, labels in used.items():
            for label in labels:
                if label not in known:
                    raise SchemaError(
                        f"label schema, corpus {mapping.corpus}, {where}: unknown type {label!r}; "
                        f"expected one of {', '.join(self.names)}"
                    )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The type names in the schema's order."""
        return tuple(t.name for t in self.types)

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Group name → its types: a partition of the types, in the schema's order."""
        groups: dict[str, list[str]] = {}
        for one in self.types:
            groups.setdefault(one.group, []).append(one.name)
        return {group: tuple(names) for group, names in groups.items()}

    @cached_property
    def group_of(self) -> dict[str, str]:
        """Type name → group name."""
        return {one.name: one.group for one in self.types}

    @cached_property
    def colors(self) -> dict[str, str]:
        """Type name → ``#rrggbb``."""
        return {one.name: one.color for one in self.types}

    def type(self, name: str) -> EntityType:
        """Return the entity type of this name, or raise SchemaError."""
        for one in self.types:
            if one.name == name:
                return one
        raise SchemaError(f"unknown entity type {name!r}; expected one of {', '.join(self.names)}")

    def mapping_for(self, corpus: str) -> CorpusMapping:
        """Return a corpus's mapping; without one, our types map to themselves."""
        found = self.corpora.get(corpus)
        return found or identity_mapping(corpus, self)

    def with_corpus(self, mapping: CorpusMapping) -> LabelSchema:
        """Return the schema with this corpus's mapping added or replaced."""
        return replace(self, corpora={**self.corpora, mapping.corpus: mapping})

    def only(self, types: Iterable[str]) -> LabelSchema:
        """Return the schema of these types alone; what maps to others is ignored.

        Raises SchemaError for a type that is not in the schema.
        """
        kept = {self.type(name).name for name in types}

        def keep(rule: SourceRule) -> SourceRule:
            return replace(
                rule,
                label=rule.label if rule.label in kept else IGNORE,
                by_surface=tuple(
                    replace(e, label=e.label if e.label in kept else IGNORE)
                    for e in rule.by_surface
                ),
            )

        corpora = {
            name: CorpusMapping(
                name,
                {source: keep(rule) for source, rule in m.rules.items()},
                m.covers & kept,
                {c: tuple(t for t in ts if t in kept) for c, ts in m.coarse.items() if c in kept},
                {a: b for a, b in m.fold.items() if a in kept and b in kept},
            )
            for name, m in self.corpora.items()
        }
        return LabelSchema(tuple(t for t in self.types if t.name in kept), corpora, self.mapping)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over what changes a label: types, groups and mappings, not colours."""
        return hashlib.blake2b(
            json.dumps(self._meaning(), sort_keys=True).encode(), digest_size=8
        ).hexdigest()

    def agrees_with(self, other: LabelSchema) -> bool:
        """Tell whether both have the same types, and map the corpora that both know alike."""
        mine, theirs = self._meaning(), other._meaning()
        shared = self.corpora.keys() & other.corpora.keys()
        return mine["types"] == theirs["types"] and all(
            mine["corpora"][name] == theirs["corpora"][name] for name in shared
        )

    def _meaning(self) -> dict[str, Any]:
        return {
            "types": [[t.name, t.group] for t in self.types],
            "corpora": {
                name: {
                    "rules": {
                        source: [
                            rule.label,
                            [[r.label, sorted(r.surfaces)] for r in rule.by_surface],
                        ]
                        for source, rule in m.rules.items()
                    },
                    "covers": sorted(m.covers),
                    "coarse": {label: sorted(ts) for label, ts in m.coarse.items()},
                    "fold": dict(m.fold),
                }
                for name, m in self.corpora.items()
            },
        }


def identity_mapping(
    corpus: str, schema: LabelSchema, covers: Iterable[str] | None = None
) -> CorpusMapping:
    """Make the mapping of a corpus whose labels are already ours."""
    return CorpusMapping(
        corpus,
        {name: SourceRule(name) for name in schema.names},
        frozenset(schema.names if covers is None else covers),
    )


def read_schema(mapping: str = "curated", path: Path | None = None) -> LabelSchema:
    """Read a label schema.

    ``mapping`` is the name of a mapping in the file (``curated``, ``article``) or the path of
    another YAML file, whose ``curated`` mapping is then taken. Raises SchemaError with file
    and field.
    """
    if mapping not in ("curated", "article") and Path(mapping).suffix in (".yaml", ".yml"):
        path, mapping = Path(mapping), "curated"
    source = path or PACKAGE_SCHEMA
    try:
        raw = parse_yaml(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SchemaError(f"{source}: no such label schema file") from error
    except OSError as error:
        raise SchemaError(f"{source}: cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SchemaError(
            f"{source}: not readable as YAML: {str(error).splitlines()[0]}"
        ) from error
    if not isinstance(raw, dict) or "types" not in raw:
        raise SchemaError(f"{source}: expected a YAML mapping with `types:` and `corpora:`")
    if mapping not in raw.get("mappings", {"curated": None}):
        raise SchemaError(
            f"{source}: no mapping named {mapping!r}; expected {', '.join(raw['mappings'])}"
        )
    try:
        types = tuple(EntityType(name, **fields) for name, fields in raw["types"].items())
        corpora = {
            corpus: mapping_from_json(corpus, entry[mapping])
            for corpus, entry in raw.get("corpora", {}).items()
            if mapping in entry
        }
    except (TypeError, KeyError, AttributeError) as error:
        raise SchemaError(
            f"{source}: a type or corpus entry is not of the expected form: {error}"
        ) from error
    return LabelSchema(types, corpora, mapping)


def mapping_from_json(corpus: str, raw: Mapping[str, Any]) -> CorpusMapping:
    """Read one corpus's mapping, as it stands below ``corpora:`` in a schema file.

    Raises KeyError, TypeError or AttributeError for another form.
    """
    rules: dict[str, SourceRule] = {}
    for source, entry in raw["types"].items():
        if isinstance(entry, str):
            entry = {"label": entry}
        by_surface = tuple(
            SurfaceRule(
                e["label"], frozenset(str(s).lower() for s in e["surfaces"]), e.get("reason", "")
            )
            for e in entry.get("except", ())
        )
        rules[str(source)] = SourceRule(entry["label"], entry.get("reason", ""), by_surface)
    coarse = {label: tuple(types) for label, types in raw.get("coarse", {}).items()}
    return CorpusMapping(corpus, rules, frozenset(raw["covers"]), coarse, dict(raw.get("fold", {})))


def schema_to_json(schema: LabelSchema) -> dict[str, Any]:
    """Return everything in the schema as JSON, for the snapshot beside a dataset or a model."""
    return {
        "mapping": schema.mapping,
        "types": [
            {
                "name": t.name,
                "group": t.group,
                "color": t.color,
                "definition": t.definition,
                "example": t.example,
            }
            for t in schema.types
        ],
        "corpora": {
            name: {
                "types": {
                    source: {
                        "label": rule.label,
                        "reason": rule.reason,
                        "except": [
                            {"label": e.label, "surfaces": sorted(e.surfaces), "reason": e.reason}
                            for e in rule.by_surface
                        ],
                    }
                    for source, rule in m.rules.items()
                },
                "covers": sorted(m.covers),
                "coarse": {label: list(types) for label, types in m.coarse.items()},
                "fold": dict(m.fold),
            }
            for name, m in schema.corpora.items()
        },
    }


def schema_from_json(raw: Mapping[str, Any]) -> LabelSchema:
    """Read what ``schema_to_json`` returned; raises SchemaError where it is something else."""
    try:
        return LabelSchema(
            tuple(EntityType(**entry) for entry in raw["types"]),
            {name: mapping_from_json(name, entry) for name, entry in raw["corpora"].items()},
            raw["mapping"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"not a label schema: {error!r}") from error
