"""The Predict page's choices and drawings: models and texts in, marked entities out."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bioner.errors import BionerError
from bioner.labels import LabelSchema
from bioner.models.catalogue import ModelEntry, active_model
from bioner.spans import Document, fingerprint
from bioner.text import split_document
from bioner.ui import cache
from bioner.ui.highlight import color_of
from bioner.ui.models import model_label
from bioner.ui.predict.reading import View, label_counts
from bioner.ui.predict.uploads import ENDINGS, read_upload
from bioner.ui.session import Session, keep_in_url, page_link, show_problem

LONGEST = 1_000_000
"""Characters of one text that the page takes; the command line takes any number."""
LONGEST_IN_ALL = 3_000_000
"""Characters of all uploaded texts that the page takes together."""
NO_MODEL = "No other model"
SOURCES = {
    "Paste": ":material/edit_note: Paste text",
    "Examples": ":material/article: Examples",
    "Files": ":material/upload_file: Upload files",
}


def choose_models(session: Session) -> list[ModelEntry]:
    """Let a person choose one model, or two to compare; empty if there is none that can tag."""
    entries = cache.models(session.settings)
    usable = {entry.name: entry for entry in entries if entry.can_tag}
    for entry in entries:
        if entry.problem:
            st.error(f"Model {entry.name}: {entry.problem}", icon=":material/error:")
    if not usable:
        st.info(
            "There is no model here that can mark entities: train one, or put a model folder into "
            f"{session.settings.models}.",
            icon=":material/model_training:",
        )
        page_link("Train", label="Train a model")
        return []
    names = list(usable)
    asked = st.query_params.get("model", "")
    if asked and asked not in usable:
        st.error(
            f"There is no usable model named {asked!r}: choose one of those below.",
            icon=":material/error:",
        )
    preferred = (asked, session.model, active_model(session.settings), names[0])
    first_name = next(name for name in preferred if name in usable)
    left, right = st.columns(2)
    first = left.selectbox(
        "Model",
        names,
        index=names.index(first_name),
        key="predict_model",
        format_func=lambda name: model_label(usable[name]),
    )
    others = [NO_MODEL, *(name for name in names if name != first)]
    against = st.query_params.get("against", NO_MODEL)
    second = right.selectbox(
        "Compare with",
        others,
        index=others.index(against) if against in others else 0,
        key="predict_against",
        disabled=len(names) < 2,
        help="Tag the text with a second model too, and mark where the two differ.",
    )
    session.model = first
    is_plain = first == active_model(session.settings)
    keep_in_url(model="" if is_plain else first, against="" if second == NO_MODEL else second)
    return [usable[name] for name in (first, second) if name != NO_MODEL]


def choose_documents(session: Session) -> list[Document]:
    """Let a person paste a text, take an example or upload files; return what is to be tagged."""
    kept = st.query_params.get("kept", "")
    if kept:
        return _kept(session, kept)
    opening = (
        "Examples" if "example" in st.query_params else session.recall("predict.source", "Paste")
    )
    source = st.segmented_control(
        "Text from",
        list(SOURCES),
        default=opening,
        key="predict_source",
        format_func=lambda name: SOURCES[name],
        label_visibility="collapsed",
        required=True,
    )
    session.memory["predict.source"] = source
    if source == "Examples":
        return _choose_example(session)
    keep_in_url(example="")
    return _choose_files(session) if source == "Files" else _paste(session)


def _kept(session: Session, address: str) -> list[Document]:
    """Return the text that a link names, kept in a project; a button goes back to other texts."""
    project, _, name = address.partition("/")
    settings = session.settings
    left, right = st.columns([5, 1], vertical_alignment="center")
    where = html.escape(f"The text {name}, kept in the project {project}")
    left.html(f'<div class="bn-meta">{where}</div>')
    if right.button("Other texts", key="predict_leave", icon=":material/close:"):
        keep_in_url(kept="")
        st.rerun()
    try:
        store = cache.store(settings.database_url, str(settings.backups))
        for document in store.export_documents(project, layer="gold"):
            if document.id == name:
                return _checked(document.text, document.id)
    except BionerError as error:
        show_problem(error)
        return []
    st.error(
        f"The project has no text named {name!r} any more: it may have been erased.",
        icon=":material/error:",
    )
    return []


def _paste(session: Session) -> list[Document]:
    linked = st.query_params.get("text", "")
    if linked and not session.recall("predict.text"):
        session.memory["predict.text"] = linked
    text = st.text_area(
        "Text",
        session.recall("predict.text"),
        height=170,
        key="predict_text",
        placeholder="Paste an abstract, a clinical note, a sentence …",
        label_visibility="collapsed",
    )
    asked = st.button("Find entities", type="primary", icon=":material/search:", key="predict_go")
    session.memory["predict.text"] = text
    if text != linked:
        keep_in_url(text="")
    if asked and not text.strip():
        st.error(
            "There is no text to read: paste some above, or take one of the examples.",
            icon=":material/error:",
        )
    return _checked(text, f"pasted-{fingerprint([text])[:8]}")


def _choose_example(session: Session) -> list[Document]:
    files = {file.stem: file for file in sorted((session.settings.sample / "texts").glob("*.txt"))}
    if not files:
        st.info("No example texts came with this installation: paste a text instead.")
        return []
    asked = st.query_params.get("example", "")
    name = st.pills(
        "Example",
        list(files),
        default=asked if asked in files else next(iter(files)),
        key="predict_example",
        format_func=lambda stem: stem.replace("-", " ").capitalize(),
        label_visibility="collapsed",
        required=True,
    )
    keep_in_url(example=str(name))
    return _checked(cache.text_of(str(files[str(name)]), cache.stamp(files[str(name)])), str(name))


def _choose_files(session: Session) -> list[Document]:
    files = st.file_uploader(
        "Files",
        accept_multiple_files=True,
        key="predict_files",
        help=f"Any of {ENDINGS}; the format is told from name and content.",
        label_visibility="collapsed",
    )
    if not files:
        return _files_from_before(session)
    documents: list[Document] = []
    given = 0
    for file in files:
        try:
            upload = read_upload(file.name, file.getvalue())
        except BionerError as error:
            show_problem(error)
            continue
        for note in upload.notes:
            st.caption(f":material/info: {note}")
        given += sum(len(document.mentions) for document in upload.documents)
        for document in upload.documents:
            documents += _checked(document.text, document.id)
    if given:
        st.caption(
            f":material/info: {given:,} annotations came with the files. They are left out here: "
            "this page shows what the model finds."
        )
    session.memory["predict.uploads"] = documents
    return _not_too_many(documents)


def _files_from_before(session: Session) -> list[Document]:
    kept = session.memory.get("predict.uploads")
    if isinstance(kept, list) and kept:
        st.caption(f"Still here from before: {len(kept):,} texts. Upload others to replace them.")
        return list(kept)
    st.caption(f"Text or annotated files: {ENDINGS}")
    return []


def _not_too_many(documents: list[Document]) -> list[Document]:
    total = 0
    for i, document in enumerate(documents):
        total += len(document.text)
        if total > LONGEST_IN_ALL:
            st.error(
                f"Only the first {i:,} of {len(documents):,} texts are tagged here: more than "
                f"{LONGEST_IN_ALL:,} characters in all; tag the rest with "
                "`python -m bioner tag FILE`.",
                icon=":material/error:",
            )
            return documents[:i]
    return documents


def _checked(text: str, name: str) -> list[Document]:
    if not text.strip():
        return []
    if len(text) > LONGEST:
        st.error(
            f"{name}: {len(text):,} characters are more than the {LONGEST:,} that this page takes "
            "at once; tag it with `python -m bioner tag FILE`, or paste a part of it.",
            icon=":material/error:",
        )
        return []
    return [split_document(text, id=name)]


def tag(
    documents: Sequence[Document], entries: Sequence[ModelEntry], device: cache.Device
) -> tuple[list[list[Document]], float]:
    """Tag the documents with each model; one that fails says so and is left out."""
    began = time.perf_counter()
    results: list[list[Document]] = []
    bar = st.empty()
    for entry in entries:

        def progress(done: int, total: int, name: str = entry.name) -> None:
            bar.progress(done / max(1, total), f"{name}: {done:,} of {total:,} sentences")

        try:
            results.append(cache.tag_documents(documents, entry, device, progress=progress))
        except BionerError as error:
            show_problem(error)
    bar.empty()
    return results, time.perf_counter() - began


def choose_document(results: Sequence[Sequence[Document]]) -> int:
    """Let a person choose which of several tagged texts to read; return its place."""
    documents = results[0]
    if len(documents) == 1:
        return 0
    asked = st.query_params.get("n", "1")
    place = int(asked) - 1 if asked.isdigit() and 0 < int(asked) <= len(documents) else 0
    chosen = st.selectbox(
        f"Text (of {len(documents):,})",
        range(len(documents)),
        index=place,
        key="predict_document",
        format_func=lambda i: f"{documents[i].id} · {len(documents[i].mentions)} mentions",
    )
    keep_in_url(n=str(chosen + 1) if chosen else "")
    return int(chosen)


def choose_view(schema: LabelSchema) -> View:
    """Let a person choose types or groups, the threshold and the confidence colouring."""
    params = st.query_params
    left, middle, right = st.columns([2, 3, 2], vertical_alignment="bottom")
    numbers = {"types": schema.names, "groups": tuple(schema.groups)}
    coarse = left.segmented_control(
        "Show",
        ["types", "groups"],
        default="groups" if params.get("view") == "groups" else "types",
        key="predict_view",
        format_func=lambda name: f"{len(numbers[name])} {name}",
        help="Groups put together the types that corpora themselves do not tell apart, "
        "such as gene and protein.",
        required=True,
    )
    opening = params.get("sure", "0")
    least = middle.slider(
        "At least this sure",
        0,
        100,
        int(opening) if opening.isdigit() and int(opening) <= 100 else 0,
        step=5,
        format="%d%%",
        key="predict_sure",
        help="Mentions that the model is less sure of are left out.",
    )
    heat = right.toggle(
        "Show how sure",
        params.get("heat") == "1",
        key="predict_heat",
        help="Paler and dashed or dotted: less sure (dashed below 90 %, dotted below 60 %).",
    )
    is_coarse = coarse == "groups"
    keep_in_url(
        view="groups" if is_coarse else "",
        sure=str(least) if least else "",
        heat="1" if heat else "",
    )
    return View(is_coarse, least / 100, has_heat=bool(heat))


def choose_labels(documents: Sequence[Document], schema: LabelSchema, view: View) -> View:
    """Draw the legend, each label with its colour and counts; hide what is switched off."""
    counts = label_counts(documents, schema)
    if not counts:
        return view
    by_document = [label_counts([document], schema) for document in documents]
    told = {label: " / ".join(f"{one.get(label, 0):,}" for one in by_document) for label in counts}
    asked = set(st.query_params.get("hide", "").split(",")) & set(counts)
    key = "predict_legend_" + "_".join(sorted(counts))
    draw_legend_colors(list(counts), schema)
    with st.container(key="legend"):
        shown = st.pills(
            "Legend",
            list(counts),
            selection_mode="multi",
            default=[label for label in counts if label not in asked],
            key=key,
            format_func=lambda label: f"{label} {told[label]}",
            label_visibility="collapsed",
            help="Click a type to leave it out or take it back in.",
        )
    hidden = frozenset(set(counts) - set(shown or ()))
    keep_in_url(hide=",".join(sorted(hidden)))
    return replace(view, hidden=hidden)


def draw_legend_colors(labels: Sequence[str], schema: LabelSchema) -> None:
    """Give each button of the legend its label's colour."""
    rules = "".join(
        f".st-key-legend button:nth-of-type({i}){{--c:{color_of(schema, label)}}}"
        for i, label in enumerate(labels, 1)
    )
    st.html(f"<style>{rules}</style>")
