"""The tagger in one line, for scripts."""

from __future__ import annotations

import os

from bioner.models.catalogue import find_model
from bioner.settings import read_settings
from bioner.spans import Document
from bioner.tagging.load import load_tagger
from bioner.text import sentences as sentences_of
from bioner.text import split_document


class Ner:
    """The tagger in one line, for scripts and for BERT-NER's users.

    ``Ner("bioner-compact").predict("Aspirin helps.")`` returns a list of ``{"word", "tag",
    "confidence"}``, one for each word; ``entities`` returns mentions with character offsets.
    """

    def __init__(self, model: str | os.PathLike[str] = "bioner-compact") -> None:
        self.tagger = load_tagger(find_model(os.fspath(model), read_settings().models))

    def entities(self, text: str) -> Document:
        """Return the text as a Document with predicted mentions."""
        return self.tagger.tag_document(split_document(text))

    def predict(self, text: str) -> list[dict[str, str | float]]:
        """Return ``{"word", "tag", "confidence"}`` for each word of the text, in order."""
        from bioner.bio import encode

        words: list[dict[str, str | float]] = []
        for sentence in self.tagger.tag(sentences_of(split_document(text))):
            tags = encode(sentence.spans, len(sentence.tokens))
            scores = [1.0] * len(tags)
            for span in sentence.spans:
                scores[span.start : span.end] = [span.score or 0.0] * (span.end - span.start)
            for (start, end), tag, score in zip(sentence.offsets, tags, scores, strict=True):
                words.append({"word": text[start:end], "tag": tag, "confidence": score})
        return words
