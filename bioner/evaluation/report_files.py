"""The files of a stored report: sentences and mistakes in Parquet, counts in NumPy's format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bioner.errors import CorpusError
from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.scores import Counts, Report
from bioner.spans import Alternative, Sentence, Span, corpus_sentence, with_spans

if TYPE_CHECKING:
    import pyarrow as pa


def write_counts(report: Report, path: Path) -> None:
    """Write the per-sentence counts of each corpus, compressed."""
    arrays = {
        f"c{i}": counts.astype(np.uint16)
        for i, (_, counts) in enumerate(report.type_counts.values())
    }
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_counts(
    path: Path, types: Mapping[str, Sequence[str]]
) -> dict[str, tuple[tuple[str, ...], Counts]]:
    """Read the per-sentence counts; ``types`` names each corpus's columns."""
    with np.load(path, allow_pickle=False) as arrays:
        return {
            corpus: (tuple(names), arrays[f"c{i}"].astype(np.int64))
            for i, (corpus, names) in enumerate(types.items())
        }


def write_json(path: Path, value: object) -> None:
    """Write JSON in Unicode."""
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read JSON. Raises CorpusError where it is absent or damaged."""
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: not readable ({error}); evaluate again") from error
    return loaded


def read_table(path: Path) -> pa.Table:
    """Read Parquet. Raises CorpusError where it is absent or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise CorpusError(f"{path}: not readable ({error}); evaluate again") from error


def _span_type() -> pa.DataType:
    import pyarrow as pa

    rival = pa.struct([("label", pa.string()), ("score", pa.float32())])
    return pa.struct(
        [
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("label", pa.string()),
            ("source_label", pa.string()),
            ("score", pa.float64()),
            ("alternatives", pa.list_(rival)),
        ]
    )


def _span_row(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {
        "start": span.start,
        "end": span.end,
        "label": span.label,
        "source_label": span.source_label,
        "score": span.score,
        "alternatives": [{"label": a.label, "score": a.score} for a in span.alternatives],
    }


def _span(row: dict[str, Any] | None, status: Literal["gold", "predicted"]) -> Span | None:
    if row is None:
        return None
    rivals = tuple(Alternative(a["label"], round(a["score"], 4)) for a in row["alternatives"])
    return Span(
        start=row["start"],
        end=row["end"],
        label=row["label"],
        source_label=row["source_label"],
        stands_for=(),
        status=status,
        score=row["score"],
        alternatives=rivals,
    )


def _spans(rows: Iterable[dict[str, Any]], status: Literal["gold", "predicted"]) -> list[Span]:
    return [span for row in rows if (span := _span(row, status))]


def sentences_to_table(gold: Sequence[Sentence], raw: Sequence[Sentence]) -> pa.Table:
    """Lay out gold sentences with their predictions, one row each; ``read_pair`` reads a row."""
    import pyarrow as pa

    spans = pa.list_(_span_type())
    ranges = pa.list_(pa.list_(pa.int32()))
    covers: dict[frozenset[str], list[str]] = {s.covers: sorted(s.covers) for s in gold}
    return pa.table(
        {
            "corpus": pa.array([s.corpus for s in gold], pa.string()),
            "document": pa.array([s.document for s in gold], pa.string()),
            "text": pa.array([s.text for s in gold], pa.string()),
            "offsets": pa.array([_own_offsets(s) for s in gold], ranges),
            "covers": pa.array([covers[s.covers] for s in gold], pa.list_(pa.string())),
            "ignored": pa.array([[list(r) for r in s.ignored] for s in gold], ranges),
            "gold": pa.array([[_span_row(x) for x in s.spans] for s in gold], spans),
            "predicted": pa.array([[_span_row(x) for x in s.spans] for s in raw], spans),
        }
    )


def _own_offsets(sentence: Sentence) -> list[list[int]] | None:
    """Return the offsets of a sentence of a longer text; None where tokens are joined by spaces."""
    position = 0
    for token, found in zip(sentence.tokens, sentence.offsets, strict=True):
        if found != (position, position + len(token)):
            return [list(r) for r in sentence.offsets]
        position += len(token) + 1
    return None


def read_pair(row: Mapping[str, Any], split: str) -> tuple[Sentence, Sentence]:
    """Return a row's gold sentence and the same sentence with its predictions."""
    base = corpus_sentence(row["document"], row["text"].split(" "))
    if row["offsets"] is not None:
        base = replace(base, offsets=tuple((a, b) for a, b in row["offsets"]))
    base = replace(
        base,
        covers=frozenset(row["covers"]),
        corpus=row["corpus"],
        split=split,
        ignored=tuple((a, b) for a, b in row["ignored"]),
    )
    gold = with_spans(base, _spans(row["gold"], "gold"))
    return gold, with_spans(base, _spans(row["predicted"], "predicted"))


def mistakes_to_table(mistakes: Sequence[Mistake]) -> pa.Table:
    """Lay out mistakes, one row each."""
    import pyarrow as pa

    return pa.table(
        {
            "kind": pa.array([m.kind for m in mistakes], pa.string()),
            "corpus": pa.array([m.corpus for m in mistakes], pa.string()),
            "sentence": pa.array([m.sentence for m in mistakes], pa.string()),
            "gold": pa.array([_span_row(m.gold) for m in mistakes], _span_type()),
            "predicted": pa.array([_span_row(m.predicted) for m in mistakes], _span_type()),
            "surface": pa.array([m.surface for m in mistakes], pa.string()),
            "predicted_surface": pa.array([m.predicted_surface for m in mistakes], pa.string()),
            "row": pa.array([m.row for m in mistakes], pa.int32()),
            "agreeing": pa.array([list(m.agreeing) for m in mistakes], pa.list_(pa.string())),
        }
    )


def mistakes_from_table(table: pa.Table) -> Iterable[Mistake]:
    """Yield the mistakes of a table."""
    for row in table.to_pylist():
        yield Mistake(
            kind=row["kind"],
            corpus=row["corpus"],
            sentence=row["sentence"],
            gold=_span(row["gold"], "gold"),
            predicted=_span(row["predicted"], "predicted"),
            surface=row["surface"],
            predicted_surface=row["predicted_surface"],
            row=row["row"],
            agreeing=tuple(row["agreeing"]),
        )
