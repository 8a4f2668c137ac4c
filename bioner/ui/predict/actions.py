"""What can be done with tagged texts: download them, link to one, send them to Review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError, StoreError
from bioner.formats import NAMES, SUFFIXES, to_bytes
from bioner.labels import LabelSchema
from bioner.models.catalogue import ModelEntry
from bioner.review import kept_texts
from bioner.review.intake import Intake, Origin, open_project, take_in
from bioner.review.texts import Texts
from bioner.spans import Document
from bioner.store import Store
from bioner.ui.intake import choose_project, order_of, progress_bar, trained_here
from bioner.ui.plain import plain
from bioner.ui.predict.view import View, shown_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, go_to, keep_in_url, show_problem, url_state

LINK_LONGEST = 1_500
"""Characters of a text that still fit into a link."""
EAGER_LONGEST = 300_000
"""Characters up to which a download is made beforehand, to say what its format cannot hold."""
NEW_PROJECT = "My review"


def draw_actions(
    session: Session,
    documents: Sequence[Document],
    place: int,
    entry: ModelEntry,
    view: View,
    told: str,
) -> None:
    """Draw what was found, in a line, and the buttons: correct these, download, link."""
    seen = [_as_seen(session, document, view) for document in documents]
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        key="predict_actions",
    ):
        st.caption(told, width="content")
        buttons = st.container(horizontal=True, width="content")
    with buttons:
        with st.popover("Correct these", icon=":material/rate_review:", type="primary"):
            _draw_correct(session, seen, place, entry)
        with st.popover("Download", icon=":material/download:"):
            _draw_download(seen, place)
        with st.popover("Link", icon=":material/link:"):
            _draw_link(session, documents[place])


def _as_seen(session: Session, document: Document, view: View) -> Document:
    """Return the document with the mentions that the view shows, under their own types."""
    return replace(
        document,
        mentions=tuple(
            one
            for one in document.mentions
            if (one.score is None or one.score >= view.threshold)
            and shown_label(session.schema, one.label, view) not in view.hidden
        ),
    )


def _choose_scope(documents: Sequence[Document], place: int, key: str) -> list[Document]:
    if len(documents) == 1:
        return list(documents)
    scope = st.radio(
        "Which texts",
        ["This text", f"All {len(documents):,} texts"],
        key=key,
        label_visibility="collapsed",
    )
    return [documents[place]] if scope == "This text" else list(documents)


def _draw_download(documents: Sequence[Document], place: int) -> None:
    chosen = _choose_scope(documents, place, "predict_download_scope")
    format = st.selectbox(
        "Format", list(NAMES), key="predict_format", format_func=lambda f: NAMES[f]
    )
    data: bytes | Callable[[], bytes] = lambda: to_bytes(chosen, format)[0]  # noqa: E731
    if sum(len(one.text) for one in chosen) <= EAGER_LONGEST:
        try:
            data, report = to_bytes(chosen, format)
        except BionerError as error:
            show_problem(error)
            return
        if report.lost:
            told = ", ".join(f"{rule.replace('_', ' ')} {n:,}" for rule, n in report.lost.items())
            st.caption(f"What this format cannot hold: {told}.")
    name = chosen[0].id if len(chosen) == 1 else "predictions"
    st.download_button(
        "Download",
        data,
        f"{name}{SUFFIXES[format]}",
        key="predict_download",
        icon=":material/download:",
        on_click="ignore",
    )


def _draw_link(session: Session, document: Document) -> None:
    params = url_state()
    if "example" not in params and "kept" not in params:
        if len(document.text) > LINK_LONGEST:
            st.caption(
                "This text is too long for a link. Keep it on this machine, and it can be linked "
                "to. It goes into no project, and can be deleted on this page."
            )
            _draw_keep(session, document)
            return
        params["text"] = document.text
        st.caption("Opens this text, model and view again. The text itself is part of the link.")
    else:
        st.caption("Opens this text, model and view again.")
    address = urlsplit(st.context.url or "")
    st.code(address._replace(query=urlencode(params)).geturl(), language=None, wrap_lines=True)


def _draw_keep(session: Session, document: Document) -> None:
    if st.button(
        "Keep the text",
        key="predict_keep",
        icon=":material/save:",
        **shut(session, Action.ANNOTATE),
    ):
        try:
            kept = kept_texts.keep(session.settings, document, actor=session.actor)
        except (BionerError, OSError) as error:
            show_problem(error if isinstance(error, BionerError) else StoreError(str(error)))
            return
        keep_in_url(kept=kept.id)
        st.rerun()


def _draw_correct(
    session: Session, documents: Sequence[Document], place: int, entry: ModelEntry
) -> None:
    foreign = foreign_labels(documents, session.schema)
    if foreign:
        st.caption(
            f"{plain(entry.name)} marks types that this studio has not "
            f"({plain(_listed(foreign))}): nothing "
            "could be trained on their corrections. Choose another model to correct its marks."
        )
        st.button("Send to Review", key="predict_correct", type="primary", disabled=True)
        return
    st.caption("Takes the text and the marks as shown to Review, where you put them right.")
    chosen = _choose_scope(documents, place, "predict_correct_scope")
    found = choose_project(session, NEW_PROJECT, key="predict_project")
    if found is None:
        return
    store, name = found
    if not st.button(
        "Send to Review", key="predict_correct", type="primary", **shut(session, Action.IMPORT)
    ):
        return
    try:
        took = _bring_in(store, session, name, chosen, entry.name)
        if not took.documents:
            return
        items = store.items_of(name, took.documents[0])
    except BionerError as error:
        show_problem(error)
        return
    session.project = name
    go_to("Review", project=name, item=str(items[0]) if items else "")


def foreign_labels(documents: Sequence[Document], schema: LabelSchema) -> list[str]:
    """Return the labels of mentions that are no type of the schema."""
    return sorted({one.label for d in documents for one in d.mentions} - set(schema.names))


def _listed(names: Sequence[str], most: int = 4) -> str:
    """Name a few, and count the rest."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _bring_in(
    store: Store, session: Session, name: str, documents: Sequence[Document], model: str
) -> Intake:
    """Bring texts into the project, made first if it is new; say what was refused."""
    open_project(store, name, session.schema.names)
    origin = Origin(
        source="Predict",
        schema=session.schema.fingerprint,
        trained=trained_here(session.settings),
        model=model,
    )
    order = order_of(session) if model else None
    with progress_bar() as heard:
        took = take_in(
            store, name, Texts(documents=documents), origin, order=order, on_progress=heard
        )
    for reject in took.rejects[:5]:
        st.error(
            f"{plain(reject.document)}: {plain(reject.what)}: {plain(reject.reason)}",
            icon=":material/error:",
        )
    if took.unranked:
        st.warning(plain(took.unranked), icon=":material/sort:")
    return took
