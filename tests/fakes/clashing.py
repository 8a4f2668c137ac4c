"""Toy corpora that mark the same sentences by clashing rules, and a third that looks elsewhere."""

from __future__ import annotations

from dataclasses import replace

from bioner.corpora.dataset import Dataset
from bioner.corpora.merge import merge
from bioner.corpora.read import Corpus
from bioner.labels import read_schema
from bioner.spans import Sentence, Span, corpus_sentence

LONG_GENE, SHORT_GENE, DRUGS = "BC2GM", "BioNLP09", "BC4CHEMD"
"""Whose gene mention is "… gene", whose is without the word, and who marks chemicals alone."""

NAMES = [f"{a}{b}" for a in "abcdefgh" for b in "xyz"]


def words_of(name: str) -> list[str]:
    return ["the", name, "gene", "binds", "to", "drug", name[::-1]]


def clashing() -> Dataset:
    """Return the merged toys: genes fused of two corpora, drugs of the third alone."""

    def made(corpus: str, split: str, name: str, *spans: Span) -> Sentence:
        one = corpus_sentence(f"{corpus}/{split}/{name}", words_of(name), spans=spans)
        return replace(one, corpus=corpus, split=split)

    def corpus(name: str, label: str, start: int, end: int, extra: list[str]) -> Corpus:
        parts = {"train": NAMES[:16] + extra, "devel": NAMES[16:20], "test": NAMES[20:]}
        return Corpus(
            name,
            name,
            {
                split: tuple(made(name, split, n, Span(start, end, label)) for n in names)
                for split, names in parts.items()
            },
        )

    drugs = corpus(DRUGS, "Chemical", 6, 7, [])
    apart = tuple(
        replace(
            corpus_sentence(one.document, ["we", "gave", *one.tokens[5:]], corpus=DRUGS),
            split="train",
            spans=(Span(3, 4, "Chemical"),),
        )
        for one in drugs.splits["train"]
    )
    return merge(
        [
            corpus(LONG_GENE, "GENE", 1, 3, []),
            corpus(SHORT_GENE, "Protein", 1, 2, ["qq"]),
            replace(drugs, splits={**drugs.splits, "train": apart}),
        ],
        read_schema(),
    )
