"""Who marks the text: a model, told whose rules hold if it knows any; or two of them, compared."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bioner.conventions import ANY
from bioner.models.catalogue import ModelEntry, active_model
from bioner.ui import cache
from bioner.ui.models import choose_model, offer_models
from bioner.ui.session import Session, keep_in_url, url_choice

NO_MODEL = "No other model"
ANY_LABEL = "any: nobody's in particular"
HELP = (
    "Corpora mark by different rules: “apoE gene” or “apoE”. Choose whose rules hold: a corpus's, "
    "or those of a project that this model has learned from."
)


@dataclass(frozen=True)
class Reader:
    """A model and the convention that it is told."""

    entry: ModelEntry
    convention: str = ANY

    @property
    def name(self) -> str:
        """The model's name, with the convention that it was told, if it was told one."""
        if self.convention == ANY:
            return self.entry.name
        return f"{self.entry.name} as in {self.convention}"


def choose_readers(session: Session) -> list[Reader]:
    """Let a person choose a model, or two to compare, and whose rules each follows.

    The two may be one model under two conventions. Empty if there is none that can tag.
    """
    usable = offer_models(session, "that can mark entities")
    if not usable:
        return []
    left, right = st.columns(2)
    first = choose_model(session, usable, key="predict_model", place=left)
    told = _choose_convention(usable[first], left, "as", key="predict_as")
    others = [NO_MODEL, *(n for n in usable if n != first or cache.conventions(usable[n]))]
    second = right.selectbox(
        "Compare with",
        others,
        index=others.index(url_choice("against", others, NO_MODEL)),
        key="predict_against",
        disabled=len(others) < 2,
        help="Tag the text with a second model too, or with this one by other rules, and mark "
        "where the two differ.",
    )
    readers = [Reader(usable[first], told)]
    told_second = ANY
    if second != NO_MODEL:
        taken = told if second == first else ""
        told_second = _choose_convention(
            usable[second], right, "against_as", key="predict_against_as", taken=taken
        )
        readers.append(Reader(usable[second], told_second))
    is_plain = first == active_model(session.settings)
    keep_in_url(
        model="" if is_plain else first,
        against="" if second == NO_MODEL else second,
        **{"as": "" if told == ANY else told},
        against_as="" if told_second == ANY else told_second,
    )
    return readers


def _choose_convention(
    entry: ModelEntry, place: DeltaGenerator, param: str, *, key: str, taken: str = ""
) -> str:
    """Let a person choose whose rules a model follows; nothing is asked where it knows none."""
    known = cache.conventions(entry)
    if not known:
        return ANY
    names = [name for name in known.names if name != taken]
    chosen = place.selectbox(
        "Mark as in",
        names,
        index=names.index(url_choice(param, names, names[0])),
        key=key,
        format_func=lambda name: ANY_LABEL if name == ANY else name,
        help=HELP,
    )
    return str(chosen)
