"""The order of the queue: what was brought in is ranked at once, the whole queue on request."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.progress import Progress
from bioner.spans import Document
from bioner.store import Store
from bioner.ui import cache
from bioner.ui.session import Session


def order_queue(
    session: Session,
    store: Store,
    project: str,
    documents: Sequence[str] | None = None,
    *,
    tagged: Sequence[Document] = (),
) -> int:
    """Rank the waiting sentences of these documents, or all of them, and show how far it is.

    ``tagged`` are documents as the model in use has just tagged them. What cannot be ranked stays
    in the order of the text, and a sentence says why. Returns how many were ranked.
    """
    from bioner.review import QueueOptions, prioritise

    bar = st.progress(0.0, text="Ordering the queue …")
    try:
        knowledge = cache.knowledge(session.settings)
        total = store.progress(project).waiting if documents is None else 0

        def show(heard: Progress) -> None:
            if heard.done % 200 == 0:
                of = f" of {total:,}" if total else ""
                share = min(1.0, heard.done / total) if total else 0.0
                bar.progress(share, text=f"{heard.text}: {heard.done:,}{of} sentences")

        return prioritise(
            store,
            project,
            knowledge,
            group_of=session.schema.group_of,
            options=QueueOptions(tagged={one.id: one for one in tagged}),
            documents=documents,
            on_progress=show,
        )
    except BionerError as error:
        st.warning(f"The queue stays in the order of the texts: {error}", icon=":material/sort:")
        return 0
    finally:
        bar.empty()
