"""fetch(): the public files of the ten corpora, each checked against its pin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bioner.access import Action, Actor, allow
from bioner.corpora.download import download
from bioner.corpora.read import blob_sha1
from bioner.corpora.registry import CORPORA, SPLITS
from bioner.errors import CorpusError
from bioner.progress import OnProgress, Progress, unheard

REPOSITORY = "https://raw.githubusercontent.com/cambridgeltl/MTL-Bioinformatics-2016/master/data"


@dataclass(frozen=True)
class FetchReport:
    """What ``fetch`` did: files taken from the network, and files that were there already."""

    fetched: tuple[str, ...]
    kept: tuple[str, ...]


def fetch(
    destination: Path,
    only: Sequence[str] | None = None,
    *,
    repository: str = REPOSITORY,
    progress: OnProgress = unheard,
    actor: Actor | None = None,
) -> FetchReport:
    """Fetch the public files into ``destination``, each checked against its pin.

    A file that is there with the right content is kept; an interrupted one is continued from its
    ``.part``; a file appears under its name only when it is whole and its git blob SHA-1 matches.
    Raises CorpusError (no network, another content) with what to do.
    """
    allow(Action.CORPORA, actor)
    infos = [info for info in CORPORA.values() if only is None or info.id in only]
    jobs = [
        (info, split, pin) for info in infos for split, pin in zip(SPLITS, info.pins, strict=True)
    ]
    fetched: list[str] = []
    kept: list[str] = []
    for done, (info, split, pin) in enumerate(jobs):
        name = f"{info.id}{info.suffix}/{split}.tsv"
        target = destination / name
        progress(Progress(done, len(jobs), name))
        if target.is_file() and blob_sha1(target.read_bytes()).startswith(pin):
            kept.append(name)
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CorpusError(
                f"{target.parent}: cannot be made: {error.strerror or error}; choose another folder"
            ) from error
        part = target.with_suffix(".tsv.part")
        download(f"{repository}/{name}", part)
        sha = blob_sha1(part.read_bytes())
        if not sha.startswith(pin):
            part.unlink()
            raise CorpusError(
                f"{name}: the fetched file's git blob SHA-1 is {sha[:8]}, expected {pin[:8]}; "
                "nothing was kept: try again, or copy the corpus here by hand"
            )
        part.replace(target)
        fetched.append(name)
    return FetchReport(tuple(fetched), tuple(kept))
