"""The networks of SIMS against measured outputs of the reference, and what training and inference rely on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sims_goldens import CLASSES, case, colours, furthest, nchw, one_hot, rule, state, strided, watched
from torch import Tensor, nn

from sims.crn import CascadedRefinement
from sims.generator import placed
from sims.label_space import label_space
from sims.memory.completion import CompletionNetwork, complete
from sims.memory.order import OrderNetwork
from sims.memory.synthesis import SynthesisNetwork
from sims.memory.transform import TransformNetwork, _sampled, theta_for_test, warp
from zoo.convert import expected_shapes

RGB = 1e-4 * 255  # tolerances: of what a picture spans,
LOGITS = 1e-4  # and absolute, of features too
INSTEAD = {64: 6, 128: 8, 256: 12, 512: 16, 1024: 24}  # channels of the small cases
SYNTHESIS_PARAMETERS = {256: 55_671_319, 512: 56_138_903, 1024: 56_138_987}
VOID = 19

stn, STN = case("sims_stn")


def filled(network: nn.Module, asked: dict) -> nn.Module:
    """The network, built without memory, with the seeded weights and in the layout that the generators use."""
    network.load_state_dict(state(asked), assign=True)
    return placed(network.eval(), torch.device("cpu"))


def synthesis_input(name: str, height: int) -> Tensor:
    asked, _ = case(name)
    canvas = colours(name, "canvas", height)
    hole = rule.seeded_blocks(f"input/{name}/hole", height, 2 * height, height // 16, 4) == 0
    canvas[hole] = 0
    layout = one_hot(name, height, height // 32)
    mask = canvas.sum(2, keepdims=True) > 0
    x = np.concatenate((layout[0].permute(1, 2, 0).numpy(), canvas, mask), 2, dtype=np.float32)[None]
    assert rule.crc(x) == asked["input_crc32"]["all"]
    return nchw(x)


@pytest.mark.parametrize(
    ("name", "height"),
    [
        ("sims_synthesis_small", 64),
        pytest.param("sims_synthesis_256", 256, marks=pytest.mark.slow),
        pytest.param("sims_synthesis_512", 512, marks=pytest.mark.slow),
        pytest.param("sims_synthesis_1024", 1024, marks=pytest.mark.slow),
    ],
)
def test_synthesis(name: str, height: int) -> None:
    asked, stored = case(name)
    with torch.device("meta"):
        network = SynthesisNetwork(height, instead=INSTEAD if name.endswith("small") else {})
    network = filled(network, asked)
    blocks = [key for key in stored if key.startswith(("g_encoder_conv", "g_decoder"))]
    seen = watched(network, blocks)
    with torch.inference_mode():
        picture, logits = network(synthesis_input(name, height))
    assert len(blocks) >= 13
    for key in blocks:
        assert furthest(strided(seen[key], 8, 32), stored[key]) < LOGITS, key
    start, step = (int(part) for part in asked["strides"]["rgb_strided"].split()[-1].strip("]").split("::"))
    assert furthest((picture[..., start::step, start::step] + 1) / 2 * 255, stored["rgb_strided"]) < RGB
    start, step = (int(part) for part in asked["strides"]["semantic_strided"].split()[-1].strip("]").split("::"))
    assert furthest(logits[..., start::step, start::step], stored["semantic_strided"]) < LOGITS


@pytest.mark.parametrize("drawn", stn["cases"], ids=lambda drawn: drawn["name"])
def test_warp(drawn: dict) -> None:
    image = nchw(STN[f"{drawn['name'].split('_')[0]}_image"])
    theta = torch.tensor([drawn["theta"]], dtype=torch.float32)
    found = warp(image, theta)
    assert furthest(found, STN[drawn["name"]]) < 1e-6
    assert torch.equal(found, _sampled(image, theta))  # whole shifts take a short cut, bit for bit the same


def test_each_picture_of_a_batch_is_warped_by_its_own_map() -> None:
    image = nchw(STN["even_image"]).expand(3, -1, -1, -1)
    theta = torch.tensor([[1, 0, 3, 0, 1, -2], [0.9, -0.2, 1.3, 0.25, 1.1, -0.7], [1, 0, 40, 0, 1, 0]])
    for one, name in zip(warp(image, theta), ("even_shift_int", "even_shear_rot", "even_far_out"), strict=True):
        assert furthest(one[None], STN[name]) < 1e-6
    assert torch.equal(warp(image, theta.requires_grad_()), warp(image, theta.detach()))


def test_the_warp_is_differentiable_in_picture_and_map() -> None:
    rng = torch.Generator().manual_seed(3)
    image = torch.rand(1, 2, 6, 8, generator=rng, dtype=torch.double, requires_grad=True)
    theta = torch.tensor([[0.93, -0.11, 0.37, 0.07, 1.05, -0.29]], dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(warp, (image, theta))


def test_maps_are_rounded_halves_to_even() -> None:
    theta = torch.tensor([[1.07, 0.5, 1.5, -0.5, 2.5, -3.6]])
    assert theta_for_test(theta).tolist() == [[1, 0, 2, 0, 2, -4]]


@pytest.mark.parametrize("name", [pytest.param(f"sims_transform_{s}", marks=pytest.mark.slow) for s in (256, 512)])
def test_transformation(name: str) -> None:
    asked, stored = case(name)
    height = int(name.rsplit("_")[-1])
    block, masks, proposals = height // 32, [], []
    for number in range(len(stored["theta"])):
        mask = rule.seeded_blocks(f"input/{name}/mask{number}", height, 2 * height, height // 8, 2)[..., None]
        masks.append(mask.astype(np.float32))
        proposals.append(colours(name, f"proposal{number}", height) * np.roll(masks[-1], (block, -block), (0, 1)))
    mask, proposal = nchw(np.stack(masks)), nchw(np.stack(proposals))
    with torch.device("meta"):
        network = TransformNetwork()
    network = filled(network, asked)
    with torch.inference_mode():
        theta = network(proposal, mask, one_hot(name, height, block))
        theta = theta_for_test(theta) if name.endswith("512") else theta
        warped = warp(proposal, theta)
    step = height // 64
    assert (theta - stored["theta"]).abs().max() < 1e-6
    assert furthest(warped[..., step // 2 :: step, step // 2 :: step], stored["proposal_strided"]) < LOGITS
    merged = (warped * mask).sum(0, keepdim=True)
    assert furthest(merged[..., step // 2 :: step, step // 2 :: step], stored["merged_strided"]) < LOGITS


def order_input(name: str) -> Tensor:
    """The three pairs of a case; the other seven rows of the reference's batch are blank."""
    palette = label_space("street").palette.copy()
    palette[VOID] = 0
    layout = rule.seeded_blocks(f"input/{name}/layout", 256, 512, 16, CLASSES)
    coloured = palette[layout].astype(np.float32) / np.float32(255)
    kept = [rule.seeded_blocks(f"input/{name}/pair{number}", 256, 512, 64, 3)[..., None] > 0 for number in range(3)]
    return nchw(np.stack([np.concatenate((coloured * pair, coloured), 2) for pair in kept]))


