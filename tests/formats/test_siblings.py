"""Generated siblings of files that other tools wrote: marks, XML, tables, folders, splits, lines.

Each draws the spelling, the place and the company of what the kind is about; what must hold does
not depend on them.
"""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.corpora.adding import preview_corpus
from bioner.corpora.splits import split_named
from bioner.errors import FormatError
from bioner.formats import read_bytes, to_bytes
from bioner.spans import Document, Mention, Relation
from bioner.text import sentences, split_document

quick = settings(max_examples=40, deadline=None)
TEXT = "p53 binds MDM2."
MARKED = [((0, 3), "Gene"), ((10, 14), "Protein")]


def zipped(files: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def marks(result: Any) -> list[tuple[tuple[int, int], str]]:
    return [((m.start, m.end), m.label) for one in result.documents for m in one.mentions]


# 1: marks in JSON, however a tool names place and label

STARTS = ("start", "begin", "from", "startOffset", "BeginOffset", "start_char", "char_start",
          "startIndex", "start_pos")  # fmt: skip
ENDS = ("end", "stop", "to", "endOffset", "EndOffset", "end_char", "char_end", "endIndex",
        "end_pos")  # fmt: skip
LABELS = ("label", "type", "tag", "class", "entity_group", "entityType", "category", "Type")
KEYS = ("entities", "Entities", "spans", "labels", "annotations", "mentions")
UNKNOWN = ("ner", "found", "tracks", "predictions_of_x", "Annots")


@st.composite
def spelled(draw: st.DrawFn) -> list[Any]:
    """Spell the two marks as some tool would: an object, a list, a nested place, a length."""
    label, form = draw(st.sampled_from(LABELS)), draw(st.integers(0, 4))
    at = draw(st.integers(0, len(STARTS) - 1))
    rows: list[Any] = []
    for (start, end), name in MARKED:
        if form == 0:
            rows.append({STARTS[at]: start, ENDS[at]: end, label: name})
        elif form == 1:
            rows.append({"position": {STARTS[at]: start, ENDS[at]: end}, label: name})
        elif form == 2:
            rows.append({"offset": start, "length": end - start, label: name})
        elif form == 3:
            rows.append(draw(st.sampled_from([[start, end, name], [name, start, end]])))
        else:
            rows.append({"range": [start, end], label: name})
    return rows


@quick
@given(spelled(), st.sampled_from(KEYS), st.sampled_from(UNKNOWN), st.integers(0, 7))
def test_a_mark_is_read_or_its_key_is_named_however_it_is_spelled(rows, key, unknown, depth):
    result = read_bytes(json.dumps({"text": TEXT, key: rows}).encode(), "a.json")
    assert marks(result) == MARKED
    held: Any = rows
    for _ in range(depth):
        held = {"inner": held}
    with pytest.raises(FormatError, match=rf'key "{unknown}" \(2\)'):
        read_bytes(json.dumps({"text": TEXT, unknown: held}).encode(), "a.json")


@quick
@given(spelled(), st.sampled_from(["pubannotation", "labelstudio", "hf", "bioc-json", "passage"]))
def test_no_form_of_document_passes_over_marks_beside_its_own(rows, form):
    value: dict[str, Any] = {
        "pubannotation": {"text": TEXT, "denotations": []},
        "labelstudio": {"data": {"text": TEXT}, "annotations": [{"result": []}]},
        "hf": {"tokens": ["p53", "binds"], "ner_tags": ["O", "O"]},
        "bioc-json": {"id": "1", "passages": [{"offset": 0, "text": TEXT}]},
        "passage": {"id": "1", "passages": [{"offset": 0, "text": TEXT, "entities": rows}]},
    }[form]
    if form != "passage":
        value = {**value, "entities": rows}
    with pytest.raises(FormatError, match=r'key "entities" \(2\)'):
        read_bytes(json.dumps(value).encode(), "a.json")


@quick
@given(st.lists(st.sampled_from(["no place", "odd place", "odd status", "good"]), min_size=1))
def test_an_odd_mark_costs_nothing_but_itself(kinds):
    spelling: dict[str, dict[str, Any]] = {
        "no place": {"label": "Gene"},
        "odd place": {"start": None, "end": "x", "label": "Gene"},
        "odd status": {"start": 0, "end": 3, "label": "Gene", "status": "maybe"},
        "good": {"start": 0, "end": 3, "label": "Gene"},
    }
    data = json.dumps({"text": TEXT, "entities": [spelling[kind] for kind in kinds]}).encode()
    good = kinds.count("good")
    if not good:
        with pytest.raises(FormatError, match=r"^a\.json:1: "):
            read_bytes(data, "a.json")
        return
    report = read_bytes(data, "a.json").report
    assert (report.read, report.placed) == (len(kinds), good)
    assert report.rejections["mark_not_understood"] == len(kinds) - good


@quick
@given(spelled(), st.sampled_from(KEYS), st.booleans())
def test_marks_under_a_key_that_is_there_twice_are_named(rows, key, is_first):
    held = [json.dumps(rows), "[]"]
    first, second = held if is_first else reversed(held)
    data = f'{{"text": {json.dumps(TEXT)}, "{key}": {first}, "{key}": {second}}}'.encode()
    if is_first:
        with pytest.raises(FormatError, match=f'key "{key}", which is there twice'):
            read_bytes(data, "a.json")
    else:
        assert marks(read_bytes(data, "a.json")) == MARKED


@quick
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_pieces_of_words_from_a_pipeline_are_whole_mentions(lengths):
    text, rows, expected = "", [], []
    for length in lengths:
        begin = len(text)
        for piece in range(length):
            tag = "I-Gene" if piece else "B-Gene"
            rows.append({"entity": tag, "start": len(text), "end": len(text) + 2, "word": "##ab"})
            text += "ab"
        expected.append(((begin, len(text)), "Gene"))
        text += "  "
    data = json.dumps({"text": text, "entities": rows}).encode()
    assert marks(read_bytes(data, "a.json")) == expected


# 2: BioC, whatever stands inside its texts

INSIDE = st.sampled_from(
    [
        ("<i>TP53</i>", "TP53"),
        ("<b:i xmlns:b='x'>TP<sub>53</sub></b:i>", "TP53"),
        ("TP<!-- a > comment -->53", "TP53"),
        ("<![CDATA[a <b> & c]]>", "a <b> & c"),
        ("<?target data?>TP53", "TP53"),
        ("&alpha;&#946;&#x3b3;", "αβγ"),
        ("&lt;i&gt; &amp;alpha;", "<i> &alpha;"),
        ("&own;", "H2O"),
        ("a\n  b", "a\n  b"),
    ]
)


@quick
@given(
    st.lists(INSIDE, min_size=1, max_size=5),
    st.sampled_from(["text", "sentence", "two texts"]),
    st.sampled_from(["utf-8", "utf-16"]),
    st.booleans(),
)
def test_all_of_a_text_is_read_and_marks_lie_where_they_did(pieces, layout, encoding, has_comment):
    xml = "".join(given for given, _ in pieces)
    text = "".join(read for _, read in pieces)
    spans = [(at, at + len(read)) for at, (_, read) in zip(starts_of(pieces), pieces, strict=True)]
    rows = "".join(
        f"<annotation id='{i}'><infon key='type'>Ge<i>ne</i></infon><infon key='note'>&alpha;"
        f"</infon><location offset='{start}' length='{end - start}'/></annotation>"
        for i, (start, end) in enumerate(spans)
    )
    inner = {
        "text": f"<offset>0</offset><text>{xml}</text>{rows}",
        "sentence": f"<offset>0</offset><sentence><offset>0</offset><text>{xml}</text>{rows}"
        "</sentence>",
        "two texts": f"<offset>0</offset><text>{xml}</text>{rows}<text>tail</text>",
    }[layout]
    data = (
        f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE collection SYSTEM 'BioC.dtd' "
        f"[<!ENTITY own 'H<sub>2</sub>O'>]>{'<!-- <document> -->' * has_comment}<collection>"
        f"<document><id>1</id><passage>{inner}</passage></document></collection>"
    ).encode(encoding)
    result = read_bytes(data, "a.xml")
    (found,) = result.documents
    assert found.text == text + "tail" * (layout == "two texts")
    assert result.report.read == len(pieces)
    kept = [(m.start, m.end) for m in found.mentions]
    assert kept == [span for span in spans if text[span[0] : span[1]].strip()]
    assert {m.label for m in found.mentions} <= {"Gene"}
    assert {m.attributes for m in found.mentions} <= {(("note", "α"),)}


def starts_of(pieces: list[tuple[str, str]]) -> list[int]:
    found, at = [], 0
    for _, read in pieces:
        found.append(at)
        at += len(read)
    return found


@quick
@given(
    st.sampled_from(
        [
            "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
            "<!ENTITY x PUBLIC 'p' 'http://example.org/x'>",
            "<!ENTITY a 'aaaa'><!ENTITY x '&a;&a;'>",
            "<!ENTITY x '" + "a" * 2_000 + "'>",
        ]
    ),
    st.integers(1, 50),
)
def test_an_entity_that_lies_elsewhere_or_grows_is_refused_by_its_line(declared, times):
    data = (
        f"<!DOCTYPE collection [{declared}]>\n<collection><document><id>1</id><passage><offset>0"
        f"</offset><text>{'&x;' * times}</text></passage></document></collection>"
    )
    told = "lies elsewhere" if "SYSTEM" in declared or "PUBLIC" in declared else "built out of"
    with pytest.raises(FormatError, match=rf"^a\.xml:\d+: .*{told}"):
        read_bytes(data.encode(), "a.xml")


@quick
@given(st.lists(st.sampled_from(["offset='4'", "offset='x' length='4'", "", "length='4'"])))
def test_an_annotation_of_bioc_without_a_place_costs_nothing_but_itself(locations):
    rows = "".join(
        f"<annotation id='b{i}'><infon key='type'>Gene</infon><location {one}/></annotation>"
        for i, one in enumerate(locations)
    )
    good = (
        "<annotation id='g'><infon key='TYPE'>Gene</infon><location offset='0' length='3'/>"
        "</annotation><relation id='R'><node role='x'/></relation>"
    )
    data = (
        f"<collection><document><id>1</id><passage><offset>0</offset><text>{TEXT}</text>{rows}"
        f"{good}</passage></document></collection>"
    )
    report = read_bytes(data.encode(), "a.xml").report
    assert (report.read, report.placed) == (len(locations) + 1, 1)
    assert report.rejections["no_location"] == len(locations)
    assert report.unread == {"relation of another kind": 1}


# 3: an id that is given anew is nobody else's


@quick
@given(
    st.lists(st.sampled_from(["", "r1", "r2", "T1", "T2", "1", "2"]), min_size=2, max_size=5),
    st.sampled_from(["labelstudio", "pubannotation", "bioc-json", "bioc-xml", "brat", "jsonl"]),
)
def test_a_mention_without_an_id_takes_none_that_a_relation_names(ids, format):
    text = "word " * len(ids)
    named = [one for one in dict.fromkeys(ids) if one and ids.count(one) == 1]
    mentions = tuple(
        Mention(((5 * i, 5 * i + 4),), "Gene", id=id if id in named else "")
        for i, id in enumerate(ids)
    )
    relations = tuple(Relation("", "x", (("from", one), ("to", one))) for one in named)
    data, _ = to_bytes([Document("d", text, mentions, relations=relations)], format)
    ending = {"bioc-xml": "a.xml", "brat": "a.zip"}.get(format, "a.json")
    (found,) = read_bytes(data, ending).documents
    ends = {one.id: one.start for one in found.mentions}
    given = [one.id for one in found.mentions if one.id]
    assert len(given) == len(set(given))
    assert len(given) == len(ids) or format == "jsonl"
    was = sorted(5 * ids.index(one) for one in named)
    assert sorted(ends[one.arguments[0][1]] for one in found.relations) == was


# 5: splits by name, however it is written

WORDS = {
    "train": ("train", "training", "trainset"),
    "devel": ("dev", "devel", "development", "val", "valid", "validation", "developset"),
    "test": ("test", "testing", "testset"),
}
CASES = (str.lower, str.upper, str.capitalize)


@quick
@given(
    st.sampled_from([(split, name) for split, names in WORDS.items() for name in names]),
    st.sampled_from(CASES),
    st.sampled_from(["", "my-", "BioRED.", "2024_", "NCBI ", "x.y."]),
    st.sampled_from(
        ["", "-00000-of-00003", "_v1.2", ".IOB", "_data", "-final", " set", "_gold.raw"]
    ),
    st.sampled_from([".tsv", ".conll", ".jsonl", ".BioC.XML", ".json.gz", ".PubTator", ".zip"]),
    st.lists(st.sampled_from(["corpus", "a b", "2024", "data", "latest"]), max_size=3),
    st.integers(0, 3),
)
def test_a_split_is_told_by_file_or_by_folder_however_deep(
    split, case, before, after, ending, above, below
):
    which, name = split
    word = before + case(name) + after
    assert split_named("/".join([*above, word + ending])) == which
    deep = ["ann", "7", "more"][:below]
    assert split_named("/".join([*above, word, *deep, f"PMID-123{ending}"])) == which


@quick
@given(
    st.sampled_from(["la", "con", "at", "pro", "pre", "in", "re", "blood-"]),
    st.sampled_from([name for names in WORDS.values() for name in names if "set" not in name]),
    st.sampled_from(["", "-results", "ed", "-er"]),
)
def test_a_word_that_only_holds_a_splits_name_is_none(before, name, after):
    whole = before + name + after
    if before == "blood-" and after == "":
        return
    assert split_named(f"{whole}.tsv") == ""


# 9: tables and folders


@quick
@given(
    st.lists(st.sampled_from(["p53 binds, and MDM2.", 'a "b" c', "BRCA1 is; here", "x\ny z"]),
             min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)  # fmt: skip
def test_every_row_of_a_table_is_a_text(texts, delimiter, newline, has_header, mark):
    quoted = ['"' + one.replace('"', '""') + '"' for one in texts]
    if has_header:
        rows = [
            delimiter.join(("id", "Text")),
            *(f"{i}{delimiter}{t}" for i, t in enumerate(quoted)),
        ]
    else:
        rows = quoted
    ending = "a.tsv" if delimiter == "\t" and has_header else "a.csv"
    result = read_bytes((mark + newline.join(rows) + newline).encode(), ending)
    assert [one.text for one in result.documents] == texts
    assert result.report.repairs["table_without_header"] == (not has_header)


@quick
@given(st.integers(0, 20), st.integers(0, 20))
def test_a_quotation_mark_left_open_is_named_by_the_line_that_opens_it(before, after):
    rows = ["id,text", *(f'{i},"row, {i}"' for i in range(before)), '9,"left open']
    rows += [f"{i},row {i}" for i in range(after)]
    with pytest.raises(FormatError, match=rf"^a\.csv:{before + 2}: .*never closed"):
        read_bytes("\n".join(rows).encode(), "a.csv")


@quick
@given(spelled(), st.sampled_from(["ner", "findings", "Spans of x"]), st.booleans())
def test_marks_in_a_column_of_any_name_are_named(rows, column, is_row_a_mention):
    cell = json.dumps(rows).replace('"', '""')
    table = f'id,text,{column}\n1,{TEXT},"{cell}"\n'
    told = rf'column "{column}"'
    if is_row_a_mention:
        table = f"id,text,begin,end,type\n1,{TEXT},0,3,Gene\n"
        told = "place of a mention in columns of its own"
    with pytest.raises(FormatError, match=told):
        read_bytes(table.encode(), "a.csv")


OTHERS = {
    "notes.pdf": "%PDF-1.4",
    "table.XLSX": "PK",
    "old.Docx": "PK",
    "inner.zip": "PK",
    "page.html": "<p>",
}
TEXTS = {
    "one.jsonl": json.dumps({"text": TEXT, "entities": [[0, 3, "Gene"]]}),
    "two.conll": "p53\tB-Gene\n",
    "three.txt": "Words alone.",
    "four.csv": "id,text\n1,Words in a table.\n",
    "five.ann": "T1\tGene 0 3\tp53\n",
    "five.txt": TEXT,
}


@quick
@given(
    st.lists(st.sampled_from(sorted(TEXTS)), unique=True, min_size=1),
    st.lists(st.sampled_from(sorted(OTHERS)), unique=True),
    st.sampled_from(["", "in/", "a/b c/"]),
    st.booleans(),
)
def test_every_file_of_a_folder_is_read_or_named(texts, others, folder, is_alone):
    if "five.ann" in texts:
        texts = [*texts, "five.txt"]
    files = {folder + name: TEXTS[name] for name in texts}
    files |= {name: OTHERS[name] for name in others}
    lone = is_alone and {"five.ann", "five.txt"} <= set(texts)
    if lone:
        files[f"{folder}lone.ann"] = "T1\tGene 0 3\tp53\n"
    result = read_bytes(zipped(files), "a.zip")
    read = {name for name in texts if name != "five.ann"}
    assert len(result.documents) == len(read)
    left = {f'file "{name}"': 1 for name in others}
    assert result.report.unread == left | ({"annotations without their text": 1} if lone else {})


@pytest.mark.parametrize("name", ["a.pdf", "A.PDF", "b.docx", "c.xlsx", "d.XLS", "e.odt", "f.epub"])
def test_a_file_of_an_office_program_is_refused_by_name_with_the_way_out(name: str) -> None:
    with pytest.raises(FormatError, match=rf"^{name}: the format of .*: save it as text \(.+\)"):
        read_bytes(b"%PDF PK", name)


@quick
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["type", "identifier", "x y"]), st.sampled_from(["Gene", "7157", ""])
        ),
        min_size=2,
        max_size=6,
    )
)
def test_an_infon_that_is_repeated_is_kept_each_time(infons):
    told = "".join(f'<infon key="{key}">{value}</infon>' for key, value in infons)
    data = (
        f"<collection><document><id>1</id><passage><offset>0</offset><text>{TEXT}</text>"
        f"<annotation id='1'>{told}<location offset='0' length='3'/></annotation></passage>"
        "</document></collection>"
    )
    (found,) = read_bytes(data.encode(), "a.xml").documents
    for ending, format in (("a.xml", "bioc-xml"), ("a.json", "bioc-json")):
        again = read_bytes(to_bytes([found], format)[0], ending).documents
        assert [m.attributes for m in again[0].mentions] == [m.attributes for m in found.mentions]
    (mention,) = found.mentions
    label = next((value for key, value in infons if key == "type" and value), "")
    kept = list(mention.attributes) + ([("type", label)] if label else [])
    assert (
        sorted(kept) == sorted(one for one in infons if label or one != ("type", "")) or not label
    )


