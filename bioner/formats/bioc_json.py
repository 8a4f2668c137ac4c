"""BioC in JSON: a collection of documents, or documents alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from bioner.formats.bioc import to_document
from bioner.formats.bioc_objects import to_bioc
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document

COLLECTIONS = ("documents", "PubTator3")


def is_document(value: dict[str, Any]) -> bool:
    """Tell whether a JSON object is a BioC document."""
    return "passages" in value


def read_value(
    value: dict[str, Any], where: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the document of a JSON value."""
    yield to_document(value, where, tally, options)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write one BioC JSON collection, a document a line inside it."""
    stream.write('{"source": "bioner", "date": "", "key": "", "version": "1.0", "infons": {}, ')
    stream.write('"documents": [')
    for number, document in enumerate(documents):
        row = json.dumps(to_bioc(document, losses), ensure_ascii=False)
        stream.write((",\n" if number else "\n") + row)
    stream.write("\n]}\n")
