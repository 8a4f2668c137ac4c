"""A corpus of one's own, or the merged one, sent to a hub with its licences; one fetched."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bioner.access import Action, Actor, allow
from bioner.corpora.adding import add_corpus, corpus_id
from bioner.corpora.catalogue import published
from bioner.corpora.dataset_folder import read_manifest
from bioner.corpora.own import (
    DOCUMENTS,
    GUIDELINES,
    PROVENANCE,
    own_folder,
    read_own_corpus,
    read_own_description,
    read_user_schema,
)
from bioner.corpora.registry import PART_SUFFIX, SPLITS
from bioner.errors import CorpusError, FormatError
from bioner.files import read_json_object
from bioner.formats import to_bytes
from bioner.formats.conll import to_document
from bioner.hub import (
    README,
    Kind,
    card_text,
    check_repository,
    licence_id,
    may_pass_on,
    pull_folder,
    push_folder,
)
from bioner.settings import Settings

MERGED = "merged"
"""What the merged corpora are called where a corpus is named."""
_BESIDE = (DOCUMENTS, GUIDELINES)
_DESCRIPTION = "corpus.json"
_TABLES = tuple(f"{split}.tsv" for split in SPLITS)


@dataclass(frozen=True)
class Terms:
    """One corpus's licence in what is sent, and where it is said; empty where nobody has said."""

    corpus: str
    licence: str
    said: str = ""

    @property
    def allows(self) -> bool:
        """Whether the licence is known to let anyone pass the corpus on."""
        return may_pass_on(self.licence)


@dataclass(frozen=True)
class PulledCorpus:
    """A corpus that has come from a hub: its id here, its sentences by split, its commit."""

    id: str
    folder: Path
    sentences: Mapping[str, int]
    licence: str
    commit: str


def terms_of(settings: Settings, name: str) -> tuple[Terms, ...]:
    """Return the licence of a corpus, or of each corpus that was merged. Raises CorpusError."""
    if name == MERGED:
        corpora = read_manifest(settings.merged).report.sentences
        return tuple(_terms(settings, corpus) for corpus in corpora)
    return (_terms(settings, _named(settings, name).name),)


def _terms(settings: Settings, corpus: str) -> Terms:
    folder = own_folder(settings, corpus)
    info = published(corpus.removesuffix(PART_SUFFIX))
    if info is not None:
        return Terms(corpus, info.licence, info.licence_source)
    return Terms(corpus, read_own_description(folder).licence if folder else "")


def _named(settings: Settings, name: str) -> Path:
    folder = own_folder(settings, name)
    if folder is None:
        raise CorpusError(
            f"{name!r}: there is no such corpus of your own; `{MERGED}` names the merged ones"
        )
    return folder


def push_corpus(
    settings: Settings,
    name: str,
    repository: str,
    *,
    is_public: bool = False,
    despite: str = "",
    actor: Actor | None = None,
) -> str:
    """Send a corpus to a repository, with a card that lists each licence; return its address.

    Refused where a licence is not known to let anyone pass the texts on, unless ``despite`` says
    why it may be done. Reviewers' names stay here. Raises CorpusError, HubError.
    """
    allow(Action.SHARE, actor)
    check_repository(repository)
    terms = terms_of(settings, name)
    closed = [one for one in terms if not one.allows]
    if closed and not despite.strip():
        told = "; ".join(f"{one.corpus} ({one.licence or 'nobody has said'})" for one in closed)
        raise CorpusError(
            f"{name}: not sent, for the licence is not known to let anyone pass it on: {told}. "
            'If you may, say why: --despite "REASON"'
        )
    with tempfile.TemporaryDirectory(prefix="bioner-hub-") as place:
        work = Path(place)
        if name == MERGED:
            card = _fill_merged(settings, work, terms)
        else:
            card = _fill_own(_named(settings, name), work, terms[0])
        (work / README).write_text(card, encoding="utf-8")
        said = f"{name} from BioNER Studio"
        return push_folder(work, repository, Kind.DATASET, is_public=is_public, said=said)


def _fill_own(folder: Path, work: Path, terms: Terms) -> str:
    own, corpus = read_own_description(folder), read_own_corpus(folder)
    for name in (_DESCRIPTION, *_TABLES, DOCUMENTS, GUIDELINES):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, work / name)
    if (folder / PROVENANCE).is_file():
        told = read_json_object(folder / PROVENANCE, CorpusError)
        told["reviewers"] = len(told.get("reviewers", ()))
        (work / PROVENANCE).write_text(json.dumps(told, indent=2), encoding="utf-8")
    (work / "data").mkdir()
    shown = {split: found for split, found in corpus.splits.items() if found}
    for split, found in shown.items():
        data, _ = to_bytes(map(to_document, found), "hf")
        (work / "data" / f"{split}.jsonl").write_bytes(data)
    counts = {split: len(found) for split, found in shown.items()}
    means = [f"| {label} | {ours} |" for label, ours in own.types.items()]
    body = [
        "Its annotators looked for "
        + f"{', '.join(own.covers)}: an unmarked word says nothing about other types.",
        "",
        "| its label | in BioNER Studio |",
        "|---|---|",
        *means,
        "",
    ]
    files = {split: f"data/{split}.jsonl" for split in shown}
    return _card(own.title, counts, files, [terms], body)


