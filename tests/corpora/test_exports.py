"""What a search hands out and tells of a sentence: text, offsets, labels, where they are from."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from bioner.corpora.corrections import count_corrections
from bioner.corpora.dataset import Dataset
from bioner.corpora.exports import conll_of_sentences, json_line
from bioner.corpora.provenance import label_origins
from bioner.corpora.search import SearchIndex
from bioner.corpora.search_query import Query
from bioner.formats.conll import read_conll
from bioner.spans import Span, corpus_sentence


def test_downloads_hold_the_sentences_that_were_found(sample: Dataset, tmp_path: Path) -> None:
    index = SearchIndex.of_dataset(sample, tmp_path / "search.sqlite3")
    found = list(index.read(index.numbers(Query(types=("Gene",)))))
    assert found
    for sentence in found:
        line = json.loads(json_line(sentence))
        assert line["text"] == sentence.text
        assert [(one["text"], one["label"]) for one in line["entities"]] == [
            (sentence.surface(span), span.label) for span in sentence.spans
        ]
        assert all(
            line["text"][one["start"] : one["end"]] == one["text"] for one in line["entities"]
        )
    (tmp_path / "out.conll").write_bytes(conll_of_sentences(found))
    again = read_conll(tmp_path / "out.conll").sentences
    assert [one.tokens for one in again] == [one.tokens for one in found]
    assert [[(s.start, s.end, s.label) for s in one.spans] for one in again] == [
        [(s.start, s.end, s.label) for s in one.spans] for one in found
    ]


def test_each_label_has_its_corpus_its_name_there_and_the_licence(sample: Dataset) -> None:
    shared = next(one for one in sample.train if one.sources == ("AnatEM", "BioNLP13CG"))
    origins = label_origins(shared, sample.schema)
    assert {one.corpus for one in origins} == {"AnatEM", "BioNLP13CG"}
    assert {one.licence for one in origins} == {"CC BY-SA 3.0"}
    assert [one.surface for one in origins]
    mine = corpus_sentence("a", ["aspirin"], spans=[Span(0, 1, "Chemical")], corpus="ward")
    (own,) = label_origins(mine, sample.schema)
    assert (own.corpus, own.source_label, own.licence) == ("ward", "Chemical", "")


def test_corrections_are_counted_by_split_type_and_length() -> None:
    covers = frozenset({"Gene"})
    one = corpus_sentence("a", ["TP53", "rose"], spans=[Span(0, 1, "Gene")], covers=covers)
    two = corpus_sentence("b", ["No", "gene", "."], covers=frozenset({"Gene", "Cell"}))
    found = count_corrections({"train": [one, one], "test": [two]})
    assert found.sentences == {"train": 2, "test": 1}
    assert found.count("Gene", ["train", "test"]) == 2
    assert found.covers == {"Gene", "Cell"}
    assert found.lengths(["train"]) == Counter({2: 2})
    assert not count_corrections({"train": [], "test": []}).sentences
