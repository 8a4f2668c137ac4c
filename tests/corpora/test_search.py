"""Searching: whatever a person types is found as the corpora write it, and every count is true."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.disagreements import Disagreement
from bioner.corpora.merge import merge
from bioner.corpora.read import read_corpora
from bioner.corpora.search import INDEX_NAME, SearchIndex
from bioner.corpora.search_index import origin, split_words, words_of
from bioner.corpora.search_query import Query, variant_query
from bioner.errors import CorpusError
from bioner.labels import CorpusMapping, SourceRule, read_schema
from bioner.spans import Sentence, Span, corpus_sentence

SCHEMA = read_schema()
SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def sentence(
    number: int,
    text: str,
    *spans: tuple[int, int, str, str],
    corpus: str = "BC2GM",
    split: str = "train",
    sources: tuple[str, ...] = (),
    readings: tuple[tuple[int, int, str, str], ...] = (),
    ignored: tuple[tuple[int, int], ...] = (),
) -> Sentence:
    """A merged sentence; its spans as start, end, our label, the corpus's own."""

    def made(given: tuple[tuple[int, int, str, str], ...]) -> tuple[Span, ...]:
        coarse = SCHEMA.mapping_for(corpus).coarse
        return tuple(Span(a, b, label, own, coarse.get(label, ())) for a, b, label, own in given)

    base = corpus_sentence(
        f"{corpus}/{split}/{number}",
        text.split(" "),
        spans=made(spans),
        covers=SCHEMA.mapping_for(corpus).covers,
        corpus=corpus,
        split=split,
    )
    return replace(base, sources=sources, readings=made(readings), ignored=ignored)


TRAIN = (
    sentence(1, "The TGF - beta receptor binds TGF - beta .", (1, 5, "Gene", "GENE")),
    sentence(2, "TGF beta , p53 and mutant p53", (3, 4, "Gene", "GENE"), (6, 7, "Gene", "GENE")),
    sentence(3, "p53 in breast cancer cells", (0, 1, "Protein", "Protein"), corpus="BioNLP09"),
    sentence(
        4,
        "p63 - positive breast cancer",
        (3, 5, "Anatomy", "Anatomy"),
        corpus="AnatEM",
        sources=("AnatEM", "BioNLP13CG"),
        readings=((0, 1, "Gene", "Gene_or_gene_product"),),
    ),
    sentence(
        5,
        "breast cancer cells again",
        (0, 2, "Cancer", "Cancer"),
        corpus="BioNLP13CG",
        ignored=((3, 4),),
    ),
    sentence(6, "breast cancer runs", (0, 2, "Disease", "Disease"), corpus="NCBI-disease"),
)
DEVEL = (
    sentence(7, 'said " APC " ( 5 +/- 1 )', (2, 3, "Gene", "GENE"), split="devel"),
    sentence(8, "APC families", (0, 1, "Disease", "Disease"), corpus="NCBI-disease", split="devel"),
)
TEST = (
    sentence(9, "TGF-β1 in 😀 naïve mice ± 2", (0, 1, "Gene", "GENE"), split="test"),
    sentence(
        10,
        "cultured breast cancer cells",
        (1, 4, "Cell", "Cell"),
        corpus="BioNLP13CG",
        split="test",
    ),
    sentence(11, "cultured cells died", (1, 2, "Cell", "Cell"), corpus="CRAFT", split="test"),
    sentence(12, "the cultured cells", (1, 3, "Cell", "Cell"), corpus="BioNLP13CG", split="test"),
)
ALL = TRAIN + DEVEL + TEST
DATASET = Dataset(TRAIN, DEVEL, TEST, SCHEMA, "0123456789abcdef")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    return SearchIndex.of_dataset(DATASET, tmp_path_factory.mktemp("index") / INDEX_NAME)


def found(index: SearchIndex, query: Query) -> list[int]:
    """The numbers of the sentences found, as in their ids."""
    page = index.search(query, limit=100)
    assert page.total == len(page.hits) == index.count(query)
    assert index.numbers(query) == [hit.number for hit in page.hits]
    return [int(hit.sentence.document.rpartition("/")[2]) for hit in page.hits]


@pytest.mark.parametrize("text", ["TGF-beta", "tgf-BETA", "TGF - beta", "TGF-β", " TGF‑β "])
def test_a_query_is_cut_and_folded_as_the_corpora_are(index: SearchIndex, text: str) -> None:
    assert found(index, Query(text)) == [1]
    assert index.search(Query(text)).hits[0].matches == ((1, 4), (6, 9))


