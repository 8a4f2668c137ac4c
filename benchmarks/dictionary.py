"""A dictionary of many abstracts: its growth, its first hundred terms curated, its precision.

    python -m benchmarks.dictionary MARKED.jsonl ... [--source DIR] [--terms 100] [--json FILE]

``MARKED`` are abstracts as `tag` marked them. The first terms are decided about by a rule against
an oracle that knows people's marks alone: the **train** sentences of the corpora. A term is kept if
at least half of the places where its spellings stand, in sentences that looked for its type, are
marked as that type (types of one group count as one) by people, and there are five places or more;
retyped if that holds for another type; dropped if it holds for none; left undecided where there are
fewer than five places. What was kept is exported, read back, and used as a suggester on sentences
that neither the oracle nor the dictionary saw: the corpora's **test** sentences, and BioRED's dev
abstracts. A mark is right if a person marked the same characters as the same group of types;
marks of types that nobody looked for there are counted apart.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.external import TYPES, read_biored
from bioner.commands.terminal import table
from bioner.corpora.mapping import apply_mapping
from bioner.corpora.read import read_corpora
from bioner.labels import LabelSchema, read_schema
from bioner.review.dictionary import Dictionary
from bioner.review.dictionary_build import Built, build_dictionary
from bioner.review.dictionary_curation import Choice, curate
from bioner.review.dictionary_files import WRITERS, write_dictionary
from bioner.review.dictionary_texts import TextFiles
from bioner.review.suggesters import NameSuggester, add_name, listed_names
from bioner.review.terms import Term
from bioner.settings import PROJECT_ROOT
from bioner.spans import Document, Mention, Range, Sentence

SOURCE = PROJECT_ROOT.parent / "shared" / "corpora"
LEAST = 5
HALF = 0.5


def sentences_of(source: Path, split: str, schema: LabelSchema) -> Iterator[Sentence]:
    """Yield the corpora's sentences of a split, with our types and what was looked for."""
    for corpus in read_corpora(source):
        rules = schema.mapping_for(corpus.id)
        for sentence in corpus.splits[split]:
            yield apply_mapping(sentence, rules)


def as_document(sentence: Sentence, number: int) -> Document:
    """Return a sentence as a text without marks."""
    return Document(str(number), sentence.text)


def marked(
    suggester: NameSuggester, sentences: Sequence[Sentence]
) -> Iterator[tuple[Sentence, Sequence[Mention]]]:
    """Yield each sentence with what a suggester marks in it."""
    for number, sentence in enumerate(sentences):
        [found] = suggester.suggest([as_document(sentence, number)])
        yield sentence, found.mentions


def gold_at(sentence: Sentence, schema: LabelSchema) -> dict[Range, frozenset[str]]:
    """Return the groups that people marked, by characters of the sentence's text."""
    offsets: list[Range] = []
    at = 0
    for token in sentence.tokens:
        offsets.append((at, at + len(token)))
        at += len(token) + 1
    found: dict[Range, frozenset[str]] = {}
    for span in (*sentence.spans, *sentence.readings):
        place = (offsets[span.start][0], offsets[span.end - 1][1])
        found[place] = frozenset(schema.group_of[one] for one in span.labels)
    return found


def is_open(sentence: Sentence, place: Range) -> bool:
    """Whether a mark lies where the corpus's own label is evidence for nothing."""
    at, offsets = 0, []
    for token in sentence.tokens:
        offsets.append((at, at + len(token)))
        at += len(token) + 1
    return any(
        offsets[start][0] < place[1] and place[0] < offsets[end - 1][1]
        for start, end in sentence.ignored
    )


class Oracle:
    """What people marked in the train sentences, for each term."""

    def __init__(self, terms: Sequence[Term], spellings: dict[str, list[str]], schema: LabelSchema):
        self.schema = schema
        self.groups: dict[str, Counter[str]] = defaultdict(Counter)
        self.looked: dict[str, Counter[str]] = defaultdict(Counter)
        names: dict[str, object] = {}
        for term in terms:
            add_name(names, spellings[term.key], term.key)  # type: ignore[arg-type]
        self.suggester = NameSuggester(name="oracle", names=names)  # type: ignore[arg-type]

    def read(self, sentences: Iterable[Sentence]) -> None:
        """Count at each place of a term what was marked, and which groups were looked for."""
        for sentence, found in marked(self.suggester, list(sentences)):
            gold = gold_at(sentence, self.schema)
            covered = {self.schema.group_of[one] for one in sentence.covers}
            for one in found:
                place = (one.start, one.end)
                if is_open(sentence, place):
                    continue
                self.groups[one.label].update(gold.get(place, frozenset()) & covered)
                self.looked[one.label].update(covered)

    def rule(self, term: Term) -> Choice | None:
        """Return what the train sentences say of a term; None where they say too little."""
        shares = {
            group: self.groups[term.key][group] / count
            for group, count in self.looked[term.key].items()
            if count >= LEAST
        }
        own = self.schema.group_of.get(term.label, "")
        if shares.get(own, 0.0) >= HALF:
            return Choice(action="keep", terms=(term.key,))
        best = max(shares, key=lambda one: shares[one], default="")
        if best and shares[best] >= HALF:
            label = self.schema.groups[best][0]
            return Choice(action="retype", terms=(term.key,), value=label)
        return Choice(action="drop", terms=(term.key,)) if own in shares else None


