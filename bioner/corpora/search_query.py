"""What to look for in the merged corpora, and how it is asked of the full-text index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bioner.corpora.disagreements import Disagreement, Variant
from bioner.corpora.search_index import (
    BEGIN,
    CORPUS,
    END,
    LABEL,
    name_word,
    split_words,
)

if TYPE_CHECKING:
    pass


_QUOTED = re.compile(r'"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; an empty field lets everything through, all that are filled must hold.

    ``text`` is one phrase, or several if quoted, its words cut as the corpora are ("TGF-beta" is
    three); ``*`` at a phrase's end lets its last word go on. ``surface`` is a mention's whole
    surface; a ``*`` at an end lets more stand there. Case and accents of Greek letters do not
    count: "TGF-β" is "tgf-beta". Of several types, corpora or splits one is enough, every one of
    ``features`` must be there.
    """

    text: str = ""
    surface: str = ""
    types: tuple[str, ...] = ()
    corpora: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


def variant_query(disagreement: Disagreement, variant: Variant, corpus: str) -> Query:
    """Return the query that finds the sentences behind one corpus's variant of a surface."""
    if disagreement.kind == "boundaries":
        return Query(disagreement.surface, surface=variant.value, corpora=(corpus,))
    return Query(surface=disagreement.surface, types=(variant.value,), corpora=(corpus,))


def fts_expression(query: Query, types: Sequence[str]) -> str | None:
    """Return the FTS5 expression of a query; None if it asks for nothing.

    ``types`` are all that the index knows: a surface may have any of them.
    """
    parts = [f"text : {_phrase(*words_and_star(phrase))}" for phrase in phrases_of(query.text)]
    if query.surface.strip():
        parts.append(_surface_expression(query, types))
    if query.types and query.corpora:
        parts.append(_any("t:", (f"{t}@{c}" for t in query.types for c in query.corpora)))
    else:
        parts.extend(
            _any(mark, names)
            for mark, names in (("t:", query.types), ("c:", query.corpora))
            if names
        )
    if query.splits:
        parts.append(_any("s:", query.splits))
    parts.extend(_any("f:", (feature,)) for feature in query.features)
    return " AND ".join(parts) if parts else None


def _surface_expression(query: Query, types: Sequence[str]) -> str:
    """Ask for one mention that has the surface, and the types and corpora too."""
    surface = query.surface.strip()
    open_start, open_end = surface.startswith("*"), surface.endswith("*")
    words = split_words(surface.strip("*"))
    if not open_end:
        words = [*words, END]
    if open_start:
        return f"mentions : {_phrase(words, open_end)}"
    starts: list[list[str]] = [[BEGIN]]
    if query.types or query.corpora:
        labels = [name_word(LABEL, name) for name in query.types or types]
        corpora = [[name_word(CORPUS, name)] for name in query.corpora] or [[]]
        starts = [[*corpus, label, BEGIN] for corpus in corpora for label in labels]
    phrases = (f"mentions : {_phrase([*start, *words], open_end)}" for start in starts)
    return f"({' OR '.join(phrases)})"


def phrases_of(text: str) -> list[str]:
    """Return the phrases of a query: the quoted ones and what stands between, or all of it."""
    pieces = _QUOTED.split(text)
    return [piece for piece in pieces if split_words(piece)]


def words_and_star(phrase: str) -> tuple[list[str], bool]:
    """Return a phrase's words, and whether a star lets its last one go on."""
    stripped = phrase.strip()
    has_star = len(stripped) > 1 and stripped.endswith("*") and not stripped[-2].isspace()
    return split_words(stripped[:-1] if has_star else stripped), has_star


def _phrase(words: Sequence[str], has_star: bool) -> str:
    quoted = " ".join(words).replace('"', '""').replace("\0", "")
    return f'"{quoted}"{" *" if has_star else ""}'


def _any(mark: str, names: Iterable[str]) -> str:
    words = (f"facets : {_phrase(['_'.join(f'{mark}{name}'.split())], False)}" for name in names)
    return f"({' OR '.join(words)})"
