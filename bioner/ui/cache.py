"""Every cached function of the pages; whatever a result depends on is an argument of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from bioner.conventions import ANY, Conventions
from bioner.errors import BionerError
from bioner.labels import LabelSchema
from bioner.machine import Device
from bioner.progress import OnProgress
from bioner.settings import Settings
from bioner.spans import Document

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from bioner.corpora.adding import Preview
    from bioner.corpora.dataset import Dataset
    from bioner.corpora.dataset_folder import Manifest
    from bioner.corpora.overview import Shelf
    from bioner.corpora.search import SearchIndex
    from bioner.evaluation.comparison import Difference, Paired
    from bioner.evaluation.gate import Evidence
    from bioner.evaluation.questions import Pattern
    from bioner.evaluation.reports import Evaluation
    from bioner.evaluation.verdicts import Decision
    from bioner.jobs.sizes import TrainGroup
    from bioner.models.catalogue import ModelEntry
    from bioner.review import Knowledge
    from bioner.review.groups import Board
    from bioner.review.offers import Vocabularies
    from bioner.store import Store
    from bioner.tagging.tagger import Tagger

TAGGED_KEPT = 2_000
"""Tagged documents remembered, so that a changed filter tags nothing anew."""

Stamp = tuple[int, int]
"""A file's modification time (ns) and size; (0, 0) where there is none."""


def stamp(path: Path) -> Stamp:
    """Return what changes when the file changes."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def schema(settings: Settings) -> LabelSchema:
    """Read the label schema: the user's edited copy if there is one, with the own corpora."""
    from bioner.corpora.own import own_folders

    files = [settings.schema_file, *(one / "corpus.json" for one in own_folders(settings))]
    return _schema(str(settings.home), tuple((str(file), *stamp(file)) for file in files), settings)


@st.cache_resource(max_entries=4, show_spinner=False)
def _schema(
    home: str, stamps: tuple[tuple[str, int, int], ...], _settings: Settings
) -> LabelSchema:
    from bioner.corpora.own import read_user_schema

    return read_user_schema(_settings)


def waiting(store: Store, project: str, reviewer: str) -> Board:
    """Put a project's waiting marks together; read anew once other marks may wait."""
    moment = store.moment(project)
    return _waiting(str(store.database.url), project, reviewer, moment, store)


@st.cache_resource(max_entries=4, show_spinner="Putting alike marks together …")
def _waiting(url: str, project: str, reviewer: str, moment: str, _store: Store) -> Board:
    from bioner.review.groups import read_board

    return read_board(_store, project, reviewer)


def vocabularies(settings: Settings, names: Collection[str]) -> Vocabularies:
    """Open a project's vocabularies once; one that is built again is opened again."""
    from bioner.corpora.concepts import vocabulary_path

    paths = [vocabulary_path(settings, one) for one in names]
    return _vocabularies(tuple((str(one), *stamp(one)) for one in paths), settings, list(names))


@st.cache_resource(max_entries=16, show_spinner=False)
def _vocabularies(
    stamps: tuple[tuple[str, int, int], ...], _settings: Settings, _names: Sequence[str]
) -> Vocabularies:
    from bioner.review.offers import Vocabularies

    return Vocabularies(_settings, _names)


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def tagger(name: str, folder: str, model_stamp: str, device: Device) -> Tagger:
    """Load a model once for all tabs; a rewritten folder has another stamp and loads anew."""
    from bioner.tagging.load import load_tagger

    return load_tagger(Path(folder), device=device)


def tag_documents(
    documents: Sequence[Document],
    entry: ModelEntry,
    device: Device,
    *,
    convention: str = ANY,
    progress: OnProgress,
) -> list[Document]:
    """Tag documents with a model, each text once; ``progress`` hears of sentences done."""
    known = _tagged()
    keys: list[tuple[object, ...]] = [
        (str(entry.folder), entry.stamp, device, convention, one.id, one.text, one.sentence_ranges)
        for one in documents
    ]
    new = {key: one for key, one in zip(keys, documents, strict=True) if key not in known}
    made = {key: known[key] for key in keys if key in known}
    if new:
        model = tagger(entry.name, str(entry.folder), entry.stamp, device)
        found = model.tag_documents(list(new.values()), convention=convention, progress=progress)
        made |= dict(zip(new, found, strict=True))
    known.update(made)
    while len(known) > TAGGED_KEPT:
        known.pop(next(iter(known)), None)
    return [made[key] for key in keys]


