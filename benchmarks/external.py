"""Score models on BioRED's dev abstracts, an external test that no model here was trained on.

    python -m benchmarks.external MODEL [MODEL ...] [--biored FILE] [--data data/merged]
        [--json FILE]

Documents whose text is in the corpora are dropped and counted. BioRED's types become our groups
(its genes and gene products our Gene/Protein, its taxa our Organism/Taxon, its diseases our
Disease/Cancer/Pathology); our other types are not scored, nor is what overlaps one of its sequence
variants or cell lines. A match is exact, to the character.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bioner.commands.terminal import table
from bioner.evaluation.scores import Score
from bioner.formats import read_documents
from bioner.labels import LabelSchema
from bioner.models.catalogue import find_model
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document, normalise
from bioner.tagging.load import load_tagger
from bioner.tagging.tagger import Tagger
from bioner.text import sentences, split_document

BIORED = PROJECT_ROOT.parent / "shared" / "formats" / "crlf.BioRED.Dev.PubTator"
TYPES = {
    "GeneOrGeneProduct": "Gene",
    "DiseaseOrPhenotypicFeature": "Disease",
    "ChemicalEntity": "Chemical",
    "OrganismTaxon": "Organism",
}
"""BioRED's type → the type of ours whose group it is scored as."""

RUN = 12
"""Words in a row that must lie in the corpora for a sentence to count as known."""


@dataclass(frozen=True)
class External:
    """One model's scores by group on the documents kept."""

    model: str
    documents: int
    dropped: int
    by_group: dict[str, Score]

    @property
    def micro(self) -> Score:
        return sum(self.by_group.values(), Score())

    def to_json(self) -> dict[str, object]:
        return {
            "model": self.model,
            "documents": self.documents,
            "dropped": self.dropped,
            "micro": self.micro.to_json(),
            "by_group": {name: one.to_json() for name, one in self.by_group.items()},
        }


def read_biored(path: Path = BIORED) -> list[Document]:
    """Read BioRED's documents, sentence ranges filled."""
    return [
        replace(one, sentence_ranges=split_document(one.text, id=one.id).sentence_ranges)
        for one in read_documents(path).documents
    ]


def known_runs(data: Path) -> tuple[frozenset[int], frozenset[str]]:
    """Return the hashes of every run of ``RUN`` words in the merged corpora, and its sentences."""
    import pyarrow.parquet as pq

    runs: set[int] = set()
    whole: set[str] = set()
    for split in ("train", "devel", "test"):
        texts = pq.read_table(data / f"{split}.parquet", columns=["text"])["text"].to_pylist()
        for text in texts:
            words = normalise(text.split(" ")).split()
            whole.add(" ".join(words))
            runs.update(hash(tuple(words[i : i + RUN])) for i in range(len(words) - RUN + 1))
    return frozenset(runs), frozenset(whole)


def without_known(documents: Iterable[Document], data: Path) -> list[Document]:
    """Return the documents of which neither the title nor a sentence of twelve words is known."""
    runs, whole = known_runs(data)

    def is_known(words: Sequence[str], *, is_title: bool) -> bool:
        if is_title and " ".join(words) in whole:
            return True
        starts = range(len(words) - RUN + 1)
        return bool(starts) and all(hash(tuple(words[i : i + RUN])) in runs for i in starts)

    return [
        one
        for one in documents
        if not any(
            is_known(normalise(s.tokens).split(), is_title=number == 0)
            for number, s in enumerate(sentences(replace(one, mentions=())))
        )
    ]


def score_documents(
    gold: Sequence[Document], predicted: Sequence[Document], schema: LabelSchema
) -> dict[str, Score]:
    """Count exact matches by group. *Sets of* (start, end): nested gold mentions count each."""
    groups = {schema.group_of[label] for label in TYPES.values()}
    counts: dict[str, Counter[str]] = {group: Counter() for group in groups}
    for mine, theirs in zip(gold, predicted, strict=True):
        wanted = {
            (m.fragments, schema.group_of[TYPES[m.label]])
            for m in mine.mentions
            if m.label in TYPES
        }
        unscored = [m for m in mine.mentions if m.label not in TYPES]
        said = {
            (m.fragments, schema.group_of[m.label])
            for m in theirs.mentions
            if schema.group_of.get(m.label) in groups
            and not any(m.start < u.end and u.start < m.end for u in unscored)
        } | {
            (m.fragments, schema.group_of[m.label])
            for m in theirs.mentions
            if (m.fragments, schema.group_of.get(m.label, "")) in wanted
        }
        for _, group in wanted:
            counts[group]["support"] += 1
        for _, group in said:
            counts[group]["predicted"] += 1
        for _, group in said & wanted:
            counts[group]["correct"] += 1
    return {
        group: Score(c["correct"], c["predicted"], c["support"])
        for group, c in sorted(counts.items())
    }


def measure(tagger: Tagger, kept: Sequence[Document], dropped: int) -> External:
    """Tag the documents and score them."""
    found = tagger.tag_documents([replace(one, mentions=()) for one in kept])
    return External(tagger.name, len(kept), dropped, score_documents(kept, found, tagger.schema))


def external_table(results: Sequence[External]) -> str:
    """Lay the results out, a line a model and group."""
    rows = [["model", "group", "precision", "recall", "F1", "support"]]
    for one in results:
        for name, score in {**one.by_group, "all": one.micro}.items():
            values = (score.precision, score.recall, score.f1)
            rows.append(
                [one.model, name, *(f"{100 * v:.1f}" for v in values), f"{score.support:,}"]
            )
    return table(rows, right={2, 3, 4, 5})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--biored", type=Path, default=BIORED)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    settings = read_settings()
    if not args.biored.is_file():
        sys.exit(f"{args.biored}: BioRED's dev file is not here; give it with --biored")
    documents = read_biored(args.biored)
    kept = without_known(documents, args.data or settings.merged)
    dropped = len(documents) - len(kept)
    print(f"{len(kept)} documents; {dropped} dropped, their text is in the corpora")
    results = [
        measure(load_tagger(find_model(name, settings.models)), kept, dropped)
        for name in args.models
    ]
    print(external_table(results))
    if args.json:
        text = json.dumps([one.to_json() for one in results], indent=1)
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
