"""Writing TensorFlow checkpoints, right or wrong on purpose, so small that tests can read thousands of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.convert.crc32c import masked_crc32c
from zoo.convert.tf_checkpoint import DTYPES, MAGIC

KINDS = {np.dtype(dtype): kind for kind, dtype in DTYPES.items()}
RESTARTS = 4  # entries between two whole keys
Pairs = Iterable[tuple[bytes, bytes]]


def write(prefix: Path, arrays: Mapping[str, np.ndarray], shards: int = 1, block_bytes: int = 4096) -> Path:
    """A checkpoint of these variables, whose data is dealt out to `shards` files. Returns `prefix`."""
    data = [bytearray() for _ in range(shards)]
    pairs = [(b"", header(shards))]
    for i, (name, array) in enumerate(sorted(arrays.items())):
        shard, content = i % shards, array.tobytes()
        place = (shard, len(data[shard]), len(content))
        data[shard] += content
        pairs.append((name.encode(), entry(KINDS[array.dtype], array.shape, place, masked_crc32c(content))))
    prefix.parent.mkdir(parents=True, exist_ok=True)
    for shard, content in enumerate(data):
        data_file(prefix, shard, shards).write_bytes(content)
    return write_index(prefix, pairs, block_bytes)


def write_index(prefix: Path, pairs: Pairs, block_bytes: int = 4096) -> Path:
    prefix.with_name(f"{prefix.name}.index").write_bytes(table(pairs, block_bytes))
    return prefix


def data_file(prefix: Path, shard: int = 0, shards: int = 1) -> Path:
    return prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}")


def header(shards: int = 1, order: int = 0) -> bytes:
    return number(1, shards) + (number(2, order) if order else b"") + message(3, number(1, 1))


def entry(kind: int, shape: Sequence[int], place: tuple[int, int, int], checksum: int, extra: bytes = b"") -> bytes:
    """One variable's entry; `place` is data file, offset and size."""
    sides = b"".join(message(2, number(1, side)) for side in shape)
    lies = b"".join(number(field, value) for field, value in zip((3, 4, 5), place, strict=True) if value)
    return number(1, kind) + message(2, sides) + lies + varint(6 << 3 | 5) + struct.pack("<I", checksum) + extra


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def table(pairs: Pairs, block_bytes: int = 4096) -> bytes:
    """A LevelDB table of these keys and values, in the order given."""
    file, handles, held = bytearray(), [], []
    for key, value in pairs:
        held.append((key, value))
        if sum(len(key) + len(value) for key, value in held) >= block_bytes:
            handles.append((held[-1][0], _append(file, block(held))))
            held = []
    if held:
        handles.append((held[-1][0], _append(file, block(held))))
    meta = _append(file, block([]))
    footer = meta + _append(file, block(handles))
    return bytes(file) + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def block(pairs: Pairs) -> bytes:
    out, starts, before = bytearray(), [], b""
    for i, (key, value) in enumerate(pairs):
        if i % RESTARTS == 0:
            starts.append(len(out))
            before = b""
        shared = 0
        while shared < min(len(before), len(key)) and before[shared] == key[shared]:
            shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    starts = starts or [0]
    return bytes(out) + struct.pack(f"<{len(starts) + 1}I", *starts, len(starts))


def sealed(content: bytes, compression: int = 0) -> bytes:
    """A block with its trailer."""
    content += bytes([compression])
    return content + struct.pack("<I", masked_crc32c(content))


def _append(file: bytearray, content: bytes) -> bytes:
    """Append a block to the file; its handle."""
    handle = varint(len(file)) + varint(len(content))
    file += sealed(content)
    return handle
