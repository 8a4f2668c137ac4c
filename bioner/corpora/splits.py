"""Which split a sentence of an own corpus goes to: as its file is named, else by a hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal, get_args

from bioner.corpora.registry import SPLITS
from bioner.spans import Sentence

SplitBy = Literal["names", "hash"]
SPLIT_BY: tuple[SplitBy, ...] = get_args(SplitBy)
SHARES = {"train": 8, "devel": 1, "test": 1}
"""Of ten documents, how many go to each split when the files do not say."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "trainset", "trn"),
    "devel": (
        *("dev", "devel", "development", "devset", "develset", "developset"),
        *("val", "valid", "validation", "validset", "valset", "testa", "tune", "tuning"),
    ),
    "test": (
        *("test", "testing", "testset", "testb", "tst"),
        *("eval", "evaluation", "evalset", "evaluationset", "heldout", "holdout"),
    ),
}
"""What files and folders of each split are called."""
_AFTER = frozenset(
    (
        *("ann", "annotated", "annotation", "annotations", "corpus", "data", "dataset", "docs"),
        *("documents", "entities", "file", "files", "final", "gold", "labeled", "labelled"),
        *("mentions", "of", "original", "part", "raw", "rev", "sentences", "set", "sets", "shard"),
        *("split", "splits", "text", "texts", "v", "version"),
        *("bio", "bioc", "bioes", "brat", "conll", "conllu", "csv", "hf", "iob", "iobes", "json"),
        *("jsonl", "ndjson", "ner", "nxml", "prodigy", "doccano", "pubtator", "spacy", "tsv"),
        *("txt", "webanno", "xml", "gz", "tar", "tgz", "zip", "bmes", "yaml", "char", "pct"),
        *("all", "blind", "clean", "cleaned", "copy", "filtered", "full", "large", "mini", "new"),
        *("old", "public", "release", "small", "tagged", "tiny", "tokenized", "unlabeled"),
        *("chemical", "chemicals", "disease", "diseases", "gene", "genes", "protein", "proteins"),
        *("en", "de", "fr", "es", "it", "nl", "pt", "sv", "zh", "ja"),
    )
)
"""Words that may follow a split's name: "train_data", "Dev.BioC.XML"; "test-results" is no test."""


def split_named(path: str) -> str:
    """Return the split that a file's name, else the folder nearest to it, says; or nothing."""
    for part in reversed(PurePosixPath(path.replace("\\", "/")).parts):
        for parted in (part, re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", part)):
            split = _split_of_words([w for w in re.split(r"[^a-z]+", parted.lower()) if w])
            if split:
                return split
    return ""


def _split_of_words(words: list[str]) -> str:
    """Return the split that the last words say; of two, as of "train+dev", that of training.

    Words that say test and another split ("train_test_split") say none.
    """
    while words and words[-1] in _AFTER:
        words = words[:-1]
    split = _split_of_word(words[-1]) if words else ""
    others = {one for word in words[:-1] if (one := _split_of_word(word))} - {split}
    if split and others:
        return "train" if {split, *others} == {"train", "devel"} else ""
    return split


def _split_of_word(last: str) -> str:
    for split, names in NAMES.items():
        glued = tuple(name for name in names if name.endswith("set"))
        if last in names or last.endswith(glued):
            return split
        if any(last.startswith(name) and last.removeprefix(name) in _AFTER for name in names):
            return split
    return ""


def split_of(document: str) -> str:
    """Return the split of a document that names none: by a hash of its id, so always the same."""
    place = int(hashlib.blake2b(document.encode(), digest_size=4).hexdigest(), 16) % 10
    for split, share in SHARES.items():
        if place < share:
            return split
        place -= share
    return SPLITS[0]


def split_sentences(
    sentences: Sequence[Sentence], by: SplitBy = "names"
) -> Mapping[str, list[Sentence]]:
    """Put each sentence into the split that its file was named for (``Sentence.split``).

    The others, or all of them with ``by="hash"``, are shared out by document; of a corpus with few
    documents, by sentence.
    """
    documents = {one.document for one in sentences}
    found: dict[str, list[Sentence]] = {split: [] for split in SPLITS}
    for one in sentences:
        if by == "names" and one.split in SPLITS:
            found[one.split].append(one)
            continue
        key = one.document if len(documents) >= 10 else one.fingerprint
        found[split_of(key)].append(one)
    return found
