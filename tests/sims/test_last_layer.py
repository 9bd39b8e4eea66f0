"""A last layer is solved exactly where it can be, and has no weights where nothing speaks for any."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sims.training.last_layer import LastLayer


def padded(channels: int, seed: int) -> torch.Tensor:
    maps = torch.randn(2, channels, 20, 24, generator=torch.Generator().manual_seed(seed))
    return F.pad(maps, (1, 1, 1, 1), mode="reflect")


@pytest.mark.parametrize("halved", [False, True])
@torch.no_grad()
def test_it_finds_the_layer_that_made_the_targets(halved: bool) -> None:
    """Also while everything around it is computed in half precision, as trainings are."""
    true, layer = nn.Conv2d(4, 3, 3), nn.Conv2d(4, 3, 3)
    fit = LastLayer(layer)
    for seed in (1, 2):
        maps = padded(4, seed)
        target = true(maps)
        with torch.autocast("cpu", torch.bfloat16, enabled=halved):
            layer(maps)
            fit.add(target)
    fit.solve(ridge=1e-9)
    assert true.bias is not None
    assert layer.bias is not None
    assert (layer.weight - true.weight).abs().max() < 1e-4
    assert (layer.bias - true.bias).abs().max() < 1e-4


@torch.no_grad()
def test_silent_channels_get_no_weights() -> None:
    layer = nn.Conv2d(4, 3, 3)
    fit, maps = LastLayer(layer), padded(4, 3)
    maps[:, 2:] = 0
    layer(maps)
    fit.add(maps[:, :3, 1:-1, 1:-1])
    fit.solve()
    assert layer.weight[:, 2:].abs().max() < 1e-6
    assert (layer(maps) - maps[:, :3, 1:-1, 1:-1]).abs().max() < 1e-2


@torch.no_grad()
def test_it_listens_no_longer_than_until_it_is_solved() -> None:
    layer = nn.Conv2d(4, 3, 3)
    fit, maps = LastLayer(layer), padded(4, 4)
    fit.add(layer(maps) * 0)
    fit.solve()
    layer(maps)
    assert not fit._seen
