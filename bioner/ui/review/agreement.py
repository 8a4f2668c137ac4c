"""How far reviewers agree: five figures, each pair, each type."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bioner.figures import points
from bioner.review.agreement import ALL, TeamAgreement
from bioner.ui.words import many

MEANINGS = {
    "exact": "F1 of one’s marks against the other’s: same words, same type.",
    "overlap": "F1 where a mark counts if the other has one of its type that shares a character.",
    "type": "F1 where only the number of marks of each type in a sentence counts.",
    "kappa": "Over words, beyond chance; 1 is always alike, 0 no more than by chance. Empty where "
    "all call every word the same.",
}


def draw_agreement(found: TeamAgreement) -> None:
    """Draw the agreement of all, and by pair and type when asked for."""
    apart = len(found.disagreements) + found.settled
    st.caption(
        f"{many(found.sentences, 'sentence')} by two or more; {found.sentences - apart:,} exactly "
        "alike. Only types that all compared looked for are counted."
    )
    is_pair = len(found.pairs) == 1
    kappa = found.pairs[0].kappa if is_pair else found.fleiss
    figures = (
        ("Exact F1", points(found.f1.exact[ALL]), MEANINGS["exact"]),
        ("Overlapping F1", points(found.f1.overlap[ALL]), MEANINGS["overlap"]),
        ("Type F1", points(found.f1.type_only[ALL]), MEANINGS["type"]),
        ("Cohen’s κ" if is_pair else "Fleiss’ κ", _two(kappa), MEANINGS["kappa"]),
        ("Krippendorff’s α", _two(found.alpha), MEANINGS["kappa"]),
    )
    for place, (title, value, meaning) in zip(st.columns(5), figures, strict=True):
        place.metric(title, value, help=meaning)
    with st.expander("By pair and by type", icon=":material/table_chart:"):
        if not is_pair:
            _draw_pairs(found)
        _draw_types(found, "Cohen’s κ" if is_pair else "Fleiss’ κ", kappa)


def _draw_pairs(found: TeamAgreement) -> None:
    f1 = [pair.f1 for pair in found.pairs]
    st.dataframe(
        {
            "Between": [f"{one.a}, {one.b}" for one in f1],
            "Sentences": [one.items for one in f1],
            "Exact F1": [round(100 * one.exact[ALL], 1) for one in f1],
            "Overlapping F1": [round(100 * one.overlap[ALL], 1) for one in f1],
            "Type F1": [round(100 * one.type_only[ALL], 1) for one in f1],
            "Cohen’s κ": [_rounded(pair.kappa, ALL) for pair in found.pairs],
            "Marks set aside": [one.set_aside for one in f1],
        },
        column_config={
            "Marks set aside": st.column_config.NumberColumn(
                help="Of types for which one of the two did not look."
            )
        },
        hide_index=True,
        key="agreement_pairs",
    )


def _draw_types(found: TeamAgreement, name: str, kappa: Mapping[str, float | None]) -> None:
    rows = (ALL, *found.types)
    st.dataframe(
        {
            "Type": rows,
            "Exact F1": [round(100 * found.f1.exact[row], 1) for row in rows],
            "Overlapping F1": [round(100 * found.f1.overlap[row], 1) for row in rows],
            "Type F1": [round(100 * found.f1.type_only[row], 1) for row in rows],
            name: [_rounded(kappa, row) for row in rows],
            "Krippendorff’s α": [_rounded(found.alpha, row) for row in rows],
        },
        hide_index=True,
        key="agreement_types",
    )


def _two(values: Mapping[str, float | None]) -> str:
    value = values.get(ALL)
    return "–" if value is None else f"{value:.2f}"


def _rounded(values: Mapping[str, float | None], name: str) -> float | None:
    value = values.get(name)
    return None if value is None else round(value, 2)
