"""What many tests share beside the fixtures: folders, a dictionary as a tagger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bioner.conventions import Conventions
from bioner.corpora.dataset import Dataset
from bioner.spans import Sentence, Span, with_spans

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


class DictionaryTagger:
    """A tagger that marks what a dictionary of lower-cased surfaces names; longest match first."""

    name = "dictionary"
    backend = "dictionary"
    conventions = Conventions()

    def __init__(self, dataset: Dataset, words: dict[str, str]) -> None:
        self.schema = dataset.schema
        self.types = dataset.schema.names
        self._words = words

    def tag(self, sentences: Sequence[Sentence], *, progress: object = None) -> list[Sentence]:
        return [with_spans(replace(s, readings=(), ignored=()), self._find(s)) for s in sentences]

    def tag_own(self, sentences: Sequence[Sentence], *, progress: object = None) -> list[Sentence]:
        return self.tag(sentences, progress=progress)

    def _find(self, sentence: Sentence) -> list[Span]:
        found: list[Span] = []
        i = 0
        while i < len(sentence.tokens):
            for end in range(min(i + 6, len(sentence.tokens)), i, -1):
                label = self._words.get(" ".join(sentence.tokens[i:end]).lower())
                if label:
                    found.append(Span(i, end, label, status="predicted", score=0.9))
                    i = end - 1
                    break
            i += 1
        return found


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON file."""
    loaded: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
