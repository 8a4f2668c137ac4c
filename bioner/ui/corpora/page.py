"""The Corpora page: what is in the merged data, sentence by sentence, and how it came to be."""

from __future__ import annotations

import streamlit as st

from bioner.corpora.overview import Shelf
from bioner.ui.corpora.build import draw_builder
from bioner.ui.corpora.lens import draw_lens, draw_surfaces
from bioner.ui.corpora.mapping import draw_mapping
from bioner.ui.corpora.merge_report import draw_merge
from bioner.ui.corpora.more import draw_more
from bioner.ui.corpora.overview import draw_numbers, draw_overview
from bioner.ui.corpora.own import draw_own
from bioner.ui.corpora.sentences import draw_sentences
from bioner.ui.corpora.sources import draw_sources
from bioner.ui.merged import open_shelf
from bioner.ui.session import Session, choose_in_url, page_key

SECTIONS = {
    "overview": "Overview",
    "sentences": "Sentences",
    "surfaces": "Top mentions",
    "lens": "Disagreements",
    "mapping": "Mapping",
    "merge": "Merge",
    "more": "More corpora",
    "own": "Your own",
    "sources": "Sources",
}


def draw(session: Session) -> None:
    """Draw the page: the merged corpora or the sample, a part at a time, and what builds them."""
    st.title("Corpora")
    st.caption(
        "What the models learn from: every sentence, every label, and where each comes from."
    )
    shelf = open_shelf(session)
    is_sample = shelf is None or shelf.is_sample
    if is_sample:
        draw_builder(session, is_sample=True)
    if shelf is not None:
        draw_numbers(shelf)
        draw_section(choose_section(), session, shelf)
    if not is_sample:
        draw_builder(session, is_sample=False)


def choose_section() -> str:
    """Let a person choose a part of the page; return its name."""
    return choose_in_url("Part", SECTIONS, name="part", key=page_key("corpora_part"))


def draw_section(section: str, session: Session, shelf: Shelf) -> None:
    """Draw one part of the page."""
    if section == "sentences":
        draw_sentences(session, shelf)
    elif section == "surfaces":
        draw_surfaces(session, shelf)
    elif section == "lens":
        draw_lens(session, shelf)
    elif section == "mapping":
        draw_mapping(session, shelf)
    elif section == "merge":
        draw_merge(shelf)
    elif section == "more":
        draw_more(session)
    elif section == "own":
        draw_own(session)
    elif section == "sources":
        draw_sources(shelf)
    else:
        draw_overview(session, shelf)
