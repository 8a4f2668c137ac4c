"""Feed every reader and writer damaged and odd inputs: only sentences for a person may come out.

python -m benchmarks.fuzz_formats [--seconds 300] [--processes 1] [--format NAME …] [--seed N]

Each reader and each writer is tried for so many seconds; a line of counts for each, then the total.
Exit 1 where anything but a BionerError came out; ``--keep FOLDER`` keeps the first input of each.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import csv
import io
import json
import multiprocessing
import random
import re
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bioner.errors import BionerError
from bioner.formats import READABLE, SUFFIXES, WRITABLE, read_bytes, to_bytes
from bioner.spans import Alternative, Document, Mention, Relation

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 10**18, 10**30, 0.5, "", "x", "😀", "\x00", "=1", [], {}, [[]], [0, 3],
    [0, 3, "Gene"], {"start": 0, "end": 10**18}, {"start": None, "end": "3"}, "O", ["O", 3],
)  # fmt: skip
_TEXT = "p53 binds MDM2 and TNF-α."
_MARKS = [{"start": 0, "end": 3, "label": "Gene"}, {"start": 10, "end": 14, "label": "Protein"}]
_CELL = json.dumps(_MARKS, ensure_ascii=False).replace('"', '""')
_RESULT = {"from_name": "label", "to_name": "text", "type": "labels"}


def _json(*values: Any) -> bytes:
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in values).encode()


def _parquet(*rows: dict[str, Any]) -> bytes:
    """Return rows as a Parquet file."""
    held = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), held)
    return held.getvalue()


SEEDS: dict[str, tuple[bytes, ...]] = {
    "parquet": (
        _parquet({"id": "1", "text": _TEXT, "entities": _MARKS}, {"id": "2", "text": _TEXT}),
        _parquet({"tokens": ["p53", "binds"], "ner_tags": ["B-Gene", "O"]}),
    ),
    "csv": (
        f"id,text\n1,{_TEXT}\n2,BRCA1 is a gene.\n".encode(),
        f'PMID;Abstract;label\n1;"{_TEXT}";"{_CELL}"\n2;"two\nlines";[]\n'.encode(),
        f'id\ttext\tentities\n1\t{_TEXT}\t"{_CELL}"\n'.encode(),
        b"p53 binds MDM2.\nBRCA1 is a gene.\nNothing.\n",
        b"id,start,end,surface,type,concept,score,sentence\na,0,3,p53,Gene,7157,0.9,p53 binds.\n",
    ),
    "jsonl": (
        _json({"text": _TEXT, "entities": _MARKS}, {"text": _TEXT, "entities": []}),
        _json({"text": _TEXT, "Entities": [{"BeginOffset": 0, "EndOffset": 3, "Type": "Gene"}]}),
        _json({"documents": [{"id": "a", "text": _TEXT, "annotations": {"Gene": [[0, 3]]}}]}),
        _json({"text": "ab  cd", "entities": [{"entity": "B-Gene", "start": 0, "end": 2}]}),
    ),
    "spacy": (
        _json([[_TEXT, {"entities": [[0, 3, "Gene"]]}], [_TEXT, {"entities": []}]]),
        _json({"text": _TEXT, "ents": _MARKS, "spans": {"sc": _MARKS}}),
    ),
    "doccano": (
        _json({"id": 1, "text": _TEXT, "label": [[0, 3, "Gene"]], "Comments": []}),
        _json({"text": _TEXT, "entities": [{"id": 1, "label": "Gene", "start_offset": 0,
               "end_offset": 3}], "relations": [{"id": 1, "from_id": 1, "to_id": 1, "type": "r"}]}),
    ),
    "prodigy": (
        _json({"text": _TEXT, "tokens": [{"text": "p53", "start": 0, "end": 3, "id": 0}],
               "spans": _MARKS, "answer": "accept"}, {"text": "x", "answer": "ignore"}),
    ),
    "labelstudio": (
        _json([{"id": 1, "data": {"text": _TEXT}, "annotations": [{"result": [
            {"value": {"start": 0, "end": 3, "labels": ["Gene"]}, "id": "a", **_RESULT},
            {"from_id": "a", "to_id": "a", "type": "relation", "direction": "right"}]}]}]),
        _json([{"id": 1, "text": _TEXT, "label": [{"start": 0, "end": 3, "labels": ["Gene"]}]}]),
    ),
    "hf": (
        _json({"id": "0", "tokens": ["p53", "binds"], "ner_tags": ["B-Gene", "O"]}),
        _json({"tokens": ["p53", "binds"], "ner_tags": [1, 0]}),
    ),
    "pubannotation": (
        _json({"target": "@a/docs/sourcedb/PubMed/1", "sourcedb": "PubMed", "sourceid": "1",
               "text": _TEXT, "denotations": [{"id": "T1", "span": {"begin": 0, "end": 3},
               "obj": "Gene"}], "relations": [{"pred": "r", "subj": "T1", "obj": "T1"}]}),
    ),
    "bioc-json": (
        _json({"source": "x", "documents": [{"id": "1", "passages": [{"offset": 0, "infons": {},
               "text": _TEXT, "annotations": [{"id": "1", "infons": {"type": "Gene"},
               "text": "p53", "locations": [{"offset": 0, "length": 3}]}]}], "relations": []}]}),
    ),
    "bioc-xml": (
        b"<!DOCTYPE collection SYSTEM 'BioC.dtd'><collection><document><id>1</id><passage><offset>"
        b"0</offset><text><i>p53</i> binds &amp; TNF-&alpha;.</text><annotation id='1'><infon "
        b"key='type'>Gene</infon><location offset='0' length='3'/><text>p53</text></annotation>"
        b"<relation id='R1'><infon key='type'>r</infon><node refid='1' role='x'/></relation>"
        b"</passage></document></collection>",
    ),
    "brat": (
        b"T1\tGene 0 3\tp53\nT2\tGene 4 9;10 14\tbinds MDM2\nE1\tBind:T2 Theme:T1\n"
        b"R1\tr Arg1:T1 Arg2:T2\n*\tEquiv T1 T2\nA1\tNegation E1\nN1\tReference T1 NCBI:1\tp\n"
        b"#1\tAnnotatorNotes T1\ta note\n",
    ),
    "pubtator": (
        f"1|t|{_TEXT}\n1|a|Abstract.\n1\t0\t3\tp53\tGene\t7157\n1\tBind\t7157\t4193\n".encode(),
    ),
    "conll": (
        b"-DOCSTART- -X- O O\n\np53 NN B-NP B-Gene\nbinds VB O O\n\n# text = x\n# NN O O\n",
        b"p53\tB-Gene\nprotein\tE-Gene\n\nx\tO\n",
    ),
    "conllu": (
        b"# sent_id = 1\n# text = p53 binds.\n1\tp53\tp53\tNOUN\tNN\t_\t0\troot\t_\tNER=B-Gene\n"
        b"2-3\tbinds.\t_\t_\t_\t_\t_\t_\t_\t_\n2\tbinds\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n",
    ),
    "webanno": (
        b"#FORMAT=WebAnno TSV 3.3\n#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|"
        b"identifier|value\n\n\n#Text=p53 binds MDM2.\n1-1\t0-3\tp53\t*\tGene[1]\t\n"
        b"1-2\t4-9\tbinds\t_\t_\t\n1-3\t10-14\tMDM2\t*|*\tGene[2]|Protein\t\n",
    ),
    "pubmed": (
        b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>"
        b"p53</ArticleTitle><Abstract><AbstractText Label='A'>H<sub>2</sub>O.</AbstractText>"
        b"</Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
    ),
    "pmc": (
        b"<article><front><article-meta><article-id pub-id-type='pmc'>PMC7</article-id>"
        b"<title-group><article-title>p53</article-title></title-group><abstract><p>Abs.</p></abstract>"
        b"</article-meta></front><body><sec><title>Results</title><p>H<sub>2</sub>O.</p></sec>"
        b"</body></article>",
    ),
    "txt": (f"{_TEXT}\n\nTNF-&alpha; &amp; wrap-\nped lines\nof a name\n".encode(),),
}  # fmt: skip
"""What each reader reads, spelled as its tools spell it; of CSV also our own table, refused."""
PIECES = (
    b"", b"\t", b"\n", b'"', b"9" * 30, b"NaN", b"1e999", b"\\ud800", b"[" * 3000, b"<a>" * 300,
    b"&x;", b"&beta;", b"]]>", b"\x00", b"\xff", b"\x1f\x8b", b"T1", b"-1", b"|t|", b"\r", b";",
    b",", b'""', b"0 3;4 9", b"&#xd800;", b"_", b"\xef\xbb\xbf", b"\xe2\x80\xa8",
)  # fmt: skip
NUMBERS = (b"0", b"1", b"-1", b"7", b"99", b"1.5", b"9" * 18, b"9" * 30, b"", "٣".encode())
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
    """Return the bytes with a node of their JSON, some words, lines or bytes changed."""
    how = chance.random()
    if how < 0.4:
        try:
            lines = data.decode().splitlines()
            at = chance.randrange(len(lines))
            lines[at] = json.dumps(_odd(json.loads(lines[at]), chance))
            return "\n".join(lines).encode()
        except (ValueError, IndexError):
            pass
    if how < 0.65:
        words = re.split(rb"(\w+)", data)
        for _ in range(chance.randint(1, 3)):
            other = chance.choice((chance.choice(words[1::2] or [b""]), chance.choice(NUMBERS)))
            words[min(2 * chance.randrange(len(words)) + 1, len(words) - 1)] = other
        return b"".join(words)
    if how < 0.8:
        rows = data.split(b"\n")
        at, to = chance.randrange(len(rows)), chance.randrange(len(rows))
        rows.insert(to, rows[at] if chance.random() < 0.5 else rows.pop(at))
        return b"\n".join(rows)
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


def table(chance: random.Random) -> bytes:
    """Return a table of texts, some with their marks as JSON, in one of the spellings of CSV."""
    stream = io.StringIO()
    delimiter, ends = chance.choice(",;\t"), chance.choice(("\n", "\r\n", "\r"))
    rows = csv.writer(
        stream,
        delimiter=delimiter,
        lineterminator=ends,
        quoting=csv.QUOTE_ALL if chance.random() < 0.3 else csv.QUOTE_MINIMAL,
    )
    columns = chance.choice((("text",), ("id", "text"), ("ID", "Abstract", "label"), ("a", "text")))
    if chance.random() < 0.8:
        rows.writerow(columns)
    for one in documents(chance) or [Document("a", _TEXT)]:
        marks = [{"start": m.start, "end": m.end, "label": "Gene"} for m in one.mentions]
        cells = {"label": json.dumps(marks), "id": one.id, "ID": one.id, "a": "x"}
        rows.writerow([cells.get(column, one.text) for column in columns])
    return stream.getvalue().encode()


@dataclass
class Outcome:
    """What came of one reader's or writer's inputs: counts, the slowest, what broke it first."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    kept: dict[str, bytes] = field(default_factory=dict)

    def run(self, action: Callable[[], Any], given: bytes) -> None:
        """Count what comes of an action; ``given`` is what to keep where it breaks."""
        begin = time.monotonic()
        try:
            action()
            what = "whole"
        except BionerError:
            what = "refused"
        except Exception as error:  # noqa: BLE001
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"RAW {type(error).__name__} {Path(place.filename).name}:{place.lineno}"
            self.kept.setdefault(what, given)
        self.counts[what] += 1
        self.slowest = max(self.slowest, time.monotonic() - begin)

    @property
    def raw(self) -> int:
        """How many inputs ended in something that is no sentence for a person."""
        return sum(count for what, count in self.counts.items() if what.startswith("RAW"))

    def told(self) -> str:
        """Return the counts in one line."""
        counts = ", ".join(f"{what} {count:,}" for what, count in sorted(self.counts.items()))
        return f"{counts}; slowest {self.slowest:.1f} s"


