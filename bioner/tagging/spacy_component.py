"""The component ``bioner`` of a spaCy pipeline: ``nlp.add_pipe("bioner")``.

spaCy finds it by the entry point of the installed package (the extra ``spacy``). All mentions go
into ``doc.spans["bioner"]``; ``doc.ents``, which cannot overlap, gets the longest of them.
"""

from __future__ import annotations

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import filter_spans

from bioner.conventions import ANY
from bioner.tagging.ner import Ner

DEFAULTS = {"model": "bioner-compact", "convention": ANY, "spans_key": "bioner"}


class BionerComponent:
    """Marks a Doc with a model's mentions, on spaCy's own tokens (a mark inside one takes it)."""

    def __init__(self, name: str, model: str, convention: str, spans_key: str) -> None:
        self.name = name
        self.spans_key = spans_key
        self._ner = Ner(model, convention=convention)

    def __call__(self, doc: Doc) -> Doc:
        """Return the Doc with its mentions; what other components marked stays where it can."""
        found = self._ner.entities(doc.text)
        spans = [
            span
            for one in found.mentions
            if (span := doc.char_span(one.start, one.end, one.label, alignment_mode="expand"))
            is not None
        ]
        doc.spans[self.spans_key] = spans
        doc.ents = filter_spans([*doc.ents, *spans])
        return doc


def make_component(
    nlp: Language, name: str, model: str, convention: str, spans_key: str
) -> BionerComponent:
    """Make the component; spaCy calls it with the pipeline's configuration."""
    return BionerComponent(name, model, convention, spans_key)


Language.factory("bioner", default_config=DEFAULTS, func=make_component)
