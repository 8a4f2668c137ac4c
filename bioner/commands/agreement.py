"""``review agreement``: how far reviewers agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import StoreError
from bioner.figures import points
from bioner.settings import read_settings

if TYPE_CHECKING:
    from bioner.review.agreement import Coefficients, TeamAgreement
    from bioner.store import Store

BetweenOption = Annotated[
    list[str] | None,
    typer.Option("--between", help="A reviewer; once for each, all if left out."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@refusing
def agreement(
    project: ProjectOption = "", between: BetweenOption = None, as_json: JsonOption = False
) -> None:
    """Print how far reviewers of an independent project agree: F1, Cohen's and Fleiss' κ, α.

    F1 is of marks, κ and α are over words; of each sentence over the types that all compared
    looked for.
    """
    from bioner.review.agreement import measure

    store = open_store(read_settings())
    name = find_project(store, project)
    found = measure(store, name, compared(store, name, between))
    if as_json:
        print_json(_as_json(found))
        return
    rows = [["between", "sentences", "exact", "overlap", "type", "Cohen's κ"]]
    for pair in found.pairs:
        f1 = pair.f1
        scores = (f1.exact["all"], f1.overlap["all"], f1.type_only["all"])
        rows.append([f"{f1.a}, {f1.b}", f"{f1.items:,}", *map(points, scores), _two(pair.kappa)])
    typer.echo(table(rows, right={1, 2, 3, 4, 5}))
    rows = [["type", "exact", "overlap", "type", "Fleiss' κ", "Krippendorff's α"]]
    for name in ("all", *found.types):
        scores = (found.f1.exact[name], found.f1.overlap[name], found.f1.type_only[name])
        coefficients = (_two(found.fleiss, name), _two(found.alpha, name))
        rows.append([name, *map(points, scores), *coefficients])
    typer.echo(table(rows, right={1, 2, 3, 4, 5}))
    say(
        f"{found.sentences:,} sentences by two or more, {found.words:,} words; in "
        f"{len(found.disagreements):,} they differ and nobody has chosen, {found.settled:,} settled"
    )


def compared(store: Store, project: str, between: Sequence[str] | None) -> tuple[str, ...]:
    """Return the reviewers that are to be compared, if all have reviewed anything."""
    worked = store.progress(project).by_reviewer
    for name in between or ():
        if name not in worked:
            known = ", ".join(sorted(worked)) or "nobody"
            raise StoreError(
                f"--between {name!r} has not accepted or corrected a sentence; so far have: {known}"
            )
    return tuple(dict.fromkeys(between or ()))


def _two(values: Coefficients, name: str = "all") -> str:
    value = values.get(name)
    return "–" if value is None else f"{value:.2f}"


def _as_json(found: TeamAgreement) -> dict[str, object]:
    return {
        "reviewers": found.reviewers,
        "sentences": found.sentences,
        "words": found.words,
        "exact": found.f1.exact,
        "overlap": found.f1.overlap,
        "type": found.f1.type_only,
        "fleiss_kappa": found.fleiss,
        "krippendorff_alpha": found.alpha,
        "disagreements": found.disagreements,
        "settled": found.settled,
        "pairs": [
            {
                "between": [pair.f1.a, pair.f1.b],
                "sentences": pair.f1.items,
                "words": pair.words,
                "exact": pair.f1.exact,
                "overlap": pair.f1.overlap,
                "type": pair.f1.type_only,
                "cohen_kappa": pair.kappa,
                "set_aside": pair.f1.set_aside,
            }
            for pair in found.pairs
        ],
    }