def fuzz(format: str, side: str, seconds: float, seed: int) -> Outcome:
    """Try one format's ``reader`` or ``writer`` for so long."""
    chance = random.Random(f"{format} {side} {seed}")
    outcome = Outcome()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if side == "writer":
            given = documents(chance)
            outcome.run(partial(to_bytes, given, format), ascii(given).encode())
            continue
        data = mutate(_begin(format, chance), chance)
        name = f"a{SUFFIXES.get(format, '.x')}"
        if format == "brat":
            data = _zipped(data)
        if format == "csv":
            name = chance.choice(("a.csv", "a.tsv"))
        asked = None if chance.random() < 0.3 else format
        needs_marks = chance.random() < 0.7
        outcome.run(partial(read_bytes, data, name, asked, needs_marks=needs_marks), data)
    return outcome


def _begin(format: str, chance: random.Random) -> bytes:
    """Return what a damage is done to: a seed, or what our own writer made of odd documents."""
    if format == "csv" and chance.random() < 0.5:
        return table(chance)
    if format in WRITABLE and chance.random() < 0.5:
        with contextlib.suppress(BionerError):
            data = to_bytes(documents(chance), format)[0]
            if data := _annotations(data) if format == "brat" else data:
                return data
    return chance.choice(SEEDS[format])


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


