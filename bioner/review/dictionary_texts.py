"""The texts that a dictionary is made of: read a document at a time, with their marks or tagged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bioner.formats import ReadOptions, Tally, iter_documents
from bioner.spans import Document

TAG_CHARACTERS = 200_000
"""How much text is tagged at once: enough to fill batches, little enough to keep memory flat."""

Tag = Callable[[Sequence[Document]], Sequence[Document]]
"""Tags bare documents."""


@dataclass(frozen=True, kw_only=True)
class TextFiles:
    """Files and folders of texts, in any format that is read; ``tally`` counts what is read.

    Without ``tag`` the marks are those of the files; with it the model's take their place.
    """

    paths: Sequence[Path]
    column: str = ""
    tag: Tag | None = None
    tally: Tally = field(default_factory=Tally)

    def documents(self) -> Iterator[Document]:
        """Yield the marked documents."""
        return self._read() if self.tag is None else tagged(self._read(), self.tag)

    def _read(self) -> Iterator[Document]:
        options = ReadOptions(column=self.column or None, needs_marks=False)
        for path in self.paths:
            yield from iter_documents(path, options=options, tally=self.tally)


def tagged(documents: Iterable[Document], tag: Tag) -> Iterator[Document]:
    """Yield the documents with the model's marks alone, some text at a time."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(replace(document, mentions=(), relations=()))
        size += len(document.text)
        if size >= TAG_CHARACTERS:
            yield from tag(batch)
            batch, size = [], 0
    if batch:
        yield from tag(batch)
