"""Tokens of raw text, and how the model reads a token that is not ASCII."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from bioner.spans import Range

_UNKNOWN = "?"
HYPHENS = "-\u2010\u2011\u00ad\u00ac"
"""What parts a word at a line's end; PDF readers give a soft hyphen as "\u00ac" too."""
LINE_BREAK = r"(?:\r{0,2}\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029])"
"""Where a line ends, whatever system or program ended it; a pattern."""
_BLANK = r"[^\S\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*+"
_PAGE_NUMBER = rf"(?:[Pp]age )?[-–—]? ?\d{{1,5}}(?:(?:/| of )\d{{1,5}})? ?[-–—]?{_BLANK}"
_PAGE_END = (
    rf"(?:{_BLANK}(?!\x0c){LINE_BREAK}[^\S\x0c]*+{_PAGE_NUMBER})?[^\S\x0c]*+"
    rf"\x0c\s*+(?:{_PAGE_NUMBER}{LINE_BREAK}\s*+)?"
)
LINE_END = rf"(?:{_PAGE_END}|{_BLANK}{LINE_BREAK}{_BLANK})"
"""Where a line ends and the next begins, or a page with what stands at its limit; a pattern.

pdftotext ends a page's last line, then the page: "\\n\\f", a page's number before or after it.
"""
LINE_END_HYPHEN = (
    rf"(?<=[^\W\d_]{{2}})[{HYPHENS}](?:{_PAGE_END}|{_BLANK}{LINE_BREAK}\s*+)(?=[^\W\d_A-Z]{{2}})"
    rf"(?!(?:and|or|to)\s++[^\W_]++[{HYPHENS}]\w)"
)
"""A hyphen at the end of a line, with the break: the word goes on after it ("Aspi-", "rin").

So it does on the next page and after blank lines, for no paragraph ends in a hyphen; but not where
another word shares what follows ("pre-", "and post-operative"). A pattern.
"""
_LINE_END_HYPHEN = re.compile(LINE_END_HYPHEN)
_BREAKS = re.compile(LINE_BREAK)
_ENTITY = re.compile(r"&(?:amp;){0,2}(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
"""What may be a character by its name in HTML ("&beta;"), escaped again or not ("&amp;beta;").

Read as that character, offsets as they are.
"""

# One class letter a character, so that plain regular expressions see Unicode: s space, a letter or
# digit, i ideograph, m mark that stays with its base, f invisible format character, j zero-width
# joiner, r regional indicator, e other beyond ASCII, p other ASCII.
_TOKEN = re.compile(
    r"a(?:[am]++|[fj]++(?=[am]))*+"
    r"|rm*+(?:rm*+)?+"
    r"|[ie]m*+(?:j[ie]m*+)*+"
    r"|pm*+"
    r"|m++"
)


@lru_cache(maxsize=65536)
def _class_of(char: str) -> str:
    code = ord(char)
    if char.isspace():
        return "s"
    if code == 0x200D:
        return "j"
    if 0x1F1E6 <= code <= 0x1F1FF:
        return "r"
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:
        return "m"
    category = unicodedata.category(char)
    if category[0] == "M":
        return "m"
    if category == "Cf":
        return "f"
    if is_ideograph(char):
        return "i"
    if char == "∆" or (char.isalnum() and _fold_char(char).isalnum()):
        return "a"
    return "p" if code < 128 else "e"


def is_ideograph(char: str) -> bool:
    """Tell whether a character is a word by itself, as in Chinese and Japanese."""
    code = ord(char)
    return (
        0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )


def _classes(text: str) -> str:
    classes = text.translate({ord(char): _class_of(char) for char in set(text)})
    if "&" not in text and not _BREAKS.search(text):
        return classes
    changed = list(classes)
    for found in _ENTITY.finditer(text):
        char = _named(found[0])
        if char and char != found[0]:
            first, length = _class_of(char[0]), len(found[0])
            rest = ("s" if first == "s" else "m") * (length - 1)
            changed[found.start() : found.end()] = first + rest
    for found in _LINE_END_HYPHEN.finditer(text):
        changed[found.start() : found.end()] = "m" * len(found[0])
    return "".join(changed)


def _named(text: str) -> str:
    """Return what a text stands for whose characters are written by their names."""
    before = ""
    while text != before:
        before, text = text, html.unescape(text)
    return text


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Range]:
    """Return the character ranges of the tokens in ``text[start:end]``, cut as in the corpora.

    A token is a run of letters and digits or one other character. Letters of any script count,
    except that an ideograph stands alone; combining marks stay with their base; joined emoji
    sequences, flags and invisible characters inside a word do not split it. Whitespace, and
    invisible format characters at a token's edge, belong to no token. Linear in the length.
    """
    piece = text[start:end]
    return [(start + m.start(), start + m.end()) for m in _TOKEN.finditer(_classes(piece))]


