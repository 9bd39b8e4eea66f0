"""TensorFlow checkpoints: what TensorFlow wrote is read to the bit, and what is broken is refused in a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tf_bundle
import torch
from sims_goldens import GOLDENS, rule
from tf_bundle import data_file, entry, header, message, number, table, write, write_index

from zoo.convert import ConvertError
from zoo.convert.crc32c import POLYNOMIAL, crc32c, masked_crc32c
from zoo.convert.tf_checkpoint import MAX_INDEX_BYTES, Bundle
from zoo.convert.tf_state import read_state

ZEROS = bytes(8)  # the data of one variable of shape (2,)
GOOD = entry(1, (2,), (0, 0, 8), masked_crc32c(ZEROS))


def refusal(prefix: Path, read: Callable[[Path], object] = Bundle) -> str:
    with pytest.raises(ConvertError) as error:
        read(prefix)
    sentence = str(error.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def everything(prefix: Path) -> dict[str, bytes]:
    bundle = Bundle(prefix)
    return {name: bundle.read(name).tobytes() for name in bundle.variables}


# ------------------------------------------------------------------------------------------------ what TensorFlow wrote


@pytest.mark.parametrize("name", ["ckpt_crn_small_27", "ckpt_crn_small_27_adam", "ckpt_sims_order_small"])
def test_checkpoints_of_tensorflow_are_read_to_the_bit(name: str) -> None:
    asked = json.loads((GOLDENS / name.removeprefix("ckpt_").removesuffix("_adam") / "case.json").read_text())
    wanted = {variable["name"]: variable["shape"] for variable in asked["variables"]}
    bundle = Bundle(GOLDENS / name / "model.ckpt")
    assert wanted.keys() <= bundle.variables.keys()
    assert len(bundle.variables) == (3 * len(wanted) + 2 if name.endswith("adam") else len(wanted))
    for variable, shape in wanted.items():
        value = bundle.read(variable)
        assert value.dtype == np.float32
        assert np.array_equal(value, rule.seeded_variable(variable, shape)), variable
    state = read_state(GOLDENS / name / "model.ckpt")
    assert state.keys() == {variable.replace("/", ".") for variable in wanted}
    for variable, shape in wanted.items():
        torch_value = rule.to_torch_layout(rule.seeded_variable(variable, shape))
        assert torch.equal(state[variable.replace("/", ".")], torch.from_numpy(torch_value)), variable


def test_index_file_names_its_checkpoint_too() -> None:
    folder = GOLDENS / "ckpt_crn_small_27"
    assert everything(folder / "model.ckpt.index") == everything(folder / "model.ckpt")


# --------------------------------------------------------------------------------------------------------- the checksum


def plain_crc32c(data: bytes) -> int:
    """Bit by bit, as the standard defines it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ POLYNOMIAL * (crc & 1)
    return crc ^ 0xFFFFFFFF


def test_checksums_of_rfc_3720() -> None:
    assert crc32c(b"") == 0
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_checksum_of_any_length() -> None:
    data = np.random.default_rng(0).bytes(70_000)
    for size in (*range(1, 70), 2047, 2048, 2049, 2052, 65_535, 65_536, 65_537, 65_540, 70_000):
        assert crc32c(data[:size]) == plain_crc32c(data[:size]), size
        assert crc32c(memoryview(data)[1 : size + 1]) == plain_crc32c(data[1 : size + 1]), size


# ----------------------------------------------------------------------------------------------------- what tests write


def arrays(count: int = 40) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    kinds = ("<f4", "<f8", "<i4", "u1", "<i8", "?", "<f2")
    shapes = ((), (3,), (2, 5), (1, 2, 3, 4))
    return {
        f"g_block_{i // 3}/layer_{i}/weights": np.asarray(random.integers(0, 2, shapes[i % 4]), kinds[i % len(kinds)])
        for i in range(count)
    }


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("block_bytes", [1, 200, 1 << 20])
def test_every_type_shape_and_division_into_files_and_blocks(shards: int, block_bytes: int, tmp_path: Path) -> None:
    wanted = arrays()
    bundle = Bundle(write(tmp_path / "model.ckpt-100", wanted, shards, block_bytes))
    assert bundle.variables.keys() == wanted.keys()
    for name, array in wanted.items():
        value = bundle.read(name)
        assert (value.dtype, value.shape) == (array.dtype, array.shape)
        assert np.array_equal(value, array)


def test_files_are_as_tensorflow_writes_them(tmp_path: Path) -> None:
    """So that what holds for these files holds for those."""
    source = Bundle(GOLDENS / "ckpt_sims_order_small" / "model.ckpt")
    copy = write(tmp_path / "model.ckpt", {name: source.read(name) for name in source.variables})
    assert data_file(copy).read_bytes() == source.data_file(0).read_bytes()
    assert {n: v.checksum for n, v in Bundle(copy).variables.items()} == {
        n: v.checksum for n, v in source.variables.items()
    }


