"""``review curate``: what is taken of several reviewers' marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.agreement import BetweenOption, JsonOption, compared
from bioner.commands.arguments import check_count
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import StoreError
from bioner.settings import read_settings

if TYPE_CHECKING:
    from bioner.review.alignment import Spot
    from bioner.spans import Mention
    from bioner.store import Curated, Project, SideBySide, Store

app = typer.Typer(
    help="Take of several reviewers' marks what holds; it becomes the shared copy.",
    no_args_is_help=True,
)

CuratorOption = Annotated[
    str, typer.Option("--reviewer", help="In whose name; without one, the user of this machine.")
]


@app.command()
@refusing
def show(
    item: Annotated[int, typer.Argument(help="A sentence's number, as `agreement --json` prints.")],
    project: ProjectOption = "",
    between: BetweenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a sentence's marks beside each other: who marks what where, and how they differ."""
    from bioner.review.alignment import KINDS_SAID, align

    check_count("item", item)
    store = open_store(read_settings())
    name = find_project(store, project)
    names = compared(store, name, between)
    sentence = _sentence(store, name, item)
    spots = align(sentence, names)
    if as_json:
        print_json([_spot_json(n, spot, sentence) for n, spot in enumerate(spots, 1)])
        return
    typer.echo(sentence.surface)
    rows = [["place", "differ", "who", "mark"]]
    for number, spot in enumerate(spots, 1):
        head = [str(number), KINDS_SAID[spot.kind]]
        for one in spot.variants:
            rows.append([*head, ", ".join(one.holders), _mark(one.mention, sentence)])
            head = ["", ""]
        if spot.without:
            rows.append([*head, ", ".join(spot.without), "none"])
    typer.echo(table(rows, right={0}) if len(rows) > 1 else "nobody marks anything")
    if sentence.chosen is not None:
        marks = "; ".join(_mark(one, sentence) for one in sentence.chosen.mentions) or "no mark"
        say(f"chosen (revision {sentence.chosen.seq}): {marks}")


def _mark(one: Mention, sentence: SideBySide) -> str:
    return f"{one.label}:{one.start}-{one.end} {sentence.text_of(one)}"


def _spot_json(number: int, spot: Spot, sentence: SideBySide) -> dict[str, object]:
    return {
        "place": number,
        "kind": spot.kind,
        "variants": [
            {
                "reviewers": one.holders,
                "label": one.mention.label,
                "fragments": one.mention.fragments,
                "surface": sentence.text_of(one.mention),
            }
            for one in spot.variants
        ],
        "none": spot.without,
        "not_looked_for": spot.unlooked,
    }


def _sentence(store: Store, project: str, item: int) -> SideBySide:
    found = store.side_by_side(project, item)
    if not found:
        raise StoreError(
            f"sentence {item}: no reviewer of {project!r} has accepted or corrected it"
        )
    return found[0]


