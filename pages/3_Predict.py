"""Predict: text or files in, highlighted entities out."""

import streamlit as st

from bioner.ui.predict import page as view
from bioner.ui.predict import results as results_view
from bioner.ui.predict.actions import draw_actions, explain
from bioner.ui.predict.reading import in_view
from bioner.ui.session import open_page

session = open_page("Predict")
st.title("Predict")
st.caption("Find genes, chemicals, diseases and ten other kinds of entity in your own text.")

entries = view.choose_models(session)
documents = view.choose_documents(session) if entries else []
results, seconds = view.tag(documents, entries, session.settings.device) if documents else ([], 0.0)
if results:
    names = [entry.name for entry in entries][: len(results)]
    st.divider()
    place = view.choose_document(results)
    chosen = [of_model[place] for of_model in results]
    shown = view.choose_view(session.schema)
    seen = [in_view(document, session.schema, shown) for document in chosen]
    shown = view.choose_labels(seen, session.schema, shown)
    seen = [results_view.within_view(document, session.schema, shown) for document in chosen]
    told = results_view.summary(seen[0], names[0], seconds) if len(seen) == 1 else ""
    draw_actions(session, results[0], place, entries[0], shown, told)
    results_view.draw_reading(session, chosen, names, shown, explain(session))
    titles = ["Mentions", "Chart"] if len(seen) == 1 else ["Differences", "Mentions", "Chart"]
    tabs = dict(zip(titles, st.tabs(titles), strict=True))
    if "Differences" in tabs:
        with tabs["Differences"]:
            results_view.draw_differences(seen, names)
    with tabs["Mentions"]:
        results_view.draw_table(session, seen[0])
    with tabs["Chart"]:
        results_view.draw_chart(seen[:1], session.schema)
