"""Train: launch, watch, stop and resume fine-tuning runs; compare them; choose the model in use."""

import streamlit as st

from bioner.errors import BionerError
from bioner.jobs import launch
from bioner.ui.session import open_page, show_problem
from bioner.ui.train import page as view
from bioner.ui.train.form import draw_form
from bioner.ui.train.models import draw_models

session = open_page("Train")
st.title("Train")
st.caption("Teach an encoder to find entities. A run goes on when this tab or the app is closed.")

found = launch.list_jobs(session.settings)
shown = view.choose_view(session, found)
if shown == "new":
    spec = draw_form(session)
    if spec is not None:
        try:
            job = launch.launch(spec, session.settings)
        except BionerError as error:
            show_problem(error)
        else:
            view.go_to_job(session, job)
elif shown == "runs":
    view.draw_runs(session, found)
elif shown == "compare":
    view.draw_comparison(session, found)
else:
    draw_models(session)
