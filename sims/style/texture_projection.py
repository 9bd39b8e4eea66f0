"""Adjustments of coefficients to given statistics, each the least change, or close to it, that attains them.

Portilla and Simoncelli, "A Parametric Texture Model Based on Joint Statistics of Complex Wavelet Coefficients", IJCV
40(1), 2000, section 3 and appendix A: projections along the gradients of the statistics, in closed form.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from sims.style.steerable import image_of
from sims.style.texture_statistics import autocorrelation, covariance, response, spectrum_of

_TINY = 1e-12


def with_covariance(values: Tensor, wanted: Tensor) -> Tensor:
    """Centred values (n, pixels) mapped linearly to the covariance `wanted` (n, n), moved as little as can be."""
    return _matrix(_nearest_map(_small(covariance(values)), _small(wanted)), values) @ values


def with_cross_covariance(values: Tensor, wanted: Tensor, parents: Tensor, across: Tensor) -> Tensor:
    """Centred values (n, pixels) with the covariance `wanted` (n, n), and `across` (n, m) with centred `parents`.

    What the parents predict is replaced, and the remainder mapped to the covariance that is left for it.
    """
    within = _small(covariance(parents))
    within += np.eye(len(within)) * (np.trace(within) / len(within) * 1e-6 + _TINY)
    before, after = (np.linalg.solve(within, _small(part).T).T for part in (covariance(values, parents), across))
    rest = values - _matrix(before, values) @ parents
    left = _small(wanted) - after @ within @ after.T
    moved = _matrix(_nearest_map(_small(covariance(rest)), left), values) @ rest
    return moved + _matrix(after, values) @ parents


def _nearest_map(have: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The linear map between two covariances that moves values least: A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2.

    What is not positive in `wanted` cannot be attained and counts as none.
    """
    values, vectors = np.linalg.eigh(have)
    roots = np.sqrt(np.maximum(values, values[-1] * 1e-8 + _TINY))
    root, inverse = (vectors * roots) @ vectors.T, (vectors / roots) @ vectors.T
    inner_values, inner_vectors = np.linalg.eigh(root @ wanted @ root)
    inner = (inner_vectors * np.sqrt(np.maximum(inner_values, 0))) @ inner_vectors.T
    return inverse @ inner @ inverse


def with_autocorrelation(images: Tensor, wanted: Tensor) -> Tensor:
    """Centred images (n, h, w), each filtered to the autocorrelation `wanted` (n, L, L) at the central lags.

    The filter lies along the gradients: it is symmetric and has L x L taps in the power spectrum, where the
    equations are linear.
    """
    reach, size = wanted.shape[-1] // 2, (images.shape[-2], images.shape[-1])
    spectrum = spectrum_of(images)
    have = autocorrelation(spectrum, size[1], 2 * reach)
    taps = torch.from_numpy(_power_filters(_small(have), _small(wanted), reach)).to(images)
    gain = response(taps, size).clamp(0, 25).sqrt()
    return image_of(spectrum * gain, size)


def _power_filters(have: np.ndarray, wanted: np.ndarray, reach: int) -> np.ndarray:
    """The taps (n, L, L) of a symmetric filter that turns autocorrelations at twice the lags into the wanted ones."""
    side = 2 * reach + 1
    y, x = (part.ravel()[: side * side // 2 + 1] for part in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    row, column = y[:, None], x[:, None]
    middle = 2 * reach
    system = have[:, middle + row - y, middle + column - x] + have[:, middle + row + y, middle + column + x]
    system[:, :, -1] /= 2  # the lag 0 stands alone
    scale = have[:, middle, middle] + _TINY
    system = system / scale[:, None, None]
    system[:, range(len(y)), range(len(y))] += 1e-6
    found = np.linalg.solve(system, (wanted[:, y + reach, x + reach] / scale[:, None])[..., None])[..., 0]
    taps = np.empty((len(have), side * side))
    taps[:, : len(y)], taps[:, len(y) - 1 :] = found, found[:, ::-1]
    return taps.reshape(-1, side, side)


def with_shape(values: Tensor, skewness: Tensor, kurtosis: Tensor) -> Tensor:
    """Values (n, pixels) with the skewness, then the kurtosis wanted of each row, as near as can be."""
    rows = [
        _with_moment(_with_moment(row, 3, float(skew)), 4, float(kurt))
        for row, skew, kurt in zip(values, skewness, kurtosis, strict=True)
    ]
    return torch.stack(rows)


def _with_moment(values: Tensor, order: int, wanted: float) -> Tensor:
    """Values (pixels,) whose standardised moment of `order` is `wanted`, mean and variance kept.

    It moves along the gradient of the moment, no farther than to where the moment turns.
    """
    mean = values.mean()
    offset = values - mean
    deviation = offset.square().mean().sqrt()
    if float(deviation) <= 1e-6:
        return values
    x = offset / deviation
    power = x * x if order == 3 else x * x * x
    gradient = power - power.mean() - (power * x).mean() * x
    step = _step(x, gradient, order, wanted)
    moved = x + step * gradient
    return moved * (deviation / moved.square().mean().sqrt()) + mean


def _step(x: Tensor, gradient: Tensor, order: int, wanted: float) -> float:
    """How far to go from x along the gradient for the standardised moment `wanted`, or to the nearest turn."""
    products = [x**power * gradient ** (order - power) for power in range(order + 1)]  # of the step's powers, falling
    moment = np.array([math.comb(order, power) * float(part.mean()) for power, part in enumerate(products)])
    variance = np.array([float(gradient.square().mean()), 2 * float((x * gradient).mean()), float(x.square().mean())])
    numerator, denominator = moment.tolist(), variance.tolist()

    def value(step: float) -> float:
        return _polynomial(numerator, step) / _polynomial(denominator, step) ** (order / 2)

    rising = wanted > value(0.0)
    slope = np.polysub(np.polymul(np.polyder(moment), variance), order / 2 * np.polymul(moment, np.polyder(variance)))
    turns = np.roots(slope)
    turns = turns[np.abs(turns.imag) < 1e-9 * (1 + np.abs(turns.real))].real
    ahead = [float(turn) for turn in turns if (turn > 0) == rising and abs(turn) > 1e-9]
    near, far = 0.0, min(ahead, key=abs) if ahead else (1e3 if rising else -1e3)
    if (value(far) > wanted) != rising:
        return far
    for _ in range(40):
        middle = (near + far) / 2
        near, far = (near, middle) if (value(middle) > wanted) == rising else (middle, far)
    return near


def _polynomial(coefficients: list[float], at: float) -> float:
    """Its value, the highest power first; a few numbers are faster without arrays."""
    total = 0.0
    for coefficient in coefficients:
        total = total * at + coefficient
    return total


def _small(matrix: Tensor) -> np.ndarray:
    """A small matrix in double precision, for linear algebra that would not gain by the device."""
    return matrix.double().cpu().numpy()


def _matrix(matrix: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(matrix).to(like)
