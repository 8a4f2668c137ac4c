"""Outside data is bounded: numbers without end, values nested without end, signs XML forbids."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.errors import FormatError
from bioner.formats import read_bytes, to_bytes
from bioner.spans import Document, Mention

GOOD = json.dumps({"text": "p53 binds.", "entities": [[0, 3, "Gene"]]})


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1" + "0" * 400]),
    st.sampled_from(["score", "prob", "confidence"]),
)
def test_a_number_without_end_is_left_out_and_counted_and_never_written(number, key):
    data = (
        '{"text": "p53 binds.", "entities": [{"start": 0, "end": 3, "label": "Gene", '
        f'"{key}": {number}}}]}}'
    )
    result = read_bytes(data.encode(), "a.json")
    (mention,) = result.documents[0].mentions
    assert mention.score is None
    assert result.report.repairs["number_not_finite"] + result.report.repairs["score_left_out"] == 1


@pytest.mark.parametrize("before", ["[", '{"a": '])
@pytest.mark.parametrize("is_line", [True, False])
def test_values_nested_without_end_cost_their_line_or_refuse_their_file(
    before: str, is_line: bool
) -> None:
    nested = before * 100_000
    if is_line:
        result = read_bytes("\n".join([GOOD, nested, GOOD, GOOD]).encode(), "a.jsonl")
        assert (len(result.documents), result.report.unread.total()) == (3, 1)
    else:
        with pytest.raises(FormatError, match=r"^a\.json.*nested too deeply"):
            read_bytes(nested.encode(), "a.json")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(max_codepoint=0x9F), min_size=1, max_size=20), st.data())
def test_whatever_signs_a_text_holds_its_xml_can_be_read_and_its_offsets_hold(text, data):
    low = data.draw(st.integers(0, len(text) - 1))
    one = Document("a", text, (Mention(((low, low + 1),), "Gene"),), attributes=(("x", text),))
    made, report = to_bytes([one], "bioc-xml")
    found = ElementTree.fromstring(made)
    read = found.findtext(".//passage/text") or ""
    assert len(read) == len(text)
    changed = sum(was != now for was, now in zip(text, read, strict=True))
    assert report.lost["forbidden_characters_replaced"] >= changed
