"""build(): from the corpora's files to the merged folder, as the command and the page do it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from bioner.access import Action, Actor, allow
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.merge import merge
from bioner.corpora.own import read_all
from bioner.corpora.search import SearchIndex
from bioner.errors import CorpusError
from bioner.machine import collector_paused
from bioner.progress import OnProgress, Progress, unheard
from bioner.settings import Settings


def build(
    source: Path,
    folder: Path,
    settings: Settings,
    mapping: str = "curated",
    *,
    progress: OnProgress = unheard,
    actor: Actor | None = None,
) -> Dataset:
    """Read the corpora of a source folder and the user's own, merge them and write the folder.

    Raises BionerError for what cannot be read, mapped or written; the folder is then as it was.
    """
    who = allow(Action.CORPORA, actor)
    if who.is_known and source.resolve() != settings.raw.resolve():
        source = who.require_folder(source, settings.folders)
    _check_place(source, folder)
    with collector_paused():
        corpora, schema = read_all(source, settings, mapping, progress=progress)
        dataset = merge(corpora, schema, progress=progress)
        progress(Progress(1, 1, "writing"))
        write_dataset(dataset, folder)
        progress(Progress(1, 1, "preparing the search"))
        with suppress(CorpusError):  # the data is whole; without room the first search tries again
            SearchIndex.open(folder)
    return dataset


def _check_place(source: Path, folder: Path) -> None:
    """Refuse to put the merged data where something else would go: the folder is replaced whole."""
    if not source.is_dir():
        raise CorpusError(
            f"{source}: no such folder; give the folder that holds AnatEM-IOB, BC2GM-IOB, …, "
            "or run `python -m bioner corpora fetch`"
        )
    if source.resolve().is_relative_to(folder.resolve()):
        raise CorpusError(
            f"{folder}: the corpora themselves lie there, and the merged data would replace them; "
            "choose another folder"
        )
    if folder.exists() and not folder.is_dir():
        raise CorpusError(f"{folder}: is a file; choose a folder for the merged data")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "manifest.json").exists():
        raise CorpusError(
            f"{folder}: holds other files, which the merged data would replace; choose a new or an "
            "empty folder"
        )
