"""Checkpoint folders on disk: written whole, and told apart from what only looks like one."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
import torch

from zoo.errors import ZooError
from zoo.files import read_config, read_weights, sha256_of, write_atomically, write_checkpoint

CONFIG = {"format": 1, "family": "spade", "label_space": None, "size": [4, 8]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "made", {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2).half()}, CONFIG)
    return tmp_path / "made"


def test_what_is_written_is_read(folder: Path) -> None:
    weights = read_weights(folder)
    assert torch.equal(weights["a"], torch.arange(6.0).reshape(2, 3))
    assert weights["b"].dtype == torch.float16
    assert read_config(folder) == CONFIG
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_tensors_that_share_memory_or_are_transposed_are_written(tmp_path: Path) -> None:
    base = torch.arange(6.0).reshape(2, 3)
    write_checkpoint(tmp_path, {"a": base, "view": base.T}, CONFIG)
    assert torch.equal(read_weights(tmp_path)["view"], base.T)


def test_writing_is_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomically(target, b"first")
    assert target.stat().st_mode & 0o777 == 0o644
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder", b"a file cannot replace a folder")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_sha256_is_the_known_one(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "holds no model.safetensors"),
        (b"", "is empty; get it again"),
        (b"short", "is not a safetensors file"),
        (struct.pack("<Q", 60), "is truncated in its header: it has only 8 bytes"),
        (b"\n <!doctype HTML><html>", "is a web page, not weights"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n", "is a Git-LFS pointer"),
        (b"PK\x03\x04" + bytes(100), "is not a safetensors file; convert the original"),
        (b"\x80\x02}q\x00." + bytes(100), "is not a safetensors file; convert the original"),
        (struct.pack("<Q", 1000) + b"{}", "is truncated in its header: it has only 10 bytes"),
        (struct.pack("<Q", 4) + b"[12]", "is not a safetensors file"),
        (struct.pack("<Q", 600_000) + b'{"a":[' * 100_000, "is not a safetensors file"),
        (struct.pack("<Q", 4) + b"{{{{", "is not a safetensors file"),
    ],
)
def test_weights_that_are_none(folder: Path, content: bytes | None, expected: str) -> None:
    file = folder / "model.safetensors"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ZooError) as caught:
        read_weights(folder)
    assert expected in str(caught.value)
    assert str(folder) in str(caught.value)


def test_weights_of_another_length(folder: Path) -> None:
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-3])
    with pytest.raises(ZooError, match=f"is truncated: it has {len(whole) - 3} bytes and should have {len(whole)}"):
        read_weights(folder)
    file.write_bytes(whole + b"???")
    with pytest.raises(ZooError, match=f"is too long: it has {len(whole) + 3} bytes"):
        read_weights(folder)


def test_weights_whose_header_contradicts_itself(folder: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(ZooError, match="is a damaged safetensors file"):
        read_weights(folder)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "holds no config.json"),
        ("{", "is not JSON"),
        ("\udcff", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "holds a list; a config.json holds an object"),
        ("{}", "has format None; this version reads format 1"),
        ('{"format": 2}', "has format 2"),
        ('{"format": 1}', "names no family"),
        (" " * (1 << 20) + "{}", "is larger than 1048576 bytes"),
    ],
)
def test_configurations_that_are_none(folder: Path, content: str | None, expected: str) -> None:
    file = folder / "config.json"
    file.unlink()
    if content is not None:
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ZooError) as caught:
        read_config(folder)
    assert expected in str(caught.value)
