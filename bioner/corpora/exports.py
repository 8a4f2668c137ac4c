"""What the sentences of a search are handed out as."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

from bioner.corpora.own import DOCUMENTS, read_own_corpus
from bioner.flattening import unflatten
from bioner.formats import ReadOptions, iter_documents
from bioner.formats.conll import to_document
from bioner.formats.conll_writer import write_sentences
from bioner.spans import Document, Sentence


def conll_of_sentences(sentences: Iterable[Sentence]) -> bytes:
    """Return sentences as CoNLL: a token and its tag a line, a blank line between sentences."""
    sink = StringIO()
    write_sentences(sentences, sink)
    return sink.getvalue().encode()


def own_documents(folder: Path) -> Iterator[Document]:
    """Yield an own corpus's documents: whole where they were kept so, else a sentence each."""
    whole = folder / DOCUMENTS
    if whole.is_file():
        yield from iter_documents(whole, "jsonl", options=ReadOptions(needs_marks=False))
        return
    for split, sentences in read_own_corpus(folder).splits.items():
        for one in sentences:
            yield with_split(to_document(one), split)


def with_split(document: Document, split: str) -> Document:
    """Return the document with the split that it belongs to as an attribute."""
    if not split:
        return document
    return replace(document, attributes=(*document.attributes, ("split", split)))


def json_line(sentence: Sentence) -> str:
    """Return a sentence as one line of JSON: text, character offsets, labels, where it is from."""
    return (
        json.dumps(
            {
                "id": sentence.id,
                "text": sentence.text,
                "entities": [
                    {
                        "start": one.start,
                        "end": one.end,
                        "text": sentence.text[one.start : one.end],
                        "label": one.label,
                        "source_label": one.source_label,
                    }
                    for one in unflatten(sentence)
                ],
                "corpora": list(sentence.sources or (sentence.corpus,)),
                "split": sentence.split,
                "looked_for": sorted(sentence.covers),
            },
            ensure_ascii=False,
        )
        + "\n"
    )
