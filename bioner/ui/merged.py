"""The merged corpora as the pages see them: the built dataset, or the shipped sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bioner.access import Action, Actor, allow
from bioner.errors import BionerError
from bioner.settings import Settings
from bioner.ui import cache
from bioner.ui.session import Session, show_problem

if TYPE_CHECKING:
    from bioner.corpora.overview import Shelf
    from bioner.corpora.search import SearchIndex

SAMPLE = "sample-merged"
"""The folder of the merged sample, for machines without the corpora."""


def build_sample(settings: Settings, *, actor: Actor | None = None) -> None:
    """Merge the shipped sample into a folder of its own, to train on and to score on."""
    allow(Action.CORPORA, actor)
    from bioner.corpora.dataset_folder import write_dataset
    from bioner.corpora.merge import merge
    from bioner.corpora.read import read_corpora
    from bioner.labels import read_schema

    dataset = merge(read_corpora(settings.sample), read_schema())
    write_dataset(dataset, settings.data / SAMPLE)


def open_shelf(session: Session) -> Shelf | None:
    """Open the merged corpora, or the shipped sample where none have been built."""
    settings = session.settings
    try:
        return cache.shelf_of(settings, session.schema)
    except BionerError as error:
        show_problem(error)
    try:
        return cache.sample_shelf(str(settings.sample), session.schema.fingerprint, session.schema)
    except BionerError as error:
        show_problem(error)
        return None


def ready_index(session: Session) -> SearchIndex | None:
    """Return the search index of the corpora if it is made already, without waiting for one."""
    from bioner.corpora.search import INDEX_NAME  # late: a page's first marks need no search

    folder = session.settings.merged
    shelf = open_shelf(session)
    if shelf is None or (shelf.folder is not None and not (folder / INDEX_NAME).is_file()):
        return None
    try:
        return cache.index_of(session.settings, shelf)
    except (BionerError, OSError):
        return None  # what corpora say is a help beside the decision, and no condition of it
