"""The post filter against the reference's results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from sims.generator import Cancelled
from sims.style.local_affine import affine_maps, bilateral, filtered, local_affine

GOLDENS = Path(__file__).parents[2] / "goldens" / "cips_pis"


@pytest.mark.parametrize("name", ["smooth_64x64", "smooth_128x96"])
def test_the_filter_is_the_released_one(name: str) -> None:
    stored = load_file(GOLDENS / name / "tensors.safetensors")
    picture, content = stored["out_uint8"], stored["post_content"]
    told: list[float] = []
    assert np.abs(filtered(picture, content, told.append) - stored["post_float"]).max() < 2e-5
    assert told == sorted(told)
    assert told[-1] == 1
    eight_bits = local_affine(picture, content)
    assert eight_bits.dtype == np.uint8
    difference = np.abs(eight_bits.astype(int) - stored["post_uint8"])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3
    maps = affine_maps(planes(picture), planes(content))
    assert np.abs(stacked(maps)[::8, ::8] - stored["post_affine"]).max() < 5e-4
    averaged = torch.cat([strip for _, strip in bilateral(maps, planes(content))], dim=1)
    assert np.abs(stacked(averaged)[::8, ::8] - stored["post_affine_smooth"]).max() < 1e-4  # its products are float


@pytest.mark.parametrize("size", [(2, 2), (16, 16), (7, 33), (41, 18)])
def test_the_average_is_the_one_written_out(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    values, content = rng.random((2, *size)), rng.random((3, *size)) * 0.4
    rows, columns = (place.ravel() for place in np.indices(size))
    apart = (rows[:, None] - rows) ** 2, (columns[:, None] - columns) ** 2
    colours = content.reshape(3, -1)
    unlike = ((colours[:, :, None] - colours[:, None]) ** 2).mean(0)
    weights = np.exp(-(apart[0] + apart[1]) / 50 - unlike / 0.02) * (apart[0] <= 225) * (apart[1] <= 225)
    wanted = (weights @ values.reshape(2, -1).T / weights.sum(1, keepdims=True)).T.reshape(values.shape)
    strips = bilateral(torch.from_numpy(values).float(), torch.from_numpy(content).float())
    found = torch.cat([strip for _, strip in strips], dim=1)
    np.testing.assert_allclose(found.numpy(), wanted, atol=2e-6)


@pytest.mark.parametrize("level", [0, 255])
def test_flat_pictures_stay(level: int) -> None:
    content = np.full((20, 25, 3), level, np.uint8)
    picture = np.full((20, 25, 3), 77, np.uint8)
    assert np.abs(filtered(picture, content, lambda done: None) - 77 / 255).max() < 1e-5


def test_it_may_be_ended_and_refuses_two_sizes() -> None:
    def cancel(done: float) -> None:
        raise Cancelled

    picture = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(Cancelled):
        local_affine(picture, picture, cancel)
    with pytest.raises(ValueError, match="give one size"):
        local_affine(picture, picture[1:])


def planes(picture: np.ndarray) -> torch.Tensor:
    """(3, H, W) in [0, 1]."""
    return torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float32)) / 255


def stacked(maps: torch.Tensor) -> np.ndarray:
    """(H, W, 3, 4) of (12, H, W): as the reference keeps the maps."""
    return torch.cat((maps[:9].unflatten(0, (3, 3)), maps[9:, None]), dim=1).permute(2, 3, 0, 1).numpy()