# 10: names stay whole, however their lines were broken

NAMES = (
    "tumor necrosis factor alpha",
    "Epstein Barr virus",
    "cyclooxygenase",
    "von Willebrand factor",
    "acetylsalicylic acid",
    "type II C2 deficiency",
)
AROUND = (
    "We saw that {} is raised in the blood of the patients who were treated with it.",
    "In the cells, {} was found to be one of the most frequent causes of this.",
    "The role of {} in the liver has not been shown by the study of the authors.",
)


@quick
@given(
    st.lists(st.tuples(st.sampled_from(AROUND), st.sampled_from(NAMES)), min_size=2, max_size=5),
    st.integers(20, 79),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "  "]),
)
def test_no_column_is_too_narrow_for_a_name(given_rows, width, newline, indent):
    text = " ".join(around.format(name) for around, name in given_rows)
    wrapped = newline.join(indent + line for line in textwrap.wrap(text, width))
    ranges = split_document(wrapped).sentence_ranges
    for _, name in given_rows:
        at, words = 0, name.split()
        spaced = "".join(wrapped.split())
        assert "".join(words) in spaced
        for low in (i for i in range(len(wrapped)) if wrapped.startswith(words[0], i)):
            at, high = low, low
            for word in words:
                found = wrapped.find(word, high)
                gap = wrapped[high:found] if high > low else ""
                if found < 0 or gap.strip():
                    break
                high = found + len(word)
            else:
                assert any(start <= low and high <= end for start, end in ranges), wrapped[at:high]


