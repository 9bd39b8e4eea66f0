"""The recipe of PhotoWCT: one encoder, targets that are known, weights that load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_world import ticking, world

from sims.generator import StyleRequest
from sims.load import load
from sims.segmentation import load_segmenter
from sims.style.photo_wct import LEVELS, PhotoWct
from sims.training.__main__ import build
from sims.training.loop import train
from sims.training.photo_wct import (
    PHOTOGRAPHS,
    RESPONSE,
    photograph_tensor,
    recoloured,
    restyled,
    with_colours,
    with_encoder,
)
from sims.world import BUILTIN
from zoo.files import read_weights

SEGMENTER = BUILTIN.parent / "segmenter-world"
PICTURES = [photograph_tensor(name)[None, :, :160, :160].float() / 255 for name in ("astronaut", "chelsea")]


@pytest.fixture(scope="module")
def network() -> PhotoWct:
    return with_encoder(PhotoWct(0.25), load_segmenter(SEGMENTER).trunk, [picture * 2 - 1 for picture in PICTURES])


def test_all_encoders_are_the_beginnings_of_one(network: PhotoWct) -> None:
    own = {id(parameter) for name, parameter in network.named_parameters() if name.startswith("e")}
    assert len(own) == 2 * 10  # ten layers, each with weight and bias
    tensors = network.state_dict()
    assert len(tensors) == 80
    for level in LEVELS[1:]:
        for name in (key.partition(".")[2] for key in tensors if key.startswith(f"e{level}.")):
            assert torch.equal(tensors[f"e{level}.{name}"], tensors[f"e4.{name}"])


def test_responses_are_the_trunks_scaled_to_one_mean(network: PhotoWct) -> None:
    features = torch.cat([network.encode(1, picture)[0].detach() for picture in PICTURES])
    assert features.mean((0, 2, 3)).sub(RESPONSE).abs().max() < 0.1 * RESPONSE  # but for the borders
    trunk = load_segmenter(SEGMENTER).trunk(PICTURES[0] * 2 - 1, ["conv1_1"])[0].detach()
    inside = (slice(None), slice(None), slice(1, -1), slice(1, -1))  # borders are padded differently
    scale = features[:1].sum((0, 2, 3)) / trunk.sum((0, 2, 3))
    close = features[:1][inside] / (trunk * scale[:, None, None])[inside].clamp(min=1e-6)
    assert (close[trunk[inside] > 0.1] - 1).abs().median() < 0.05


def test_restyled_features_have_the_statistics_of_the_target() -> None:
    rng = torch.Generator().manual_seed(1)
    features, target = torch.randn(2, 4, 40, 40, generator=rng) * 50, torch.randn(2, 4, 30, 30, generator=rng) * 9 + 3
    found = restyled(features, target)
    for one, other in zip(found, target, strict=True):
        assert (one.mean((1, 2)) - other.mean((1, 2))).abs().max() < 1e-3
        assert (torch.cov(one.flatten(1)) - torch.cov(other.flatten(1))).abs().max() < 0.1  # but for the identity


def test_with_colours_gives_means_and_covariances() -> None:
    rng = torch.Generator().manual_seed(2)
    picture = torch.rand(1, 3, 50, 50, generator=rng)
    other = 0.4 + 0.2 * torch.rand(1, 3, 50, 50, generator=rng)
    found = with_colours(picture, other)
    assert (found.mean((2, 3)) - other.mean((2, 3))).abs().max() < 1e-3
    assert (torch.cov(found[0].flatten(1)) - torch.cov(other[0].flatten(1))).abs().max() < 1e-3


def test_recolouring_keeps_the_structure() -> None:
    pictures = torch.cat(PICTURES)
    found = recoloured(pictures, np.random.default_rng(1))
    assert found.shape == pictures.shape
    assert 0 <= found.min() <= found.max() <= 1
    assert (found - pictures).abs().mean() > 0.02
    for before, after in zip(pictures, found, strict=True):
        both = torch.corrcoef(torch.stack((before.mean(0).flatten(), after.mean(0).flatten())))
        assert both[0, 1] > 0.7


def test_every_photograph_is_at_hand() -> None:
    assert all(
        photograph_tensor(name).shape[0] == 3 and min(photograph_tensor(name).shape[1:]) > 160 for name in PHOTOGRAPHS
    )


@pytest.mark.slow
def test_it_trains_ships_loads_and_goes_on(tmp_path: Path) -> None:
    data, out = world(tmp_path / "world"), tmp_path / "runs"
    name = "photo-wct-world"
    train(build(name, data, out, torch.device("cpu")), 0.1, out, seed=1, clock=ticking())
    assert "| reconstruction_4 |" in (out / name / "card.md").read_text()
    picture = (PICTURES[0][0] * 255).byte().permute(1, 2, 0).numpy()
    made = load(out / name).generate(StyleRequest(picture, picture[::-1].copy(), options={"smoothing": "off"}))
    assert made.image.shape == picture.shape
    again = build(name, data, out, torch.device("cpu"))
    again.adopt(out / name)
    shipped = read_weights(out / name)
    assert all(torch.equal(value.half(), shipped[key]) for key, value in again.network.state_dict().items())  # type: ignore[attr-defined]
