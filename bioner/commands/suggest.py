"""``review suggest``: whatever proposes marks, at work in a project; audited, accepted in bulk."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import ArgumentError, check_count, check_known, path_of
from bioner.commands.projects import ProjectOption, find_project, open_store
from bioner.commands.terminal import counter, print_json, refusing, say, table
from bioner.figures import percent
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from bioner.review.suggesters import Suggester

app = typer.Typer(
    help="Suggesters: models, dictionaries, lists, patterns and commands that propose marks.",
    no_args_is_help=True,
)
SuggesterOption = Annotated[
    str, typer.Option("--suggester", help="Which one; may be left out if there is one.")
]


@app.command()
@refusing
def run(
    project: ProjectOption = "",
    dictionary: Annotated[str, typer.Option(help="The kept terms of this dictionary.")] = "",
    names: Annotated[
        str, typer.Option(help="A list of names: .csv, .jsonl (ours, spaCy's patterns), .obo.")
    ] = "",
    pattern: Annotated[str, typer.Option(help="A regular expression.")] = "",
    tokens: Annotated[
        bool, typer.Option("--tokens", help="Each word of the pattern is one for a whole token.")
    ] = False,
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")] = "",
    command: Annotated[
        str, typer.Option(help="A command that the administrator's file (BIONER_SUGGESTERS) names.")
    ] = "",
    type_: Annotated[
        str,
        typer.Option("--type", help="The type of what a pattern or a list without types marks."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Let a suggester mark a project's texts, in a layer of its own, in place of its former."""
    from bioner.corpora.own import read_user_schema
    from bioner.models.card import hashes_of_models
    from bioner.review.suggest import fill

    settings = read_settings()
    if sum(map(bool, (dictionary, names, pattern, model, command))) != 1:
        raise ArgumentError(
            "--dictionary, --names, --pattern, --model, --command: give one of them"
        )
    schema = read_user_schema(settings)
    if type_:
        check_known("--type", type_, schema.names)
    made = _suggester(
        settings, dictionary=dictionary, names=names, pattern=pattern, by_token=tokens,
        model=model, command=command, label=type_,
    )  # fmt: skip
    store = open_store(settings)
    name = find_project(store, project)
    took = fill(
        store,
        name,
        made,
        schema=schema.fingerprint,
        trained=lambda: hashes_of_models(settings.models),
        on_progress=counter("texts"),
    )
    if as_json:
        print_json({"suggester": made.name, "version": made.version, **took.receipt.to_json()})
        return
    for line in list(took.receipt.lines())[1:]:
        say(line)
    typer.echo(f"{made.name}: {took.receipt.mentions_placed:,} marks proposed in {name}")


