"""Generated siblings of odd lines: a comment, a place that is none, a layer beside the mentions."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.formats import read_bytes

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
