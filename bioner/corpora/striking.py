"""Striking a text from what was frozen from its project: what is erased is gone there too."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioner.corpora.own import DOCUMENTS, PROVENANCE, VERSIONS, own_folders
from bioner.corpora.registry import SPLITS
from bioner.errors import CorpusError, FormatError
from bioner.files import parse_json_object, read_json_object, staged_folder
from bioner.formats import iter_documents
from bioner.formats.conll import read_conll
from bioner.formats.conll_writer import write_sentences
from bioner.settings import Settings
from bioner.spans import Sentence
from bioner.text import sentences as sentences_of


@dataclass(frozen=True, kw_only=True)
class Struck:
    """A version of a frozen corpus that held the text: how many sentences of it went."""

    corpus: str
    version: str
    sentences: int


def strike(settings: Settings, project: str, document: str) -> tuple[Struck, ...]:
    """Take an erased document out of every version of every corpus frozen from its project.

    What is left of a version stays, its provenance says how many texts were struck; one of which
    nothing is left is deleted. Raises CorpusError for a version that cannot be read or written.
    """
    found: dict[tuple[str, str], Struck] = {}
    for folder in _frozen(settings):
        told = read_json_object(folder / PROVENANCE, CorpusError)
        if told.get("project") == project and (one := _strike(folder, told, document)):
            found[one.corpus, one.version] = one
    return tuple(found.values())


def _frozen(settings: Settings) -> Iterator[Path]:
    """Yield the folders of what was frozen: those that are merged, then every kept version."""
    kept = sorted((settings.own_corpora / VERSIONS).glob("*/*"))
    for folder in (*own_folders(settings), *kept):
        if (folder / PROVENANCE).is_file() and not folder.name.startswith("."):
            yield folder


def _strike(folder: Path, told: dict[str, Any], document: str) -> Struck | None:
    try:
        lines = (folder / DOCUMENTS).read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise CorpusError(f"{folder / DOCUMENTS}: cannot be read: {error}") from error
    kept, gone = [], Counter[tuple[str, ...]]()
    for number, line in enumerate(lines, 1):
        told_of = parse_json_object(line, f"{folder / DOCUMENTS}:{number}", CorpusError)
        if told_of.get("id") != document:
            kept.append(line)
            continue
        for one in iter_documents(io.BytesIO(line), "jsonl", name=DOCUMENTS):
            gone.update(sentence.tokens for sentence in sentences_of(one))
    if len(kept) == len(lines):
        return None
    splits = {split: _without(folder / f"{split}.tsv", gone) for split in SPLITS}
    before = sum(told.get("sentences", {}).values())
    left = [one for found in splits.values() for one in found]
    provenance = told | {
        "documents": len(kept),
        "sentences": {split: len(found) for split, found in splits.items()},
        "mentions": dict(sorted(Counter(s.label for one in left for s in one.spans).items())),
        "struck": int(told.get("struck", 0)) + 1,
    }
    if left:
        _write(folder, splits, b"".join(kept), provenance)
    else:
        shutil.rmtree(folder)
    corpus = folder.parent.name if folder.parent.parent.name == VERSIONS else folder.name
    return Struck(corpus=corpus, version=str(told.get("version", "")), sentences=before - len(left))


def _without(path: Path, gone: Counter[tuple[str, ...]]) -> list[Sentence]:
    """Return a split's sentences but for those of the document, each as often as it has them."""
    kept: list[Sentence] = []
    if not path.is_file() or not path.stat().st_size:
        return kept
    try:
        found = read_conll(path).sentences
    except FormatError as error:
        raise CorpusError(f"{path.parent}: {error}") from error
    for one in found:
        if gone[one.tokens] > 0:
            gone[one.tokens] -= 1
        else:
            kept.append(one)
    return kept


def _write(
    folder: Path, splits: dict[str, list[Sentence]], documents: bytes, provenance: dict[str, Any]
) -> None:
    try:
        with staged_folder(folder) as work:
            for one in folder.iterdir():
                (work / one.name).write_bytes(one.read_bytes())
            for split, sentences in splits.items():
                with (work / f"{split}.tsv").open("w", encoding="utf-8", newline="\n") as sink:
                    write_sentences(sentences, sink, with_covers=True)
            (work / DOCUMENTS).write_bytes(documents)
            told = json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
            (work / PROVENANCE).write_text(told, encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be written: {error.strerror or error}") from error
