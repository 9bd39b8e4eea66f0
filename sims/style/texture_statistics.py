"""The joint statistics of complex wavelet coefficients by which a texture is described.

Portilla and Simoncelli, "A Parametric Texture Model Based on Joint Statistics of Complex Wavelet Coefficients", IJCV
40(1), 2000, section 2.2 and figure 10: marginal statistics, correlations of raw coefficients, of their magnitudes, and
of phases across scales. Colour pictures have three channels, whose coefficients are correlated jointly; for one channel
it is the model of the paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sims.style.steerable import SteerablePyramid, image_of, spectrum_of


@dataclass(frozen=True, eq=False)
class Marginals:
    """Mean, variance, skewness, kurtosis and range of each channel, (C,)."""

    mean: Tensor
    variance: Tensor
    skewness: Tensor
    kurtosis: Tensor
    lowest: Tensor
    highest: Tensor


@dataclass(frozen=True, eq=False)
class LowPass:
    """Of the low-pass images at one scale: autocorrelation (C, L, L), skewness and kurtosis (C,), covariance (C, C)."""

    autocorrelation: Tensor
    skewness: Tensor
    kurtosis: Tensor
    covariance: Tensor


@dataclass(frozen=True, eq=False)
class Bands:
    """Of the bands at one scale, n = C K of them; the last two are None at the coarsest scale, which has no parents.

    `mean` (n,), `autocorrelation` (n, L, L) and `covariance` (n, n) are of the magnitudes, `across` (n, n) of the
    magnitudes with those of the next coarser scale. `real` (n, n) is the covariance of the real parts, `phase`
    (n, 2n) that of the real parts with the real and imaginary parts of the next coarser scale, phases doubled.
    """

    mean: Tensor
    autocorrelation: Tensor
    covariance: Tensor
    real: Tensor
    across: Tensor | None
    phase: Tensor | None


@dataclass(frozen=True, eq=False)
class TextureStatistics:
    """What is kept of a texture; `bands` and `lows` go from fine to coarse, `high` (C, C) is a covariance.

    Means are taken off wherever a correlation is stated. The means of magnitudes follow from the other statistics of
    the paper and are not counted.
    """

    marginals: Marginals
    high: Tensor
    bands: tuple[Bands, ...]
    lows: tuple[LowPass, ...]

    def count(self) -> int:
        """How many independent numbers these are: 710 for one channel, 4 scales, 4 orientations and 7x7 neighbours."""
        channels, n = len(self.high), len(self.bands[0].mean)
        pairs, joint = channels * (channels - 1) // 2, n * (n - 1) // 2
        between = pairs * (n // channels) ** 2  # the real parts of different channels
        total = 6 * channels + channels + pairs
        total += sum((low.autocorrelation[0].numel() // 2 + 3) * channels + pairs for low in self.lows)
        for band in self.bands:
            total += (band.autocorrelation[0].numel() // 2 + 1) * n + joint + between
            total += sum(part.numel() for part in (band.across, band.phase) if part is not None)
        return total


def neighbours(size: tuple[int, int], scales: int, neighbourhood: int) -> tuple[int, ...]:
    """How far the autocorrelations reach at every scale, the low-pass residual last.

    That is half of the (odd) `neighbourhood`, and less where the image is too small to have as many distinct lags.
    """
    return tuple(min(neighbourhood // 2, ((min(size) >> scale) - 1) // 2) for scale in range(scales + 1))


def measure(images: Tensor, pyramid: SteerablePyramid, reach: tuple[int, ...]) -> TextureStatistics:
    """The statistics of float images (C, H, W), periodic, of the pyramid's size; `reach` is as of `neighbours`."""
    parts = pyramid.decompose(images)
    flat = images.flatten(1)
    marginals = Marginals(flat.mean(1), flat.var(1, correction=0), *shape(flat), flat.amin(1), flat.amax(1))
    bands, lows = [], []
    inner = spectrum_of(parts.low)
    lows.append(_low_pass(parts.low, reach[-1]))
    for scale in reversed(range(pyramid.scales)):
        band = parts.bands[scale]
        parents = pyramid.finer(scale + 1, parts.bands[scale + 1][0]) if scale + 1 < pyramid.scales else None
        bands.append(_bands(band, parents, reach[scale]))
        inner = pyramid.merge(scale, band[0], inner)
        lows.append(_low_pass(image_of(inner, pyramid.sizes[scale]), reach[scale]))
    return TextureStatistics(marginals, covariance(parts.high.flatten(1)), tuple(bands[::-1]), tuple(lows[::-1]))


