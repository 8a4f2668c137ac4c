"""The Corpora page's part for a corpus of one's own: upload, map, say what was looked for, add."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from bioner.access import Action
from bioner.corpora.adding import Preview, add_corpus, corpus_id, remove_corpus
from bioner.corpora.foreign_labels import suggest_types
from bioner.corpora.own import (
    OwnCorpus,
    frozen_version,
    own_folders,
    read_own_description,
)
from bioner.corpora.splits import SPLIT_BY, SplitBy, split_sentences
from bioner.errors import BionerError
from bioner.formats import NAMES, READABLE
from bioner.labels import IGNORE
from bioner.ui import cache
from bioner.ui.corpora.memory import CorporaMemory
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, show_problem
from bioner.ui.snippets import sentence_html
from bioner.ui.words import many

EXAMPLES = 5
FORMATS = {
    "": "told from the files",
    "pubmed": "PubMed XML",
    "pmc": "PMC XML",
    "parquet": "Parquet",
    **NAMES,
}
"""The formats' names for a person."""
SPLITS_TOLD: dict[SplitBy, str] = {"names": "as the files are named", "hash": "shared out"}
COVERS = "own_covers"
_FOLLOWED = "own_covers_followed"
"""Session state: the types of the file's labels by which the choice was last brought up to date."""


def draw_own(session: Session) -> None:
    """Draw the corpora of one's own and the steps that add another."""
    told = session.of(CorporaMemory).added
    if told:
        st.success(plain(told), icon=":material/check:")
        session.of(CorporaMemory).added = ""
    _draw_present(session)
    st.markdown("**Add a corpus**")
    files = st.file_uploader(
        "Annotated files",
        accept_multiple_files=True,
        key=f"own_files_{session.of(CorporaMemory).own_round}",
        help=", ".join(NAMES.values()) + ".",
    )
    st.caption("Text files in UTF-8; several files are read as one corpus.")
    if not files:
        st.caption(
            "Your own labelled texts are merged with the ten corpora, trained on and scored like "
            "them. They stay on this machine, in your data folder."
        )
        return
    format = st.selectbox(
        "Format",
        ["", *(name for name in READABLE if name not in ("txt", "csv"))],
        key="own_format",
        format_func=lambda name: FORMATS.get(name, name),
        width=420,
    )
    try:
        ids = tuple(file.file_id for file in files)
        preview = cache.corpus_preview(ids, format, files)
    except BionerError as error:
        show_problem(error)
        return
    _draw_preview(session, preview)
    _draw_form(session, preview, files[0].name)


def _draw_present(session: Session) -> None:
    for folder in own_folders(session.settings):
        try:
            own = read_own_description(folder)
        except BionerError as error:
            show_problem(error)
            continue
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.text(own.title, width="stretch")
            version = frozen_version(folder)
            made = f"version {version}, from a project; " if version else ""
            st.caption(f"{made}looked for {', '.join(own.covers)}")
            with st.popover("Remove", icon=":material/delete:"):
                st.caption("Deletes it from your data folder. Build the corpora again afterwards.")
                if st.button(
                    "Remove it", key=f"own_remove_{own.id}", **shut(session, Action.CORPORA)
                ):
                    remove = partial(remove_corpus, session.settings, own.id, actor=session.actor)
                    _apply(session, remove, f"{own.title} is removed.")


def _draw_preview(session: Session, preview: Preview) -> None:
    one, two, three = st.columns(3)
    one.metric("Texts", f"{preview.documents:,}")
    two.metric("Sentences", f"{len(preview.sentences):,}")
    three.metric("Mentions", f"{preview.labels.total():,}")
    receipt = preview.receipt
    number = (receipt.rejected + receipt.repaired + receipt.unread).total()
    if number:
        with st.expander(f"Repaired, left out or not used while reading: {number:,}"):
            for line in (*receipt.lines(), *receipt.examples):
                st.text(line)
    marked = [one for one in preview.sentences if one.spans][:EXAMPLES]
    bodies = (sentence_html(one, session.schema) for one in marked)
    st.html("".join(f'<div class="bn-card">{body}</div>' for body in bodies))


