"""The tagger in one line, for scripts."""

from __future__ import annotations

import os
from typing import Any

from bioner.conventions import ANY
from bioner.models.catalogue import find_model
from bioner.settings import read_settings
from bioner.spans import Document
from bioner.tagging.answers import words
from bioner.tagging.load import load_tagger
from bioner.text import split_document


class Ner:
    """The tagger in one line, for scripts and for BERT-NER's users.

    ``Ner("bioner-compact").predict("Aspirin helps.")`` returns a list of ``{"word", "tag",
    "confidence"}``, one for each word; ``entities`` returns mentions with character offsets.
    ``convention`` says whose rules of marking hold, of those that the model knows (``any`` else).
    """

    def __init__(
        self, model: str | os.PathLike[str] = "bioner-compact", *, convention: str = ANY
    ) -> None:
        self.tagger = load_tagger(find_model(os.fspath(model), read_settings().models))
        self.convention = self.tagger.conventions.find(convention, of=self.tagger.name).name

    def entities(self, text: str) -> Document:
        """Return the text as a Document with predicted mentions."""
        return self.tagger.tag_document(split_document(text), convention=self.convention)

    def predict(self, text: str) -> list[dict[str, Any]]:
        """Return ``{"word", "tag", "confidence"}`` for each word of the text, in order."""
        return words(self.entities(text))
