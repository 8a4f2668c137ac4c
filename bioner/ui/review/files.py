"""The Review page's texts: bring them in with or without predictions, take the work out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import streamlit as st

from bioner import formats
from bioner.corpora.foreign_labels import suggest_type
from bioner.errors import BionerError
from bioner.settings import Settings
from bioner.spans import Document, Sentence, Span
from bioner.store import Placement
from bioner.store.values import ExportLayer, Layer
from bioner.text import split_document
from bioner.ui import cache
from bioner.ui.ordering import order_queue
from bioner.ui.review.desk import Desk
from bioner.ui.session import Session, page_link, show_problem

LEAVE_OUT = "leave out"
LAYERS: Mapping[str, Layer] = {"predictions": "prediction", "gold": "gold"}


def draw_files(desk: Desk) -> None:
    """Draw what brings texts in and what takes them out."""
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Bring texts in")
        _draw_paste(desk)
        _draw_upload(desk)
        _draw_sample(desk)
    with right:
        st.subheader("Take the work out")
        _draw_export(desk)


def _draw_paste(desk: Desk) -> None:
    with st.form("paste", clear_on_submit=True):
        name = st.text_input("Name of the text", key="paste_name", placeholder="text-1")
        text = st.text_area("Text", key="paste_text", height=160)
        predict = st.checkbox(
            "Mark it with the model in use first", value=True, key="paste_predict"
        )
        if st.form_submit_button("Add the text", icon=":material/add:") and text.strip():
            number = desk.store.progress(desk.project.name).documents + 1
            document = split_document(text, id=name.strip() or f"text-{number}")
            _bring_in(desk, [document], predict=predict, source="pasted")


def _draw_sample(desk: Desk) -> None:
    texts = sorted((desk.session.settings.sample / "texts").glob("*.txt"))
    if texts and st.button(
        f"Add the {len(texts)} sample texts", key="add_sample", icon=":material/science:"
    ):
        found = [
            split_document(cache.text_of(str(path), cache.stamp(path)), id=path.stem)
            for path in texts
        ]
        _bring_in(desk, found, predict=True, source="sample")


def _draw_upload(desk: Desk) -> None:
    files = st.file_uploader(
        "Files: text, JSONL, CoNLL, PubTator, BioC, BRAT (.zip), spaCy, CSV",
        accept_multiple_files=True,
        key="review_files",
    )
    if not files:
        return
    results = []
    for file in files:
        try:
            results.append((file.name, formats.read_bytes(file.getvalue(), file.name)))
        except BionerError as error:
            show_problem(error)
    if not results:
        return
    read = sum(result.report.read for _, result in results)
    placed = sum(result.report.placed for _, result in results)
    count = sum(len(result.documents) for _, result in results)
    st.caption(f"{count:,} texts; {placed:,} of {read:,} annotations could be placed.")
    for name, result in results:
        _draw_losses(name, result.report)
    labels = sum((result.report.labels for _, result in results), Counter[str]())
    mapping = _map_labels(desk, labels)
    layer = "predictions"
    if placed:
        layer = str(
            st.radio(
                "The marks in these files are",
                list(LAYERS),
                key="upload_layer",
                horizontal=True,
                help="Predictions wait to be corrected; gold is shown as such, and kept apart.",
            )
        )
    predict = st.checkbox(
        "Mark them with the model in use too", value=not placed, key="upload_predict"
    )
    if st.button("Bring them in", key="upload_do", type="primary", icon=":material/upload:"):
        for name, result in results:
            sentences = [_with_labels(one, mapping) for one in result.sentences]
            documents = [
                replace(
                    one,
                    mentions=tuple(
                        replace(m, label=mapping[m.label], source_label=m.source_label or m.label)
                        for m in one.mentions
                        if mapping[m.label] != LEAVE_OUT
                    ),
                )
                for one in result.documents
            ]
            _bring_in(desk, documents, sentences, layer=LAYERS[layer], predict=predict, source=name)


def _with_labels(one: Sentence, mapping: Mapping[str, str]) -> Sentence:
    def changed(spans: Sequence[Span]) -> tuple[Span, ...]:
        return tuple(
            replace(span, label=mapping[span.label], source_label=span.source_label or span.label)
            for span in spans
            if mapping[span.label] != LEAVE_OUT
        )

    return replace(one, spans=changed(one.spans), readings=changed(one.readings))


def _draw_losses(name: str, report: formats.ReadReport) -> None:
    said = [f"{count} × {rule.replace('_', ' ')}" for rule, count in report.rejections.items()]
    if said:
        st.warning(f"{name}: not placed: {', '.join(said)}", icon=":material/warning:")
    for line in report.examples[:5]:
        st.text(line)


def _map_labels(desk: Desk, labels: Counter[str]) -> dict[str, str]:
    """Ask what the file's own labels mean here; ours stand for themselves."""
    types = list(desk.project.types)
    mapping = {label: label for label in labels if label in types}
    foreign = sorted(set(labels) - set(types))
    if foreign:
        st.caption("These labels are not types of the project. What do they mean here?")
    for label in foreign:
        choices = [*types, LEAVE_OUT]
        guess = suggest_type(label, desk.session.schema)
        mapping[label] = str(
            st.selectbox(
                f"{label} ({labels[label]:,})",
                choices,
                index=choices.index(guess) if guess in choices else len(types),
                key=f"label_{label}",
            )
        )
    return mapping


