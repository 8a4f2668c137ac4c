"""Generated siblings of surfaces that a tool wrote in its own letters, and counted in them."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bioner.formats import read_bytes
from bioner.formats.units import mapped, units_of

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


# What a tool did to the surface of a place that it stated rightly

WORDS = (
    "febrile",
    "plus",
    "GEFS+",
    "5-HT",
    "TNF-α",
    "IL–1β",
    "Crohn’s",
    "p53",
    "Ca2+",
    "B/W",
    "x<y",
)
JOINS = (" ", '"', ' "', '" ', "'", "-", " (", ") ", ", ", "/", " – ", "  ", " +")


def blanked(text: str) -> str:
    return "".join(char if char.isalnum() else " " for char in text)


def in_windows_letters(text: str) -> str:
    return text.encode().decode("cp1252", "replace")


REWRITES = {
    "signs as spaces": blanked,
    "signs as one space": lambda text: " ".join(blanked(text).split()),
    "no signs": lambda text: "".join(char for char in text if char.isalnum() or char == " "),
    "quotes doubled": lambda text: text.replace('"', '""'),
    "quotes of another kind": lambda text: text.replace('"', "''").replace("’", "'"),
    "dashes of another kind": lambda text: text.replace("-", "–"),
    "dashes of ASCII": lambda text: text.replace("–", "-"),
    "one space": lambda text: " ".join(text.split()),
    "no space": lambda text: "".join(text.split()),
    "no space at signs": lambda text: re.sub(r" ?(\W) ?", r"\1", text),
    "spaces at signs": lambda text: re.sub(r"([^\w\s])", r" \1 ", text),
    "small letters": str.lower,
    "capitals": str.upper,
    "escaped": html.escape,
    "escaped twice": lambda text: html.escape(html.escape(text)),
    "Greek by its name": lambda text: text.replace("α", "alpha").replace("β", "&beta;"),
    "beyond ASCII lost": lambda text: "".join(char if char.isascii() else "?" for char in text),
    "UTF-8 as Windows letters": in_windows_letters,
    "a line break": lambda text: text.replace(" ", "\n"),
}
rewrites = st.sampled_from(sorted(REWRITES))


@st.composite
def phrases(draw: st.DrawFn) -> str:
    """Make a name of words with signs between them, that begins and ends with none of them."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    text = words[0]
    for word in words[1:]:
        text += draw(st.sampled_from(JOINS)) + word
    return text


def is_lost(inner: str, surface: str) -> bool:
    """Tell whether no rule could see that more was stated: the surface is a part of the text."""
    return (surface.strip() != inner and surface.strip() in inner) or not surface.strip()


@settings(max_examples=150, deadline=None)
@given(
    phrases(),
    st.sampled_from(["", '"', "(", "["]),
    st.sampled_from(["", '"', ")", "+", " +/-"]),
    rewrites,
    st.sampled_from(["One has {} (GEFS +), or so.", "{}", "{} x", 'He: "{}", p53 ']),
)
def test_a_place_that_is_stated_rightly_stays_whatever_its_tool_made_of_the_surface(
    phrase, before, after, rewrite, around
):
    inner = before + phrase + after
    surface = REWRITES[rewrite](inner)
    if is_lost(inner, surface):
        return
    text = around.format(inner)
    start = text.index(inner)
    expected = (start, start + len(inner))
    assert placed(text, [(*expected, surface)]) == ([expected], 0)


@settings(max_examples=100, deadline=None)
@given(phrases(), rewrites, st.sampled_from(["", "The ", "p53 and "]),
       st.sampled_from([" binds it.", ", or MDM2.", ") is here", ""]))  # fmt: skip
def test_an_end_that_was_counted_in_the_surface_is_where_the_name_ends(
    phrase, rewrite, before, after
):
    surface = REWRITES[rewrite](phrase)
    if is_lost(phrase, surface) or not phrase[-1].isalnum() or not surface[-1].isalnum():
        return
    if rewrite in ("beyond ASCII lost", "UTF-8 as Windows letters") and not phrase.isascii():
        return
    text = before + phrase + after
    expected = (len(before), len(before) + len(phrase))
    rows = [(len(before), len(before) + len(surface), surface)]
    assert placed(text, rows) == ([expected], 0)


