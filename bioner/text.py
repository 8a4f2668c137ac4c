"""Raw text to Documents and Sentences: paragraphs, sentences, tokens, exact character offsets."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from bioner.flattening import Flattening, flatten
from bioner.spans import Document, Mention, Range, Sentence
from bioner.tokens import HYPHENS, LINE_BREAK, LINE_END, LINE_END_HYPHEN, fold, tokenize

MAX_TOKENS = 1000
"""No sentence gets longer: text without a boundary is cut here, so that later work is bounded."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What stands before the full stop, or begins the next sentence, all lower-cased.
_NEVER_LAST = _words(
    """fig figs figure eq eqs eqn ref refs tab sect suppl supp vol vols ed eds chap ch e.g eg i.e ie
    cf c.f viz vs v.s ca approx resp dr drs prof mr mrs ms st mt jr et dept univ assoc incl excl
    esp aff gen nov comb syn var subsp ssp cv bv pv str strs fam ord cat nos"""
)
_NUMBER_FOLLOWS = _words("no nr p pp n art sec ser chr mol wt lot")
_SELDOM_LAST = _words(
    """al sp spp etc inc ltd co corp i.v i.p s.c i.m p.o b.i.d t.i.d q.d a.m p.m u.s u.k u.s.a ph.d
    m.d d.c s.d s.e s.e.m b.w r.p.m hr hrs sec secs wk wks yr yrs mo mos no op min max av avg temp
    conc"""
)
_OFTEN_FIRST = _words(
    """a additionally after all although an and another are as at based because before besides both
    but by compared consequently consistent conversely despite due during each either finally first
    for four from furthermore given he hence here how however if importantly in indeed interestingly
    it its many moreover most nevertheless no none nonetheless notably of on one only other our
    overall patients recent recently results several she significant similar similarly since six so
    some such surprisingly ten that the their then there therefore these they this those three thus
    to together treatment two under unlike until using we what when whereas whether which while with
    within yet you your"""
)
_ENDS_IN_LETTER = _words(
    """vitamin vitamins hepatitis degrees degree deg ° type types group groups class grade stage
    cyclosporin cyclosporine factor protein virus influenza immunoglobulin cytochrome subunit chain
    phase site panel box arm allele genotype region domain clade subtype serotype serogroup"""
)

_FUNCTION_WORDS = _words(
    """a an and are as at be been by for from had has have in is it its not of on or that the their
    these this to was we were when which with after against among before between but do does during
    into through under until via where who whose without"""
)

_TERMINATOR = re.compile(r"([.!?…‽]++|[。！？]++)([\"'”’»)\]}]*+)(\s*+)")
_CITED = re.compile(
    r"(\[[\d,;\s–-]{1,40}\]|\d{1,3}(?:[,–-]\d{1,3}){0,8}|[⁰¹²³⁴-⁹,–⁻]{1,20})(\s++)(?=[A-Z])"
)
_LAST_WORD = re.compile(r"(?:^|(?<=[\s(\[{\"'“‘/–—-]))([^\s(\[{\"'“‘/–—-]+)$")
_FIRST_WORD = re.compile(r"[\"'“‘(\[{«*]*([^\s\"'”’)\]},;:.]*)")
_HEADING = re.compile(r"[A-Z][A-Za-z ]{3,30}:")
_OPEN_HYPHEN = re.compile(rf"(?<=\w)[{HYPHENS}]$")
_LINE_BREAK = re.compile(
    rf"(?P<hyphen>(?=[{HYPHENS}])(?:{LINE_END_HYPHEN}|(?<=\w)[{HYPHENS}]{LINE_END}(?=[^\W_])))"
    rf"|(?:\r{{0,2}}\n)?\x0c|{LINE_BREAK}"
)
"""Where a line ends: after an open hyphen with all that stands at a page's limit."""
_STOPS = (".", "!", "?")
_LEFT, _RIGHT = 48, 48


def split_document(text: str, *, id: str = "text") -> Document:
    """Make a Document of raw text: the text untouched, its sentences found, nothing annotated.

    A sentence ends at a blank line, at a line break that is not the wrapping of a long line, and at
    closing punctuation that no abbreviation, initial, number or citation explains; never where a
    line or a page ends within a hyphenated word. Every token lies in exactly one sentence range;
    whitespace between sentences in none. Linear in the length of the text.
    """
    return Document(id, text, sentence_ranges=tuple(_sentence_ranges(text)))


def sentences(document: Document, covers: frozenset[str] = frozenset()) -> list[Sentence]:
    """Return the sentences of a document, tokens folded, offsets into the raw text, spans flat."""
    return sentences_and_report(document, covers)[0]


