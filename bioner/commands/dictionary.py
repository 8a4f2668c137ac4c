"""``dictionary``: the terms of a collection of texts, built, listed, curated, exported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import ArgumentError, check_count, check_known, check_out, path_of
from bioner.commands.dictionary_curate import NameArgument, curate, find_dictionary
from bioner.commands.terminal import print_json, print_rows, refusing, say
from bioner.conventions import ANY
from bioner.progress import Progress
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.corpora.vocabulary import Listed
    from bioner.review.dictionary import Dictionary
    from bioner.review.dictionary_texts import Tag
    from bioner.review.terms import Term
    from bioner.spans import Document

app = typer.Typer(
    help="Dictionaries: the terms that texts yield, by concept.", no_args_is_help=True
)
app.command()(curate)


@app.command()
@refusing
def build(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Files or folders, in any known format.")
    ] = None,
    project: Annotated[
        str,
        typer.Option(help="Instead of files: a project's texts, with what its reviewers see."),
    ] = "",
    name: Annotated[str, typer.Option(help="What the dictionary is called.")] = "dictionary",
    marked: Annotated[
        bool, typer.Option("--marked", help="Take the marks that the texts have, no model's.")
    ] = False,
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")] = "",
    convention: Annotated[
        str, typer.Option(help="Mark as in this corpus or project, if the model knows its rules.")
    ] = ANY,
    column: Annotated[str, typer.Option(help="The text column of a .csv or .tsv table.")] = "",
    vocabulary: Annotated[
        str,
        typer.Option(
            help="OBO or CSV, or a name of `concepts list`: its names get their concepts' ids."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Build a dictionary: texts are read once, tagged, and their terms counted, in flat memory.

    What was decided about a dictionary of this name is decided about the new one again.
    """
    from bioner.review.dictionary import dictionary_path
    from bioner.review.dictionary_build import build_dictionary
    from bioner.review.dictionary_texts import TextFiles, tagged

    if marked and model:
        raise ArgumentError("--model: with --marked the marks are those of the texts; give one")
    if bool(texts) == bool(project):
        raise ArgumentError("TEXTS: name files or folders, or a project (--project), not both")
    settings = read_settings()
    path = dictionary_path(settings, name)
    paths = [_there(one) for one in texts or ()]
    is_own = marked or bool(project and not model)
    tag, tagged_by = (None, "") if is_own else _tagger(settings, model, convention)
    files = TextFiles(paths=paths, column=column, tag=tag)
    documents = files.documents()
    if project:
        documents = iter(_texts_of(settings, project))
        documents = documents if tag is None else tagged(documents, tag)
    built = build_dictionary(
        path,
        documents,
        source=project or ", ".join(one.name for one in paths),
        model=tagged_by,
        vocabulary=_vocabulary(settings, vocabulary),
        on_progress=_say_progress,
    )
    receipt = files.tally.report().receipt()
    if as_json:
        print_json({"name": name, "read": receipt.to_json(), **built.to_json()})
        return
    for line in (*receipt.examples, *list(receipt.lines())[1:]):
        say(line)
    say(
        f"{built.texts:,} texts: {built.documents:,} used, {built.repeated:,} repeated, "
        f"{built.empty:,} empty; {built.marks:,} marks: {built.mentions:,} used, "
        f"{built.repeated_marks:,} of repeated texts, {built.left_out:,} left out"
    )
    if built.stale:
        say(f"{built.stale:,} former decisions speak of terms that these texts do not yield")
    typer.echo(f"{name}: {built.terms:,} terms, {built.forms:,} spellings")