@quick
@given(
    st.sampled_from(["aspirin", "cyclooxygenase", "thrombocytes", "Entzündung", "acetylcholine"]),
    st.data(),
    st.sampled_from(["-", "\u2010", "\u00ad"]),
    st.sampled_from(["\n", "\r\n", " \n", "\n   "]),
)
def test_a_word_is_one_token_wherever_a_hyphen_breaks_its_line(word, data, hyphen, line_end):
    at = data.draw(st.integers(2, len(word) - 2))
    text = f"The {word[:at]}{hyphen}{line_end}{word[at:]} was given."
    found = sentences(split_document(text))
    assert len(found) == 1
    token = found[0].tokens[1]
    whole = sentences(split_document(f"The {word} was given."))[0].tokens[1]
    assert token == whole
    low, high = found[0].offsets[1]
    assert text[low:high] == f"{word[:at]}{hyphen}{line_end}{word[at:]}"


@quick
@given(
    st.lists(st.sampled_from(["&alpha;", "&#946;", "&#x3b3;", "&amp;kappa;", "&amp;amp;beta;"]),
             min_size=1, max_size=4),
    st.sampled_from(["TNF-", "IL-1", "NF-"]),
)  # fmt: skip
def test_characters_by_their_names_are_read_as_themselves_at_their_place(named, before):
    plain = {"&alpha;": "α", "&#946;": "β", "&#x3b3;": "γ", "&amp;kappa;": "κ",
             "&amp;amp;beta;": "β"}  # fmt: skip
    text = f"We saw {before}{''.join(named)} in it."
    spelled = f"We saw {before}{''.join(plain[one] for one in named)} in it."
    found, expected = sentences(split_document(text))[0], sentences(split_document(spelled))[0]
    assert found.tokens == expected.tokens
    assert all(text[low:high].strip() == text[low:high] for low, high in found.offsets)


