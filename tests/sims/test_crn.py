"""Cascaded refinement against measured outputs of the reference, and behind the common interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from sims_goldens import CLASSES, case, furthest, nchw, one_hot, state, strided, watched
from torch import Tensor
from untrained import seeded, written

from sims.crn import CascadedRefinement, pictures_of, rounded
from sims.generator import LayoutRequest, placed
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import card, load
from zoo.convert import expected_shapes

RGB = 1e-4 * 255  # tolerances: of what a picture spans,
FEATURES = 1e-4  # and absolute
SMALL_WIDTHS = {4: 24, 8: 24, 16: 24, 32: 16, 64: 16}
PARAMETERS = {(256, 9): 97_875_483, (512, 1): 98_622_851, (1024, 1): 98_674_531}  # of the published checkpoints


def placed_on_cpu(network: CascadedRefinement, asked: dict, place: bool) -> CascadedRefinement:
    network.load_state_dict(state(asked))
    return placed(network.eval(), torch.device("cpu")) if place else network.eval()


@pytest.mark.parametrize("place", [False, True], ids=["plain", "placed"])
@pytest.mark.parametrize("name", ["crn_small_27", "crn_small_3"])
def test_small_networks_give_the_reference_s_features_and_pictures(name: str, place: bool) -> None:
    asked, stored = case(name)
    widths = SMALL_WIDTHS if name == "crn_small_27" else SMALL_WIDTHS | {64: 8}
    network = CascadedRefinement(64, outputs=int(name.rsplit("_")[-1]), widths=widths)
    network = placed_on_cpu(network, asked, place)
    seen = watched(network, [f"g_{side}_conv2" for side in widths])
    with torch.inference_mode():
        output = network(one_hot(name, 64, 4))
    pictures = (pictures_of(output)[0] + 1) / 2 * 255
    assert furthest(pictures, stored["out"]) < RGB
    for side in widths:
        features = seen[f"g_{side}_conv2"]
        assert furthest(features[..., ::2, ::2] if side == 64 else features, stored[f"feat_{side}"]) < FEATURES


@pytest.mark.slow
@pytest.mark.parametrize(("name", "height", "outputs"), [("crn_256p", 256, 27), ("crn_512p", 512, 3)])
def test_published_networks_give_the_reference_s_features_and_pictures(name: str, height: int, outputs: int) -> None:
    asked, stored = case(name)
    with torch.device("meta"):
        network = CascadedRefinement(height, outputs=outputs)
    network.load_state_dict(state(asked), assign=True)
    network = placed(network.eval(), torch.device("cpu"))
    seen = watched(network, [f"g_{side}_conv2" for side in network.heights])
    with torch.inference_mode():
        output = network(one_hot(name, height, height // 16))
    pictures = (pictures_of(output)[0] + 1) / 2 * 255
    every = height // 64
    assert furthest(pictures[..., every // 2 :: every, every // 2 :: every], stored["out_strided"]) < RGB
    for side in network.heights:
        found = strided(seen[f"g_{side}_conv2"], 4, 64)
        assert furthest(found, stored[f"feat_{side}_strided"]) < FEATURES


@pytest.mark.parametrize(("height", "pictures"), [(256, 9), (512, 1), (1024, 1)])
def test_published_sizes(height: int, pictures: int) -> None:
    config = {"family": "crn", "size": [height, 2 * height], "width": 1.0, "pictures": pictures}
    with torch.device("meta"):
        network = CascadedRefinement(height, outputs=3 * pictures)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes == expected_shapes({**config, "label_space": "street", "head": "rgb"})
    assert sum(value.numel() for value in network.parameters()) == PARAMETERS[height, pictures]


def test_layouts_are_reduced_by_area_and_keep_their_aspect() -> None:
    _, stored = case("crn_small_27")
    reduced = F.avg_pool2d(F.avg_pool2d(one_hot("crn_small_27", 64, 4), 2), 2)
    assert furthest(reduced, stored["label_area_16"]) < 1e-6
    network = CascadedRefinement(32, width=1 / 64)
    assert network(torch.rand(2, CLASSES, 32, 32)).shape == (2, 27, 32, 32)
    assert network(torch.rand(1, CLASSES, 32, 96)).shape == (1, 27, 32, 96)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = CascadedRefinement(32, width=1 / 64)
    network(torch.rand(1, CLASSES, 32, 64)).square().mean().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().max() > 0, name


def test_the_pictures_of_an_output_share_their_channels_out_by_colour() -> None:
    output = torch.arange(27.0).view(1, 27, 1, 1)
    assert pictures_of(output)[0, 4].flatten().tolist() == [4, 13, 22]


def test_values_are_rounded_halves_upwards_and_clipped() -> None:
    levels = torch.tensor([-300.0, 0.49, 0.5, 1.5, 254.5, 400.0])
    pictures = (levels / 255 * 2 - 1).double().view(1, 1, 1, 6).expand(1, 3, 1, 6)
    assert rounded(pictures.float())[0, 0, :, 0].tolist()[::5] == [0, 255]
    exact = torch.tensor([0.0, 1.0, -1.0]).view(1, 1, 1, 3).expand(1, 3, 1, 3)  # 127.5, 255 and 0
    assert rounded(exact)[0, 0, :, 1].tolist() == [128, 255, 0]


@pytest.fixture(scope="module")
def tiny_crn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = {"family": "crn", "size": [32, 64], "width": 1 / 64, "pictures": 3, "label_space": "street", "head": "rgb"}
    tensors = seeded(CascadedRefinement(32, 1 / 64, outputs=9), seed=7)
    return written(tmp_path_factory.mktemp("crn") / "tiny-crn", tensors, config)


def street(split: int) -> Layout:
    ids = np.full((64, 128), 10, np.uint8)
    ids[split:] = 0
    return Layout(ids, label_space("street"))


def straight(folder: Path, layout: Layout) -> np.ndarray:
    """What the network in the folder gives, computed beside the generator."""
    network = CascadedRefinement(32, 1 / 64, outputs=9)
    network.load_state_dict(load_file(folder / "model.safetensors"))
    ids = layout.resize(32, 64)
    channels = torch.from_numpy(ids.space.channels_of(ids.ids))
    with torch.inference_mode():
        output: Tensor = network(nchw(F.one_hot(channels, CLASSES).float()[None]))
    regrouped = output.view(3, 3, 32, 64).transpose(0, 1)
    return np.floor(((regrouped + 1) / 2 * 255).clamp(0, 255).permute(0, 2, 3, 1).numpy() + 0.5).astype(np.uint8)


def test_the_seed_chooses_among_the_pictures_and_layouts_are_told_apart(tiny_crn: Path) -> None:
    described = card(tiny_crn)
    assert (described.task, described.native_size, described.classes) == ("layout", (32, 64), CLASSES)
    generator = load(tiny_crn, device="cpu")
    for split in (20, 40, 20):
        wanted = straight(tiny_crn, street(split)).astype(int)
        assert abs(wanted[0] - wanted[1]).max() > 10
        for seed in (0, 1, 2, 4):
            made = generator.generate(LayoutRequest(street(split)), seed=seed).image
            assert made.shape == (32, 64, 3)
            assert abs(made.astype(int) - wanted[seed % 3]).max() <= 1  # one step where a value lies at a half
            made[:] = 0  # what was handed out is the caller's
    assert generator.memory_bytes() > sum(value.nbytes for value in load_file(tiny_crn / "model.safetensors").values())
