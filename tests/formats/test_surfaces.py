"""Generated siblings of surfaces that a tool wrote in its own letters, and counted in them."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.formats import read_bytes

quick = settings(max_examples=60, deadline=None)
NAMES = {
    "TNF-α": ("TNF-alpha", "TNF-a", "TNFalpha", "tnf-Alpha", "TNF-&alpha;"),
    "IL-1β": ("IL-1beta", "IL-1 beta", "IL1beta", "IL-1b"),
    "NF-κB": ("NF-kappaB", "NF-kappa B", "NFkappaB", "NF-kB"),
    "interferon-γ": ("interferon-gamma", "interferon gamma"),
    "β-catenin": ("beta-catenin", "beta catenin"),
    "5′-UTR": ("5'-UTR",),
    "α5β1": ("alpha5beta1",),
    "ﬁbrin": ("fibrin",),
    "TGF-ß": ("TGF-beta", "TGF-b"),
}
BETWEEN = st.sampled_from([" binds ", " (", ") and ", ", ", " and the other "])


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str, str]]]:
    """Make a text of names; return start, end, name and its tool's surface of each."""
    text, found = "", []
    for name in draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=4)):
        text += draw(BETWEEN) if text else "The "
        found.append((len(text), len(text) + len(name), name, draw(st.sampled_from(NAMES[name]))))
        text += name
    return f"{text} was seen.", found


def placed(text: str, rows: list[tuple[int, int, str]]) -> tuple[list[tuple[int, int]], int]:
    """Return where a document's marks were placed, and how many were rejected."""
    entities = [{"start": a, "end": b, "label": "Gene", "text": word} for a, b, word in rows]
    data = json.dumps({"text": text, "entities": entities}).encode()
    result = read_bytes(data, "a.json")
    report = result.report
    assert report.read == report.placed + report.rejections.total() == len(rows)
    return [(m.start, m.end) for m in result.documents[0].mentions], report.rejected


@quick
@given(texts())
def test_a_surface_in_other_letters_stays_at_its_stated_place(given_text):
    text, found = given_text
    expected = [(start, end) for start, end, _, _ in found]
    assert placed(text, [(a, b, word) for a, b, _, word in found]) == (expected, 0)


@quick
@given(texts())
def test_a_surface_whose_end_was_counted_in_its_own_letters_ends_with_its_name(given_text):
    text, found = given_text
    whole = [(a, b, name, word) for a, b, name, word in found if len(word) >= len(name)]
    rows = [(start, start + len(word), word) for start, _, _, word in whole]
    if rows:
        expected = [(start, end) for start, end, _, _ in whole]
        assert placed(text, rows) == (expected, 0)


@quick
@given(texts())
def test_offsets_counted_in_a_text_of_ascii_are_shifted(given_text):
    text, found = given_text
    spelled = {"α": "alpha", "β": "beta", "κ": "kappa", "γ": "gamma", "ﬁ": "fi", "ß": "beta"}
    rows = []
    for start, end, _, _ in found:
        before, word = (
            "".join(spelled.get(char, char) for char in one)
            for one in (text[:start], text[start:end])
        )
        rows.append((len(before), len(before) + len(word), word.replace("′", "'")))
    assert placed(text, rows) == ([(start, end) for start, end, _, _ in found], 0)


@quick
@given(
    st.lists(st.sampled_from(["febrile", "plus", "GEFS+", "5-HT"]), min_size=1, max_size=4),
    st.lists(st.sampled_from(['"', " ", "' ", ' "', "(", "+ "]), min_size=5, max_size=5),
)
def test_signs_that_a_tool_wrote_as_spaces_stay_in_their_mark(words, signs):
    inner = "".join(f"{sign}{word}" for word, sign in zip(words, signs, strict=False)).strip()
    inner += signs[-1].strip()
    text = f"One has {inner} (GEFS +), or so."
    surface = "".join(char if char.isalnum() else " " for char in inner)
    rows = [(0, 3, "One"), (8, 8 + len(inner), surface)]
    assert placed(text, rows) == ([(0, 3), (8, 8 + len(inner))], 0)


@quick
@given(texts(), st.sampled_from(["MDM2", "TNF-delta", "xyz", "catenin-9"]), st.integers(0, 9))
def test_a_surface_that_is_nowhere_is_rejected(given_text, surface, start):
    text, _ = given_text
    rows = [(0, 3, "The"), (start, start + len(surface), surface)]
    assert placed(text, rows) == ([(0, 3)], 1)
