"""What the tests of the pages share: model folders, a dictionary as the tagger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bioner.labels import LabelSchema, read_schema
from bioner.models.card import ModelCard, write_card
from bioner.progress import OnProgress, Progress
from bioner.spans import Alternative, Document, Mention, mention
from bioner.text import split_document

WORDS = {
    "TNF-α": ("Gene", "Protein", 0.97),
    "NF-κB": ("Protein", "Gene", 0.82),
    "keratinocytes": ("Cell", "Tissue", 0.99),
    "DMSO": ("Chemical", "Gene", 0.55),
    "aspirin": ("Chemical", "Disease", 0.995),
    "type 2 diabetes": ("Disease", "Pathology", 0.91),
    "mice": ("Organism", "Taxon", 0.99),
    "p53": ("Gene", "Protein", 0.9),
}
"""Surface → its type, the second best, and how sure."""


class DictionaryTagger:
    """Marks the words of ``WORDS``; as ``other`` it says Disease where it says Chemical.

    Told any convention but ``any``, it leaves organisms out.
    """

    name = backend = "dictionary"

    def __init__(self, folder: Path) -> None:
        self.schema: LabelSchema = read_schema()
        self.types = self.schema.names
        self._is_other = folder.name == "other"

    def tag_documents(
        self,
        documents: Sequence[Document],
        *,
        convention: str = "any",
        progress: OnProgress | None = None,
    ) -> list[Document]:
        found = []
        for i, document in enumerate(documents):
            if progress:
                progress(Progress(i, len(documents)))
            ranges = document.sentence_ranges or split_document(document.text).sentence_ranges
            found_here = [
                one
                for one in self._marks(document.text)
                if convention == "any" or one.label != "Organism"
            ]
            marks = tuple(sorted(found_here, key=lambda one: one.start))
            found.append(replace(document, mentions=marks, sentence_ranges=ranges))
        return found

    def _marks(self, text: str) -> list[Mention]:
        marks = []
        for word, (label, second, score) in WORDS.items():
            if self._is_other and label == "Chemical":
                label = "Disease"
            for match in re.finditer(re.escape(word), text):
                alternatives = (Alternative(second, round(1 - score, 3)),)
                marks.append(
                    mention(
                        *match.span(),
                        label,
                        status="predicted",
                        score=score,
                        alternatives=alternatives,
                    )
                )
        return marks


def load_tagger(folder: Path, **_: object) -> DictionaryTagger:
    """Stand in for ``bioner.tagging.load.load_tagger``."""
    return DictionaryTagger(folder)


def make_model(folder: Path, *, stage: str = "early") -> None:
    """Save a model folder that is sound: a two-layer BERT of random weights with the 27 tags."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    from bioner.bio import tag_names

    schema = read_schema()
    tags = tag_names(schema.names)
    letters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=len(tags),
        id2label=dict(enumerate(tags)),
        label2id={tag: i for i, tag in enumerate(tags)},
    )
    BertForTokenClassification(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True).save_pretrained(folder)
    write_card(
        folder,
        ModelCard(folder.name, stage=stage, mapping="curated", types=schema.names, tags=tags),
    )
