"""Generated siblings of odd lines: a comment, a place that is none, a layer beside the mentions."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.errors import FormatError
from bioner.formats import read_bytes, to_bytes
from bioner.formats.registry import read_group

quick = settings(max_examples=40, deadline=None)


@quick
@given(
    st.lists(
        st.sampled_from(["#", "# a comment", "#doc 7", "#id=x y z", "# text = p53 binds"]),
        max_size=4,
    ),
    st.sampled_from(["\t", " "]),
    st.integers(0, 2),
    st.booleans(),
)
def test_a_comment_of_conll_is_none_of_its_tokens(comments, space, extra, is_first_a_hash):
    middle = [space + "NN"] * extra
    first = "#" if is_first_a_hash else "p53"
    words = [(first, "B-Gene"), ("binds", "O"), ("MDM2", "B-Protein")]
    lines = ["".join([word, *middle, space, tag]) for word, tag in words]
    text = "\n".join([*comments, *lines, "", *comments, *lines]) + "\n"
    result = read_bytes(text.encode(), "a.conll", "conll")
    assert [one.text for one in result.documents] == [f"{first} binds MDM2"] * 2
    assert dict(result.report.labels) == {"Gene": 2, "Protein": 2}


@quick
@given(
    st.lists(
        st.sampled_from(["0.0\t3.0\tp53", "0,10\t3,14\tp53,MDM2", "-\t3\tp53", "1e2\t3\tp53"]),
        min_size=1,
    ),
    st.booleans(),
)
def test_a_mark_of_pubtator_with_an_odd_place_is_no_relation(places, has_good):
    rows = [f"1\t{one}\tGene\t7157" for one in places if one[0] != "-"]
    rows += ["1\t10\t14\tMDM2\tGene\t4193"] * has_good
    text = "\n".join(["1|t|p53 binds MDM2.", "1|a|", *rows, "1\tBind\t7157\t4193"]) + "\n"
    report = read_bytes(text.encode(), "a.pubtator").report
    (document,) = read_bytes(text.encode(), "a.pubtator").documents
    assert [one.type for one in document.relations] == ["Bind"]
    assert report.rejections["unreadable_line"] == len(rows) - has_good
    assert report.placed == has_good


LAYERS = {
    "de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue": "NN",
    "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Lemma|value": "p53",
    "webanno.custom.Doubt|value": "yes",
}
ENTITIES = (
    "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value",
    "webanno.custom.MyEntities|value",
    "webanno.custom.NER|value",
)


@quick
@given(st.permutations(list(LAYERS)), st.sampled_from(ENTITIES), st.integers(0, 3))
def test_the_layer_of_entities_is_read_wherever_it_stands_and_the_others_are_named(
    others, entities, at
):
    layers = [*others[:at], entities, *others[at:]]
    cells = {**LAYERS, entities: "*\tGene" if "identifier" in entities else "Gene"}
    row = "\t".join(cells[one] for one in layers)
    blank = "\t".join("_" for one in layers for _ in one.split("|")[1:])
    text = "#FORMAT=WebAnno TSV 3.3\n" + "".join(f"#T_SP={one}\n" for one in layers)
    text += f"\n#Text=p53 binds\n1-1\t0-3\tp53\t{row}\t\n1-2\t4-9\tbinds\t{blank}\t\n"
    result = read_bytes(text.encode(), "a.tsv")
    assert [(m.start, m.end, m.label) for m in result.documents[0].mentions] == [(0, 3, "Gene")]
    assert result.report.unread == {f'layer "{one.split("|")[0]}"': 1 for one in LAYERS}


@quick
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["0", "1", "2", "0-0", "5-3", "1-2", "1.1", "999999999"]),
            st.sampled_from(["p53", "x", "", " "]),
            st.sampled_from(["_", "NER=B-Gene", "NER=I-Gene|SpaceAfter=No"]),
        ),
        max_size=5,
    )
)
def test_words_of_conllu_are_read_however_they_are_numbered(rows):
    begin = [f"{i}\tgood" + "\t_" * 8 for i in range(1, 7)]
    lines = [f"{id}\t{form}" + "\t_" * 7 + f"\t{misc}" for id, form, misc in rows]
    data = ("\n".join([*begin, "", *lines]) + "\n").encode()
    result = read_bytes(data, "a.conllu", "conllu", needs_marks=False)
    assert result.documents[0].text == "good " * 5 + "good"
    assert sum(one.text.count("p53") for one in result.documents) <= len(rows)
    blank = sum(not form.strip() for _, form, _ in rows)
    assert result.report.unread["line that is no word"] == blank


ODD_LINES = {
    "{0}MDM2{1}B-Gene{1}x y z": "line that is no token",
    "see the notes of the authors": "line that is no token",
    "MDM2{1}NN{1}VB{1}B-Gene": "other_number_of_columns",
    "MDM2": "tag_missing",
    "MDM2{1}GENE": "tag_not_understood",
    "MDM2{1}B_Gene": "tag_not_understood",
    "{1}B-Gene": "line that is no token",
}


@quick
@given(
    st.sampled_from(sorted(ODD_LINES)),
    st.integers(0, 4),
    st.sampled_from(["\t", " "]),
    st.integers(1, 3),
    st.sampled_from(["a.conll", "a.tsv", "a.txt", "a.iob2"]),
)
def test_an_odd_line_of_conll_costs_nothing_but_itself(line, at, space, times, name):
    good = [f"p53{space}B-Gene", f"protein{space}I-Gene", f"binds{space}O", f".{space}O"] * 6
    odd = line.format("" if space == "\t" else "\t", space)
    if space == " " and line == "{1}B-Gene":
        return
    lines = [*good[:at], *[odd] * times, *good[at:]] if name != "a.txt" else [*good, odd]
    times = 1 if name == "a.txt" else times
    result = read_bytes(("\n".join(lines) + "\n").encode(), name)
    (document,) = result.documents
    words = document.text.split()
    assert [one for one in words if one != "MDM2"] == ["p53", "protein", "binds", "."] * 6
    report = result.report
    rule = ODD_LINES[line]
    counted = report.repairs + report.unread + report.rejections
    assert counted[rule] == times
    assert [one for one in report.examples if f": {rule}" in one]
    assert report.read == report.placed + report.rejections.total()
    assert report.labels["Gene"] >= 6


@quick
@given(st.lists(st.sampled_from(["alone", "p53\tX\tY", "two words"]), min_size=1, max_size=4))
def test_a_file_of_odd_lines_is_refused_by_the_first(odd):
    lines = ["p53\tB-Gene", *odd]
    with pytest.raises(FormatError, match=r"^a\.conll:2: expected 2 columns, found"):
        read_bytes("\n".join(lines).encode(), "a.conll")


@quick
@given(
    st.sampled_from(
        [
            ("2,p53, or so,x", "row with another number of columns", 0),
            ("2", "row with another number of columns", 0),
            ("2,p53", "cells_missing", 1),
            ("2,p53,,,", "", 1),
        ]
    ),
    st.integers(0, 5),
    st.integers(1, 3),
    st.booleans(),
)
def test_an_odd_row_of_a_table_costs_nothing_but_itself(odd, at, times, is_tab):
    row, rule, read = odd
    rows = ['1,binds,"[]"'] * 8
    rows[at:at] = [row] * times
    table = "\n".join(["id,text,label", *rows]) + "\n"
    result = read_bytes(table.replace(",", "\t" if is_tab else ",").encode(), "a.csv")
    texts = [one.text for one in result.documents]
    assert texts == ["binds"] * at + ["p53"] * (times * read) + ["binds"] * (8 - at)
    report = result.report
    if rule:
        assert (report.unread + report.repairs)[rule] == times
        assert any(one.startswith(f"a.csv:{at + 2}: {rule}") for one in report.examples)


@quick
@given(st.lists(st.sampled_from(["p53, or MDM2.", "a, b, c", "x"]), min_size=1, max_size=4))
def test_the_separators_of_a_table_of_texts_alone_are_of_the_texts(texts):
    data = ("\n".join(["BRCA1 is a gene.", *texts]) + "\n").encode()
    result = read_bytes(data, "a.csv")
    assert [one.text for one in result.documents] == ["BRCA1 is a gene.", *texts]


ODD_VALUES = {
    "{bad": "line that is no JSON",
    "// a comment": "line that is no JSON",
    '{"text": "p53", "entities": [[0, 3, "Ge': "line that is no JSON",
    '{"a": ' + "[" * 3_000: "line that is no JSON",
    "null": "part that is no document",
    '{"created": "2024"}': "part that is no document",
    '{"text": null}': "part that is no document",
    '{"text": "p53", "entities": [[0, 3, "Gene"]], "relations": 3}': "part that is no document",
    '{"text": "p53", "entities": 3}': "part that is no document",
    '{"passages": [{"offset": "x", "text": "p53"}]}': "part that is no document",
    '{"tokens": ["p53"], "ner_tags": [7]}': "part that is no document",
}


@quick
@given(st.sampled_from(sorted(ODD_VALUES)), st.integers(0, 5), st.integers(1, 3))
def test_an_odd_line_of_json_costs_nothing_but_itself(odd, at, times):
    good = json.dumps({"text": "p53 binds.", "entities": [[0, 3, "Gene"]]})
    lines = [*[good] * at, *[odd] * times, *[good] * (8 - at)]
    result = read_bytes("\n".join(lines).encode(), "a.jsonl")
    assert [one.text for one in result.documents] == ["p53 binds."] * 8
    report = result.report
    assert (report.documents, report.read, report.placed) == (8, 8, 8)
    assert report.unread[ODD_VALUES[odd]] == times
    assert any(one.startswith(f"a.jsonl:{at + 1}: ") for one in report.examples)


@quick
@given(st.integers(0, 5), st.sampled_from(["x", "-", "1e3"]))
def test_an_odd_document_of_bioc_costs_nothing_but_itself(at, offset):
    passage = (
        "<document><id>1</id><passage><offset>{}</offset><text>p53</text><annotation id='1'>"
        "<infon key='type'>Gene</infon><location offset='0' length='3'/><text>p53</text>"
        "</annotation></passage></document>\n"
    )
    parts = [passage.format(0)] * 5
    parts.insert(at, passage.format(offset))
    result = read_bytes(f"<collection>\n{''.join(parts)}</collection>".encode(), "a.xml")
    assert (len(result.documents), result.report.read, result.report.placed) == (5, 5, 5)
    assert result.report.unread == {"part that is no document": 1}
    assert any(one.startswith(f"a.xml:{at + 2}: ") for one in result.report.examples)


@quick
@given(st.sampled_from([";", ",", "\t", "|"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_line_that_tells_excel_its_separator_is_no_header(separator, newline, is_quoted):
    told = f'"sep={separator}"' if is_quoted else f"sep={separator}"
    rows = [told, f"id{separator}text", f"1{separator}p53 binds", f"2{separator}x{separator}y"]
    rows += [f"3{separator}z"] * 3
    result = read_bytes(newline.join(rows).encode(), "a.csv")
    assert [one.text for one in result.documents] == ["p53 binds", "z", "z", "z"]
    assert any(one.startswith("a.csv:4: row with") for one in result.report.examples)


@quick
@given(st.sampled_from([" ", "  "]), st.integers(1, 9))
def test_a_mention_of_brat_without_its_tabs_is_rejected_by_its_line(blank, number):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "p53 binds MDM2.")
        bad = f"T{number}{blank}Gene 0 3{blank}p53"
        archive.writestr("a.ann", f"T90\tGene 10 14\tMDM2\n{bad}\n")
    report = read_bytes(stream.getvalue(), "a.zip").report
    assert (report.read, report.placed, report.rejections["unreadable_line"]) == (2, 1, 1)
    assert report.examples[0].startswith("a.ann:2: unreadable_line")


@quick
@given(st.sampled_from(["value", "label", "name"]), st.sampled_from(["label", "labels"]))
def test_a_label_that_is_an_object_is_its_name(inner, key):
    held = {inner: "Gene", "confidence": 0.9}
    mark = {"start_pos": 0, "end_pos": 3, key: [held] if key == "labels" else held}
    data = json.dumps({"text": "p53 x", "entities": [mark]}).encode()
    (document,) = read_bytes(data, "a.json").documents
    assert [m.label for m in document.mentions] == ["Gene"]


@quick
@given(
    st.sampled_from(["b-Gene", "Gene-B", "GENE", "B_Gene", "1"]),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_a_file_of_tags_that_are_none_is_refused_however_many_words_have_no_mark(tag, good, more):
    lines = [f"p53\t{tag}"] * (good + more) + ["MDM2\tB-Gene"] * good + ["x\tO"] * 30
    data = "\n".join(lines).encode()
    if not good + more:
        return
    with pytest.raises(FormatError, match=r"^a\.conll:1: expected a tag in the last column"):
        read_bytes(data, "a.conll")
    assert len(read_bytes(data, "a.conll", needs_marks=False).documents) == 1


@quick
@given(
    st.lists(st.sampled_from(["a b", "a  b", "a", "", "A"]), min_size=1, max_size=5),
    st.integers(1, 2),
)
def test_a_document_of_conllu_begins_where_it_is_said_whatever_it_is_called(names, sentences):
    word = "1\tp53" + "\t_" * 7 + "\tNER=B-Gene\n\n"
    data = "".join(f"# newdoc id = {name}\n" + word * sentences for name in names).encode()
    result = read_bytes(data, "a.conllu", "conllu")
    assert [one.text for one in result.documents] == [" ".join(["p53"] * sentences)] * len(names)
    assert len({one.id for one in result.documents}) == len(names)


@quick
@given(
    st.sampled_from(["content", "entities", "train"]),
    st.sampled_from([{"start": 0, "end": 3, "label": "Gene"}, {"type": "Gene"}]),
)
def test_marks_with_their_words_are_no_documents_under_any_key(key, mark):
    marks = [{"text": "p53", **mark}]
    value = {"content": "p53 binds.", key: marks} if key != "content" else {"found": marks}
    if key == "content" and "start" not in mark:
        return
    with pytest.raises(FormatError):
        read_bytes(json.dumps(value).encode(), "a.json")


NUMBERS = {
    "a word's number": lambda sentence, word, start: f"{word + 1}",
    "WebAnno TSV 2": lambda sentence, word, start: f"{sentence + 1}-{word + 1}",
    "the sentence": lambda sentence, word, start: f"Sentence: {sentence + 1}",
    "the text": lambda sentence, word, start: f"doc-{sentence // 2}",
    "its offset": lambda sentence, word, start: str(start),
    "once a text": lambda sentence, word, start: "" if word else f"doc-{sentence}",
}


@quick
@given(
    st.lists(
        st.lists(st.sampled_from(["p53", "binds", "7", "MDM2", "("]), min_size=4, unique=True),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=2, unique=True),
    st.booleans(),
    st.booleans(),
)
def test_columns_that_number_the_words_are_not_the_words(sentences, columns, has_pos, has_head):
    lines, start = (["\t".join([*"abcd"[: len(columns)], "word", *["pos"] * has_pos, "tag"])], 0)
    lines = lines if has_head else []
    words = [["first", *one] for one in sentences]
    for number, sentence in enumerate(words):
        for at, word in enumerate(sentence):
            before = [NUMBERS[one](number, at, start) for one in columns]
            tag = "B-Gene" if word in ("p53", "MDM2") else "O"
            lines.append("\t".join([*before, word, *[f"X{at}"] * has_pos, tag]))
            start += len(word) + 1
        lines.append("")
    result = read_bytes("\n".join(lines).encode(), "a.conll", "conll")
    assert [list(one.tokens) for one in result.sentences] == words
    assert result.report.repairs["column_of_numbers_before_tokens"] == 1
    assert {one.surface(s) for one in result.sentences for s in one.spans} <= {"p53", "MDM2"}


def test_words_that_are_numbers_are_words_where_no_column_numbers_them() -> None:
    rows = [("5", "NN", "O"), ("7", "CD", "O"), ("p53", "NN", "B-Gene")]
    result = read_bytes("\n".join(map("\t".join, rows)).encode(), "a.conll")
    assert result.sentences[0].tokens == ("5", "7", "p53")
    assert not result.report.repairs


@quick
@given(
    st.lists(st.sampled_from(["p53", "aspirin", "binds", "in"]), min_size=3, max_size=8),
    st.sampled_from(["\t", " "]),
    st.booleans(),
    st.booleans(),
)
def test_a_layer_of_tags_that_is_not_read_is_named(words, space, has_phrases, is_last_empty):
    lines = []
    for word in ["p53", *words, "in"]:
        cells = [word, *["B-NP" if word in ("p53", "aspirin") else "O"] * has_phrases]
        cells += ["B-Gene" if word == "p53" else "O"]
        cells += ["B-Drug" if word == "aspirin" and not is_last_empty else "O"]
        lines.append(space.join(cells))
    data, column = "\n".join(lines).encode(), 3 if has_phrases else 2
    if is_last_empty or "aspirin" not in words:
        with pytest.raises(FormatError, match=f"tag in column {column}, beside the last"):
            read_bytes(data, "a.conll")
        return
    report = read_bytes(data, "a.conll").report
    assert report.labels == {"Drug": words.count("aspirin")}
    named = {f"tag in column {column}, beside the last": 1 + words.count("p53")}
    assert report.unread == named


@quick
@given(
    st.sampled_from(["documents", "data", "examples", "items"]),
    st.sampled_from(["annotations", "marks", "spans", "gold", "x"]),
    st.booleans(),
    st.booleans(),
)
def test_marks_beside_a_list_of_documents_are_named(key, beside, is_first, has_own):
    marks = [{"document": "1", "start": 0, "end": 3, "label": "Gene"}] * 2
    own = [{"start": 0, "end": 3, "label": "Gene"}] if has_own else []
    texts = {key: [{"id": "1", "text": "p53 binds.", "entities": own}]}
    value = {beside: marks, **texts} if is_first else {**texts, beside: marks}
    if not has_own:
        with pytest.raises(FormatError, match=f'nothing of what is marked.*"{beside}"'):
            read_bytes(json.dumps(value).encode(), "a.json")
        return
    report = read_bytes(json.dumps(value).encode(), "a.json").report
    assert (report.placed, report.unread) == (1, {f'key "{beside}"': 2})


@quick
@given(st.integers(2, 4), st.sampled_from(["R1\tBinds Arg1:T1 Arg2:T9", "A1\tNegation T1"]))
def test_an_id_that_brat_gives_twice_is_that_of_the_first_alone(times, line):
    text, lines = "p53 MDM2 BRCA1 ATM CHEK2", []
    words = text.split()
    for word in words[:times]:
        lines.append(f"T1\tGene {text.index(word)} {text.index(word) + len(word)}\t{word}")
    lines.append(f"T9\tGene {text.index('CHEK2')} {len(text)}\tCHEK2")
    data = "\n".join([*lines, line]).encode()
    read = read_group([("a.txt", text.encode()), ("a.ann", data)])
    assert read.report.repairs == {"id_given_twice": times - 1}
    again = read_bytes(to_bytes(read.documents, "brat")[0], "a.zip").documents[0]
    ids = {one.id: again.surface(one) for one in again.mentions}
    assert len(ids) == times + 1
    told = [target for one in again.relations for _, target in one.arguments]
    assert [ids[one] for one in told] in ([], ["p53", "CHEK2"])
    assert [again.surface(m) for m in again.mentions if m.attributes] in ([], ["p53"])


@quick
@given(
    st.lists(st.sampled_from(["a", "b.c", "PMC1-02", "text"]), unique=True, min_size=1),
    st.sampled_from(["txt/{}.txt ann/{}.ann", "c/text/{}.txt c/gold/{}.a1", "{}.txt {}.txt.ann"]),
    st.booleans(),
    st.booleans(),
)
def test_a_text_is_found_for_its_annotation_wherever_it_lies(names, layout, has_pair, has_two):
    files = {}
    for name in names:
        text, marks = (one.format(name) for one in layout.split())
        files[text], files[marks] = "p53 binds MDM2.", "T1\tGene 0 3\tp53\n"
    if has_pair:
        files["pair/own.txt"], files["pair/own.ann"] = "MDM2.", "T1\tGene 0 4\tMDM2\n"
    if has_two and "gold" in layout:
        files["c/other/a.ann"] = "T1\tGene 10 14\tMDM2\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    whole = len(names) + has_pair
    is_open = has_two and "gold" in layout and "a" in names
    if is_open and whole == 1:
        with pytest.raises(FormatError, match="the text it annotates, is missing"):
            read_bytes(packed.getvalue(), "x.zip")
        return
    read = read_bytes(packed.getvalue(), "x.zip")
    marked = [one for one in read.documents if one.mentions]
    assert len(marked) == whole - is_open
    assert all(one.surface(one.mentions[0]) in ("p53", "MDM2") for one in marked)
    assert len(read.documents) == whole