def _low_pass(images: Tensor, reach: int) -> LowPass:
    centred = images - images.mean(dim=(-2, -1), keepdim=True)
    flat = centred.flatten(1)
    return LowPass(autocorrelation(spectrum_of(centred), images.shape[-1], reach), *shape(flat), covariance(flat))


def _bands(band: Tensor, parents: Tensor | None, reach: int) -> Bands:
    real = band[0].flatten(0, 1).flatten(1)
    magnitude = magnitudes(band)
    mean = magnitude.mean(1)
    magnitude = magnitude - mean[:, None]
    spectrum = spectrum_of(magnitude.unflatten(1, band.shape[-2:]))
    return Bands(
        mean=mean,
        autocorrelation=autocorrelation(spectrum, band.shape[-1], reach),
        covariance=covariance(magnitude),
        real=covariance(real),
        across=None if parents is None else covariance(magnitude, centred(magnitudes(parents))),
        phase=None if parents is None else covariance(real, phase_doubled(parents)),
    )


def magnitudes(band: Tensor) -> Tensor:
    """The magnitudes (C K, pixels) of bands (2, C, K, h, w)."""
    return torch.hypot(band[0], band[1]).flatten(0, 1).flatten(1)


def phase_doubled(band: Tensor) -> Tensor:
    """Real, then imaginary parts (2 C K, pixels) of bands (2, C, K, h, w) with doubled phases and their magnitudes."""
    real, imaginary = (part.flatten(0, 1).flatten(1) for part in band)
    magnitude = torch.hypot(real, imaginary).clamp(min=1e-12)
    return torch.cat((real * real - imaginary * imaginary, 2 * real * imaginary)) / magnitude.repeat(2, 1)


def centred(values: Tensor) -> Tensor:
    """Values (n, pixels) less the mean of each row."""
    return values - values.mean(dim=1, keepdim=True)


def covariance(values: Tensor, others: Tensor | None = None) -> Tensor:
    """The mean products (n, m) of the rows of centred values (n, pixels), with each other or with `others`."""
    return values @ (values if others is None else others).T / values.shape[1]


def shape(values: Tensor) -> tuple[Tensor, Tensor]:
    """Skewness and kurtosis of each row; those of a normal distribution where a row is constant."""
    offset = centred(values)
    variance = offset.square().mean(1)
    flat = variance <= 1e-12
    scaled = offset / variance.clamp(min=1e-12).sqrt()[:, None]
    cube = scaled * scaled * scaled
    return (
        cube.mean(1).masked_fill(flat, 0.0),
        (cube * scaled).mean(1).masked_fill(flat, 3.0),
    )


def autocorrelation(spectrum: Tensor, width: int, reach: int) -> Tensor:
    """The autocorrelations, (n, L, L) for lags up to `reach`, of images with a half spectrum (n, h, w)."""
    power = spectrum.real.square() + spectrum.imag.square()
    power[..., 1 : (width + 1) // 2] *= 2  # stands for its mirror image too
    cos_y, sin_y = _waves(spectrum.shape[-2], spectrum.shape[-2], reach, power)
    cos_x, sin_x = _waves(width, spectrum.shape[-1], reach, power)
    return cos_y @ (power @ cos_x.T) - sin_y @ (power @ sin_x.T)


def response(taps: Tensor, size: tuple[int, int]) -> Tensor:
    """The half frequency response (n, h, w // 2 + 1) of point-symmetric filters (n, L, L) on images of `size`."""
    reach = taps.shape[-1] // 2
    cos_y, sin_y = _waves(size[0], size[0], reach, taps)
    cos_x, sin_x = _waves(size[1], size[1] // 2 + 1, reach, taps)
    return cos_y.T @ (taps @ cos_x) - sin_y.T @ (taps @ sin_x)


def _waves(length: int, frequencies: int, reach: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines (L, frequencies) of the lags -reach..reach on a circle of `length` pixels."""
    lags = torch.arange(-reach, reach + 1, dtype=torch.float64)[:, None]
    phase = lags * torch.arange(frequencies, dtype=torch.float64) * (2 * math.pi / length)
    return phase.cos().to(like), phase.sin().to(like)