@app.command()
@refusing
def status(
    project: ProjectOption = "",
    target: Annotated[float, typer.Option(help="The precision to reach, a share.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print how right each suggester is, by type: from its audit, with the lower 95% limit."""
    from bioner.review.precision import NO_NUMBER
    from bioner.review.suggest import check_target, precisions

    check_target(target)
    store = open_store(read_settings())
    name = find_project(store, project)
    rows = [["suggester", "type", "right", "audited", "surely", f"more for {percent(target)}"]]
    values = []
    for suggester in store.suggesters(name):
        for label, one in precisions(store, name, suggester).items():
            more = one.more(target)
            values.append({"suggester": suggester, "type": label, **asdict(one), "more": more})
            told = NO_NUMBER if more is None else str(more)
            counts = [str(one.right), str(one.audited), percent(one.low, 1)]
            rows.append([suggester, label, *counts, told])
    if as_json:
        print_json(values)
        return
    typer.echo(table(rows, right={2, 3, 4, 5}))


@app.command()
@refusing
def audit(
    project: ProjectOption = "",
    suggester: SuggesterOption = "",
    type_: Annotated[str, typer.Option("--type", help="Only marks of this type.")] = "",
    limit: Annotated[int, typer.Option(help="How many to print.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print the next marks of a suggester's random sample, to be decided one by one."""
    from bioner.review.suggest import audit_sample, known_suggester

    check_count("--limit", limit)
    store = open_store(read_settings())
    name = find_project(store, project)
    if type_:
        check_known("--type", type_, store.project(name).types)
    which = known_suggester(store, name, suggester)
    found = audit_sample(store, name, which, label=type_, count=limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        before, after = (" ".join(part.split()) for part in (one.before, one.after))
        typer.echo(f"{one.id}  {one.mark.label}  … {before[-50:]} [{one.surface}] {after[:50]} …")


@app.command()
@refusing
def decide(
    mark: Annotated[str, typer.Argument(help="The mark, as `audit` prints it.")],
    right: Annotated[
        bool, typer.Option("--right/--wrong", help="Whether its characters and type are right.")
    ],
    project: ProjectOption = "",
    suggester: SuggesterOption = "",
) -> None:
    """Put on record whether a mark of the audit is right."""
    from bioner.review.suggest import decide as put_on_record
    from bioner.review.suggest import known_suggester, precisions

    store = open_store(read_settings())
    name = find_project(store, project)
    which = known_suggester(store, name, suggester)
    put_on_record(store, name, which, mark, is_right=right, reviewer=store.actor.name)
    one = precisions(store, name, which)[mark.rpartition(":")[2]]
    typer.echo(f"{one.right} of {one.audited} right, surely {percent(one.low, 1)}")


@app.command()
@refusing
def accept(
    type_: Annotated[str, typer.Option("--type", help="The type whose marks are accepted.")],
    project: ProjectOption = "",
    suggester: SuggesterOption = "",
    target: Annotated[float, typer.Option(help="The precision to reach, a share.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Make a suggester's waiting marks of a type yours, as one decision, if its audit allows it."""
    from bioner.corpora.own import read_user_schema
    from bioner.review.suggest import accept as accept_all
    from bioner.review.suggest import check_target, known_suggester, said

    settings = read_settings()
    check_target(target)
    store = open_store(settings)
    name = find_project(store, project)
    check_known("--type", type_, store.project(name).types)
    done = accept_all(
        store,
        name,
        known_suggester(store, name, suggester),
        type_,
        target=target,
        reviewer=store.actor.name,
        schema=read_user_schema(settings).fingerprint,
    )
    if as_json:
        print_json(asdict(done))
        return
    typer.echo(said(done))
    if done.decision:
        say(f"`review decisions undo {done.decision}` takes all back")


def _suggester(
    settings: Settings, *, dictionary: str, names: str, pattern: str, by_token: bool, model: str,
    command: str, label: str,
) -> Suggester:  # fmt: skip
    from bioner.review import outside, patterns, suggesters
    from bioner.review.dictionary import Dictionary, dictionary_path

    if dictionary:
        path = dictionary_path(settings, dictionary)
        return suggesters.dictionary_suggester(Dictionary(path))
    if names:
        return suggesters.listed_names(_there(names), label=label)
    if pattern:
        if not label:
            raise ArgumentError("--type: say which type the pattern marks")
        return patterns.PatternSuggester(pattern=pattern, label=label, by_token=by_token)
    if command:
        known = outside.outside_suggesters(settings.suggesters)
        return known[check_known("--command", command, known)]
    return _model(settings, model)


def _there(text: str) -> Path:
    path = path_of("--names", text)
    if not path.is_file():
        raise ArgumentError(f"--names {text}: no such file")
    return path


def _model(settings: Settings, model: str) -> Suggester:
    from bioner.models.catalogue import chosen_model, model_stamp
    from bioner.review.suggesters import ModelSuggester
    from bioner.tagging.load import load_tagger

    folder = chosen_model(settings, model)
    tagger = load_tagger(folder, device=settings.device)
    return ModelSuggester(model=folder.name, stamp=model_stamp(folder), tag=tagger.tag_documents)