@pytest.mark.parametrize("name", ["sims_order_small", pytest.param("sims_order", marks=pytest.mark.slow)])
def test_order(name: str) -> None:
    asked, stored = case(name)
    with torch.device("meta"):
        network = OrderNetwork(instead=INSTEAD if name.endswith("small") else {})
    network = filled(network, asked)
    with torch.inference_mode():
        logits = network(order_input(name))
    assert (logits - stored["logits"][:3]).abs().max() < LOGITS
    assert torch.equal(logits.argmax(1), stored["logits"][:3].argmax(1))


def test_the_order_drops_features_in_training_alone() -> None:
    torch.manual_seed(0)
    network, x = OrderNetwork(1 / 64), torch.rand(1, 6, 256, 512)
    with torch.no_grad():
        assert not torch.equal(network(x), network(x))
        network.eval()
        assert torch.equal(network(x), network(x))


def test_completion_keeps_what_is_given_and_fills_the_rest_with_classes() -> None:
    torch.manual_seed(0)
    network = CompletionNetwork(32, 1 / 64, CLASSES)
    with torch.no_grad():
        network.g_32_conv100.biases[VOID] = 1000  # the network would say void everywhere
    channels = torch.randint(0, CLASSES, (32, 64), dtype=torch.uint8)
    channels[:, 20:40] = VOID
    dense = complete(network, channels, VOID)
    given = channels != VOID
    assert dense.dtype == torch.uint8
    assert torch.equal(dense[given], channels[given])
    assert (dense[~given] < VOID).all()
    assert len(dense[~given].unique()) > 1


