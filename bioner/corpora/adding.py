"""Adding a corpus of one's own: look at an upload, keep it beside the ten."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from bioner.access import Action, Actor, allow
from bioner.corpora.own import OwnCorpus, read_own_corpus
from bioner.corpora.registry import CORPORA
from bioner.corpora.splits import SplitBy, split_named, split_sentences
from bioner.errors import CorpusError, FormatError
from bioner.files import staged_folder
from bioner.flattening import Flattening
from bioner.formats import ReadReport
from bioner.formats.attributes import NOTHING, covers_within, value_of
from bioner.formats.beside import folded
from bioner.formats.brat import is_annotation
from bioner.formats.conll_writer import write_sentences
from bioner.formats.detecting import HEAD, detect_format
from bioner.formats.members import MAX_ARCHIVE_BYTES, is_archive, read_members
from bioner.formats.registry import read_bytes, read_files
from bioner.formats.source import refuse_large, unreadable
from bioner.formats.tally import UNTYPED, Receipt
from bioner.labels import IGNORE, LabelSchema
from bioner.settings import Settings
from bioner.spans import Document, Sentence
from bioner.text import sentences_and_report


@dataclass(frozen=True)
class Preview:
    """What an upload holds as a corpus, before anything is kept: its sentences, labels, losses."""

    sentences: tuple[Sentence, ...]
    labels: Counter[str]
    reports: tuple[ReadReport, ...]
    changed: Counter[str] = field(default_factory=Counter)
    """What was lost or changed after reading, by rule: nested mentions, labels on two lines."""
    relations: int = 0
    """How many relations of its mentions are not kept: a corpus is of mentions alone."""
    unread: int = 0
    """How many sentences are left out: their file says that nobody looked for anything there."""

    @property
    def documents(self) -> int:
        return sum(report.documents for report in self.reports)

    @property
    def named(self) -> Counter[str]:
        """How many sentences are of files named for each split."""
        return Counter(one.split for one in self.sentences if one.split)

    @property
    def receipt(self) -> Receipt:
        """What came of the files: what came in, became a sentence's mention, was lost and why."""
        read = sum((report.receipt() for report in self.reports), Receipt())
        kept = self.labels.total()
        lost = Counter({rule: self.changed[rule] for rule in _LOST}) + Counter()
        lost["not_kept"] += read.mentions_placed - kept - lost.total()
        laid = Receipt(
            documents_in=read.documents_placed,
            documents_placed=read.documents_placed,
            mentions_in=read.mentions_placed,
            mentions_placed=kept,
            rejected=+lost,
            repaired=self.changed - lost,
            unread=+Counter(
                {"relation of marks": self.relations, "sentence that nobody read": self.unread}
            ),
        )
        return read.then(laid)


_LOST = ("nested_dropped", "outside_sentences", "nothing_looked_for")
"""What happens to mentions, when they are laid flat over sentences, that none of them survives."""


def read_uploads(paths: Sequence[Path]) -> list[tuple[str, bytes]]:
    """Return each file's name, with the folders in which the files differ, and its content.

    A folder is read as an archive of its files. Raises CorpusError for what is not there,
    FormatError for what cannot be read or is too large.
    """
    for path in paths:
        if not (path.is_file() or path.is_dir()):
            what = "not a plain file or folder" if path.exists() else "no such file or folder"
            raise CorpusError(f"{path}: {what}")
    real = [path.resolve() for path in paths]
    for i, path in enumerate(paths):
        if any(real[i].is_relative_to(one) for one in real[:i] + real[i + 1 :]):
            raise CorpusError(f"{path}: is named twice, by itself or with its folder; leave one")
    above = os.path.commonpath([path.resolve().parent for path in paths]) if paths else ""
    return [_read_upload(path, path.resolve().relative_to(above).as_posix()) for path in paths]