def _fill_merged(settings: Settings, work: Path, terms: Sequence[Terms]) -> str:
    manifest = read_manifest(settings.merged)
    names = ("manifest.json", "schema.json", *(f"{split}.parquet" for split in SPLITS))
    for name in names:
        shutil.copyfile(settings.merged / name, work / name)
    counts = {
        split: sum(found.get(split, 0) for found in manifest.report.sentences.values())
        for split in SPLITS
    }
    body = [
        f"{len(terms)} corpora merged under the mapping `{manifest.mapping}`; each sentence says "
        "what its annotators looked for (`covers`). Fingerprint "
        f"`{manifest.fingerprint}`.",
        "",
    ]
    files = {split: f"{split}.parquet" for split in SPLITS}
    return _card("Merged biomedical corpora", counts, files, terms, body)


def _card(
    title: str,
    counts: Mapping[str, int],
    files: Mapping[str, str],
    terms: Sequence[Terms],
    body: Sequence[str],
) -> str:
    hub_names = {"devel": "validation"}
    shown = [
        {"split": hub_names.get(split, split), "path": path}
        for split, path in files.items()
        if counts[split]
    ]
    head: dict[str, Any] = {
        "license": licence_id(one.licence for one in terms),
        "language": ["en"],
        "task_categories": ["token-classification"],
        "tags": ["biology", "medical", "named-entity-recognition", "bioner-studio"],
        "pretty_name": title,
        "configs": [{"config_name": "default", "data_files": shown}],
    }
    told = ", ".join(f"{split} {number:,}" for split, number in counts.items())
    lines = [f"# {title}", "", f"Sentences: {told}. Made with BioNER Studio.", "", *body]
    lines += ["## Licences", "", "| corpus | licence | where it is said |", "|---|---|---|"]
    for one in terms:
        lines.append(f"| {one.corpus} | {one.licence or 'nobody has said'} | {one.said} |")
    lines += ["", "Texts from PubMed and PMC keep the terms of their publishers."]
    return card_text(head, lines)


def pull_corpus(
    settings: Settings,
    repository: str,
    *,
    name: str = "",
    revision: str = "",
    actor: Actor | None = None,
) -> PulledCorpus:
    """Fetch a corpus from a repository and keep it beside the others; the next build merges it.

    It is checked as any corpus that is added: its types must be known here. Raises CorpusError,
    HubError.
    """
    allow(Action.CORPORA, actor)
    with tempfile.TemporaryDirectory(prefix="bioner-hub-") as place:
        came = Path(place)
        files = (_DESCRIPTION, *_TABLES, DOCUMENTS, GUIDELINES)
        commit = pull_folder(repository, Kind.DATASET, came, files=files, revision=revision)
        if not (came / _DESCRIPTION).is_file():
            raise CorpusError(
                f"{repository}: holds no corpus of BioNER Studio ({_DESCRIPTION} is not there); "
                "download its files and bring them in with `corpora add`"
            )
        with _of_repository(repository, came):
            own = read_own_description(came)
        id = corpus_id(name or own.id)
        kept = replace(own, id=id, origin=f"hub: {repository}@{commit[:12]}")
        (came / _DESCRIPTION).write_text(kept.to_json(), encoding="utf-8")
        with _of_repository(repository, came):
            splits = read_own_corpus(came).splits
            beside = {one: _text(came / one) for one in _BESIDE if (came / one).is_file()}
        sentences = [one for split in SPLITS for one in splits[split]]
        folder = add_corpus(
            settings, kept, sentences, read_user_schema(settings), beside=beside, actor=actor
        )
    counts = {split: len(splits[split]) for split in SPLITS}
    return PulledCorpus(id, folder, counts, own.licence, commit)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path.name}: not UTF-8 text at byte {error.start}") from error


@contextlib.contextmanager
def _of_repository(repository: str, came: Path) -> Iterator[None]:
    """Say of what cannot be read that it is the repository's: the folder it came to is gone."""
    try:
        yield
    except (CorpusError, FormatError) as error:
        told = str(error).replace(f"{came}{os.sep}", "").partition(";")[0]
        raise CorpusError(f"{repository}: not a corpus that can be used here: {told}") from error