@quick
@given(st.integers(0, 1100), st.sampled_from([" ", "\t", "\u00a0", "\u2003"]), st.integers(0, 40))
def test_a_forced_cut_falls_on_white_space(words, space, glued):
    name = "2,3,7,8-tetrachlorodibenzo-p-dioxin" + ",9" * glued
    text = space.join(["exposed"] * words + [name] + ["exposed"] * 1100)
    for start, end in split_document(text).sentence_ranges:
        assert start == 0 or text[start - 1].isspace()
        assert end == len(text) or text[end].isspace()


ABOUT = {
    "package.json": '{"name": "x", "version": 1}',
    "dataset_infos.json": '{"default": {"features": {"text": 1}}}',
    "meta.csv": "pmid,year\n1,2\n",
    "stats.json": "[1, 2]",
    "other.xml": "<foo/>",
    "latin.txt": "naïve".encode("latin-1"),
    "cut.jsonl.gz": b"\x1f\x8b\x08\x00aaaa",
    "figure.png": b"\x89PNG\r\n\x1a\n" + bytes(range(64)),
}


@quick
@given(
    st.lists(st.sampled_from(sorted(ABOUT)), unique=True, min_size=1),
    st.sampled_from(["", "in/"]),
    st.sampled_from(["{}", "{}/train", "{}/x"]),
)
def test_a_file_about_the_texts_of_a_folder_is_named_and_refuses_none(about, folder, place):
    files: dict[str, str | bytes] = {folder + name: ABOUT[name] for name in about}
    above = place.format(folder or "c/").replace("//", "/").strip("/")
    files |= {f"{above}/one.jsonl": TEXTS["one.jsonl"], f"{above}/two.conll": TEXTS["two.conll"]}
    result = read_bytes(zipped(files), "a.zip")
    assert (len(result.documents), result.report.placed) == (2, 2)
    assert result.report.unread == {f'file "{name}"': 1 for name in about}
    preview = preview_corpus([("a.zip", zipped(files))])
    assert (preview.documents, preview.receipt.unread) == (2, result.report.unread)
    marked = {"text": TEXT, "odd": [{"start": 0, "end": 3}]}
    with pytest.raises(FormatError, match="nothing of what is marked in it was understood"):
        read_bytes(zipped({**files, "z.jsonl": json.dumps(marked)}), "a.zip")


