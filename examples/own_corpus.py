"""Add a corpus of your own and merge it with the others.

``python -m examples.own_corpus FILE TITLE SOURCE``: FILE in any format that the app reads, TITLE
what it shall be called, SOURCE the folder of the others (``data/sample`` or ``data/raw``).
"""

from __future__ import annotations

import sys
from pathlib import Path

from bioner.corpora.adding import add_corpus, corpus_id, preview_corpus, read_uploads
from bioner.corpora.build import build
from bioner.corpora.foreign_labels import suggest_types
from bioner.corpora.own import OwnCorpus, read_user_schema
from bioner.errors import BionerError
from bioner.settings import read_settings


def main(file: str, title: str, source: str) -> None:
    """Look at the file, suggest what its labels mean here, keep it, and build the merged data."""
    settings = read_settings()
    schema = read_user_schema(settings)
    preview = preview_corpus(read_uploads([Path(file)]))
    types = suggest_types(preview.labels, schema)
    for label, meaning in types.items():
        print(f"{label} → {meaning}")
    own = OwnCorpus(
        corpus_id(title),
        title,
        covers=tuple(name for name in schema.names if name in types.values()),
        types=types,
    )
    folder = add_corpus(settings, own, preview.sentences, schema)
    dataset = build(Path(source), settings.merged, settings)
    print(f"{len(preview.sentences)} sentences kept in {folder}")
    print(f"{len(dataset.train)} train sentences in {settings.merged}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BionerError as error:
        sys.exit(str(error))
