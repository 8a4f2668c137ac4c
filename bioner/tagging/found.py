"""Finding marks in what was tagged in bulk: its parts are read one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bioner.errors import FormatError
from bioner.formats import ReadOptions, iter_documents
from bioner.formats.source import unreadable
from bioner.spans import Document, Mention
from bioner.tagging.shards import DONE, read_made
from bioner.text import split_document
from bioner.variants import name_key


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to look for: words of the sentence, a mention's surface in any spelling, its type."""

    words: str = ""
    surface: str = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A sentence that was found: its text, where it stands, its marks that are looked for."""

    document: str
    part: str
    sentence: str
    marks: tuple[Mention, ...]
    start: int
    """Where the sentence begins in its document, as the marks' places count."""

    def surface(self, one: Mention) -> str:
        """Return a mark's words."""
        return self.sentence[one.start - self.start : one.end - self.start]


def whole_parts(folder: Path) -> Iterator[Path]:
    """Yield the parts of a bulk tagging's output that are whole, in order.

    Raises FormatError for a folder that cannot be looked through.
    """
    try:
        signs = sorted(folder.rglob(f"*{DONE}"))
    except OSError as error:
        raise unreadable(folder, error) from error
    for sign in signs:
        part = sign.with_name(sign.name.removesuffix(DONE))
        if part.is_file():
            yield part


def made_by(place: Path) -> str:
    """Return the name of the model that made a part, or all parts of a folder; else nothing."""
    parts = [place] if place.is_file() else whole_parts(place)
    made = {made.model if made else "" for made in map(read_made, parts)}
    return made.pop() if len(made) == 1 else ""


def find_marks(folder: Path, wanted: Wanted) -> Iterator[Hit]:
    """Yield the sentences of an output folder in which what is wanted stands, as they come.

    Raises FormatError where nothing is there that was tagged in bulk.
    """
    part = None
    for part in whole_parts(folder):
        for document in iter_documents(part, options=ReadOptions(needs_marks=False)):
            yield from _of(document, part.relative_to(folder).as_posix(), wanted)
    if part is None:
        raise FormatError(f"{folder}: holds nothing that was tagged in bulk; `tag DIR --out DIR`")


def _of(document: Document, part: str, wanted: Wanted) -> Iterator[Hit]:
    words = wanted.words.casefold()
    if words and words not in document.text.casefold():
        return
    marks = [one for one in document.mentions if _is_wanted(document, one, wanted)]
    needs_marks = bool(wanted.surface or wanted.label)
    if needs_marks and not marks:
        return
    ranges = document.sentence_ranges or split_document(document.text).sentence_ranges
    starts = [start for start, _ in ranges]
    by_sentence: dict[int, list[Mention]] = {}
    for one in marks:
        by_sentence.setdefault(max(0, bisect_right(starts, one.start) - 1), []).append(one)
    for number, (start, end) in enumerate(ranges):
        found = tuple(by_sentence.get(number, ()))
        sentence = document.text[start : max((end, *(one.end for one in found)))]
        if words in sentence.casefold() and (found or not needs_marks):
            yield Hit(document=document.id, part=part, sentence=sentence, marks=found, start=start)


def _is_wanted(document: Document, one: Mention, wanted: Wanted) -> bool:
    if wanted.label and one.label != wanted.label:
        return False
    return not wanted.surface or name_key(document.surface(one)) == name_key(wanted.surface)
