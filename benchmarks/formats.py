"""What each format holds, found out by writing and reading back: the table in docs/formats.md.

    python -m benchmarks.formats [--write]

Every cell is a round trip of a document that has the thing: *kept*, *counted* (lost or changed, and
the writer's report says so). A loss that nobody counted would be *LOST*, and fails the test.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.written import write_part
from bioner.errors import FormatError
from bioner.formats import NAMES, SUFFIXES, WRITABLE, read_bytes, to_bytes
from bioner.formats.attributes import covers_at
from bioner.spans import Document, Mention, Relation

PAGE = Path(__file__).resolve().parent.parent / "docs" / "formats.md"
PART = "matrix"
TEXT = "TNF-α 😀 binds the p53 gene. MDM2 was lost."
P53, GENE, TNF, MDM2 = (18, 21), (18, 26), (0, 5), (28, 32)

Seen = Callable[[Document], object]


def _document(*mentions: Mention, text: str = TEXT, **more: object) -> Document:
    return Document("doc-1", text, mentions, **more)  # type: ignore[arg-type]


def _places(one: Document) -> object:
    return sorted((m.fragments, m.label) for m in one.mentions)


def _surfaces(one: Document) -> object:
    return sorted((one.surface(m), m.label) for m in one.mentions)


def _joined(one: Document) -> object:
    by_id = {m.id: (m.fragments, m.label) for m in one.mentions}
    return [(r.type, [by_id[t] for _, t in r.arguments]) for r in one.relations]


PROBES: dict[str, tuple[Document, Seen]] = {
    "the text": (_document(Mention((P53,), "Gene")), lambda one: one.text),
    "Unicode": (_document(Mention((TNF,), "Gene"), Mention((P53,), "Gene")), _surfaces),
    "nested": (_document(Mention((P53,), "Protein"), Mention((GENE,), "Gene")), _surfaces),
    "discontinuous": (_document(Mention((P53, MDM2), "Gene")), lambda one: [
        len(m.fragments) for m in one.mentions
    ]),
    "inside a word": (_document(Mention(((18, 19),), "Gene")), _surfaces),
    "relations": (
        _document(
            Mention((P53,), "Gene", id="T1"),
            Mention((MDM2,), "Gene", id="T2"),
            relations=(Relation("R1", "Binds", (("Arg1", "T1"), ("Arg2", "T2"))),),
        ),
        _joined,
    ),
    "mention ids": (_document(Mention((P53,), "Gene", id="T7")), lambda one: [
        m.id for m in one.mentions
    ]),
    "concept ids": (
        _document(Mention((P53,), "Gene", attributes=(("identifier", "7157"),))),
        lambda one: [m.attributes for m in one.mentions],
    ),
    "scores": (_document(Mention((P53,), "Gene", score=0.25)), lambda one: [
        m.score for m in one.mentions
    ]),
    "what was looked for": (
        _document(Mention((P53,), "Gene"), attributes=(("covers", "Gene,Protein"),)),
        lambda one: covers_at(one, 0),
    ),
    "sentence limits": (
        _document(Mention((P53,), "Gene"), sentence_ranges=((0, 27), (28, 42))),
        lambda one: one.sentence_ranges,
    ),
    "the id": (_document(Mention((P53,), "Gene")), lambda one: one.id),
}  # fmt: skip


TOKENS_ALONE = ("conll", "hf")
COUNTED = {
    "the text": {"text_between_tokens_dropped", "line_breaks_replaced"},
    "Unicode": set[str](),
    "nested": {"nested_dropped"},
    "discontinuous": {"discontinuous_joined"},
    "inside a word": {"boundaries_snapped"},
    "relations": {"relations_dropped"},
    "mention ids": {"mention_id_dropped", "mention_id_changed"},
    "concept ids": {"attributes_dropped"},
    "scores": {"score_dropped"},
    "what was looked for": {"attributes_dropped", "covers_dropped"},
    "sentence limits": {"sentences_dropped"},
    "the id": {"document_id_dropped", "id_changed"},
}
"""The names under which a writer counts the loss of each thing."""


def cell(format: str, probe: str) -> str:
    """Return what came of one thing in one format."""
    document, seen = PROBES[probe]
    data, report = to_bytes([document], format)
    if format == "csv":
        return "written" if _is_in_table(data.decode(), document, probe) else "not written"
    try:
        result = read_bytes(data, f"doc-1{SUFFIXES[format]}", format)
    except FormatError:
        return "counted" if COUNTED[probe] & report.lost.keys() else "LOST"
    found = result.documents
    if format in TOKENS_ALONE:
        is_kept = _is_in_tokens(found, document, probe)
    else:
        is_kept = len(found) == 1 and seen(found[0]) == seen(document)
    return "kept" if is_kept else "counted" if COUNTED[probe] & report.lost.keys() else "LOST"


def _is_in_tokens(found: Sequence[Document], document: Document, probe: str) -> bool:
    """Tell whether sentences that came back as documents hold the thing, blanks apart."""
    if probe == "sentence limits":
        return len(found) == len(document.sentence_ranges)
    if probe == "what was looked for":
        return {covers_at(one, 0) for one in found} == {covers_at(document, 0)}
    if probe in ("Unicode", "nested", "inside a word"):
        made = sorted((one.surface(m).replace(" ", ""), m.label) for one in found
                      for m in one.mentions)  # fmt: skip
        return made == sorted(
            (document.surface(m).replace(" ", ""), m.label) for m in document.mentions
        )
    return False


def _is_in_table(table: str, document: Document, probe: str) -> bool:
    """Tell whether a row of the table says the thing: it is for reading, and not read back."""
    rows = table.splitlines()[1:]
    told = {
        "Unicode": "TNF-α", "nested": "p53 gene", "inside a word": ",18,19,", "the id": "doc-1",
        "concept ids": "7157", "scores": "0.25", "sentence limits": "TNF-α 😀 binds the p53 gene.",
        "discontinuous": "p53 MDM2",
    }.get(probe)  # fmt: skip
    return (
        told is not None
        and any(told in row for row in rows)
        and len(rows) == len(document.mentions)
    )


def matrix() -> str:
    """Return the table as Markdown."""
    rows = [["format", *PROBES], ["---"] * (1 + len(PROBES))]
    for format in WRITABLE:
        cells = [cell(format, probe) for probe in PROBES]
        rows.append([f"{NAMES[format]} (`{format}`)", *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Print the table, or put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="Put the table into the page.")
    table = matrix()
    if not parser.parse_args().write:
        print(table)
        return
    write_part(PAGE, PART, table)


if __name__ == "__main__":
    main()
