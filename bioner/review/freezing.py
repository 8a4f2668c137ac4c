"""A project becomes a corpus: what was reviewed, frozen as a version of a corpus of one's own."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bioner.access import Actor
from bioner.corpora.adding import add_corpus, clean_label, corpus_id
from bioner.corpora.exports import with_split
from bioner.corpora.own import (
    DOCUMENTS,
    GUIDELINES,
    PROVENANCE,
    VERSIONS,
    OwnCorpus,
    read_user_schema,
)
from bioner.corpora.registry import SPLITS
from bioner.corpora.splits import split_of
from bioner.errors import CorpusError
from bioner.files import read_json_object, staged_folder
from bioner.formats import to_bytes
from bioner.labels import IGNORE
from bioner.settings import Settings
from bioner.spans import Sentence
from bioner.store import Project, Store


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A version of a corpus: where it lies, what is in each split, what of the project is not."""

    folder: Path
    version: str
    splits: Mapping[str, int]
    left_out: Mapping[str, int]
    fingerprint: str
    is_new: bool


def freeze(
    store: Store,
    settings: Settings,
    project: str,
    name: str,
    *,
    version: str = "",
    licence: str = "",
    actor: Actor | None = None,
) -> Frozen:
    """Keep what was reviewed in a project as a version of a corpus; the next build merges it.

    Each sentence keeps what was looked for in it; "my test" is the test split, the other documents
    are shared out between train and devel by a hash of their names. Every version is kept; the one
    frozen last is merged. The same state gives the same bytes: no time and no machine is written.
    Without a version it is the next number, or the last one where nothing has changed. Raises
    CorpusError where nothing is reviewed, the name is a corpus that was not frozen from this
    project, or the version holds something else.
    """
    id = corpus_id(name)
    version = version.strip()
    if version and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", version):
        raise CorpusError(f"{version!r}: a version is letters, digits, dots and dashes")
    found = store.project(project)
    sentences, left_out = _sentences(store, project)
    if not sentences:
        raise CorpusError(f"{project}: no sentence is reviewed yet; there is nothing to freeze")
    _check_owner(settings, id, project)
    documents = _documents(store, project, {one.document: one.split for one in sentences})
    content = _fingerprint(found, sentences, documents, licence)
    versions = _versions(settings, id)
    known = next((one for one, told in versions.items() if told == content), "")
    version = version or known or str(_last_number(versions) + 1)
    if versions.get(version, content) != content:
        raise CorpusError(
            f"{id}: there is a version {version} with other content already; name another version"
        )
    splits = Counter(one.split for one in sentences)
    counts = {split: splits[split] for split in SPLITS}
    provenance = {
        "project": project,
        "version": version,
        "licence": licence,
        "fingerprint": content,
        "types": list(found.types),
        "covers": sorted(found.covers),
        "reviewers": sorted(name for name, _ in found.reviewers),
        "documents": len({one.document for one in sentences}),
        "sentences": counts,
        "mentions": dict(
            sorted(Counter(span.label for one in sentences for span in one.spans).items())
        ),
        "left_out": dict(left_out),
    }
    beside = {
        PROVENANCE: _json(provenance),
        GUIDELINES: _guidelines(found, name),
        DOCUMENTS: documents.decode(),
    }
    schema = read_user_schema(settings)
    labels = {span.label for one in sentences for span in one.spans}
    covers = {label for one in sentences for label in one.covers} & set(schema.names)
    own = OwnCorpus(
        id,
        name.strip(),
        tuple(label for label in schema.names if label in covers),
        {label: label if label in schema.names else IGNORE for label in sorted(labels)},
        licence,
    )
    folder = add_corpus(
        settings, own, sentences, schema, replacing=True, beside=beside, actor=actor
    )
    _keep(folder, settings.own_corpora / VERSIONS / id / version)
    facts = {"corpus": id, "version": version, "sentences": counts}
    store.record("export", project=project, after=facts)
    return Frozen(
        folder=folder,
        version=version,
        splits=counts,
        left_out=left_out,
        fingerprint=content,
        is_new=version not in versions,
    )


def _sentences(store: Store, project: str) -> tuple[list[Sentence], Mapping[str, int]]:
    """Return the reviewed sentences, each in its split, and what is left out of them by reason."""
    evidence, test = store.evidence(project), store.my_test(project)
    found: list[Sentence] = []
    left: Counter[str] = Counter(undecided=evidence.undecided)
    tests = {one.document for one in test}
    for one in (*evidence.sentences, *test):
        if not one.covers:
            left["nothing_looked_for"] += 1
            continue
        split = "test" if one.document in tests else split_of(one.document)
        if split == "test" and one.document not in tests:
            split = "train"
        spans = tuple(replace(span, label=clean_label(span.label)) for span in one.spans)
        found.append(replace(one, split=split, spans=spans))
    flattening = evidence.flattening
    left["nested_dropped"] += flattening.nested_dropped
    left["outside_sentences"] += flattening.outside
    return found, +left


def _documents(store: Store, project: str, splits: Mapping[str, str]) -> bytes:
    """Return the documents whole, with every mention and relation, as JSON lines."""
    documents = store.export_documents(project, only_reviewed=True, with_covers=True)
    told = (with_split(one, splits.get(f"{project}/{one.id}", "")) for one in documents)
    return to_bytes(told, "jsonl")[0]


def _fingerprint(
    project: Project, sentences: Sequence[Sentence], documents: bytes, licence: str
) -> str:
    """Return what tells one state of a project from another."""
    told = hashlib.blake2b(documents, digest_size=16)
    for one in sentences:
        told.update(repr((one.id, one.split, one.tokens, one.spans, sorted(one.covers))).encode())
    rest = (project.types, sorted(project.covers), project.guidelines, project.reviewers, licence)
    told.update(repr(rest).encode())
    return told.hexdigest()


def _check_owner(settings: Settings, id: str, project: str) -> None:
    """Refuse a name under which something else lies than a frozen version of this project."""
    folder = settings.own_corpora / id
    if not folder.exists():
        return
    whose = (
        read_json_object(folder / PROVENANCE, CorpusError).get("project")
        if (folder / PROVENANCE).is_file()
        else None
    )
    if whose != project:
        raise CorpusError(
            f"{id}: there is another corpus of this name, not frozen from {project}; choose another"
        )


def _versions(settings: Settings, id: str) -> dict[str, str]:
    """Return each kept version with its fingerprint."""
    root = settings.own_corpora / VERSIONS / id
    if not root.is_dir():
        return {}
    return {
        one.name: str(read_json_object(one / PROVENANCE, CorpusError).get("fingerprint"))
        for one in sorted(root.iterdir())
        if not one.name.startswith(".") and (one / PROVENANCE).is_file()
    }


def _last_number(versions: Mapping[str, str]) -> int:
    return max((int(one) for one in versions if re.fullmatch(r"\d{1,9}", one)), default=0)


def _keep(folder: Path, target: Path) -> None:
    """Keep a version beside the others, whole."""
    with staged_folder(target) as work:
        for one in sorted(folder.iterdir()):
            (work / one.name).write_bytes(one.read_bytes())


def _guidelines(project: Project, title: str) -> str:
    lines = [f"# {title.strip()}: guidelines", ""]
    told = dict(project.guidelines)
    for label in project.types:
        covered = "" if label in project.covers else " (not looked for everywhere)"
        lines += [f"## {label}{covered}", "", told.get(label) or "Nothing was written down.", ""]
    return "\n".join(lines)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