def _bring_in(
    desk: Desk,
    documents: Sequence[Document],
    sentences: Sequence[Sentence] = (),
    *,
    layer: Layer = "prediction",
    predict: bool,
    source: str,
) -> None:
    """Place the texts with their marks, then the model's; say what became of each."""
    fingerprint = desk.session.schema.fingerprint
    name = desk.project.name
    tagged: Sequence[Document] = ()
    is_bare = not sentences and not any(one.mentions for one in documents)
    by = "" if is_bare else source
    try:
        if sentences:
            report = desk.store.import_sentences(
                name, sentences, as_layer=layer, model=by, schema=fingerprint, source=source
            )
        else:
            report = desk.store.import_documents(
                name, documents, as_layer=layer, model=by, schema=fingerprint, source=source
            )
        _say(report)
        if predict:
            tagged, model = tag(desk.session, documents)
            if tagged:
                report = desk.store.import_documents(
                    name, tagged, model=model, schema=fingerprint, source=source
                )
                st.info(
                    f"{model} marked {report.mentions_placed:,} mentions.",
                    icon=":material/ink_highlighter:",
                )
    except BionerError as error:
        show_problem(error)
        return
    ids = [one.id for one in sentences or documents]
    refused = {one.document for one in report.rejects}
    known = [one for one in tagged if one.id not in refused]
    order_queue(desk.session, desk.store, name, ids, tagged=known)
    desk.memory.place = ""
    st.success("Ready: choose “Correct” above.", icon=":material/task_alt:")


def tag(session: Session, documents: Sequence[Document]) -> tuple[list[Document], str]:
    """Tag texts with the model in use; nothing, and a hint, where there is no model."""
    from bioner.models.catalogue import active_model

    settings: Settings = session.settings
    name = session.model or active_model(settings)
    entry = next((one for one in cache.models(settings) if one.name == name), None)
    if entry is None or entry.problem:
        st.warning(
            f"No usable model named {name}: the texts come without predictions.",
            icon=":material/model_training:",
        )
        page_link("Train")
        return [], ""
    bare = [replace(one, mentions=()) for one in documents]
    bar = st.progress(0.0, text="Marking …")

    def show(done: int, total: int) -> None:
        bar.progress(done / max(1, total), text=f"{done:,} of {total:,} sentences")

    device = settings.device
    tagged = cache.tag_documents(bare, entry, device, progress=show)
    bar.empty()
    return tagged, entry.name


def _say(report: Placement) -> None:
    st.info(
        f"{report.documents_in:,} texts in, {report.documents_placed:,} placed "
        f"({report.test_documents:,} set aside as “my test”); {report.mentions_in:,} mentions in, "
        f"{report.mentions_placed:,} placed; {report.items:,} sentences"
        + (f", {report.joined:,} joined because a mention crosses them." if report.joined else "."),
        icon=":material/move_to_inbox:",
    )
    if report.rejects:
        st.dataframe(
            {
                "Text": [one.document for one in report.rejects],
                "What": [one.what for one in report.rejects],
                "Why not": [one.reason for one in report.rejects],
            },
            hide_index=True,
            key=f"rejects_{report.documents_in}_{len(report.rejects)}",
        )


def _draw_export(desk: Desk) -> None:
    layer = st.selectbox(
        "What", get_args(ExportLayer), key="export_layer",
        help="“shown”: corrections, else gold, else predictions, as on the screen.",
    )  # fmt: skip
    only_reviewed = st.checkbox("Only reviewed sentences", value=True, key="export_reviewed")
    by_sentence = st.checkbox(
        "One record a sentence, with what was looked for in it", key="export_sentences",
        help="Accepted and corrected sentences only; “my test” is left out.",
    )  # fmt: skip
    format_ = st.selectbox("Format", formats.WRITABLE, key="export_format")
    try:
        documents = export(desk, layer, only_reviewed=only_reviewed, by_sentence=by_sentence)
        data, report = formats.to_bytes(documents, format_)
    except BionerError as error:
        show_problem(error)
        return
    st.caption(
        f"{format_}: {report.documents:,} record{'s' * (report.documents != 1)}, "
        f"{report.written:,} of {report.mentions:,} mentions."
    )
    for rule, count in report.lost.items():
        st.caption(
            f":material/warning: {format_} cannot hold: {count:,} × {rule.replace('_', ' ')}"
        )
    if not documents:
        st.caption(
            "Nothing to take out yet: "
            + (
                "no sentence is reviewed. Untick “Only reviewed sentences” for all that is shown."
                if only_reviewed and not by_sentence
                else "bring texts in and review some sentences first."
            )
        )
    # A button of its own for each content: the one before cannot deliver under the new one's name.
    st.download_button(
        f"Download {format_}",
        data,
        file_name=f"{desk.project.name}-{layer}{formats.SUFFIXES[format_]}".replace(" ", "-"),
        icon=":material/download:",
        disabled=not documents,
        on_click="ignore",
        key=f"export_do_{format_}_{hashlib.sha256(data).hexdigest()[:16]}",
    )


def export(
    desk: Desk, layer: ExportLayer, *, only_reviewed: bool, by_sentence: bool
) -> list[Document]:
    """Return the documents to write, each with what its reviewers looked for."""
    if by_sentence:
        return [as_document(one) for one in desk.store.corrections(desk.project.name)]
    return desk.store.export_documents(
        desk.project.name, layer=layer, only_reviewed=only_reviewed, with_covers=True
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
