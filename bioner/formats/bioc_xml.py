"""BioC in XML: read as a stream of documents, written element by element."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO, TextIO
from xml.sax.saxutils import escape, quoteattr

from bioner.formats.bioc import to_document
from bioner.formats.bioc_objects import Value, to_bioc
from bioner.formats.elements import Element, read_elements
from bioner.formats.lines import OddLines
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the documents one by one: whole texts, whatever tags and entities stand inside."""
    found = read_elements(stream, name, roots=("collection", "document"), wanted=("document",))
    odd = OddLines(tally)
    for element in found:
        where = f"{name}:{element.line}"
        yield from odd.documents_of(partial(_documents, element, where, tally, options), where)
    odd.refuse_many()


def _documents(
    element: Element, where: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    yield to_document(_from_xml(element), where, tally, options)


def _from_xml(element: Element) -> Value:
    """Return a BioC XML element as the object that BioC JSON has for it."""
    value: Value = {**element.attributes, "line": element.line, "infons": {}}
    infons: list[tuple[str, str]] = []
    text = ""
    children: dict[str, list[Value]] = defaultdict(list)
    for child in element.children:
        if child.tag == "infon":
            infons.append((child.attributes.get("key", ""), child.text))
        elif child.tag == "text":
            text += child.text
        elif child.tag in ("id", "offset"):
            value[child.tag] = child.text
        elif child.tag in ("location", "node"):
            children[child.tag].append(dict(child.attributes))
        else:
            children[child.tag].append(_from_xml(child))
    value |= {"infons": infons, "text": text}
    return value | {f"{tag}s": rows for tag, rows in children.items()}


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write BioC XML; characters that XML forbids go out as U+FFFD, counted."""
    stream.write(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE collection SYSTEM \"BioC.dtd\">\n"
    )
    stream.write("<collection><source>bioner</source><date></date><key></key>\n")
    for document in documents:
        writer = _Writer(losses)
        writer.document(to_bioc(document, losses))
        stream.write("".join(writer.parts) + "\n")
    stream.write("</collection>\n")


class _Writer:
    """Writes BioC's objects as XML, counting the characters that it cannot hold."""

    def __init__(self, losses: Losses) -> None:
        self.parts: list[str] = []
        self._losses = losses

    def document(self, value: Value) -> None:
        self.parts.append("<document>")
        self._element("id", value["id"])
        self._infons(value)
        for one in value["passages"]:
            self.parts.append("<passage>")
            self._infons(one)
            self._element("offset", str(one["offset"]))
            self._element("text", one["text"])
            for annotation in one["annotations"]:
                self._annotation(annotation)
            self.parts.append("</passage>")
        for one in value["relations"]:
            self._open("relation", {"id": one["id"]})
            self._infons(one)
            for node in one["nodes"]:
                self._open("node", node, is_empty=True)
            self.parts.append("</relation>")
        self.parts.append("</document>")

    def _annotation(self, value: Value) -> None:
        self._open("annotation", {"id": value["id"]})
        self._infons(value)
        for one in value["locations"]:
            self._open("location", one, is_empty=True)
        self._element("text", value["text"])
        self.parts.append("</annotation>")

    def _infons(self, value: Value) -> None:
        for key, text in value["infons"].items():
            self._open("infon", {"key": key})
            self.parts.append(self._escaped(text) + "</infon>")

    def _element(self, tag: str, text: str) -> None:
        self.parts.append(f"<{tag}>{self._escaped(text)}</{tag}>")

    def _open(self, tag: str, attributes: dict[str, Any], *, is_empty: bool = False) -> None:
        told = "".join(
            f" {key}={quoteattr(self._allowed(str(one)))}" for key, one in attributes.items()
        )
        self.parts.append(f"<{tag}{told}{'/' * is_empty}>")

    def _escaped(self, text: str) -> str:
        return escape(self._allowed(text), {"\r": "&#13;"})

    def _allowed(self, text: str) -> str:
        text, count = _FORBIDDEN.subn("\ufffd", text)
        self._losses.drop("forbidden_characters_replaced", count)
        return text