# Greek letters by name, as all ten corpora write them ("TNFalpha", "Deltahfq"); symbols as most do
# ("degrees", and CRAFT's "+/-", ">=", "(TM)").
_GREEK = {
    **{c: unicodedata.name(c).split()[-1].lower() for c in "αβγδεζηθικμνξοπρστυφχψως"},
    "λ": "lambda",
}


_SYMBOLS = {
    **_GREEK,
    **{letter.upper(): name.capitalize() for letter, name in _GREEK.items() if letter != "ς"},
    "∆": "Delta",
    **dict.fromkeys("‐‑‒–—―−﹘﹣－⁃¬", "-"),
    **dict.fromkeys("‘’‚‛′‵ʹʼʻˈ´`＇", "'"),
    **dict.fromkeys("“”„‟″‶«»ʺ＂", '"'),
    **dict.fromkeys("‹〈⟨", "<"),
    **dict.fromkeys("›〉⟩", ">"),
    **dict.fromkeys("·•∙⋅・‧●。", "."),
    **dict.fromkeys("†‡※★☆∗", "*"),
    **dict.fromkeys("∼≈≃≅∽", "~"),
    **dict.fromkeys("→⇒⟶➔➝⟹", "-->"),
    **dict.fromkeys("←⇐⟵", "<--"),
    **dict.fromkeys("↔⇔⇌⇄", "<-->"),
    **dict.fromkeys("⁄∕÷", "/"),
    **dict.fromkeys("€£¥¢", "$"),
    **dict.fromkeys("×✕✖", "x"),
    **dict.fromkeys("≤⩽≦", "<="),
    **dict.fromkeys("≥⩾≧", ">="),
    "±": "+/-",
    "∓": "-/+",
    "≠": "=",
    "≡": "=",
    "°": "degrees",
    "‰": "%",
    "™": "(TM)",
    "®": "(R)",
    "©": "(C)",
    "、": ",",
    "¿": "?",
    "¡": "!",
    "¦": "|",
    "§": "#",
    "¶": "#",
    "ø": "o",
    "Ø": "O",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "ł": "l",
    "Ł": "L",
    "ħ": "h",
    "ı": "i",
    "ß": "beta",
    "ẞ": "SS",
}


_MICRO = re.compile(
    r"(\d*)[µμ]("
    r"M|m|g|l|L|s|V|A|W|F|J|N|U|IU|Ci|Sv|Gy|Eq|kat|Osm|sec|mol(?:e|es|ar)?|gm?s?|grams?|met(?:er|re)s?|lit(?:er|re)s?"
    r")"
)


_SHARP_S = re.compile(r"(?<=[a-zà-ÿ])ß")


def as_word(token: str) -> str:
    """Return a token's characters as one word: no hyphen at a line's end, no name of a character.

    Never empty, and never with whitespace inside.
    """
    if len(token) > 4 and not token.isalnum():
        token = _LINE_END_HYPHEN.sub("", token)
    if "&" in token and ";" in token:
        token = "".join(_named(token).split())
    return token or _UNKNOWN


@lru_cache(maxsize=65536)
def fold(token: str) -> str:
    """Return the token in ASCII, for the model only; never empty, and never whitespace.

    Greek letters become their names, accents go, dashes, quotes, symbols and full-width forms take
    their ASCII look; "µM" is "microM" and "TGFß" is "TGFbeta". Letters of other scripts stay as
    they are; every other character without an ASCII look becomes "?".
    """
    token = as_word(token)
    if token.isascii() and token.isprintable():
        return token
    unit = _MICRO.fullmatch(token)
    if unit:
        return f"{unit[1]}micro{unit[2]}"
    folded = "".join(_fold_char(char) for char in _SHARP_S.sub("ss", token))
    return unicodedata.normalize("NFC", folded) or _UNKNOWN


@lru_cache(maxsize=65536)
def _fold_char(char: str) -> str:
    if char in _SYMBOLS:
        return _SYMBOLS[char]
    if _is_invisible(char):
        return ""
    folded = ""
    for part in unicodedata.normalize("NFKD", char):
        if part in _SYMBOLS:
            folded += _SYMBOLS[part]
        elif part.isascii():
            folded += part if part.isprintable() else _UNKNOWN
        elif part.isalnum() or unicodedata.category(part) == "Mc":
            folded += part
        elif not _is_invisible(part):
            folded += _UNKNOWN
    return "".join(folded.split()) or _UNKNOWN


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me", "Cf") or "\U0001f3fb" <= char <= "\U0001f3ff"
