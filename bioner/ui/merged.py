"""The merged corpora as the pages see them: the built dataset, or the shipped sample."""

from __future__ import annotations

from bioner.corpora.overview import Shelf
from bioner.errors import BionerError
from bioner.ui import cache
from bioner.ui.session import Session, show_problem


def open_shelf(session: Session) -> Shelf | None:
    """Open the merged corpora, or the shipped sample where none have been built."""
    settings = session.settings
    manifest = settings.merged / "manifest.json"
    try:
        if manifest.exists():
            return cache.merged_shelf(str(settings.merged), cache.stamp(manifest))
    except BionerError as error:
        show_problem(error)
    try:
        return cache.sample_shelf(str(settings.sample), session.schema.fingerprint, session.schema)
    except BionerError as error:
        show_problem(error)
        return None
