"""``corpora mapping``: what each corpus's labels mean here, what a change would do, changing it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import ArgumentError, folder_of, said_once
from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import CorpusError, SchemaError
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.corpora.dataset import MergeReport
    from bioner.labels import CorpusMapping

app = typer.Typer(
    help="What each corpus's own labels mean here, and changing it.", no_args_is_help=True
)
Data = Annotated[str | None, typer.Option(help="The merged folder that mentions are counted in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@refusing
def show(
    corpus: Annotated[str, typer.Argument(help="One corpus; all of them if not given.")] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what each label of the corpora becomes, how often, and why."""
    from bioner.corpora.mapping import mapping_rows
    from bioner.corpora.own import read_user_schema

    settings = read_settings()
    schema = read_user_schema(settings)
    chosen = [_mapping(settings, corpus)] if corpus else list(schema.corpora.values())
    report = _report(settings, data)
    rows = {mapping.corpus: mapping_rows(mapping, report) for mapping in chosen}
    if as_json:
        print_json(
            {
                mapping.corpus: {
                    "labels": [asdict(row) for row in rows[mapping.corpus]],
                    "covers": [name for name in schema.names if name in mapping.covers],
                }
                for mapping in chosen
            }
        )
        return
    lines = [["corpus", "label", "becomes", "mentions", "why"]]
    for name, found in rows.items():
        for row in found:
            label = f"{row.source}, {row.words} words" if row.words else row.source
            lines.append([name, label, row.label, f"{row.mentions:,}", row.reason])
    typer.echo(table(lines, right={3}))
    for mapping in chosen:
        looked_for = ", ".join(name for name in schema.names if name in mapping.covers)
        typer.echo(f"{mapping.corpus}: its annotators looked for {looked_for}")


@app.command()
@refusing
def change(
    corpus: Annotated[str, typer.Argument(help="The corpus, one of your own too.")],
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LABEL=TYPE]...", help="What a label becomes, or =ignore."),
    ] = None,
    covers: Annotated[
        str | None, typer.Option(help="The types its annotators looked for, by commas.")
    ] = None,
    except_: Annotated[
        list[str] | None,
        typer.Option(
            "--except",
            metavar="LABEL=TYPE:WORDS",
            help="Mentions of a label with these words become another type (repeatable).",
        ),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Change it; else only show.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what a change of the mapping would do, and with --apply do it."""
    from bioner.corpora.mapping_changes import changes
    from bioner.corpora.mapping_edit import check_edit, edit_of, write_edit
    from bioner.corpora.own import read_user_schema

    settings = read_settings()
    present = _mapping(settings, corpus)
    if covers is not None and not covers.strip(" ,"):
        raise ArgumentError("--covers: say at least one type that its annotators looked for")
    edit = edit_of(
        present,
        said_once("RULES", map(_rule, rules or ())),
        covers=None if covers is None else [c.strip() for c in covers.split(",") if c.strip()],
        exceptions=[_exception(one, present) for one in except_ or ()],
    )
    check_edit(edit, read_user_schema(settings))
    written = _written(settings, data, corpus) if except_ else None
    found = changes(edit, present, _report(settings, data), written)
    if found and apply:
        write_edit(settings, edit)
    if as_json:
        print_json(
            {
                "corpus": corpus,
                "applied": bool(found and apply),
                "changes": [asdict(one) for one in found],
            }
        )
        return
    if not found:
        typer.echo("Nothing would change.")
        return
    lines = [["what", "how many"], *([one.what, f"{one.number:,}"] for one in found)]
    typer.echo(table(lines, right={1}))
    typer.echo(
        "Changed; `corpora build` makes it count."
        if apply
        else "Nothing is changed yet; --apply does it."
    )


@app.command()
@refusing
def restore(corpus: Annotated[str, typer.Argument(help="One of the ten corpora.")]) -> None:
    """Put back the mapping of a corpus that came with the app."""
    from bioner.corpora.mapping_edit import has_edits, restore

    settings = read_settings()
    _mapping(settings, corpus)
    was_edited = has_edits(settings, corpus)
    restore(settings, corpus)
    typer.echo(
        f"{corpus}: the shipped mapping is back; `corpora build` makes it count."
        if was_edited
        else f"{corpus}: has the shipped mapping."
    )


def _mapping(settings: Settings, corpus: str) -> CorpusMapping:
    from bioner.corpora.own import read_user_schema

    known = read_user_schema(settings).corpora
    if corpus not in known:
        raise SchemaError(f"unknown corpus {corpus!r}; expected one of {', '.join(known)}")
    return known[corpus]


def _report(settings: Settings, data: str | None) -> MergeReport:
    """Return the merge report that mentions are counted by; an empty one where none is built."""
    from bioner.corpora.dataset import MergeReport
    from bioner.corpora.dataset_folder import read_manifest

    folder = folder_of("--data", data, settings.merged)
    if data is None and not (folder / "manifest.json").exists():
        say("no merged corpora here yet, so no mentions are counted; `corpora build` makes them")
        return MergeReport.from_json({})
    return read_manifest(folder).report


def _written(
    settings: Settings, data: str | None, corpus: str
) -> dict[tuple[str, str], int] | None:
    from bioner.corpora.overview import open_merged

    folder = folder_of("--data", data, settings.merged)
    if not (folder / "manifest.json").exists():
        return None
    return dict(open_merged(folder).written(corpus))


def _rule(text: str) -> tuple[str, str]:
    source, sign, label = text.rpartition("=")
    if not sign or not source:
        raise CorpusError(
            f"{text or repr(text)}: expected LABEL=TYPE, such as SO=Gene or SO=ignore"
        )
    return source, label


def _exception(text: str, present: CorpusMapping) -> tuple[str, str, str]:
    for source in sorted(present.rules, key=len, reverse=True):
        if text.startswith(f"{source}="):
            label, sign, words = text[len(source) + 1 :].partition(":")
            if sign and words.strip():
                return source, label.strip(), words.strip()
    raise CorpusError(
        f"--except {text}: expected LABEL=TYPE:WORDS, such as CL=Tissue:HeLa cells, with a label "
        f"of {present.corpus}: {', '.join(present.rules)}"
    )
