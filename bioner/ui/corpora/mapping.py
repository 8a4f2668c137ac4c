"""The Corpora page's mapping: what each corpus's labels became and why, and changing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from bioner.access import Action
from bioner.corpora.mapping import MappingRow, mapping_rows
from bioner.corpora.mapping_changes import Change, changes
from bioner.corpora.mapping_edit import MappingEdit, exceptions_of, has_edits, restore, write_edit
from bioner.corpora.overview import Shelf, search_words
from bioner.errors import BionerError
from bioner.labels import IGNORE, CorpusMapping, SurfaceRule
from bioner.ui.chips import coverage_html
from bioner.ui.corpora.memory import CorporaMemory
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, keep_in_url, page_key, url_text
from bioner.ui.tables import draw_table

OPEN = "left open"


def draw_mapping(session: Session, shelf: Shelf) -> None:
    """Draw what a corpus's own labels became, and offer to change it."""
    corpora = list(shelf.corpora)
    asked = url_text("corpus", "")
    corpus = st.selectbox(
        "Corpus",
        corpora,
        index=corpora.index(asked) if asked in corpora else 0,
        key=page_key("corpora_mapping"),
    )
    keep_in_url(corpus=corpus)
    mapping = shelf.schema.mapping_for(corpus)
    rows = mapping_rows(mapping, shelf.report)
    draw_table(
        ["In the corpus", "Becomes", "Mentions", "Why"],
        [(_told(one), _shown(one.label), one.mentions, one.reason) for one in rows],
    )
    if any(one.label == IGNORE for one in rows):
        st.caption(f"{OPEN.capitalize()}: such a mention is no evidence, for or against any type.")
    st.markdown(f"**What the annotators of {plain(corpus)} looked for**")
    st.html(coverage_html(mapping.covers, shelf.schema))
    for label, may_be in mapping.coarse.items():
        st.caption(f"{plain(label)} is used broadly here: it may stand for {', '.join(may_be)}.")
    if mapping.fold:
        st.caption(
            f"When this corpus is scored, its own terms count: {plain(folded_said(mapping))}."
        )
    if session.schema.mapping_for(corpus) != mapping:
        st.info(
            "This mapping has been changed since the corpora were built: build them again "
            "to see it here.",
            icon=":material/update:",
        )
    _draw_editor(session, shelf, corpus)


def _told(row: MappingRow) -> str:
    return f"{row.source}, {row.words} words" if row.words else row.source


def folded_said(mapping: CorpusMapping) -> str:
    """Say which types count as which when the corpus is scored."""
    parts: dict[str, list[str]] = {}
    for ours, theirs in mapping.fold.items():
        parts.setdefault(theirs, []).append(ours)
    return "; ".join(f"{', '.join(ours)} as {theirs}" for theirs, ours in parts.items())


def _shown(label: str) -> str:
    return OPEN if label == IGNORE else label


