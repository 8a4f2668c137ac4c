"""The texts to be tagged: pasted, an example, uploaded, or kept in a project."""

from __future__ import annotations

import html

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review import kept_texts
from bioner.spans import Document, fingerprint
from bioner.text import split_document
from bioner.ui import cache
from bioner.ui.plain import plain
from bioner.ui.predict.memory import PredictMemory
from bioner.ui.predict.uploads import ENDINGS, read_upload
from bioner.ui.roles import shut
from bioner.ui.session import (
    Session,
    keep_in_url,
    page_link,
    show_problem,
    url_choice,
    url_text,
)
from bioner.ui.words import ago, many

LONGEST = 1_000_000
"""Characters of one text that the page takes; the command line takes any number."""


LONGEST_IN_ALL = 3_000_000
"""Characters of all uploaded texts that the page takes together."""


SOURCES = {
    "Paste": ":material/edit_note: Paste text",
    "Examples": ":material/article: Examples",
    "Files": ":material/upload_file: Upload files",
    "Folder": ":material/folder_open: A whole folder",
}


def choose_documents(session: Session) -> list[Document]:
    """Let a person paste a text, take an example or upload files; return what is to be tagged."""
    kept = url_text("kept")
    if kept:
        return _kept(session, kept)
    opening = "Examples" if url_text("example") else session.of(PredictMemory).source
    opening = url_choice("from", SOURCES, opening)
    source = st.segmented_control(
        "Text from",
        list(SOURCES),
        default=opening,
        key="predict_source",
        format_func=lambda name: SOURCES[name],
        label_visibility="collapsed",
        required=True,
    )
    session.of(PredictMemory).source = source
    keep_in_url(**{"from": source if source == "Folder" else ""})
    if source == "Folder":
        keep_in_url(example="")
        return []
    _draw_kept(session)
    if source == "Examples":
        return _choose_example(session)
    keep_in_url(example="")
    return _choose_files(session) if source == "Files" else _paste(session)


def _kept(session: Session, address: str) -> list[Document]:
    """Return the text that a link names, kept in a project; a button goes back to other texts."""
    project, is_in_project, name = address.partition("/")
    settings = session.settings
    left, right = st.columns([5, 1], vertical_alignment="center")
    if right.button("Other texts", key="predict_leave", icon=":material/close:"):
        keep_in_url(kept="")
        st.rerun()
    if not is_in_project:
        try:
            text = kept_texts.read(settings, address)
        except BionerError as error:
            show_problem(error)
            return []
        _say_kept(left, f"The text {text.name}, kept on this machine")
        return _checked(text.text, text.name)
    _say_kept(left, f"The text {name}, kept in the project {project}")
    try:
        store = session.store()
        for document in store.export_documents(project, layer="gold"):
            if document.id == name:
                return _checked(document.text, document.id)
    except BionerError as error:
        show_problem(error)
        return []
    st.error(
        f"The project has no text named {plain(repr(name))} any more: it may have been erased.",
        icon=":material/error:",
    )
    return []


def _say_kept(place: DeltaGenerator, where: str) -> None:
    place.html(f'<div class="bn-meta">{html.escape(where)}</div>')


def _draw_kept(session: Session) -> None:
    """Draw the texts that are kept to be linked to: each can be opened, or deleted for good."""
    found = kept_texts.list_kept(session.settings)
    if not found:
        return
    with st.expander(f"Kept texts ({len(found):,})", icon=":material/bookmark:", key="kept_texts"):
        st.caption("Kept for links on this machine. They are in no project and in no backup.")
        for one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"{one.name} · {len(one.text):,} characters · kept {ago(one.kept)}")
                page_link("Predict", label="Open", icon=":material/open_in_new:", kept=one.id)
                if st.button(
                    "Delete",
                    key=f"kept_delete_{one.id}",
                    icon=":material/delete:",
                    **shut(session, Action.ANNOTATE),
                ):
                    try:
                        kept_texts.delete(session.settings, one.id, actor=session.actor)
                    except BionerError as error:
                        show_problem(error)
                    else:
                        st.rerun()


def _paste(session: Session) -> list[Document]:
    linked = url_text("text", longest=LONGEST)
    if linked and not session.of(PredictMemory).text:
        session.of(PredictMemory).text = linked
    text = st.text_area(
        "Text",
        session.of(PredictMemory).text,
        height=170,
        key="predict_text",
        placeholder="Paste an abstract, a clinical note, a sentence …",
        label_visibility="collapsed",
    )
    asked = st.button(
        "Find entities",
        type="primary",
        icon=":material/search:",
        key="predict_go",
        shortcut="Mod+Enter",
    )
    session.of(PredictMemory).text = text
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
    name = st.pills(
        "Example",
        list(files),
        default=url_choice("example", files, next(iter(files))),
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
    from bioner.formats.registry import file_groups  # late: the formats are many

    documents: list[Document] = []
    given = 0
    for name, members in file_groups((one.name, one.getvalue()) for one in files):
        try:
            upload = read_upload(name, members)
        except BionerError as error:
            show_problem(error)
            continue
        for note in upload.notes:
            st.caption(f":material/info: {plain(note)}")
        given += sum(len(document.mentions) for document in upload.documents)
        for document in upload.documents:
            documents += _checked(document.text, document.id)
    if given:
        st.caption(
            f":material/info: {many(given, 'annotation')} came with the files: left out "
            "here, as this page shows what the model finds."
        )
    session.of(PredictMemory).uploads = documents
    return _not_too_many(documents)


def _files_from_before(session: Session) -> list[Document]:
    kept = session.of(PredictMemory).uploads
    if kept:
        st.caption(
            f"Still here from before: {many(len(kept), 'text')}. Upload others to replace them."
        )
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
            f"{plain(name)}: {len(text):,} characters are more than the {LONGEST:,} that this "
            "page takes "
            "at once; tag it with `python -m bioner tag FILE`, or paste a part of it.",
            icon=":material/error:",
        )
        return []
    return [split_document(text, id=name)]
