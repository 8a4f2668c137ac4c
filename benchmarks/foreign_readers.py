"""Let other people's readers read our exports: spaCy, the bioc library, Hugging Face datasets.

    python -m benchmarks.foreign_readers [--documents 200] [--venv DIR]

They get an environment of their own, made on the first run (DIR, else in the user's cache), so that
the app's packages stay as they are. Each export is read there, and what the reader found is
compared with what was written: texts, labels, offsets.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path

import platformdirs

from bioner.corpora.read import read_corpora
from bioner.formats import read_bytes, to_bytes
from bioner.formats.conll import to_document
from bioner.settings import read_settings
from bioner.spans import Document, Mention

PACKAGES = ("spacy==3.8.*", "bioc==2.1", "datasets")
READERS = {
    "spacy": '''
import json, spacy, sys
from spacy.tokens import Doc
nlp = spacy.blank("en")
for line in open(sys.argv[1], encoding="utf-8"):
    value = json.loads(line)
    doc = Doc(nlp.vocab).from_json(value)
    spans = [*doc.ents, *(doc.spans["sc"] if "sc" in doc.spans else ())]
    print(json.dumps([value["id"], doc.text,
                      sorted([s.start_char, s.end_char, s.label_] for s in spans)]))
print(f"spaCy {spacy.__version__}", file=sys.stderr)
''',
    "bioc-xml": '''
import json, sys
from importlib.metadata import version
from bioc import biocxml
for d in biocxml.load(open(sys.argv[1], "rb")).documents:
    marks = [[a.locations[0].offset, a.locations[-1].end, a.infons["type"]]
             for p in d.passages for a in p.annotations]
    print(json.dumps([d.id, "\\n".join(p.text for p in d.passages), sorted(marks)]))
print(f"bioc {version('bioc')}", file=sys.stderr)
''',
    "bioc-json": '''
import json, sys
from importlib.metadata import version
from bioc import biocjson
for d in biocjson.load(open(sys.argv[1], encoding="utf-8")).documents:
    marks = [[a.locations[0].offset, a.locations[-1].end, a.infons["type"]]
             for p in d.passages for a in p.annotations]
    print(json.dumps([d.id, "\\n".join(p.text for p in d.passages), sorted(marks)]))
print(f"bioc {version('bioc')}", file=sys.stderr)
''',
    "hf": '''
import json, sys, datasets
rows = datasets.load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
for one in rows:
    marks, at, text = [], 0, " ".join(one["tokens"])
    for token, tag in zip(one["tokens"], one["ner_tags"]):
        if tag.startswith("B-"):
            marks.append([at, at + len(token), tag[2:]])
        elif tag.startswith("I-"):
            marks[-1][1] = at + len(token)
        at += len(token) + 1
    print(json.dumps([one["id"], text, marks]))
print(f"datasets {datasets.__version__}", file=sys.stderr)
''',
}  # fmt: skip


def environment(folder: Path) -> Path:
    """Return the Python of the readers' own environment, made where it is not there yet."""
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES]
        subprocess.run(pip, check=True)
        (folder / "made").touch()
    return python


def exported(number: int) -> list[Document]:
    """Return documents of the sample, and odd ones: emoji, nested marks, line ends."""
    text = "TNF-α 😀 binds the p53 gene.\nMDM2 & <p21> e\u0301tat."
    marks = (
        Mention(((0, 5),), "Gene", attributes=(("identifier", "7124"),)),
        Mention(((18, 21),), "Gene"),
        Mention(((18, 26),), "Protein"),
        Mention(((28, 32),), "Gene"),
    )
    found = [Document("odd", text, marks)]
    for corpus in read_corpora(read_settings().sample):
        for split, sentences in corpus.splits.items():
            for one, sentence in enumerate(sentences):
                document = to_document(sentence)
                found.append(Document(f"{corpus.id}-{split}-{one}", document.text,
                                      document.mentions))  # fmt: skip
    return found[:number]


def written(documents: list[Document], format: str) -> list[tuple[str, list[list[object]]]]:
    """Return text and marks as the reader should find them, in the order of the documents.

    Hugging Face's records are sentences of flat marks: as our own reader finds them.
    """
    if format == "hf":
        documents = list(read_bytes(to_bytes(documents, "hf")[0], "a.jsonl", "hf").documents)
    return [
        (one.text, sorted([m.start, m.end, m.label] for m in one.mentions)) for one in documents
    ]


def read_by(python: Path, format: str, documents: list[Document]) -> Counter[str]:
    """Return how many documents, texts and marks the reader found as they were written."""
    with tempfile.TemporaryDirectory(prefix="bioner-readers-") as name:
        path = Path(name) / "export.jsonl"
        path.write_bytes(to_bytes(documents, format)[0])
        ran = subprocess.run(
            [python, "-c", READERS[format], path, Path(name) / "cache"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if ran.returncode:
        raise SystemExit(f"{format}: the reader failed:\n{ran.stderr[-2000:]}")
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    expected = written(documents, format)
    counts = Counter(documents=len(expected), read=len(found))
    for (_, text, marks), (wanted, spans) in zip(found, expected, strict=True):
        counts["texts equal"] += text == wanted
        counts["marks"] += len(marks)
        counts["marks equal"] += sum(one in spans for one in marks)
    print(f"{format}: {ran.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return counts


def main() -> None:
    """Print what each reader found; exit 1 where a text or a mark is another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--venv", type=Path)
    given = parser.parse_args()
    python = environment(given.venv or Path(platformdirs.user_cache_dir("bioner"), "readers"))
    documents = exported(given.documents)
    is_wrong = False
    for format in READERS:
        counts = read_by(python, format, documents)
        wanted = to_bytes(documents, format)[1].written
        is_wrong |= counts["texts equal"] < counts["documents"]
        is_wrong |= counts["marks"] != wanted or counts["marks equal"] != wanted
        told = ", ".join(f"{what} {count:,}" for what, count in counts.items())
        print(f"{format}: {told}; marks written {wanted:,}")
    raise SystemExit(is_wrong)


if __name__ == "__main__":
    main()
