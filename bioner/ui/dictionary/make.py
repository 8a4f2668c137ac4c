"""Making a dictionary on the page: of a project's texts, of files, of the sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st

from bioner import formats
from bioner.access import Action
from bioner.corpora.concepts import read_vocabulary, vocabulary_names
from bioner.errors import BionerError
from bioner.review.dictionary import dictionary_path
from bioner.review.dictionary_build import Built, build_dictionary
from bioner.review.dictionary_texts import tagged
from bioner.spans import Document
from bioner.text import split_document
from bioner.ui import cache
from bioner.ui.intake import progress_bar, tagging_of
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, show_problem
from bioner.ui.words import many

SAMPLE, FILES, PROJECT = "The sample texts", "Files", "A project's texts"
MODEL, OWN = "The model's", "Those that the texts have"


def draw_make(session: Session) -> None:
    """Draw what a dictionary can be made of, and make it."""
    st.subheader("Make a dictionary")
    store = session.store()
    projects = [one.name for one in store.projects()]
    kinds = [SAMPLE, FILES, *([PROJECT] if projects else [])]
    kind = st.radio("Texts", kinds, key="dictionary_texts", horizontal=True)
    project, uploads = "", []
    if kind == PROJECT:
        project = st.selectbox("Project", projects, key="dictionary_project")
    elif kind == FILES:
        uploads = st.file_uploader(
            "Files, with or without marks",
            accept_multiple_files=True,
            key="dictionary_files",
            help=", ".join(["Plain text", *formats.NAMES.values()]),
        )
    marks = st.radio(
        "Marks",
        [MODEL, OWN],
        key="dictionary_marks_project" if kind == PROJECT else "dictionary_marks",
        horizontal=True,
        index=1 if kind == PROJECT else 0,
        help="Of a project: what the reviewer sees, corrected where somebody corrected it.",
    )
    vocabularies = vocabulary_names(session.settings)
    vocabulary = None
    if vocabularies:
        vocabulary = st.selectbox(
            "Vocabulary", vocabularies, index=None, key="dictionary_vocabulary_new",
            format_func=plain_label, placeholder="none",
            help="Spellings that are the name of one concept alone get its identifier, and the "
            "names of one concept become one term.",
        )  # fmt: skip
    name = st.text_input("Name", key="dictionary_new", max_chars=80, value="dictionary")
    is_ready = kind != FILES or bool(uploads)
    closed = shut(session, Action.DICTIONARY, disabled=not is_ready)
    pressed = st.button("Make it", key="dictionary_make", icon=":material/menu_book:", **closed)
    st.caption(
        "For more texts than a page takes: `python -m bioner dictionary build FOLDER --name …`; "
        "it reads a text at a time, however many there are."
    )
    if not pressed:
        return
    try:
        if kind == PROJECT:
            texts = store.export_documents(project)
        elif kind == FILES:
            texts = _uploaded([(one.name, one.getvalue()) for one in uploads])
        else:
            texts = _sample(session)
        source = project or ", ".join(one.name for one in uploads) or "the sample texts"
        built = _build(
            session,
            name,
            texts,
            source=source,
            project=project,
            own=marks == OWN,
            vocabulary=vocabulary or "",
        )
    except BionerError as error:
        show_problem(error)
        return
    if built is not None:
        _say(name, built)


def _build(
    session: Session,
    name: str,
    texts: Sequence[Document],
    *,
    source: str,
    project: str,
    own: bool,
    vocabulary: str,
) -> Built | None:
    path = dictionary_path(session.settings, name)
    with progress_bar() as heard:
        documents: Iterator[Document] = iter(texts)
        model = ""
        if not own:
            tagging = tagging_of(session, project)
            if tagging is None:
                return None
            model, tag = tagging.model, tagging.tag
            documents = tagged(documents, lambda some: tag(some, heard))
        return build_dictionary(
            path,
            documents,
            source=source,
            model=model,
            vocabulary=read_vocabulary(session.settings, vocabulary),
            actor=session.actor,
            on_progress=heard,
        )


def _uploaded(files: Sequence[tuple[str, bytes]]) -> list[Document]:
    """Read the files; what of each was not used is said."""
    found: list[Document] = []
    for name, result in formats.read_files(files):
        for line in list(result.report.receipt().lines())[1:]:
            st.text(f"{name}: {line}")
        found += result.documents
    return found


def _sample(session: Session) -> list[Document]:
    paths = sorted((session.settings.sample / "texts").glob("*.txt"))
    return [split_document(cache.text_of(str(one), cache.stamp(one)), id=one.stem) for one in paths]


def _say(name: str, built: Built) -> None:
    st.success(
        plain(f"{name}: {many(built.terms, 'term')}, {many(built.forms, 'spelling')}."),
        icon=":material/check:",
    )
    st.text(
        f"{many(built.texts, 'text')} in: {built.documents:,} used, {built.repeated:,} repeated, "
        f"{built.empty:,} empty. {many(built.marks, 'mark')} in: {built.mentions:,} used, "
        f"{built.repeated_marks:,} of repeated texts, {built.left_out:,} too long for a name or "
        "without a letter."
    )
    if built.stale:
        st.text(f"{built.stale:,} former decisions speak of terms that these texts do not yield.")
    if st.button("Show its terms", key="dictionary_shown"):
        st.rerun()
