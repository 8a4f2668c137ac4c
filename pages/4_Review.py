"""Review: correct predictions, lose nothing; texts in and out, reviewers compared."""

import streamlit as st

from bioner.ui.review.compare import draw_comparison
from bioner.ui.review.files import draw_files
from bioner.ui.review.page import draw_desk
from bioner.ui.review.project import draw_project
from bioner.ui.review.setup import open_desk
from bioner.ui.session import open_page

DRAW = {
    "Correct": draw_desk,
    "Texts": draw_files,
    "Compare": draw_comparison,
    "Project": draw_project,
}

session = open_page("Review")
st.title("Review")
opened = open_desk(session)
if opened is not None:
    desk, part = opened
    DRAW[part](desk)
