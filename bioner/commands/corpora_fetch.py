"""``corpora fetch`` and ``corpora list``: the published corpora, the ten and those beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import (
    ArgumentError,
    check_known,
    check_writable,
    folder_of,
    path_of,
)
from bioner.commands.terminal import print_json, say, table
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.corpora.bringing import Brought
    from bioner.corpora.registry import Published


def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Corpora by name, as `corpora list` has them; the ten if none."),
    ] = None,
    out: Annotated[str | None, typer.Option(help="Where to put the files of the ten.")] = None,
    corpus: Annotated[
        list[str] | None, typer.Option(help="Only this one of the ten (repeatable).")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", help="A corpus beside the ten: its file or folder, got by hand."),
    ] = None,
    replacing: Annotated[
        bool, typer.Option("--replace", help="Bring a corpus in again that is here.")
    ] = False,
) -> None:
    """Fetch the ten corpora (about 45 MB, each file checked), or bring in others by name."""
    from bioner.corpora.catalogue import read_catalogue
    from bioner.corpora.fetch import fetch
    from bioner.corpora.registry import CORPORA

    settings = read_settings()
    every = (*CORPORA, *read_catalogue())
    known = {one.lower(): one for one in every}
    asked = [check_known("NAMES", known.get(one.lower(), one), every) for one in names or ()]
    for name in corpus or ():
        check_known("--corpus", name, CORPORA)
    ten = [*(one for one in asked if one in CORPORA), *(corpus or ())]
    beside = [one for one in asked if one not in CORPORA]
    if source is not None and (len(beside) != 1 or ten):
        raise ArgumentError("--from: name the one corpus beside the ten that it holds")
    folder = check_writable("--out", folder_of("--out", out, settings.raw))
    if ten or not beside:
        report = fetch(
            folder, ten or None, progress=lambda at: say(f"[{at.done + 1}/{at.total}] {at.text}")
        )
        there = f"{len(report.kept)} were there"
        typer.echo(f"{len(report.fetched)} files fetched, {there}: {folder}")
    for name in beside:
        path = path_of("--from", source) if source is not None else None
        _bring(name, settings, path, replacing=replacing)


def _bring(name: str, settings: Settings, path: Path | None, *, replacing: bool) -> None:
    from bioner.corpora.bringing import bring
    from bioner.corpora.catalogue import find_entry

    entry = find_entry(name)
    brought = bring(entry, settings, path, replacing=replacing, progress=lambda at: say(at.text))
    for line in (*brought.receipt.lines(), *brought.receipt.examples, *brought.notes(entry)):
        say(line)
    typer.echo(_told(brought))


def _told(brought: Brought) -> str:
    splits = ", ".join(f"{split} {number:,}" for split, number in brought.splits.items())
    return (
        f"{brought.corpus.id} ({brought.corpus.licence}): {sum(brought.splits.values()):,} "
        f"sentences ({splits}) kept in {brought.folder}; `corpora build` merges them"
    )


def list_corpora(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the published corpora: the ten, and those that can be brought in beside them."""
    from bioner.corpora.catalogue import read_catalogue
    from bioner.corpora.own import own_folders
    from bioner.corpora.read import find_folder
    from bioner.corpora.registry import CORPORA

    settings = read_settings()
    own = {one.name for one in own_folders(settings)}
    rows: list[tuple[Published, str, bool, tuple[str, ...]]] = [
        (info, "the ten", find_folder(settings.raw, info) is not None, ())
        for info in CORPORA.values()
    ]
    rows += [
        (entry, "beside them", entry.id in own, tuple(sorted(entry.mapping.covers)))
        for entry in read_catalogue().values()
    ]
    if as_json:
        print_json(
            [
                {
                    "id": info.id,
                    "title": info.title,
                    "annotates": info.annotates,
                    "licence": info.licence,
                    "licence_source": info.licence_source,
                    "url": info.url,
                    "is_of_ten": group == "the ten",
                    "is_here": is_here,
                    "covers": list(covers),
                }
                for info, group, is_here, covers in rows
            ]
        )
        return
    lines = [["corpus", "", "here", "annotates", "licence", "home"]]
    lines += [
        [info.id, group, "yes" if is_here else "no", info.annotates, info.licence, info.url]
        for info, group, is_here, _ in rows
    ]
    typer.echo(table(lines))
    say("`corpora fetch NAME` brings one in; `corpora fetch` the ten")
