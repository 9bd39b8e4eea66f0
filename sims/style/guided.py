"""The guided filter: smoothing in linear time, by an affine model of the guide's colours in every square window.

He, Sun and Tang, "Guided Image Filtering" (2010), section 3.4. With the mean m and covariance C of the guide I in a
window, the picture p is modelled there by a . I + b, where a = (C + epsilon)^-1 cov(I, p) and b = mean(p) - a . m; a
pixel takes the mean of the models of all windows that hold it. It is what the code released with Li et al., "A
Closed-form Solution to Photorealistic Image Stylization" (2018), has as the fast step in place of the closed form; its
radius and epsilon are the defaults.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RADIUS = 35
EPSILON = 0.001  # in squared units of 0..255: next to nothing
_PAIRS = ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))


def guided(
    stylised: np.ndarray, content: np.ndarray, advance: Callable[[float], None] = lambda done: None
) -> np.ndarray:
    """`stylised` filtered with the guide `content`, both RGB uint8 (H, W, 3) of one size: the same, rounded.

    `advance(fraction)` is called after every channel. Raises `ValueError` where the sizes differ.
    """
    if stylised.shape != content.shape:
        raise ValueError(f"The stylised picture is {stylised.shape} and the content {content.shape}; give one size.")
    guide = Guide(content, RADIUS, EPSILON)
    rounded = np.empty_like(stylised)
    for channel in range(3):
        advance(channel / 3)
        rounded[..., channel] = np.rint(guide.filtered(stylised[..., channel])).clip(0, 255)
    advance(1.0)
    return rounded


class Guide:
    """A guide, RGB uint8 (H, W, 3), with its windows of `radius` pixels around each; borders are reflected."""

    def __init__(self, content: np.ndarray, radius: int, epsilon: float):
        self._radius = radius
        self._planes = [content[..., channel].astype(np.float64) for channel in range(3)]
        self._means = [box_mean(plane, radius) for plane in self._planes]
        self._factor: dict[tuple[int, int], np.ndarray] = {}  # Cholesky: cofactors would lose all digits of greys
        for row, column in _PAIRS:
            entry = self._covariance(self._planes[column], self._means[column], row)
            for before in range(column):
                entry -= self._factor[row, before] * self._factor[column, before]
            same = row == column
            self._factor[row, column] = np.sqrt(entry + epsilon) if same else entry / self._factor[column, column]

    def filtered(self, picture: np.ndarray) -> np.ndarray:
        """One channel (H, W) in 0..255, filtered: (H, W) float64, not clipped."""
        plane = picture.astype(np.float64)
        mean = box_mean(plane, self._radius)
        slopes = [self._covariance(plane, mean, channel) for channel in range(3)]
        for row in range(3):
            for before in range(row):
                slopes[row] -= self._factor[row, before] * slopes[before]
            slopes[row] /= self._factor[row, row]
        for row in (2, 1, 0):
            for after in range(row + 1, 3):
                slopes[row] -= self._factor[after, row] * slopes[after]
            slopes[row] /= self._factor[row, row]
        for slope, own in zip(slopes, self._means, strict=True):
            mean -= slope * own
        result = box_mean(mean, self._radius)
        for slope, own in zip(slopes, self._planes, strict=True):
            result += box_mean(slope, self._radius) * own
        return result

    def _covariance(self, plane: np.ndarray, mean: np.ndarray, channel: int) -> np.ndarray:
        """That of `plane`, whose mean is `mean`, with a channel of the guide."""
        product = box_mean(plane * self._planes[channel], self._radius)
        product -= mean * self._means[channel]
        return product


def box_mean(values: np.ndarray, radius: int) -> np.ndarray:
    """The mean of `values` (H, W) float64 over the square of 2 `radius` + 1 pixels around each, reflected outside."""
    for axis in (0, 1):
        around = [(0, 0), (0, 0)]
        around[axis] = (radius + 1, radius)
        sums = np.pad(values, around, mode="symmetric").cumsum(axis)
        size = 2 * radius + 1
        upper, lower = (sums[size:], sums[:-size]) if axis == 0 else (sums[:, size:], sums[:, :-size])
        values = (upper - lower) / size
    return values
