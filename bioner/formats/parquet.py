"""Parquet: a document a row, with the keys that a line of our JSON lines has.

Written by tagging in bulk. Read are these, and whatever other rows JSON lines would be read from:
Hugging Face's tokens and tags, say.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bioner.errors import FormatError
from bioner.files import staged_file
from bioner.formats.json_documents import read_each
from bioner.formats.jsonl import to_json
from bioner.formats.lines import OddLines
from bioner.formats.source import read_whole
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document

ROWS = 256
"""So many rows are held at once."""
MAX_GROUP_BYTES = 1024 * 1024 * 1024
"""What a group of rows may unpack to."""


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the documents of the rows, some rows at a time; what is no document is counted.

    A column that ``options`` names holds the text. Raises FormatError for damaged data, and where
    most rows are no documents.
    """
    odd = OddLines(tally)
    rows = _rows(stream, name, tally, options.column)
    yield from read_each(rows, name, tally, options, odd)


def write(documents: Iterable[Document], path: Path) -> None:
    """Write documents whole or not at all. Raises OSError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [to_json(one) for one in documents]
    with staged_file(path) as work:
        pq.write_table(pa.Table.from_pylist(rows, schema=_schema()), work, compression="zstd")


def _schema() -> Any:
    """Return the columns: all keys that a document has in our JSON lines."""
    import pyarrow as pa

    text, number, share = pa.string(), pa.int64(), pa.float64()
    pairs = pa.list_(pa.list_(text))
    ranges = pa.list_(pa.list_(number))
    alternative = pa.struct([("label", text), ("score", share)])
    entity = pa.struct(
        [
            *(("id", text), ("start", number), ("end", number), ("text", text), ("label", text)),
            *(("score", share), ("status", text), ("source_label", text), ("fragments", ranges)),
            *(("alternatives", pa.list_(alternative)), ("attributes", pairs)),
        ]
    )
    relation = pa.struct(
        [("id", text), ("type", text), ("arguments", pairs), ("attributes", pairs)]
    )
    return pa.schema(
        [
            *(("id", text), ("text", text), ("entities", pa.list_(entity))),
            *(("covers", pa.list_(text)), ("sentences", ranges)),
            *(("relations", pa.list_(relation)), ("attributes", pairs)),
        ]
    )


def _rows(
    stream: BinaryIO, name: str, tally: Tally, column: str | None
) -> Iterator[tuple[str, Any]]:
    """Yield each row's values with its ``file:row``, without those that it does not have."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(_seekable(stream, name))
        about = file.metadata
        for group in range(about.num_row_groups):
            if about.row_group(group).total_byte_size > MAX_GROUP_BYTES:
                raise FormatError(
                    f"{name}: refused: {MAX_GROUP_BYTES // 2**30} GB and more in one group of "
                    "rows; write it in smaller ones"
                )
        number = 0
        for batch in file.iter_batches(batch_size=ROWS):
            for row in batch.to_pylist():
                number += 1
                where = f"{name}:{number}"
                value = _plain(row, where, tally)
                if column and column in value:
                    value["text"] = value.pop(column)
                yield where, value
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if isinstance(error, FormatError):
            raise
        told = str(error).strip().splitlines()
        raise FormatError(
            f"{name}: damaged Parquet data: {told[0][:200] if told else 'it cannot be read'}; "
            "write it again"
        ) from error


def _seekable(stream: BinaryIO, name: str) -> BinaryIO:
    """Return the stream, or all its bytes where it cannot be read from its end."""
    try:
        stream.seek(0, io.SEEK_END)
        stream.seek(0)
    except (OSError, ValueError):
        return io.BytesIO(read_whole(stream, name))
    return stream


def _plain(value: Any, where: str, tally: Tally) -> Any:
    """Return a value as JSON has it; what is of a kind that JSON has not becomes words."""
    if isinstance(value, dict):
        made = {key: _plain(one, where, tally) for key, one in value.items()}
        return {key: one for key, one in made.items() if one is not None}
    if isinstance(value, list):
        return [_plain(one, where, tally) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        tally.repair("number_not_finite", where, str(value))
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)[:200]
