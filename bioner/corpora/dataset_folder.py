"""The merged folder on disk: Parquet and CoNLL of each split, the schema, the manifest last."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.corpora.dataset import Dataset
from bioner.corpora.registry import SPLITS
from bioner.errors import CorpusError
from bioner.formats.conll import write_sentences
from bioner.labels import LabelSchema, schema_from_json, schema_to_json
from bioner.spans import Sentence, Span, spaced_offsets

if TYPE_CHECKING:
    import pyarrow as pa


FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``: its existence means that the merged folder is complete."""

    fingerprint: str
    mapping: str
    schema_fingerprint: str
    report: Mapping[str, Any]
    format: int = FORMAT


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write Parquet and CoNLL of each split, the schema, and ``manifest.json`` last.

    The folder is made beside its final place and moved there whole, so that a reader sees the old
    dataset or the new one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    work.chmod(0o755)
    try:
        import pyarrow.parquet as pq

        for split in SPLITS:
            sentences = dataset.split(split)
            pq.write_table(to_table(sentences), work / f"{split}.parquet", compression="zstd")
            with (work / f"{split}.conll").open("w", encoding="utf-8", newline="\n") as sink:
                write_sentences(sentences, sink)
        (work / "schema.json").write_text(
            json.dumps(schema_to_json(dataset.schema), indent=1), encoding="utf-8"
        )
        manifest = {
            "format": FORMAT,
            "fingerprint": dataset.fingerprint,
            "mapping": dataset.schema.mapping,
            "schema_fingerprint": dataset.schema.fingerprint,
            "report": dataset.report.to_json() if dataset.report else {},
        }
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        old = folder.with_name(f".{folder.name}-old-{os.getpid()}")
        if folder.exists():
            folder.replace(old)
        work.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def to_table(sentences: Sequence[Sentence]) -> pa.Table:
    """Return the sentences as an Arrow table, one row each; ``from_table`` reads it."""
    import pyarrow as pa

    columns = {
        "corpus": pa.array([s.corpus for s in sentences], pa.string()),
        "split": pa.array([s.split for s in sentences], pa.string()),
        "document": pa.array([s.document for s in sentences], pa.string()),
        "index": pa.array(range(len(sentences)), pa.int32()),
        "text": pa.array([s.text for s in sentences], pa.string()),
        "n_tokens": pa.array([len(s.tokens) for s in sentences], pa.int32()),
        "spans": _span_lists([s.spans for s in sentences]),
        "readings": _span_lists([s.readings for s in sentences]),
        "ignored": pa.array([s.ignored for s in sentences], pa.list_(pa.list_(pa.int32()))),
        "covers": pa.array([sorted(s.covers) for s in sentences], pa.list_(pa.string())),
        "sources": pa.array([s.sources for s in sentences], pa.list_(pa.string())),
    }
    return pa.table(columns)


def _span_lists(groups: Sequence[tuple[Span, ...]]) -> pa.ListArray:
    """Return the spans of each sentence as an Arrow list of structs, made column by column."""
    import pyarrow as pa

    flat = [span for group in groups for span in group]
    offsets = pa.array(accumulate(map(len, groups), initial=0), pa.int32())
    struct = pa.StructArray.from_arrays(
        [
            pa.array([s.start for s in flat], pa.int32()),
            pa.array([s.end for s in flat], pa.int32()),
            pa.array([s.label for s in flat], pa.string()),
            pa.array([s.source_label for s in flat], pa.string()),
            pa.array([s.stands_for for s in flat], pa.list_(pa.string())),
        ],
        names=["start", "end", "label", "source_label", "stands_for"],
    )
    return pa.ListArray.from_arrays(offsets, struct)


def from_table(table: pa.Table) -> tuple[Sentence, ...]:
    """Return the sentences of an Arrow table made by ``to_table``."""
    covers_seen: dict[tuple[str, ...], frozenset[str]] = {}

    def spans(rows: list[dict[str, Any]]) -> tuple[Span, ...]:
        return tuple(
            Span(r["start"], r["end"], r["label"], r["source_label"], tuple(r["stands_for"]))
            for r in rows
        )

    made: list[Sentence] = []
    for row in table.to_pylist():
        key = tuple(row["covers"])
        covers = covers_seen.setdefault(key, frozenset(key))
        tokens = tuple(row["text"].split(" "))
        made.append(
            Sentence(
                row["document"],
                tokens,
                spaced_offsets(tokens),
                spans(row["spans"]),
                covers,
                row["corpus"],
                row["split"],
                spans(row["readings"]),
                tuple((a, b) for a, b in row["ignored"]),
                tuple(row["sources"]),
            )
        )
    return tuple(made)


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.json``. Raises CorpusError where the folder is absent or incomplete."""
    path = folder / "manifest.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(
            raw["fingerprint"],
            raw["mapping"],
            raw["schema_fingerprint"],
            raw["report"],
            raw["format"],
        )
    except FileNotFoundError as error:
        raise CorpusError(
            f"{folder}: no merged dataset here; make one with "
            "`python -m bioner corpora build --source DIR`"
        ) from error
    except (ValueError, KeyError) as error:
        raise CorpusError(f"{path}: damaged ({error}); build the merged dataset again") from error


def read_dataset(folder: Path, splits: Iterable[str] = SPLITS) -> Dataset:
    """Read a merged folder, or some of its splits. Raises CorpusError where it is incomplete."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    manifest = read_manifest(folder)
    loaded: dict[str, tuple[Sentence, ...]] = {}
    for split in SPLITS:
        if split not in splits:
            loaded[split] = ()
            continue
        try:
            loaded[split] = from_table(pq.read_table(folder / f"{split}.parquet"))
        except (OSError, pa.ArrowInvalid) as error:
            raise CorpusError(
                f"{folder / split}.parquet: not readable ({error}); build the merged dataset again"
            ) from error
    return Dataset(
        loaded["train"],
        loaded["devel"],
        loaded["test"],
        read_dataset_schema(folder),
        manifest.fingerprint,
        None,
    )


def read_dataset_schema(folder: Path) -> LabelSchema:
    """Read the schema that a merged folder was made with."""
    path = folder / "schema.json"
    try:
        return schema_from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise CorpusError(f"{path}: missing; build the merged dataset again") from error
