"""Adding a corpus of one's own: look at an upload, suggest its types, keep it beside the ten."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bioner.corpora.own import OwnCorpus
from bioner.corpora.registry import CORPORA, SPLITS
from bioner.errors import CorpusError
from bioner.formats import ReadReport, read_bytes
from bioner.formats.conll import write_sentences
from bioner.formats.members import is_archive
from bioner.formats.source import refuse_large, unreadable
from bioner.labels import IGNORE, LabelSchema
from bioner.settings import Settings
from bioner.spans import Flattening, Sentence
from bioner.text import sentences_and_report

SHARES = {"train": 8, "devel": 1, "test": 1}
"""Of ten documents, how many go to each split when the files do not say."""


@dataclass(frozen=True)
class Preview:
    """What an upload holds as a corpus, before anything is kept: its sentences, labels, losses."""

    sentences: tuple[Sentence, ...]
    labels: Counter[str]
    reports: tuple[ReadReport, ...]
    flattened: Counter[str] = field(default_factory=Counter)

    @property
    def documents(self) -> int:
        return sum(report.documents for report in self.reports)

    @property
    def repairs(self) -> Counter[str]:
        """What the readers repaired or could not place, by rule, and what lay flat lost."""
        found: Counter[str] = Counter()
        for report in self.reports:
            found.update(report.repairs)
            found.update(report.rejections)
        return found + self.flattened


def read_upload(path: Path) -> tuple[str, bytes]:
    """Return a file's name and content, as a browser sends them; one too large is not read."""
    try:
        if not is_archive(path.name):
            refuse_large(path.stat().st_size, path.name)
        return path.name, path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def preview_corpus(files: Iterable[tuple[str, bytes]], format: str | None = None) -> Preview:
    """Read uploaded files (name, content) as one corpus, each of the format that it seems to have.

    ``format`` names it where that is not clear. Raises FormatError for a file that cannot be read,
    CorpusError where no mention was found.
    """
    sentences: list[Sentence] = []
    reports: list[ReadReport] = []
    flattened: Counter[str] = Counter()
    names: list[str] = []
    for name, data in files:
        names.append(name)
        result = read_bytes(data, name, format)
        reports.append(result.report)
        if result.sentences:
            sentences += result.sentences
            continue
        for document in result.documents:
            found, lost = sentences_and_report(document)
            sentences += found
            flattened += _losses(lost)
    labels = Counter(span.label for one in sentences for span in one.spans)
    if not labels:
        raise CorpusError(
            f"{', '.join(names)}: no annotated mention was found; expected a corpus with labels, "
            "such as CoNLL, BRAT, BioC, PubTator or JSON lines with entities"
        )
    return Preview(tuple(sentences), labels, tuple(reports), flattened)


def _losses(lost: Flattening) -> Counter[str]:
    return Counter(
        {
            "nested_dropped": lost.nested_dropped,
            "discontinuous_joined": lost.discontinuous_joined,
            "boundary_snapped_to_token": lost.snapped,
            "outside_sentences": lost.outside,
        }
    )


def corpus_id(title: str) -> str:
    """Return the id of a corpus of this title. Raises CorpusError where nothing is left of it."""
    made = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")
    if not made:
        raise CorpusError("the corpus needs a name with letters or digits")
    return made[:40]


def split_of(document: str) -> str:
    """Return the split of a document that names none: by a hash of its id, so always the same."""
    place = int(hashlib.blake2b(document.encode(), digest_size=4).hexdigest(), 16) % 10
    for split, share in SHARES.items():
        if place < share:
            return split
        place -= share
    return SPLITS[0]


def add_corpus(
    settings: Settings,
    own: OwnCorpus,
    sentences: Sequence[Sentence],
    schema: LabelSchema,
    *,
    replacing: bool = False,
) -> Path:
    """Keep a corpus in the user's data folder; it is merged with the ten from the next build on.

    Raises CorpusError where its name is taken, a label has no type or a type is unknown; nothing
    is written then.
    """
    _check(settings, own, sentences, schema, replacing=replacing)
    folder = settings.own_corpora / own.id
    temporary = settings.own_corpora / f".{own.id}.{os.getpid()}"
    former = settings.own_corpora / f".{own.id}.{os.getpid()}.former"
    for one in (temporary, former):
        shutil.rmtree(one, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        for split, chosen in split_sentences(sentences).items():
            with (temporary / f"{split}.tsv").open("w", encoding="utf-8", newline="\n") as sink:
                write_sentences(chosen, sink)
        (temporary / "corpus.json").write_text(own.to_json(), encoding="utf-8")
        if folder.exists():
            folder.replace(former)
        temporary.replace(folder)
    except OSError as error:
        if former.exists() and not folder.exists():
            former.replace(folder)
        raise CorpusError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        for one in (temporary, former):
            shutil.rmtree(one, ignore_errors=True)
    return folder


def remove_corpus(settings: Settings, id: str) -> None:
    """Delete a corpus of one's own from the data folder; the merged data keep it until rebuilt."""
    folder = settings.own_corpora / id
    if Path(id).name != id or not (folder / "corpus.json").is_file():
        raise CorpusError(f"{id}: there is no such corpus of your own")
    shutil.rmtree(folder)


def split_sentences(sentences: Sequence[Sentence]) -> Mapping[str, list[Sentence]]:
    """Share the sentences out by document; of a corpus with few documents, by sentence."""
    documents = {one.document for one in sentences}
    found: dict[str, list[Sentence]] = {split: [] for split in SPLITS}
    for one in sentences:
        key = one.document if len(documents) >= 10 else one.fingerprint
        found[split_of(key)].append(one)
    return found


def _check(
    settings: Settings,
    own: OwnCorpus,
    sentences: Sequence[Sentence],
    schema: LabelSchema,
    *,
    replacing: bool,
) -> None:
    if own.id in CORPORA or own.id == "corrections":
        raise CorpusError(f"{own.id}: this name is taken by a known corpus; choose another")
    if (settings.own_corpora / own.id).exists() and not replacing:
        raise CorpusError(f"{own.id}: you have a corpus of this name; choose another")
    known = {*schema.names, IGNORE}
    for label in {span.label for one in sentences for span in one.spans}:
        if label not in own.types:
            raise CorpusError(f"{own.id}: the label {label!r} has no type; map it or leave it open")
    for label in (*own.types.values(), *own.covers):
        if label not in known:
            raise CorpusError(
                f"{own.id}: unknown type {label!r}; expected one of {', '.join(schema.names)}"
            )
    if not own.covers:
        raise CorpusError(f"{own.id}: say at least one type that its annotators looked for")
