"""``review``: texts in, the queue, progress, corrected texts out, backup and restore."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bioner.commands import agreement, curate, decisions, guidelines, suggest
from bioner.commands.arguments import (
    check_count,
    check_out,
    check_writable,
    path_argument,
    path_option,
)
from bioner.commands.assign import assign
from bioner.commands.documents import documents
from bioner.commands.intake import import_, queue_order, send
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.search import search, vocabularies
from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import FormatError
from bioner.figures import percent
from bioner.settings import read_settings

app = typer.Typer(help="The annotation store: what people corrected.", no_args_is_help=True)
app.command("import")(import_)
app.command()(send)
app.command()(assign)
app.command()(documents)
app.command()(agreement.agreement)
app.add_typer(curate.app, name="curate")
app.command()(search)
app.command()(vocabularies)
app.add_typer(decisions.app, name="decisions")
app.add_typer(guidelines.app, name="guidelines")
app.add_typer(suggest.app, name="suggest")


@app.command()
@refusing
def rank(project: ProjectOption = "") -> None:
    """Put all waiting sentences in order anew, by the newest predictions and what training says."""
    from bioner.review import prioritise

    settings = read_settings()
    store = open_store(settings)
    name = find_project(store, project)
    order = queue_order(settings)
    ranked = prioritise(store, name, order.knowledge(), group_of=order.group_of)
    typer.echo(f"{name}: {ranked:,} sentences ranked")


@app.command()
@refusing
def queue(
    project: ProjectOption = "",
    limit: Annotated[int, typer.Option(help="How many sentences to print.")] = 20,
    assigned: Annotated[
        str, typer.Option(help="Only of the documents that are this reviewer's.")
    ] = "",
) -> None:
    """Print the sentences that wait, the most useful first, with the reasons."""
    from bioner.review import told
    from bioner.store import QueueFilter

    check_count("--limit", limit)
    store = open_store(read_settings())
    filters = QueueFilter(assigned="only", whose=assigned) if assigned else QueueFilter()
    rows = [["item", "priority", "reasons", "sentence"]]
    for row in store.queue(find_project(store, project), filters=filters, limit=limit):
        reasons = ", ".join(f"{told(r.name)} {percent(r.score)}" for r in row.reasons)
        text = row.surface if len(row.surface) <= 80 else row.surface[:79] + "…"
        rows.append([str(row.item), f"{row.priority:.2f}", reasons, text.replace("\n", " ")])
    typer.echo(table(rows, right={0, 1}) if len(rows) > 1 else "nothing waits")


@app.command()
@refusing
def status() -> None:
    """Print each project's progress; begun is changed, not accepted, settled done or rejected."""
    store = open_store(read_settings())
    names = ("documents", "sentences", "waiting", "begun", "unsure", "rejected", "done")
    rows = [["project", *names, "settled", "my test", "for training"]]
    for project in store.projects():
        p = store.progress(project.name)
        usable = store.usable(project.name).sentences
        counts = (p.documents, p.items, p.waiting, p.open, p.unsure, p.rejected, p.done)
        more = (p.settled, p.test_items, usable)
        rows.append([project.name, *(f"{n:,}" for n in (*counts, *more))])
    right = set(range(1, len(rows[0])))
    typer.echo(table(rows, right=right) if len(rows) > 1 else "no project yet")


@app.command()
@refusing
def export(
    out: Annotated[Path, path_option("The file to write, whole or not.")],
    project: ProjectOption = "",
    format: Annotated[str, typer.Option(help="As for `tag`.")] = "jsonl",
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Only what a person has reviewed.")
    ] = False,
    partly: Annotated[
        str,
        typer.Option(
            help="leave: documents of which only some sentences are reviewed are left out of "
            "formats that cannot say which; keep: they go out as if complete."
        ),
    ] = "leave",
) -> None:
    """Write a project's texts with what is shown of them now."""
    from bioner.formats import WRITABLE, write_documents
    from bioner.formats.tally import Losses
    from bioner.review.outgoing import PARTLY, outgoing

    chosen = next((one for one in PARTLY if one == partly), None)
    if chosen is None:
        raise FormatError(f"--partly {partly!r}: expected one of {', '.join(PARTLY)}")
    if format not in WRITABLE:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(WRITABLE)}")
    check_out(out, is_folder_meant=format == "brat")
    store = open_store(read_settings())
    name = find_project(store, project)
    left = Losses(format)
    documents = store.export_documents(name, only_reviewed=reviewed, with_covers=True, losses=left)
    going = outgoing(documents, format, partly=chosen if reviewed else "keep")
    report = write_documents(going.documents, out, format)
    facts = {"format": format, "documents": report.documents, "marks": report.written}
    store.record("export", project=name, after=facts)
    typer.echo(f"{out}: {report.documents:,} documents, {report.written:,} mentions")
    for line in going.lines():
        say(line)
    for loss, count in left.lost.items():
        say(f"left out: {loss.replace('_', ' ')}, {count} times")
    for loss, count in report.lost.items():
        say(f"{format} cannot hold all: {loss.replace('_', ' ')}, {count} times")


