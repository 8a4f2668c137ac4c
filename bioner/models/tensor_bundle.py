"""TensorBundle: reads TensorFlow's checkpoint files (``.index``, ``.data-*``) without TensorFlow.

The index is a LevelDB-format table from tensor name to BundleEntryProto; the data files hold the
tensors raw and little-endian. Specifications: LevelDB's ``doc/table_format.md``; TensorFlow's
``protobuf/tensor_bundle.proto``. Compressed blocks and sliced (partitioned) tensors, which no
published BERT has, are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import google_crc32c
import numpy as np
import numpy.typing as npt

from bioner.errors import ModelError

FOOTER_BYTES = 48
TABLE_MAGIC = 0xDB4775248B80FB57
BLOCK_TRAILER_BYTES = 5
DOWNLOAD_AGAIN = "copy or download the checkpoint again"
DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    7: "string",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    19: "float16",
}
"""The ``DataType`` numbers that a BERT checkpoint may hold; others are shown as their number."""


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where one tensor lies: data file number, first byte, length in bytes, masked crc32c."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0
    is_sliced: bool = False


@dataclass(frozen=True)
class TensorBundle:
    """An opened checkpoint: its entries, and the data files that hold them."""

    prefix: Path
    entries: Mapping[str, TensorEntry]
    shards: tuple[Path, ...]

    def read(self, name: str) -> npt.NDArray[np.float32]:
        """Read one float32 tensor and verify its crc32c.

        Raises ModelError, naming the tensor, if it is of another type, sliced or damaged.
        """
        entry = self.entries[name]
        where = f"{self.prefix}: tensor {name}"
        if entry.dtype != "float32":
            raise ModelError(f"{where} is {entry.dtype}; expected float32 weights")
        if entry.is_sliced:
            raise ModelError(
                f"{where} is saved in slices (partitioned variables); "
                "save the checkpoint again without a partitioner"
            )
        if entry.size != 4 * int(np.prod(entry.shape, dtype=np.int64)):
            raise ModelError(
                f"{where} has {entry.size} bytes, which does not fit its shape "
                f"{list(entry.shape)}; {DOWNLOAD_AGAIN}"
            )
        return np.frombuffer(self.read_bytes(name), dtype="<f4").reshape(entry.shape)

    def read_bytes(self, name: str) -> bytes:
        """Read one tensor's bytes; raise ModelError, naming it, if they do not match its crc32c."""
        entry = self.entries[name]
        with self.shards[entry.shard].open("rb") as file:
            file.seek(entry.offset)
            data = file.read(entry.size)
        if masked_crc32c(data) != entry.crc:
            raise ModelError(
                f"{self.prefix}: tensor {name} is damaged: its bytes do not match the crc32c that "
                f"was saved with it; {DOWNLOAD_AGAIN}"
            )
        return data


def open_bundle(prefix: Path) -> TensorBundle:
    """Open the checkpoint ``prefix`` (``.../model.ckpt-1000``), verifying every block of its index.

    Raises ModelError if a file is absent, cut short or damaged, or is not a TensorBundle.
    """
    index = prefix.with_name(f"{prefix.name}.index")
    try:
        data = index.read_bytes()
        records = dict(_read_table(data, index))
        shard_count = _read_header(records.pop(b"", b""), index)
        entries = {name.decode(): _read_entry(name.decode(), raw) for name, raw in records.items()}
    except FileNotFoundError as error:
        raise ModelError(f"{index}: no such file; expected a TensorFlow checkpoint") from error
    except (IndexError, UnicodeDecodeError, struct.error) as error:
        raise ModelError(f"{index}: not a TensorFlow checkpoint index; {DOWNLOAD_AGAIN}") from error
    shards = tuple(
        prefix.with_name(f"{prefix.name}.data-{number:05d}-of-{shard_count:05d}")
        for number in range(shard_count)
    )
    sizes: list[int] = []
    for shard in shards:
        if not shard.is_file():
            raise ModelError(f"{shard}: no such file, but {index.name} refers to it")
        sizes.append(shard.stat().st_size)
    for entry in entries.values():
        if entry.shard >= shard_count or entry.offset + entry.size > sizes[entry.shard]:
            raise ModelError(
                f"{prefix}: tensor {entry.name} lies outside its data file, which is cut short; "
                f"{DOWNLOAD_AGAIN}"
            )
    return TensorBundle(prefix, entries, shards)