# Offsets that were counted in a text written otherwise

COUNTS = {
    "entities read": (html.unescape, "TNF-&alpha; binds &lt;p53&gt;, &#946; p53"),
    "signs escaped": (lambda text: html.escape(text, quote=False), "a < b & c > d, p53 & p53"),
    "quotes escaped": (html.escape, 'the "p53" & "p53" of a < b'),
    "line ends joined": (lambda text: text.replace("\r\n", "\n"), "p53 x\r\n\r\np53 y\r\nMDM2 p53"),
    "line ends doubled": (lambda text: text.replace("\n", "\r\n"), "p53 x\n\np53 y\nMDM2 p53"),
    "spaces joined": (lambda text: re.sub(r"\s+", " ", text), "p53  x\n p53\t\tMDM2   p53 y"),
    "UTF-16": (lambda text: re.sub("[^\0-\uffff]", "..", text), "😀 p53 😀 p53"),
}  # fmt: skip


@quick
@given(st.sampled_from(sorted(COUNTS)), st.integers(1, 3), st.data())
def test_offsets_of_a_text_written_otherwise_are_shifted_where_every_surface_agrees(
    count, times, data
):
    rewrite, piece = COUNTS[count]
    text = " ; ".join([piece] * times) + "."
    words = [(m.start(), m.end()) for m in re.finditer(r"[A-Za-z]\w*\b(?!;)", text)]
    words = [one for one in words if not text[: one[0]].endswith("&")]
    chosen = data.draw(st.lists(st.sampled_from(words), min_size=1, unique=True).map(sorted))
    rows = [
        (len(rewrite(text[:start])), len(rewrite(text[:end])), text[start:end])
        for start, end in chosen
    ]
    stated = [(start, end) for start, end, _ in rows]
    read = {tuple(stated), *(mapped(stated, units) for _, units in units_of(text))}
    fitting = [one for one in read if [text[a:b] for a, b in one] == [word for *_, word in rows]]
    assume(len(fitting) == 1)  # few words may stand where several counts say
    assert placed(text, rows) == (chosen, 0)


@quick
@given(st.sampled_from(["ras", "in", "p53", "ent"]), st.integers(0, 9), st.booleans())
def test_a_surface_that_stands_only_inside_other_words_is_not_put_there(surface, start, is_long):
    text = "A contrast of patients" + " and others" * 9 * is_long + ", antip53s."
    whole = text.find(surface)
    if start < whole + len(surface) and start + len(surface) > whole:
        return
    assert placed(text, [(0, 1, "A"), (start, start + len(surface), surface)]) == ([(0, 1)], 1)


@pytest.mark.parametrize(
    "surface", ["breast and ovarian", "BREAST AND OVARIAN", "breast ovarian", "breast … ovarian"]
)
def test_the_words_between_two_parts_do_not_belie_them(surface: str) -> None:
    mark = {"fragments": [[0, 6], [11, 18]], "text": surface, "label": "Disease"}
    value = {"text": "breast and ovarian cancer", "entities": [mark]}
    (document,) = read_bytes(json.dumps(value).encode(), "a.json").documents
    assert [m.fragments for m in document.mentions] == [((0, 6), (11, 18))]


@quick
@given(st.sampled_from(["", " ", "\u00a0"]), st.sampled_from(["pubtator", "brat"]))
def test_an_empty_surface_says_nothing_of_a_place(surface, form):
    if form == "pubtator":
        data = f"1|t|p53 binds.\n1|a|\n1\t0\t3\t{surface}\tGene\t-\n".encode()
        result = read_bytes(data, "a.pubtator")
    else:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a.txt", "p53 binds.")
            archive.writestr("a.ann", f"T1\tGene 0 3\t{surface}\n")
        result = read_bytes(stream.getvalue(), "a.zip")
    assert [(m.start, m.end) for m in result.documents[0].mentions] == [(0, 3)]
