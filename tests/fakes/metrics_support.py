"""What the tests of the Metrics page share: sentences of three corpora, stored evaluations."""

from __future__ import annotations

from support import DictionaryTagger

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.evaluation.evaluate import evaluate_and_store
from bioner.evaluation.keys import evaluation_key
from bioner.evaluation.reports import FOLDER, Evaluation
from bioner.labels import read_schema
from bioner.settings import Settings
from bioner.spans import Sentence, Span, corpus_sentence

SCHEMA = read_schema()
KNOWN = frozenset({"0" * 16})
"""What the models of these tests were trained on: nothing that is in the test."""
GENES = [f"gen{i}" for i in range(320)]
GOOD = {**dict.fromkeys(GENES, "Gene"), "flu": "Disease", "x<b>": "Cell"}
WORSE = {**dict.fromkeys([*GENES[:20], *GENES[60:]], "Gene"), "flu": "Chemical", "and": "Disease"}


def sentence(corpus: str, number: int, text: str, labels: dict[str, str]) -> Sentence:
    tokens = text.split()
    spans = [Span(i, i + 1, labels[t], labels[t]) for i, t in enumerate(tokens) if t in labels]
    covers = SCHEMA.mapping_for(corpus).covers
    return corpus_sentence(
        f"{corpus}/test/{number}", tokens, spans=spans, covers=covers, corpus=corpus, split="test"
    )


def make_data(*, corpora: int = 3, count: int = 60) -> Dataset:
    """Make three corpora of so many sentences; the gate can tell of 320."""
    names = GENES[:count]
    genes = [sentence("BC2GM", i, f"{g} binds now", {g: "Gene"}) for i, g in enumerate(names)]
    ills = [
        sentence("NCBI-disease", i, f"flu and {g} cause", {"flu": "Disease"})
        for i, g in enumerate(names)
    ]
    drugs = [
        sentence("BC4CHEMD", i, f"{g} with aspirin", {"aspirin": "Chemical"})
        for i, g in enumerate(names if count > 60 else names[:9])
    ]
    test = [genes, ills, drugs][:corpora]
    return Dataset(
        (genes[0], ills[0]), (), tuple(s for group in test for s in group), SCHEMA, f"data{corpora}"
    )


def store_report(
    settings: Settings,
    data: Dataset,
    model: str,
    words: dict[str, str],
    parts: tuple[str, ...] = (),
    trained_on: frozenset[str] = KNOWN,
) -> Evaluation:
    if not (settings.merged / "manifest.json").exists():
        write_dataset(data, settings.merged)
    key = evaluation_key(settings.models / model, settings.merged)
    tagger = DictionaryTagger(data, words)
    tagger.name = model
    return evaluate_and_store(
        tagger, data, key, settings.data / FOLDER, parts=parts, trained_on=trained_on
    )
