"""``dictionary curate``: what people decide about a dictionary's terms."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import ArgumentError
from bioner.commands.terminal import print_json, refusing
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.review.dictionary import Dictionary
    from bioner.review.dictionary_curation import Choice

NameArgument = Annotated[
    str, typer.Argument(help="The dictionary; may be left out if there is one.")
]


@refusing
def curate(
    name: NameArgument = "",
    keep: Annotated[list[str] | None, typer.Option(help="A term that is right.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A term that is none.")] = None,
    retype: Annotated[
        list[str] | None, typer.Option(metavar="TERM=TYPE", help="The type that a term has.")
    ] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option(metavar="TERM=TERM", help="The first becomes a part of the second."),
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(metavar="TERM=SPELLING", help="A spelling that is a term of its own."),
    ] = None,
    prefer: Annotated[
        list[str] | None, typer.Option(metavar="TERM=SPELLING", help="What a term is called.")
    ] = None,
    concept: Annotated[
        list[str] | None, typer.Option(metavar="TERM=ID", help="A term's identifier.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back the newest decision that still stands.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Decide about terms, named by any of their spellings; nothing is lost, all can be undone.

    Without a decision: what was decided so far, the newest first.
    """
    from bioner.corpora.own import read_user_schema
    from bioner.review import dictionary_curation

    settings = read_settings()
    dictionary = find_dictionary(settings, name)
    if undo:
        last = dictionary_curation.undo(dictionary.path)
        typer.echo("nothing to undo" if last is None else f"undone: {last.action} {last.keys}")
        return
    pairs = {"retype": retype, "merge": merge, "split": split, "prefer": prefer, "concept": concept}
    choices = _choices(dictionary, {"keep": keep, "drop": drop}, pairs)
    types = read_user_schema(settings).names
    done = (
        dictionary_curation.curate(dictionary.path, choices, types=types)
        if choices
        else dictionary.log()
    )
    if as_json:
        print_json([asdict(one) for one in done])
        return
    for one in done:
        told = " → ".join(filter(None, (", ".join(one.keys), one.value, ", ".join(one.surfaces))))
        typer.echo(f"{one.seq}  {one.action}  {told}  {one.who}" + ("  undone" * one.undone))


def find_dictionary(settings: Settings, name: str) -> Dictionary:
    """Return the dictionary of this name, or the only one there is."""
    from bioner.review.dictionary import Dictionary, dictionary_names, dictionary_path

    names = dictionary_names(settings)
    if name:
        return Dictionary(dictionary_path(settings, name))
    if len(names) == 1:
        return Dictionary(dictionary_path(settings, names[0]))
    raise ArgumentError(f"NAME: which dictionary? {', '.join(names) or 'there is none yet'}")


def _choices(
    dictionary: Dictionary,
    plain: dict[str, list[str] | None],
    pairs: dict[str, list[str] | None],
) -> list[Choice]:
    """Return what was asked for, in the order of the options; terms by any of their spellings."""
    from bioner.review.dictionary_curation import ACTIONS, Choice

    def key(name: str) -> str:
        return dictionary.term(name).key

    found: list[Choice] = []
    for action in ACTIONS:
        for one in plain.get(action) or ():
            found.append(Choice(action=action, terms=(key(one),)))
        option = "concept" if action == "identify" else action
        for one in pairs.get(option) or ():
            term, equals, value = one.rpartition("=")
            if not equals or not term:
                raise ArgumentError(f"--{option} {one!r}: expected TERM=…")
            given = key(value) if action == "merge" else value
            surfaces = (value,) if action == "split" else ()
            found.append(
                Choice(
                    action=action,
                    terms=(key(term),),
                    value="" if surfaces else given,
                    surfaces=surfaces,
                )
            )
    return found
