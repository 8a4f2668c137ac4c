"""The reading view shows the text as it is: every character once, nothing run, all marked."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.labels import read_schema
from bioner.settings import PROJECT_ROOT
from bioner.spans import Mention, Span, corpus_sentence, mention
from bioner.ui.chips import (
    UNKNOWN_COLOR,
    chips_html,
    color_of,
    coverage_html,
    describe,
    is_flat,
    label_html,
    snippet_html,
)
from bioner.ui.highlight import highlight_html
from bioner.ui.snippets import marked_html, sentence_html, sentence_mentions

SCHEMA = read_schema()
HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://example.org/x.png)",
    "$\\beta$-actin",
    ":red[warning]",
    "[x](javascript:alert(1))",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt; & 'quotes'",
]


class Reader(HTMLParser):
    """What a browser would show and what elements it would make."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str | None] = []
        self.covered: dict[str, str] = {}
        self.inside: list[tuple[str, dict[str, str | None]]] = []
        self.labels: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(dict(attrs).get("data-m"))
        self.inside.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()
        self.inside.pop()

    def handle_data(self, data: str) -> None:
        styles = [attrs.get("style") or "" for _, attrs in self.inside]
        if any("font-size:0.75rem" in style for style in styles):
            self.labels.append(data)  # st-annotated-text's label, which our style keeps from copies
            return
        self.text += data
        for index in {one for one in self.open if one is not None}:
            self.covered[index] = self.covered.get(index, "") + data


