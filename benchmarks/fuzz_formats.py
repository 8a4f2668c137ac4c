"""Feed every reader and writer damaged and odd inputs: only sentences for a person may come out.

python -m benchmarks.fuzz_formats [--seconds 300] [--format NAME …] [--seed N]
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import random
import time
import traceback
import zipfile
from collections import Counter
from functools import partial
from typing import Any

from bioner.errors import BionerError
from bioner.formats import READABLE, SUFFIXES, WRITABLE, read_bytes, to_bytes
from bioner.spans import Alternative, Document, Mention, Relation

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 10**18, 10**30, 0.5, "", "x", "😀", "\x00", "=1", [], {}, [[]], [0, 3],
    [0, 3, "Gene"], {"start": 0, "end": 10**18}, {"start": None, "end": "3"}, "O", ["O", 3],
)  # fmt: skip
SEED = (
    b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>p53"
    b"</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
)
PMC_SEED = (
    b"<article><front><article-meta><article-id pub-id-type='pmc'>PMC7</article-id><title-group>"
    b"<article-title>p53</article-title></title-group><abstract><p>Abs.</p></abstract>"
    b"</article-meta></front><body><sec><title>Results</title><p>H<sub>2</sub>O.</p></sec></body>"
    b"</article>"
)
PIECES = (
    b"", b"\t", b"\n", b'"', b"9" * 30, b"NaN", b"1e999", b"\\ud800", b"[" * 3000, b"<a>" * 300,
    b"&x;", b"&beta;", b"]]>", b"\x00", b"\xff", b"\x1f\x8b", b"T1", b"-1", b"|t|", b"\r", b";",
)  # fmt: skip
TEXTS = ("p53 binds TNF-α.", "", " ", "😀 p53\r\nMDM2\t|x|", "\x01 p53 \u2028 x", "e\u0301 漢字")


def documents(chance: random.Random) -> list[Document]:
    """Return a few odd documents: blank texts, nested marks, ids that repeat, odd keys."""
    found: list[Document] = []
    for number in range(chance.randint(0, 3)):
        text = chance.choice(TEXTS) * chance.randint(1, 3)
        mentions = tuple(
            _mention(chance, len(text)) for _ in range(chance.randint(0, 4) if text else 0)
        )
        arguments = tuple((chance.choice(("Arg1", "", "a b")), f"T{i}") for i in range(2))
        relations = (Relation(chance.choice(("R1", "", "x y")), "t u", arguments),)
        attributes = ((chance.choice(("passages", "covers", "k", "sentence_covers")), "[[1"),)
        found.append(Document(f"{chance.choice('ab')}/{number}", text, mentions, (), relations,
                              attributes))  # fmt: skip
    return found


def _mention(chance: random.Random, length: int) -> Mention:
    start = chance.randrange(length)
    end = chance.randint(start + 1, length)
    return Mention(
        ((start, end),),
        chance.choice(("Gene", "a b", "", "tab\there", "[x]|", "\ud800")),
        score=chance.choice((None, 0.5, float("nan"), float("inf"))),
        alternatives=(Alternative("x", float("nan")),) * chance.randint(0, 1),
        attributes=((chance.choice(("identifier", "score", "two words", "")), "a\nb"),),
        id=chance.choice(("", "T0", "T1", "T" + "9" * 30)),
    )


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with a node of their JSON replaced, or with a few bytes changed."""
    if chance.random() < 0.5:
        try:
            lines = data.decode().splitlines()
            at = chance.randrange(len(lines))
            lines[at] = json.dumps(_odd(json.loads(lines[at]), chance))
            return "\n".join(lines).encode()
        except (ValueError, IndexError):
            pass
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        changed[at : at + chance.randrange(8)] = chance.choice(PIECES)
    return bytes(changed)


def _odd(value: Any, chance: random.Random) -> Any:
    """Return the value with one node at random replaced by an odd one."""
    value = copy.deepcopy(value)
    node, path = value, 0
    while isinstance(node, dict | list) and node and path < 12:
        keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chance.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or chance.random() < 0.3:
            node[key] = copy.deepcopy(chance.choice(ODD))
            return value
        node, path = node[key], path + 1
    return copy.deepcopy(chance.choice(ODD))


def fuzz(format: str, seconds: float, seed: int) -> Counter[str]:
    """Try one format's writer and reader for so long; return the counts of what came out."""
    chance = random.Random(f"{format}{seed}")
    counts: Counter[str] = Counter()
    end = time.monotonic() + seconds
    seed = PMC_SEED if format == "pmc" else SEED
    data = to_bytes([Document("a", "p53 binds MDM2.")], format)[0] if format in WRITABLE else seed
    while time.monotonic() < end:
        if format in WRITABLE and chance.random() < 0.3:
            _try(counts, "written", partial(to_bytes, documents(chance), format))
        if format in WRITABLE:
            with contextlib.suppress(BionerError):
                data = to_bytes(documents(chance), format)[0] or data
        given = mutate(_annotations(data) if format == "brat" else data, chance)
        name = f"a{SUFFIXES.get(format, '.x')}"
        if format == "brat":
            given = _zipped(given)
        asked = None if chance.random() < 0.3 else format
        _try(counts, "read", partial(read_bytes, given, name, asked))
    return counts


def _annotations(data: bytes) -> bytes:
    """Return the annotations of the first document in a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(one) for one in archive.namelist() if one.endswith(".ann"))


def _zipped(annotations: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "p53 binds TNF-α.")
        archive.writestr("a.ann", annotations)
    return stream.getvalue()


def _try(counts: Counter[str], what: str, action: Any) -> None:
    try:
        action()
        counts[what] += 1
    except BionerError:
        counts[f"{what}: refused"] += 1
    except Exception as error:  # noqa: BLE001
        place = traceback.extract_tb(error.__traceback__)[-1]
        counts[f"{what}: RAW {type(error).__name__} {place.filename}:{place.lineno}"] += 1


def main() -> None:
    """Print the counts of every format; exit 1 where something raw came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--format", action="append")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    raw = 0
    for format in given.format or sorted({*READABLE, *WRITABLE}):
        counts = fuzz(format, given.seconds, given.seed)
        raw += sum(count for what, count in counts.items() if "RAW" in what)
        print(f"{format}: " + ", ".join(f"{what} {n:,}" for what, n in sorted(counts.items())))
    raise SystemExit(raw > 0)


if __name__ == "__main__":
    main()
