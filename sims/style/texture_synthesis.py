"""One round of projections on all statistics of a texture, from coarse to fine.

Portilla and Simoncelli, "A Parametric Texture Model Based on Joint Statistics of Complex Wavelet Coefficients", IJCV
40(1), 2000, figure 10.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sims.style.steerable import SteerablePyramid, image_of, spectrum_of
from sims.style.texture_projection import with_autocorrelation, with_covariance, with_cross_covariance, with_shape
from sims.style.texture_statistics import Bands, LowPass, TextureStatistics, centred, magnitudes, phase_doubled


def project(images: Tensor, pyramid: SteerablePyramid, wanted: TextureStatistics) -> Tensor:
    """Images (C, H, W) closer to the statistics `wanted`."""
    parts = pyramid.decompose(images)
    low = _low_pass(parts.low, wanted.lows[-1])
    inner = spectrum_of(low)
    parents: Tensor | None = None
    for scale in reversed(range(pyramid.scales)):
        real = _bands(parts.bands[scale], parents, wanted.bands[scale])
        low = image_of(pyramid.merge(scale, real, inner), pyramid.sizes[scale])
        inner = spectrum_of(_low_pass(low, wanted.lows[scale]))
        parents = pyramid.finer(scale, real) if scale else None
    high = with_covariance(parts.high.flatten(1), wanted.high).reshape(parts.high.shape)
    return _marginals(pyramid.finish(high, inner), wanted)


def _low_pass(images: Tensor, wanted: LowPass) -> Tensor:
    flat = with_covariance(centred(images.flatten(1)), wanted.covariance)
    filtered = with_autocorrelation(flat.reshape(images.shape), wanted.autocorrelation)
    return with_shape(filtered.flatten(1), wanted.skewness, wanted.kurtosis).reshape(images.shape)


def _bands(band: Tensor, parents: Tensor | None, wanted: Bands) -> Tensor:
    """The adjusted real parts (C, K, h, w) of bands (2, C, K, h, w) whose parents at this scale are adjusted."""
    before = magnitudes(band)
    offset = centred(before)
    if parents is None or wanted.across is None:
        offset = with_covariance(offset, wanted.covariance)
    else:
        offset = with_cross_covariance(offset, wanted.covariance, centred(magnitudes(parents)), wanted.across)
    offset = with_autocorrelation(offset.unflatten(1, band.shape[-2:]), wanted.autocorrelation).flatten(1)
    after = (offset + wanted.mean[:, None]).clamp(min=0)
    real = band[0].flatten(0, 1).flatten(1) * (after / before.clamp(min=1e-12))
    if parents is None or wanted.phase is None:
        real = with_covariance(real, wanted.real)
    else:
        real = with_cross_covariance(real, wanted.real, phase_doubled(parents), wanted.phase)
    return real.reshape(band.shape[1:])


def _marginals(images: Tensor, wanted: TextureStatistics) -> Tensor:
    known = wanted.marginals
    flat = centred(images.flatten(1))
    flat = with_covariance(flat, torch.diag(known.variance))
    flat = with_shape(flat, known.skewness, known.kurtosis) + known.mean[:, None]
    return torch.clamp(flat, known.lowest[:, None], known.highest[:, None]).reshape(images.shape)
