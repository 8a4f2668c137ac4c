"""``tag``: what a model finds in texts."""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from bioner.commands.arguments import check_writable, path_of, path_option
from bioner.commands.tag_bulk import Given, tag_in_bulk
from bioner.commands.terminal import refusing, say
from bioner.conventions import ANY
from bioner.errors import FormatError
from bioner.formats import WRITABLE, ReadOptions, Tally
from bioner.formats.brat import is_annotation
from bioner.settings import read_settings
from bioner.spans import Document

if TYPE_CHECKING:
    from bioner.formats import WriteReport
    from bioner.tagging.tagger import Tagger

_BRAT_ID = re.compile(r"T\d{1,9}")
TAG_CHARACTERS = 200_000
"""How much text is tagged at once: enough to fill batches, little enough to keep memory flat."""


@refusing
def tag(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files to tag; - or nothing: text from stdin.")
    ] = None,
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")] = "",
    column: Annotated[str, typer.Option(help="The text column of a .csv or .tsv table.")] = "",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(WRITABLE)}.")] = "jsonl",
    out: Annotated[
        str | None, typer.Option(help="The file to write, whole or not; in bulk a folder.")
    ] = None,
    convention: Annotated[
        str, typer.Option(help="Mark as in this corpus or project, if the model knows its rules.")
    ] = ANY,
    engine: Annotated[
        str, typer.Option(help="In bulk, a folder to a folder, on this engine: local or ray.")
    ] = "",
    workers: Annotated[
        int | None,
        typer.Option(help="In bulk: so many processes; one a CPU, several on a card."),
    ] = None,
    address: Annotated[
        str, typer.Option(help="In bulk on ray: the cluster's address; else this machine's.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the receipt as one line of JSON, to stderr.")
    ] = False,
    job: Annotated[Path | None, path_option("The job that this run is.", hidden=True)] = None,
    resume: Annotated[
        bool, typer.Option("--resume", hidden=True, help="As a job: what is done is skipped.")
    ] = False,
) -> None:
    """Find the entities in texts; any size, in constant memory.

    With --engine or --workers in bulk: DIR to --out DIR, part by part; what is done is skipped.
    """
    from bioner.formats import refuse_target, write_documents
    from bioner.jobs.slots import own_card
    from bioner.models.catalogue import chosen_model
    from bioner.tagging.load import load_tagger

    if engine or address or workers is not None:
        tag_in_bulk(
            Given(
                files=tuple(files or ()),
                out=out,
                model=model,
                column=column,
                format=format,
                convention=convention,
                job=job,
            ),
            engine=engine or "local",
            workers=workers,
            address=address,
            as_json=as_json,
        )
        return
    if out is not None and not out.strip():
        raise FormatError("--out is empty: name the file to write, or leave --out away")
    target = sys.stdout if out is None else path_of("--out", out)
    refuse_target(target, format)
    if isinstance(target, Path):
        check_writable("--out", target)
    sources = _sources(files or ["-"])
    if isinstance(target, Path):
        _refuse_overwriting(sources, target, format)
    settings = read_settings()
    folder = chosen_model(settings, model)
    with own_card(settings.jobs, settings.device):
        tagger = load_tagger(folder, device=settings.device)
        texts = _Texts(sources, column)
        told = tagger.conventions.find(convention, of=folder.name).name
        report = write_documents(texts.tagged(tagger, told), target, format)
    _say_receipt(texts, report, as_json=as_json)


def _sources(names: Sequence[str]) -> list[str]:
    """Return the files to read; a ``.txt`` whose ``.ann`` is given too is read with it."""
    for name in names:
        if name != "-" and not path_of("FILES", name).exists():
            raise FormatError(f"{name}: no such file; give a file, or - for text from stdin")
    marked = {Path(name).with_suffix(""): name for name in names if is_annotation(name)}
    return [
        name
        for name in names
        if not (is_annotation(name) or Path(name).suffix.lower() == ".txt")
        or marked.get(Path(name).with_suffix(""), name) == name
    ]


def _refuse_overwriting(sources: Sequence[str], target: Path, format: str) -> None:
    """Raise FormatError where what is written would take the place of what is read."""
    out = target.resolve()
    for path in [Path(name) for name in sources if name != "-"]:
        place = path.resolve()
        is_lost = place == out and place.is_file()
        if format == "brat" and out.is_dir():
            marked = place.parent == out and (out / f"{place.stem}.ann").is_file()
            is_lost = marked or (place == out and any(out.glob("*.ann")))
        if is_lost:
            raise FormatError(f"--out {target}: {path} would be lost by it; name another place")


@dataclass
class _Texts:
    """The texts of the files given, and what came of reading them."""

    sources: Sequence[str]
    column: str
    tally: Tally = field(default_factory=Tally)
    relations_dropped: int = 0
    _last_ids: deque[int] = field(default_factory=deque)

    def tagged(self, tagger: Tagger, convention: str) -> Iterator[Document]:
        """Read, tag and yield documents, a batch of text at a time."""
        batch: list[Document] = []
        size = done = 0
        for document in self._bare():
            batch.append(document)
            size += len(document.text)
            if size >= TAG_CHARACTERS:
                yield from self._numbered(tagger.tag_documents(batch, convention=convention))
                done += len(batch)
                say(f"{done:,} documents tagged")
                batch, size = [], 0
        yield from self._numbered(tagger.tag_documents(batch, convention=convention))

    def _numbered(self, documents: Sequence[Document]) -> Iterator[Document]:
        """Yield the documents, new ids on from those of the marks that gave way, if they had any.

        What somebody wrote down about an id must not come to be said of another mark.
        """
        for document in documents:
            last = self._last_ids.popleft()
            numbered = tuple(
                replace(one, id=f"T{number}" if last else one.id)
                for number, one in enumerate(document.mentions, last + 1)
            )
            yield replace(document, mentions=numbered)

    def _bare(self) -> Iterator[Document]:
        """Yield the texts without their marks: the model's take their place.

        Relations join marks, or concepts that marks name, so they go with them.
        """
        from bioner.formats import iter_documents

        options = ReadOptions(column=self.column or None, needs_marks=False)
        for name in self.sources:
            source: Path | BinaryIO = sys.stdin.buffer if name == "-" else Path(name)
            for document in iter_documents(source, options=options, tally=self.tally):
                self.relations_dropped += len(document.relations)
                used = [one.id[1:] for one in document.mentions if _BRAT_ID.fullmatch(one.id)]
                self._last_ids.append(max(map(int, used), default=0))
                yield replace(document, mentions=(), relations=())


def _say_receipt(texts: _Texts, report: WriteReport, *, as_json: bool) -> None:
    receipt = texts.tally.report().receipt()
    if as_json:
        value: dict[str, Any] = {
            "read": receipt.to_json(),
            "relations_dropped": texts.relations_dropped,
            "written": {
                "documents": report.documents,
                "entities": report.written,
                "lost": dict(report.lost),
            },
        }
        say(json.dumps(value, ensure_ascii=False))
        return
    for line in receipt.examples:
        say(line)
    for line in list(receipt.lines())[1:]:
        say(line)
    if receipt.mentions_in:
        say(f"{receipt.mentions_placed:,} marks of the files gave way to the model's")
    if texts.relations_dropped:
        say(f"relations left out with the marks that they joined: {texts.relations_dropped:,}")
    for loss, count in report.lost.items():
        say(f"{report.format} cannot hold all: {loss.replace('_', ' ')}, {count} times")
    say(f"{report.documents:,} documents, {report.written:,} entities")
