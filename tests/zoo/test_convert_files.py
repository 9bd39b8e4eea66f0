"""Files that are no checkpoint: each is refused in one sentence that says what it is, and none is ever executed."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import zipfile
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from convert_cases import saved
from torch import nn

from zoo import ZooError
from zoo.convert import ConvertError, convert
from zoo.convert.pickles import read_state_dict

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 45575747\n"


def state(size: int = 40) -> dict[str, torch.Tensor]:
    return {"a.weight": torch.arange(float(size)), "b.weight": torch.ones(size)}


def refusal(path: Path) -> str:
    with pytest.raises(ConvertError) as caught:
        read_state_dict(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert path.name in sentence
    return sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html>\n<html><body>not found</body></html>", "is a web page"),
        (b"  \n<html lang=en><title>Sign in</title>", "is a web page"),
        (LFS, "is a Git-LFS pointer"),
        (gzip.compress(b"weights"), "is a gzip archive"),
        (b"BZh91AY&SY", "is a bzip2 archive"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is not a checkpoint"),
        (b"hello", "is not a checkpoint"),
        (b"PK\x03", "is not a checkpoint"),
        (pickle.dumps({"a": 1}), "is a Python pickle but not a PyTorch checkpoint"),
        (pickle.dumps({"a": 1}, protocol=2), "is a Python pickle but not a PyTorch checkpoint"),
    ],
)
def test_stand_ins_are_named(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "latest_net_G.pth"
    path.write_bytes(content)
    assert sentence in refusal(path)


def test_archives_are_named(tmp_path: Path) -> None:
    packed = tmp_path / "checkpoints.tar"
    with tarfile.open(packed, "w") as archive:
        archive.addfile(tarfile.TarInfo("coco_pretrained/latest_net_G.pth"), io.BytesIO())
    assert "is a tar archive; unpack it" in refusal(packed)
    zipped = tmp_path / "models.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("photo_wct.pth", b"x")
    assert "is a zip archive but no PyTorch checkpoint" in refusal(zipped)


def test_a_path_that_is_no_file_is_named(tmp_path: Path) -> None:
    assert "is not a file" in refusal(tmp_path / "nowhere.pth")
    assert "is not a file" in refusal(tmp_path)


@pytest.mark.parametrize("legacy", [False, True])
def test_truncated_files_are_told_from_whole_ones(legacy: bool, tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole.pth", state(), legacy).read_bytes()
    assert read_state_dict(tmp_path / "whole.pth")["b.weight"].sum() == 40
    part = tmp_path / "part.pth"
    for kept in (len(whole) - 1, len(whole) - 100, len(whole) // 2, 19, 10):
        part.write_bytes(whole[:kept])
        assert "is truncated" in refusal(part), kept


@pytest.mark.parametrize("legacy", [False, True])
def test_no_cut_and_no_flipped_byte_ends_in_another_error(legacy: bool, tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole.pth", state(), legacy).read_bytes()
    path = tmp_path / "damaged.pth"
    for position in range(0, len(whole), 2):
        for content in (whole[:position], whole[:position] + bytes([whole[position] ^ 0x5A]) + whole[position + 1 :]):
            path.write_bytes(content)
            with suppress(ConvertError):  # none at all where a flip changed nothing but a number
                read_state_dict(path)


class Touch:
    """A pickle that creates a file when it is opened carelessly."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_pickle_is_never_run(legacy: bool, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    file = saved(tmp_path / "evil.pth", state() | {"c": Touch(witness)}, legacy)
    assert "needs the Python class" in refusal(file)
    assert not witness.exists()


@pytest.mark.parametrize("legacy", [False, True])
def test_whole_pickled_networks_say_what_to_do(legacy: bool, tmp_path: Path) -> None:
    file = saved(tmp_path / "network.pth", nn.Linear(2, 2), legacy)
    sentence = refusal(file)
    assert "torch.nn.modules.linear.Linear" in sentence
    assert "save the generator's state_dict() alone" in sentence
    options = saved(tmp_path / "options.pth", {"netG": state(), "opt": Namespace(ngf=64)}, legacy)
    assert "argparse.Namespace" in refusal(options)


def test_torchscript_programs_are_named(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "script.pt")
    assert "is a TorchScript program" in refusal(tmp_path / "script.pt")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([torch.ones(1)], "holds a list, not a state dict"),
        (torch.ones(3), "holds a Tensor, not a state dict"),
        ({}, "holds an empty state dict"),
        ({"epoch": 3, "optimizer": {"lr": 0.1}}, "its entries are epoch, optimizer"),
        ({"netG": {"state_dict": {"model": {"params": {"g": state()}}}}}, "no state dict under a name known here"),
    ],
)
def test_content_without_a_state_dict_is_described(content: object, sentence: str, tmp_path: Path) -> None:
    assert sentence in refusal(saved(tmp_path / "x.pth", content))


def test_damaged_safetensors_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(LFS)
    assert "is a Git-LFS pointer" in refusal(path)
    path.write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    assert "is truncated" in refusal(path)


def test_nothing_is_written_and_the_zoo_can_catch_it(tmp_path: Path) -> None:
    page = tmp_path / "horse2zebra.pth"
    page.write_bytes(b"<html>")
    with pytest.raises(ZooError, match="is a web page"):
        convert("cyclegan", [page], tmp_path / "out", preset="horse2zebra")
    assert not (tmp_path / "out").exists()
