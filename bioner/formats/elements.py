"""XML as a stream of whole elements: every character of them, whatever tags stand inside.

The standard library's expat, fed by hand: no network, no files but the one given. Entities of the
document's own DTD and the named ones of HTML (``&beta;``) become what they stand for; entities that
lie elsewhere, or are built out of others (how an XML bomb is made), are refused.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO
from xml.parsers import expat

from bioner.errors import FormatError

MAX_DEPTH = 200
"""Elements in elements: more than any format of texts has."""
MAX_CHARACTERS = 64 * 1024 * 1024
"""Characters of one element: a document is never larger."""
_CHUNK = 16_384
_MAX_ENTITY = 1_000


@dataclass(slots=True)
class Element:
    """An element with its attributes, its line in the file, and texts and elements in order."""

    tag: str
    attributes: dict[str, str]
    line: int
    content: list[Element | str] = field(default_factory=list)

    @property
    def children(self) -> Iterator[Element]:
        """The elements directly inside."""
        return (one for one in self.content if isinstance(one, Element))

    def texts(self) -> Iterator[str]:
        """Yield the characters inside, those of inner elements too, in order."""
        for one in self.content:
            if isinstance(one, str):
                yield one
            else:
                yield from one.texts()

    @property
    def text(self) -> str:
        """All characters inside."""
        return "".join(self.texts())

    def find(self, *path: str) -> Element | None:
        """Return the first element along a path of tags."""
        return next(self.find_all(*path), None)

    def find_all(self, *path: str) -> Iterator[Element]:
        """Yield the elements along a path of tags."""
        if not path:
            yield self
            return
        for one in self.children:
            if one.tag == path[0]:
                yield from one.find_all(*path[1:])


def read_elements(
    stream: BinaryIO, name: str, *, roots: Collection[str], wanted: Collection[str]
) -> Iterator[Element]:
    """Yield the elements with a wanted tag, one by one; what stands outside them is not kept.

    Raises FormatError, with the line, for another root, what is no XML, and what is refused.
    """
    reader = _Reader(name, roots, wanted)
    while chunk := stream.read(_CHUNK):
        yield from reader.feed(chunk)
    yield from reader.feed(b"", is_last=True)


class _Reader:
    """What expat calls: builds the wanted elements and refuses what is unsafe."""

    def __init__(self, name: str, roots: Collection[str], wanted: Collection[str]) -> None:
        self.name, self._roots, self._wanted = name, roots, wanted
        self._open: list[Element] = []
        self._done: list[Element] = []
        self._depth = self._size = 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped
        parser.ExternalEntityRefHandler = self._external
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
        parser.UseForeignDTD(True)
        self._parser = parser

    def feed(self, data: bytes, *, is_last: bool = False) -> Iterator[Element]:
        try:
            self._parser.Parse(data, is_last)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise FormatError(
                f"{self.name}:{error.lineno}: not readable as XML: {reason}"
            ) from error
        except (ValueError, LookupError) as error:
            raise self._refused(f"not readable as XML: {error}") from error
        done, self._done = self._done, []
        yield from done

    def _refused(self, why: str) -> FormatError:
        return FormatError(f"{self.name}:{self._parser.CurrentLineNumber}: {why}")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        tag = tag.rpartition(":")[2]
        if self._depth == 1 and tag not in self._roots:
            expected = " or ".join(f"<{one}>" for one in sorted(self._roots))
            raise self._refused(f"expected {expected}, found <{tag:.60}>")
        if self._depth > MAX_DEPTH:
            raise self._refused(f"elements nested more than {MAX_DEPTH} deep")
        if self._open or tag in self._wanted:
            element = Element(tag, attributes, self._parser.CurrentLineNumber)
            if self._open:
                self._open[-1].content.append(element)
            self._open.append(element)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._done.append(element)
                self._size = 0

    def _characters(self, text: str) -> None:
        if self._open:
            self._size += len(text)
            if self._size > MAX_CHARACTERS:
                raise self._refused(f"one document of more than {MAX_CHARACTERS:,} characters")
            self._open[-1].content.append(text)

    def _entity(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        base: str | None,
        system: str | None,
        public: str | None,
        notation: str | None,
    ) -> None:
        """Refuse entities that are built out of others; those that lie elsewhere when used."""
        if value is None:
            return
        if is_parameter or len(value) > _MAX_ENTITY or re.search(r"[&%](?!#)", value):
            raise self._refused(
                f"the entity {name!r:.60} is built out of others or too long; "
                "write what it stands for into the text"
            )

    def _skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            raise self._refused(
                f"unknown entity &{name:.60};: write what it stands for into the text"
            )

    def _external(
        self, context: str | None, base: str | None, system: str | None, public: str | None
    ) -> int:
        """Give HTML's names in place of an external DTD; refuse an entity that lies elsewhere."""
        if context is not None:
            raise self._refused(
                f"an entity that lies elsewhere ({system!r:.60}); only what is in the file is read"
            )
        inner = self._parser.ExternalEntityParserCreate(context)
        inner.EntityDeclHandler = None
        inner.Parse(_html_entities(), True)
        return 1


@cache
def _html_entities() -> bytes:
    """Return a DTD of HTML's named characters, XML's own five apart."""
    rows = (
        f'<!ENTITY {name[:-1]} "{"".join(f"&#{ord(char)};" for char in text)}">'
        for name, text in html.entities.html5.items()
        if name.endswith(";") and name not in ("amp;", "lt;", "gt;", "quot;", "apos;")
        and not set(text) & set('<&%"')
    )  # fmt: skip
    return "\n".join(rows).encode("ascii")
