"""Corpora: browse the merged corpora, their labels and how they were merged."""

import streamlit as st

from bioner.ui.corpora import page as view
from bioner.ui.corpora.build import draw_builder
from bioner.ui.session import open_page

session = open_page("Corpora")
st.title("Corpora")
st.caption("What the models learn from: every sentence, every label, and where each comes from.")

shelf = view.open_shelf(session)
is_sample = shelf is None or shelf.is_sample
if is_sample:
    draw_builder(session, is_sample=True)
if shelf is not None:
    view.draw_numbers(shelf)
    view.draw_section(view.choose_section(), session, shelf)
if not is_sample:
    draw_builder(session, is_sample=False)
