"""``concepts``: vocabularies in a local index, and which concept words may stand for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bioner.commands.arguments import ArgumentError, check_count, path_of
from bioner.commands.terminal import print_json, print_rows, refusing, say
from bioner.settings import Settings, read_settings

app = typer.Typer(
    help="Concepts: vocabularies (OBO, CSV) in a local index, and candidates for words.",
    no_args_is_help=True,
)


@app.command()
@refusing
def build(
    vocabulary: Annotated[
        str, typer.Argument(help="OBO, or CSV with the columns id, name, synonyms, type.")
    ],
    name: Annotated[str, typer.Option(help="What it is called; else as its file.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Make a local index of a vocabulary's names, a term at a time."""
    from bioner.corpora.concepts import vocabulary_path
    from bioner.corpora.concepts_build import build_concepts
    from bioner.corpora.vocabulary import read_terms

    source = path_of("VOCABULARY", vocabulary)
    if not source.is_file():
        raise ArgumentError(f"VOCABULARY {vocabulary}: no such file")
    settings = read_settings()
    path = vocabulary_path(settings, name or source.stem)
    done = build_concepts(
        path, read_terms(source), on_progress=lambda heard: say(f"{heard.done:,} terms read")
    )
    if as_json:
        print_json({"name": name or source.stem, **asdict(done)})
        return
    if done.joined or done.unnamed:
        say(f"{done.joined:,} terms have another's identifier, {done.unnamed:,} have none")
    typer.echo(f"{name or source.stem}: {done.concepts:,} concepts, {done.names:,} names")


@app.command(name="list")
@refusing
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the vocabularies."""
    from bioner.corpora.concepts import Concepts, vocabulary_names, vocabulary_path

    settings = read_settings()
    found = [Concepts(vocabulary_path(settings, one)) for one in vocabulary_names(settings)]
    counted = [(one.name, *one.counts()) for one in found]
    if as_json:
        print_json([{"name": n, "concepts": c, "names": k} for n, c, k in counted])
    else:
        print_rows(("name", "concepts", "names"), counted)


@app.command()
@refusing
def find(
    words: Annotated[str, typer.Argument(help="The words of a text.")],
    name: Annotated[
        str, typer.Option(help="The vocabulary; may be left out if there is one.")
    ] = "",
    long_form: Annotated[
        str, typer.Option("--long-form", help="What the text explains an abbreviation as.")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many to print.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print the concepts that words may stand for, the likeliest first."""
    from bioner.corpora.concepts import Concepts, vocabulary_path

    check_count("--limit", limit)
    settings = read_settings()
    concepts = Concepts(vocabulary_path(settings, name or _only(settings)))
    found = concepts.candidates(words, long_form=long_form, limit=limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_rows(
        ("concept", "name", "by", "how", "alike"),
        ((c.identifier, c.name, c.matched, c.how, f"{c.score:.2f}") for c in found),
    )


def _only(settings: Settings) -> str:
    from bioner.corpora.concepts import vocabulary_names

    names = vocabulary_names(settings)
    if len(names) != 1:
        raise ArgumentError(f"--name: which vocabulary? {', '.join(names) or 'there is none yet'}")
    return names[0]
