"""The merged folder on disk: Parquet and CoNLL of each split, the schema, the manifest last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.corpora.dataset import Dataset, MergeReport
from bioner.corpora.registry import SPLITS
from bioner.errors import CorpusError, SchemaError
from bioner.files import read_json_object, staged_folder
from bioner.formats.conll_writer import write_sentences
from bioner.labels import LabelSchema, schema_from_json, schema_to_json
from bioner.spans import Sentence, SourceReading, Span, spaced_offsets

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


FORMAT = 1
BY_SOURCE = "by_source"
"""The column of what each source says of a fused sentence; folders of earlier versions lack it."""
REBUILD = "build the merged dataset again"


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``: its existence means that the merged folder is complete."""

    fingerprint: str
    mapping: str
    schema_fingerprint: str
    report: MergeReport
    format: int = FORMAT


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write Parquet and CoNLL of each split, the schema, and ``manifest.json`` last.

    A reader sees the old folder or the new one. Raises CorpusError where it cannot be written.
    """
    try:
        with staged_folder(folder) as work:
            _fill(dataset, work)
    except OSError as error:
        raise CorpusError(
            f"{folder}: cannot be written: {error.strerror or error}; choose another folder"
        ) from error


def _fill(dataset: Dataset, work: Path) -> None:
    import pyarrow.parquet as pq

    for split in SPLITS:
        sentences = dataset.split(split)
        pq.write_table(to_table(sentences), work / f"{split}.parquet", compression="zstd")
        with (work / f"{split}.conll").open("w", encoding="utf-8", newline="\n") as sink:
            write_sentences(sentences, sink)
    schema = json.dumps(schema_to_json(dataset.schema), indent=1)
    (work / "schema.json").write_text(schema, encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "fingerprint": dataset.fingerprint,
        "mapping": dataset.schema.mapping,
        "schema_fingerprint": dataset.schema.fingerprint,
        "report": dataset.report.to_json() if dataset.report else {},
    }
    (work / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


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
        BY_SOURCE: _reading_lists([s.by_source for s in sentences]),
    }
    return pa.table(columns)


def _reading_lists(groups: Sequence[tuple[SourceReading, ...]]) -> pa.ListArray:
    """Return what each source says of each sentence as an Arrow list of structs."""
    import pyarrow as pa

    flat = [reading for group in groups for reading in group]
    offsets = pa.array(accumulate(map(len, groups), initial=0), pa.int32())
    struct = pa.StructArray.from_arrays(
        [
            pa.array([r.corpus for r in flat], pa.string()),
            _span_lists([r.spans for r in flat]),
            pa.array([sorted(r.covers) for r in flat], pa.list_(pa.string())),
            _span_lists([r.readings for r in flat]),
            pa.array([r.ignored for r in flat], pa.list_(pa.list_(pa.int32()))),
        ],
        names=["corpus", "spans", "covers", "readings", "ignored"],
    )
    return pa.ListArray.from_arrays(offsets, struct)


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

    def covered(names: list[str]) -> frozenset[str]:
        key = tuple(names)
        return covers_seen.setdefault(key, frozenset(key))

    def readings(rows: list[dict[str, Any]]) -> tuple[SourceReading, ...]:
        return tuple(
            SourceReading(
                r["corpus"],
                spans(r["spans"]),
                covered(r["covers"]),
                spans(r["readings"]),
                tuple((a, b) for a, b in r["ignored"]),
            )
            for r in rows
        )

    made: list[Sentence] = []
    for row in table.to_pylist():
        tokens = tuple(row["text"].split(" "))
        made.append(
            Sentence(
                document=row["document"],
                tokens=tokens,
                offsets=spaced_offsets(tokens),
                spans=spans(row["spans"]),
                covers=covered(row["covers"]),
                corpus=row["corpus"],
                split=row["split"],
                readings=spans(row["readings"]),
                ignored=tuple((a, b) for a, b in row["ignored"]),
                sources=tuple(row["sources"]),
                by_source=readings(row.get(BY_SOURCE) or []),
            )
        )
    return tuple(made)


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.json``. Raises CorpusError where the folder is absent or incomplete."""
    path = folder / "manifest.json"
    raw = read_json_object(
        path,
        CorpusError,
        mend=REBUILD,
        missing=f"{folder}: no merged dataset here; make one with "
        "`python -m bioner corpora build --source DIR`",
    )
    for name in ("fingerprint", "mapping", "schema_fingerprint"):
        if not isinstance(raw.get(name), str):
            raise CorpusError(f"{path}: damaged: {name!r} is no text; {REBUILD}")
    if raw.get("format") != FORMAT:
        raise CorpusError(
            f"{path}: expected format {FORMAT}, got {str(raw.get('format'))[:40]}; {REBUILD}"
        )
    try:
        report = MergeReport.from_json(raw.get("report"))
    except CorpusError as error:
        raise CorpusError(f"{path}: damaged: {error}; {REBUILD}") from error
    return Manifest(raw["fingerprint"], raw["mapping"], raw["schema_fingerprint"], report)


def read_table(folder: Path, split: str) -> pa.Table:
    """Read one split of a merged folder as ``to_table`` made it.

    Raises CorpusError where the file is missing, cut, or not of this form.
    """
    with _opened(folder, split) as file:
        return file.read()


def count_rows(folder: Path, split: str) -> int:
    """Return how many sentences a split of a merged folder has. Raises as ``read_table``."""
    with _opened(folder, split) as file:
        return int(file.metadata.num_rows)


def read_batches(folder: Path, split: str, size: int = 4096) -> Iterator[pa.RecordBatch]:
    """Yield one split of a merged folder, so many sentences at a time. Raises as ``read_table``."""
    with _opened(folder, split) as file:
        yield from file.iter_batches(size)


@contextmanager
def _opened(folder: Path, split: str) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{split}.parquet"
    try:
        with pq.ParquetFile(path) as file:
            expected, found = to_table(()).schema.names, file.schema_arrow.names
            if found not in (expected, [name for name in expected if name != BY_SOURCE]):
                raise CorpusError(
                    f"{path}: expected the columns {', '.join(expected)}, "
                    f"got {', '.join(found)[:200]}; {REBUILD}"
                )
            yield file
    except (OSError, pa.ArrowException) as error:
        said = " ".join(str(error).split())[:200]
        raise CorpusError(f"{path}: not readable ({said}); {REBUILD}") from error


def keeps_readings(folder: Path) -> bool:
    """Return whether a merged folder keeps what each source says of a sentence that several share.

    Folders that were built before that was kept do not; without a train split none is missed.
    """
    import pyarrow.parquet as pq

    path = folder / "train.parquet"
    return not path.is_file() or BY_SOURCE in pq.read_schema(path).names


def read_dataset(folder: Path, splits: Iterable[str] = SPLITS) -> Dataset:
    """Read a merged folder, or some of its splits. Raises CorpusError where it is incomplete."""
    manifest = read_manifest(folder)
    wanted = set(splits)
    loaded = {
        split: from_table(read_table(folder, split)) if split in wanted else () for split in SPLITS
    }
    return Dataset(
        loaded["train"],
        loaded["devel"],
        loaded["test"],
        read_dataset_schema(folder),
        manifest.fingerprint,
    )


def read_dataset_schema(folder: Path) -> LabelSchema:
    """Read the schema that a merged folder was made with. Raises CorpusError for a damaged one."""
    path = folder / "schema.json"
    raw = read_json_object(path, CorpusError, mend=REBUILD)
    try:
        return schema_from_json(raw)
    except SchemaError as error:
        raise CorpusError(f"{path}: damaged ({error}); {REBUILD}") from error