def _read_upload(path: Path, name: str) -> tuple[str, bytes]:
    try:
        if path.is_dir():
            return f"{name}.zip", _packed(_bounded(path))
        if not is_archive(path.name):
            refuse_large(path.stat().st_size, path.name)
        return name, path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def _bounded(folder: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    for name, data in _unpacked(read_members(folder)):
        total += len(data)
        if total > MAX_ARCHIVE_BYTES:
            raise FormatError(
                f"{folder}: holds more than {MAX_ARCHIVE_BYTES // 2**20} MB; give the corpus's "
                "own folder, or its parts one by one"
            )
        yield name, data


def _unpacked(members: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield a folder's files, those of an archive among them in its place; a damaged one whole."""
    for name, data in members:
        inside = [(name, data)]
        if is_archive(name):
            with suppress(FormatError):
                above = f"{name.rpartition('/')[0]}/{name.rpartition('/')[2].partition('.')[0]}"
                inside = [
                    (f"{above}/{one}".lstrip("/"), held) for one, held in members_of(name, data)
                ]
        yield from inside


def _packed(members: Iterable[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def preview_corpus(files: Iterable[tuple[str, bytes]], format: str | None = None) -> Preview:
    """Read uploaded files (name, content) as one corpus, each of the format that it seems to have.

    ``format`` names it where that is not clear. Sentences of files and folders that are named for
    a split carry it, and those of documents that say theirs ("split"). Raises FormatError for a
    file that cannot be read, CorpusError where no mention was found.
    """
    sentences: list[Sentence] = []
    changed: Counter[str] = Counter()
    relations = unread = 0
    given = list(files)
    groups, left = _by_split(given)
    reports = [ReadReport("", unread=left)] if left else []
    beside: frozenset[str] | None = None
    for split, group in sorted(groups.items(), key=lambda one: not one[0]):
        for _, result in read_files(group, format, labels_beside=beside):
            reports.append(result.report)
            if result.report.read:
                beside = folded(result.report.labels) | (beside or frozenset())
            relations += sum(len(one.relations) for one in result.documents)
            found = list(result.sentences)
            for document in () if found else result.documents:
                laid, lost = sentences_and_report(document)
                said = split_named(value_of(document.attributes, "split"))
                found += [_as_looked_for(document, replace(one, split=said)) for one in laid]
                changed += _losses(lost)
            read = [one for one in found if one.covers != NOTHING]
            changed["nothing_looked_for"] += sum(
                len(one.spans) for one in found if one.covers == NOTHING
            )
            unread += len(found) - len(read)
            sentences += [_cleaned(replace(one, split=one.split or split), changed) for one in read]
    labels = Counter(span.label for one in sentences for span in one.spans)
    if not labels:
        raise CorpusError(
            f"{', '.join(name for name, _ in given)}: no annotated mention was found; expected a "
            "corpus with labels, such as CoNLL, BRAT, BioC, PubTator or JSON lines with entities"
        )
    return Preview(tuple(sentences), labels, tuple(reports), changed, relations, unread)


def _as_looked_for(document: Document, sentence: Sentence) -> Sentence:
    """Return a document's sentence with what its file says was looked for in it."""
    covers = covers_within(document, (sentence.start, sentence.end))
    return sentence if covers is None else replace(sentence, covers=covers)


def _by_split(
    files: Iterable[tuple[str, bytes]],
) -> tuple[Mapping[str, list[tuple[str, bytes]]], Counter[str]]:
    """Group files by the split that they are named for; an archive of several is divided.

    What lies beside the splits' files and is not annotated is left out, and named.
    """
    found: dict[str, list[tuple[str, bytes]]] = {}
    left: Counter[str] = Counter()
    for name, data in files:
        inside: dict[str, list[tuple[str, bytes]]] = {}
        if is_archive(name):
            rest: list[tuple[str, bytes]] = []
            for member in members_of(name, data):
                split = split_named(member[0])
                (inside.setdefault(split, []) if _is_readable(member) else rest).append(member)
            named = [members for split, members in inside.items() if split]
            if named:
                others = inside.pop("", [])
                texts = [one for one in others if _holds_texts(*one)]
                inside |= {"": texts} if texts else {}
                named[0] += [*rest, *(one for one in others if one not in texts)]
        if set(inside) <= {""}:
            found.setdefault(split_named(name), []).append((name, data))
            continue
        for split, members in inside.items():
            if split or any(map(_is_annotated, members)):
                packed = f"{name.rpartition('/')[2].partition('.')[0]}.zip", _packed(members)
                found.setdefault(split, []).append(packed)
            else:
                names = [PurePosixPath(one).name for one, _ in members]
                left.update(f'file "{one}"' for one in names if not one.endswith(".conf"))
    return found, left


def members_of(name: str, data: bytes) -> list[tuple[str, bytes]]:
    """Return the files of an uploaded archive, by name and content; else the file itself."""
    if not is_archive(name):
        return [(name, data)]
    with tempfile.TemporaryDirectory(prefix="bioner-") as folder:
        path = Path(folder) / name.replace("\\", "/").rpartition("/")[2]
        path.write_bytes(data)
        return list(read_members(path))


def _is_readable(member: tuple[str, bytes]) -> bool:
    """Tell whether a file has a text in a format that is known; the others are named."""
    name, data = member
    if is_archive(name) or not data.strip():
        return False
    try:
        return bool(detect_format(name, data[:HEAD]))
    except FormatError:
        return False


def _holds_texts(name: str, data: bytes) -> bool:
    """Tell whether a file of no split is one of texts, and not about those of the others."""
    if is_annotation(name) or name.lower().endswith(".txt"):
        return True
    try:
        return bool(read_bytes(data, name, needs_marks=False).documents)
    except FormatError:
        return False


def _is_annotated(member: tuple[str, bytes]) -> bool:
    """Tell whether a file outside the splits' folders is read at all: a README is not."""
    return PurePosixPath(member[0]).suffix.lower() not in ("", ".txt", ".md", ".conf")


def _cleaned(sentence: Sentence, changed: Counter[str]) -> Sentence:
    """Return the sentence with labels that a line of CoNLL can hold, counting those changed."""
    spans = tuple(replace(span, label=clean_label(span.label)) for span in sentence.spans)
    changed["label_cleaned"] += sum(
        span.label != was.label for span, was in zip(spans, sentence.spans, strict=True)
    )
    return replace(sentence, spans=spans)


def clean_label(label: str) -> str:
    """Return a label on one line: blanks of any kind become one space, control characters go."""
    shown = "".join(
        " " if sign.isspace() else sign
        for sign in label
        if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cs")
    )
    return " ".join(shown.split()) or UNTYPED


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
        raise CorpusError(f"{title!r}: the corpus needs a name with letters or digits")
    return made[:40]


def add_corpus(
    settings: Settings,
    own: OwnCorpus,
    sentences: Sequence[Sentence],
    schema: LabelSchema,
    *,
    replacing: bool = False,
    split_by: SplitBy = "names",
    beside: Mapping[str, str] | None = None,
    actor: Actor | None = None,
) -> Path:
    """Keep a corpus in the user's data folder; it is merged with the ten from the next build on.

    ``beside`` are further files of the corpus, by name.
    Raises CorpusError where its name is taken, a label has no type or cannot be kept, or a type is
    unknown; nothing is written then.
    """
    allow(Action.CORPORA, actor)
    _check(settings, own, sentences, schema, replacing=replacing)
    folder = settings.own_corpora / own.id
    try:
        with staged_folder(folder) as work:
            for split, chosen in split_sentences(sentences, split_by).items():
                with (work / f"{split}.tsv").open("w", encoding="utf-8", newline="\n") as sink:
                    write_sentences(chosen, sink, with_covers=True)
            (work / "corpus.json").write_text(own.to_json(), encoding="utf-8")
            for name, text in (beside or {}).items():
                (work / name).write_text(text, encoding="utf-8", newline="\n")
            _check_kept(work, own, sentences)
    except (OSError, UnicodeEncodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise CorpusError(f"{folder}: cannot be written: {said}") from error
    return folder


def _check_kept(folder: Path, own: OwnCorpus, sentences: Sequence[Sentence]) -> None:
    """Read back what was written: later builds read it, and must find the same."""
    expected = Counter(span.label for one in sentences for span in one.spans)
    try:
        kept = read_own_corpus(folder)
    except FormatError as error:
        raise CorpusError(f"{own.id}: cannot be kept as CoNLL: {error}") from error
    read = [one for split in kept.splits.values() for one in split]
    found = Counter(span.label for one in read for span in one.spans)
    if len(read) != len(sentences) or found != expected:
        raise CorpusError(
            f"{own.id}: cannot be kept as CoNLL: {len(sentences):,} sentences with "
            f"{expected.total():,} mentions would be read back as {len(read):,} with "
            f"{found.total():,}; look for unusual labels or words among them"
        )


def remove_corpus(settings: Settings, id: str, *, actor: Actor | None = None) -> None:
    """Delete a corpus of one's own from the data folder; the merged data keep it until rebuilt."""
    allow(Action.CORPORA, actor)
    folder = settings.own_corpora / id
    if Path(id).name != id or not (folder / "corpus.json").is_file():
        raise CorpusError(f"{id}: there is no such corpus of your own")
    shutil.rmtree(folder)


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
    for label in {span.label for one in sentences for span in one.spans} | set(own.types):
        if label != clean_label(label):
            raise CorpusError(
                f"{own.id}: the label {label!r} holds a line break, a tab or another sign that "
                "cannot be kept; rename it"
            )
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