def test_published_sizes() -> None:
    config = {"family": "sims", "label_space": "street", "colour_order": "bgr", "memory": "bank", "bank": None}
    widths = {f"{part}_width": 1.0 for part in ("synthesis", "transform", "order", "completion")}
    for height, parameters in SYNTHESIS_PARAMETERS.items():
        with torch.device("meta"):
            networks: dict[str, nn.Module] = {"synthesis.": SynthesisNetwork(height), "transform.": TransformNetwork()}
            networks |= {"order.": OrderNetwork(), "completion.": CompletionNetwork(height)}
        shapes = {
            prefix + key: tuple(value.shape)
            for prefix, network in networks.items()
            for key, value in network.state_dict().items()
        }
        size = {"size": [height, 2 * height], "minimum_area": 1000}
        assert shapes == expected_shapes({**config, **widths, **size})
        counts = [sum(value.numel() for value in network.parameters()) for network in networks.values()]
        assert counts[:3] == [parameters, 14_734_086, 15_267_476]


SMALL = {
    "cascade": (lambda: CascadedRefinement(32, 1 / 64), (torch.rand(1, CLASSES, 32, 64),)),
    "synthesis": (lambda: SynthesisNetwork(64, 1 / 32), (torch.rand(1, CLASSES + 4, 64, 128),)),
    "transform": (
        lambda: TransformNetwork(1 / 32),
        (torch.rand(2, 3, 64, 128), torch.rand(2, 1, 64, 128), torch.rand(1, CLASSES, 64, 128)),
    ),
    "order": (lambda: OrderNetwork(1 / 64), (torch.rand(1, 6, 256, 512),)),
    "completion": (lambda: CompletionNetwork(32, 1 / 64), (torch.rand(1, CLASSES, 32, 64),)),
}


def outputs(network: nn.Module, given: tuple[Tensor, ...]) -> list[Tensor]:
    found = network(*given)
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize("name", list(SMALL))
def test_networks_learn_and_come_back_from_a_file(name: str, tmp_path: Path) -> None:
    make, given = SMALL[name]
    torch.manual_seed(1)
    network = make()
    if name == "transform":
        assert torch.equal(network(*given), torch.tensor([[1.0, 0, 0, 0, 1, 0]]).expand(2, 6))  # starts as the identity
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(2):  # the second step passes the transformation's first weights, which start at zero
        optimiser.zero_grad()
        sum((output - 0.3).square().sum() for output in outputs(network, given)).backward()
        optimiser.step()
    for key, weight in network.named_parameters():
        assert weight.grad is not None, key
        assert weight.grad.isfinite().all(), key
        assert weight.grad.abs().max() > 0, key
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    again = make()
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    with torch.no_grad():
        for found, wanted in zip(outputs(again.eval(), given), outputs(network.eval(), given), strict=True):
            assert torch.equal(found, wanted)


def test_synthesis_of_taller_pictures_has_a_tail() -> None:
    for height, half in ((512, 1), (1024, 2)):
        network = SynthesisNetwork(height, 1 / 64)
        picture, logits = network(torch.rand(1, CLASSES + 4, height // 4, height // 2))
        assert picture.shape == (1, 3, height // 4, height // 2)
        assert logits.shape == (1, CLASSES, height // 4 // half, height // 2 // half)
