"""Generated siblings of receipts and labels: what came in is told alike at every door."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.corpora.adding import preview_corpus
from bioner.corpora.own import own_folder, read_own_corpus
from bioner.formats import Receipt, read_bytes
from bioner.settings import read_settings
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


def invoke(name: str, data: bytes, *words: str) -> dict[str, Any]:
    """Give a file to a command in a home of its own; return what it tells as JSON.

    ``kept``: how many mentions the corpus ``own`` holds then, read from disk.
    """
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for one in ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS"):
            patch.setenv(f"BIONER_{one}", str(Path(folder) / one.lower()))
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        path = Path(folder) / name
        path.write_bytes(data)
        done = CliRunner().invoke(app, [*words[:2], str(path), *words[2:], "--json"])
        assert done.exit_code == 0, done.output
        told: dict[str, Any] = json.loads(done.stdout)
        own = own_folder(read_settings(), "own")
        splits = read_own_corpus(own).splits.values() if own else ()
        return {**told, "kept": sum(len(one.spans) for split in splits for one in split)}


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.sampled_from(FORMS), marks, st.booleans())
def test_the_commands_print_the_same_receipt(form, kinds, is_import):
    name, data, _ = written(form, kinds)
    if is_import:
        told = invoke(name, data, "review", "import", "--project", "p", "--gold")
    else:
        told = invoke(name, data, "corpora", "add", "--name", "own", "--covers", "Gene")["receipt"]
    assert told["mentions"]["in"] == len(kinds)
    assert told["mentions"]["placed"] == kinds.count("good")
    assert told["mentions"]["rejected"] == expected(form, kinds)
    assert len(told["examples"]) >= len(expected(form, kinds))


# What is lost when marks are laid flat over sentences is said before a corpus is added, and after


@dataclass(frozen=True)
class Laid:
    """A text of words, its marks in words (first, last, label), and which words are a sentence."""

    words: int
    marks: tuple[tuple[tuple[tuple[int, int], ...], str], ...]
    sentences: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        return " ".join(f"w{i:03}" for i in range(self.words))

    def value(self) -> dict[str, object]:
        """Return it as a line of JSON has it."""
        entities = [
            {"fragments": [[5 * a, 5 * b + 4] for a, b in parts], "label": label}
            for parts, label in self.marks
        ]
        told: dict[str, object] = {"text": self.text, "entities": entities}
        if self.sentences:
            told["sentences"] = [[5 * a, 5 * b + 4] for a, b in self.sentences]
        return told

    def kept_and_lost(self) -> tuple[int, Counter[str]]:
        """Return how many marks a corpus keeps, and why it loses the others: longest first."""
        ranges = self._joined()
        taken: set[int] = set()
        lost: Counter[str] = Counter()
        kept = 0
        extents = sorted(
            ((parts[0][0], parts[-1][1], label) for parts, label in self.marks),
            key=lambda one: (one[0] - one[1], one[0], one[2]),
        )
        for first, last, _ in extents:
            words = set(range(first, last + 1))
            if not any(a <= first and last <= b for a, b in ranges):
                lost["outside_sentences"] += 1
            elif taken & words:
                lost["nested_dropped"] += 1
            else:
                taken |= words
                kept += 1
        return kept, lost

    def _joined(self) -> list[tuple[int, int]]:
        """Return the sentences, those that a mark crosses as one."""
        ranges = [list(one) for one in self.sentences or ((0, self.words - 1),)]
        for parts, _ in self.marks:
            inside = [r for r in ranges if r[0] <= parts[-1][1] and parts[0][0] <= r[1]]
            if len(inside) > 1:
                ranges = [r for r in ranges if r not in inside]
                ranges.append([inside[0][0], inside[-1][1]])
                ranges.sort()
        return [(a, b) for a, b in ranges]


@st.composite
def laid(draw: st.DrawFn) -> Laid:
    """Make a text with marks that nest, overlap, are there twice, have parts, lie between."""
    words = draw(st.integers(2, 12))
    at = st.integers(0, words - 1)
    parts = st.lists(at, min_size=2, max_size=2).map(lambda one: ((min(one), max(one)),))
    several = st.lists(at, min_size=4, max_size=4, unique=True).map(sorted)
    split = several.filter(lambda one: one[2] > one[1] + 1).map(
        lambda one: ((one[0], one[1]), (one[2], one[3]))
    )
    places = parts | split if words >= 6 else parts
    marks = st.tuples(places, st.sampled_from(["Gene", "Disease"]))
    cuts = sorted(draw(st.sets(st.integers(1, words - 1), max_size=2)))
    sentences: tuple[tuple[int, int], ...] = ()
    if cuts:
        edges = [0, *cuts, words]
        whole = list(zip(edges, (one - 1 for one in edges[1:]), strict=False))
        named = draw(st.lists(st.sampled_from(whole), min_size=1, unique=True))
        sentences = tuple(sorted(named))
    return Laid(words, tuple(draw(st.lists(marks, min_size=1, max_size=6))), sentences)


def of_all(documents: list[Laid]) -> tuple[int, Counter[str]]:
    told = [one.kept_and_lost() for one in documents]
    return sum(kept for kept, _ in told), sum((lost for _, lost in told), Counter[str]())


@settings(max_examples=150, deadline=None)
@given(st.lists(laid(), min_size=1, max_size=3))
@pytest.mark.slow
def test_what_a_corpus_will_lose_is_said_by_its_reason_before_it_is_added(documents):
    data = "\n".join(json.dumps(one.value()) for one in documents).encode()
    kept, lost = of_all(documents)
    if not kept:
        return
    preview = preview_corpus([("a.jsonl", data)])
    receipt = preview.receipt
    assert receipt.mentions_in == sum(len(one.marks) for one in documents)
    assert (receipt.mentions_placed, receipt.rejected) == (kept, lost)
    parted = sum(len(parts) > 1 for one in documents for parts, _ in one.marks)
    assert receipt.repaired["discontinuous_joined"] <= parted
    assert not set(receipt.repaired) - {"discontinuous_joined"}
    for rule, count in lost.items():
        assert any(f"{rule.replace('_', ' ')} {count}" in line for line in receipt.lines())


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.lists(laid(), min_size=1, max_size=3))
def test_what_was_said_before_a_corpus_is_added_is_what_it_then_holds(documents):
    data = "\n".join(json.dumps(one.value()) for one in documents).encode()
    kept, lost = of_all(documents)
    if not kept:
        return
    told = invoke("a.jsonl", data, "corpora", "add", "--name", "own", "--covers", "Gene")
    preview = preview_corpus([("a.jsonl", data)]).receipt
    assert told["receipt"] == json.loads(json.dumps(preview.to_json()))
    assert told["receipt"]["mentions"] == {
        "in": sum(len(one.marks) for one in documents), "placed": kept, "rejected": lost,
    }  # fmt: skip
    assert told["kept"] == kept
    imported = invoke("a.jsonl", data, "review", "import", "--project", "p", "--gold")
    twice = sum(len(one.marks) - len(set(one.marks)) for one in documents)
    rejected = {"repeated_mention": twice} if twice else {}
    assert imported["mentions"]["rejected"] == rejected, "a project keeps all others"


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
