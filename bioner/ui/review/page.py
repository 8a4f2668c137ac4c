"""The Review page: correct predictions, lose nothing; texts in and out, reviewers compared."""

from __future__ import annotations

import streamlit as st

from bioner.ui.review.compare import draw_comparison
from bioner.ui.review.correct import draw_desk
from bioner.ui.review.decide import draw_decide
from bioner.ui.review.documents import draw_documents
from bioner.ui.review.files import draw_files
from bioner.ui.review.project import draw_project
from bioner.ui.review.setup import open_desk
from bioner.ui.review.suggest import draw_suggest
from bioner.ui.session import Session

DRAW = {
    "Correct": draw_desk,
    "Decide": draw_decide,
    "Documents": draw_documents,
    "Suggest": draw_suggest,
    "Texts": draw_files,
    "Compare": draw_comparison,
    "Project": draw_project,
}


def draw(session: Session) -> None:
    """Draw the page: the choice of project and part, then that part."""
    st.title("Review")
    opened = open_desk(session)
    if opened is not None:
        desk, part = opened
        DRAW[part](desk)
