"""Reading TensorFlow checkpoints of format V2 ("tensor bundles") without TensorFlow.

A checkpoint PREFIX is `PREFIX.index`, a LevelDB table from variable names to where their values lie, and one or more
`PREFIX.data-00000-of-00001`, the values one after the other. Formats: LevelDB's table_format.md; TensorFlow's
tensor_bundle.proto and tensor_shape.proto. Every checksum is compared.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from zoo.convert.crc32c import masked_crc32c
from zoo.convert.errors import ConvertError
from zoo.errors import ZooError
from zoo.files import check_not_a_stand_in

INDEX = ".index"
MAX_INDEX_BYTES = 64_000_000  # those of the networks here take a few thousand
FOOTER_BYTES = 48
TRAILER_BYTES = 5  # of a block: how it is compressed, and its checksum
MAGIC = 0xDB4775248B80FB57
MAX_VARINT_BYTES = 10
MAX_SHARDS = 99_999  # five digits in the names of the files
MAX_NAME_BYTES, MAX_RANK, MAX_SIDE = 4096, 8, 1 << 31
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 9: "<i8", 10: "?", 19: "<f2"}  # by the numbers of types.proto
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # protobuf's wire types


@dataclass(frozen=True)
class Variable:
    """What the index says of one variable. `kind` is TensorFlow's number of its type."""

    kind: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


class Bundle:
    """A checkpoint whose index was read and whose data files are there in full.

    `prefix` is the path without `.index`, which is accepted too. Raises `ConvertError`.
    """

    def __init__(self, prefix: Path):
        index = index_of(prefix)
        self.prefix = index.with_name(index.name.removesuffix(INDEX))
        self.shards, self.variables = _read_index(index)
        self._check_data()

    def data_file(self, shard: int) -> Path:
        """The data file of this number, from 0."""
        return self.prefix.with_name(f"{self.prefix.name}.data-{shard:05d}-of-{self.shards:05d}")

    def read(self, name: str) -> np.ndarray:
        """The value of a variable, a view of its file that cannot be written to. Raises `ConvertError`."""
        variable = self.variables[name]
        file = self.data_file(variable.shard)
        dtype = DTYPES.get(variable.kind)
        if dtype is None:
            raise ConvertError(
                f"{self.prefix} holds {name} in TensorFlow's type {variable.kind}; numbers and truth values are read."
            )
        data = _mapped(file, variable)
        if masked_crc32c(data.data) != variable.checksum:
            raise ConvertError(f"{file} is damaged: the checksum of {name} is not the one in the index; get it again.")
        return data.view(dtype).reshape(variable.shape)

    def _check_data(self) -> None:
        """Every data file that a variable lies in must be there and long enough."""
        ends: dict[int, int] = {}
        for variable in self.variables.values():
            ends[variable.shard] = max(ends.get(variable.shard, 0), variable.offset + variable.size)
        for shard, end in sorted(ends.items()):
            file = self.data_file(shard)
            if not file.is_file():
                raise ConvertError(f"{file} is missing; a checkpoint needs all its data files beside its index.")
            _check_readable(file)
            size = file.stat().st_size
            if size < end:
                raise ConvertError(f"{file} is truncated: it has {size} bytes and should have {end}; get it again.")


def index_of(prefix: Path) -> Path:
    """The index file of the checkpoint that a person means. Raises `ConvertError` saying what to give instead."""
    if prefix.name.endswith(INDEX) and prefix.is_file():
        return prefix
    index = prefix.with_name(prefix.name + INDEX)
    if index.is_file():
        return index
    wanted = "a checkpoint is given as PREFIX, such as model.ckpt, with PREFIX.index and PREFIX.data-00000-of-00001"
    if prefix.is_dir():
        found = sorted(prefix.glob(f"*{INDEX}"))
        hint = f"give {found[0].with_suffix('')}" if found else f"{wanted} in it"
        raise ConvertError(f"{prefix} is a folder; {hint}.")
    stem, dot, kind = prefix.name.rpartition(".")
    if dot and (kind == "meta" or kind.startswith("data-")) and prefix.with_name(stem + INDEX).is_file():
        raise ConvertError(f"{prefix} is one file of a checkpoint; give {prefix.with_name(stem)}.")
    if prefix.is_file():
        raise ConvertError(
            f"{prefix} is one file, and {index.name} is not beside it (TensorFlow wrote such before 1.0, and they are"
            f" not read); {wanted}."
        )
    raise ConvertError(f"{index} is not there; {wanted}.")


def _check_readable(file: Path) -> None:
    try:
        check_not_a_stand_in(file)
    except OSError as error:
        raise ConvertError(f"{file} cannot be read ({error.strerror}).") from error
    except ZooError as error:
        raise ConvertError(str(error)) from error


def _mapped(file: Path, variable: Variable) -> np.ndarray:
    """The bytes of a variable, uint8 (size,), mapped and not yet read."""
    try:
        return np.memmap(file, np.uint8, "r", variable.offset, (variable.size,))
    except (OSError, ValueError) as error:
        raise ConvertError(f"{file} cannot be read ({getattr(error, 'strerror', None) or error}).") from error


# ----------------------------------------------------------------------------------------------------------- the index


class _DamageError(Exception):
    """What is wrong with an index, in words."""


def _read_index(path: Path) -> tuple[int, dict[str, Variable]]:
    """The number of data files, and the variables by name."""
    _check_readable(path)
    if path.stat().st_size > MAX_INDEX_BYTES:
        raise ConvertError(f"{path} is larger than {MAX_INDEX_BYTES} bytes, too large for the index of a checkpoint.")
    data = path.read_bytes()
    if len(data) < FOOTER_BYTES or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        raise ConvertError(f"{path} is not the index of a TensorFlow checkpoint, or its end is missing; get it again.")
    try:
        entries = dict(_entries(data))
        shards = _shards(entries.pop(b"", b""))
        variables = {_text(key): _variable(key, value, shards) for key, value in entries.items()}
        _check_apart(variables)
    except _DamageError as damage:
        raise ConvertError(f"{path} cannot be used: {damage}.") from damage
    return shards, variables


