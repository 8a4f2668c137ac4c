"""The lines of CoNLL: columns, comments, and the sentences between blank lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise

from bioner import bio
from bioner.errors import FormatError
from bioner.formats.lines import OddLines
from bioner.spans import Range

DOCUMENT_START = "-DOCSTART-"
_HEADERS = ("token", "tokens", "word", "words", "form", "text", "surface")
"""How the first line begins where it names the columns."""
_PHRASES = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "")
)
"""The labels of CoNLL-2000's column of phrases, which are no mentions."""
_NUMBER = re.compile(r"\d+([-.:]\d+)*|(?i:sentence|sent)[:_ ]*\d+")
"""What a column holds that numbers lines (WebAnno TSV 1 and 2), sentences or characters."""
DECIDING = 200
"""So many lines decide what the others must look like."""


COVERS_COMMENT = "# covers = "


@dataclass(frozen=True, slots=True)
class Block:
    """The lines between two blank lines: first line number, tokens and tags (not yet repaired).

    ``runs`` are the half-open ranges of the stretches without ``O``.
    """

    line: int
    tokens: list[str]
    tags: list[str]
    runs: list[Range]
    covers: frozenset[str] = frozenset()


@dataclass
class Layout:
    """What the lines of a file look like, found on its first token line, and what was skipped.

    ``odd`` says whether lines of another kind are allowed, and counts them; ``marked`` are those
    with a tag other than ``O``, ``unknown`` those whose tag is none, ``unknown_tag`` the first.
    """

    name: str
    odd: OddLines = field(default_factory=lambda: OddLines(None))
    separator: str = ""
    columns: int = 0
    token: int = 0
    """Which column holds the tokens: the first that does not number lines, sentences or texts."""
    document_starts: int = 0
    comments: int = 0
    covers: frozenset[str] = frozenset()
    marked: int = 0
    unknown: int = 0
    unknown_tag: str = ""

    def refuse_unknown(self) -> None:
        """Raise FormatError where as many of the file's marks have a tag that is none as one."""
        if self.unknown and self.unknown >= self.marked:
            raise FormatError(self.unknown_tag)


def two_column_blocks(text: str, layout: Layout) -> list[Block]:
    """Return the sentences of plain lines of a token, a tab and a tag, a sentence at a time.

    Nothing where one line is of another kind: ``read_blocks``, a line at a time and slower, reads
    those and says which line is wrong.
    """
    if DOCUMENT_START in text:
        return []
    shared: dict[str, str] = {}
    share = shared.setdefault
    blocks: list[Block] = []
    line = 1
    for part in text.split("\n\n"):
        body = part.strip("\n")
        if body:
            cells = body.replace("\n", "\t\n\t").split("\t")
            tokens, tags, ends = cells[::3], cells[1::3], cells[2::3]
            if len(cells) % 3 != 2 or ends.count("\n") != len(ends) or "" in tokens:
                return []
            first = line + len(part) - len(part.lstrip("\n"))
            if any(tag[-1:].isspace() for tag in set(tags)):
                return []
            tags = list(map(share, tags, tags))
            blocks.append(Block(first, list(map(share, tokens, tokens)), tags, _runs(tags)))
        line += part.count("\n") + 2
    layout.separator, layout.columns = "\t", 2
    return blocks


