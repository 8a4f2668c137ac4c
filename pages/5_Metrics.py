"""Metrics: how good a model is, where it errs, and whether another one is better."""

import streamlit as st

from bioner.ui.metrics import page as view
from bioner.ui.session import open_page

session = open_page("Metrics")
st.title("Metrics")
st.caption("How good a model is, by type and by corpus; its mistakes; and the proof of progress.")

entry = view.choose_model(session)
if entry is not None:
    shown, data = view.open_scores(session, entry)
    view.draw_view(view.choose_view(), session, shown, data)
