"""What the sentences of a search are handed out as."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO

from bioner.formats.conll import write_sentences
from bioner.spans import Sentence


def conll_of_sentences(sentences: Iterable[Sentence]) -> bytes:
    """Return sentences as CoNLL: a token and its tag a line, a blank line between sentences."""
    sink = StringIO()
    write_sentences(sentences, sink)
    return sink.getvalue().encode()