def test_a_text_is_one_phrase_unless_quoted(index: SearchIndex) -> None:
    assert found(index, Query("TGF beta")) == [2]
    assert found(index, Query("cancer breast")) == []
    assert found(index, Query("breast cancer cells")) == [3, 5, 10]
    assert found(index, Query('"breast cancer" "p53"')) == [3]
    assert found(index, Query('"cells" breast cancer')) == [3, 5, 10]
    assert index.search(Query('"cells" "breast"')).hits[0].matches == ((2, 3), (4, 5))


def test_a_star_at_a_phrases_end_lets_its_last_word_go_on(index: SearchIndex) -> None:
    assert found(index, Query("TGF-bet*")) == [1, 9]
    assert found(index, Query("can*")) == [3, 4, 5, 6, 10]
    assert found(index, Query("can")) == []
    assert found(index, Query("breast can* cells")) == [], "elsewhere it is a star"
    assert index.search(Query("breast canc*")).hits[0].matches == ((2, 4),)


def test_tokens_cut_otherwise_and_beyond_ascii_are_found_where_they_stand(
    index: SearchIndex,
) -> None:
    for text, matches in (
        ("TGF-β1", ((0, 1),)),
        ("TGF-beta1", ((0, 1),)),
        ("beta1 in", ((0, 2),)),
        ("😀", ((2, 3),)),
        ("naive mice", ((3, 5),)),
        ("NAÏVE", ((3, 4),)),
        ("±", ((5, 6),)),
    ):
        assert found(index, Query(text))[-1] == 9, text
        assert index.search(Query(text), limit=100).hits[-1].matches == matches, text
    assert found(index, Query("+/-")) == [7, 9]
    assert index.search(Query("5 +/- 1")).hits[0].matches == ((5, 8),)


def test_a_surface_is_a_whole_mention_unless_a_star_opens_an_end(index: SearchIndex) -> None:
    assert found(index, Query(surface="p53")) == [2, 3]
    assert found(index, Query(surface="breast")) == []
    assert found(index, Query(surface="Breast Cancer")) == [4, 5, 6]
    assert found(index, Query(surface="breast*")) == [4, 5, 6, 10]
    assert found(index, Query(surface="*cells")) == [10, 11, 12]
    assert found(index, Query(surface="*cancer*")) == [4, 5, 6, 10]
    assert found(index, Query(surface="TGF-beta receptor")) == [1]
    assert found(index, Query(surface="p63")) == [4], "a clashing reading counts"


def test_type_and_corpus_of_a_surface_are_those_of_one_mention(index: SearchIndex) -> None:
    assert found(index, Query(surface="p53", types=("Gene",))) == [2]
    assert found(index, Query(surface="p53", types=("Gene", "Protein"))) == [2, 3]
    assert found(index, Query(surface="p53", corpora=("BioNLP09",))) == [3]
    assert found(index, Query(surface="p53", types=("Gene",), corpora=("BioNLP09",))) == []
    assert found(index, Query(surface="breast cancer", corpora=("AnatEM",))) == [4]
    assert found(index, Query(surface="p63", corpora=("AnatEM",))) == [], "CG marked it"
    assert found(index, Query(surface="p63", corpora=("BioNLP13CG",))) == [4]


def test_a_fused_mention_is_of_the_corpus_whose_mapping_makes_its_label() -> None:
    schema = SCHEMA
    for corpus, label in (("one", "Cell"), ("two", "Gene")):
        rules = {"X": SourceRule(label)}
        schema = schema.with_corpus(CorpusMapping(corpus, rules, frozenset({label})))
    assert origin(("one", "two"), "X", "Gene", schema) == "two"
    assert origin(("one", "two"), "X", "Cell", schema) == "one"
    assert origin(("one", "two"), "Y", "Cell", schema) == "one", "nobody's: the first"


def test_filters_by_type_corpus_split_and_feature(index: SearchIndex) -> None:
    assert found(index, Query(types=("Cell",))) == [10, 11, 12]
    assert found(index, Query(corpora=("BioNLP13CG",))) == [4, 5, 10, 12], "a fused one too"
    assert found(index, Query(types=("Gene",), corpora=("AnatEM",))) == []
    assert found(index, Query(types=("Gene",), corpora=("BioNLP13CG",))) == [4]
    assert found(index, Query(splits=("devel",))) == [7, 8]
    assert found(index, Query(splits=("devel", "test"), types=("Gene",))) == [7, 9]
    assert found(index, Query(features=("clash",))) == [4]
    assert found(index, Query(features=("shared",))) == [4]
    assert found(index, Query(features=("ignored",))) == [5]
    assert found(index, Query("breast", types=("Cancer",), splits=("train",))) == [5]
    assert found(index, Query(types=("Nonesuch",))) == []