def sides(formats: Sequence[str]) -> list[tuple[str, str]]:
    """Return each format with its reader, its writer, or both."""
    held = {"reader": READABLE, "writer": WRITABLE}
    return [(one, side) for one in formats for side in held if one in held[side]]


def outcomes(
    tried: Sequence[tuple[str, str]], seconds: float, seed: int, processes: int
) -> Iterator[Outcome]:
    """Yield what came of each, in order, so many of them tried at a time."""
    if processes == 1:
        yield from (fuzz(*one, seconds, seed) for one in tried)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        begun = [pool.submit(fuzz, *one, seconds, seed) for one in tried]
        yield from (one.result() for one in begun)


def main() -> None:
    """Print the counts of every reader and writer; exit 1 where something raw came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--format", action="append", choices=sorted({*READABLE, *WRITABLE}))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    tried = sides(given.format or sorted({*READABLE, *WRITABLE}))
    total: Counter[str] = Counter()
    found = outcomes(tried, given.seconds, given.seed, max(given.processes, 1))
    for (format, side), outcome in zip(tried, found, strict=True):
        print(f"{format} {side}: {outcome.told()}", flush=True)
        total += Counter(inputs=outcome.counts.total(), raw=outcome.raw, **{side: 1})
        for number, (what, data) in enumerate(outcome.kept.items()):
            if given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                place = given.keep / f"{format}-{side}-{number}"
                place.write_bytes(data)
                print(f"  {what}: {place}", flush=True)
    print(
        f"total: {total['reader']} readers and {total['writer']} writers, "
        f"{total['inputs']:,} inputs, {total['raw']:,} raw errors"
    )
    raise SystemExit(total["raw"] > 0)


if __name__ == "__main__":
    main()