@app.command()
@refusing
def freeze(
    name: Annotated[str, typer.Option(help="What to call the corpus.")],
    project: ProjectOption = "",
    version: Annotated[str, typer.Option(help="Its version; without one, the next number.")] = "",
    licence: Annotated[str, typer.Option(help="Its licence, shown with every label.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON.")] = False,
) -> None:
    """Make a corpus of what was reviewed: a version, merged and scored like the ten."""
    from bioner.review.freezing import freeze

    settings = read_settings()
    store = open_store(settings)
    chosen = find_project(store, project)
    made = freeze(store, settings, chosen, name, version=version, licence=licence)
    if as_json:
        print_json(
            {
                "folder": str(made.folder),
                "version": made.version,
                "splits": dict(made.splits),
                "left_out": dict(made.left_out),
                "fingerprint": made.fingerprint,
                "is_new": made.is_new,
            }
        )
        return
    told = ", ".join(f"{split} {count:,}" for split, count in made.splits.items())
    what = "kept" if made.is_new else "was there already, the same to the byte"
    typer.echo(f"{made.folder.name}, version {made.version}, {what}: {told} sentences")
    for reason, count in made.left_out.items():
        say(f"not in it: {reason.replace('_', ' ')} {count:,}")
    typer.echo("`corpora build` merges it; `corpora export` writes it in every format")


@app.command()
@refusing
def backup(
    out: Annotated[
        Path | None, path_argument("The file; without one, in the backups folder.")
    ] = None,
) -> None:
    """Copy the database, whole and consistent, while people work."""
    if out is not None:
        check_writable("OUT", out)
    settings = read_settings()
    stamp = f"bioner-{datetime.now():%Y%m%d-%H%M%S}.sqlite3"
    made = open_store(settings).backup(out or settings.backups / stamp)
    typer.echo(str(made))


@app.command()
@refusing
def restore(
    file: Annotated[Path, path_argument("A backup.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the database's place, whatever state that is in; what was there is kept."""
    from bioner.store import restore_database

    settings = read_settings()
    if not yes:
        typer.confirm(
            f"Replace the database by {file}? The present one is backed up first", abort=True
        )
    done = restore_database(settings.database_url, settings.backups, file)
    typer.echo(f"restored from {file}")
    for sentence in done.said():
        say(sentence)


@app.command()
@refusing
def erase(
    document: Annotated[str, typer.Argument(help="The text's name.")],
    project: ProjectOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a text for good: its words, every mark and note, in the backups and evaluations too.

    It is struck from every version of a corpus that was frozen from the project, and which ones is
    said. That it was done stays on record. What is left elsewhere is named: jobs, merged data,
    other corpora of your own, what a database server keeps in its files.
    """
    from bioner.evaluation.erasing import erase_everywhere

    settings = read_settings()
    store = open_store(settings)
    name = find_project(store, project)
    if not yes:
        typer.confirm(f"Erase {document!r} of {name} for good?", abort=True)
    done = erase_everywhere(store, settings, name, document, store.actor.name)
    typer.echo(f"{document} is erased (revision {done.revision.seq})")
    if done.evaluations:
        say(f"{done.evaluations} kept evaluations held sentences of it and were deleted")
    for one in done.struck:
        say(
            f"struck from the frozen corpus {one.corpus}, version {one.version}: {one.sentences:,} "
            "sentences; build the corpora again, and judge anew what was trained on it"
        )
    for path in done.left:
        say(f"{path} holds a sentence of it: delete it, or its job, by hand")
    if done.server:
        say(done.server)


@app.command()
@refusing
def verify() -> None:
    """Look whether anything that was saved has been changed or lost since.

    Every sentence's revisions are walked, and compared with what the backups hold. It finds
    accidents, not somebody who knows how the chains are made and rewrites them.
    """
    store = open_store(read_settings())
    found = store.verify()
    for problem in found.problems:
        typer.echo(problem)
    typer.echo(
        f"{found.revisions:,} revisions of {found.documents:,} documents, "
        f"{found.backups} backups: {len(found.problems)} problems"
    )
    if found.problems:
        raise typer.Exit(1)


@app.command()
@refusing
def events(
    project: ProjectOption = "",
    limit: Annotated[int, typer.Option(help="How many to print.")] = 50,
) -> None:
    """Print what was done to a project or the database, newest first: who, when, before, after."""
    check_count("--limit", limit)
    store = open_store(read_settings())
    if project:
        store.project(project)
    print_json([asdict(one) for one in store.events(project or None, limit=limit)])


@app.command()
@refusing
def history(
    item: Annotated[int, typer.Argument(help="A sentence's number, as `queue` prints it.")],
) -> None:
    """Print every saved revision of a sentence, newest first."""
    check_count("item", item)
    store = open_store(read_settings())
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
