"""``evaluate`` and ``compare``: what a model does with gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands.arguments import path_option
from bioner.commands.terminal import print_json, refusing, say, table
from bioner.figures import points
from bioner.machine import computed_on
from bioner.settings import read_settings

if TYPE_CHECKING:
    from bioner.evaluation.scores import Report, Score

Data = Annotated[Path | None, path_option("The merged folder.")]
CorpusOption = Annotated[list[str] | None, typer.Option(help="Only this corpus (repeatable).")]


@refusing
def evaluate(
    model: Annotated[str, typer.Option(help="A model's name, or its folder.")],
    data: Data = None,
    split: Annotated[str, typer.Option(help="test, devel or train.")] = "test",
    corpus: CorpusOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report.")] = False,
    job: Annotated[Path | None, path_option("The job that this run is.", hidden=True)] = None,
) -> None:
    """Score a model on a split, each corpus in its own terms; seqeval strict, IOB2."""
    from bioner.commands.progress import job_progress
    from bioner.evaluation.evaluate import evaluate_cached
    from bioner.models.catalogue import find_model

    settings = read_settings()
    with job_progress(job, "tagging") as progress:
        stored = evaluate_cached(
            find_model(model, settings.models),
            data or settings.merged,
            split=split,
            corpora=corpus,
            device=settings.device,
            progress=progress,
        )
    say(
        f"tagged {computed_on(stored.backend)}, {stored.created[:16].replace('T', ' ')} UTC; "
        f"stored in {stored.folder}"
    )
    if as_json:
        print_json(stored.report.to_json())
    else:
        typer.echo(scores_table(stored.report))


@refusing
def compare(
    model_a: Annotated[str, typer.Argument(help="The model that is in use.")],
    model_b: Annotated[str, typer.Argument(help="The model that may take its place.")],
    data: Data = None,
    split: Annotated[str, typer.Option(help="test or devel.")] = "test",
    corpus: CorpusOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole decision.")] = False,
) -> None:
    """Compare two models on the same sentences; exit 1 if the gate refuses the second."""
    from bioner.commands.terminal import counter
    from bioner.evaluation.gate import measure
    from bioner.evaluation.promotion import decide_with_patterns
    from bioner.store import open_store

    settings = read_settings()
    store = open_store(settings)
    evidence = measure(
        settings,
        model_b,
        model_a,
        data=data,
        split=split,
        corpora=corpus,
        own_test=store.my_test(),
        device=settings.device,
        progress=counter("tagging"),
    )
    decision = decide_with_patterns(store, evidence)
    if as_json:
        print_json(decision.to_json())
    else:
        for answer in decision.answers:
            typer.echo(f"{answer.verdict:13}{answer.text}")
        for note in decision.notes:
            typer.echo(f"{'not asked':13}{note}")
        typer.echo(decision.summary)
    if not decision.is_accepted:
        raise typer.Exit(1)


def scores_table(report: Report) -> str:
    """Lay out a report's scores by corpus and by type, in per cent."""
    rows = [list(_HEAD)]
    for name, scores in report.by_corpus.items():
        rows.append(_row(name + (" (part)" if name in report.parts else ""), scores.micro))
    rows.append(["mean", "", "", points(report.mean_f1), ""])
    rows.append(_row("micro", report.micro))
    rows.append([""] * 5)
    rows += [_row(name, score) for name, score in report.by_type.items()]
    text = table(rows, right={1, 2, 3, 4})
    if report.by_corpus_any:
        text += f"\n\nTold no convention (any):\n{_untold_table(report)}"
    if report.leaked:
        text += f"\n{report.leaked} sentences were in the training data and were left out"
    return text


_HEAD = ("", "precision", "recall", "F1", "support")


def _row(name: str, score: Score) -> list[str]:
    values = (score.precision, score.recall, score.f1)
    return [name, *(points(v) for v in values), f"{score.support:,}"]


def _untold_table(report: Report) -> str:
    rows = [list(_HEAD)]
    rows += [_row(name, scores.micro) for name, scores in report.by_corpus_any.items()]
    rows.append(["mean", "", "", points(report.mean_f1_any), ""])
    rows.append(_row("micro", report.micro_any))
    return table(rows, right={1, 2, 3, 4})
