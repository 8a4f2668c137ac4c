"""The Corpora page's sources: where each corpus comes from, its licence, how to cite it."""

from __future__ import annotations

import streamlit as st

from bioner.corpora.catalogue import published
from bioner.corpora.overview import Shelf
from bioner.ui.plain import plain
from bioner.ui.tables import draw_table


def draw_sources(shelf: Shelf) -> None:
    """Draw where each corpus comes from, its licence, and how to cite it."""
    known = [(corpus, published(corpus)) for corpus in shelf.corpora]
    parts = shelf.report.parts
    draw_table(
        ["Corpus", "Annotates", "Licence, and where it is said", "Cite, and where it is from"],
        [
            (
                f"{corpus} (part)" if corpus in parts else corpus,
                info.annotates if info else "your own labels",
                f"{info.licence}\n{info.licence_source}" if info else "your own",
                f"{info.citation}\n{info.url}" if info else "",
            )
            for corpus, info in known
        ],
    )
    if shelf.report.parts:
        st.caption(
            f"Only a part of {plain(', '.join(shelf.report.parts))} is here: the files differ from "
            "the published ones, so scores on it are not comparable with published scores."
        )
