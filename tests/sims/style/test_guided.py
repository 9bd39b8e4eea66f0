"""The guided filter against OpenCV's results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sims.style.guided import Guide, box_mean, guided

GOLDENS = Path(__file__).parents[2] / "goldens" / "cips_pis"


@pytest.mark.parametrize("name", ["guided_64x64", "guided_128x96"])
def test_the_filter_is_the_released_one(name: str) -> None:
    stored = load_file(GOLDENS / name / "tensors.safetensors")
    content, stylised = stored["content"], stored["stylized"]
    for radius, epsilon in ((35, 0.001), (35, 0.01), (8, 0.001), (8, 650.25)):
        guide = Guide(content, radius, epsilon)
        found = np.stack([guide.filtered(stylised[..., channel]) for channel in range(3)], axis=-1)
        assert np.abs(found - stored[f"math_rgb:r{radius}_eps{epsilon}"]).max() < 2e-5
    told: list[float] = []
    difference = np.abs(guided(stylised, content, told.append).astype(int) - stored["cv_uint8_rgb:r35_eps0.001"])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 5e-3
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize("size", [(16, 16), (5, 90), (71, 33)])
def test_box_means_reflect_the_border_however_small_the_picture(size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random(size)
    padded = np.pad(values, 35, mode="symmetric")
    for row, column in ((0, 0), (size[0] // 2, size[1] // 3), (size[0] - 1, size[1] - 1)):
        window = padded[row : row + 71, column : column + 71]
        assert box_mean(values, 35)[row, column] == pytest.approx(window.mean(), rel=1e-12)


def test_flat_and_grey_guides_give_finite_results() -> None:
    stylised = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    flat = guided(stylised, np.full((40, 40, 3), 255, np.uint8))
    assert flat.std() < stylised.std() / 4  # nothing to be guided by: a mean
    grey = stylised[..., :1].repeat(3, axis=2)
    assert np.abs(guided(grey, grey).astype(int) - grey).max() <= 1
    with pytest.raises(ValueError, match="give one size"):
        guided(stylised, grey[1:])
