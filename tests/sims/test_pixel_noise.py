"""Noise is normal, and belongs to its pixel."""

from __future__ import annotations

import math

import pytest
import torch
from small_cips import places
from torch import Tensor

from sims.grid import Grid
from sims.pixel_noise import pixel_noise

SIDE = 512


def square(seed: int, layer: int = 0) -> Tensor:
    """(SIDE, SIDE)."""
    return pixel_noise(seed, layer, *places(Grid(SIDE, SIDE))).unflatten(0, (SIDE, SIDE))


@pytest.mark.parametrize(("seed", "layer"), [(0, 0), (1, 0), (2**32 - 1, 21)])
def test_it_is_standard_normal(seed: int, layer: int) -> None:
    values = square(seed, layer).double()
    count = values.numel()
    assert values.dtype == torch.float64
    assert values.mean().abs() < 4 / math.sqrt(count)
    assert (values.var() - 1).abs() < 4 * math.sqrt(2 / count)
    assert values.pow(3).mean().abs() < 4 * math.sqrt(15 / count)
    assert (values.pow(4).mean() - 3).abs() < 4 * math.sqrt(96 / count)
    ordered = values.flatten().sort().values
    expected = (torch.arange(count, dtype=torch.double) + 0.5) / count
    normal = 0.5 * (1 + torch.erf(ordered / math.sqrt(2)))
    assert (normal - expected).abs().max() < 2 / math.sqrt(count)  # Kolmogorov and Smirnov, far beyond 1 %


@pytest.mark.parametrize("step", [(0, 1), (1, 0), (1, 1), (1, -1), (0, 256), (8, 8)])
def test_neighbours_have_nothing_to_do_with_each_other(step: tuple[int, int]) -> None:
    values = square(3)
    assert (values * values.roll(step, (0, 1))).mean().abs() < 4 / SIDE
    assert (values.square() * values.roll(step, (0, 1)).square()).mean() - 1 < 12 / SIDE


def test_seeds_and_layers_have_noise_of_their_own() -> None:
    first = square(5)
    others = [square(6), square(5, 1), square(2**32 - 1), square(0), square(4, 1)]
    for other in others:
        assert (first * other).mean().abs() < 4 / SIDE
        assert (first == other).double().mean() < 1e-3
    assert torch.equal(first, square(5))


def test_it_is_the_same_in_every_chunk_patch_and_window() -> None:
    whole = square(7, 2)
    rows, columns = places(Grid(SIDE, SIDE))
    parts = [pixel_noise(7, 2, *pair) for pair in zip(rows.split(1000), columns.split(1000), strict=True)]
    assert torch.equal(torch.cat(parts).unflatten(0, (SIDE, SIDE)), whole)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    assert torch.equal(pixel_noise(7, 2, rows[order], columns[order]), whole.flatten()[order])
    patch = Grid(SIDE, SIDE).patch(20, 9, 31, 5)
    found = pixel_noise(7, 2, *patch.pixels(*places(patch))).unflatten(0, (20, 20))
    assert torch.equal(found, whole[5 : 5 + 180 : 9, 31 : 31 + 180 : 9])
    window = Grid(128, 64, window=(0.5, 0.25, 0.125, 0.25))
    found = pixel_noise(7, 2, *window.pixels(*places(window))).unflatten(0, (128, 64))
    assert torch.equal(found, whole[128:256, 256:320])