def test_no_question_finds_everything_in_the_datasets_order(index: SearchIndex) -> None:
    assert found(index, Query()) == list(range(1, 13)) == found(index, Query(" \t"))


def test_pages_follow_each_other_and_end(index: SearchIndex) -> None:
    for query in (Query(), Query("cancer"), Query(types=("Gene",))):
        whole = index.search(query, limit=100).hits
        pages = [index.search(query, offset=offset, limit=2) for offset in range(0, 14, 2)]
        assert tuple(hit for page in pages for hit in page.hits) == whole
        assert {page.total for page in pages} == {len(whole)}
        assert index.search(query, offset=1000).hits == ()


def test_sentences_come_back_as_they_were(index: SearchIndex) -> None:
    assert tuple(index.read(index.numbers(Query()))) == ALL
    assert [hit.sentence for hit in index.find_document("AnatEM/train/4")] == [ALL[3]]
    assert index.find_document("nowhere") == ()


def test_counts_by_corpus_split_and_type_are_those_of_single_queries(index: SearchIndex) -> None:
    counts = index.counts(Query("cancer"))
    assert counts.by_split == {"train": 4, "devel": 0, "test": 1}
    assert counts.by_type["Cancer"] == 1
    assert counts.by_corpus["BioNLP13CG"] == 3
    assert counts.by_corpus["BC2GM"] == 0
    narrowed = index.counts(Query("cancer", corpora=("NCBI-disease",), splits=("train",)))
    assert narrowed.by_corpus == {"NCBI-disease": 1}
    assert narrowed.by_split == {"train": 1}
    assert {name: n for name, n in narrowed.by_type.items() if n} == {"Disease": 1}


def test_top_surfaces_of_a_type_in_their_commonest_writing(index: SearchIndex) -> None:
    top = [(one.surface, one.mentions) for one in index.top_surfaces("Gene")]
    assert top[0] == ("p53", 2)
    assert set(top[1:]) == {("TGF - beta receptor", 1), ("p63", 1), ("APC", 1), ("TGF-β1", 1)}
    assert [s.surface for s in index.top_surfaces("Gene", corpora=("BioNLP13CG",))] == ["p63"]
    assert len(index.top_surfaces("Gene", limit=2)) == 2


def by_surface(disagreements: tuple[Disagreement, ...]) -> dict[str, Disagreement]:
    return {one.surface: one for one in disagreements}


def test_the_lens_tells_types_names_and_boundaries_apart(index: SearchIndex) -> None:
    types = by_surface(index.disagreements("types"))
    assert types.keys() == {"APC"}, "breast cancer: Anatomy and Disease may stand for Cancer"
    assert (types["APC"].mentions, types["APC"].at_stake) == (2, 1)
    assert {(v.value, v.by_corpus) for v in types["APC"].variants} == {
        ("Gene", (("BC2GM", 1),)),
        ("Disease", (("NCBI-disease", 1),)),
    }
    names = by_surface(index.disagreements("names"))
    assert names.keys() == {"p53"}
    assert (names["p53"].mentions, names["p53"].at_stake) == (3, 1)
    boundaries = by_surface(index.disagreements("boundaries"))
    assert boundaries.keys() == {"cultured cells"}
    assert [(v.value, v.by_corpus) for v in boundaries["cultured cells"].variants] == [
        ("cells", (("CRAFT", 1),)),
        ("cultured cells", (("BioNLP13CG", 1),)),
    ]
    assert [index.count_disagreements(kind) for kind in ("types", "names", "boundaries")] == [1] * 3


def test_every_variant_leads_to_its_sentences(index: SearchIndex) -> None:
    seen = 0
    for kind in ("types", "names", "boundaries"):
        for one in index.disagreements(kind):
            for variant in one.variants:
                for corpus, mentions in variant.by_corpus:
                    hits = index.search(variant_query(one, variant, corpus), limit=100).hits
                    marked = [
                        hit.sentence.surface(span)
                        for hit in hits
                        for span in hit.sentence.spans
                        if kind == "boundaries" or span.label == variant.value
                    ]
                    wanted = variant.value if kind == "boundaries" else one.surface
                    assert marked.count(wanted) == mentions
                    seen += 1
    assert seen == 6