def read_blocks(lines: Iterable[str], layout: Layout) -> Iterator[Block]:
    """Yield the sentences of CoNLL lines (without their ends), filling in the layout.

    The first token line decides: tabs if it has one, else spaces; every other has as many columns,
    and a tag in the last. Where odd lines are allowed, most of the first lines decide, and the odd
    ones are counted: read where they have a token and a tag or a token alone, else left out.
    """
    if layout.odd.tally:
        lines = iter(lines)
        head = list(islice(lines, DECIDING))
        layout.separator, layout.columns = _most_common(head)
        layout.token = _token_column(head, layout)
        if layout.token:
            said = f"the tokens are in column {layout.token + 1}"
            layout.odd.tally.repair("column_of_numbers_before_tokens", f"{layout.name}:1", said)
        lines = _naming_other_tags(chain(head, lines), _other_tags(head, layout), layout)
    shared: dict[str, str] = {}
    share = shared.setdefault
    known: set[str] = set()
    tokens: list[str] = []
    tags: list[str] = []
    covers: frozenset[str] = frozenset()
    first = number = 0
    separator, columns, at = layout.separator, layout.columns, layout.token
    for number, line in enumerate(lines, 1):
        cells: list[str] | None = line.split(separator) if separator else []
        if not cells or len(cells) != columns or cells[at][:1] in ("", "#"):
            cells = _cells(line, number, layout)
        elif cells[0] == DOCUMENT_START:
            layout.document_starts += 1
            cells = []
        else:
            layout.odd.lines += 1
        if cells and layout.odd.tally and cells[-1] not in known:
            cells = _with_tag(cells, number, layout, known)
        separator, columns = layout.separator, layout.columns
        if cells:
            if not tokens:
                first = number
                covers, layout.covers = layout.covers, frozenset()
            token, tag = cells[at if len(cells) == columns else 0], cells[-1].strip()
            tokens.append(share(token, token))
            tags.append(share(tag, tag))
        elif tokens and cells is not None:
            runs = _runs(tags)
            layout.marked += sum(end - start for start, end in runs)
            yield Block(first, tokens, tags, runs, covers)
            tokens, tags = [], []
    if tokens:
        runs = _runs(tags)
        layout.marked += sum(end - start for start, end in runs)
        yield Block(first, tokens, tags, runs, covers)
    layout.odd.refuse_many()


def _most_common(lines: Sequence[str]) -> tuple[str, int]:
    """Return separator and number of columns of most lines that end in a tag; nothing without."""
    found: Counter[tuple[str, int]] = Counter()
    for line in lines:
        separator = "\t" if "\t" in line else " "
        cells = line.split("\t") if separator == "\t" else _words(line)
        if (
            len(cells) > 1
            and not line.startswith(("#", DOCUMENT_START))
            and is_tag(cells[-1].strip())
        ):
            found[separator, len(cells)] += 1
    return max(found, key=found.__getitem__, default=("", 0))


def _token_column(lines: Sequence[str], layout: Layout) -> int:
    """Return the first column that does more than number its lines or name their text again."""
    if layout.columns < 3:
        return 0
    rows = [_split(line, layout) for line in lines]
    rows = [row for row in rows if len(row) == layout.columns and is_tag(row[-1].strip())]
    for at in range(layout.columns - 1 if len(rows) > 1 else 0):
        cells = [row[at].strip() for row in rows]
        again = sum(one in ("", before) for before, one in pairwise(cells))
        if not (all(map(_NUMBER.fullmatch, cells)) or (len(cells) > 3 and 2 * again > len(cells))):
            return 0 if all(map(is_tag, cells)) else at
    return 0


def _other_tags(lines: Sequence[str], layout: Layout) -> list[int]:
    """Return the columns of tags before the last: another layer of marks, but no phrases."""
    rows = [_split(line, layout) for line in lines if not line.startswith(("#", DOCUMENT_START))]
    rows = [row for row in rows if len(row) == layout.columns]
    found = []
    for at in range(layout.token + 1, layout.columns - 1):
        tags = {row[at].strip() for row in rows}
        labels = {tag.partition("-")[2] for tag in tags if tag != bio.OUTSIDE}
        if bio.OUTSIDE in tags and all(map(is_tag, tags)) and labels - _PHRASES:
            found.append(at)
    return found


def _naming_other_tags(
    lines: Iterator[str], columns: Sequence[int], layout: Layout
) -> Iterator[str]:
    """Yield the lines, counting words with a mark in a column of tags that is not read."""
    for number, line in enumerate(lines, 1):
        yield line
        for at in columns:
            cells = _split(line, layout)
            if len(cells) == layout.columns and cells[at].strip() != bio.OUTSIDE:
                what = f"tag in column {at + 1}, beside the last"
                if layout.odd.tally:
                    layout.odd.tally.leave(what, f"{layout.name}:{number}", line[:60])


def _split(line: str, layout: Layout) -> list[str]:
    return line.split("\t") if layout.separator == "\t" else _words(line)


