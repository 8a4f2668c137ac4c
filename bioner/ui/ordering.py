"""The order of the whole queue, anew on request; what is brought in is ranked by the intake."""

from __future__ import annotations

import streamlit as st

from bioner.errors import BionerError
from bioner.progress import Progress
from bioner.store import Store
from bioner.ui import cache
from bioner.ui.plain import plain
from bioner.ui.session import Session


def order_queue(session: Session, store: Store, project: str) -> int:
    """Rank all waiting sentences, show how far it is, and return how many there are.

    What cannot be ranked stays in the order of the text, and a sentence says why.
    """
    from bioner.review import prioritise

    bar = st.progress(0.0, text="Ordering the queue …")
    try:
        knowledge = cache.knowledge(session.settings)
        total = store.progress(project).waiting

        def show(heard: Progress) -> None:
            if heard.done % 200 == 0:
                text = f"{heard.text}: {heard.done:,} of {total:,} sentences"
                bar.progress(min(1.0, heard.done / max(1, total)), text=text)

        return prioritise(
            store, project, knowledge, group_of=session.schema.group_of, on_progress=show
        )
    except BionerError as error:
        st.warning(
            f"The queue stays in the order of the texts: {plain(str(error))}",
            icon=":material/sort:",
        )
        return 0
    finally:
        bar.empty()
