"""PubMed and PMC: articles as their publishers' XML has them, title, abstract and sections.

The text is that of the passages, whitespace evened out; a document's id is its PMID, or its PMC id.
Each passage keeps its type and the title of its section.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from bioner.formats.attributes import SOURCE_ID, Pairs
from bioner.formats.elements import Element, read_elements
from bioner.formats.passages import lay_out, to_attribute
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document

Part = tuple[str, str, str]
"""A passage: its type, the title of its section, its text."""
_BLOCKS = ("p", "title", "caption", "list", "disp-quote", "boxed-text", "label")
_NO_TEXT = frozenset(
    ("table", "ref-list", "disp-formula", "inline-formula", "tex-math", "alternatives", "media")
)
"""Elements of a PMC article whose characters are no running text."""


def read_pubmed(
    stream: BinaryIO, name: str, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield a document a PubMed article: its title and its abstract, section by section."""
    roots = ("PubmedArticleSet", "PubmedArticle", "MedlineCitationSet", "MedlineCitation")
    wanted = ("MedlineCitation", "PubmedBookArticle")
    for one in read_elements(stream, name, roots=roots, wanted=wanted):
        if one.tag == "PubmedBookArticle":
            tally.leave("book in PubMed", f"{name}:{one.line}")
            continue
        parts = [("title", "", _text(title)) for title in one.find_all("Article", "ArticleTitle")]
        for path in (("Article", "Abstract", "AbstractText"), ("OtherAbstract", "AbstractText")):
            for abstract in one.find_all(*path):
                parts.append(("abstract", abstract.attributes.get("Label", ""), _text(abstract)))
            if len(parts) > 1:
                break
        pmid = one.find("PMID")
        yield _document(parts, _text(pmid) if pmid else "", (), f"{name}:{one.line}", tally)


def read_pmc(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield a document a PMC article: title, abstract, and the body's paragraphs and captions."""
    roots = ("article", "pmc-articleset", "articles")
    for one in read_elements(stream, name, roots=roots, wanted=("article",)):
        meta = one.find("front", "article-meta") or Element("article-meta", {}, one.line)
        titles = meta.find_all("title-group", "article-title")
        parts = [("title", "", _text(title)) for title in titles]
        for abstract in meta.find_all("abstract"):
            parts += _section(abstract, "abstract", "")
        for body in one.find_all("body"):
            parts += _section(body, "paragraph", "")
        ids = {
            id.attributes.get("pub-id-type", ""): _text(id) for id in meta.find_all("article-id")
        }
        id = next((ids[key] for key in ("pmid", "pmcid", "pmc", "doi") if ids.get(key)), "")
        attributes = tuple((key, value) for key, value in ids.items() if key and value)
        yield _document(parts, id, attributes, f"{name}:{one.line}", tally)


def _section(element: Element, kind: str, title: str) -> Iterator[Part]:
    """Yield the paragraphs, titles and captions of a section and of those inside it."""
    for one in element.children:
        if one.tag == "title":
            title = _text(one)
            yield "section title", title, title
        elif one.tag == "p":
            yield kind, title, _text(one)
        elif one.tag == "caption":
            yield "caption", title, _text(one)
        elif one.tag not in _NO_TEXT:
            yield from _section(one, kind, title)


def _text(element: Element) -> str:
    return " ".join("".join(_running(element)).split())


def _running(element: Element) -> Iterator[str]:
    """Yield the characters that are read aloud; blocks inside are parted by a space."""
    for one in element.content:
        if isinstance(one, str):
            yield one
        elif one.tag not in _NO_TEXT:
            yield " " * (one.tag in _BLOCKS)
            yield from _running(one)
            yield " " * (one.tag in _BLOCKS)


def _document(parts: list[Part], id: str, attributes: Pairs, where: str, tally: Tally) -> Document:
    laid: list[tuple[str, int, Pairs]] = []
    offset = 0
    for kind, section, text in parts:
        if text:
            named = (("section", section),) if section else ()
            laid.append((text, offset, (("type", kind), *named)))
            offset += len(text) + 1
    text, passages = lay_out(laid)
    wanted = id or where.replace(":", "-")
    given = tally.document_id(wanted, where)
    told = (*attributes, *to_attribute(passages)) if passages else attributes
    if given != wanted:
        told = (*told, (SOURCE_ID, wanted))
    return Document(given, text, attributes=told)
