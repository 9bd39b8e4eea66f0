"""The steerable pyramid: perfect reconstruction, a tight frame, analytic bands that steer."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sims.style.steerable import Decomposition, SteerablePyramid, spectrum_of

SIZES = [(64, 64, 4, 4), (112, 80, 4, 4), (48, 72, 3, 3), (96, 64, 2, 6), (64, 32, 1, 2)]


def noise(height: int, width: int, channels: int = 2) -> Tensor:
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(height + width))


def rebuilt(pyramid: SteerablePyramid, parts: Decomposition) -> Tensor:
    return pyramid.rebuild(parts.high, [band[0] for band in parts.bands], parts.low)


@pytest.mark.parametrize(("height", "width", "scales", "orientations"), SIZES)
def test_reconstructs(height: int, width: int, scales: int, orientations: int) -> None:
    pyramid, images = SteerablePyramid(height, width, scales, orientations), noise(height, width)
    parts = pyramid.decompose(images)
    assert [band.shape for band in parts.bands] == [
        (2, 2, orientations, height >> scale, width >> scale) for scale in range(scales)
    ]
    assert parts.low.shape == (2, height >> scales, width >> scales)
    assert (rebuilt(pyramid, parts) - images).norm() < 1e-6 * images.norm()


@pytest.mark.parametrize(("height", "width", "scales", "orientations"), SIZES)
def test_is_a_tight_frame(height: int, width: int, scales: int, orientations: int) -> None:
    images = noise(height, width)
    parts = SteerablePyramid(height, width, scales, orientations).decompose(images)
    energy = parts.high.square().mean((1, 2)) + parts.low.square().mean((1, 2))
    energy += sum(band[0].square().mean((2, 3)).sum(1) for band in parts.bands)
    torch.testing.assert_close(energy, images.square().mean((1, 2)), rtol=1e-5, atol=0)


def test_bands_are_analytic() -> None:
    for band in SteerablePyramid(64, 96, 3, 4).decompose(noise(64, 96)).bands:
        real, imaginary = band
        torch.testing.assert_close(real.square().mean((2, 3)), imaginary.square().mean((2, 3)), rtol=1e-4, atol=0)
        assert ((real * imaginary).mean((2, 3)).abs() < 1e-6).all()


def test_a_wave_is_found_at_its_scale_and_orientation_with_a_steady_magnitude() -> None:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    for orientation, (down, across) in ((0, (0, 8)), (1, (6, 6)), (2, (8, 0)), (3, (6, -6))):  # waves over the image
        image = torch.cos((down * y + across * x) * (2 * math.pi / 64))[None]
        bands = SteerablePyramid(64, 64, 3, 4).decompose(image).bands
        energies = torch.stack([band[0].square().mean((2, 3))[0] for band in bands])
        assert divmod(int(energies.argmax()), 4) == (1, orientation)
        magnitude = torch.hypot(*bands[1][:, 0, orientation])
        assert magnitude.std() < 1e-5 * magnitude.mean()


def test_finer_bands_pass_through_the_coarser_ones() -> None:
    pyramid = SteerablePyramid(96, 64, 3, 4)
    band = pyramid.decompose(noise(96, 64)).bands[2]
    torch.testing.assert_close(pyramid.finer(2, band[0])[..., ::2, ::2], band, rtol=0, atol=1e-6)


def test_merging_goes_up_to_the_image() -> None:
    pyramid, images = SteerablePyramid(64, 64, 2, 4), noise(64, 64)
    parts = pyramid.decompose(images)
    inner = pyramid.merge(1, parts.bands[1][0], spectrum_of(parts.low))
    images_again = pyramid.finish(parts.high, pyramid.merge(0, parts.bands[0][0], inner))
    assert inner.shape == (2, 32, 17)
    torch.testing.assert_close(images_again, images, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("height", "width", "scales", "orientations", "sentence"),
    [
        (72, 64, 4, 4, "Images are 64x72; 4 scales need sides of 32, 48, ..."),
        (16, 64, 4, 4, "Images are 64x16; 4 scales need sides of 32, 48, ..."),
        (64, 64, 4, 1, "A pyramid of 4 scales and 1 orientations; give at least 1 and 2."),
    ],
)
def test_refuses(height: int, width: int, scales: int, orientations: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^" + sentence.replace("...", r"\.\.\.") + "$"):
        SteerablePyramid(height, width, scales, orientations)
