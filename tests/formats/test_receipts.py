"""Generated siblings of receipts and labels: what came in is told alike at every door."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.corpora.adding import preview_corpus
from bioner.formats import Receipt, read_bytes
from bioner.ui.predict.uploads import read_upload

quick = settings(max_examples=40, deadline=None)
RULES = ("good", "empty_range", "outside_text", "surface_not_found", "no place")
FORMS = ("jsonl", "pubtator", "brat", "bioc-xml")
marks = st.lists(st.sampled_from(RULES), min_size=1, max_size=8).map(lambda found: ["good", *found])


def stated(kind: str, at: int) -> tuple[int, int, str]:
    """Return start, end and surface of the mark on the word at a place, as a file says them."""
    return {
        "empty_range": (at, at, "w"),
        "outside_text": (90_000, 90_004, "zzzz"),
        "surface_not_found": (at, at + 4, "zzzz"),
    }.get(kind, (at, at + 4, f"w{at:03}"))


def written(form: str, kinds: list[str]) -> tuple[str, bytes, list[int]]:
    """Return a file's name and content, and the line on which each mark stands."""
    words = [f"w{5 * i:03}" for i in range(len(kinds))]
    text = " ".join(words)
    rows = [(kind, *stated(kind, 5 * i)) for i, kind in enumerate(kinds)]
    if form == "jsonl":
        lines = []
        for kind, start, end, surface in rows:
            place = {} if kind == "no place" else {"start": start, "end": end}
            mark = {**place, "text": surface, "label": "Gene"}
            lines.append(json.dumps({"text": text, "entities": [mark]}))
        return "a.jsonl", "\n".join(lines).encode(), list(range(1, len(rows) + 1))
    if form == "pubtator":
        lines = [f"1|t|{text}", "1|a|"]
        for kind, start, end, surface in rows:
            begin = "0.5" if kind == "no place" else str(start)
            lines.append(f"1\t{begin}\t{end}\t{surface}\tGene\t-")
        return "a.pubtator", "\n".join(lines).encode(), list(range(3, len(rows) + 3))
    if form == "brat":
        lines = []
        for i, (kind, start, end, surface) in enumerate(rows, 1):
            begin = "x" if kind == "no place" else str(start)
            lines.append(f"T{i}\tGene {begin} {end}\t{surface}")
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a.txt", text)
            archive.writestr("a.ann", "\n".join(lines) + "\n")
        return "a.zip", stream.getvalue(), list(range(1, len(rows) + 1))
    lines = [f"<collection><document><id>1</id><passage><offset>0</offset><text>{text}</text>"]
    for kind, start, end, surface in rows:
        place = f"<location offset='{start}' length='{end - start}'/>" * (kind != "no place")
        label = "<infon key='type'>Gene</infon>"
        lines.append(f"<annotation id='1'>{label}{place}<text>{surface}</text></annotation>")
    lines.append("</passage></document></collection>")
    return "a.xml", "\n".join(lines).encode(), [0] * len(rows)


NO_PLACE = {"jsonl": "mark_not_understood", "pubtator": "unreadable_line",
            "brat": "unreadable_line", "bioc-xml": "no_location"}  # fmt: skip


def expected(form: str, kinds: list[str]) -> Counter[str]:
    """Return how many marks are rejected for each reason."""
    found = Counter(NO_PLACE[form] if kind == "no place" else kind for kind in kinds)
    del found["good"]
    return found


def agrees(receipt: Receipt, form: str, kinds: list[str]) -> None:
    assert (receipt.mentions_in, receipt.mentions_placed) == (len(kinds), kinds.count("good"))
    assert receipt.rejected == expected(form, kinds)


@quick
@given(st.sampled_from(FORMS), marks)
def test_what_came_in_was_placed_or_rejected_by_its_reason_on_its_line(form, kinds):
    name, data, lines = written(form, kinds)
    receipt = read_bytes(data, name).report.receipt()
    agrees(receipt, form, kinds)
    inside = "a.ann" if form == "brat" else name
    for kind, line in zip(kinds, lines, strict=True):
        rule = NO_PLACE[form] if kind == "no place" else kind
        if kind != "good":
            begin = f"{inside}:{line}: {rule}" if line else f"{inside}:"
            assert any(one.startswith(begin) and rule in one for one in receipt.examples), begin


