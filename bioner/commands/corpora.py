"""``corpora``: build, stats, search, add, export."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioner.commands import corpora_fetch, corpora_mapping, sharing
from bioner.commands.arguments import (
    ArgumentError,
    check_count,
    check_known,
    check_out,
    check_writable,
    folder_of,
    names_of,
    path_of,
    path_option,
    said_once,
)
from bioner.commands.terminal import print_json, refusing, say, table
from bioner.errors import CorpusError
from bioner.labels import IGNORE
from bioner.settings import read_settings

if TYPE_CHECKING:
    from bioner.corpora.adding import Preview
    from bioner.corpora.splits import SplitBy

app = typer.Typer(
    help="The ten corpora, others and your own: fetch, merge, look into.",
    no_args_is_help=True,
)
app.add_typer(corpora_mapping.app, name="mapping")
app.command()(refusing(corpora_fetch.fetch))
app.command("list")(refusing(corpora_fetch.list_corpora))
app.command("push")(refusing(sharing.push_corpus))
app.command("pull")(refusing(sharing.pull_corpus))


@app.command("build")
@refusing
def build_corpora(
    source: Annotated[
        str | None,
        typer.Option(help="The folder that holds AnatEM-IOB, BC2GM-IOB, …; `sample`: the shipped."),
    ] = None,
    mapping: Annotated[str, typer.Option(help="curated, article, or a YAML file.")] = "curated",
    out: Annotated[str | None, typer.Option(help="The merged folder to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report.")] = False,
) -> None:
    """Merge the corpora of a folder, and your own, into one dataset."""
    from bioner.corpora.build import build

    settings = read_settings()
    folder = check_writable("--out", folder_of("--out", out, settings.merged))
    is_sample = source == "sample" and not Path(source).exists()
    origin = settings.sample if is_sample else folder_of("--source", source, settings.raw)
    report = build(origin, folder, settings, mapping, progress=lambda at: say(at.text)).report
    assert report is not None
    if as_json:
        print_json(report.to_json())
        return
    beside = f" (of them {report.leaks_beside} beside the ten)" if report.leaks_beside else ""
    typer.echo(
        f"{report.read:,} sentences read from {len(report.sentences)} corpora; "
        f"{report.leaks_dropped} distinct train sentences equal a devel or test one and were "
        f"dropped{beside}; {report.fused_sentences:,} fused. Written to {folder}"
    )
    typer.echo(_sentences_table(report.sentences))


@app.command()
@refusing
def stats(
    data: Annotated[str | None, typer.Option(help="The merged folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report.")] = False,
) -> None:
    """Show what is in the merged dataset: sentences, mentions by type, and the licences."""
    from bioner.corpora.catalogue import published
    from bioner.corpora.dataset_folder import read_manifest

    manifest = read_manifest(folder_of("--data", data, read_settings().merged))
    if as_json:
        print_json(manifest.report.to_json())
        return
    typer.echo(_sentences_table(manifest.report.sentences))
    rows = [["type", "mentions"]]
    rows += [[name, f"{count:,}"] for name, count in manifest.report.types.items()]
    typer.echo(table(rows, right={1}))
    licences = [["corpus", "licence", "where it is said"]]
    for name in manifest.report.sentences:
        info = published(name)
        licences.append(
            [name, info.licence, info.licence_source] if info else [name, "your own", ""]
        )
    typer.echo(table(licences))


@app.command()
@refusing
def search(
    query: Annotated[str, typer.Argument(help="Words to find, tokenised like the corpora.")] = "",
    surface: Annotated[str, typer.Option(help="Only where this is a whole mention.")] = "",
    corpus: Annotated[list[str] | None, typer.Option(help="Only this corpus (repeatable).")] = None,
    split: Annotated[str | None, typer.Option(help="train, devel or test.")] = None,
    type: Annotated[str | None, typer.Option(help="Only sentences with this entity type.")] = None,
    limit: Annotated[int, typer.Option(help="How many sentences to print.")] = 20,
    data: Annotated[str | None, typer.Option(help="The merged folder.")] = None,
    tagged: Annotated[
        str | None,
        typer.Option(help="Instead of the merged folder: the output of `tag DIR --out DIR`."),
    ] = None,
) -> None:
    """Find sentences of the merged dataset, or of what was tagged in bulk."""
    from bioner.corpora.search import SearchIndex
    from bioner.corpora.search_query import Query

    check_count("--limit", limit)
    if tagged is not None:
        if corpus or split or data:
            raise ArgumentError("--tagged: has no corpora: leave --corpus, --split, --data away")
        _search_tagged(tagged, words=query, surface=surface, label=type or "", limit=limit)
        return
    index = SearchIndex.open(folder_of("--data", data, read_settings().merged))
    for name in corpus or ():
        check_known("--corpus", name, index.corpora)
    if split is not None:
        check_known("--split", split, index.splits)
    if type is not None:
        check_known("--type", type, index.types)
    wanted = Query(
        text=query,
        surface=surface,
        types=(type,) if type else (),
        corpora=tuple(corpus or ()),
        splits=(split,) if split else (),
    )
    page = index.search(wanted, limit=limit)
    for hit in page.hits:
        found = ", ".join(f"{hit.sentence.surface(s)} [{s.label}]" for s in hit.sentence.spans)
        typer.echo(f"{hit.sentence.document}  {hit.sentence.text}")
        typer.echo(f"    {found or 'no mentions'}")
    say(f"{len(page.hits)} of {page.total:,} sentences")


def _search_tagged(folder: str, *, words: str, surface: str, label: str, limit: int) -> None:
    from bioner.tagging.found import Wanted, find_marks

    place = path_of("--tagged", folder)
    wanted = Wanted(words=words, surface=surface, label=label)
    hits = list(islice(find_marks(place, wanted), limit))
    for hit in hits:
        found = ", ".join(f"{hit.surface(one)} [{one.label}]" for one in hit.marks)
        typer.echo(f"{hit.document}  {hit.sentence}")
        typer.echo(f"    {found or 'no mentions'}")
    more = "; there may be more (--limit)" if len(hits) == limit else ""
    say(f"{len(hits):,} sentences{more}")


@app.command()
@refusing
def add(
    files: Annotated[
        list[str], typer.Argument(help="The corpus's files or folders, in any known format.")
    ],
    name: Annotated[str, typer.Option(help="What to call the corpus.")],
    covers: Annotated[str, typer.Option(help="The types its annotators looked for, by commas.")],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="Its label=our type (or =ignore), repeatable; else as suggested."
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="conll, brat, jsonl, …, where the files' names and content do not tell."),
    ] = None,
    licence: Annotated[str, typer.Option(help="Its licence, shown with every label.")] = "",
    split_by: Annotated[
        str,
        typer.Option(
            help="names: files and folders called train, dev, test are these splits; hash: all of "
            "it is shared out, eight tenths for training."
        ),
    ] = "names",
    replacing: Annotated[
        bool, typer.Option("--replace", help="Take the place of the one of this name.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Add a corpus of your own; it is merged, trained and scored like the ten."""
    from bioner.corpora.adding import add_corpus, corpus_id, preview_corpus, read_uploads
    from bioner.corpora.foreign_labels import suggest_types
    from bioner.corpora.own import OwnCorpus, read_user_schema
    from bioner.corpora.splits import split_sentences

    settings = read_settings()
    by = _split_by(split_by)
    if format is not None and not format.strip():
        raise ArgumentError("--format: expected the name of a format, got nothing")
    id = corpus_id(name)
    schema = read_user_schema(settings)
    preview = preview_corpus(read_uploads([path_of("FILES", one) for one in files]), format)
    types = suggest_types(preview.labels, schema)
    chosen = said_once("--map", (_chosen_type(one, preview.labels) for one in map_ or ()))
    types.update(chosen)
    for label, ours in types.items():
        if ours == IGNORE and label not in chosen:
            say(f"{label}: not known here, so left open; `--map {label}=TYPE` says what it is")
    looked_for = names_of("--covers", covers)
    own = OwnCorpus(id, name, looked_for, types, licence)
    folder = add_corpus(settings, own, preview.sentences, schema, replacing=replacing, split_by=by)
    for label in own.half_marked:
        say(f"{label}: marked, and not in --covers: an unmarked word is no evidence against it")
    splits = {s: len(found) for s, found in split_sentences(preview.sentences, by).items()}
    receipt = preview.receipt
    if as_json:
        print_json(
            {
                "corpus": own.id,
                "folder": str(folder),
                "labels": {
                    label: {"mentions": n, "type": types[label]}
                    for label, n in preview.labels.most_common()
                },
                "split_by": by if preview.named else "hash",
                "splits": splits,
                "receipt": receipt.to_json(),
            }
        )
        return
    rows = [["label", "mentions", "becomes"]]
    rows += [[label, f"{n:,}", types[label]] for label, n in preview.labels.most_common()]
    typer.echo(table(rows, right={1}))
    for line in (*receipt.lines(), *receipt.examples):
        say(line)
    typer.echo(_told_splits(preview, by, splits))
    typer.echo(
        f"{own.id}: {len(preview.sentences):,} sentences kept in {folder}; "
        "`corpora build` merges them"
    )