@app.command(name="list")
@refusing
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the dictionaries: what each was made of, and how far it is curated."""
    from bioner.review.dictionary import Dictionary, dictionary_names, dictionary_path

    settings = read_settings()
    found = [Dictionary(dictionary_path(settings, one)) for one in dictionary_names(settings)]
    if as_json:
        print_json([{**asdict(one.about()), "terms by status": one.statuses()} for one in found])
        return
    print_rows(
        ("name", "texts", "mentions", "terms", "kept", "dropped", "source"),
        (_line(one) for one in found),
    )


@app.command()
@refusing
def show(
    name: NameArgument = "",
    text: Annotated[str, typer.Option(help="Only terms with this in one of their names.")] = "",
    type_: Annotated[str, typer.Option("--type", help="Only terms of this type.")] = "",
    status: Annotated[str, typer.Option(help="Only new, kept or dropped ones.")] = "",
    unlike: Annotated[
        bool,
        typer.Option("--conflicting", help="Only terms whose marks stand for several ids."),
    ] = False,
    order: Annotated[
        str, typer.Option(help="By mentions, documents, confidence or name.")
    ] = "mentions",
    limit: Annotated[int, typer.Option(help="How many to print.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print as JSON, with variants and examples.")
    ] = False,
) -> None:
    """Print a dictionary's terms, the most frequent first."""
    from bioner.review.terms import ORDERS, STATUSES, Wanted

    check_count("--limit", limit)
    check_known("--order", order, ORDERS)
    if status:
        check_known("--status", status, STATUSES)
    dictionary = find_dictionary(read_settings(), name)
    if type_:
        check_known("--type", type_, dictionary.labels())
    wanted = Wanted(
        text=text,
        label=type_,
        status=next((one for one in STATUSES if one == status), None),
        unlike=unlike,
    )
    by = next(one for one in ORDERS if one == order)
    terms = dictionary.terms(wanted, order=by, limit=limit)
    if as_json:
        print_json([_whole(dictionary, one) for one in terms])
        return
    print_rows(
        ("term", "type", "mentions", "texts", "confidence", "spellings", "status", "concept"),
        ((*_counted(one), one.status, one.identifier) for one in terms),
    )


@app.command()
@refusing
def export(
    name: NameArgument = "",
    format: Annotated[str, typer.Option(help="One of csv, jsonl, obo, spacy.")] = "csv",
    out: Annotated[str, typer.Option(help="The file to write, whole or not.")] = "",
    all_: Annotated[
        bool, typer.Option("--all", help="New terms too, not those alone that were kept.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Write a dictionary's kept terms to a file: a table, JSON lines, OBO or spaCy patterns."""
    from bioner.review.dictionary_files import WRITERS, write_dictionary

    check_known("--format", format, tuple(WRITERS))
    dictionary = find_dictionary(read_settings(), name)
    target = check_out(path_of("--out", out or f"{dictionary.name}{WRITERS[format].suffix}"))
    report = write_dictionary(dictionary, target, format, only_kept=not all_)
    if as_json:
        print_json({"file": str(target), **asdict(report)})
        return
    for loss, count in report.lost:
        say(f"{format} cannot hold all: {loss}, {count:,} times")
    typer.echo(f"{target}: {report.written:,} terms, {report.left_out:,} left out")


def _counted(one: Term) -> tuple[str | int, ...]:
    sure = "" if one.score is None else f"{one.score:.2f}"
    return (one.preferred, one.label, one.mentions, one.documents, sure, one.variants)


def _line(one: Dictionary) -> tuple[str | int, ...]:
    about, by = one.about(), one.statuses()
    counts = about.documents, about.mentions, about.terms, by["kept"], by["dropped"]
    return (one.name, *counts, about.source)


def _there(text: str, argument: str = "TEXTS") -> Path:
    path = path_of(argument, text)
    if not path.exists():
        raise ArgumentError(f"{argument} {text}: no such file or folder")
    return path


def _texts_of(settings: Settings, project: str) -> list[Document]:
    from bioner.commands.projects import find_project, open_store

    store = open_store(settings)
    return store.export_documents(find_project(store, project))


def _vocabulary(settings: Settings, vocabulary: str) -> Iterable[Listed]:
    """Return the terms of a file, or of a vocabulary that `concepts build` made."""
    from bioner.corpora.concepts import read_vocabulary, vocabulary_names
    from bioner.corpora.vocabulary import read_terms

    if vocabulary in vocabulary_names(settings):
        return read_vocabulary(settings, vocabulary)
    return read_terms(_there(vocabulary, "--vocabulary")) if vocabulary else ()


def _tagger(settings: Settings, model: str, convention: str) -> tuple[Tag, str]:
    from bioner.models.catalogue import chosen_model
    from bioner.tagging.load import load_tagger

    folder = chosen_model(settings, model)
    tagger = load_tagger(folder, device=settings.device)
    told = tagger.conventions.find(convention, of=folder.name).name
    return (lambda documents: tagger.tag_documents(documents, convention=told)), folder.name


def _say_progress(heard: Progress) -> None:
    say(f"{heard.done:,} texts read")


def _whole(dictionary: Dictionary, term: Term) -> dict[str, object]:
    return {
        **asdict(term),
        "concepts of its marks": dict(dictionary.told_ids([term.key]).get(term.key, ())),
        "spellings": [asdict(one) for one in dictionary.variants(term.key)],
        "examples": [asdict(one) for one in dictionary.examples(term.key)],
    }
