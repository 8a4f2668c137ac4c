"""What is needed next is made ready while a person waits for the page, or reads it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from importlib import import_module

from bioner.access import VISITOR
from bioner.errors import BionerError
from bioner.jobs.slots import device_beside_jobs
from bioner.settings import Settings, read_settings

FIRST = ("bioner.tagging.load", "onnxruntime", "tokenizers", "bioner.ui.predict.page")
"""Imported while the browser still loads: what the first marks need."""

THEN = ("pandas", "pyarrow", "altair", "bioner.ui.predict.actions", "bioner.ui.review.page")
"""Imported once something is on the screen."""

WARNS = "streamlit.runtime.scriptrunner_utils.script_run_context"
"""The logger that warns of drawing outside a page."""

THREAD = "warming"
PATIENCE_S = 120.0
POLL_S = 0.02

_shown = threading.Event()
_begun = threading.Event()


def shown() -> None:
    """Say that a page has drawn what a person came for: the rest may be made ready now."""
    _shown.set()


def begin(is_up: Callable[[], bool] = lambda: True) -> threading.Thread | None:
    """Make ready in the background, from when the server is up; None where it has begun already."""
    if _begun.is_set():
        return None
    _begun.set()
    # In a thread of ours there is no page to draw a spinner on, of which Streamlit would warn.
    logging.getLogger(WARNS).addFilter(lambda record: record.threadName != THREAD)
    thread = threading.Thread(target=_make_ready, args=(is_up,), name=THREAD, daemon=True)
    thread.start()
    return thread


def _make_ready(is_up: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_up() and time.monotonic() < deadline:
        time.sleep(POLL_S)
    steps: list[Callable[[Settings], None]] = [_first_model]
    for names, works in ((FIRST, steps), (THEN, [_corpora, _store, _second_model])):
        for name in names:
            import_module(name)
        for work in works:
            try:
                work(read_settings())
            except (BionerError, OSError):  # the page that needs it says so
                continue
        _shown.wait(PATIENCE_S)


def _first_model(settings: Settings) -> None:
    from bioner.models.catalogue import active_model
    from bioner.ui import cache

    active = active_model(settings)
    for entry in cache.models(settings):
        if entry.name == active and entry.can_tag:
            cache.tagger(entry.name, str(entry.folder), entry.stamp, device_beside_jobs(settings))
    cache.schema(settings)


def _corpora(settings: Settings) -> None:
    from bioner.ui import cache

    shelf = cache.shelf_of(settings, cache.schema(settings))
    shelf.labelled_as("")
    cache.index_of(settings, shelf)


def _store(settings: Settings) -> None:
    from bioner.ui import cache

    cache.store(settings.database_url, str(settings.backups)).acting(VISITOR).projects()
    cache.knowledge(settings)


def _second_model(settings: Settings) -> None:
    """Load the newest model beside the one in use: the likeliest to be compared with it."""
    from bioner.models.catalogue import active_model
    from bioner.ui import cache

    active = active_model(settings)
    others = [one for one in cache.models(settings) if one.can_tag and one.name != active]
    if others:
        newest = max(others, key=lambda one: one.card.created if one.card else "")
        cache.tagger(newest.name, str(newest.folder), newest.stamp, device_beside_jobs(settings))
