"""Documents in and out of files: one module a format, chosen by name or by looking."""

from bioner.formats.detecting import detect_format
from bioner.formats.readers import READABLE, READERS
from bioner.formats.registry import (
    iter_documents,
    read_bytes,
    read_documents,
    read_files,
)
from bioner.formats.source import MAX_WHOLE_BYTES
from bioner.formats.tally import ReadOptions, ReadReport, ReadResult, Receipt, Tally, WriteReport
from bioner.formats.writing import (
    NAMES,
    SUFFIXES,
    WRITABLE,
    WRITERS,
    refuse_target,
    to_bytes,
    write_documents,
)

__all__ = [
    "MAX_WHOLE_BYTES",
    "NAMES",
    "READABLE",
    "READERS",
    "SUFFIXES",
    "WRITABLE",
    "WRITERS",
    "ReadOptions",
    "ReadReport",
    "ReadResult",
    "Receipt",
    "Tally",
    "WriteReport",
    "detect_format",
    "iter_documents",
    "read_bytes",
    "read_documents",
    "read_files",
    "refuse_target",
    "to_bytes",
    "write_documents",
]