def _entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the table, whose keys must ascend."""
    meta_offset, at = _varint(data, len(data) - FOOTER_BYTES)
    meta_size, at = _varint(data, at)
    index_offset, at = _varint(data, at)
    index_size, at = _varint(data, at)
    _block(data, meta_offset, meta_size)
    last = None
    for _, handle in _in_block(_block(data, index_offset, index_size)):
        offset, at = _varint(handle, 0)
        size, _ = _varint(handle, at)
        for key, value in _in_block(_block(data, offset, size)):
            if last is not None and key <= last:
                raise _DamageError("its names are not in order")
            last = key
            yield key, value


def _block(data: bytes, offset: int, size: int) -> bytes:
    """The content of a block, its checksum compared."""
    end = offset + size
    if end + TRAILER_BYTES > len(data) - FOOTER_BYTES:
        raise _DamageError("a block lies outside the file")
    if masked_crc32c(data[offset : end + 1]) != struct.unpack_from("<I", data, end + 1)[0]:
        raise _DamageError("it is damaged, as the checksum of a block does not fit; get it again")
    if data[end] != 0:
        raise _DamageError("it is compressed, and only indices that are not are read")
    return data[offset:end]


def _in_block(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block; a key is stored as what differs from the key before it."""
    restarts = struct.unpack("<I", block[-4:])[0] if len(block) >= 4 else len(block)
    end = len(block) - 4 * (restarts + 1)
    if end < 0:
        raise _DamageError("a block is too short")
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + fresh + length > end:
            raise _DamageError("an entry reaches beyond its block")
        if shared + fresh > MAX_NAME_BYTES:
            raise _DamageError(f"a name in it is longer than {MAX_NAME_BYTES} bytes")
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        yield key, block[at : at + length]
        at += length


def _shards(header: bytes) -> int:
    """How many data files the header tells of. All must be little-endian."""
    fields = dict(_fields(header))
    shards, order = fields.get((1, VARINT), 0), fields.get((2, VARINT), 0)
    if not isinstance(shards, int) or not 1 <= shards <= MAX_SHARDS:
        raise _DamageError(f"it does not tell of 1 to {MAX_SHARDS} data files")
    if order != 0:
        raise _DamageError("its data is big-endian, which is not read")
    return shards


def _variable(key: bytes, value: bytes, shards: int) -> Variable:
    """One entry of the index."""
    numbers = {1: 0, 3: 0, 4: 0, 5: 0}  # the fields that are numbers: type, data file, offset, size
    shape: tuple[int, ...] = ()
    checksum = 0
    for (field, wire), content in _fields(value):
        if isinstance(content, bytes):
            if field == 7:
                raise _DamageError(f"{_text(key)} is stored in slices, which are not read; save it whole")
            shape = _shape(key, content) if field == 2 else shape
        elif wire == VARINT and field in numbers:
            numbers[field] = content
        elif wire == FIXED32 and field == 6:
            checksum = content
    kind, shard, offset, size = numbers.values()
    if shard >= shards or max(offset, size) >= 1 << 62:
        raise _DamageError(f"{_text(key)} lies outside the data files")
    if kind in DTYPES and math.prod(shape) * np.dtype(DTYPES[kind]).itemsize != size:
        raise _DamageError(f"{_text(key)} of shape {shape} cannot take {size} bytes")
    return Variable(kind, shape, shard, offset, size, checksum)


def _shape(key: bytes, message: bytes) -> tuple[int, ...]:
    sides = []
    for (field, _), content in _fields(message):
        if field == 2 and isinstance(content, bytes):
            side = dict(_fields(content)).get((1, VARINT), 0)
            sides.append(side if isinstance(side, int) else 0)
    if len(sides) > MAX_RANK or not all(1 <= side <= MAX_SIDE for side in sides):
        raise _DamageError(f"{_text(key)} has a shape that no network has")
    return tuple(sides)


def _check_apart(variables: Mapping[str, Variable]) -> None:
    """No two variables may share bytes."""
    placed = sorted((one.shard, one.offset, one.size, name) for name, one in variables.items() if one.size)
    for (shard, offset, size, name), (next_shard, next_offset, _, next_name) in pairwise(placed):
        if shard == next_shard and offset + size > next_offset:
            raise _DamageError(f"{name} and {next_name} lie in the same place")


def _fields(message: bytes) -> Iterator[tuple[tuple[int, int], int | bytes]]:
    """((field, wire type), content) of a protobuf message; a number, or the bytes of text or of a message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        field, wire = tag >> 3, tag & 7
        if wire == VARINT:
            number, at = _varint(message, at)
            yield (field, wire), number
            continue
        if wire not in (FIXED64, BYTES, FIXED32):
            raise _DamageError("an entry is no protobuf message")
        length, at = _varint(message, at) if wire == BYTES else (8 if wire == FIXED64 else 4, at)
        if at + length > len(message):
            raise _DamageError("an entry ends too early")
        content = message[at : at + length]
        at += length
        yield (field, wire), content if wire == BYTES else int.from_bytes(content, "little")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number of 7 bits a byte, lowest first, that stands at `at`; and where it ends."""
    number = 0
    for i, byte in enumerate(data[at : at + MAX_VARINT_BYTES]):
        number |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return number, at + i + 1
    raise _DamageError("a number in it does not end")


def _text(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise _DamageError("a name in it is no text") from error