@quick
@given(st.sampled_from(FORMS), marks)
def test_a_corpus_that_is_added_and_a_text_that_is_read_tell_the_same(form, kinds):
    name, data, _ = written(form, kinds)
    agrees(preview_corpus([(name, data)]).receipt, form, kinds)
    notes = " ".join(read_upload(name, [(name, data)]).notes)
    for rule, count in expected(form, kinds).items():
        assert f"{rule.replace('_', ' ')} {count}" in notes


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.sampled_from(FORMS), marks, st.booleans())
def test_the_commands_print_the_same_receipt(form, kinds, is_import):
    name, data, _ = written(form, kinds)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for one in ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS"):
            patch.setenv(f"BIONER_{one}", str(Path(folder) / one.lower()))
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        path = Path(folder) / name
        path.write_bytes(data)
        words = ["review", "import", path, "--project", "p", "--gold", "--json"]
        if not is_import:
            words = ["corpora", "add", path, "--name", "own", "--covers", "Gene", "--json"]
        done = CliRunner().invoke(app, list(map(str, words)))
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        told = told if is_import else told["receipt"]
    assert told["mentions"]["in"] == len(kinds)
    assert told["mentions"]["placed"] == kinds.count("good")
    assert told["mentions"]["rejected"] == expected(form, kinds)
    assert len(told["examples"]) >= len(expected(form, kinds))


# 7: labels, however a tool writes them

WORDS = ("p53", "binds", "MDM2", "in", "mice")
SPANS = ((0, 3), (4, 9), (10, 14), (15, 17), (18, 22))
TEXT = " ".join(WORDS)


def tokens_of(tags: list[str], separator: str, after: str) -> bytes:
    rows = zip(WORDS, tags, strict=True)
    return ("\n".join(f"{word}{separator}{tag}{after}" for word, tag in rows) + "\n").encode()


@quick
@given(
    st.lists(st.sampled_from(["O", "B-Gene", "B-Cell line", "S-Gene"]), min_size=5, max_size=5),
    st.sampled_from(["", " ", "  ", "\t", "\r"]),
    st.booleans(),
)
def test_a_tag_is_its_label_whatever_blank_follows_it(tags, after, is_hash):
    tags = [tag.replace("S-", "B-") for tag in tags]
    if after == "\t":
        after = " \r"
    data = tokens_of(tags, "\t", after)
    if is_hash:
        data = data.replace(b"p53", b"#")
    result = read_bytes(data, "a.conll", "conll")
    (document,) = result.documents
    assert document.text == (TEXT.replace("p53", "#") if is_hash else TEXT)
    assert [m.label for m in document.mentions] == [tag[2:] for tag in tags if tag != "O"]


NAMED = ("Gene", "Cell line", "DISEASE", "gene_or_gene_product", "T-cell", "α")


@quick
@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(NAMED)), min_size=1, max_size=4,
             unique_by=lambda one: one[0]),
    st.sampled_from(["labels", "hypertextlabels", "list", "label", "entity_group", "type", "obj",
                     "category", "tag", "class", "kind"]),
)  # fmt: skip
def test_a_label_is_read_under_whatever_key_its_tool_writes(given_marks, key):
    rows = []
    for at, label in given_marks:
        start, end = SPANS[at]
        held = [label] if key in ("labels", "hypertextlabels", "list") else label
        rows.append({"start": start, "end": end, ("label" if key == "list" else key): held})
    for value in ({"text": TEXT, "label": rows}, {"text": TEXT, "entities": rows}):
        result = read_bytes(json.dumps(value).encode(), "a.json")
        found = [(m.start, m.end, m.label) for m in result.documents[0].mentions]
        assert sorted(found) == sorted((*SPANS[at], label) for at, label in given_marks)
        assert not result.report.repairs["label_not_named"]


@quick
@given(st.lists(st.sampled_from(["accept", "reject", "ignore", "ACCEPT", "Reject", None]),
                min_size=1, max_size=6))  # fmt: skip
def test_an_answer_that_is_no_yes_is_no_gold_and_is_counted(answers):
    answers = ["accept", *answers]
    span = {"start": 0, "end": 3, "label": "Gene"}
    lines = [{"text": TEXT, "spans": [span], **({"answer": a} if a else {})} for a in answers]
    result = read_bytes("\n".join(map(json.dumps, lines)).encode(), "a.jsonl")
    low = [str(one).lower() for one in answers]
    left = low.count("reject") + low.count("ignore")
    report = result.report
    assert (report.read, report.placed) == (len(answers), len(answers) - left)
    assert report.rejections["answer_reject"] == low.count("reject")
    assert report.rejections["answer_ignore"] == low.count("ignore")
    assert len(result.documents) == len(answers) - left
