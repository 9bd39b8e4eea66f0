"""The statistics of textures: their number, known values of white noise, and the adjustments to each of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from sims.style.steerable import SteerablePyramid, spectrum_of
from sims.style.texture_projection import (
    with_autocorrelation,
    with_covariance,
    with_cross_covariance,
    with_shape,
)
from sims.style.texture_statistics import TextureStatistics, autocorrelation, covariance, measure, neighbours, shape


def noise(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed))


def statistics(images: Tensor, scales: int = 4, orientations: int = 4, neighbourhood: int = 7) -> TextureStatistics:
    size = (images.shape[1], images.shape[2])
    return measure(images, SteerablePyramid(*size, scales, orientations), neighbours(size, scales, neighbourhood))


def smooth(*size: int, seed: int = 0) -> Tensor:
    """Skewed, correlated rows of mean 0."""
    x = noise(*size, seed=seed)
    x = x + 0.8 * x.roll(1, -1) + 0.5 * x.roll(2, -1)
    x = x + 0.1 * x.square()
    return x - x.mean(-1, keepdim=True)


@pytest.mark.parametrize(
    ("scales", "orientations", "neighbourhood", "count"),
    [(4, 4, 7, 710), (4, 4, 9, 1046), (3, 4, 7, 529), (4, 6, 7, 1126)],
)
def test_there_are_as_many_as_in_the_paper(scales: int, orientations: int, neighbourhood: int, count: int) -> None:
    lags, bands = (neighbourhood**2 + 1) // 2, scales * orientations
    pairs = scales * orientations * (orientations - 1) // 2
    paper = 6 + 2 * (scales + 1) + 1 + (scales + 1) * lags  # marginals and raw coefficients
    paper += bands * lags + pairs + 3 * orientations**2 * (scales - 1)  # magnitudes and phases
    assert statistics(noise(1, 256, 256), scales, orientations, neighbourhood).count() == count == paper


def test_three_channels_are_described_jointly() -> None:
    one, three = statistics(noise(1, 128, 128)), statistics(noise(3, 128, 128))
    assert three.count() > 3 * one.count()
    assert three.bands[0].covariance.shape == (12, 12)
    assert three.bands[0].phase is not None
    assert three.bands[0].phase.shape == (12, 24)
    assert three.bands[3].phase is None


def test_white_noise_has_the_known_values() -> None:
    found = statistics(noise(1, 512, 512), scales=3)
    known = {"mean": 0, "variance": 1, "skewness": 0, "kurtosis": 3}
    for name, value in known.items():
        assert float(getattr(found.marginals, name)) == pytest.approx(value, abs=0.03)
    for band in found.bands[:2]:
        deviation = band.real.diagonal().sqrt()
        # The magnitude of a normal analytic signal has Rayleigh's distribution.
        torch.testing.assert_close(band.mean, deviation * math.sqrt(math.pi / 2), rtol=0.02, atol=0)
        torch.testing.assert_close(band.covariance.diagonal(), deviation**2 * (2 - math.pi / 2), rtol=0.06, atol=0)
        assert band.phase is not None
        assert (band.phase.abs() < 0.05 * deviation.square().mean()).all()
    pyramid = SteerablePyramid(512, 512, 3)
    power = float((pyramid.high_filter**2)[:, 1:-1].mean())
    assert float(found.high) == pytest.approx(power, rel=0.02)


def test_autocorrelation_is_that_of_shifted_images() -> None:
    images = noise(2, 12, 10)
    found = autocorrelation(spectrum_of(images), 10, 2)
    for y in range(-2, 3):
        for x in range(-2, 3):
            expected = (images * images.roll((-y, -x), (1, 2))).mean((1, 2))
            torch.testing.assert_close(found[:, y + 2, x + 2], expected, rtol=1e-4, atol=1e-6)


def test_skewness_and_kurtosis_are_the_standardised_moments() -> None:
    values = noise(2, 1000).exp()
    scaled = (values - values.mean(1, keepdim=True)) / values.std(1, correction=0, keepdim=True)
    torch.testing.assert_close(shape(values)[0], (scaled**3).mean(1), rtol=1e-4, atol=0)
    torch.testing.assert_close(shape(values)[1], (scaled**4).mean(1), rtol=1e-4, atol=0)
    assert [float(part) for part in shape(torch.ones(1, 10))] == [0, 3]


def test_neighbourhoods_shrink_with_the_image() -> None:
    assert neighbours((256, 256), 4, 7) == (3, 3, 3, 3, 3)
    assert neighbours((64, 256), 4, 9) == (4, 4, 4, 3, 1)


def test_covariances_are_attained_by_the_least_change() -> None:
    values, parents = smooth(4, 5000), smooth(6, 5000, seed=1)
    target = smooth(4, 5000, seed=2) + 0.3 * smooth(4, 5000, seed=3).roll(1, 0) + 0.4 * parents[:4]
    wanted, across = covariance(target), covariance(target, parents)
    moved = with_covariance(values, wanted)
    torch.testing.assert_close(covariance(moved), wanted, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(with_covariance(values, covariance(values)), values, rtol=1e-3, atol=1e-3)
    turned = torch.linalg.qr(noise(4, 4)).Q  # any other map to it goes through a rotation, and farther
    root = torch.linalg.cholesky(wanted) @ turned @ torch.linalg.inv(torch.linalg.cholesky(covariance(values)))
    assert (moved - values).norm() < (root @ values - values).norm()
    joint = with_cross_covariance(values, wanted, parents, across)
    torch.testing.assert_close(covariance(joint), wanted, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(covariance(joint, parents), across, rtol=1e-3, atol=1e-3)


def test_autocorrelations_are_attained_by_a_filter() -> None:
    images = noise(2, 32, 48)
    filtered = images + 0.4 * images.roll(1, 2) + 0.3 * images.roll((1, 1), (1, 2))
    wanted = autocorrelation(spectrum_of(filtered), 48, 3)
    found = with_autocorrelation(noise(2, 32, 48, seed=5), wanted)
    error = autocorrelation(spectrum_of(found), 48, 3) - wanted
    assert error.norm() < 0.02 * wanted.norm()


@pytest.mark.parametrize(("skewness", "kurtosis"), [(0.0, 3.0), (0.7, 3.6), (-0.3, 2.7)])
def test_skewness_and_kurtosis_are_attained(skewness: float, kurtosis: float) -> None:
    values = 5 + 2 * noise(1, 20000)
    found = with_shape(values, torch.tensor([skewness]), torch.tensor([kurtosis]))
    assert float(found.mean()) == pytest.approx(float(values.mean()), abs=1e-3)
    assert float(found.var()) == pytest.approx(float(values.var()), rel=1e-3)
    assert float(shape(found)[0]) == pytest.approx(skewness, abs=0.08)  # the kurtosis comes after it
    assert float(shape(found)[1]) == pytest.approx(kurtosis, abs=1e-3)


def test_what_is_constant_stays_as_it_is() -> None:
    values = torch.full((1, 50), 0.25)
    assert torch.equal(with_shape(values, torch.tensor([1.0]), torch.tensor([5.0])), values)
    assert np.isfinite(with_covariance(values - 0.25, torch.eye(1)).numpy()).all()
