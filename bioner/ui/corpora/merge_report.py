"""The Corpora page's merge: what was read, dropped, joined and left open."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bioner.corpora.overview import Shelf
from bioner.ui import charts
from bioner.ui.plain import plain
from bioner.ui.tables import draw_table


def draw_merge(shelf: Shelf) -> None:
    """Draw what the merge read, dropped, joined and left open, in words and numbers."""
    report = shelf.report
    beside = report.leaks_beside
    rows = {
        "Sentences read": (report.read, "from every file of every corpus"),
        "Training sentences equal to a test or development sentence, left out": (
            report.leaked("equal", "sentences"),
            f"{report.leaked('equal', 'distinct'):,} different ones"
            + (f", {beside:,} of them through corpora beside the ten" if beside else ""),
        ),
        "The same but for case or punctuation, left out": (
            report.leaked("equal_but_for_case_or_punctuation", "sentences"),
            f"{report.leaked('equal_but_for_case_or_punctuation', 'distinct'):,} different ones",
        ),
        "Contained in a test or development sentence, left out": (
            report.leaked("contained", "sentences"),
            "long ones only",
        ),
        "Training sentences shared by several corpora, made one": (
            report.fused_sentences,
            "with the labels of all, and what all of them looked for",
        ),
        "Repeated within one corpus, made one": (report.repeated, ""),
        "Same boundaries, the finer label kept": (
            report.finer_label_won,
            "Cell rather than Anatomy",
        ),
        "Boundaries that clash, both readings allowed": (report.boundary_clashes, ""),
        "Same boundaries, different types, both allowed": (report.type_clashes, ""),
        "Development sentences equal to a test sentence, not used for tuning": (
            report.devel_equal_to_test,
            "",
        ),
        "Mentions left open": (
            sum(n for labels in report.ignored.values() for n in labels.values()),
            "evidence neither for nor against a type",
        ),
        "Tag sequences repaired": (
            sum(n for rules in report.repairs.values() for n in rules.values()),
            "",
        ),
    }
    draw_table(["What", "How many", "Note"], [(what, n, note) for what, (n, note) in rows.items()])
    left, right = st.columns(2, gap="large")
    with left:
        _draw_counted("Sentences that stand in both", report.fused, "corpora_fused")
    with right:
        _draw_counted("Left out of training, by corpus", report.leaks_by_corpus, "corpora_leaks")
    st.caption(
        f"Mapping: {plain(report.mapping)} · fingerprint {shelf.fingerprint} · "
        "the same whatever the order in which the corpora are read."
    )


def _draw_counted(title: str, counts: Mapping[str, int], key: str) -> None:
    found = {name.replace("+", " and "): n for name, n in counts.items() if n}
    if not found:
        return
    rows = [charts.Bar(n, v) for n, v in sorted(found.items(), key=lambda item: -item[1])[:12]]
    charts.show(
        charts.bars(rows, title, value="Sentences"),
        f"Bars, {title}: " + ", ".join(f"{row.name} {row.value:.0f}" for row in rows),
        key=key,
    )
