"""The Review page's work: take it out, in a format of the person's choice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import streamlit as st

from bioner import formats
from bioner.access import Action
from bioner.errors import BionerError
from bioner.formats.tally import Losses
from bioner.formats.writing import LOOKS_COMPLETE
from bioner.review.outgoing import Partly, outgoing
from bioner.spans import Document, Sentence
from bioner.store.values import ExportLayer
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.session import show_problem
from bioner.ui.words import LAYERS_SAID, capital


def draw_export(desk: Desk) -> None:
    """Draw what to take out and in which format, and the button that does."""
    layer = st.selectbox(
        "Which marks", get_args(ExportLayer), key="export_layer",
        format_func=lambda one: LAYERS_SAID[one],
        help="On the screen are corrections, where there are none gold labels, else predictions.",
    )  # fmt: skip
    only_reviewed = st.checkbox("Only reviewed sentences", value=True, key="export_reviewed")
    by_sentence = st.checkbox(
        "One record a sentence, with what was looked for in it", key="export_sentences",
        help="Accepted and corrected sentences only; “my test” is left out.",
    )  # fmt: skip
    format_ = st.selectbox(
        "Format", formats.WRITABLE, key="export_format", format_func=lambda one: formats.NAMES[one]
    )
    title = formats.NAMES[format_]
    partly: Partly = "leave" if only_reviewed else "keep"
    if format_ in LOOKS_COMPLETE and only_reviewed and not by_sentence:
        keeps = st.checkbox(
            "Also documents of which only some sentences are reviewed", key="export_partly",
            help=f"{title} cannot say which: the others would look reviewed.",
        )  # fmt: skip
        partly = "keep" if keeps else "leave"
    try:
        left = Losses(format_)
        found = export(
            desk, layer, only_reviewed=only_reviewed, by_sentence=by_sentence, losses=left
        )
        going = outgoing(found, format_, partly=partly)
        documents = going.documents
        data, report = formats.to_bytes(documents, format_)
    except BionerError as error:
        show_problem(error)
        return
    st.caption(
        f"{title}: {report.documents:,} record{'s' * (report.documents != 1)}, "
        f"{report.written:,} of {report.mentions:,} mentions."
    )
    for line in going.lines():
        st.caption(f":material/warning: {capital(line)}")
    for rule, count in left.lost.items():
        st.caption(f":material/warning: Left out: {count:,} × {rule.replace('_', ' ')}")
    for rule, count in report.lost.items():
        st.caption(f":material/warning: {title} cannot hold: {count:,} × {rule.replace('_', ' ')}")
    if not documents:
        st.caption(
            "Nothing to export yet: "
            + (
                "no sentence is reviewed. Untick “Only reviewed sentences” for all that is shown."
                if only_reviewed and not by_sentence
                else "add texts and review some sentences first."
            )
        )
    # A button of its own for each content: the one before cannot deliver under the new one's name.
    st.download_button(
        f"Download {title}",
        data,
        file_name=f"{desk.project.name}-{layer}{formats.SUFFIXES[format_]}".replace(" ", "-"),
        icon=":material/download:",
        **shut(desk, Action.EXPORT, disabled=not documents),
        on_click=_record,
        args=(desk, {"format": format_, "documents": report.documents, "marks": report.written}),
        key=f"export_do_{format_}_{hashlib.sha256(data).hexdigest()[:16]}",
    )


def _record(desk: Desk, facts: Mapping[str, object]) -> None:
    """Put on record that this was taken out, and by whom."""
    try:
        desk.store.record("export", project=desk.project.name, who=desk.reviewer, after=facts)
    except BionerError as error:
        show_problem(error)


def export(
    desk: Desk,
    layer: ExportLayer,
    *,
    only_reviewed: bool,
    by_sentence: bool,
    losses: Losses | None = None,
) -> list[Document]:
    """Return the documents to write, each with what its reviewers looked for.

    ``losses`` counts the relations whose mentions are not among them.
    """
    if by_sentence:
        return [as_document(one) for one in desk.store.corrections(desk.project.name)]
    return desk.store.export_documents(
        desk.project.name,
        layer=layer,
        only_reviewed=only_reviewed,
        with_covers=True,
        losses=losses,
    )


def as_document(sentence: Sentence) -> Document:
    """Return a reviewed sentence as a document of its own, its covers as an attribute."""
    from bioner.ui.snippets import sentence_mentions

    text = sentence.text
    return Document(
        sentence.id,
        text,
        tuple(replace(one, status="reviewed") for one in sentence_mentions(sentence)),
        ((0, len(text)),) if text else (),
        attributes=(("covers", ",".join(sorted(sentence.covers))),),
    )
