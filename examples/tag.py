"""Mark the names in a text: ``python -m examples.tag "Aspirin inhibits COX-1." [MODEL]``."""

from __future__ import annotations

import sys

from bioner import Ner


def main(text: str, model: str = "bioner-compact") -> None:
    """Print a line for each name: where it is, what it is, and how sure the model is."""
    document = Ner(model).entities(text)
    for mention in document.mentions:
        second = mention.alternatives[0].label if mention.alternatives else "-"
        print(
            f"{mention.start}-{mention.end}",
            document.surface(mention),
            mention.label,
            f"{mention.score or 0:.2f}",
            f"else {second}",
            sep="\t",
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