def read(body: str) -> Reader:
    reader = Reader()
    reader.feed(body)
    reader.close()
    assert reader.open == [], "every element is closed"
    return reader


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Mention]]:
    alphabet = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")
    text = draw(st.text(alphabet, min_size=1, max_size=40))
    mentions = []
    for _ in range(draw(st.integers(0, 6))):
        cuts = draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=4, unique=True))
        cuts = sorted(cuts)[: len(cuts) // 2 * 2]
        fragments = tuple(zip(cuts[::2], cuts[1::2], strict=True))
        mentions.append(Mention(fragments, draw(st.sampled_from([*SCHEMA.names, 'X"><b>']))))
    return text, mentions


@settings(max_examples=100, deadline=None)
@given(marked_texts())
def test_every_character_is_shown_once_and_every_mention_covers_its_own(
    case: tuple[str, list[Mention]],
) -> None:
    text, mentions = case
    reader = read(highlight_html(text, mentions, SCHEMA))
    assert reader.text == text
    assert {tag for tag, _ in reader.tags} <= {"div", "span"}
    for index, one in enumerate(mentions):
        assert reader.covered[str(index)] == "".join(text[s:e] for s, e in one.fragments)
    labelled = [attrs for _, attrs in reader.tags if "data-label" in attrs]
    assert len(labelled) == len(mentions), "each mention bears its label once"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_literally(text: str) -> None:
    body = highlight_html(text, [mention(0, len(text), "Gene")], SCHEMA)
    reader = read(body)
    assert reader.text == text
    assert {tag for tag, _ in reader.tags} == {"div", "span"}
    assert not any(name.startswith("on") for _, attrs in reader.tags for name in attrs)


def test_line_ends_survive_stripping_and_dedenting() -> None:
    text = "\n  first\r\n   \n  second  \n"
    body = highlight_html(text, [], SCHEMA)
    assert "\n" not in body
    assert "\r" not in body
    assert read(body).text == text


def test_nested_mentions_are_nested_elements_and_crossing_ones_split() -> None:
    nested = highlight_html(
        "human p53 gene", [mention(0, 14, "Gene"), mention(6, 9, "Protein")], SCHEMA
    )
    assert nested.count('data-m="0"') == nested.count('data-m="1"') == 1
    crossing = highlight_html("a b c d", [mention(0, 5, "Gene"), mention(2, 7, "Cell")], SCHEMA)
    assert crossing.count('data-m="1"') == 2
    assert crossing.count('data-label="Cell"') == 1


def test_confidence_is_a_tint_and_an_underline() -> None:
    scores = {0.97: "bn-sure", 0.75: "bn-likely", 0.4: "bn-unsure"}
    for score, name in scores.items():
        body = highlight_html("p53", [mention(0, 3, "Gene", score=score)], SCHEMA, show_score=True)
        assert name in body
        assert f"--s:{score:.3f}" in body
    assert "97% sure" in describe(mention(0, 3, "Gene", score=0.97))


def test_colours_come_from_the_schema() -> None:
    assert color_of(SCHEMA, "Protein") == SCHEMA.colors["Protein"]
    assert color_of(SCHEMA, "Disease") == SCHEMA.colors["Disease"]
    assert color_of(SCHEMA, "nothing of ours") == UNKNOWN_COLOR
    assert len(set(SCHEMA.colors.values())) == len(SCHEMA.names)


def test_a_sentence_shows_its_spans_its_other_readings_and_what_is_ignored() -> None:
    sentence = corpus_sentence(
        "d", ["p63", "-", "positive", "carcinomas"], spans=[Span(3, 4, "Cancer")], corpus="AnatEM"
    )
    assert [sentence.text[m.start : m.end] for m in sentence_mentions(sentence)] == ["carcinomas"]
    from dataclasses import replace

    full = replace(sentence, readings=(Span(0, 4, "Gene"),), ignored=((1, 3),))
    reader = read(sentence_html(full, SCHEMA, hits=[(0, 1)]))
    assert reader.text == sentence.text
    classes = " ".join(attrs.get("class") or "" for _, attrs in reader.tags)
    assert "bn-reading" in classes
    assert "bn-hatch" in classes
    assert "bn-hit" in classes


def test_coverage_hatches_what_nobody_looked_for() -> None:
    body = coverage_html({"Gene", "Protein"}, SCHEMA)
    assert body.count("bn-hatch") == len(SCHEMA.names) - 2
    assert "Nobody looked for Chemical here" in body


@settings(max_examples=100, deadline=None)
@given(marked_texts())
def test_a_snippet_is_the_text_with_each_label_once_beside_it(
    case: tuple[str, list[Mention]],
) -> None:
    text, mentions = case
    reader = read(marked_html(text, mentions, SCHEMA))
    assert reader.text == text
    if is_flat(mentions):
        ordered = sorted(mentions, key=lambda one: one.start)
        assert reader.labels == [one.label for one in ordered]
        marks = [attrs for _, attrs in reader.tags if "bn-mark" in (attrs.get("class") or "")]
        assert [attrs["title"] for attrs in marks] == [describe(one) for one in ordered]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_in_a_snippet_or_chip_is_shown_literally(text: str) -> None:
    marked = read(snippet_html(f"a {text} b", [mention(2, 2 + len(text), "Gene")], SCHEMA))
    assert marked.text == f"a {text} b"
    chip = read(label_html(text, SCHEMA))
    assert chip.text == text
    for one in (marked, chip):
        assert {tag for tag, _ in one.tags} <= {"div", "span"}
        assert not any(name.startswith("on") for _, attrs in one.tags for name in attrs)


def test_line_ends_in_a_chip_survive_stripping_and_dedenting() -> None:
    assert "\n" not in chips_html(["a\n  b\r\n"])
    assert read(chips_html(["a\n  b\r\n"])).text == "a\n  b\r\n"


def test_marks_that_touch_each_other_are_no_flat_snippet() -> None:
    assert is_flat([mention(5, 9, "Gene"), mention(0, 5, "Cell")])
    assert not is_flat([mention(0, 6, "Gene"), mention(5, 9, "Cell")])
    assert not is_flat([Mention(((0, 2), (4, 6)), "Gene")])


def test_chips_are_made_in_one_place_and_never_by_what_renders_markdown() -> None:
    users = [
        path.name
        for path in (PROJECT_ROOT / "bioner").rglob("*.py")
        if "annotated_text" in path.read_text(encoding="utf-8")
    ]
    assert users == ["chips.py"]
    words = (PROJECT_ROOT / "bioner" / "ui" / "chips.py").read_text(encoding="utf-8")
    assert "annotated_text(" not in words


@pytest.mark.parametrize("draw", [highlight_html, snippet_html])
def test_only_a_mention_that_a_narrow_window_holds_is_kept_in_one_line(draw) -> None:
    text = f"TNF-α and {'p53-' * 6}like"
    marks = [mention(0, 5, "Protein"), mention(10, len(text), "Gene")]
    first, second = draw(text, marks, SCHEMA).split(" and ")
    assert "bn-whole" in first
    assert "bn-whole" not in second