def _draw_editor(session: Session, shelf: Shelf, corpus: str) -> None:
    saved = session.of(CorporaMemory).saved
    if saved:
        st.success(saved, icon=":material/check:")
        session.of(CorporaMemory).saved = ""
    problem = session.of(CorporaMemory).problem
    if problem:
        st.error(plain(problem), icon=":material/error:")
        session.of(CorporaMemory).problem = ""
    present = session.schema.mapping_for(corpus)
    if corpus not in session.schema.corpora or corpus not in shelf.report.mapped:
        return
    with st.expander("Change the mapping", icon=":material/edit:"):
        st.caption(
            "Your change is kept in your data folder; the one that came with the app stays as it "
            "is. It takes effect when the corpora are built again."
        )
        labels = [*session.schema.names, IGNORE]
        rules: dict[str, str] = {}
        exceptions: dict[str, dict[str, frozenset[str]]] = {}
        columns = st.columns(3)
        for place, (source, rule) in enumerate(present.rules.items()):
            rules[source] = columns[place % 3].selectbox(
                f"{plain_label(source)} becomes",
                labels,
                index=labels.index(rule.label),
                format_func=_shown,
                key=_key(session, corpus, source),
            )
        excepted = [(s, one) for s, rule in present.rules.items() for one in rule.by_surface]
        halves = st.columns(2)
        for place, (source, one) in enumerate(excepted):
            with halves[place % 2]:
                words = _choose_words(session, corpus, source, one)
                exceptions.setdefault(source, {})[one.label] = words
        _choose_new_exception(session, present, labels, exceptions)
        covers = st.pills(
            "Its annotators looked for",
            session.schema.names,
            selection_mode="multi",
            default=[name for name in session.schema.names if name in present.covers],
            key=_key(session, corpus, "covers"),
        )
        edit = MappingEdit(corpus, rules, frozenset(covers), exceptions)
        written = shelf.written(corpus) if exceptions != exceptions_of(present) else None
        _draw_changes(session, edit, changes(edit, present, shelf.report, written))
        if has_edits(session.settings, corpus):
            st.button(
                "Back to the mapping that came with the app",
                key="mapping_restore",
                **shut(session, Action.MAPPING),
                icon=":material/undo:",
                on_click=_apply,
                args=(
                    session,
                    partial(restore, session.settings, corpus, actor=session.actor),
                    "The shipped mapping is back",
                ),
            )


def _key(session: Session, corpus: str, name: str) -> str:
    """Return the key of a widget of the editor; once applied, all begin anew."""
    return f"mapping_{corpus}_{name}{'x' * session.of(CorporaMemory).mapping_round}"


def _choose_words(
    session: Session, corpus: str, source: str, present: SurfaceRule
) -> frozenset[str]:
    """Let a person edit the words of one exception; return them."""
    written = st.text_area(
        f"{plain_label(source)} written so becomes {plain_label(_shown(present.label))}",
        "\n".join(sorted(present.surfaces)),
        key=_key(session, corpus, f"{source}_{present.label}"),
        height=150,
        help="The whole mention, one a line; upper and lower case are alike.",
    )
    return _words(written)


def _choose_new_exception(
    session: Session,
    present: CorpusMapping,
    labels: Sequence[str],
    exceptions: dict[str, dict[str, frozenset[str]]],
) -> None:
    """Let a person except some words of a label; they are added to ``exceptions``."""
    corpus = present.corpus
    with st.popover("Except some words", icon=":material/format_list_bulleted_add:"):
        source = st.selectbox(
            "Mentions labelled", list(present.rules), key=_key(session, corpus, "new_source")
        )
        label = st.selectbox(
            "are instead", labels, format_func=_shown, key=_key(session, corpus, "new_label")
        )
        words = _words(
            st.text_area(
                "where they are written",
                key=_key(session, corpus, "new_words"),
                placeholder="one a line",
                help="The whole mention, one a line; upper and lower case are alike.",
            )
        )
    if words:
        known = exceptions.setdefault(source, {})
        known[label] = known.get(label, frozenset()) | words


def _words(written: str) -> frozenset[str]:
    """Return the lines of a text as the corpora write them: tokens apart, lower-cased."""
    return frozenset(filter(None, (search_words(line).lower() for line in written.splitlines())))


def _draw_changes(session: Session, edit: MappingEdit, found: list[Change]) -> None:
    st.markdown("**What would change**")
    if not found:
        st.caption("Nothing yet.")
        return
    draw_table(["What", "How many"], [(one.what, one.number) for one in found])
    st.button(
        "Apply",
        key="mapping_apply",
        **shut(session, Action.MAPPING),
        type="primary",
        icon=":material/check:",
        on_click=_apply,
        args=(session, partial(write_edit, session.settings, edit, actor=session.actor), "Changed"),
    )


def _apply(session: Session, act: Callable[[], None], told: str) -> None:
    """Do what a button asks, before the page is drawn; what it says is shown on the page."""
    try:
        act()
    except BionerError as error:
        session.of(CorporaMemory).problem = str(error)
        return
    session.of(CorporaMemory).mapping_round += 1
    session.of(CorporaMemory).saved = f"{told}. Build the corpora again for it to take effect."
