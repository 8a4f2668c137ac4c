"""What lies in a folder beside its texts: files about them, lists, and texts that nobody marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from bioner.formats.attributes import COVERS, SAID_COVERS
from bioner.formats.detecting import HEAD
from bioner.formats.mark_places import MARKS
from bioner.formats.tally import Tally
from bioner.spans import Document
from bioner.text import split_document

BARE = ("txt", "pubmed", "pmc", "csv")
"""The formats of texts alone; a table may have marks in a column."""
_ABOUT = re.compile(
    r"(^|/)((readme|licen[cs]e|copying|changelog)[^/]*|[^/]*\.(conf|dtd|xsd|css|py|sh|log|stats_cache))$",
    re.IGNORECASE,
)
"""Names of files of a folder that are about its texts, and none of them."""
_UNSAID = re.compile(r"(^|/)(annotation|visual|tools|kb_shortcuts)\.conf$|\.done$")
"""What BRAT's editor is told, and what tagging in bulk leaves beside a part."""
_FRAME = re.compile(
    r"""^(?:[-*•"'\[\]{},]|\d{1,6}[\s.,:;)=]+|[BIESLUMW]-|\s)+|[\s,:;="'\[\]{}]+(?:\d{1,9}|#[0-9a-f]{3,8})?[\s,;"'\]}]*$""",
    re.IGNORECASE,
)
"""What a line of a list has around its entry: a number, a bullet, quotation marks, a tag's B-."""
_PARTS = re.compile(r"\t|\s*[:=,;|]\s*|\s+[-–—]\s+")
_SPECIAL = frozenset(("o", "[pad]", "[cls]", "[sep]", "[unk]", "<pad>", "<unk>", "x", "none"))
_SHORT, _WORDS = 60, 4


def is_unsaid(name: str) -> bool:
    """Tell whether a file is a tool's own, which nobody misses."""
    return bool(_UNSAID.search(name))


def is_about(name: str) -> bool:
    """Tell by its name whether a file is about the texts of its folder."""
    return bool(_ABOUT.search(name))


def leave_file(name: str, tally: Tally, why: str = "", *, is_mark: bool = True) -> None:
    """Name a file of a folder as left out."""
    tally.leave(f'file "{PurePosixPath(name).name}"', name, why, is_mark=is_mark)


def folded(labels: Iterable[str]) -> frozenset[str]:
    """Return labels as a list beside them is asked for them: in small letters."""
    return frozenset(map(str.casefold, labels))


def may_have_marks(head: bytes, format: str) -> bool:
    """Tell whether a table has a column for marks; the other formats here have no place for any."""
    first = head.decode("utf-8-sig", errors="ignore").partition("\n")[0].lower()
    return format == "csv" and bool(set(re.findall(r"\w+", first)) & set(MARKS))


def is_list_file(head: bytes, format: str, labels: frozenset[str], tally: Tally) -> bool:
    """Tell from its beginning whether a file beside marks is a list, of labels or of words."""
    text = head.decode("utf-8-sig", errors="ignore")
    if len(head) == HEAD:
        text = text.rpartition("\n")[0]
    if format == "csv" and re.search(r"[\t,;]", text.partition("\n")[0]):
        return False
    return format in ("txt", "csv") and is_list(text, lambda one: one in labels or tally.knows(one))


def is_list(text: str, is_known: Callable[[str], bool]) -> bool:
    """Tell whether a text beside files with marks is a list of labels, ids or words.

    ``is_known`` tells of a label (in small letters) or a document's id that is theirs. Half of a
    list's lines are known; or it has three or more, all short, none a sentence or a part of one.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return False
    known = sum(_is_entry(line, is_known) for line in lines)
    if known and 2 * known >= len(lines):
        return True
    words = [len(line.split()) for line in lines]
    is_short = max(words) <= _WORDS and max(map(len, lines)) <= _SHORT and len(lines) >= 3
    if not is_short or any(line.endswith((".", "!", "?")) for line in lines):
        return False
    return sum(words) < 2 * len(lines) or len(split_document(text).sentence_ranges) >= len(lines)


def _is_entry(line: str, is_known: Callable[[str], bool]) -> bool:
    """Tell whether a line is a known name, with its number, its colour or what it means."""
    bare = _FRAME.sub("", line)
    first, *meaning = _PARTS.split(bare, maxsplit=1)
    names = (line, bare, _FRAME.sub("", first))
    return (not meaning or len(line) <= 500) and any(
        one.casefold() in _SPECIAL or is_known(one.casefold()) or is_known(one) for one in names
    )


def unread(documents: Iterator[Document], name: str, tally: Tally) -> Iterator[Document]:
    """Yield texts beside files with marks as what nobody has looked for anything in.

    They have no marks because nobody marked them, not because there is nothing to mark.
    """
    for one in documents:
        if one.mentions or set(SAID_COVERS) & dict(one.attributes).keys():
            yield one
            continue
        tally.repair("text_without_marks_beside_marks", name, one.id)
        yield replace(one, attributes=(*one.attributes, (COVERS, "")))
