"""Marks that contradict one another: the same words, the same type, different concepts."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.identifiers import Clash
from bioner.ui.plain import plain_label
from bioner.ui.words import many

MOST = 5
"""Names that are told; the others are counted."""


def draw_conflicting(found: Sequence[Clash]) -> None:
    """Say which names stand for several concepts in the open text, and how often for each."""
    if not found:
        return
    told = ["Conflicting ids in this text: the same words and type, different concepts."]
    for one in found[:MOST]:
        ids = ", ".join(f"{plain_label(id)} ×{count:,}" for id, count in one.ids)
        told.append(f"- {plain_label(one.surface)} ({plain_label(one.label)}): {ids}")
    if len(found) > MOST:
        told.append(f"- and {many(len(found) - MOST, 'name')} more")
    st.warning("\n".join(told), icon=":material/link_off:")