def _cells(line: str, number: int, layout: Layout) -> list[str] | None:
    """Return the columns of a line that is not plainly a token line.

    They are empty where a sentence ends, and None for a line that is left out.
    """
    if not line or line.isspace():
        return []
    if line.startswith(DOCUMENT_START):
        layout.document_starts += 1
        return []
    if line.startswith("#") and not _is_token(line, layout):
        layout.comments += 1
        if line.startswith(COVERS_COMMENT):
            layout.covers = frozenset(line.removeprefix(COVERS_COMMENT).strip().split(","))
        return []
    separator = layout.separator or ("\t" if "\t" in line else " ")
    cells = line.split("\t") if separator == "\t" else _words(line)
    layout.odd.lines += 1
    expected = layout.columns or max(len(cells), 2)
    if len(cells) == expected and cells[layout.token].strip():
        layout.separator, layout.columns = separator, expected
        return cells
    return _odd_cells(line, cells, number, layout)


def _odd_cells(line: str, cells: list[str], number: int, layout: Layout) -> list[str] | None:
    """Return token and tag of a line with another number of columns; None where it has no token."""
    where = f"{layout.name}:{number}"
    if len(cells) > 1 and not cells[0].strip():
        error = "the first column (the token) is empty"
    elif layout.columns:
        error = f"expected {layout.columns} columns, found {len(cells)}"
    else:
        error = (
            "expected 2 or more columns (a token and its tag, separated by a tab or spaces), "
            f"found {len(cells)}"
        )
    tally = layout.odd.allow(f"{where}: {error}")
    words = _words(line) if len(cells) == 1 else cells
    if len(words) > 1 and words[0].strip() and is_tag(words[-1].strip()):
        tally.repair("other_number_of_columns", where, line[:60])
        return [words[0], words[-1]]
    if len(words) == 1 and layout.columns:
        tally.repair("tag_missing", where, line[:60])
        return [words[0].strip(), bio.OUTSIDE]
    tally.leave("line that is no token", where, line[:60], is_mark=False)
    return None


def _with_tag(cells: list[str], number: int, layout: Layout, known: set[str]) -> list[str] | None:
    """Return a line's columns, with ``O`` for what is no tag; None for a header of the table."""
    tag = cells[-1].strip()
    if is_tag(tag):
        known.add(cells[-1])
        return cells
    where = f"{layout.name}:{number}"
    error = str(unknown_tag(layout.name, number, tag))
    tally = layout.odd.allow(error)
    token = cells[layout.token if len(cells) == layout.columns else 0]
    if layout.odd.lines == 1 and token.strip().lower() in _HEADERS:
        tally.leave("line that is no token", where, " ".join(cells)[:60], is_mark=False)
        return None
    layout.unknown += 1
    layout.unknown_tag = layout.unknown_tag or error
    tally.reject("tag_not_understood", where, f"{token} {tag}"[:60])
    return [token, bio.OUTSIDE]


def _words(line: str) -> list[str]:
    """Return the columns that spaces part; a no-break space parts none."""
    return [one for one in re.split(r"[ \t]+", line) if one.strip()]


def _is_token(line: str, layout: Layout) -> bool:
    """Tell whether a line that begins as a comment does is the token ``#`` and its columns."""
    if layout.separator == "\t" or (not layout.separator and "\t" in line):
        return "\t" in line
    words = _words(line)
    fits = len(words) == layout.columns if layout.columns else len(words) > 1
    return fits and (words[-1] == "O" or is_tag(words[-1]))


def unknown_tag(name: str, line: int, tag: str) -> FormatError:
    """Return the error of a last column that is not a tag."""
    mend = "; if this is a table, name its text column" if " " in tag else ""
    return FormatError(
        f"{name}:{line}: expected a tag in the last column (O, or B-, I-, E-, S- and a type), "
        f"got {tag!r:.60}{mend}"
    )


def is_tag(tag: str) -> bool:
    try:
        bio.split_tag(tag)
    except ValueError:
        return False
    return True


def _runs(tags: Sequence[str]) -> list[Range]:
    """Return the half-open ranges of the stretches without ``O``."""
    if tags.count("O") == len(tags):
        return []
    runs: list[Range] = []
    start = end = -1
    for i in [i for i, tag in enumerate(tags) if tag != "O"]:
        if i != end:
            if end >= 0:
                runs.append((start, end))
            start = i
        end = i + 1
    runs.append((start, end))
    return runs
