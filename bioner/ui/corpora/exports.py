"""What the pages' download buttons hand out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from bioner.corpora.merge import write_conll
from bioner.spans import Sentence


def conll_of_sentences(sentences: Iterable[Sentence]) -> bytes:
    """Return sentences as CoNLL: a token and its tag a line, a blank line between sentences."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sentences.conll"
        write_conll(sentences, path)
        return path.read_bytes()
