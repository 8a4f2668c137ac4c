"""The Metrics page's mistakes: what is taken for what, and the sentences, gold beside the model."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from bioner.evaluation.confusion import (
    ANY,
    BOUNDARY,
    MISSED,
    SPURIOUS,
    MistakeFilter,
    count_confusions,
)
from bioner.evaluation.mistakes import KINDS, Mistake, by_sentence
from bioner.evaluation.reports import Evaluation, Judged
from bioner.evaluation.scores import Report
from bioner.evaluation.standing import Standing
from bioner.evaluation.surfaces import Treatment
from bioner.figures import percent
from bioner.labels import LabelSchema
from bioner.spans import Sentence, Span
from bioner.ui.charts import Cell
from bioner.ui.chips import label_html
from bioner.ui.metrics.charts import confusion, show_confusion
from bioner.ui.metrics.data import corpus_title, to_csv
from bioner.ui.metrics.send import draw_send
from bioner.ui.plain import plain_label
from bioner.ui.session import Session, keep_in_url, page_link, url_text
from bioner.ui.snippets import marked_html, sentence_mentions
from bioner.ui.words import many

STYLE = Path(__file__).with_name("metrics.css")
PAGE = 10
CONVENTIONS = {
    "": "All",
    "yes": "Only where another corpus would agree with the model",
    "no": "Only where none would",
}


def draw_mistakes(session: Session, shown: Standing) -> None:
    """Draw the confusion matrix, the filters, and the sentences they let through."""
    stored = shown.stored
    if stored is None:
        st.info(
            "The model's card has its scores, not its mistakes: evaluate it here to read them.",
            icon=":material/rule:",
        )
        return
    st.html(STYLE)
    everything = stored.mistakes
    if not everything:
        st.success("Not one mistake: every mention is exactly right.", icon=":material/verified:")
        return
    corpus = _choose_corpus(stored.report)
    _draw_confusion(session.schema, stored.report, everything, corpus)
    chosen = _choose_filter(session.schema, stored.report, everything, corpus)
    found = [one for one in everything if chosen.lets_through(one)]
    draw_found(session, stored, found, key="metrics_mistakes")


def _choose_corpus(report: Report) -> str:
    names = [ANY, *report.by_corpus]
    asked = url_text("corpus", ANY)
    corpus = st.selectbox(
        "Corpus",
        names,
        index=names.index(asked) if asked in names else 0,
        key="metrics_corpus",
        format_func=lambda name: corpus_title(report, name) if name else "All corpora",
        width=320,
    )
    keep_in_url(corpus=corpus)
    return str(corpus)


def _draw_confusion(
    schema: LabelSchema, report: Report, mistakes: Sequence[Mistake], corpus: str
) -> None:
    cells, right = (
        [Cell(one.row, one.column, one.count) for one in found]
        for found in count_confusions(report, mistakes, corpus, schema.names)
    )
    top = sorted(cells, key=lambda cell: -(cell.value or 0))[:5]
    choice = show_confusion(
        confusion(cells, right),
        "Mistakes by gold type and by what the model says. Most frequent: "
        + "; ".join(f"{c.row} as {c.column}, {c.value:.0f}" for c in top),
        key="metrics_confusion",
    )
    st.caption(
        "Click a cell to read its sentences. In italics: exactly right. A mention with the right "
        "type and other ends is under “wrong boundary”."
    )
    now = (choice.row, choice.column) if choice else None
    if now != st.session_state.get("metrics_clicked"):
        st.session_state["metrics_clicked"] = now
        if now:
            st.session_state["metrics_gold"], st.session_state["metrics_predicted"] = now
            st.session_state["metrics_kind"] = ANY
            st.session_state["metrics_page"] = 1


def _choose_filter(
    schema: LabelSchema, report: Report, mistakes: Sequence[Mistake], corpus: str
) -> MistakeFilter:
    types = [name for name in schema.names if name in report.by_type]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        gold = _select("Gold", [ANY, *types, SPURIOUS], "gold", "Any")
        predicted = _select("The model says", [ANY, *types, BOUNDARY, MISSED], "predicted", "Any")
        kind = _select("Mistake", [ANY, *KINDS], "kind", "Any")
        convention = _select("Other corpora", list(CONVENTIONS), "convention", "", CONVENTIONS)
        text = st.text_input("Words contain", url_text("surface", ""), key="metrics_surface")
    keep_in_url(surface=text)
    return MistakeFilter(corpus, kind, gold, predicted, text.strip(), convention)


def _select(
    label: str, options: list[str], name: str, empty: str, titles: dict[str, str] | None = None
) -> str:
    key = f"metrics_{name}"
    if st.session_state.get(key) not in options:
        asked = url_text(name, ANY)
        st.session_state[key] = asked if asked in options else ANY
    chosen = str(
        st.selectbox(
            label, options, key=key, format_func=lambda one: (titles or {}).get(one, one) or empty
        )
    )
    keep_in_url(**{name: chosen})
    return chosen


def draw_found(session: Session, stored: Evaluation, found: Sequence[Mistake], *, key: str) -> None:
    """Draw mistakes sentence by sentence, surest first, and what can be done with them."""
    by_row = by_sentence(found)
    agreeing = sum(bool(one.agreeing) for one in found)
    told = f"**{many(len(found), 'mistake')} in {many(len(by_row), 'sentence')}**"
    if agreeing:
        told += f"; in {agreeing:,} another corpus would agree"
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(told, width="stretch")
        if found:
            draw_send(session, stored, by_row, key=key)
            st.download_button(
                "CSV",
                lambda: _csv(found, stored.report),
                f"{stored.key.model}-{stored.key.split}-mistakes.csv",
                "text/csv",
                key=f"{key}_csv",
                icon=":material/download:",
                on_click="ignore",
            )
    if not found:
        st.info("No mistake fits: choose Any in one of the filters.", icon=":material/search_off:")
        return
    cards = st.container()
    pages = -(-len(by_row) // PAGE)
    number = 1
    if pages > 1:
        if not 1 <= st.session_state.get("metrics_page", 1) <= pages:
            st.session_state["metrics_page"] = 1
        number = st.pagination(pages, key="metrics_page")
    rows = list(by_row)[(number - 1) * PAGE : number * PAGE]
    for judged in stored.sentences(rows):
        cards.html(card_html(judged, by_row[judged.row], stored, session.schema))
    first = by_row[rows[0]][0]
    page_link(
        "Corpora",
        label=f"Find “{plain_label(first.surface, 40)}” in the corpora",
        icon=":material/search:",
        part="sentences",
        q=first.surface,
    )


def card_html(
    judged: Judged, mistakes: Sequence[Mistake], stored: Evaluation, schema: LabelSchema
) -> str:
    """Return one sentence, gold above the model's marks, with each mistake explained below."""
    where = html.escape(f"{corpus_title(stored.report, judged.gold.corpus)} · {judged.gold.id}")
    gold_wrong = [one.gold for one in mistakes if one.gold]
    said_wrong = [one.predicted for one in mistakes if one.predicted]
    lines = (
        ("Gold", judged.gold, gold_wrong),
        ("Model", judged.predicted, said_wrong),
    )
    body = "".join(
        f'<div class="bn-who">{who}</div><div>{_line_html(one, wrong, schema)}</div>'
        for who, one, wrong in lines
    )
    notes = "".join(f"<li>{_note_html(one, stored, schema)}</li>" for one in mistakes)
    return (
        f'<div class="bn-card bn-pair"><div class="bn-meta">{where}</div>'
        f'<div class="bn-aligned">{body}</div><ul class="bn-notes">{notes}</ul></div>'
    )


