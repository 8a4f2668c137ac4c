"""The Metrics page's leaderboard: the models here, and published scores, marked as quoted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.evaluation.published import ANCHORS, COLUMNS, TEST_SENTENCES, Place
from bioner.evaluation.scores import Report
from bioner.evaluation.standing import Standing
from bioner.figures import SCORE_FORMAT
from bioner.machine import computed_on
from bioner.ui import cache
from bioner.ui.metrics.data import find_data, find_shown, to_csv
from bioner.ui.plain import plain
from bioner.ui.session import Session
from bioner.ui.tables import draw_table

TEXTS = ("Model", "Source", "Computed")
"""The columns that hold no score."""


def draw_board(session: Session, split: str) -> None:
    """Draw a line a model, best first, then the published systems."""
    rows, partial = _measured(session, split)
    if not rows:
        st.info("No model has been scored yet.", icon=":material/leaderboard:")
    if split == "test":
        rows += [
            {"Model": one.name, "Source": "quoted", "Mean": None}
            | {column_name(place): one.f1.get(place) for place in COLUMNS}
            for one in ANCHORS
        ]
    if not rows:
        return
    columns = columns_of(rows)
    number = st.column_config.NumberColumn(format=SCORE_FORMAT)
    st.dataframe(
        rows,
        key="metrics_board",
        column_order=columns,
        placeholder="–",
        hide_index=True,
        height=35 * len(rows) + 38,
        column_config={
            "Model": st.column_config.TextColumn(pinned=True),
            "Source": st.column_config.TextColumn(
                help="Measured here: on the corpora that are here now. Its card: when it was made. "
                "Quoted: from the paper, on the same test set, not run here."
            ),
            **dict.fromkeys((name for name in columns if name not in TEXTS), number),
        },
    )
    st.download_button(
        "CSV",
        to_csv(columns, [[row.get(name) for name in columns] for row in rows]),
        f"leaderboard-{split}.csv",
        "text/csv",
        key="metrics_board_csv",
        icon=":material/download:",
        on_click="ignore",
    )
    told = (
        "Strict F1. One model here answers for all corpora and thirteen types; most of "
        "the quoted systems are one model for each corpus. Reruns differ by 0.5 to 1.4, seeds by "
        "about 0.3."
    )
    if partial:
        told += (
            f" Of {plain(', '.join(sorted(partial)))} only a part is here: not comparable with "
            "what is quoted."
        )
    st.caption(told)
    if split == "test":
        with st.expander("Where the quoted numbers come from", icon=":material/format_quote:"):
            draw_table(
                ["System", "Source", "What differs"],
                [[one.name, one.citation, one.note or "–"] for one in ANCHORS],
            )


def columns_of(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the columns that the rows have, what is there in part beside what is quoted of it."""
    there = {name for row in rows for name in row}
    places = [name for one in COLUMNS for name in (column_name(one, {one[0]}), column_name(one))]
    names = ("Model", "Source", "Mean", *places, "Computed")
    return [one for one in dict.fromkeys(names) if one in there]


def _measured(session: Session, split: str) -> tuple[list[dict[str, object]], set[str]]:
    """Return a row a model that was scored, best first; and the corpora of which a part is here."""
    rows: list[dict[str, object]] = []
    partial: set[str] = set()
    try:
        data = find_data(session.settings, split)
    except BionerError:
        data = None
    for entry in cache.models(session.settings):
        if not entry.can_tag:
            continue
        shown = find_shown(session.settings, entry, data, split)
        if shown is not None:
            parts = partial_corpora(shown.report)
            partial |= parts
            row: dict[str, object] = {"Model": entry.name, "Source": source_of(shown)}
            row["Mean"] = mean_of(shown.report, parts)
            row |= {column_name(place, parts): value_of(shown.report, place) for place in COLUMNS}
            if shown.stored is not None:
                row["Computed"] = computed_on(shown.stored.backend)
            rows.append(row)
    rows.sort(key=lambda row: -float(str(row["Mean"] or 0)))
    return rows, partial


def source_of(shown: Standing) -> str:
    """Say where a model's line comes from."""
    if shown.stored is None:
        return "its card"
    return "measured here" if shown.is_current else "measured on other data"


def partial_corpora(report: Report) -> set[str]:
    """Return the corpora of which far fewer sentences were scored than their test files have."""
    fewer = {
        name
        for name, scores in report.by_corpus.items()
        if report.split == "test" and 0 < scores.sentences < 0.9 * TEST_SENTENCES.get(name, 0)
    }
    return fewer | set(report.parts)


def mean_of(report: Report, parts: Collection[str]) -> float | None:
    """Return the mean F1 in per cent of the corpora that were scored whole; None without one."""
    values = [one.micro.f1 for name, one in report.by_corpus.items() if name not in parts]
    return 100 * sum(values) / len(values) if values else None


def column_name(place: Place, parts: Collection[str] = ()) -> str:
    """Return the heading of a column: the corpus, and the type if it is one of several.

    A corpus of which only a part is here has a column of its own: it is not what is quoted.
    """
    corpus, label = place
    if corpus in parts:
        return f"{corpus} (part)"
    return f"{corpus} {label.lower()}" if corpus == "BC5CDR" and label else corpus


def value_of(report: Report, place: Place) -> float | None:
    """Return a report's F1 in per cent at a place, or None where it has none."""
    corpus, label = place
    scores = report.by_corpus.get(corpus)
    one = (scores.by_type.get(label) if label else scores.micro) if scores else None
    return 100 * one.f1 if one and one.support else None