def _draw_form(session: Session, preview: Preview, name: str) -> None:
    schema = session.schema
    title = st.text_input("Name", name.rsplit(".", 1)[0], key="own_title", width=420)
    suggested = suggest_types(preview.labels, schema)
    labels = [*schema.names, IGNORE]
    st.markdown("**What its labels are**")
    types: dict[str, str] = {}
    for label, number in preview.labels.most_common():
        types[label] = st.selectbox(
            f"{plain_label(label)} ({many(number, 'mention')}) is",
            labels,
            index=labels.index(suggested[label]),
            format_func=lambda one: "none of these: leave it open" if one == IGNORE else one,
            key=f"own_type_{label}",
            width=420,
        )
    unknown = [label for label in types if types[label] == suggested[label] == IGNORE]
    if unknown:
        st.info(
            f"Not known here: {plain(', '.join(unknown))}. Say above what each is; left open, it "
            "is no evidence for or against any type.",
            icon=":material/help:",
        )
    present = [name for name in schema.names if name in types.values()]
    _follow_types(present)
    covers = st.pills(
        "What its annotators looked for everywhere",
        schema.names,
        selection_mode="multi",
        key=COVERS,
        help="Only for these is an unmarked word evidence that there is none.",
    )
    half = OwnCorpus("", title, tuple(covers), types).half_marked
    if covers and half:
        st.caption(
            f"{plain(', '.join(half))}: marked, and not looked for everywhere, so that an unmarked "
            "word is no evidence against it."
        )
    licence = st.text_input("Licence", key="own_licence", width=420, placeholder="own data")
    by = _choose_splits(preview)
    if not st.button(
        "Add this corpus",
        key="own_add",
        type="primary",
        icon=":material/add:",
        **shut(session, Action.CORPORA),
    ):
        return
    try:
        own = OwnCorpus(corpus_id(title), title.strip(), tuple(covers), types, licence)
    except BionerError as error:
        show_problem(error)
        return
    _apply(
        session,
        lambda: add_corpus(
            session.settings, own, preview.sentences, schema, split_by=by, actor=session.actor
        ),
        f"{title} is added. Build the corpora again to merge it.",
    )


def _choose_splits(preview: Preview) -> SplitBy:
    """Say which sentences are for training, and ask where files are named for splits."""
    by: SplitBy = "hash"
    if preview.named:
        by = st.segmented_control(
            "What is for training, development and test",
            SPLIT_BY,
            default="names",
            key="own_split_by",
            format_func=lambda one: SPLITS_TOLD[one],
            help="Files and folders called train, dev, devel, valid or test are these splits.",
            required=True,
        )
    splits = split_sentences(preview.sentences, by)
    told = ", ".join(f"{len(found):,} {split}" for split, found in splits.items())
    rest = len(preview.sentences) - preview.named.total()
    how = "Shared out by document, always the same way" if by == "hash" else "As the files say"
    if by == "names" and rest:
        how += f", {rest:,} of no such name shared out"
    st.caption(f"{how}: {plain(told)}.")
    return by


def _follow_types(present: Sequence[str]) -> None:
    """Choose the types that the file's labels have come to be; keep what a person has chosen."""
    before = set(st.session_state.get(_FOLLOWED, ()))
    chosen = st.session_state.get(COVERS)
    if chosen is None:
        st.session_state[COVERS] = list(present)
    elif before != set(present):
        kept = [name for name in chosen if name in present or name not in before]
        new = [name for name in present if name not in before and name not in kept]
        st.session_state[COVERS] = [*kept, *new]
    st.session_state[_FOLLOWED] = tuple(present)


def _apply(session: Session, act: Callable[[], object], told: str) -> None:
    try:
        act()
    except BionerError as error:
        show_problem(error)
        return
    session.of(CorporaMemory).added = told
    session.of(CorporaMemory).own_round += 1
    st.rerun()
