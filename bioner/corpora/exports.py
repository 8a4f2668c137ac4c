"""What the sentences of a search are handed out as."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import StringIO

from bioner.flattening import unflatten
from bioner.formats.conll_writer import write_sentences
from bioner.spans import Sentence


def conll_of_sentences(sentences: Iterable[Sentence]) -> bytes:
    """Return sentences as CoNLL: a token and its tag a line, a blank line between sentences."""
    sink = StringIO()
    write_sentences(sentences, sink)
    return sink.getvalue().encode()


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
