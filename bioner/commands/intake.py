"""``review import`` and ``review send``: what brings texts into a project's queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import (
    ArgumentError,
    check_count,
    check_known,
    names_of,
    path_argument,
    said_once,
)
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import counter, print_json, refusing, say
from bioner.errors import StoreError
from bioner.progress import OnProgress, Progress
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.labels import LabelSchema
    from bioner.review.intake import Intake, Order, Tagging
    from bioner.spans import Document


@refusing
def import_(
    file: Annotated[
        Path,
        path_argument("A file in any known format, or a folder: what `tag` wrote in bulk, say."),
    ],
    project: ProjectOption = "",
    covers: Annotated[
        str,
        typer.Option(
            help="For a new project: the types its reviewers look for, by commas; with --gold: "
            "those the file's annotators looked for, else what its labels mean."
        ),
    ] = "",
    gold: Annotated[
        bool, typer.Option("--gold", help="The file's labels are gold, not predictions.")
    ] = False,
    tag: Annotated[bool, typer.Option("--tag", help="Let the active model predict first.")] = False,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="LABEL=TYPE", help="What a label of the file means; TYPE or ignore."
        ),
    ] = None,
    add_type: Annotated[
        list[str] | None,
        typer.Option("--add-type", help="Add this type to the project first; new ones too."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Bring texts, with or without labels, into a project's queue; say what became of each."""
    from bioner.corpora.own import read_user_schema
    from bioner.formats import read_documents
    from bioner.models.card import hashes_of_models
    from bioner.review.intake import Origin, take_in
    from bioner.review.texts import Texts
    from bioner.tagging.found import made_by

    if any(not one.strip() for one in add_type or ()):
        raise ArgumentError("--add-type: expected the name of a type, got nothing")
    settings = read_settings()
    schema = read_user_schema(settings)
    read = read_documents(file)
    store = open_store(settings)
    name = find_project(store, project, covers, settings)
    if add_type:
        from bioner.review.new_types import add_types

        add_types(settings, store, name, add_type)
        schema = read_user_schema(settings)
    labels = _meanings(read.report.labels, map_ or [], store.project(name).types, schema)
    tagging = _tagging(settings, name) if tag else None
    took = take_in(
        store,
        name,
        Texts(
            documents=() if read.sentences else read.documents,
            sentences=read.sentences,
            read=read.report,
            labels=labels,
        ),
        Origin(
            source=file.name,
            schema=schema.fingerprint,
            trained=partial(hashes_of_models, settings.models),
            layer="gold" if gold else "prediction",
            model="" if gold else made_by(file),
            covers=_covered(covers, store.project(name).types, labels) if gold else None,
        ),
        tagging=tagging,
        order=queue_order(settings),
        on_progress=_heard(),
    )
    if tagging is not None:
        say(f"{tagging.model} marked {took.tagged} mentions")
    if took.unranked:
        say(took.unranked)
    if as_json:
        print_json(_intake_json(name, took, labels))
    else:
        _print_intake(name, took)


