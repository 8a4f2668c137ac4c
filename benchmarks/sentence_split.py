"""Measure sentence splitting against the corpora's own boundaries.

    python -m benchmarks.sentence_split [--source DIR] [--run 10] [--mistakes N] [--pysbd]

Runs of consecutive devel sentences are written as text again, and the boundaries that the splitter
finds are compared with the corpora's. A boundary is known by the number of visible characters
before it. The text is written in three ways: ``spaced`` (tokens joined by spaces, sentences too),
``running`` (spacing as in print, sentences joined by a space) and ``lines`` (as running, but a
sentence without closing punctuation, a heading mostly, ends its line). The corpora's boundaries
were made by machines: NCBI-disease's split "2.11 times" in two, CRAFT's cut "Cluster Mm. 39099",
so 100 is out of reach.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bioner.text import split_document

CORPORA = ("AnatEM", "BC5CDR", "BioNLP13CG", "CRAFT", "NCBI-disease")
Splitter = Callable[[str], list[str]]


def read_sentences(path: Path) -> list[list[str]]:
    """Read the tokens of a two-column file."""
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    return [[line.split("\t")[0] for line in block.split("\n")] for block in blocks]


def as_printed(tokens: Iterable[str]) -> str:
    """Join tokens with the spacing of printed text, as far as that can be guessed."""
    text = " ".join(tokens)
    for pattern, replacement in (
        (r"(?<=\d) ([.,]) (?=\d)", r"\1"),
        (r" ([.,;:?!%)\]])", r"\1"),
        (r"([(\[]) ", r"\1"),
        (r" ([-/]) ", r"\1"),
        (r" ' s\b", "'s"),
        (r"\b([A-Z]) \. (?=[a-z])", r"\1. "),
        (r"\bi\. e\.", "i.e."),
        (r"\be\. g\.", "e.g."),
        (r"\+ ?/ ?-", "+/-"),
    ):
        text = re.sub(pattern, replacement, text)
    return text


def write_text(sentences: list[list[str]], form: str) -> str:
    """Write sentences as one text in one of the three forms."""
    if form == "spaced":
        return " ".join(" ".join(tokens) for tokens in sentences)
    parts = []
    for tokens in sentences:
        heading = form == "lines" and tokens[-1] not in (".", "?", "!", '"', ")", "]")
        parts.append(as_printed(tokens) + ("\n" if heading else " "))
    return "".join(parts)


def visible(text: str) -> int:
    """Count the characters that are not whitespace."""
    return len("".join(text.split()))


def ours(text: str) -> list[str]:
    return [text[start:end] for start, end in split_document(text).sentence_ranges]


def boundaries(pieces: Iterable[str]) -> set[int]:
    """Return where sentences after the first begin, in visible characters."""
    found, position = set(), 0
    for piece in pieces:
        if position:
            found.add(position)
        position += visible(piece)
    return found


def measure(
    sentences: list[list[str]], form: str, splitter: Splitter, run: int, mistakes: int
) -> dict[str, float]:
    """Return precision, recall and F1 of the boundaries inside runs of ``run`` sentences."""
    correct = predicted = gold = characters = 0
    begun = time.perf_counter()
    for i in range(0, len(sentences), run):
        chunk = sentences[i : i + run]
        text = write_text(chunk, form)
        characters += len(text)
        wanted = boundaries("".join(tokens) for tokens in chunk)
        found = boundaries(splitter(text))
        correct += len(wanted & found)
        predicted += len(found)
        gold += len(wanted)
        squeezed = "".join(text.split())
        for at in sorted(wanted ^ found)[: max(0, mistakes)]:
            kind = "missed  " if at in wanted else "spurious"
            print(f"    {kind} {squeezed[max(0, at - 40) : at]} || {squeezed[at : at + 30]}")
            mistakes -= 1
    precision, recall = correct / max(1, predicted), correct / max(1, gold)
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "boundaries": gold,
        "characters_per_s": characters / (time.perf_counter() - begun),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure sentence splitting.")
    parser.add_argument("--source", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--run", type=int, default=10, help="sentences to a text")
    parser.add_argument("--limit", type=int, default=0, help="sentences to a corpus (0: all)")
    parser.add_argument("--mistakes", type=int, default=0, help="mistakes to show for each row")
    parser.add_argument("--pysbd", action="store_true", help="compare with pysbd, if installed")
    parser.add_argument("--forms", default="spaced,running,lines")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    splitters: dict[str, Splitter] = {"bioner": ours}
    if options.pysbd:
        import pysbd

        splitters["pysbd"] = pysbd.Segmenter(language="en", clean=False).segment
    rows = []
    print(f"{'splitter':9} {'corpus':13} {'form':8} {'P':>6} {'R':>6} {'F1':>6} {'n':>6}  chars/s")
    for corpus in CORPORA:
        path = options.source / f"{corpus}-IOB" / "devel.tsv"
        sentences = read_sentences(path)[: options.limit or None]
        for form in options.forms.split(","):
            for name, splitter in splitters.items():
                row = measure(sentences, form, splitter, options.run, options.mistakes)
                rows.append({"splitter": name, "corpus": corpus, "form": form, **row})
                print(
                    f"{name:9} {corpus:13} {form:8} {100 * row['precision']:6.2f} "
                    f"{100 * row['recall']:6.2f} {100 * row['f1']:6.2f} {row['boundaries']:6.0f}  "
                    f"{row['characters_per_s']:,.0f}"
                )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
