"""The Corpora page's convention lens and its most frequent mentions, both through to sentences."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.corpora.disagreements import Disagreement, Kind, Variant
from bioner.corpora.overview import Shelf
from bioner.corpora.search import SearchIndex
from bioner.corpora.search_query import variant_query
from bioner.errors import BionerError
from bioner.ui import charts
from bioner.ui.corpora.sentences import open_index
from bioner.ui.plain import plain
from bioner.ui.session import Session, keep_in_url, page_key, page_link, show_problem, url_text

SHOWN = 200
KINDS: dict[Kind, tuple[str, str]] = {
    "types": (
        "Different types",
        "The same words, labelled as types that mean different things.",
    ),
    "boundaries": (
        "Different boundaries",
        "One corpus marks the whole of these words, another only a part of them.",
    ),
    "names": (
        "Only the name differs",
        "The same words under names that the corpora use alike, such as Gene and Protein.",
    ),
}


def draw_lens(session: Session, shelf: Shelf) -> None:
    """Draw what the corpora disagree about, most mentions at stake first."""
    index = open_index(session, shelf)
    if index is None:
        return
    kinds = list(KINDS)
    asked = url_text("kind", "types")
    kind: Kind = st.segmented_control(
        "What they disagree about",
        kinds,
        default=asked if asked in kinds else "types",
        key=page_key("lens_kind"),
        format_func=lambda name: KINDS[name][0],
        label_visibility="collapsed",
        required=True,
    )
    keep_in_url(kind="" if kind == "types" else kind)
    try:
        found = index.disagreements(kind, limit=SHOWN)
        total = index.count_disagreements(kind)
    except BionerError as error:
        show_problem(error)
        return
    st.caption(f"{KINDS[kind][1]} Tick a row to see its sentences.")
    if not found:
        st.success("The corpora here agree about all of it.", icon=":material/check:")
        return
    st.markdown(
        f"**{total:,} such wordings**"
        + (f", the {SHOWN} that weigh most shown" if total > SHOWN else "")
    )
    event = st.dataframe(
        {
            "Words": [one.surface for one in found],
            "At stake": [one.at_stake for one in found],
            "Mentions": [one.mentions for one in found],
            "How": [_told(one) for one in found],
        },
        key=f"lens_table_{kind}",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=min(380, 38 + 35 * len(found)),
        column_config={
            "At stake": st.column_config.NumberColumn(
                help="Mentions that would change if all corpora did as most do.", format="localized"
            ),
            "Mentions": st.column_config.NumberColumn(format="localized"),
            "How": st.column_config.TextColumn(width="large"),
        },
        alt="Surfaces that corpora annotate differently, one a row",
    )
    rows = event.selection.rows
    _draw_variants(found[rows[0]] if rows and rows[0] < len(found) else found[0])


def _told(one: Disagreement) -> str:
    return "; ".join(
        f"{variant.value} ({', '.join(f'{corpus} {n:,}' for corpus, n in variant.by_corpus[:3])})"
        for variant in one.variants
    )


def _draw_variants(one: Disagreement) -> None:
    st.text(f"“{one.surface}”: see the sentences")
    for variant in one.variants:
        name, links = st.columns([1, 4], vertical_alignment="center")
        name.text(variant.value)
        with links, st.container(horizontal=True):
            for corpus, mentions in variant.by_corpus:
                _link(one, variant, corpus, mentions)


def _link(one: Disagreement, variant: Variant, corpus: str, mentions: int) -> None:
    query = variant_query(one, variant, corpus)
    page_link(
        "Corpora",
        label=f"{corpus} {mentions:,}×",
        icon=":material/search:",
        part="sentences",
        q=query.text,
        mention=query.surface,
        types=",".join(query.types),
        corpora=",".join(query.corpora),
    )


def draw_surfaces(session: Session, shelf: Shelf) -> None:
    """Draw the mentions that occur most often, by type."""
    index = open_index(session, shelf)
    if index is None:
        return
    names = list(shelf.schema.names)
    asked = url_text("type", "")
    name = st.pills(
        "Type",
        names,
        default=asked if asked in names else names[0],
        key=page_key("surfaces_type"),
        label_visibility="collapsed",
        required=True,
    )
    keep_in_url(type=str(name))
    corpora = st.multiselect(
        "Corpora", shelf.corpora, key="surfaces_corpora", placeholder="All", width=420
    )
    _draw_top(index, str(name), corpora, shelf)


def _draw_top(index: SearchIndex, name: str, corpora: Sequence[str], shelf: Shelf) -> None:
    try:
        top = index.top_surfaces(name, corpora=corpora, limit=25)
    except BionerError as error:
        show_problem(error)
        return
    if not top:
        st.info(f"Nothing is labelled {plain(name)} there.", icon=":material/search_off:")
        return
    charts.show(
        charts.bars(
            [charts.Bar(one.surface[:48], one.mentions) for one in top],
            f"Most frequent mentions of {name}",
            colors=dict.fromkeys((one.surface[:48] for one in top), shelf.schema.colors[name]),
        ),
        "Bars: " + ", ".join(f"{one.surface} {one.mentions}" for one in top),
        key="surfaces_chart",
    )
    page_link(
        "Corpora",
        label=f"Sentences with a mention of {name}",
        icon=":material/search:",
        part="sentences",
        types=name,
        corpora=",".join(corpora),
    )
