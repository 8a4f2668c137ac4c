"""The Corpora page's sentences: search and filter, page through, see where labels come from."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bioner.corpora.exports import conll_of_sentences, json_line
from bioner.corpora.overview import Shelf
from bioner.corpora.provenance import label_origins
from bioner.corpora.registry import SPLITS
from bioner.corpora.search import FEATURES, INDEX_NAME, SearchIndex
from bioner.corpora.search_hits import Hit
from bioner.corpora.search_query import Query
from bioner.errors import BionerError
from bioner.labels import LabelSchema
from bioner.progress import Progress
from bioner.spans import Sentence
from bioner.ui import cache
from bioner.ui.chips import coverage_html
from bioner.ui.session import (
    Session,
    keep_in_url,
    page_key,
    show_problem,
    url_choices,
    url_int,
    url_text,
)
from bioner.ui.snippets import sentence_html
from bioner.ui.tables import table_html
from bioner.ui.words import many

PAGE = 20
FEATURE_WORDS = {
    "clash": "two readings of where a mention ends",
    "ignored": "parts left open",
    "shared": "in several corpora",
}


def open_index(session: Session, shelf: Shelf) -> SearchIndex | None:
    """Open the search index of these corpora; it is made on first use."""
    try:
        if shelf.folder is not None:
            prepare_index(shelf.folder)
        return cache.index_of(session.settings, shelf)
    except BionerError as error:
        show_problem(error)
        return None


def prepare_index(folder: Path) -> None:
    """Make the search index of a merged folder if it has none, with progress."""
    if (folder / INDEX_NAME).exists():
        return
    bar = st.progress(0.0, "Preparing the search, once for these corpora …")

    def progress(at: Progress) -> None:
        told = (
            f"Preparing the search, once for these corpora: {at.done:,} of {at.total:,} sentences"
        )
        bar.progress(at.share or 0.0, told)

    SearchIndex.open(folder, progress=progress)
    bar.empty()


def draw_sentences(session: Session, shelf: Shelf) -> None:
    """Draw the filter, the sentences that it lets through, and their downloads."""
    index = open_index(session, shelf)
    if index is None:
        return
    query = _choose_query(shelf)
    try:
        total = index.count(query)
    except BionerError as error:
        show_problem(error)
        return
    if not total:
        st.info(
            "No sentence fits all of these filters: take one of them away.",
            icon=":material/search_off:",
        )
        return
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(f"**{total:,} sentence{'' if total == 1 else 's'}**", width="content")
        with_coverage = st.toggle(
            "Show what nobody looked for",
            url_text("covers") == "1",
            key=page_key("corpora_covers"),
            help="Hatched: the annotators of this sentence did not look for that type.",
        )
        with st.popover("Download these", icon=":material/download:"):
            _draw_downloads(index, query, total)
    keep_in_url(covers="1" if with_coverage else "")
    cards = st.empty()
    page = _choose_page(total, query)
    found = index.search(query, offset=(page - 1) * PAGE, limit=PAGE)
    cards.html("".join(_card(hit, shelf.schema, with_coverage=with_coverage) for hit in found.hits))


def _choose_page(total: int, query: Query) -> int:
    pages = (total + PAGE - 1) // PAGE
    page = min(url_int("page", 1, low=1), max(1, pages))
    if pages > 1:
        page = st.pagination(pages, default=page, key=page_key(f"corpora_page_{hash(query)}"))
    keep_in_url(page=str(page) if page > 1 else "")
    return page


def _choose_query(shelf: Shelf) -> Query:
    left, right = st.columns([3, 2])
    text = left.text_input(
        "Words in the sentence",
        url_text("q", ""),
        key=page_key("corpora_query"),
        placeholder="TGF-beta, “cleft palate”, transcript* …",
        icon=":material/search:",
        help="Words that stand together; put several groups in quotes. A * lets the last word go "
        "on. Greek letters and case do not matter.",
    )
    surface = right.text_input(
        "Mention",
        url_text("mention", ""),
        key=page_key("corpora_mention"),
        placeholder="p53, *carcinoma, …",
        icon=":material/ink_highlighter:",
        help="The whole text of a marked mention; a * at an end lets more stand there.",
    )
    one, two, three, four = st.columns([3, 2, 3, 3])
    corpora = one.multiselect(
        "Corpora",
        shelf.corpora,
        default=_asked("corpora", shelf.corpora),
        key=page_key("corpora_filter_corpora"),
        placeholder="All",
    )
    splits = two.multiselect(
        "Splits",
        SPLITS,
        default=_asked("splits", SPLITS),
        key=page_key("corpora_filter_splits"),
        placeholder="All",
    )
    types = three.multiselect(
        "Mention's type",
        shelf.schema.names,
        default=_asked("types", shelf.schema.names),
        key=page_key("corpora_filter_types"),
        placeholder="Any",
    )
    features = four.multiselect(
        "With",
        FEATURES,
        default=_asked("with", FEATURES),
        key=page_key("corpora_filter_features"),
        format_func=lambda name: FEATURE_WORDS[name],
        placeholder="Anything",
        help="Boundary clashes: two corpora mark overlapping stretches. Parts left open: no "
        "evidence either way. Shared by corpora: the same sentence in several.",
    )
    keep_in_url(
        q=text.strip(),
        mention=surface.strip(),
        corpora=",".join(corpora),
        splits=",".join(splits),
        types=",".join(types),
        **{"with": ",".join(features)},
    )
    return Query(text, surface, tuple(types), tuple(corpora), tuple(splits), tuple(features))


def _asked(name: str, known: Sequence[str]) -> list[str]:
    return url_choices(name, known)


def _card(hit: Hit, schema: LabelSchema, *, with_coverage: bool) -> str:
    sentence = hit.sentence
    corpora = " and ".join(sentence.sources or (sentence.corpus,))
    meta = html.escape(f"{corpora} · {sentence.split} · {many(len(sentence.tokens), 'token')}")
    covers = coverage_html(sentence.covers, schema) if with_coverage else ""
    body = sentence_html(sentence, schema, hits=hit.matches)
    return (
        f'<div class="bn-card"><div class="bn-meta">{meta}</div>{body}{covers}'
        f"{provenance_html(sentence, schema)}</div>"
    )


def provenance_html(sentence: Sentence, schema: LabelSchema) -> str:
    """Return a fold-out table: each label's corpus, its name there, the reason, the licence."""
    if not sentence.spans:
        return ""
    rows = [
        (
            one.surface,
            f"{one.source_label} → {one.label}",
            one.corpus,
            one.reason or "the same type under its corpus's name",
            one.licence or "your own",
        )
        for one in label_origins(sentence, schema)
    ]
    table = table_html(["Mention", "Label", "Corpus", "Why", "Licence"], rows)
    return (
        f'<details class="bn-meta"><summary>Where these labels come from</summary>{table}</details>'
    )


def _draw_downloads(index: SearchIndex, query: Query, total: int) -> None:
    st.caption(f"{many(total, 'sentence')}: all that this filter finds.")
    st.download_button(
        "CoNLL (token and tag)",
        lambda: conll_of_sentences(index.read(index.numbers(query))),
        "sentences.conll",
        "text/plain",
        key="corpora_download_conll",
        on_click="ignore",
    )
    st.download_button(
        "JSON lines (text and character offsets)",
        lambda: "".join(json_line(one) for one in index.read(index.numbers(query))),
        "sentences.jsonl",
        "application/jsonl",
        key="corpora_download_jsonl",
        on_click="ignore",
    )
