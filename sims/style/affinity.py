"""The matting affinity of a picture: how alike its pixels are in all 3x3 windows that they share.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting" (2008), equation 12, as the smoothing
step of Li et al., "A Closed-form Solution to Photorealistic Image Stylization" (2018), section 3.2, uses it. For a
window of nine pixels with mean colour m and covariance C,

    W_ij = sum over the windows that hold both i and j of 1/9 (1 + (I_i - m)' (C + e/9)^-1 (I_j - m)),

so that W reproduces, inside each window, whatever is an affine function of the colour.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

EPSILON = 1e-7
# Pixels that share a window are at most two apart; W is symmetric, so half of the offsets say it all.
OFFSETS = tuple((dy, dx) for dy in range(3) for dx in range(-2, 3) if (dy, dx) >= (0, 0))
_WINDOW = tuple((y, x) for y in range(3) for x in range(3))
_STRIP_PIXELS = 1 << 14  # of one strip all that is computed on the way stays in the cache


def affinity(content: Tensor, epsilon: float = EPSILON) -> Tensor:
    """The affinities (13, H, W) float64 of each pixel p with p + OFFSETS[o]; 0 where that is outside the picture.

    `content` is (3, H, W) uint8, or float64 in [0, 1], at least 3x3.
    """
    stencil = torch.zeros(len(OFFSETS), *content.shape[1:], dtype=torch.float64)
    for top, strip in affinity_strips(content, epsilon):
        stencil[:, top : top + strip.shape[1]] += strip
    return stencil


def affinity_strips(content: Tensor, epsilon: float = EPSILON) -> Iterator[tuple[int, Tensor]]:
    """The terms of `affinity`, strip by strip of the picture: (first row, (13, rows, W)); strips share two rows."""
    _, height, width = content.shape
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height - 2, rows):  # a window goes by the row of its upper pixels
        yield top, _of_windows(scaled(content[:, top : min(top + rows, height - 2) + 2]), epsilon)


def scaled(picture: Tensor) -> Tensor:
    """A picture in float64: uint8 to [0, 1], floats as they are."""
    return picture.double() / 255 if picture.dtype == torch.uint8 else picture.double()


def degrees(height: int, width: int) -> Tensor:
    """The number of 3x3 windows that hold each pixel, 1..9, (H, W) float64: what the affinities of a pixel sum to."""
    along = [
        torch.minimum(torch.minimum(place + 1, length - place), torch.tensor(3)).clamp(max=length - 2)
        for length, place in ((length, torch.arange(length)) for length in (height, width))
    ]
    return (along[0][:, None] * along[1]).double()


def _of_windows(content: Tensor, epsilon: float) -> Tensor:
    """What the windows of the strip `content` (3, h, w) add to its affinities, (13, h, w)."""
    height, width = content.shape[1] - 2, content.shape[2] - 2
    stencil = content.new_zeros(len(OFFSETS), height + 2, width + 2)
    white = _whitened(content, epsilon)
    for first, (y, x) in enumerate(_WINDOW):
        for second, (other_y, other_x) in list(enumerate(_WINDOW))[first:]:
            entry = (white[first] * white[second]).sum(0).add_(1 / 9)
            stencil[OFFSETS.index((other_y - y, other_x - x)), y : y + height, x : x + width] += entry
    return stencil


def _whitened(content: Tensor, epsilon: float) -> Tensor:
    """(9, 3, h - 2, w - 2): the colours q of each window with q_i . q_j = 1/9 (I_i - m)' (C + e/9)^-1 (I_j - m).

    With the Cholesky factor L of C + e/9 they are L^-1 (I - m) / 3. The factor stays exact where cofactors lose all
    digits: in pictures that are almost grey, or flat.
    """
    height, width = content.shape[1] - 2, content.shape[2] - 2
    colours = torch.stack([content[:, y : y + height, x : x + width] for y, x in _WINDOW])
    colours -= colours.mean(0)
    factor: dict[tuple[int, int], Tensor] = {}
    for row in range(3):
        for column in range(row + 1):
            entry = (colours[:, row] * colours[:, column]).mean(0)
            for before in range(column):
                entry -= factor[row, before] * factor[column, before]
            factor[row, column] = (entry + epsilon / 9).sqrt_() if row == column else entry / factor[column, column]
    for row in range(3):
        for before in range(row):
            colours[:, row] -= factor[row, before] * colours[:, before]
        colours[:, row] /= factor[row, row]
    return colours.div_(3)
