"""build(): from the corpora's files to the merged folder, as the command and the page do it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bioner.merge import Dataset, merge, write_dataset
from bioner.own_corpora import read_all
from bioner.settings import Settings


def build(
    source: Path,
    folder: Path,
    settings: Settings,
    mapping: str = "curated",
    *,
    progress: Callable[[str], None] | None = None,
) -> Dataset:
    """Read the corpora of a source folder and the user's own, merge them and write the folder.

    Raises BionerError for what cannot be read, mapped or written; the folder is then as it was.
    """
    with collector_paused():
        corpora, schema = read_all(source, settings, mapping, progress=progress)
        dataset = merge(corpora, schema, progress=progress)
        if progress:
            progress("writing")
        write_dataset(dataset, folder)
    return dataset


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cycle collector: millions of values without cycles are made, and it walks all."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