def sentences_and_report(
    document: Document, covers: frozenset[str] = frozenset()
) -> tuple[list[Sentence], Flattening]:
    """Return a document's sentences, and what the flattening of its mentions kept and dropped.

    Sentences that a mention crosses are joined: the person who marked it knows better than the
    splitter. A document without sentence ranges is split first.
    """
    ranges = document.sentence_ranges or tuple(_sentence_ranges(document.text))
    mentions = sorted(document.mentions, key=lambda one: (one.start, one.end))
    ranges = _join_crossed(ranges, mentions)
    ends = [end for _, end in ranges]
    of_range: dict[int, list[Mention]] = {}
    for one in mentions:
        of_range.setdefault(bisect_right(ends, one.start), []).append(one)
    found: list[Sentence] = []
    reports = [Flattening(outside=len(of_range.get(len(ranges), ())))]
    for i, (start, end) in enumerate(ranges):
        offsets = tokenize(document.text, start, end)
        if not offsets:
            reports.append(Flattening(outside=len(of_range.get(i, ()))))
            continue
        spans, report = flatten(document, offsets, of_range.get(i, ()))
        reports.append(report)
        tokens = tuple(fold(document.text[low:high]) for low, high in offsets)
        found.append(Sentence(document.id, tokens, tuple(offsets), spans, covers))
    return found, sum(reports, Flattening())


def _join_crossed(ranges: tuple[Range, ...], mentions: Sequence[Mention]) -> tuple[Range, ...]:
    starts, ends = [start for start, _ in ranges], [end for _, end in ranges]
    joined = [False] * len(ranges)
    for one in mentions:
        first, last = bisect_right(ends, one.start), bisect_left(starts, one.end) - 1
        if first < last and ends[last] - starts[first] <= 10 * MAX_TOKENS:
            joined[first + 1 : last + 1] = [True] * (last - first)
    merged: list[Range] = []
    for (start, end), with_previous in zip(ranges, joined, strict=True):
        if with_previous:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return tuple(merged)


def _sentence_ranges(text: str) -> Iterator[Range]:
    cuts = sorted(_cuts(text))
    tokens = tokenize(text)
    first = 0
    for cut in [*cuts, len(text)]:
        last = bisect_left(tokens, (cut, cut), lo=first)
        while last - first > MAX_TOKENS:
            middle = _best_cut(text, tokens, first)
            yield tokens[first][0], tokens[middle - 1][1]
            first = middle
        if last > first:
            yield tokens[first][0], tokens[last - 1][1]
        first = last