LISTED = ["{}", "B-{}", "- {}", "{n} {}", "{n}: {}", "{n}\t{}", "{} {n}", "{}\t{n}", "{},", "'{}',"]
LISTED += [
    "{} #ff00aa",
    "{}: whatever the guidelines call one, by its name or short form",
    "{} = 1",
]
PAIR = {"in/five.ann": TEXTS["five.ann"], "in/five.txt": TEXT}
BESIDE = [{"in/one.jsonl": TEXTS["one.jsonl"]}, {"in/two.conll": TEXTS["two.conll"]}, PAIR]


@quick
@given(
    st.lists(st.sampled_from(["Protein", "Cell line", "Disease", "DNA"]), unique=True, max_size=4),
    st.sampled_from(LISTED),
    st.sampled_from(["labels.txt", "classes.txt", "a.txt", "zz.txt", "entity_types.TXT", "l.md"]),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.sampled_from(["Gene", "GENE", "gene"]),
    st.sampled_from(BESIDE),
    st.booleans(),
)
def test_a_list_of_the_labels_of_a_folder_is_none_of_its_texts(
    others, line, name, end, gene, files, is_divided
):
    labels = [gene, *others[: 1 if ":" in line or "=" in line else 4]]
    text = end.join(line.format(one, n=n) for n, one in enumerate(labels))
    known = {**files, f"in/{name}": text}
    if len(labels) > 2:
        more = "".join(f"w\tB-{one.replace(' ', '_')}\n\n" for one in labels)
        known["in/more.conll"] = more
    if is_divided:
        known["in/train/a.jsonl"] = TEXTS["one.jsonl"]
    for given_files in (known, {**known, f"in/{name}.bak": "Gene"}):
        data = zipped(given_files)
        report = read_bytes(data, "a.zip").report
        assert report.unread[f'file "{name}"'] == 1
        preview = preview_corpus([("a.zip", data)])
        assert not any(one.text == "Gene" for one in preview.sentences)
        assert all(one.spans for one in preview.sentences)
        assert preview.receipt.unread[f'file "{name}"'] == 1