def masked_crc32c(data: bytes) -> int:
    """Return LevelDB's masked crc32c (rotated and offset, so that a crc of crcs stays useful)."""
    crc = int(google_crc32c.value(data))
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _read_table(data: bytes, index: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the table's keys and values in order."""
    footer = data[-FOOTER_BYTES:]
    if len(footer) < FOOTER_BYTES or struct.unpack("<Q", footer[-8:])[0] != TABLE_MAGIC:
        raise ModelError(
            f"{index}: not a TensorFlow checkpoint index, or cut short; {DOWNLOAD_AGAIN}"
        )
    _, position = _varint(footer, 0)
    _, position = _varint(footer, position)
    for _, handle in _read_block(data, *_handle(footer, position), index):
        yield from _read_block(data, *_handle(handle, 0), index)


def _read_block(data: bytes, offset: int, size: int, index: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of one block, whose keys are stored without the prefix they share."""
    block = data[offset : offset + size + 1]
    trailer = data[offset + size : offset + size + BLOCK_TRAILER_BYTES]
    kind, crc = struct.unpack("<BI", trailer)
    if masked_crc32c(block) != crc:
        raise ModelError(
            f"{index}: the block at byte {offset} is damaged (crc32c); {DOWNLOAD_AGAIN}"
        )
    if kind != 0:
        raise ModelError(
            f"{index}: the block at byte {offset} is compressed; expected an uncompressed index, "
            "as TensorFlow's Saver writes it"
        )
    (restarts,) = struct.unpack_from("<I", block, size - 4)
    end = size - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        unshared, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        yield key, block[position : position + length]
        position += length


def _handle(data: bytes, position: int) -> tuple[int, int]:
    offset, position = _varint(data, position)
    size, _ = _varint(data, position)
    return offset, size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Read a base-128 number; return it and the position after it."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the field numbers and values of a protocol buffer message."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield number, value
        elif kind == 2:
            length, position = _varint(data, position)
            yield number, data[position : position + length]
            position += length
        elif kind == 5:
            yield number, struct.unpack_from("<I", data, position)[0]
            position += 4
        else:
            yield number, struct.unpack_from("<Q", data, position)[0]
            position += 8


def _numbers(data: bytes) -> dict[int, int]:
    return {number: value for number, value in _read_fields(data) if isinstance(value, int)}


def _read_header(raw: bytes, index: Path) -> int:
    """Return the number of data files (``BundleHeaderProto.num_shards``)."""
    fields = _numbers(raw)
    if fields.get(2, 0) != 0:
        raise ModelError(
            f"{index}: a big-endian checkpoint; save it again on a little-endian machine"
        )
    return fields.get(1, 1)


def _read_entry(name: str, raw: bytes) -> TensorEntry:
    fields = _numbers(raw)
    shape: tuple[int, ...] = ()
    is_sliced = False
    for number, value in _read_fields(raw):
        if number == 2 and isinstance(value, bytes):
            shape = tuple(
                _numbers(dimension).get(1, 0)
                for kind, dimension in _read_fields(value)
                if kind == 2 and isinstance(dimension, bytes)
            )
        is_sliced |= number == 7
    dtype = fields.get(1, 0)
    return TensorEntry(
        name=name,
        dtype=DTYPES.get(dtype, f"TensorFlow type {dtype}"),
        shape=shape,
        shard=fields.get(3, 0),
        offset=fields.get(4, 0),
        size=fields.get(5, 0),
        crc=fields.get(6, 0),
        is_sliced=is_sliced,
    )