@refusing
def send(
    model: Annotated[str, typer.Argument(help="The model whose mistakes to look at.")],
    project: Annotated[str, typer.Option(help="The project; made if it is new.")],
    split: Annotated[str, typer.Option(help="Of which split: test or devel.")] = "test",
    corpus: Annotated[str, typer.Option(help="Of this corpus alone.")] = "",
    kind: Annotated[str, typer.Option(help="Of this kind alone, such as missed.")] = "",
    limit: Annotated[int, typer.Option(help="So many sentences at most.")] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Send the mistakes of a kept evaluation to Review, gold beside them, the surest first."""
    from bioner.corpora.own import read_user_schema
    from bioner.evaluation.mistakes import KINDS, by_sentence
    from bioner.evaluation.reports import list_evaluations, reports_folder
    from bioner.models.card import hashes_of_models
    from bioner.review.intake import Judged, Origin, judged_reasons, open_project, take_in_judged

    check_count("--limit", limit)
    check_known("--split", split, ("test", "devel"))
    if kind and kind not in KINDS:
        raise StoreError(f"--kind {kind}: expected one of {', '.join(KINDS)}")
    kept = [
        one
        for one in list_evaluations(reports_folder())
        if one.key.model == model and one.key.split == split
    ]
    if not kept:
        raise StoreError(
            f"no kept evaluation of {model!r} on {split}; make one on the Metrics page or with "
            f"`python -m bioner evaluate --model {model}`"
        )
    evaluation = kept[0]
    corpora = sorted({one.corpus for one in evaluation.mistakes})
    if corpus and corpus not in corpora:
        raise StoreError(
            f"--corpus {corpus}: expected one with mistakes: {', '.join(corpora) or 'none has'}"
        )
    found = [
        one for one in evaluation.mistakes if corpus in ("", one.corpus) and kind in ("", one.kind)
    ]
    by_row = dict(list(by_sentence(found).items())[:limit])
    settings = read_settings()
    store = open_store(settings)
    open_project(store, project, read_user_schema(settings).names)
    took = take_in_judged(
        store,
        project,
        [
            Judged(
                gold=one.raw_gold,
                predicted=one.raw,
                reasons=judged_reasons([(m.kind, m.score) for m in by_row[one.row]]),
            )
            for one in evaluation.sentences(list(by_row))
        ],
        Origin(
            source=f"mistakes of {model} on {split}",
            schema=evaluation.schema.fingerprint,
            trained=partial(hashes_of_models, settings.models),
            model=model,
        ),
        on_progress=_heard(),
    )
    if as_json:
        print_json(_intake_json(project, took, {}))
    else:
        _print_intake(project, took)


def _covered(names: str, types: Sequence[str], labels: Mapping[str, str]) -> frozenset[str]:
    """Return what gold's annotators looked for: as the person says, else what its labels mean."""
    from bioner.review.texts import looked_for

    given = frozenset(names_of("--covers", names))
    unknown = sorted(given - set(types))
    if unknown:
        raise StoreError(
            f"--covers: {unknown[0]!r} is no type of the project; expected some of "
            f"{', '.join(types)}"
        )
    return given or looked_for(labels)


def _meanings(
    found: Iterable[str], given: Sequence[str], types: Sequence[str], schema: LabelSchema
) -> dict[str, str]:
    """Return what each label means: as the person says, else as the one rule suggests."""
    from bioner.labels import IGNORE
    from bioner.review.texts import LEFT_OUT, suggest_meanings

    labels = suggest_meanings(found, types, schema)
    said_once("--map", (one.rpartition("=")[::2] for one in given))
    for one in given:
        label, sign, ours = one.rpartition("=")
        if not sign or label not in labels or ours not in (*types, IGNORE):
            raise StoreError(
                f"--map {one}: expected LABEL=TYPE with a label of the file "
                f"({', '.join(labels) or 'it has none'}) and a type of the project "
                f"({', '.join(types)}) or ignore"
            )
        labels[label] = LEFT_OUT if ours == IGNORE else ours
    return labels


def _tagging(settings: Settings, project: str) -> Tagging:
    """Return the model in use as what marks texts, by the project's rules if it knows them."""
    from bioner.models.catalogue import active_model, find_model
    from bioner.review.intake import Tagging
    from bioner.tagging.load import load_tagger

    name = active_model(settings)
    tagger = load_tagger(find_model(name, settings.models))
    convention = tagger.conventions.nearest(project)

    def tag(documents: Sequence[Document], on_progress: OnProgress) -> Sequence[Document]:
        return tagger.tag_documents(
            documents,
            convention=convention,
            progress=lambda heard: on_progress(replace(heard, text="Marking sentences")),
        )

    return Tagging(model=name, tag=tag)


def queue_order(settings: Settings) -> Order:
    """Return what a command orders the queue by."""
    from bioner.corpora.own import read_user_schema
    from bioner.review import load_knowledge
    from bioner.review.intake import Order

    return Order(
        knowledge=lambda: load_knowledge(settings, tell=say),
        group_of=read_user_schema(settings).group_of,
    )


def _heard() -> OnProgress:
    """Return what shows progress on stderr, a line for each kind of work."""
    lines: dict[str, OnProgress] = {}

    def hear(progress: Progress) -> None:
        if progress.total is not None:
            lines.setdefault(progress.text, counter(progress.text))(progress)

    return hear


def _intake_json(project: str, took: Intake, labels: Mapping[str, str]) -> dict[str, object]:
    return {
        "project": project,
        **took.receipt.to_json(),
        "labels": {label: ours or "ignore" for label, ours in labels.items()},
        "items": took.items,
        "joined": took.joined,
        "my_test": took.test_documents,
        "known_to_models": took.known_documents,
        "tagged": took.tagged,
        "ranked": took.ranked,
    }


def _print_intake(project: str, took: Intake) -> None:
    first, *others = took.receipt.lines()
    typer.echo(
        f"{project}: {first}; {took.items} sentences in the queue, {took.test_documents} documents "
        "set aside as my test"
    )
    for line in (*others, *took.receipt.examples, took.my_test):
        say(line)