def _best_cut(text: str, tokens: list[Range], first: int) -> int:
    """Return the number of the token at which to cut a sentence that has grown too long."""
    limit = first + MAX_TOKENS
    spaces = [i for i in range(limit, first, -1) if tokens[i][0] > tokens[i - 1][1]]
    late = (i for i in spaces if i > first + MAX_TOKENS // 2)
    marked = (i for i in late if text[tokens[i - 1][0]] in ".;,:")
    return next(marked, spaces[0] if spaces else limit)


def _cuts(text: str) -> Iterator[int]:
    """Yield the positions at which a new sentence may begin."""
    for start, end in _paragraphs(text):
        yield start
        opened = -1
        for match in _TERMINATOR.finditer(text, start, end):
            cut = _cut_after(text, match, start, end)
            if cut and cut > opened:
                opened = cut
                yield cut


def _cut_after(text: str, match: re.Match[str], start: int, end: int) -> int:
    """Return where the next sentence begins after this terminator, or 0 if the sentence goes on."""
    position = match.end()
    if match[1][0] in "。！？":
        return position
    left = text[max(start, match.start() - _LEFT) : match.start()]
    if not match[3]:
        cited = _CITED.match(text, position, end)
        if not cited or not re.search(r"[a-z)\]]{3}$", left):
            return 0
        position = cited.end()
    right = text[position : min(end, position + _RIGHT)]
    if not right or not _may_begin(right, left, match):
        return 0
    if match[1] != ".":
        return position
    return position if _may_end(left, right, match, start) else 0


def _may_begin(right: str, left: str, match: re.Match[str]) -> bool:
    word = _first_word(right)
    if not word:
        return right[0] not in ",;:.)]}%=<>/+"
    if not word[0].islower():
        return True
    # A lower-cased beginning is a symbol ("p53", "mTOR", "c-Myc"), or the sentence goes on.
    symbol = any(c.isupper() or c.isdigit() for c in word) or re.match(r"[a-z]-[A-Z]", word)
    return bool(symbol) and bool(re.search(r"[a-z)\]]{3}\s*$", left)) and match[1] in ".?!"


def _first_word(right: str) -> str:
    found = _FIRST_WORD.match(right)
    return found[1] if found else ""


def _may_end(left: str, right: str, match: re.Match[str], start: int) -> bool:
    bare = left.rstrip()
    found = _LAST_WORD.search(bare)
    following = _first_word(right)
    number_follows = following[:1].isdigit()
    if not found:
        return True
    if bare[-1] in "<>=" or (number_follows and following[0] == "0" and len(following) > 1):
        return False
    low = found[1].lower().strip(".,;:")
    opens = following.lower() in _OFTEN_FIRST or bool(_HEADING.match(right))
    if low in _NEVER_LAST or (low in _NUMBER_FOLLOWS and number_follows):
        return False
    if low in _SELDOM_LAST:
        return opens
    if low[-1:].isdigit() and number_follows and bare != left:
        return False
    if low.isdigit() and match.start() - len(left) + found.start() <= start:
        return False
    if len(low) == 1 and low.isalpha():
        before = _LAST_WORD.search(bare[: found.start()].rstrip())
        word = before[1].lower() if before else ""
        return opens or word in _ENDS_IN_LETTER or (word[-1:].isdigit() and found[1] == low)
    return True


def _paragraphs(text: str) -> Iterator[Range]:
    """Yield the ranges that no sentence crosses: blocks of wrapped lines, or single lines."""
    lines: list[Range] = []
    position = 0
    for found in _LINE_BREAK.finditer(text):
        lines.append((position, found.start() + bool(found["hyphen"])))
        position = found.end()
    lines.append((position, len(text)))
    block: list[Range] = []
    for low, high in lines:
        if text[low:high].strip():
            block.append((low, high))
        elif block:
            yield from _unwrap(text, block)
            block = []
    if block:
        yield from _unwrap(text, block)


def _unwrap(text: str, lines: Sequence[Range]) -> Iterator[Range]:
    """Join the lines of one block that were wrapped to a width; the others stay apart.

    A line of running text that goes on in lower case, or whose beginning had no room on the one
    before, belongs to that one. So does, in any block, what goes on after a hyphen.
    """
    block = _Block(text, lines)
    start = lines[0][0]
    for i in range(1, len(lines)):
        if not block.goes_on(i):
            yield start, lines[i - 1][1]
            start = lines[i][0]
    yield start, lines[-1][1]


class _Block:
    """Lines without a blank one between them: running text, or a list."""

    def __init__(self, text: str, lines: Sequence[Range]) -> None:
        self._lines = [text[low:high].strip() for low, high in lines]
        self._firsts = [line[:60].split(maxsplit=1)[0] for line in self._lines]
        sizes = [len(text[low:high].rstrip()) for low, high in lines]
        several = [size for size, line in zip(sizes, self._lines, strict=True) if " " in line]
        width = max(several or sizes)
        """The longest line of several words: one long word is no measure."""
        self._sizes = sizes
        self._is_full = [
            size + 1 + len(word) > width
            for size, word in zip(sizes, self._firsts[1:], strict=False)
        ]
        is_ended, is_filled = self._lines[-1].endswith(_STOPS), self._is_filled()
        self._is_prose = self._has_many_function_words(is_filled=is_filled)
        is_column = width >= 40 or (self._is_prose and len(lines) > 2)
        self._is_wrapped = is_column and width <= 200 and (is_ended or is_filled)

    def goes_on(self, number: int) -> bool:
        """Tell whether a line goes on with what the one before it began."""
        before, word = self._lines[number - 1], self._firsts[number]
        is_open = not before.endswith((*_STOPS, ":", ";"))
        is_long = self._sizes[number - 1] >= 40
        return (
            (self._is_wrapped and self._is_full[number - 1])
            or (word[:1].islower() and (is_long or (self._is_prose and is_open)))
            or (bool(_OPEN_HYPHEN.search(before)) and word[:1].isalnum())
        )

    def _is_filled(self) -> bool:
        """Tell whether the lines were filled up to a width: most, the longest apart, which is.

        Some begin in lower case then, as no list of titles does.
        """
        longest = max(range(len(self._is_full)), key=self._sizes.__getitem__, default=0)
        others = [
            one
            for i, one in enumerate(self._is_full)
            if i != longest and (one or not self._lines[i].endswith(_STOPS))
        ]
        low = sum(word[:1].islower() for word in self._firsts[1:])
        return sum(others) > 0.6 * len(others) and 3 * low >= len(self._firsts) - 1

    def _has_many_function_words(self, *, is_filled: bool) -> bool:
        """Tell whether a block has the words that lists of names do without.

        In most of its lines; or, of a column of few words a line, among one word in eight; or any,
        where the lines were filled.
        """
        of_lines = [[word for word in line.split() if word != "A"] for line in self._lines]
        found = [sum(word.lower() in _FUNCTION_WORDS for word in words) for words in of_lines]
        is_often = is_filled or 8 * sum(found) >= sum(map(len, of_lines))
        is_some = any(found) and is_often and len(self._lines) > 2
        return 2 * sum(map(bool, found)) >= len(self._lines) or is_some
