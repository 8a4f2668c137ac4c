"""The shipped sample: read without repair, in the corpora's formats, all types, and ours alone."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from bioner.bio import decode, detect_scheme
from bioner.labels import IGNORE, read_schema
from bioner.spans import normalise

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
REAL = ROOT.parent / "shared" / "corpora"
SPLITS = ("train", "devel", "test")
TOKEN = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")

Tagged = tuple[tuple[str, ...], tuple[str, ...]]


def read_tsv(path: Path) -> list[Tagged]:
    sentences = []
    for block in path.read_text(encoding="utf-8").strip("\n").split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n") if line]
        if rows:
            sentences.append((tuple(r[0] for r in rows), tuple(r[1] for r in rows)))
    return sentences


def folder_of(corpus: str) -> Path:
    return SAMPLE / (corpus if corpus == "BC4CHEMD" else f"{corpus}-IOB")


SCHEMA = read_schema()
FILES = {
    (corpus, split): read_tsv(folder_of(corpus) / f"{split}.tsv")
    for corpus in SCHEMA.corpora
    for split in SPLITS
}


def test_sample_has_all_ten_corpora_and_at_least_150_sentences():
    assert len(SCHEMA.corpora) == 10
    assert all(FILES.values())
    assert sum(map(len, FILES.values())) >= 150


def test_every_file_is_two_tab_separated_columns_with_a_blank_line_after_each_sentence():
    for corpus, split in FILES:
        text = (folder_of(corpus) / f"{split}.tsv").read_bytes().decode("ascii")
        assert text.endswith("\n\n")
        assert "\n\n\n" not in text
        assert "\r" not in text
        assert all(line.count("\t") == 1 for line in text.split("\n") if line)


def test_every_token_is_a_run_of_letters_and_digits_or_one_punctuation_mark():
    for sentences in FILES.values():
        for tokens, _ in sentences:
            assert TOKEN.findall(" ".join(tokens)) == list(tokens)
            assert "".join(tokens).isascii()


@pytest.mark.parametrize("corpus", SCHEMA.corpora)
def test_tags_are_iob2_and_need_no_repair(corpus):
    for split in SPLITS:
        sequences = [tags for _, tags in FILES[corpus, split]]
        assert detect_scheme(sequences) == "IOB2"
        for tags in sequences:
            assert not decode(tags)[1]


@pytest.mark.parametrize("mapping", ["curated", "article"])
def test_every_source_label_has_a_rule_and_all_thirteen_types_come_out(mapping):
    schema = read_schema(mapping)
    found: Counter[str] = Counter()
    for (corpus, _), sentences in FILES.items():
        rules = schema.mapping_for(corpus).rules
        for tokens, tags in sentences:
            for span in decode(tags)[0]:
                found[rules[span.label].apply(" ".join(tokens[span.start : span.end]))] += 1
    assert set(schema.names) <= set(found)
    assert set(found) - set(schema.names) <= {IGNORE}


def test_every_rule_of_the_curated_mapping_is_shown_but_the_rare_regulons():
    unseen = set()
    for corpus, mapping in SCHEMA.corpora.items():
        labels = {s.label for p in SPLITS for _, t in FILES[corpus, p] for s in decode(t)[0]}
        unseen |= {(corpus, source) for source in mapping.rules if source not in labels}
    assert unseen == {("BioNLP11ID", "Regulon-operon")}


def test_every_corpus_trains_on_a_sentence_without_mentions():
    for corpus in SCHEMA.corpora:
        assert any(set(tags) == {"O"} for _, tags in FILES[corpus, "train"])


def test_sentences_are_unique_but_for_the_one_that_anatem_and_cg_share():
    places: dict[str, list[tuple[str, str]]] = {}
    for place, sentences in FILES.items():
        for tokens, _ in sentences:
            places.setdefault(normalise(tokens), []).append(place)
    assert [found for found in places.values() if len(found) > 1] == [
        [("AnatEM", "train"), ("BioNLP13CG", "train")]
    ]


def test_the_shared_sentence_has_finer_labels_and_one_boundary_clash():
    (tokens, coarse), (same, fine) = FILES["AnatEM", "train"][0], FILES["BioNLP13CG", "train"][0]
    assert tokens == same
    anatomy = {(s.start, s.end) for s in decode(coarse)[0]}
    detailed = {(s.start, s.end) for s in decode(fine)[0]}
    assert len(anatomy & detailed) == 3
    clashing = {a for a in anatomy - detailed if any(a[0] < d[1] and d[0] < a[1] for d in detailed)}
    assert [" ".join(tokens[start:end]) for start, end in clashing] == [
        "p63 - positive basal cells"
    ]


def test_demo_texts_have_a_title_and_a_paragraph():
    texts = [path.read_text(encoding="utf-8") for path in sorted((SAMPLE / "texts").glob("*.txt"))]
    assert len(texts) == 4
    for text in texts:
        title, blank, paragraph = text.rstrip("\n").split("\n")
        assert title
        assert not blank
        assert 80 <= len(paragraph.split()) <= 250
    joined = "".join(texts)
    assert "5 μM" in joined
    assert "TNF-α" in joined
    assert any(ord(character) > 0xFFFF for character in joined)


@pytest.mark.corpora
@pytest.mark.slow
def test_no_sentence_is_in_the_real_corpora():
    if not REAL.is_dir():
        pytest.skip("the real corpora are not beside the checkout")
    ours = {normalise(tokens) for sentences in FILES.values() for tokens, _ in sentences}
    theirs = {normalise(tokens) for path in REAL.glob("*/*.tsv") for tokens, _ in read_tsv(path)}
    assert len(theirs) > 50_000
    assert not ours & theirs
