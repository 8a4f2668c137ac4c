"""Which format a file is in, told from its name and its beginning; the content outweighs the name.

JSON is only recognised as JSON here: its reader tells the forms apart value by value.
"""

from __future__ import annotations

import re
from pathlib import Path

from bioner.errors import FormatError
from bioner.formats import conll_lines, pubtator
from bioner.formats.members import is_archive
from bioner.formats.source import refuse_binary

HEAD = 65_536
_BY_SUFFIX = {
    ".conll": "conll", ".iob": "conll", ".iob2": "conll", ".bio": "conll", ".tsv": "conll",
    ".conllu": "conllu", ".csv": "csv", ".pubtator": "pubtator", ".xml": "bioc-xml",
    ".nxml": "pmc", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".txt": "txt",
    ".text": "txt", ".md": "txt", ".ann": "brat", ".a1": "brat", ".a2": "brat",
    ".parquet": "parquet",
}  # fmt: skip
_OFFICE = {
    ".pdf": ("PDF", "pdftotext, or copy the text out of a reader"),
    ".docx": ("Word", "“Save as”, plain text (UTF-8)"),
    ".doc": ("Word", "“Save as”, plain text (UTF-8)"),
    ".docm": ("Word", "“Save as”, plain text (UTF-8)"),
    ".odt": ("OpenDocument", "“Save as”, plain text (UTF-8)"),
    ".rtf": ("rich text", "“Save as”, plain text (UTF-8)"),
    ".xlsx": ("Excel", "“Save as”, CSV (UTF-8)"),
    ".xls": ("Excel", "“Save as”, CSV (UTF-8)"),
    ".xlsm": ("Excel", "“Save as”, CSV (UTF-8)"),
    ".ods": ("OpenDocument", "“Save as”, CSV (UTF-8)"),
    ".numbers": ("Numbers", "“Export to”, CSV (UTF-8)"),
    ".pages": ("Pages", "“Export to”, plain text"),
    ".pptx": ("PowerPoint", "its outline as plain text (UTF-8)"),
    ".ppt": ("PowerPoint", "its outline as plain text (UTF-8)"),
    ".odp": ("OpenDocument", "its outline as plain text (UTF-8)"),
    ".epub": ("an e-book", "a reader's “Save as”, plain text"),
    ".html": ("a web page", "the browser's “Save as”, text"),
    ".htm": ("a web page", "the browser's “Save as”, text"),
}
"""Files of other programs, and how a person gets a text out of them."""
_PARQUET = b"PAR1"
_ROOTS = {
    "collection": "bioc-xml", "PubmedArticleSet": "pubmed", "PubmedArticle": "pubmed",
    "pmc-articleset": "pmc", "article": "pmc",
}  # fmt: skip
_ROOT = re.compile(r"<([A-Za-z][\w-]*)")
_TAG = re.compile(r"O|[BIESLUMW](-\S+)?")
_CONLLU_LINE = re.compile(r"\d+([-.]\d+)?(\t[^\t\n]+){9}\r?")
_WEBANNO = "#FORMAT=WebAnno TSV"


def detect_format(name: str, head: bytes = b"") -> str:
    """Tell a file's format. Raises FormatError where neither name nor content says anything."""
    text = head.decode("utf-8-sig", errors="ignore")
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if is_archive(name):
        return "brat"
    if head.startswith(_PARQUET):
        return "parquet"
    refuse_office(name)
    by_name = _BY_SUFFIX.get(suffix, "")
    by_content = _by_content(text, suffix)
    if by_content and by_name not in ("csv", "brat", "pubtator"):
        return by_content
    if by_name:
        return by_name
    refuse_binary(head, name)
    raise FormatError(
        f"{name}: the format is not clear from the name and the content; give the file the ending "
        "of its format (.txt, .csv, .jsonl, .conll, .conllu, .xml, .pubtator, .ann beside .txt)"
    )


def refuse_office(name: str) -> None:
    """Raise FormatError, with the way out, for a file of an office program."""
    found = _OFFICE.get(Path(name.lower()).suffix)
    if found:
        raise FormatError(
            f"{name}: the format of {found[0]}; expected text: save it as text ({found[1]})"
        )


def _by_content(text: str, suffix: str) -> str:
    """Return the format that the content shows; nothing where it could be any text."""
    begin = text.lstrip()
    if begin[:1] in ("{", "[") or suffix in (".json", ".jsonl", ".ndjson"):
        return _detect_json(text) if begin[:1] in ("{", "[") else ""
    if begin.startswith(_WEBANNO):
        return "webanno"
    if begin.startswith("<"):
        return _ROOTS.get(_root(begin), "")
    if pubtator.PASSAGE_LINE.match(begin.partition("\n")[0]):
        return "pubtator"
    if _is_conllu(text):
        return "conllu"
    if _is_list_of_tags(text):
        return "txt"
    if _is_tagged(text):
        return "conll"
    return "csv" if suffix == ".tsv" and _is_table(text) else ""


def _root(text: str) -> str:
    """Return the first element's name: what stands after declarations and comments."""
    text = re.sub(r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(\[.*?\])?\s*>", "", text, flags=re.DOTALL)
    found = _ROOT.match(text.lstrip())
    return found[1] if found else ""


def _detect_json(text: str) -> str:
    if re.search(r'"(passages|PubTator3)"\s*:|^\s*\{\s*"source"', text):
        return "bioc-json"
    first = text.lstrip().partition("\n")[0]
    if re.match(r"\[\s*\[?\s*\"", text.lstrip()) or re.search(r'"(ents|spans)"\s*:', first):
        return "spacy"
    return "jsonl"


def _is_conllu(text: str) -> bool:
    lines = [line for line in text.split("\n")[:50] if line.strip() and not line.startswith("#")]
    return bool(lines) and all(_CONLLU_LINE.fullmatch(line) for line in lines[:10])


def _is_tagged(text: str) -> bool:
    """Tell whether the first lines are tokens with tags, but for a few odd ones."""
    lines = [line for line in text.split("\n")[:-1] or [text] if line.strip()][:50]
    rows = [
        re.split(r"[ \t]+", line.strip(" \t\r"))
        for line in lines
        if not line.startswith((conll_lines.DOCUMENT_START, "# "))
    ]
    tags = [row[-1] for row in rows if len(row) > 1 and _TAG.fullmatch(row[-1])]
    if any(len(row) < 2 for row in rows) and not ("O" in tags and any("-" in tag for tag in tags)):
        return False
    return len(tags) >= 0.9 * len(rows) > 0 or len(tags) == len(rows) - 1 > 1


def _is_list_of_tags(text: str) -> bool:
    """Tell whether the lines are tags that are numbered through: a list, and no text."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if len(rows) < 2 or not all(len(row) == 2 and _TAG.fullmatch(row[1]) for row in rows):
        return False
    return [row[0] for row in rows] in ([str(i + k) for i in range(len(rows))] for k in (0, 1))


def _is_table(text: str) -> bool:
    """Tell whether the first line is a header of a tab-separated table."""
    return bool({one.strip().lower() for one in text.partition("\n")[0].split("\t")} & {"text"})