def test_a_variable_is_read_only_when_it_is_wanted(tmp_path: Path) -> None:
    values = {name: np.full(5, i, np.float32) for i, name in enumerate(("a", "b", "b/Adam", "b/Adam_1", "beta1_power"))}
    prefix = write(tmp_path / "model.ckpt", values)
    content = bytearray(data_file(prefix).read_bytes())
    content[2 * 20 + 3] ^= 1  # in b/Adam
    data_file(prefix).write_bytes(content)
    assert read_state(prefix).keys() == {"a", "b"}
    sentence = refusal(prefix, lambda path: Bundle(path).read("b/Adam"))
    assert sentence == (
        f"{data_file(prefix)} is damaged: the checksum of b/Adam is not the one in the index; get it again."
    )


def test_names_that_would_become_one(tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt", {"a/b": np.zeros(2, np.float32), "a.b": np.zeros(2, np.float32)})
    assert "two variables that would both be called a.b" in refusal(prefix, read_state)


def test_checkpoint_of_an_optimizer_alone(tmp_path: Path) -> None:
    assert "holds no variables" in refusal(
        write(tmp_path / "model.ckpt", {"beta1_power": np.zeros((), np.float32)}), read_state
    )


# ---------------------------------------------------------------------------------------------------- what is not there


def test_what_to_give_instead(tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt", arrays(2), shards=2)
    (tmp_path / "model.ckpt.meta").write_bytes(b"graph")
    assert refusal(tmp_path) == f"{tmp_path} is a folder; give {prefix}."
    for name in ("model.ckpt.meta", "model.ckpt.data-00000-of-00002"):
        assert refusal(tmp_path / name) == f"{tmp_path / name} is one file of a checkpoint; give {prefix}."
    assert f"{tmp_path / 'gone.index'} is not there; a checkpoint is given as PREFIX" in refusal(tmp_path / "gone")
    (tmp_path / "old.ckpt").write_bytes(b"V1")
    assert "old.ckpt is one file, and old.ckpt.index is not beside it" in refusal(tmp_path / "old.ckpt")
    (tmp_path / "empty").mkdir()
    assert "empty is a folder; a checkpoint is given as PREFIX" in refusal(tmp_path / "empty")


def test_missing_and_truncated_data(tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt", arrays(), shards=2)
    content = data_file(prefix, 1, 2).read_bytes()
    data_file(prefix, 1, 2).write_bytes(content[:-1])
    assert f"truncated: it has {len(content) - 1} bytes and should have {len(content)}" in refusal(prefix)
    data_file(prefix, 1, 2).write_bytes(b"")
    assert "is empty" in refusal(prefix)
    data_file(prefix, 1, 2).write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert "Git-LFS pointer" in refusal(prefix)
    data_file(prefix, 1, 2).unlink()
    assert refusal(prefix).startswith(f"{data_file(prefix, 1, 2)} is missing")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
        (b"PK\x03\x04" + bytes(100), "is not the index of a TensorFlow checkpoint"),
        (bytes(47), "is not the index of a TensorFlow checkpoint"),
    ],
)
def test_index_that_is_something_else(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "model.ckpt.index").write_bytes(content)
    assert reason in refusal(tmp_path / "model.ckpt")


def test_index_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt.index").write_bytes(b"x")
    os.truncate(tmp_path / "model.ckpt.index", MAX_INDEX_BYTES + 1)
    assert "too large for the index of a checkpoint" in refusal(tmp_path / "model.ckpt")


# ------------------------------------------------------------------------------------------------- what lies or is torn


def named(value: bytes = GOOD, head: bytes | None = None) -> list[tuple[bytes, bytes]]:
    return [(b"", header() if head is None else head), (b"a", value)]


HUGE = (1 << 64) - 1
BAD_ENTRIES = {
    "no header": ([(b"a", GOOD)], "does not tell of 1 to 99999 data files"),
    "no data file": (named(head=header(0)), "does not tell of 1 to 99999 data files"),
    "too many data files": (named(head=header(10**6)), "does not tell of 1 to 99999 data files"),
    "big-endian": (named(head=header(1, 1)), "its data is big-endian"),
    "keys that descend": ([*named(), (b"Z", GOOD)], "its names are not in order"),
    "a key twice": ([*named(), (b"a", GOOD)], "its names are not in order"),
    "the same place": ([*named(), (b"b", GOOD)], "a and b lie in the same place"),
    "slices": (named(GOOD + message(7, b"")), "a is stored in slices, which are not read"),
    "another data file": (named(entry(1, (2,), (1, 0, 8), 0)), "a lies outside the data files"),
    "far away": (named(entry(1, (2,), (0, HUGE, 8), 0)), "a lies outside the data files"),
    "beyond the end": (named(entry(1, (2,), (0, 4, 8), 0)), "it has 8 bytes and should have 12"),
    "another size": (named(entry(1, (3,), (0, 0, 8), 0)), "a of shape (3,) cannot take 8 bytes"),
    "a negative side": (named(entry(1, (HUGE,), (0, 0, 8), 0)), "a has a shape that no network has"),
    "no values": (named(entry(1, (0,), (0, 0, 0), 0)), "a has a shape that no network has"),
    "many sides": (named(entry(1, (1,) * 99, (0, 0, 4), 0)), "a has a shape that no network has"),
    "a group": (named(b"\x0b"), "an entry is no protobuf message"),
    "a torn entry": (named(GOOD[:-2]), "an entry ends too early"),
    "an endless number": (named(b"\x08" + b"\xff" * 30), "a number in it does not end"),
    "a torn number": (named(b"\x08\xff"), "a number in it does not end"),
    "no text": ([*named(), (b"\xff", GOOD)], "a name in it is no text"),
    "a long name": ([*named(), (b"b" * 5000, GOOD)], "a name in it is longer than 4096 bytes"),
}


@pytest.mark.parametrize("name", BAD_ENTRIES)
def test_entries_that_cannot_be(name: str, tmp_path: Path) -> None:
    pairs, reason = BAD_ENTRIES[name]
    prefix = write_index(tmp_path / "model.ckpt", pairs)
    data_file(prefix).write_bytes(ZEROS)
    assert reason in refusal(prefix)


def test_good_entry_of_the_above(tmp_path: Path) -> None:
    prefix = write_index(tmp_path / "model.ckpt", named(GOOD + number(99, 1) + message(98, b"unknown fields")))
    data_file(prefix).write_bytes(ZEROS)
    assert everything(prefix) == {"a": ZEROS}


def test_types_that_are_no_numbers_are_refused_when_wanted(tmp_path: Path) -> None:
    prefix = write_index(tmp_path / "model.ckpt", named(entry(7, (), (0, 0, 8), 0)))  # a string
    data_file(prefix).write_bytes(ZEROS)
    assert "holds a in TensorFlow's type 7" in refusal(prefix, everything)


def test_compressed_blocks_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = tf_bundle.sealed
    monkeypatch.setattr(tf_bundle, "sealed", lambda content: sealed(content, compression=1))
    prefix = write_index(tmp_path / "model.ckpt", named())
    assert "it is compressed" in refusal(prefix)


def test_any_byte_of_an_index_may_be_wrong(tmp_path: Path) -> None:
    """Every byte of an index that TensorFlow wrote, changed one at a time; and the index cut off."""
    folder = GOLDENS / "ckpt_crn_small_27"
    index = (folder / "model.ckpt.index").read_bytes()
    prefix = tmp_path / "model.ckpt"
    data_file(prefix).symlink_to(data_file(folder / "model.ckpt"))
    unharmed = Bundle(folder / "model.ckpt").variables
    survived = 0
    with open(tmp_path / "model.ckpt.index", "wb", buffering=0) as file:
        for i in range(len(index)):
            changed = index[:i] + bytes([index[i] ^ 1 << i % 8]) + index[i + 1 :]
            for content in (index[:i], changed) if i % 16 == 0 else (changed,):
                os.pwrite(file.fileno(), content, 0)
                file.truncate(len(content))
                try:
                    assert Bundle(prefix).variables == unharmed
                    survived += 1
                except ConvertError:
                    pass
    assert survived == padding(index)


def padding(index: bytes) -> int:
    """The bytes of the footer that mean nothing."""
    return len(index[-48:-8]) - len(index[-48:-8].rstrip(b"\0"))


def test_any_byte_may_be_a_lie_that_its_checksum_confirms(tmp_path: Path) -> None:
    """Every byte of every block changed, its checksum made to fit: no error but the one."""
    values = {name: np.ones(3, np.float32) for name in ("a/weights", "a/biases", "b/weights")}
    prefix = write(tmp_path / "model.ckpt", values)
    content = (tmp_path / "model.ckpt.index").read_bytes()
    spans = blocks_of(content)
    assert len(spans) == 3
    outcomes = set()
    for start, end in spans:
        for i in range(start, end):
            for mask in (0x01, 0x80, 0xFF):
                changed = bytearray(content[start:end])
                changed[i - start] ^= mask
                torn = content[:start] + tf_bundle.sealed(bytes(changed)) + content[end + 5 :]
                (tmp_path / "model.ckpt.index").write_bytes(torn)
                try:
                    everything(prefix)
                    outcomes.add("read")
                except ConvertError:
                    outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def blocks_of(content: bytes) -> list[tuple[int, int]]:
    """Where the blocks of a table lie: each ends where its trailer's checksum fits."""
    spans, start = [], 0
    for end in range(len(content) - 48 - 4):
        if tf_bundle.sealed(content[start:end]) == content[start : end + 5]:
            spans.append((start, end))
            start = end + 5
    return spans


def test_table_of_no_entries(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt.index").write_bytes(table([]))
    assert "does not tell of 1 to 99999 data files" in refusal(tmp_path / "model.ckpt")