@st.cache_resource(show_spinner=False)
def _tagged() -> dict[tuple[object, ...], Document]:
    """Hold the last tagged documents by model folder and stamp, device, and what was read."""
    return {}


@st.cache_resource(max_entries=4, show_spinner=False)
def store(database_url: str, backups: str) -> Store:
    """Open the annotation store once for all tabs; it is safe between threads."""
    from bioner.store import Store

    return Store(database_url, Path(backups))


def models(settings: Settings) -> list[ModelEntry]:
    """List the models; a folder read of milliseconds, so never stale."""
    from bioner.models.catalogue import list_models

    return list_models(settings.models)


def conventions(entry: ModelEntry) -> Conventions:
    """Read whose rules a model can be told: none for one whose list is damaged, which tags not."""
    try:
        return _conventions(str(entry.folder), entry.stamp)
    except BionerError:
        return Conventions()


@st.cache_resource(max_entries=64, show_spinner=False)
def _conventions(folder: str, model_stamp: str) -> Conventions:
    from bioner.models.reserved_pieces import read_conventions

    return read_conventions(Path(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def manifest(folder: str, file_stamp: Stamp) -> Manifest:
    """Read what a merged folder holds, from its manifest."""
    from bioner.corpora.dataset_folder import read_manifest

    return read_manifest(Path(folder))


@st.cache_resource(max_entries=2, show_spinner="Counting what is rare …")
def marked_groups(folder: str, file_stamp: Stamp) -> Sequence[TrainGroup]:
    """Count the train sentences of a merged folder by their corpora and by what is marked."""
    from bioner.jobs.sizes import train_groups

    return train_groups(Path(folder), with_marks=True)


@st.cache_resource(max_entries=2, show_spinner="Reading the merged sentences …")
def dataset(folder: str, fingerprint: str, splits: tuple[str, ...]) -> Dataset:
    """Read the merged sentences once for all tabs."""
    from bioner.corpora.dataset_folder import read_dataset

    return read_dataset(Path(folder), splits=splits)


def knowledge(settings: Settings) -> Knowledge:
    """Gather what training says of surfaces and types once for all tabs."""
    manifest_stamp = stamp(settings.merged / "manifest.json")
    return _knowledge(str(settings.merged), manifest_stamp, str(settings.sample), settings)


@st.cache_resource(max_entries=2, show_spinner="Reading what the corpora say, once …")
def _knowledge(merged: str, file_stamp: Stamp, sample: str, _settings: Settings) -> Knowledge:
    from bioner.review import load_knowledge

    return load_knowledge(_settings)


@st.cache_resource(max_entries=2, show_spinner="Opening the corpora …")
def merged_shelf(folder: str, file_stamp: Stamp) -> Shelf:
    """Open the merged corpora once for all tabs; the stamp is that of their manifest."""
    from bioner.corpora.overview import open_merged

    return open_merged(Path(folder))


@st.cache_resource(max_entries=2, show_spinner="Opening the sample …")
def sample_shelf(folder: str, schema_fingerprint: str, _schema: LabelSchema) -> Shelf:
    """Merge the shipped sample once for all tabs."""
    from bioner.corpora.overview import open_sample

    return open_sample(Path(folder), _schema)


def shelf_of(settings: Settings, schema: LabelSchema) -> Shelf:
    """Return the merged corpora, or the shipped sample. Raises BionerError for damaged ones."""
    manifest = settings.merged / "manifest.json"
    if manifest.exists():
        return merged_shelf(str(settings.merged), stamp(manifest))
    return sample_shelf(str(settings.sample), schema.fingerprint, schema)


@st.cache_resource(max_entries=2, show_spinner="Reading the files …")
def corpus_preview(
    file_ids: tuple[str, ...], format: str, _files: Sequence[UploadedFile]
) -> Preview:
    """Read uploaded files as a corpus once, however often its form is filled in."""
    from bioner.corpora.adding import preview_corpus

    return preview_corpus(((one.name, one.getvalue()) for one in _files), format or None)


def index_of(settings: Settings, shelf: Shelf) -> SearchIndex:
    """Open the search index of the corpora that are shown. Raises BionerError."""
    if shelf.folder is None:
        settings.data.mkdir(parents=True, exist_ok=True)
    sample_file = settings.data / "sample-search.sqlite3"
    return search_index(shelf.fingerprint, str(shelf.folder or ""), str(sample_file), shelf)


@st.cache_resource(max_entries=4, show_spinner="Opening the search …")
def search_index(
    shelf_fingerprint: str, folder: str, sample_file: str, _shelf: Shelf
) -> SearchIndex:
    """Open the search index of a merged folder, or the sample's, made on first use."""
    from bioner.corpora.search import SearchIndex

    if _shelf.folder is not None:
        return SearchIndex.open(Path(folder))
    return SearchIndex.of_dataset(_shelf.dataset(), Path(sample_file))


@st.cache_resource(max_entries=16, show_spinner=False)
def stored_report(folder: str, file_stamp: Stamp) -> Evaluation:
    """Read a stored evaluation once for all tabs; the stamp is that of its ``report.json``."""
    from bioner.evaluation.reports import read_evaluation

    return read_evaluation(Path(folder))


ReportId = tuple[str, int, int]
"""A stored report's folder and the stamp of its ``report.json``."""


def _report_id(stored: Evaluation) -> ReportId:
    return (str(stored.folder), *stamp(stored.folder / "report.json"))


@dataclass(frozen=True)
class Comparison:
    """Two stored reports side by side, with the differences by corpus and by type."""

    paired: Paired
    by_corpus: list[Difference]
    by_type: list[Difference]


def evaluations(settings: Settings) -> list[Evaluation]:
    """List the sound kept evaluations, newest first, each read once for all tabs."""
    from bioner.evaluation.reports import FOLDER

    found: list[Evaluation] = []
    place = settings.data / FOLDER
    for folder in place.iterdir() if place.is_dir() else ():
        path = folder / "report.json"
        if not folder.name.startswith(".") and path.is_file():
            try:
                found.append(stored_report(str(folder), stamp(path)))
            except BionerError:
                continue
    return sorted(found, key=lambda one: (one.created, one.key.id), reverse=True)


def comparison(a: Evaluation, b: Evaluation) -> Comparison:
    """Compare two stored reports once for all tabs. Raises CorpusError where they do not match."""
    return _comparison(_report_id(a), _report_id(b), a, b)


@st.cache_resource(max_entries=4, show_spinner="Comparing the two sentence by sentence …")
def _comparison(
    a: ReportId, b: ReportId, _stored_a: Evaluation, _stored_b: Evaluation
) -> Comparison:
    from bioner.evaluation.comparison import compare_reports, compare_types, pair

    paired = pair(_stored_a, _stored_b)
    return Comparison(
        paired, compare_reports(paired.a, paired.b), compare_types(paired.a, paired.b)
    )


def decision(evidence: Evidence, patterns: Collection[Pattern] = ()) -> Decision:
    """Let the gate decide once for all tabs. Raises CorpusError where the evidence is mixed."""
    ids = tuple(one and _report_id(one[0]) + _report_id(one[1]) for one in evidence.pairs)
    asked = (evidence.candidate, evidence.active, evidence.has_own_test, evidence.has_corpora)
    return _decision((asked, ids), tuple(sorted(patterns)), evidence)


@st.cache_resource(max_entries=16, show_spinner="The gate compares the two …")
def _decision(
    key: tuple[object, ...], patterns: tuple[Pattern, ...], _evidence: Evidence
) -> Decision:
    from bioner.evaluation.gate import decide

    return decide(_evidence, patterns=frozenset(patterns))


@st.cache_data(max_entries=64, show_spinner=False)
def text_of(file: str, file_stamp: Stamp) -> str:
    """Read a text file that came with the installation."""
    return Path(file).read_text(encoding="utf-8")
