"""``review``: texts in, the queue, progress, corrected texts out, backup and restore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import FormatError, StoreError
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.spans import Document
    from bioner.store import Store

app = typer.Typer(help="The annotation store: what people corrected.", no_args_is_help=True)
ProjectOption = Annotated[str, typer.Option(help="The project; may be left out if there is one.")]


@app.command("import")
@refusing
def import_(
    file: Annotated[Path, typer.Argument(help="A file in any known format.")],
    project: ProjectOption = "",
    covers: Annotated[
        str, typer.Option(help="For a new project: the types its reviewers look for, by commas.")
    ] = "",
    gold: Annotated[
        bool, typer.Option("--gold", help="The file's labels are gold, not predictions.")
    ] = False,
    tag: Annotated[bool, typer.Option("--tag", help="Let the active model predict first.")] = False,
) -> None:
    """Bring texts, with or without labels, into a project's queue."""
    from bioner.formats import read_documents

    settings = read_settings()
    store = _open(settings)
    name = _project(store, project, covers, settings)
    read = read_documents(file)
    documents = read.documents
    tagged: list[Document] = []
    model = ""
    if tag:
        from bioner.models.catalogue import active_model, find_model
        from bioner.tagging.load import load_tagger

        model = active_model(settings)
        bare = [replace(one, mentions=()) for one in documents]
        tagged = load_tagger(find_model(model, settings.models)).tag_documents(bare)
    report = store.import_documents(
        name,
        documents,
        as_layer="gold" if gold else "prediction",
        model=file.name if any(one.mentions for one in documents) else "",
        source=file.name,
    )
    if tagged:
        marked = store.import_documents(name, tagged, model=model, source=file.name)
        say(f"{model} marked {marked.mentions_placed} mentions")
    _rank(store, name, settings, documents, tagged=tagged)
    typer.echo(
        f"{name}: {report.documents_in} documents in, {report.documents_placed} placed; "
        f"{report.mentions_in} mentions in, {report.mentions_placed} placed; "
        f"{report.items} sentences in the queue, {report.test_documents} documents set aside as "
        "my test"
    )
    for reject in report.rejects:
        say(f"rejected: {reject.document}: {reject.what}: {reject.reason}")


@app.command()
@refusing
def rank(project: ProjectOption = "") -> None:
    """Put all waiting sentences in order anew, by the newest predictions and what training says."""
    settings = read_settings()
    store = _open(settings)
    name = _project(store, project)
    typer.echo(f"{name}: {_rank(store, name, settings):,} sentences ranked")


def _rank(
    store: Store,
    project: str,
    settings: Settings,
    documents: Sequence[Document] | None = None,
    *,
    tagged: Sequence[Document] = (),
) -> int:
    from bioner.corpora.own import read_user_schema
    from bioner.review import QueueOptions, load_knowledge, prioritise

    return prioritise(
        store,
        project,
        load_knowledge(settings, tell=say),
        group_of=read_user_schema(settings).group_of,
        options=QueueOptions(tagged={one.id: one for one in tagged}),
        documents=None if documents is None else [one.id for one in documents],
    )


@app.command()
@refusing
def queue(
    project: ProjectOption = "",
    limit: Annotated[int, typer.Option(help="How many sentences to print.")] = 20,
) -> None:
    """Print the sentences that wait, the most useful first, with the reasons."""
    store = _open(read_settings())
    rows = [["item", "priority", "reasons", "sentence"]]
    for row in store.queue(_project(store, project), limit=limit):
        reasons = ", ".join(f"{r.name} {r.score:.2f}" for r in row.reasons)
        text = row.surface if len(row.surface) <= 80 else row.surface[:79] + "…"
        rows.append([str(row.item), f"{row.priority:.2f}", reasons, text.replace("\n", " ")])
    typer.echo(table(rows, right={0, 1}) if len(rows) > 1 else "nothing waits")


@app.command()
@refusing
def status() -> None:
    """Print each project's progress."""
    store = _open(read_settings())
    rows = [["project", "sentences", "waiting", "done", "unsure", "rejected", "my test"]]
    for project in store.projects():
        p = store.progress(project.name)
        counts = (p.items, p.waiting, p.done, p.unsure, p.rejected, p.test_items)
        rows.append([project.name, *(f"{n:,}" for n in counts)])
    typer.echo(table(rows, right={1, 2, 3, 4, 5, 6}) if len(rows) > 1 else "no project yet")


@app.command()
@refusing
def export(
    out: Annotated[Path, typer.Option(help="The file to write, whole or not.")],
    project: ProjectOption = "",
    format: Annotated[str, typer.Option(help="As for `tag`.")] = "jsonl",
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Only what a person has reviewed.")
    ] = False,
) -> None:
    """Write a project's texts with what is shown of them now."""
    from bioner.formats import WRITABLE, write_documents

    if format not in WRITABLE:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(WRITABLE)}")
    store = _open(read_settings())
    documents = store.export_documents(
        _project(store, project), only_reviewed=reviewed, with_covers=True
    )
    report = write_documents(documents, out, format)
    typer.echo(f"{out}: {report.documents:,} documents, {report.written:,} mentions")
    for loss, count in report.lost.items():
        say(f"{format} cannot hold all: {loss.replace('_', ' ')}, {count} times")


@app.command()
@refusing
def backup(
    out: Annotated[
        Path | None, typer.Argument(help="The file; without one, in the backups folder.")
    ] = None,
) -> None:
    """Copy the database, whole and consistent, while people work."""
    settings = read_settings()
    stamp = f"bioner-{datetime.now():%Y%m%d-%H%M%S}.sqlite3"
    made = _open(settings).backup(out or settings.backups / stamp)
    typer.echo(str(made))


@app.command()
@refusing
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the database's place; the present one is backed up first."""
    store = _open(read_settings())
    if not yes:
        typer.confirm(
            f"Replace the database by {file}? The present one is backed up first", abort=True
        )
    store.restore(file)
    typer.echo(f"restored from {file}")


@app.command()
@refusing
def history(
    item: Annotated[int, typer.Argument(help="A sentence's number, as `queue` prints it.")],
) -> None:
    """Print every saved revision of a sentence, newest first."""
    store = _open(read_settings())
    print_json(
        [
            {
                "revision": r.seq,
                "kind": r.kind,
                "reviewer": r.reviewer,
                "verdict": r.verdict,
                "mentions": [{"start": m.start, "end": m.end, "label": m.label} for m in r.after],
            }
            for r in store.history(item)
        ]
    )


def _open(settings: Settings) -> Store:
    from bioner.store import open_store

    return open_store(settings)


def _project(store: Store, name: str, covers: str = "", settings: Settings | None = None) -> str:
    """Return the project's name; make it where ``covers`` says what its reviewers look for."""
    from bioner.corpora.own import read_user_schema
    from bioner.store import Project

    names = [p.name for p in store.projects()]
    if name in names:
        return name
    if not name and len(names) == 1 and not covers:
        return names[0]
    if settings is not None and name:
        types = read_user_schema(settings).names
        looked_for = [c.strip() for c in covers.split(",") if c.strip()] or list(types)
        unknown = sorted(set(looked_for) - set(types))
        if unknown:
            raise StoreError(
                f"--covers: unknown type {unknown[0]!r}; expected some of {', '.join(types)}"
            )
        store.create_project(Project(name, types, frozenset(looked_for)))
        return name
    raise StoreError(f"name the project (--project): {', '.join(names) or 'there is none yet'}")