WORDS = ["[PAD]", "the", "##in", "TP53", "epidermal growth factor", "12345678", "cells", "PMC123"]


@quick
@given(st.lists(st.sampled_from(WORDS), min_size=3, unique=True), st.sampled_from(BESIDE))
def test_a_list_of_words_or_ids_beside_marks_is_none_of_the_texts(words, files):
    data = zipped({**files, "in/vocab.txt": "\n".join(["first", *words])})
    result = read_bytes(data, "a.zip")
    assert (len(result.documents), result.report.unread) == (1, {'file "vocab.txt"': 1})


@quick
@given(
    st.lists(st.sampled_from(["Aspirin was given.", "p53 is low. It rose.", "Gene"]), min_size=1),
    st.sampled_from(BESIDE),
)
def test_texts_that_nobody_marked_teach_no_absence_beside_marks_and_are_texts_alone(texts, files):
    bare = {f"in/t{i}.txt": f"{text} So it was." for i, text in enumerate(texts)}
    result = read_bytes(zipped(bare), "a.zip")
    assert (len(result.documents), result.report.repairs) == (len(texts), {})
    data = zipped({**bare, **files})
    assert len(read_bytes(data, "a.zip").documents) == len(texts) + 1
    for given_files in ([("a.zip", data)], [(k, v.encode()) for k, v in {**bare, **files}.items()]):
        preview = preview_corpus(given_files)
        assert [bool(one.spans) for one in preview.sentences] == [True]
        assert preview.receipt.repaired["text_without_marks_beside_marks"] == len(texts)
        assert preview.receipt.unread["sentence that nobody read"] >= len(texts)
    empty = {name.replace(".txt", ".ann"): "" for name in bare}
    said = preview_corpus([("a.zip", zipped({**bare, **files, **empty}))])
    assert len(said.sentences) > len(texts)


@pytest.mark.parametrize("name", ["labels.tsv", "labels.txt", "tags.conll"])
def test_tags_that_are_numbered_through_are_no_tokens(name: str) -> None:
    data = zipped({**PAIR, f"in/{name}": "0\tO\n1\tB-Gene\n2\tI-Gene\n"})
    assert len(read_bytes(data, "a.zip").documents) == 1