def _split_by(given: str) -> SplitBy:
    """Return the rule that a name is of. Raises CorpusError."""
    from bioner.corpora.splits import SPLIT_BY

    for one in SPLIT_BY:
        if one == given:
            return one
    raise CorpusError(f"--split-by: expected {' or '.join(SPLIT_BY)}, got {given!r}")


def _told_splits(preview: Preview, by: SplitBy, splits: Mapping[str, int]) -> str:
    """Say how many sentences are in each split, and whose decision that was."""
    told = ", ".join(f"{split} {number:,}" for split, number in splits.items())
    if by == "hash" or not preview.named:
        return f"Splits, shared out by document: {told}"
    rest = len(preview.sentences) - preview.named.total()
    more = f"; {rest:,} of no such name shared out" if rest else ""
    return (
        f"Splits, as files and folders are named: {told}{more}"
        " (`--split-by hash` shares all of it out)"
    )


@app.command()
@refusing
def export(
    name: Annotated[str, typer.Argument(help="A corpus of your own.")],
    out: Annotated[Path, path_option("The file to write, whole or not.")],
    format: Annotated[str, typer.Option(help="As for `tag`.")] = "jsonl",
) -> None:
    """Write a corpus of your own in any format; what the format cannot hold is counted."""
    from bioner.corpora.exports import own_documents
    from bioner.corpora.own import own_folder, own_folders
    from bioner.formats import WRITABLE, write_documents

    settings = read_settings()
    check_known("--format", format, WRITABLE)
    check_known("NAME", name, [one.name for one in own_folders(settings)])
    folder = own_folder(settings, name)
    assert folder is not None
    check_out(out, is_folder_meant=format == "brat")
    report = write_documents(own_documents(folder), out, format)
    typer.echo(f"{out}: {report.documents:,} documents, {report.written:,} mentions")
    for loss, count in report.lost.items():
        say(f"{format} cannot hold all: {loss.replace('_', ' ')}, {count} times")


def _chosen_type(pair: str, labels: Mapping[str, int]) -> tuple[str, str]:
    source, sign, label = pair.rpartition("=")
    if not sign or source not in labels:
        raise CorpusError(
            f"--map {pair}: expected LABEL=TYPE with one of its labels: {', '.join(labels)}"
        )
    return source, label


def _sentences_table(sentences: Mapping[str, Mapping[str, int]]) -> str:
    rows = [["corpus", "train", "devel", "test"]]
    for corpus, splits in sentences.items():
        rows.append([corpus, *(f"{splits.get(s, 0):,}" for s in ("train", "devel", "test"))])
    return table(rows, right={1, 2, 3})
