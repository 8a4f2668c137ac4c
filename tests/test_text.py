"""Raw text to sentences and tokens: exact offsets, whatever the Unicode."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.spans import Document, Mention, mention
from bioner.text import MAX_TOKENS, sentences, sentences_and_report, split_document
from bioner.tokens import fold, tokenize

FORMATS = Path(__file__).resolve().parents[2] / "shared" / "formats"
AWKWARD = [
    *"aZ7 \t\n\r\u2028.!()-'\",αµΔ∆é\u0301ß≥±°–“ﬁ½²👩🇩🦠\u200b\u200c\u200d\ufeff\u00ad\u2060\u202e",
    *"\x00\x1f\ufffd中文。か한กا\ue000\U0010ffff",
    *(
        "\r\n",
        "e\u0301",
        "👩🏽‍🔬",
        "🇩🇪",
        "🏴\U000e0067\U000e007f",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "क्‍ष",
    ),
    *("E. coli", "Fig. 2", ". The", chr(0xD800)),
]
texts = st.one_of(
    st.lists(st.sampled_from(AWKWARD), max_size=60).map("".join),
    st.text(max_size=80),
    st.text(alphabet=st.characters(), max_size=80),
)


def surfaces(text: str) -> list[str]:
    return [text[start:end] for start, end in tokenize(text)]


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in split_document(text).sentence_ranges]


def is_visible(char: str) -> bool:
    return not char.isspace() and unicodedata.category(char) != "Cf"


@settings(max_examples=100, deadline=None)
@given(texts)
def test_every_visible_character_is_in_exactly_one_token(text: str) -> None:
    covered = [0] * len(text)
    previous = 0
    for start, end in tokenize(text):
        assert previous <= start < end
        previous = end
        for i in range(start, end):
            covered[i] += 1
            assert not text[i].isspace()
        assert is_visible(text[start])
    assert all(
        count == 1 or not is_visible(char) for char, count in zip(text, covered, strict=True)
    )


@settings(max_examples=100, deadline=None)
@given(texts)
def test_every_token_lies_inside_exactly_one_sentence(text: str) -> None:
    document = split_document(text)
    assert document.text == text
    inside = [r for start, end in document.sentence_ranges for r in tokenize(text, start, end)]
    assert inside == tokenize(text)
    for (_, end), (start, _) in zip(
        document.sentence_ranges, document.sentence_ranges[1:], strict=False
    ):
        assert end <= start


@settings(max_examples=100, deadline=None)
@given(texts)
def test_sentences_keep_offsets_into_the_raw_text_and_fold_the_tokens(text: str) -> None:
    document = split_document(text)
    for sentence in sentences(document):
        assert sentence.tokens
        for token, (start, end) in zip(sentence.tokens, sentence.offsets, strict=True):
            assert token == fold(text[start:end])


@settings(max_examples=100, deadline=None)
@given(texts)
def test_folding_never_leaves_nothing_and_is_stable(text: str) -> None:
    for surface in surfaces(text):
        folded = fold(surface)
        assert folded
        assert not any(char.isspace() for char in folded)
        assert fold(folded) == folded
        folded.encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(texts, st.data())
def test_a_mention_on_token_edges_comes_back_with_the_same_offsets(
    text: str, data: st.DataObject
) -> None:
    tokens = tokenize(text)
    if not tokens:
        return
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first, min(first + 5, len(tokens) - 1)))
    start, end = tokens[first][0], tokens[last][1]
    plain = split_document(text)
    document = Document("d", text, (mention(start, end, "Gene"),), plain.sentence_ranges)
    found, report = sentences_and_report(document, frozenset({"Gene"}))
    assert report.kept == 1
    assert report.snapped == 0
    [(sentence, span)] = [(s, span) for s in found for span in s.spans]
    assert (sentence.offsets[span.start][0], sentence.offsets[span.end - 1][1]) == (start, end)
    assert sentence.covers == {"Gene"}


def test_tokens_are_runs_of_letters_and_digits_or_one_other_character() -> None:
    assert surfaces("IL-2R (p<0.05), 5'-UTR +/-") == [
        *("IL", "-", "2R", "(", "p", "<", "0", ".", "05", ")", ",", "5", "'", "-", "UTR"),
        *("+", "/", "-"),
    ]


def test_letters_of_any_script_and_combining_marks_stay_in_one_token() -> None:
    assert surfaces("TNFα e\u0301tude ΔF508 ∆F508 10µM H₂O") == [
        *("TNFα", "e\u0301tude", "ΔF508", "∆F508", "10µM", "H₂O"),
    ]


def test_joined_emoji_flags_and_keycaps_are_one_token() -> None:
    assert surfaces("👩🏽‍🔬 ok🦠🇩🇪🇫🇷 1\ufe0f\u20e3 👨‍👩‍👧‍👦.") == [
        *("👩🏽‍🔬", "ok", "🦠", "🇩🇪", "🇫🇷", "1\ufe0f\u20e3", "👨‍👩‍👧‍👦", "."),
    ]


def test_invisible_characters_do_not_split_a_word_and_do_not_cling_to_its_edge() -> None:
    text = "\ufeffcan\u00adcer\u200b cell\u200d"
    assert surfaces(text) == ["can\u00adcer", "cell"]
    assert fold("can\u00adcer") == "cancer"


def test_ideographs_stand_alone() -> None:
    assert surfaces("肺癌とp53") == ["肺", "癌", "と", "p53"]


@pytest.mark.parametrize(
    ("token", "folded"),
    [
        ("BRCA1", "BRCA1"),
        ("TNFα", "TNFalpha"),
        ("Δhfq", "Deltahfq"),
        ("∆F508", "DeltaF508"),
        ("λ", "lambda"),
        ("ς", "sigma"),
        ("ά", "alpha"),
        ("µM", "microM"),
        ("10μg", "10microg"),
        ("μ", "mu"),
        ("TGFß", "TGFbeta"),
        ("straße", "strasse"),
        ("Sjögren", "Sjogren"),
        ("Sjo\u0308gren", "Sjogren"),
        ("Ångström", "Angstrom"),
        ("–", "-"),
        ("−", "-"),
        ("’", "'"),
        ("“", '"'),
        ("°", "degrees"),
        ("±", "+/-"),
        ("≥", ">="),
        ("™", "(TM)"),
        ("×", "x"),
        ("ＢＲＣＡ", "BRCA"),
        ("ﬁbrin", "fibrin"),
        ("H₂O", "H2O"),
        ("½", "1/2"),
        ("🦠", "?"),
        ("\x00", "?"),
        ("\ufffd", "?"),
        ("\u0301", "?"),
        (chr(0xD800), "?"),
        ("белок", "белок"),
        ("한국", "한국"),
    ],
)
def test_folding_writes_a_token_as_the_corpora_would(token: str, folded: str) -> None:
    assert fold(token) == folded


@pytest.mark.parametrize(
    "text",
    [
        "Growth of E. coli and S. aureus was slow.",
        "See Fig. 2 and Figs. S1-S3, i.e. the controls (cf. Table 1).",
        "As shown by Smith et al. (2003) and J. R. Jones et al. Nature 346, 763.",
        "The risk was 2.11 times greater (P = 0.015).",
        "The risk was 2 . 11 times greater ( P = 0 . 015 ) .",
        "Growth of E . coli ( Fig . 2 ) was slow , i . e . reduced .",
        "Doses of 5 mg/kg i.v. morphine vs. 10 mg p.o. were given, e.g. to Dr. Brown.",
        "Both were bought from Roche Inc. (Basel) and Sigma Co. Ltd. in the U.S. in 1999.",
        "Strain Bacillus sp. BT1 and Mus musculus subsp. Domesticus differ.",
        "Accession No. 12345 lies on chr. 7.",
        "1. Introduction",
        "Aggregation was lower (P<. 05) in the group.",
    ],
)
def test_no_boundary_after_abbreviations_initials_decimals_and_citations(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Mice were fed. They grew.", 2),
        ("Mice were fed . They grew .", 2),
        ("We gave vitamin C. Patients improved.", 2),
        ("It causes hepatitis B. We agree.", 2),
        ("Is it so? Yes! It is.", 3),
        ("It was lost in cells. p53 was not. mTOR was.", 3),
        ("It was shown before.[1,2] The cause is unknown.", 2),
        ("It was shown before.1,2 The cause is unknown.", 2),
        ("It was shown before [3]. The cause is unknown.", 2),
        ('He said "it grows." Then it died.', 2),
        ("Seen in mice (data not shown). In man, it is not.", 2),
        ("In all of them (Fig. 2). However, two died, etc. The rest lived.", 3),
        ("Born in 1999. 25 patients were seen.", 2),
        ("这是第一句。这是第二句！", 2),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    assert len(split(text)) == count


def test_blank_lines_titles_and_list_items_end_a_sentence() -> None:
    text = "A title without a stop\r\n\r\nMethods\nMice were fed.\nBRCA1\nTP53"
    assert split(text) == ["A title without a stop", "Methods", "Mice were fed.", "BRCA1", "TP53"]


def test_a_wrapped_line_does_not_end_a_sentence() -> None:
    text = (
        "Germline mutations in\n\n"
        "Germline mutations in the gene were found in most of the families with\n"
        "BRCA1 carriers, and in none of the controls, which had been drawn from the\n"
        "same region. They were rare."
    )
    assert [s.split()[0] for s in split(text)] == ["Germline", "Germline", "They"]


def test_a_mention_across_a_wrong_split_joins_its_sentences() -> None:
    text = "It binds UniGene cluster. Mm was seen. Then it left."
    start = text.index("cluster")
    document = Document(
        "d",
        text,
        (mention(start, start + len("cluster. Mm"), "Gene"),),
        split_document(text).sentence_ranges,
    )
    found = sentences(document)
    assert len(found) == 2
    assert found[0].surface(found[0].spans[0]) == "cluster . Mm"


def test_flattening_is_counted_over_all_sentences() -> None:
    text = "Breast cancer cells. Lung cancer."
    mentions = (
        mention(0, 13, "Cancer"),
        mention(7, 13, "Disease"),
        Mention(((21, 25), (26, 29)), "Organ"),
        mention(6, 7, "Cell"),
    )
    found, report = sentences_and_report(Document("d", text, mentions))
    assert [len(s.spans) for s in found] == [1, 1]
    assert (report.kept, report.nested_dropped, report.outside) == (2, 1, 1)
    assert (report.discontinuous_joined, report.snapped) == (1, 1)
    assert report.labels_dropped == {"Disease": 1}


def test_text_without_words_has_no_sentences() -> None:
    for text in ("", " ", "\n\n\r\n", "\u200b\ufeff"):
        assert split_document(text).sentence_ranges == ()
        assert sentences(split_document(text)) == []


def test_no_sentence_is_longer_than_the_limit() -> None:
    document = split_document("gene, " * 5000)
    sizes = [len(s.tokens) for s in sentences(document)]
    assert max(sizes) <= MAX_TOKENS
    assert sum(sizes) == 10000


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        " ",
        "a",
        ".",
        ". ",
        "a. ",
        "\n",
        "\u200d",
        "\u0301",
        "👩\u200d",
        "a\u200d",
        '"',
        ".[1,",
        ".1,1",
    ],
)
def test_a_million_characters_of_anything_take_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    document = split_document(text)
    assert time.process_time() - begun < 10
    assert document.text is text


@pytest.mark.slow
def test_a_million_characters_of_prose_take_a_few_seconds() -> None:
    line = "TNF-α (Fig. 2) in E. coli was 0.5 µM, see Smith et al. (2003). We found it.\n"
    begun = time.process_time()
    found = sentences(split_document(line * (1_000_000 // len(line))))
    assert time.process_time() - begun < 10
    assert len(found) == 2 * (1_000_000 // len(line))


@pytest.mark.corpora
def test_the_shared_formats_texts_keep_every_offset() -> None:
    path = FORMATS / "crlf.BioRED.Dev.PubTator"
    if not path.exists():
        pytest.skip(f"{path} is absent: it holds real abstracts to try offsets on")
    lines = path.read_bytes().decode("utf-8").splitlines()
    texts_seen = 0
    for line in lines:
        fields = line.split("|", 2)
        if len(fields) == 3 and fields[1] in "ta":
            texts_seen += 1
            text = fields[2]
            visible = "".join(text.split())
            assert "".join(surfaces(text)) == visible
            assert "".join("".join(s.split()) for s in split(text)) == visible
    assert texts_seen > 100


def folded(text: str) -> list[list[str]]:
    found = sentences(split_document(text))
    for one in found:
        assert all(text[low:high] for low, high in one.offsets)
    return [list(one.tokens) for one in found]


def test_a_name_that_a_line_end_hyphenates_is_one_word_in_one_sentence():
    text = "Aspi-\nrin inhibits cyclooxy-\ngenase-2 in human plate-\nlets"
    assert folded(text) == [
        ["Aspirin", "inhibits", "cyclooxygenase", "-", "2", "in", "human", "platelets"]
    ]
    assert folded("IL-\n2 binds") == [["IL", "-", "2", "binds"]]


LINE_ENDS = [
    "\n",
    "\r\n",
    "\r",
    "\r\r\n",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
]
PAGE_ENDS = ["\n\x0c", "\r\n\x0c", "\x0c\n", "\n\n\x0c", "\n \x0c \n", "\n\n12\n\n\x0c"]
PAGE_ENDS += [
    "\n\x0c12\n",
    "\n- 3 -\n\x0c",
    "\nPage 3 of 10\n\x0c",
    "\n\x0c\n\n7\n\n",
    "\n\n",
    "\r\n\r\n",
]


@settings(max_examples=150, deadline=None)
@given(
    *(st.sampled_from(["", " ", "  ", "\t", "\xa0", "\u2009", "\u3000"]) for _ in range(2)),
    st.sampled_from(LINE_ENDS + PAGE_ENDS),
    st.sampled_from("-\u2010\u2011\xad\xac"),
    st.sampled_from(["aspirin", "cyclooxygenase", "Überempfindlichkeit", "α-synuclein"]),
    st.data(),
)
def test_a_word_goes_on_after_a_hyphen_at_the_end_of_any_line_or_page(
    before: str, after: str, end: str, hyphen: str, word: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(word.find("-") + 3, len(word) - 2))
    written = word[:at] + hyphen + before + end + after + word[at:]
    text = f"It is known that {written} does much in rats."
    expected = folded(f"It is known that {word} does much in rats.")
    assert folded(text) == expected
    parts = surfaces(text)
    assert written.partition("-")[2] in parts if "-" in word else written in parts


@pytest.mark.parametrize("end", [*LINE_ENDS, "\n\x0c", "\r\n\x0c"])
def test_a_hyphen_that_no_word_goes_on_after_stays_one(end: str) -> None:
    assert folded(f"IL-{end}2 binds") == [["IL", "-", "2", "binds"]]
    shared = f"the pre-{end}and post-operative care"
    assert folded(shared)[0][:4] == ["the", "pre", "-", "and"]
    assert folded(f"a lig-{end}and binds") == [["a", "ligand", "binds"]]
    assert "".join(folded(f"see Figs 11-{end}12")[0]) == "seeFigs11-12"


@pytest.mark.parametrize("end", ["\n", "\x0c", "\n\x0c", "\r\n\x0c"])
def test_a_sentence_goes_on_over_the_end_of_a_page_as_over_that_of_a_line(end: str) -> None:
    text = f"It was seen by all that the tumour{end}necrosis factor was lowered by it in mice."
    assert len(folded(text)) == 1
    assert len(folded(f"Deletion of BRCA1 in mice{end}Loss of p53 in rat cells")) == 2


def test_names_of_characters_in_html_are_read_as_the_characters():
    named = "TNF-&alpha; &amp; IL-1&beta; raise NF-&#954;B (p &lt; 0.05)."
    spelled = "TNF-α & IL-1β raise NF-κB (p < 0.05)."
    assert folded(named) == folded(spelled)
    assert folded("A&nbsp;B") == [["A", "B"]]
    assert folded("AT&T; x") == [["AT", "&", "T", ";", "x"]]


def test_running_text_in_narrow_columns_is_joined_and_lists_stay_lists():
    column = "lowered tumor\nnecrosis factor alpha in\nhuman blood, and breast\ncancer was cured"
    assert len(folded(column)) == 1
    assert len(folded("aspirin\nbreast cancer\nlung cancer\np53")) == 4
    assert len(folded("Deletion of BRCA1 in mice\nLoss of p53 in rat cells")) == 2


def test_the_forced_cut_of_a_text_without_end_falls_on_white_space():
    name = "2,3,7,8-tetrachlorodibenzo-p-dioxin"
    text = "exposed to " * 497 + name + " in rats"
    found = split_document(text).sentence_ranges
    assert len(found) == 2
    assert sum(name in text[low:high] for low, high in found) == 1
