"""``models push``, ``models pull``, ``corpora push``, ``corpora pull``: to a hub and from it."""

from __future__ import annotations

from typing import Annotated

import typer

from bioner.commands.terminal import say
from bioner.settings import read_settings

Repository = Annotated[str, typer.Argument(help="The repository of the hub, as OWNER/NAME.")]
Public = Annotated[
    bool, typer.Option("--public", help="Let everybody see a repository that is made.")
]
Revision = Annotated[str, typer.Option(help="A branch, a tag or a commit; else the newest.")]


def push_model(
    name: Annotated[str, typer.Argument(help="A model's name, or its folder.")],
    repository: Repository,
    public: Public = False,
) -> None:
    """Send a model to a hub, with its card; a repository that is made is private.

    The hub is the one that HF_ENDPOINT names, else Hugging Face's; the token is that of
    `hf auth login` or HF_TOKEN.
    """
    from bioner.models.catalogue import find_model
    from bioner.models.sharing import push_model

    folder = find_model(name, read_settings().models)
    typer.echo(f"{folder.name}: sent to {push_model(folder, repository, is_public=public)}")


def pull_model(
    repository: Repository,
    name: Annotated[str, typer.Option(help="What to call it here; else as it is there.")] = "",
    revision: Revision = "",
) -> None:
    """Fetch a model from a hub into models/; nothing of it is run, no pickle is read."""
    from bioner.models.sharing import pull_model

    came = pull_model(repository, read_settings().models, name=name, revision=revision)
    typer.echo(f"{came.folder.name}: commit {came.commit[:12]} in {came.folder}")
    say(f"`models show {came.folder.name}` prints its card; `compare` sets it beside another")


def push_corpus(
    name: Annotated[str, typer.Argument(help="A corpus of your own; `merged`: all merged ones.")],
    repository: Repository,
    public: Public = False,
    despite: Annotated[
        str,
        typer.Option(help="Send it although its licence is not known to allow that: why you may."),
    ] = "",
) -> None:
    """Send a corpus to a hub, with a card that lists each licence; what is made is private."""
    from bioner.corpora.sharing import push_corpus, terms_of

    settings = read_settings()
    for one in terms_of(settings, name):
        say(f"{one.corpus}: {one.licence or 'nobody has said under which licence'}")
    to = push_corpus(settings, name, repository, is_public=public, despite=despite)
    typer.echo(f"{name}: sent to {to}")


def pull_corpus(
    repository: Repository,
    name: Annotated[str, typer.Option(help="What to call it here; else as it is there.")] = "",
    revision: Revision = "",
) -> None:
    """Fetch a corpus from a hub and keep it beside the others; the next build merges it."""
    from bioner.corpora.sharing import pull_corpus

    came = pull_corpus(read_settings(), repository, name=name, revision=revision)
    told = ", ".join(f"{split} {number:,}" for split, number in came.sentences.items())
    typer.echo(
        f"{came.id} ({came.licence or 'no licence is said'}): {told} sentences, commit "
        f"{came.commit[:12]}, kept in {came.folder}; `corpora build` merges it"
    )
