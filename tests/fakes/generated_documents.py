"""Generated documents: what real ones hold, made from a seed, so that a failure comes again."""

from __future__ import annotations

import random
from dataclasses import replace

from bioner.spans import Alternative, Document, Mention, Relation

WORDS = (
    *("p53", "TNF-α", "IL-1β", "MDM2", "binds", "the", "gene", "in", "human", "β-catenin", "😀"),
    *("µM", "(HeLa)", "e\u0301", "2,3,7,8-TCDD", "NF-κB", "漢字", "|", "[x]", "\\n", "=1+1", "O"),
    *("aspi-\nrin", "receptor-\r\n  kinase"),
    *('"quoted"', "a_b", "<i>", "&beta;", "‐", "#", "*", "_"),
)
GAPS = (" ", " ", " ", " ", "  ", "\n", ", ", "; ", ". ", "-", ".\n\n", "\u00a0")
LABELS = ("Gene", "Protein", "Cellular_component", "Simple-chemical")


def document(seed: int) -> Document:
    """Return a document with nested, overlapping and discontinuous mentions and relations."""
    chance = random.Random(seed)
    text = ""
    words: list[tuple[int, int]] = []
    for _ in range(chance.randint(1, 30)):
        word = chance.choice(WORDS)
        words.append((len(text), len(text) + len(word)))
        text += word + chance.choice(GAPS)
    text = text.rstrip() if chance.random() < 0.8 else text
    mentions: list[Mention] = []
    for number in range(chance.randint(0, 5)):
        first = chance.randrange(len(words))
        last = min(first + chance.randint(0, 3), len(words) - 1)
        fragments = ((words[first][0], words[last][1]),)
        if last > first + 1 and chance.random() < 0.3:
            fragments = (words[first], words[last])
        mentions.append(
            Mention(
                fragments,
                chance.choice(LABELS),
                status=chance.choice(("gold", "gold", "predicted")),
                score=chance.choice((None, None, 0.25, 0.875)),
                alternatives=(Alternative("Cell", 0.125),) * (chance.random() < 0.1),
                attributes=(("identifier", chance.choice(("7157", "D003409"))),)
                * (chance.random() < 0.4),
                id=f"T{number + 1}",
            )
        )
    if chance.random() < 0.4:
        mentions = [replace(one, id="") for one in mentions]
    relations: tuple[Relation, ...] = ()
    if len(mentions) > 1 and mentions[0].id:
        relations = (Relation("R1", "Binds", (("Arg1", "T1"), ("Arg2", "T2"))),)
    covers = (("covers", "Gene,Protein"),) * (chance.random() < 0.2)
    return Document(f"doc-{seed}", text, tuple(mentions), (), relations, covers)
