"""Where a merged sentence's labels come from: whose they are, their name there, and why ours."""

from __future__ import annotations

from dataclasses import dataclass

from bioner.corpora.catalogue import published
from bioner.labels import LabelSchema
from bioner.spans import Sentence


@dataclass(frozen=True, slots=True)
class LabelOrigin:
    """One corpus's part in one label: what it called the mention, and under which licence.

    ``reason``: why its label became ours; empty where it is the same type. ``licence`` is empty for
    a corpus of one's own.
    """

    surface: str
    source_label: str
    label: str
    corpus: str
    reason: str
    licence: str


def label_origins(sentence: Sentence, schema: LabelSchema) -> list[LabelOrigin]:
    """Return the origins of a sentence's labels; of a shared one, each corpus that has its name."""
    sources = sentence.sources or (sentence.corpus,)
    found: list[LabelOrigin] = []
    for span in sentence.spans:
        surface = sentence.surface(span)
        owners = [
            name for name in sources if span.source_label in schema.mapping_for(name).rules
        ] or list(sources)
        for name in owners:
            rule = schema.mapping_for(name).rules.get(span.source_label)
            reason = rule.reason if rule else ""
            for exception in rule.by_surface if rule else ():
                if surface.lower() in exception.surfaces:
                    reason = exception.reason
            info = published(name)
            licence = info.licence if info else ""
            found.append(
                LabelOrigin(
                    surface, span.source_label or span.label, span.label, name, reason, licence
                )
            )
    return found
