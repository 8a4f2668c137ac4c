"""Candidates for concepts: recall at 1 and 10 on Linnaeus, with NCBI Taxonomy from ``taxoniq``.

    python -m benchmarks.concepts [--texts FILE] [--index FILE] [--json FILE]

Needs the package ``taxoniq`` (development only). The vocabulary are the taxa that have a common
name or an article of the English Wikipedia: scientific and common names. Every mark of the texts
with an identifier of NCBI Taxonomy is asked for by its words, with what its text explains it as;
nothing is learned from the texts. What is not in the vocabulary counts as missed; how much that is
is said.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bioner.commands.terminal import table
from bioner.corpora.concepts import Concepts
from bioner.corpora.concepts_build import build_concepts
from bioner.corpora.vocabulary import Listed
from bioner.formats import read_documents
from bioner.identifiers import IDENTIFIER
from bioner.review.abbreviations import abbreviations
from bioner.settings import PROJECT_ROOT

TEXTS = PROJECT_ROOT.parent / "shared" / "more-corpora" / "Linnaeus.train.PubTator"


def taxa() -> Iterator[Listed]:
    """Yield the taxa that people write about, with their names."""
    import taxoniq

    some = taxoniq.Taxon(1)
    numbers: set[int] = set()
    for names in ("common_name_pos", "en_wiki_title_pos"):
        numbers.update(map(int, some._get_db(names).iterkeys()))
    for number in sorted(numbers):
        try:
            taxon = taxoniq.Taxon(number)
        except KeyError:  # a number that the taxonomy has merged into another since
            continue
        names: list[str] = []
        for field in ("scientific_name", "common_name"):
            try:
                names.append(getattr(taxon, field))
            except (taxoniq.NoValue, KeyError):
                continue
        if names:
            yield Listed(tuple(dict.fromkeys(names)), "Organism", str(number))


def measure(concepts: Concepts, texts: Path) -> tuple[Counter[str], Counter[str]]:
    """Count marks, and distinct words of a document, whose concept is first, or among ten."""
    marks: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for document in read_documents(texts).documents:
        long_forms = {one.short: one.long for one in abbreviations(document.text)}
        seen: dict[tuple[str, str], tuple[str, ...]] = {}
        for one in document.mentions:
            gold = dict(one.attributes).get(IDENTIFIER, "")
            number = gold.rpartition(":")[2].strip()
            if not number.isdecimal():
                marks["without an identifier"] += 1
                continue
            surface = document.surface(one)
            key = (surface, number)
            counts = [marks] if key in seen else [marks, words]
            if key not in seen:
                found = concepts.candidates(surface, long_form=long_forms.get(surface, ""))
                seen[key] = tuple(c.identifier for c in found)
            for count in counts:
                count["asked"] += 1
                count["in the vocabulary"] += bool(concepts.name_of(number))
                count["at 1"] += seen[key][:1] == (number,)
                count["at 10"] += number in seen[key]
    return marks, words


def main(arguments: Sequence[str] | None = None) -> int:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=Path, default=TEXTS)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bioner-") as folder:
        path = given.index or Path(folder) / "taxa.concepts"
        began = time.monotonic()
        if not path.exists():
            print(build_concepts(path, taxa()), f"{time.monotonic() - began:.0f} s")
        began = time.monotonic()
        marks, words = measure(Concepts(path), given.texts)
        asked = time.monotonic() - began
    rows = [["", "asked", "in the vocabulary", "recall at 1", "recall at 10"]]
    for name, one in (("marks", marks), ("words of a document", words)):
        shares = [f"{100 * one[k] / max(1, one['asked']):.1f}" for k in
                  ("in the vocabulary", "at 1", "at 10")]  # fmt: skip
        rows.append([name, f"{one['asked']:,}", *shares])
    print(table(rows, right={1, 2, 3, 4}))
    print(f"{asked:.0f} s; {marks['without an identifier']:,} marks without an identifier")
    if given.json:
        given.json.write_text(json.dumps({"marks": marks, "words": words}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
