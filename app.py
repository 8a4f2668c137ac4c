"""Home: what is here, and what to do next."""

import streamlit as st

from bioner.ui.home import page as view
from bioner.ui.session import open_page

session = open_page("Home")
st.title("BioNER Studio")
st.caption(
    "Find biomedical entities in text, correct what is wrong, and train a better model from it."
)
state = view.read_state(session)
view.draw_problems(state)
view.draw_next(session, state)
view.draw_here(session, state)
view.draw_safety(session.settings, state)