@app.command()
@refusing
def take(
    item: Annotated[int, typer.Argument(help="The sentence's number.")],
    choices: Annotated[
        list[str] | None,
        typer.Argument(
            help="For each place PLACE=NAME (that reviewer's mark), PLACE=none, or "
            "PLACE=TYPE:START-END; add=TYPE:START-END for a mark that nobody has."
        ),
    ] = None,
    project: ProjectOption = "",
    reviewer: CuratorOption = "",
    between: BetweenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose for each place of a sentence; places where all are alike need no choice."""
    from bioner.review import curation

    check_count("item", item)
    for one in choices or ():
        if not CHOICE.fullmatch(one):
            raise StoreError(f"{one!r}: expected {EXPECTED}")
    store = open_store(read_settings())
    name = find_project(store, project)
    names = compared(store, name, between)
    sentence = _sentence(store, name, item)
    picks, added = _picks(choices or (), sentence, store.project(name), names)
    taken = curation.take(sentence, picks, added=added, reviewers=names)
    who = reviewer or store.actor.name
    _tell(curation.curate(store, [taken], who, reviewers=names), as_json=as_json)


CHOICE = re.compile(r"(?P<place>[0-9]{1,6}|add)=(?P<what>.+)")
OWN_MARK = re.compile(r"(?P<label>.+):(?P<start>[0-9]{1,9})-(?P<end>[0-9]{1,9})")
EXPECTED = "PLACE=NAME, PLACE=none, PLACE=TYPE:START-END or add=TYPE:START-END"


def _picks(
    choices: Sequence[str], sentence: SideBySide, project: Project, between: Sequence[str]
) -> tuple[dict[int, Mention | None], list[Mention]]:
    from bioner.review.alignment import align

    spots = dict(enumerate(align(sentence, between), 1))
    picks: dict[int, Mention | None] = {}
    added: list[Mention] = []
    for choice in choices:
        place, _, what = choice.partition("=")
        own = _own_mark(what, project)
        if place == "add":
            if own is None:
                raise StoreError(f"{choice!r}: expected add=TYPE:START-END")
            added.append(own)
            continue
        if int(place) not in spots:
            raise StoreError(f"{choice!r}: name a place from 1 to {len(spots)}")
        held = [one for one in spots[int(place)].variants if what in one.holders]
        if not held and own is None and what != "none":
            raise StoreError(
                f"{choice!r}: {what!r} has no mark at place {place}; `show` prints them"
            )
        picks[int(place)] = held[0].mention if held else own
    return picks, added


def _own_mark(words: str, project: Project) -> Mention | None:
    from bioner.review.decisions import check_type
    from bioner.spans import mention

    found = OWN_MARK.fullmatch(words)
    if found is None:
        return None
    start, end = int(found["start"]), int(found["end"])
    if start >= end:
        raise StoreError(f"{words!r}: a mark ends after it begins")
    check_type(project, found["label"])
    return mention(start, end, found["label"], status="reviewed")


@app.command(name="all")
@refusing
def all_(
    rule: Annotated[
        str,
        typer.Argument(
            help="alike: sentences that all have alike; majority: also those in which of every "
            "mark more than half say the same."
        ),
    ],
    project: ProjectOption = "",
    reviewer: CuratorOption = "",
    between: BetweenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle every sentence that a rule settles, as one batch; `undo` takes it back as one."""
    from bioner.review.curation import RULES, settle_by_rule

    chosen = next((one for one in RULES if one == rule), None)
    if chosen is None:
        raise StoreError(f"{rule!r}: expected one of {', '.join(RULES)}")
    store = open_store(read_settings())
    name = find_project(store, project)
    who = reviewer or store.actor.name
    names = compared(store, name, between)
    _tell(settle_by_rule(store, name, chosen, who, names), as_json=as_json)


def _tell(done: Curated, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "sentences": len(done.revisions),
                "revisions": [one.seq for one in done.revisions],
                "overtaken": [str(one) for one in done.overtaken],
            }
        )
    elif done.revisions:
        last = done.revisions[-1].seq
        typer.echo(f"{len(done.revisions):,} sentences curated, up to revision {last}")
    else:
        typer.echo("no sentence curated")
    for one in done.overtaken:
        say(f"left as it is: {one}")


@app.command(name="list")
@refusing
def list_(
    project: ProjectOption = "",
    limit: Annotated[int, typer.Option(help="How many to print.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Print what is curated, newest first; a sentence's number is what `undo` takes."""
    check_count("--limit", limit)
    store = open_store(read_settings())
    found = store.curations(find_project(store, project), limit=limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [["item", "sentences", "document", "by", "when"]]
    rows += [
        [str(one.item), f"{one.sentences:,}", one.document, one.reviewer, one.recorded]
        for one in found
    ]
    typer.echo(table(rows, right={0, 1}) if found else "nothing is curated")


@app.command()
@refusing
def undo(
    item: Annotated[int, typer.Argument(help="A sentence of the curation, as `list` prints it.")],
    reviewer: CuratorOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a sentence's newest curation back, with all that was curated in one batch with it."""
    check_count("item", item)
    store = open_store(read_settings())
    undone = store.undo_curation(item, reviewer or store.actor.name)
    if as_json:
        print_json([one.seq for one in undone])
    else:
        typer.echo(f"taken back in {len(undone):,} sentences")
