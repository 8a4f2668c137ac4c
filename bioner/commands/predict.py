"""``tag``, ``evaluate``, ``compare`` and ``serve``: what a model does with text and with gold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import FormatError
from bioner.settings import read_settings
from bioner.spans import Document

if TYPE_CHECKING:
    from bioner.evaluation.scoring import Report
    from bioner.tagging.tagger import Tagger

TAG_CHARACTERS = 200_000
"""How much text is tagged at once: enough to fill batches, little enough to keep memory flat."""

Data = Annotated[Path | None, typer.Option(help="The merged folder.")]
CorpusOption = Annotated[list[str] | None, typer.Option(help="Only this corpus (repeatable).")]


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


@refusing
def evaluate(
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")],
    data: Data = None,
    split: Annotated[str, typer.Option(help="test, devel or train.")] = "test",
    corpus: CorpusOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report.")] = False,
    job: Annotated[Path | None, typer.Option(hidden=True, help="The job that this run is.")] = None,
) -> None:
    """Score a model on a split, each corpus in its own terms; seqeval strict, IOB2."""
    from bioner.commands.progress import job_progress
    from bioner.evaluation.reports import evaluate_cached
    from bioner.models.catalogue import find_model

    settings = read_settings()
    with job_progress(job, "tagging") as progress:
        stored = evaluate_cached(
            find_model(model, settings.models),
            data or settings.merged,
            split=split,
            corpora=corpus,
            device=settings.device,  # type: ignore[arg-type]
            progress=progress,
        )
    say(f"tagged by {stored.backend}, {stored.created}; stored in {stored.folder}")
    if as_json:
        print_json(stored.report.to_json())
    else:
        typer.echo(scores_table(stored.report))


@refusing
def compare(
    model_a: Annotated[str, typer.Argument(help="The model that is in use.")],
    model_b: Annotated[str, typer.Argument(help="The model that may take its place.")],
    data: Data = None,
    split: Annotated[str, typer.Option(help="test or devel.")] = "test",
    corpus: CorpusOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole decision.")] = False,
) -> None:
    """Compare two models on the same sentences; exit 1 if the gate refuses the second."""
    from bioner.commands.terminal import counter
    from bioner.evaluation.gate import consider, corrected_patterns
    from bioner.store import open_store

    settings = read_settings()
    store = open_store(settings)
    decision = consider(
        settings,
        model_b,
        model_a,
        data=data,
        split=split,
        corpora=corpus,
        own_test=store.my_test(),
        patterns=corrected_patterns(store.corrections()),
        device=settings.device,  # type: ignore[arg-type]
        progress=counter("tagging"),
    )
    if as_json:
        print_json(decision.to_json())
    else:
        for check in decision.checks:
            mark = {True: "ok", False: "REFUSED", None: "not checked"}[check.is_passed]
            typer.echo(f"{mark:12}{check.text}")
        typer.echo(decision.summary)
    if not decision.is_accepted:
        raise typer.Exit(1)


@refusing
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8600,
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")] = "",
) -> None:
    """Answer POST /predict {"text": …} and GET /health over HTTP."""
    from bioner.serve import serve

    serve(host, port, model=model or None, announce=lambda address: say(f"serving {address}"))


def scores_table(report: Report) -> str:
    """Lay out a report's scores by corpus and by type, in per cent."""
    rows = [["", "precision", "recall", "F1", "support"]]

    def row(name: str, score: object) -> list[str]:
        from bioner.evaluation.scoring import Score

        assert isinstance(score, Score)
        values = (score.precision, score.recall, score.f1)
        return [name, *(f"{100 * v:.1f}" for v in values), f"{score.support:,}"]

    for name, scores in report.by_corpus.items():
        rows.append(row(name + (" (part)" if name in report.parts else ""), scores.micro))
    rows.append(["mean", "", "", f"{100 * report.mean_f1:.1f}", ""])
    rows.append(row("micro", report.micro))
    rows.append([""] * 5)
    rows += [row(name, score) for name, score in report.by_type.items()]
    text = table(rows, right={1, 2, 3, 4})
    if report.leaked:
        text += f"\n{report.leaked} sentences were in the training data and were left out"
    return text
