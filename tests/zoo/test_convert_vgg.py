"""VGG-19: a classifier's file becomes the trunk, every tensor accounted for, and what is no such file is described."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import pytest
import torch
from convert_cases import seeded
from fake_hub import FakeHub
from safetensors.torch import load_file, save, save_file

from sims.vgg import VGG19, Segmenter
from zoo import ZooError, find
from zoo.__main__ import main
from zoo.catalog import CATALOG
from zoo.convert import ConvertError, checked_config, convert, expected_shapes
from zoo.files import read_config, read_weights
from zoo.hub import BUILTIN, obtain

REPO = "timm/vgg19.tv_in1k"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 574673064\n"


def classifier(width: float, head: str = "timm", seed: int = 0) -> dict[str, torch.Tensor]:
    """A file of timm's or torchvision's names; its fully connected layers are small, their shapes being no matter."""
    shapes = {key: tuple(value.shape) for key, value in VGG19(width).state_dict().items()}
    names = ("pre_logits.fc1", "pre_logits.fc2", "head.fc")
    for name in names if head == "timm" else ("classifier.0", "classifier.3", "classifier.6"):
        shapes |= {f"{name}.weight": (4, 4), f"{name}.bias": (4,)}
    return seeded(shapes, seed)


def test_expected_shapes_are_those_of_the_networks() -> None:
    full = expected_shapes({"family": "vgg", "width": 1.0})
    assert full == {f"trunk.{key}": tuple(value.shape) for key, value in VGG19().state_dict().items()}
    assert sum(math.prod(shape) for shape in full.values()) == 20_024_384
    spaces = {"street": 20, "landscape": 13}
    wanted = {key: tuple(value.shape) for key, value in Segmenter(0.125, spaces).state_dict().items()}
    assert expected_shapes({"family": "vgg", "width": 0.125, "classes": spaces}) == wanted


def test_the_segmenter_that_is_built_in_is_what_its_configuration_says() -> None:
    folder = BUILTIN / "segmenter-world"
    config = checked_config(read_config(folder))
    assert (config["normalisation"], config["width"]) == ("signed", 0.25)
    found = {key: tuple(tensor.shape) for key, tensor in read_weights(folder).items()}
    assert found == expected_shapes(config)


@pytest.mark.parametrize("head", ["timm", "torchvision"])
def test_the_convolutions_are_kept_and_the_classifier_is_left_out(head: str, tmp_path: Path) -> None:
    state = classifier(0.125, head)
    save_file(state, tmp_path / "model.safetensors")
    out = convert("vgg", [tmp_path / "model.safetensors"], tmp_path / "out")
    assert read_config(out) == {
        "format": 1,
        "family": "vgg",
        "width": 0.125,
        "classes": {},
        "normalisation": "imagenet",
    }
    found = read_weights(out)
    assert len(found) == 32
    assert all(torch.equal(found[f"trunk.{key}"], value) for key, value in state.items() if key.startswith("features."))


def test_the_command_line_converts_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_file(classifier(0.125), tmp_path / "model.safetensors")
    assert main(["convert", "vgg", str(tmp_path / "model.safetensors"), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out")
    assert len(read_weights(tmp_path / "out")) == 32


@pytest.mark.slow
def test_the_entry_is_pulled_and_converted(hub: FakeHub, use_catalog) -> None:
    """The entry as it ships, on a network of the full shapes; the values are one number a tensor, drawn once."""
    use_catalog(CATALOG.read_text())
    shapes = {
        key.removeprefix("trunk."): shape for key, shape in expected_shapes({"family": "vgg", "width": 1}).items()
    }
    state = {key: torch.full(shape, 1e-3 * (n + 1)) for n, (key, shape) in enumerate(shapes.items())}
    state |= {"head.fc.weight": torch.ones(8, 4), "head.fc.bias": torch.ones(8)}
    file = hub.add(REPO, "model.safetensors", save(state))
    assert find("vgg19").repo == REPO
    folder = obtain("vgg19", progress=lambda fraction, what: None).folder
    assert read_config(folder)["normalisation"] == "imagenet"
    original, found = load_file(file), read_weights(folder)
    assert found.keys() == {f"trunk.{key}" for key in shapes}
    assert all(torch.equal(found[f"trunk.{key}"], original[key]) for key in shapes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda state: state.pop("features.34.bias"), r"1 of 32 expected tensors are missing \(trunk.features.34.bias"),
        (lambda state: state.update({"extra.weight": torch.ones(2)}), r"1 of its 33 tensors have no place \(extra.wei"),
        (lambda state: state.update({"features.1.weight": torch.ones(8)}), r"no place \(trunk.features.1.weight\)"),
        (lambda state: state.update({"features.5.bias": torch.ones(3)}), r"trunk.features.5.bias is \(3,\) instead of"),
        (
            lambda state: state["features.0.bias"].fill_(math.nan),
            "damaged: trunk.features.0.bias holds values that are",
        ),
        (lambda state: state.pop("features.0.weight"), "is not of family vgg: its tensors are"),
    ],
    ids=["missing", "extra", "batch norm", "shape", "not finite", "another network"],
)
def test_files_of_other_tensors_are_refused(change, reason: str, tmp_path: Path) -> None:
    state = classifier(0.125)
    change(state)
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(ConvertError, match=reason):
        convert("vgg", [tmp_path / "model.safetensors"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda whole: LFS, "is a Git-LFS pointer"),
        (lambda whole: b"<!DOCTYPE html><title>Sign in</title>", "is a web page"),
        (lambda whole: whole[:-5], "is truncated"),
        (lambda whole: whole[:20], "is truncated in its header"),
        (lambda whole: b"", "is empty"),
        (lambda whole: whole + b"12", "is too long"),
        (lambda whole: b"\x80\x02" + whole, "is not a safetensors file"),
        (lambda whole: struct.pack("<Q", 1 << 60) + whole[8:], "is not a safetensors file"),
        (lambda whole: _with_header(whole, {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}), "damaged"),
    ],
    ids=["pointer", "page", "cut", "cut header", "empty", "too long", "pickle", "huge header", "wrong header"],
)
def test_files_that_are_no_weights_are_named(spoil, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(spoil(save(classifier(0.125))))
    with pytest.raises(ConvertError, match=reason) as caught:
        convert("vgg", [path], tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def _with_header(whole: bytes, header: dict[str, object]) -> bytes:
    """A file of four bytes of data whose header promises something else."""
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + whole[-4:]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, "lacks 'width'"),
        ({"width": 0}, "config field 'width' is 0; accepted is a number"),
        ({"width": 1, "normalisation": "caffe"}, "accepted is signed or imagenet"),
        ({"width": 1, "classes": {"street": 0}}, "config field 'classes'"),
        ({"width": 1, "classes": {"../x": 3}}, "config field 'classes'"),
        ({"width": 1, "classes": ["street"]}, "config field 'classes'"),
        ({"width": 1, "class": {}}, "did you mean 'classes'"),
    ],
)
def test_wrong_configurations_are_named(config: dict[str, object], reason: str) -> None:
    with pytest.raises(ConvertError, match=reason):
        checked_config({"family": "vgg"} | config)


def test_a_pull_of_a_damaged_file_leaves_nothing(hub: FakeHub, use_catalog, cache: Path) -> None:
    use_catalog(CATALOG.read_text())
    hub.add(REPO, "model.safetensors", LFS)
    with pytest.raises(ZooError, match="Git-LFS pointer"):
        obtain("vgg19", progress=lambda fraction, what: None)
    assert not (cache / "models" / "vgg19").exists()
