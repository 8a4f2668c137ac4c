"""A machine on which every name that others choose is hostile."""

from __future__ import annotations

import json

from page_support import make_model
from runs import make_run

from bioner.corpora.adding import add_corpus
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.own import OwnCorpus
from bioner.labels import read_schema
from bioner.settings import Settings
from bioner.spans import Document, mention
from bioner.store import Project, open_store

IMAGE = "![x](http://evil.example/a.png)"
HTML = "<img src=http://evil.example/b.png onerror=alert(1)>"
EVIL = f"{IMAGE} {HTML} $\\beta$ [y](http://evil.example/c)"
SHORT = "![x](a.png)"
"""A folder's name holds no slash."""


def make_hostile(settings: Settings, sample: Dataset) -> None:
    """Fill the folders: merged corpora, models, a run, an own corpus, a project with a text."""
    write_dataset(sample, settings.merged)
    for name in ("bioner-compact", SHORT):
        make_model(settings.models / name)
        card = settings.models / name / "card.json"
        raw = json.loads(card.read_text("utf-8"))
        raw |= {
            "name": EVIL,
            "base": EVIL,
            "stage": EVIL,
            "licence": EVIL,
            "parent": EVIL,
            "limits": [EVIL],
            "command": EVIL,
            "corpora": [EVIL],
            "mapping": EVIL,
        }
        card.write_text(json.dumps(raw), encoding="utf-8")
    make_run(settings, SHORT, "failed", problem=EVIL, mend=EVIL)
    schema = read_schema()
    own = OwnCorpus("evil", EVIL, ("Gene",), {name: name for name in schema.names})
    folder = add_corpus(settings, own, sample.train[:3], schema)
    described = json.loads((folder / "corpus.json").read_text("utf-8"))
    described |= {"title": EVIL, "licence": EVIL, "types": {EVIL: "Gene"}}
    (folder / "corpus.json").write_text(json.dumps(described), encoding="utf-8")
    store = open_store(settings)
    people = ((EVIL, "curator"),)
    guidelines = (("Gene", EVIL),)
    store.create_project(Project(EVIL, schema.names, frozenset(schema.names), guidelines, people))
    text = f"TNF-α {EVIL} primes keratinocytes."
    marks = (mention(0, 5, "Gene", status="predicted", score=0.9),)
    store.import_documents(EVIL, [Document(EVIL, text, marks)], model=EVIL, source=EVIL)
    store.close()
