"""bring(): a corpus of the catalogue, from its publisher or a file, kept beside the ten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bioner.access import Action, Actor, allow
from bioner.corpora.adding import add_corpus, members_of, preview_corpus, read_uploads
from bioner.corpora.catalogue import Entry
from bioner.corpora.download import download
from bioner.corpora.own import OwnCorpus, read_user_schema
from bioner.corpora.read import blob_sha1
from bioner.corpora.splits import split_sentences
from bioner.corpora.tables import LAYOUTS, as_documents
from bioner.errors import CorpusError
from bioner.formats.tally import Receipt
from bioner.labels import IGNORE
from bioner.progress import OnProgress, Progress, unheard
from bioner.settings import Settings
from bioner.spans import Sentence

Member = tuple[str, bytes]
_REST = {"train": "train", "hash": ""}
"""The split of documents that nothing names; without one they are shared out."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What came of bringing a corpus in: its folder, its sentences by split, the receipt.

    ``unknown``: labels that the catalogue does not know, left open. ``documents`` of how many that
    the published corpus has.
    """

    corpus: OwnCorpus
    folder: Path
    splits: Mapping[str, int]
    receipt: Receipt
    documents: int
    published: int
    unknown: tuple[str, ...] = ()

    def notes(self, entry: Entry) -> list[str]:
        """Return what a person should know of it, a sentence each."""
        told: list[str] = []
        if self.published and self.documents != self.published:
            told.append(
                f"{self.documents:,} of the published {self.published:,} documents are here: "
                "scores on a part are not the corpus's"
            )
        if entry.devel:
            told.append(f"devel: {len(entry.devel)} documents. {entry.devel_reason}")
        if self.unknown:
            told.append(f"labels not known here, left open: {', '.join(self.unknown)}")
        if entry.caution:
            told.append(entry.caution)
        return told


def bring(
    entry: Entry,
    settings: Settings,
    source: Path | None = None,
    *,
    replacing: bool = False,
    progress: OnProgress = unheard,
    actor: Actor | None = None,
) -> Brought:
    """Bring a corpus of the catalogue in; the next build merges it with the ten.

    ``source``: its file or folder on this machine; without one it is fetched from its publisher.
    Raises BionerError (no network, another content), with the way to get it by hand.
    """
    who = allow(Action.CORPORA, actor)
    if source is not None and who.is_known:
        source = who.require_folder(source, settings.folders)
    if not replacing and (settings.own_corpora / entry.id).exists():
        raise CorpusError(f"{entry.id}: is here already; remove it first, or replace it")
    paths = [source] if source else _fetched(entry, settings.raw / "more" / entry.id, progress)
    progress(Progress(0, None, f"reading {entry.id}"))
    members = read_uploads(paths)
    preview = preview_corpus(_chosen(entry, members))
    sentences = _with_splits(preview.sentences, entry, _listed(entry, members))
    schema = read_user_schema(settings)
    own = entry.own(_origin(entry, source, members))
    new = [label for label in preview.labels if label not in own.types]
    own = replace(own, types={**own.types, **dict.fromkeys(new, IGNORE)})
    folder = add_corpus(settings, own, sentences, schema, replacing=replacing, actor=actor)
    return Brought(
        corpus=own,
        folder=folder,
        splits={split: len(found) for split, found in split_sentences(sentences).items()},
        receipt=preview.receipt,
        documents=preview.documents,
        published=entry.documents,
        unknown=tuple(new),
    )


def _fetched(entry: Entry, folder: Path, progress: OnProgress) -> list[Path]:
    """Return the publisher's files, fetched if they are not here."""
    paths: list[Path] = []
    for done, url in enumerate(entry.files):
        path = folder / PurePosixPath(url.removesuffix("/download")).name
        paths.append(path)
        if path.is_file():
            continue
        progress(Progress(done, len(entry.files), f"fetching {path.name}"))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CorpusError(f"{folder}: cannot be made: {error.strerror or error}") from error
        part = path.with_name(f"{path.name}.part")
        try:
            download(url, part)
        except CorpusError as error:
            raise CorpusError(
                f"{entry.id}: {error}. By hand: {entry.by_hand} ({entry.url}), then "
                f"`python -m bioner corpora fetch {entry.id} --from FILE`"
            ) from error
        part.replace(path)
    return paths


def _members(files: Sequence[Member]) -> list[Member]:
    """Return the files, those of an archive in its place."""
    return [one for name, data in files for one in members_of(name, data)]


def _chosen(entry: Entry, files: Sequence[Member]) -> list[Member]:
    """Return what is read of the files: the members meant, tables made documents of."""
    members = _members(files)
    if entry.tables:
        members = as_documents(members, LAYOUTS[entry.tables])
    meant = entry.members
    inside = [one for one in members if meant and meant.search(f"/{one[0]}")]
    return inside or members


def _listed(entry: Entry, files: Sequence[Member]) -> Mapping[str, str]:
    """Return the split of each document that the corpus's own lists name."""
    if not entry.lists:
        return {}
    return {
        line.strip(): split
        for name, data in _members(files)
        for split, pattern in entry.lists.items()
        if pattern.search(name)
        for line in data.decode("utf-8", "replace").splitlines()
        if line.strip()
    }


def _with_splits(
    sentences: Sequence[Sentence], entry: Entry, listed: Mapping[str, str]
) -> list[Sentence]:
    """Give each sentence its split: devel as the catalogue says, then the corpus's own lists."""

    named = len({one.split for one in sentences if one.split}) > 1

    def split_of(one: Sentence) -> str:
        id = PurePosixPath(one.document).name
        if id in entry.devel:
            return "devel"
        if id in listed:
            return listed[id]
        return one.split if named and one.split else _REST[entry.rest]

    return [replace(one, split=split_of(one)) for one in sentences]


def _origin(entry: Entry, source: Path | None, files: Sequence[Member]) -> str:
    """Say where the sentences came from, and the git blob SHA-1 of what was read."""
    place = source.name if source else " ".join(entry.files)
    hashes = {blob_sha1(data)[:12] for _, data in files}
    told = ", ".join(sorted(hashes)) if len(hashes) <= 3 else f"{len(hashes)} files"
    return f"{place} ({told})"
