"""PhotoWCT: the published network's tensors, and its file made into the project's."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from convert_cases import OldTensor, State, key_list, saved, seeded
from fake_hub import FakeHub

from sims.style.photo_wct import PhotoWct
from zoo import ZooError, find
from zoo.__main__ import main
from zoo.catalog import CATALOG
from zoo.convert import ConvertError, checked_config, convert, expected_shapes
from zoo.files import read_config, read_weights
from zoo.hub import obtain

SMALL = 1 / 16
REPO = "kingardor/Photo-Realistic-Image-Stylization"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 33410469\n"


def shapes(width: float) -> dict[str, tuple[int, ...]]:
    return expected_shapes({"family": "photo_wct", "width": width})


def legacy_file(path: Path, state: State) -> Path:
    """A checkpoint as PyTorch wrote it before 0.4, which is how the published one was written."""
    file = saved(path, {name: OldTensor(tensor) for name, tensor in state.items()}, legacy=True)
    assert b"_rebuild_tensor\n" in file.read_bytes()
    return file


def assert_holds(folder: Path, state: State) -> None:
    found = read_weights(folder)
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        assert torch.equal(found[name], tensor), name


def test_the_full_width_is_the_published_network() -> None:
    wanted = key_list("photo_wct")[1]["photo_wct"]
    assert shapes(1.0) == wanted
    assert expected_shapes({"family": "photo_wct"}) == wanted
    assert len(wanted) == 80
    assert sum(map(math.prod, wanted.values())) == 8_349_948


@pytest.mark.parametrize("width", [1.0, 0.25, 0.3, SMALL, 1 / 64])
def test_networks_hold_what_their_configurations_say(width: float) -> None:
    with torch.device("meta"):
        network = PhotoWct(width)
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == shapes(width)


def test_widths_scale_the_channels_and_nothing_else() -> None:
    quarter = shapes(0.25)
    assert quarter["e4.conv0.weight"] == (3, 3, 1, 1)
    assert quarter["e4.conv4_1.weight"] == (128, 64, 3, 3)
    assert quarter["d4.conv4_1.weight"] == (64, 128, 3, 3)
    assert quarter["d1.conv1_1.weight"] == (3, 16, 3, 3)
    assert shapes(1 / 64)["e1.conv1_1.weight"] == (1, 3, 3, 3)


@pytest.mark.parametrize("value", [0, 1 / 65, 1.5, True, "1", None, math.nan])
def test_a_wrong_width_is_named(value: object) -> None:
    with pytest.raises(ConvertError, match=r"config field 'width' is .*; accepted is a number from 0\.015625 to 1\."):
        checked_config({"family": "photo_wct", "width": value})


@pytest.mark.parametrize("width", [SMALL, 1.0])
def test_files_of_pytorch_0_3_are_converted(width: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = seeded(shapes(width))
    file = legacy_file(tmp_path / "photo_wct.pth", state)
    assert main(["convert", "photo_wct", str(file), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out")
    assert_holds(tmp_path / "out", state)
    assert read_config(tmp_path / "out") == {"format": 1, "family": "photo_wct", "width": width, "depth": 4}


def test_what_was_converted_runs_and_comes_back_the_same(tmp_path: Path) -> None:
    network = PhotoWct(SMALL)
    network.load_state_dict(seeded(shapes(SMALL), seed=2))
    out = convert("photo_wct", [saved(tmp_path / "one.pth", dict(network.state_dict()))], tmp_path / "out")
    again = PhotoWct(read_config(out)["width"])
    again.load_state_dict(read_weights(out))
    image = torch.rand(1, 3, 33, 47, generator=torch.Generator().manual_seed(0))
    made = [one.stylise(image, one.style_statistics(image.flip(2))) for one in (network, again)]
    assert torch.equal(*made)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda state: state.pop("d3.conv2_1.bias"), r"1 of 80 expected tensors are missing \(d3.conv2_1.bias\)"),
        (lambda state: state.update({"d5.bias": torch.ones(2)}), r"1 of its 81 tensors have no place \(d5.bias\)"),
        (lambda state: state.update({"e1.conv0.weight": torch.ones(3, 3)}), r"e1.conv0.weight is \(3, 3\) instead of"),
        (lambda state: state.update({"e4.conv4_1.bias": torch.ones(64)}), r"have another shape"),
        (lambda state: state["e2.conv0.bias"].fill_(math.nan), "damaged: e2.conv0.bias holds values that are not"),
        (lambda state: state.pop("d4.conv4_1.bias"), "is not of family photo_wct: it looks like PhotoWCT"),
        (lambda state: state.update({"e4.conv4_1.bias": torch.ones(513)}), "'width' is 1.00"),
    ],
    ids=["missing", "extra", "conv0", "width", "not finite", "half", "too wide"],
)
def test_files_of_other_tensors_are_refused(change: Callable[[State], object], reason: str, tmp_path: Path) -> None:
    state = seeded(shapes(SMALL))
    change(state)
    with pytest.raises(ConvertError, match=reason):
        convert("photo_wct", [legacy_file(tmp_path / "photo_wct.pth", state)], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda whole: LFS, "is a Git-LFS pointer"),
        (lambda whole: b"<!DOCTYPE html><title>Google Drive - Quota exceeded</title>", "is a web page"),
        (lambda whole: whole[: len(whole) // 2], "is truncated"),
        (lambda whole: whole[:10], "is truncated after 10 bytes"),
        (lambda whole: whole.replace(b"_rebuild_tensor\n", b"_rebuild_tensors\n"), "needs the Python class|is damaged"),
        (lambda whole: b"", "is empty"),
    ],
    ids=["pointer", "page", "half", "magic", "another function", "empty"],
)
def test_broken_files_are_named(spoil: Callable[[bytes], bytes], reason: str, tmp_path: Path) -> None:
    path = legacy_file(tmp_path / "photo_wct.pth", seeded(shapes(SMALL)))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ConvertError, match=reason) as caught:
        convert("photo_wct", [path], tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_file_of_another_family_is_sent_to_its_own(tmp_path: Path) -> None:
    file = legacy_file(tmp_path / "photo_wct.pth", seeded(shapes(SMALL)))
    with pytest.raises(ConvertError, match="it looks like PhotoWCT: use family photo_wct"):
        convert("cyclegan", [file], tmp_path / "out")
    with pytest.raises(ConvertError, match="2 files were given; family photo_wct takes one"):
        convert("photo_wct", [file, file], tmp_path / "out")


def test_the_entry_is_pulled_from_its_space_and_nothing_but_its_file_is_taken(
    hub: FakeHub, use_catalog: Callable[[str], Path], tmp_path: Path
) -> None:
    shipped = CATALOG.read_text()
    use_catalog(shipped)
    entry = find("photo-wct")
    assert (entry.repo, entry.repo_type, entry.verified) == (REPO, "space", False)
    state = seeded(shapes(1.0))
    content = legacy_file(tmp_path / "photo_wct.pth", state).read_bytes()
    hub.add(REPO, "models/photo_wct.pth", content, "spaces")
    with pytest.raises(ZooError, match=r"photo_wct\.pth"):  # of another size and sha256
        obtain("photo-wct", progress=lambda fraction, what: None)
    pins = (f'sha256 = ["{entry.sha256[0]}"]\n', f"size_bytes = [{entry.size_bytes[0]}]\n")
    use_catalog(shipped.replace(pins[0], "").replace(pins[1], ""))
    folder = obtain("photo-wct", progress=lambda fraction, what: None).folder
    assert_holds(folder, state)
    assert read_config(folder)["width"] == 1.0
