"""The Predict page: text or files in, highlighted entities out."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.jobs.slots import device_beside_jobs
from bioner.machine import Device
from bioner.progress import Progress
from bioner.spans import Document
from bioner.ui import cache, warming
from bioner.ui.plain import plain
from bioner.ui.predict.chosen import explain
from bioner.ui.predict.memory import PredictMemory
from bioner.ui.predict.readers import Reader, choose_readers
from bioner.ui.predict.reading import draw_reading
from bioner.ui.predict.results import draw_results, summary
from bioner.ui.predict.texts import choose_documents
from bioner.ui.predict.view import choose_labels, choose_view, in_view, within_view
from bioner.ui.session import Session, keep_in_url, show_problem, url_int, url_text


def draw(session: Session) -> None:
    """Draw the page: models and texts are chosen, then what was found in them."""
    st.title("Predict")
    st.caption("Find genes, chemicals, diseases and ten other kinds of entity in your own text.")
    readers = choose_readers(session)
    documents = choose_documents(session) if readers else []
    if readers and session.of(PredictMemory).source == "Folder" and not url_text("kept"):
        from bioner.ui.predict.bulk import draw_bulk  # late: most who come here paste a text

        draw_bulk(session, readers[0])
        warming.shown()
        return
    device = device_beside_jobs(session.settings)
    results, seconds = tag(documents, readers, device) if documents else ([], 0.0)
    if results:
        st.divider()
        draw_found(session, results, readers[: len(results)], seconds)
    warming.shown()


def draw_found(
    session: Session,
    results: Sequence[Sequence[Document]],
    readers: Sequence[Reader],
    seconds: float,
) -> None:
    """Draw the texts as each model tagged them, one text at a time."""
    names = [reader.name for reader in readers]
    place = choose_document(results)
    chosen = [of_model[place] for of_model in results]
    shown = choose_view(session.schema)
    seen = [in_view(document, session.schema, shown) for document in chosen]
    shown = choose_labels(seen, session.schema, shown)
    seen = [within_view(document, session.schema, shown) for document in chosen]
    told = summary(seen[0], names[0], seconds) if len(seen) == 1 else ""
    above = st.container()
    reasons = [explain(session, reader.convention) for reader in readers]
    draw_reading(session, chosen, names, shown, reasons)
    warming.shown()
    from bioner.ui.predict.actions import draw_actions  # late: the marks are on the screen first

    with above:
        draw_actions(session, results[0], place, readers[0].entry, shown, told)
    draw_results(session, seen, names)


def tag(
    documents: Sequence[Document], readers: Sequence[Reader], device: Device
) -> tuple[list[list[Document]], float]:
    """Tag the documents with each model; one that fails says so and is left out."""
    began = time.perf_counter()
    results: list[list[Document]] = []
    bar = st.empty()
    for reader in readers:

        def progress(heard: Progress, name: str = reader.name) -> None:
            told = f"{plain(name)}: {heard.done:,} of {heard.total:,} sentences"
            bar.progress(heard.share or 0.0, told)

        try:
            found = cache.tag_documents(
                documents,
                reader.entry,
                device,
                convention=reader.convention,
                progress=progress,
            )
            results.append(found)
        except BionerError as error:
            show_problem(error)
    bar.empty()
    return results, time.perf_counter() - began


def choose_document(results: Sequence[Sequence[Document]]) -> int:
    """Let a person choose which of several tagged texts to read; return its place."""
    documents = results[0]
    if len(documents) == 1:
        return 0
    chosen = st.selectbox(
        f"Text (of {len(documents):,})",
        range(len(documents)),
        index=url_int("n", 1, low=1, high=len(documents)) - 1,
        key="predict_document",
        format_func=lambda i: f"{documents[i].id} · {len(documents[i].mentions)} mentions",
    )
    keep_in_url(n=str(chosen + 1) if chosen else "")
    return int(chosen)
