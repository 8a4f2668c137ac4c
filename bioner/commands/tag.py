"""``tag``: what a model finds in texts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from bioner.commands.terminal import refusing, say
from bioner.errors import FormatError
from bioner.settings import read_settings
from bioner.spans import Document

if TYPE_CHECKING:
    from bioner.tagging.tagger import Tagger

TAG_CHARACTERS = 200_000
"""How much text is tagged at once: enough to fill batches, little enough to keep memory flat."""


@refusing
def tag(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files to tag; - or nothing: text from stdin.")
    ] = None,
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")] = "",
    column: Annotated[str, typer.Option(help="The text column of a .csv or .tsv table.")] = "",
    format: Annotated[
        str, typer.Option(help="jsonl, conll, brat, bioc-xml, bioc-json, pubtator or spacy.")
    ] = "jsonl",
    out: Annotated[Path | None, typer.Option(help="The file to write, whole or not.")] = None,
) -> None:
    """Find the entities in texts; any size, in constant memory."""
    from bioner.formats.registry import WRITABLE, write_documents
    from bioner.models.catalogue import active_model, find_model
    from bioner.tagging.load import load_tagger

    settings = read_settings()
    if format not in WRITABLE:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(WRITABLE)}")
    sources = files or ["-"]
    for name in sources:
        if name != "-" and not Path(name).exists():
            raise FormatError(f"{name}: no such file; give a file, or - for text from stdin")
    folder = find_model(model or active_model(settings), settings.models)
    tagger = load_tagger(folder, device=settings.device)  # type: ignore[arg-type]
    documents = _tagged(sources, column, tagger)
    report = write_documents(documents, out or sys.stdout, format)
    for loss, count in report.lost.items():
        say(f"{format} cannot hold all: {loss.replace('_', ' ')}, {count} times")
    say(f"{report.documents:,} documents, {report.written:,} entities")


def _tagged(sources: list[str], column: str, tagger: Tagger) -> Iterator[Document]:
    """Read, tag and yield documents, a batch of text at a time."""
    from bioner.formats.registry import iter_documents
    from bioner.formats.tally import ReadOptions, Tally

    options, tally = ReadOptions(column=column or None), Tally()
    batch: list[Document] = []
    size = done = 0
    for name in sources:
        source: Path | BinaryIO = sys.stdin.buffer if name == "-" else Path(name)
        for document in iter_documents(source, options=options, tally=tally):
            batch.append(document)
            size += len(document.text)
            if size >= TAG_CHARACTERS:
                yield from tagger.tag_documents(batch)
                done += len(batch)
                say(f"{done:,} documents tagged")
                batch, size = [], 0
    yield from tagger.tag_documents(batch)
    for line in tally.report().examples:
        say(line)
