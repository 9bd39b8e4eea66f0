"""Photorealistic smoothing: a stylised picture made to vary within the content's own edges.

Li, Liu, Li, Yang and Kautz, "A Closed-form Solution to Photorealistic Image Stylization" (2018), section 3.2,
equation 7: with the matting affinity W of the content, its row sums D and S = D^-1/2 W D^-1/2,

    V = (1 - beta) (1 - beta S)^-1 Y.

With V = D^1/2 u it is the positive definite system (D - beta W) u = (1 - beta) D^1/2 Y, whose condition is 1e4 at
most. It is solved by preconditioned conjugate gradients in float32, corrected until the float64 residual is small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sims.style.affinity import OFFSETS, affinity_strips, degrees
from sims.style.conjugate_gradients import conjugate_gradients
from sims.style.stencil import Stencil

Advance = Callable[[float], None]
Frame = Literal["added", "released"]
BETA = 0.9999
MARGIN = 2  # pixels around the picture that its smoothing has beside it
_CORRECTIONS, _ITERATIONS = 12, 2000
_REDUCTION = 1e-3  # of the error by float32 alone
_SAFETY = 1e-3  # the preconditioned residual may look so much smaller than the error


def smooth(stylised: np.ndarray, content: np.ndarray, advance: Advance = lambda done: None) -> np.ndarray:
    """`stylised` with the edges of `content`: RGB uint8 (H, W, 3).

    `stylised` is RGB uint8, or float in [0, 1]; `content` RGB uint8 of the same size. Both are continued by two pixels
    of their own borders, which are cut off again, so that the result has exactly their size. As in the released
    script the result is clipped and truncated. `advance(fraction)` is called in every iteration; what it raises ends
    the work. Raises `ValueError` where the two differ in size.
    """
    return (smoothed(stylised, content, advance).clip(0, 1) * 255).astype(np.uint8)


def smoothed(
    stylised: np.ndarray,
    content: np.ndarray,
    advance: Advance = lambda done: None,
    *,
    frame: Frame = "added",
    tolerance: float = 1e-4,
) -> np.ndarray:
    """What `smooth` clips: (H, W, 3) float64 in the units of [0, 1], nowhere `tolerance` off the direct solution.

    "released" does what the released script does: it cuts two pixels off the stylised picture, shrinks the content to
    what is left and continues both from there; its result is four pixels smaller each way.
    """
    if stylised.shape != content.shape:
        raise ValueError(f"The stylised picture is {stylised.shape} and the content {content.shape}; give one size.")
    if frame == "released":
        stylised = stylised[MARGIN:-MARGIN, MARGIN:-MARGIN]
        smaller = Image.fromarray(content).resize(stylised.shape[1::-1], Image.Resampling.BILINEAR)
        content = np.asarray(smaller)
    solution = solve(_framed(stylised), _framed(content), tolerance, advance)
    return solution[:, MARGIN:-MARGIN, MARGIN:-MARGIN].permute(1, 2, 0).numpy()


def solve(stylised: Tensor, content: Tensor, tolerance: float, advance: Advance) -> Tensor:
    """V, (3, H, W) float64, for Y = `stylised` and the affinity of `content`, both (3, H, W) float64 in [0, 1]."""
    _, height, width = content.shape
    degree = degrees(height, width).reshape(-1)
    root = degree.sqrt()
    system = _System(content, degree)
    solution = stylised.reshape(3, -1) / root
    right = (1 - BETA) * root * stylised.reshape(3, -1)
    for _ in range(_CORRECTIONS):
        correction, furthest = system.correction(right - system.times(solution), tolerance * _SAFETY, advance)
        solution += correction
        if furthest < tolerance * _SAFETY:
            break
    return (solution * root).view(3, height, width)


def _framed(picture: np.ndarray) -> Tensor:
    """(3, H + 4, W + 4) float64 in [0, 1] of (H, W, 3), its border repeated outwards."""
    scale = 255 if picture.dtype == np.uint8 else 1
    planes = torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float64)) / scale
    return torch.nn.functional.pad(planes[None], (MARGIN,) * 4, mode="replicate")[0]


class _System:
    """The matrix D - beta W of a content, and about its inverse."""

    def __init__(self, content: Tensor, degree: Tensor):
        self._content, self._degree = content, degree
        couplings = torch.zeros(len(OFFSETS), *content.shape[1:])
        for top, strip in affinity_strips(content):
            couplings[:, top : top + strip.shape[1]] -= BETA * strip
        couplings[0] += degree.view_as(couplings[0])
        self._single = Stencil(couplings[:, None, None], OFFSETS)
        self._diagonal = couplings[0].reshape(-1).clamp(min=1e-3)

    def times(self, vector: Tensor) -> Tensor:
        """The product with `vector` (3, H * W) float64; the affinities are made anew, to be exact and need no room."""
        width = self._content.shape[2]
        product = self._degree * vector
        for top, strip in affinity_strips(self._content):
            rows = slice(top * width, (top + strip.shape[1]) * width)
            part = Stencil(strip[:, None, None], OFFSETS).times(vector[None, :, rows])
            product[:, rows] -= BETA * part[0]
        return product

    def correction(self, residual: Tensor, enough: float, advance: Advance) -> tuple[Tensor, float]:
        """About the solution for `residual` (3, H * W) float64 on the right side, and how large it looked at first."""
        scale = float(residual.abs().max()) or 1.0
        estimates: list[float] = []

        def done(iteration: int, estimate: Tensor) -> bool:
            advance(0.0)
            estimates.append(float(estimate.abs().max()) * scale)
            return estimates[-1] < max(enough, _REDUCTION * estimates[0])

        right = (residual / scale).float()[None]
        found = conjugate_gradients(self._single.times, lambda r: r / self._diagonal, right, done, _ITERATIONS)
        return found[0].double() * scale, estimates[0]
