"""The user's own corpora beside the ten, and the schema that knows them all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bioner.corpora.read import Corpus, read_corpora
from bioner.corpora.registry import SPLITS
from bioner.errors import CorpusError
from bioner.files import read_json_object
from bioner.formats.conll import read_conll
from bioner.labels import IGNORE, CorpusMapping, LabelSchema, SourceRule, SurfaceRule, read_schema
from bioner.progress import OnProgress, unheard
from bioner.settings import Settings
from bioner.spans import Sentence

PROVENANCE = "provenance.json"
"""What a corpus that was frozen from a project says of itself."""
DOCUMENTS = "documents.jsonl"
"""Its texts, whole."""
GUIDELINES = "guidelines.md"
"""What its annotators were told."""
VERSIONS = ".versions"
"""The hidden folder, beside the own corpora, that keeps every version of the frozen ones."""


def own_mapping(own: OwnCorpus) -> CorpusMapping:
    """Return what an own corpus's labels mean: its types as mapped, its covers, its own terms."""

    def why(source: str, label: str, otherwise: str) -> str:
        return own.reasons.get(source, {}).get(label, otherwise)

    rules = {
        source: SourceRule(
            label,
            why(source, label, "As mapped when the corpus was added."),
            tuple(
                SurfaceRule(other, words, why(source, other, "Changed here."))
                for other, words in own.exceptions.get(source, {}).items()
            ),
        )
        for source, label in own.types.items()
    }
    return CorpusMapping(own.id, rules, frozenset(own.covers), own.coarse, own.fold)


def read_user_schema(settings: Settings, mapping: str = "curated") -> LabelSchema:
    """Read the label schema, the user's edited copy first, with the own corpora's mappings."""
    edited = settings.schema_file if settings.schema_file.is_file() else None
    schema = read_schema(mapping, edited)
    for folder in own_folders(settings):
        schema = schema.with_corpus(own_mapping(read_own_description(folder)))
    return schema


def own_folders(settings: Settings) -> list[Path]:
    """List the folders of the own corpora, by name; a hidden one is still being written."""
    root = settings.own_corpora
    if not root.is_dir():
        return []
    shown = (one for one in root.iterdir() if not one.name.startswith("."))
    return sorted(one for one in shown if (one / "corpus.json").is_file())


def own_folder(settings: Settings, corpus: str) -> Path | None:
    """Return the folder of the own corpus of this id, if there is one."""
    return next((one for one in own_folders(settings) if one.name == corpus), None)


def frozen_version(folder: Path) -> str:
    """Return which version of a project's corpus this is; nothing for one that was brought in."""
    path = folder / PROVENANCE
    if not path.is_file():
        return ""
    return str(read_json_object(path, CorpusError).get("version", ""))


def read_own_corpus(folder: Path) -> Corpus:
    """Read one own corpus, kept as CoNLL beside its ``corpus.json``."""
    own = read_own_description(folder)
    splits: dict[str, tuple[Sentence, ...]] = {}
    for split in SPLITS:
        path = folder / f"{split}.tsv"
        if not path.is_file() or not path.stat().st_size:
            splits[split] = ()
            continue
        prefix = f"{own.id}/{split}/"
        read = read_conll(path, document_prefix=prefix, corpus=own.id, split=split)
        splits[split] = read.sentences
    if not any(splits.values()):
        raise CorpusError(f"{folder}: holds no sentences; add the corpus again")
    return Corpus(own.id, own.title, splits)


def read_all(
    source: Path,
    settings: Settings,
    mapping: str = "curated",
    *,
    progress: OnProgress = unheard,
) -> tuple[list[Corpus], LabelSchema]:
    """Read the corpora of a source folder and the own ones, and the schema for all of them."""
    corpora = read_corpora(source, progress=progress)
    corpora += [read_own_corpus(folder) for folder in own_folders(settings)]
    return corpora, read_user_schema(settings, mapping)


@dataclass(frozen=True)
class OwnCorpus:
    """The description of a user's own corpus: ``corpus.json`` beside its three split files.

    ``exceptions``: its label → what mentions with certain words become instead → those words,
    lower-cased. ``reasons``: its label → what it becomes → why, empty where it is the same.
    ``coarse``: a type of ours that may stand for several here. ``fold``: our types → its own terms.
    ``origin``: where a published corpus was fetched from.
    """

    id: str
    title: str
    covers: tuple[str, ...]
    types: Mapping[str, str]
    licence: str = ""
    source_format: str = "conll"
    exceptions: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    coarse: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fold: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    @property
    def half_marked(self) -> tuple[str, ...]:
        """Types of its marks that nobody looked for everywhere: its unmarked words say nothing."""
        marked = dict.fromkeys(one for one in self.types.values() if one != IGNORE)
        return tuple(one for one in marked if one not in self.covers)

    def to_json(self) -> str:
        raw: dict[str, object] = {
            "id": self.id,
            "title": self.title,
            "covers": list(self.covers),
            "types": dict(self.types),
            "licence": self.licence,
            "source_format": self.source_format,
        }
        if self.exceptions:
            raw["except"] = {
                source: {label: sorted(words) for label, words in lists.items()}
                for source, lists in self.exceptions.items()
            }
        beside = {
            "reasons": {source: dict(told) for source, told in self.reasons.items()},
            "coarse": {label: list(types) for label, types in self.coarse.items()},
            "fold": dict(self.fold),
            "origin": self.origin,
        }
        raw |= {key: value for key, value in beside.items() if value}
        return json.dumps(raw, indent=2, ensure_ascii=False)


def read_own_description(folder: Path) -> OwnCorpus:
    """Read ``corpus.json``. Raises CorpusError where it is missing or not of the expected form."""
    path = folder / "corpus.json"
    mend = "add the corpus again on the Corpora page"
    raw = read_json_object(path, CorpusError, mend=mend)
    try:
        return OwnCorpus(
            str(raw["id"]),
            str(raw["title"]),
            _texts(raw["covers"]),
            {str(source): _text(label) for source, label in raw["types"].items()},
            str(raw.get("licence", "")),
            str(raw.get("source_format", "conll")),
            {
                source: {label: frozenset(_texts(words)) for label, words in lists.items()}
                for source, lists in raw.get("except", {}).items()
            },
            {
                source: {label: _text(why) for label, why in told.items()}
                for source, told in raw.get("reasons", {}).items()
            },
            {label: _texts(types) for label, types in raw.get("coarse", {}).items()},
            {ours: _text(theirs) for ours, theirs in raw.get("fold", {}).items()},
            str(raw.get("origin", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(f"{path}: not a corpus description ({error}); {mend}") from error


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"expected a list, got {type(values).__name__}")
    return tuple(map(_text, values))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    return value
