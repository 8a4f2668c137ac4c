"""A term's concept on the Dictionary page: offered by a vocabulary, told by its marks, shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from bioner.access import Action
from bioner.corpora.concepts import vocabulary_names
from bioner.review.dictionary import Dictionary
from bioner.review.dictionary_curation import Choice
from bioner.review.offers import Vocabularies
from bioner.review.terms import Term
from bioner.ui import cache
from bioner.ui.dictionary.choices import put_on_record, tell
from bioner.ui.plain import plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, keep_in_url, page_key, url_choice

NONE = "—"
"""No vocabulary is called so."""
SHOWN = 5
"""Concepts offered for one term."""

Told = Mapping[str, Sequence[tuple[str, int]]]
"""What the marks of each term stand for, the most frequent first."""


def choose_vocabulary(session: Session) -> Vocabularies:
    """Let a person choose whose concepts terms may get; the URL keeps it."""
    names = vocabulary_names(session.settings)
    if not names:
        return cache.vocabularies(session.settings, ())
    options = [NONE, *names]
    name = st.selectbox(
        "Vocabulary",
        options,
        index=options.index(url_choice("vocabulary", options, NONE)),
        key=page_key("dictionary_vocabulary"),
        format_func=plain_label,
        width=240,
        help="`python -m bioner concepts build FILE` makes one of an OBO or CSV.",
    )
    keep_in_url(vocabulary="" if name == NONE else name)
    return cache.vocabularies(session.settings, [] if name == NONE else [name])


def unlike(told: Told, term: Term) -> str:
    """Say what the marks of a term stand for where that is not one concept: ``D1 ×3, D2 ×1``."""
    ids = told.get(term.key, ())
    return ", ".join(f"{id} ×{count:,}" for id, count in ids) if len(ids) > 1 else ""


def draw_offers(
    session: Session, dictionary: Dictionary, term: Term, vocabularies: Vocabularies
) -> None:
    """Draw the concepts that a term may get, and the terms that have its concept too."""
    shared = dictionary.sharing(term)
    if shared:
        names = ", ".join(plain_label(name) for name in shared[:SHOWN])
        st.warning(f"Other terms have the same concept: {names}.", icon=":material/link_off:")
    told = unlike(dictionary.told_ids([term.key]), term)
    if told:
        st.warning(
            f"Its marks stand for several concepts: {plain_label(told)}.",
            icon=":material/link_off:",
        )
    if not vocabularies.asked:
        return
    long = term.long_forms[0] if term.long_forms else ""
    offers = vocabularies.offers(term.preferred, term.label, long_form=long)
    if not offers:
        st.caption("The vocabulary has no concept that is called so.")
    for one in [one for one in offers if one.identifier != term.identifier][:SHOWN]:
        also = "" if one.matched == one.name else f" ({one.matched})"
        st.button(
            plain_label(f"{one.identifier} {one.name}{also}"),
            key=f"term_offer_{one.identifier}",
            icon=":material/link:",
            on_click=give,
            args=(session, dictionary, {term.key: one.identifier}),
            **shut(session, Action.DICTIONARY, help=f"How it was found: {one.how}."),
        )


def draw_give(
    session: Session, dictionary: Dictionary, chosen: Sequence[Term], vocabularies: Vocabularies
) -> None:
    """Draw the button that gives each ticked term the concept that is called so, where one is."""
    if not vocabularies.asked or len(chosen) < 2:
        return
    closed = shut(
        session,
        Action.DICTIONARY,
        help="Each term without a concept gets the one that has its name, spelling aside.",
    )
    st.button(
        "Give them concepts",
        key="term_give",
        icon=":material/link:",
        on_click=_give_each,
        args=(session, dictionary, chosen, vocabularies),
        **closed,
    )


def _give_each(
    session: Session, dictionary: Dictionary, chosen: Sequence[Term], vocabularies: Vocabularies
) -> None:
    found = {}
    for one in chosen:
        if not one.identifier:
            offers = vocabularies.offers(one.preferred, one.label, similar=False)
            if offers:
                found[one.key] = offers[0].identifier
    if found:
        give(session, dictionary, found)
    else:
        tell("None of them has the name of a concept, or all have one.")


def give(session: Session, dictionary: Dictionary, found: Mapping[str, str]) -> None:
    """Put on record which concepts terms stand for."""
    choices = [Choice(action="identify", terms=(key,), value=id) for key, id in found.items()]
    put_on_record(session, dictionary, choices)