def test_the_index_is_built_once_and_again_for_other_data(tmp_path: Path) -> None:
    folder = tmp_path / "merged"
    write_dataset(DATASET, folder)
    told: list[tuple[int, int]] = []
    first = SearchIndex.open(folder, progress=lambda at: told.append((at.done, at.total)))
    assert first.sentences == 12
    made = first.file.stat().st_mtime_ns
    assert SearchIndex.open(folder).file.stat().st_mtime_ns == made
    write_dataset(replace(DATASET, test=(), fingerprint="fedcba9876543210"), folder)
    assert SearchIndex.open(folder).sentences == 8
    elsewhere = SearchIndex.open(folder, file=tmp_path / "elsewhere.sqlite3")
    write_dataset(replace(DATASET, train=(), fingerprint="0000000000000000"), folder)
    assert SearchIndex.open(folder, file=elsewhere.file).sentences == 6
    assert not (folder / INDEX_NAME).exists()


def test_a_damaged_index_is_made_again_and_a_missing_dataset_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no merged dataset"):
        SearchIndex.open(tmp_path / "nowhere")
    folder = tmp_path / "merged"
    write_dataset(DATASET, folder)
    for damage in (b"", b"not a database", b"SQLite format 3\x00" + b"\x01" * 5000):
        (folder / INDEX_NAME).write_bytes(damage)
        assert SearchIndex.open(folder).search(Query("p53")).total == 2
    opened = SearchIndex.open(folder)
    opened.file.unlink()
    with pytest.raises(CorpusError, match="not readable as a search index"):
        opened.search(Query("apc"))
    (folder / "devel.parquet").write_bytes(b"damaged")
    with pytest.raises(CorpusError, match="build the merged dataset again"):
        SearchIndex.open(folder)
    assert not [p.name for p in folder.iterdir() if "search" in p.name], "nothing half-written"


def test_any_thread_may_ask(index: SearchIndex) -> None:
    with ThreadPoolExecutor(4) as pool:
        totals = list(pool.map(lambda _: index.search(Query("cancer")).total, range(40)))
    assert totals == [5] * 40


def naive(query: Query) -> list[int]:
    """What a query finds, by looking at every sentence."""

    def has_text(one: Sentence) -> bool:
        words = list(words_of(one.text).words)
        wanted = [word.lower() for word in split_words(query.text)]
        starts = range(len(words) - len(wanted) + 1)
        return any(words[i : i + len(wanted)] == wanted for i in starts)

    def has_surface(one: Sentence) -> bool:
        wanted = " ".join(word.lower() for word in split_words(query.surface))
        return not wanted or any(
            " ".join(words_of(one.surface(span)).words) == wanted
            and (not query.types or span.label in query.types)
            for span in (*one.spans, *one.readings)
        )

    return [
        number
        for number, one in enumerate(ALL, 1)
        if has_text(one)
        and has_surface(one)
        and (not query.splits or one.split in query.splits)
        and (not query.types or {s.label for s in one.spans + one.readings} & {*query.types})
    ]


WORDS = st.sampled_from(sorted({word for one in ALL for word in one.tokens}))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.lists(WORDS, max_size=3).map(" ".join).filter(lambda t: '"' not in t),
    surface=st.sampled_from(["", "", "p53", "APC", "breast cancer", "TGF-β1", "cells"]),
    types=st.lists(st.sampled_from(["Gene", "Cell", "Disease"]), max_size=2, unique=True),
    splits=st.lists(st.sampled_from(["train", "test"]), max_size=1),
)
def test_the_index_finds_what_a_look_at_every_sentence_finds(
    index: SearchIndex, text: str, surface: str, types: list[str], splits: list[str]
) -> None:
    query = Query(text, surface, tuple(types), (), tuple(splits))
    assert index.numbers(query) == naive(query)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.text(max_size=30), st.text("\"*^():+-AND OR NOT NEAR{}'\\;p53", max_size=20)))
def test_nothing_that_is_typed_breaks_the_search(index: SearchIndex, typed: str) -> None:
    for query in (Query(typed), Query(surface=typed), Query(types=(typed,), corpora=(typed,))):
        assert len(index.search(query).hits) <= 12


def test_the_shipped_sample_is_searched_like_the_rest(tmp_path: Path) -> None:
    dataset = merge(read_corpora(SAMPLE), SCHEMA)
    opened = SearchIndex.of_dataset(dataset, tmp_path / "sample.sqlite3")
    assert opened.sentences == len(dataset.train) + len(dataset.devel) + len(dataset.test)
    assert SearchIndex.of_dataset(dataset, tmp_path / "sample.sqlite3").corpora == opened.corpora
    by_type = opened.counts(Query()).by_type
    assert sum(by_type.values()) > 0
    for name, number in by_type.items():
        everything = dataset.train + dataset.devel + dataset.test
        assert number == sum(
            any(span.label == name for span in s.spans + s.readings) for s in everything
        )