def _line_html(sentence: Sentence, wrong: Sequence[Span], schema: LabelSchema) -> str:
    marked = {(s.start, s.end, s.label) for s in wrong}
    classes = {
        i: "bn-differs" if (s.start, s.end, s.label) in marked else "bn-faded"
        for i, s in enumerate(sentence.spans)
    }
    return marked_html(sentence.text, sentence_mentions(sentence), schema, classes=classes)


def _note_html(one: Mistake, stored: Evaluation, schema: LabelSchema) -> str:
    said = ""
    if one.gold:
        said += f"gold {label_html(one.gold.label, schema)} “{html.escape(one.surface[:80])}”"
    if one.gold and one.predicted:
        said += ", "
    if one.predicted:
        sure = f" {percent(one.predicted.score)} sure" if one.predicted.score is not None else ""
        said += (
            f"model {label_html(one.predicted.label, schema)} "
            f"“{html.escape(one.predicted_surface[:80])}”{sure}"
        )
    told = f"<b>{html.escape(one.kind)}</b>: {said}"
    if one.agreeing:
        told += (
            ' <span class="bn-agree">'
            f"{html.escape(', '.join(one.agreeing))} would agree with the model</span>"
        )
    surface = one.predicted_surface or one.surface
    treatment = stored.treatments.get(surface.lower(), {})
    if treatment:
        told += f'<div class="bn-meta">In training, “{html.escape(surface[:60])}”: '
        told += "; ".join(_treatment_text(c, u) for c, u in _most_used(treatment)) + "</div>"
    else:
        told += f'<div class="bn-meta">“{html.escape(surface[:60])}” is not in training.</div>'
    return told


def _most_used(treatment: Mapping[str, Treatment]) -> list[tuple[str, Treatment]]:
    return sorted(treatment.items(), key=lambda item: -item[1].occurrences)[:4]


def _treatment_text(corpus: str, treatment: Treatment) -> str:
    """Say as HTML how a corpus marks a surface."""
    if not treatment.marked:
        return html.escape(f"{corpus} leaves it unmarked ({treatment.occurrences:,}×)")
    marked = ", ".join(f"{label} {n:,}" for label, n in treatment.marked.most_common(2))
    return html.escape(f"{corpus} {marked} of {treatment.occurrences:,}")


def _csv(found: Sequence[Mistake], report: Report) -> str:
    header = ["mistake", "corpus", "sentence", "gold", "gold surface", "predicted",
              "predicted surface", "confidence", "agreeing corpora"]  # fmt: skip
    return to_csv(
        header,
        [
            [
                one.kind,
                corpus_title(report, one.corpus),
                one.sentence,
                one.gold.label if one.gold else "",
                one.surface if one.gold else "",
                one.predicted.label if one.predicted else "",
                one.predicted_surface,
                one.predicted.score if one.predicted else "",
                " ".join(one.agreeing),
            ]
            for one in found
        ],
    )
