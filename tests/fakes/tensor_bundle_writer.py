"""Writes TensorFlow's checkpoint format (TensorBundle) for tests; tensorflow 2.21 reads it."""

import struct
from collections.abc import Mapping
from pathlib import Path

import google_crc32c
import numpy as np

DTYPES = {"float32": 1, "float64": 2, "int64": 9, "float16": 19}


def write_bundle(
    prefix: Path,
    tensors: Mapping[str, np.ndarray],
    *,
    shards: int = 1,
    block_bytes: int = 1 << 18,
    compressed: bool = False,
    sliced: str = "",
) -> None:
    """Write ``tensors``, in turn over ``shards`` data files.

    They are looked up one at a time, so that the mapping can make them lazily. ``compressed`` and
    ``sliced`` (a name) only set the marks of what the reader must refuse.
    """
    records = [(b"", _number(1, shards) + _bytes(3, _number(1, 1)))]
    files = [
        prefix.with_name(f"{prefix.name}.data-{i:05d}-of-{shards:05d}").open("wb")
        for i in range(shards)
    ]
    for i, name in enumerate(sorted(tensors)):
        value = tensors[name]
        data = value.tobytes()
        shard = i % shards
        shape = b"".join(_bytes(2, _number(1, size)) for size in value.shape)
        entry = _number(1, DTYPES[value.dtype.name]) + _bytes(2, shape)
        entry += _number(3, shard) + _number(4, files[shard].tell()) + _number(5, len(data))
        entry += _varint(6 << 3 | 5) + struct.pack("<I", _masked(data))
        if name == sliced:
            entry += _bytes(7, b"")
        records.append((name.encode(), entry))
        files[shard].write(data)
    for file in files:
        file.close()
    index = bytearray()
    handles: list[tuple[bytes, bytes]] = []
    block: list[tuple[bytes, bytes]] = []
    for record in records:
        block.append(record)
        if sum(len(key) + len(value) for key, value in block) >= block_bytes:
            handles.append((block[-1][0], _append(index, block, compressed)))
            block = []
    if block:
        handles.append((block[-1][0], _append(index, block, compressed)))
    footer = _append(index, []) + _append(index, handles)
    index += footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    prefix.with_name(f"{prefix.name}.index").write_bytes(index)


def _append(index: bytearray, block: list[tuple[bytes, bytes]], compressed: bool = False) -> bytes:
    """Append a block with its trailer; return its handle. Every 16th key is stored whole."""
    content, restarts, previous = bytearray(), [], b""
    for i, (key, value) in enumerate(block):
        shared = 0
        if i % 16 == 0:
            restarts.append(len(content))
        else:
            while shared < min(len(key), len(previous)) and key[shared] == previous[shared]:
                shared += 1
        content += _varint(shared) + _varint(len(key) - shared) + _varint(len(value))
        content += key[shared:] + value
        previous = key
    restarts = restarts or [0]
    content += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    handle = _varint(len(index)) + _varint(len(content))
    content += bytes([compressed])
    index += content + struct.pack("<I", _masked(bytes(content)))
    return handle


def _masked(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
