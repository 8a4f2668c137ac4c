"""Reading the ten corpora: one's three files from its folder, or all that a folder holds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bioner.corpora.registry import CORPORA, PART_SUFFIX, SPLITS, CorpusInfo
from bioner.errors import CorpusError
from bioner.formats.conll import read_conll
from bioner.progress import OnProgress, Progress, unheard
from bioner.spans import Sentence


@dataclass(frozen=True)
class Corpus:
    """A corpus as read: its splits, labels still its own, and what reading it repaired.

    ``is_part`` says that the files are not the published ones (BC4CHEMD here): its scores must not
    be printed as that corpus's.
    """

    id: str
    title: str
    splits: Mapping[str, tuple[Sentence, ...]]
    scheme: str = "IOB2"
    repairs: Counter[str] = field(default_factory=Counter)
    is_part: bool = False
    shas: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The id as it is shown: marked where only a part of the corpus is here."""
        return self.id + (PART_SUFFIX if self.is_part else "")


def blob_sha1(content: bytes) -> str:
    """Return the git blob SHA-1 of a file's content (40 hex digits)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def find_folder(source: Path, info: CorpusInfo) -> Path | None:
    """Return the corpus's folder in a source folder, ``-IOB`` first, or None."""
    for name in info.folders:
        if (source / name / "train.tsv").is_file():
            return source / name
    return None


def read_corpora(
    source: Path,
    only: Iterable[str] | None = None,
    *,
    progress: OnProgress = unheard,
) -> list[Corpus]:
    """Read the registered corpora that a source folder holds, in the registry's order.

    Raises CorpusError where the folder does not exist, holds none, or lacks one of ``only``.
    """
    if not source.is_dir():
        raise CorpusError(
            f"{source}: no such folder; give the folder that holds AnatEM-IOB, BC2GM-IOB, …, "
            "or run `python -m bioner corpora fetch`"
        )
    wanted = list(only) if only is not None else None
    for name in wanted or ():
        if name not in CORPORA:
            raise CorpusError(f"unknown corpus {name!r}; expected one of {', '.join(CORPORA)}")
    found: list[Corpus] = []
    for info in CORPORA.values():
        if wanted is not None and info.id not in wanted:
            continue
        folder = find_folder(source, info)
        if folder is None:
            if wanted is not None:
                raise CorpusError(
                    f"{source}: no folder {' or '.join(info.folders)} with a train.tsv"
                )
            continue
        progress(Progress(len(found), None, f"reading {info.id}"))
        found.append(read_corpus(folder, info))
    if not found:
        raise CorpusError(
            f"{source}: none of the ten corpora is here; expected folders such as AnatEM-IOB with "
            "train.tsv, devel.tsv and test.tsv"
        )
    return found


def read_corpus(folder: Path, info: CorpusInfo) -> Corpus:
    """Read one corpus's three splits.

    Raises CorpusError for a missing file, FormatError for a bad one.
    """
    splits: dict[str, tuple[Sentence, ...]] = {}
    repairs: Counter[str] = Counter()
    shas: dict[str, str] = {}
    scheme = "IOB2"
    for split in SPLITS:
        path = folder / f"{split}.tsv"
        if not path.is_file():
            raise CorpusError(f"{path}: missing; {info.id} needs train.tsv, devel.tsv and test.tsv")
        read = read_conll(
            path,
            untyped_label=info.untyped_label,
            document_prefix=f"{info.id}/{split}/",
            corpus=info.id,
            split=split,
        )
        splits[split] = read.sentences
        repairs.update(read.repairs)
        scheme = read.scheme
        shas[split] = blob_sha1(path.read_bytes())
    is_part = info.id == "BC4CHEMD" and not all(
        shas[split].startswith(pin) for split, pin in zip(SPLITS, info.pins, strict=True)
    )
    return Corpus(info.id, info.title, splits, scheme, repairs, is_part, shas)