def precision(
    suggester: NameSuggester, sentences: Sequence[Sentence], schema: LabelSchema
) -> dict[str, Counter[str]]:
    """Count a suggester's marks by group: right, wrong, and where nobody looked."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence, found in marked(suggester, sentences):
        gold = gold_at(sentence, schema)
        covered = {schema.group_of[one] for one in sentence.covers}
        for one in found:
            group, place = schema.group_of[one.label], (one.start, one.end)
            if group not in covered or is_open(sentence, place):
                counts[group]["nobody looked"] += 1
            elif group in gold.get(place, ()):
                counts[group]["right"] += 1
            elif any(
                group in groups and a < one.end and one.start < b for (a, b), groups in gold.items()
            ):
                counts[group]["other boundary"] += 1
            else:
                counts[group]["wrong"] += 1
    return counts


def on_biored(suggester: NameSuggester, schema: LabelSchema) -> dict[str, Counter[str]]:
    """Count marks on BioRED's dev abstracts, in its own terms."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    known = {schema.group_of[one] for one in TYPES.values()}
    for gold in read_biored():
        [found] = suggester.suggest([replace(gold, mentions=())])
        people = [
            (m.fragments, schema.group_of[TYPES[m.label]])
            for m in gold.mentions
            if m.label in TYPES
        ]
        for one in found.mentions:
            group = schema.group_of[one.label]
            if group not in known:
                counts[group]["nobody looked"] += 1
            elif (one.fragments, group) in people:
                counts[group]["right"] += 1
            elif any(g == group and f[0][0] < one.end and one.start < f[-1][1] for f, g in people):
                counts[group]["other boundary"] += 1
            else:
                counts[group]["wrong"] += 1
    return counts


def precision_table(name: str, counts: dict[str, Counter[str]]) -> str:
    """Lay precision out, a line a group and one for all."""
    rows = [[name, "marks", "right", "other boundary", "wrong", "precision", "nobody looked"]]
    whole = sum(counts.values(), Counter[str]())
    for group, one in (*sorted(counts.items()), ("all", whole)):
        judged = one["right"] + one["other boundary"] + one["wrong"]
        share = f"{100 * one['right'] / judged:.1f}" if judged else "-"
        numbers = [judged, one["right"], one["other boundary"], one["wrong"]]
        rows.append([group, *map(str, numbers), share, str(one["nobody looked"])])
    return table(rows, right={1, 2, 3, 4, 5, 6})


def grown(paths: Sequence[Path], folder: Path) -> tuple[Dictionary, Built, list[list[str]]]:
    """Build a dictionary, and say at each thousand texts how long it took and how much memory."""
    rows = [["texts", "seconds", "MB at most"]]
    began = time.monotonic()

    def heard(progress: object) -> None:
        done = progress.done  # type: ignore[attr-defined]
        if done in (1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000):
            rows.append([f"{done:,}", f"{time.monotonic() - began:.0f}", _memory()])

    files = TextFiles(paths=paths)
    path = folder / "benchmark.dictionary"
    built = build_dictionary(
        path, files.documents(), source="abstracts", model="", on_progress=heard
    )
    rows.append([f"{built.texts:,}, whole", f"{time.monotonic() - began:.0f}", _memory()])
    return Dictionary(path), built, rows


def _memory() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, curate, export, use, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("marked", nargs="+", type=Path)
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--terms", type=int, default=100)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    schema = read_schema()
    with tempfile.TemporaryDirectory(prefix="bioner-") as name:
        folder = Path(name)
        dictionary, built, rows = grown(given.marked, folder)
        print(table(rows, right={0, 1, 2}))
        print(json.dumps(built.to_json()))
        terms = dictionary.terms(limit=given.terms)
        spellings = {
            one.key: [variant.surface for variant in dictionary.variants(one.key)] for one in terms
        }
        oracle = Oracle(terms, spellings, schema)
        oracle.read(sentences_of(given.source, "train", schema))
        choices = [choice for one in terms if (choice := oracle.rule(one)) is not None]
        curate(dictionary.path, choices, types=schema.names)
        decided = Counter(one.action for one in choices)
        left = len(terms) - len(choices)
        print(f"first {len(terms)} terms by mentions: {dict(decided)}, undecided {left}")
        for choice in choices:
            if choice.action != "keep":
                print(f"{choice.action}: {choice.terms[0]} {choice.value}".rstrip())
        for format in WRITERS:
            out = folder / f"out{WRITERS[format].suffix}"
            done = write_dictionary(dictionary, out, format)
            suggester = listed_names(out)
            print(f"{format}: {done.written} terms out, {len(suggester.names)} names back in")
        held = list(sentences_of(given.source, "test", schema))
        tests = precision(suggester, held, schema)
        biored = on_biored(suggester, schema)
        print(precision_table(f"corpora's test ({len(held):,} sentences)", tests))
        print(precision_table("BioRED dev", biored))
        if given.json:
            given.json.write_text(
                json.dumps({"built": built.to_json(), "test": tests, "biored": biored}, indent=1)
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
