"""The last filter of photorealistic stylisation: local affine maps of the content's colours, averaged along its edges.

From the released code of Luan, Paris, Shechtman and Bala, "Deep Photo Style Transfer" (2017), which that of Li et al.,
"A Closed-form Solution to Photorealistic Image Stylization" (2018), takes over. Around each pixel the picture is
fitted by an affine map of the content's colour; the twelve coefficients are averaged by a joint bilateral filter whose
range is the content's colour; and the averaged map is applied to the content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

RIDGE = 1e-3  # on the squared slopes of the sum over a 3x3 window
RADIUS = 15
SPATIAL_SIGMA = RADIUS / 3
RANGE_SIGMA = 0.1  # of the root mean square of the three channels' differences
_TILE = 8  # a side; all pixels of a tile share one neighbourhood, of which their own are 2/3
_NEIGHBOURHOOD = _TILE + 2 * RADIUS
_TILES = 8  # at once, so that their weights stay in the cache
_FAR = 1e4  # an exponent of what lies outside the picture
_FIT_PIXELS = 1 << 15  # at once


def local_affine(
    picture: np.ndarray, content: np.ndarray, advance: Callable[[float], None] = lambda done: None
) -> np.ndarray:
    """`picture` filtered along `content`, both RGB uint8 (H, W, 3) of one size: the same, clipped and truncated.

    `advance(fraction)` is called every few rows; what it raises ends the work. Raises `ValueError` where the sizes
    differ.
    """
    return (filtered(picture, content, advance).clip(0, 1) * 255).astype(np.uint8)


def filtered(picture: np.ndarray, content: np.ndarray, advance: Callable[[float], None]) -> np.ndarray:
    """What `local_affine` clips: (H, W, 3) float32 in the units of [0, 1]."""
    if picture.shape != content.shape:
        raise ValueError(f"The picture is {picture.shape} and the content {content.shape}; give one size.")
    colours = torch.from_numpy(content.transpose(2, 0, 1).astype(np.float32)) / 255
    maps = affine_maps(torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float32)) / 255, colours)
    result = torch.empty(content.shape)
    height = content.shape[0]
    for top, averaged in bilateral(maps, colours):
        rows = slice(top, top + averaged.shape[1])
        slopes, constant = averaged[:9].unflatten(0, (3, 3)), averaged[9:]
        result[rows] = ((slopes * colours[:, rows]).sum(1) + constant).permute(1, 2, 0)
        advance(rows.stop / height)
    return result.numpy()


def affine_maps(picture: Tensor, content: Tensor) -> Tensor:
    """The best affine map from `content` to `picture`, both (3, H, W) in [0, 1], in the 3x3 window of each pixel.

    The result is (12, H, W) float32: the slopes, three for each channel of the picture, then the three constants.
    Windows are cut off at the borders. With the ridge, which leaves the constant alone, the fit has a solution
    everywhere.
    """
    _, height, width = content.shape
    maps = torch.empty(12, height, width)
    strip = max(1, _FIT_PIXELS // width)
    for top in range(0, height, strip):
        bottom = min(top + strip, height)
        first, last = max(top - 1, 0), min(bottom + 1, height)
        fit = _fit(picture[:, first:last].double(), content[:, first:last].double())
        maps[:, top:bottom] = fit[:, top - first : bottom - first]
    return maps


def _fit(picture: Tensor, content: Tensor) -> Tensor:
    """`affine_maps` of a strip, whose first and last rows are wrong unless they are those of the picture."""
    count = _window_sums(torch.ones_like(content[:1]))
    means, goals = _window_sums(content) / count, _window_sums(picture) / count
    ridge = RIDGE * torch.eye(3, dtype=content.dtype)[..., None, None]
    within = _window_sums((content[:, None] * content).flatten(0, 1)).unflatten(0, (3, 3))
    within = within - count * means[:, None] * means + ridge
    across = _window_sums((content[:, None] * picture).flatten(0, 1)).unflatten(0, (3, 3))
    across = across - count * means[:, None] * goals
    cofactors = torch.stack(
        [torch.linalg.cross(within[(row + 1) % 3], within[(row + 2) % 3], dim=0) for row in range(3)]
    )
    determinant = (cofactors[0] * within[0]).sum(0)
    slopes = torch.einsum("ijhw,jchw->cihw", cofactors, across) / determinant
    constant = goals - (slopes * means).sum(1)
    return torch.cat((slopes.flatten(0, 1), constant))


def _window_sums(values: Tensor) -> Tensor:
    """The sums of (C, h, w) over the 3x3 window of each cell, as far as the array goes."""
    padded = F.pad(values, (1, 1, 1, 1))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]


def bilateral(values: Tensor, content: Tensor) -> Iterator[tuple[int, Tensor]]:
    """`values` (C, H, W) float32 averaged over 31x31 pixels, as near and as alike in `content` (3, H, W) as they are.

    Yields the result in strips: (first row, (C, rows, W)). The weights of a tile's pixels are one matrix: their
    exponents and the weighted sums are matrix products, and an exponential per weight is most of the work.
    """
    count, height, width = values.shape
    down, right = -height % _TILE, -width % _TILE
    around = (RADIUS, RADIUS + right, RADIUS, RADIUS + down)
    scaled = (content - 0.5) * (1 / (RANGE_SIGMA * 3**0.5))  # so that weights are exp(-|difference|^2 / 2)
    half = scaled.square().sum(0, keepdim=True) / 2
    outside = F.pad(half, around, value=_FAR)
    averaged = torch.cat((values, torch.ones_like(half)))
    padded = torch.cat((F.pad(averaged, around), F.pad(scaled, around), outside))
    spatial = _spatial()
    for top in range(0, height, _TILE):
        strip = padded[:, top : top + _NEIGHBOURHOOD]
        tiles = strip.unfold(2, _NEIGHBOURHOOD, _TILE)  # (C + 5, 38, tiles, 38)
        sums = torch.cat([_weighted(part, spatial, count + 1) for part in tiles.split(_TILES, dim=2)], dim=2)
        sums = sums.flatten(2)[:, : height - top, :width]
        yield top, sums[:count] / sums[count:]


def _weighted(neighbourhoods: Tensor, spatial: Tensor, count: int) -> Tensor:
    """The weighted sums (count, 8, tiles, 8) in tiles of what is around them, (count + 4, 38, tiles, 38)."""
    tiles = neighbourhoods.shape[2]
    around = neighbourhoods.permute(2, 0, 1, 3).contiguous()
    inside = around[:, count:, RADIUS:-RADIUS, RADIUS:-RADIUS].flatten(2)  # (tiles, 4, 64)
    around = around.flatten(2)  # (tiles, count + 4, 1444)
    own = torch.cat((-inside[:, 3:], inside[:, :3], -torch.ones_like(inside[:, 3:])), dim=1)
    exponents = torch.bmm(own.transpose(1, 2), around[:, count - 1 :]).add_(spatial)
    sums = torch.bmm(around[:, :count], exponents.exp_().transpose(1, 2))
    return sums.view(tiles, count, _TILE, _TILE).permute(1, 2, 0, 3)


def _spatial() -> Tensor:
    """The exponents (64, 1444) of how near a tile's pixels are to those around it; -inf beyond the window."""
    inside, around = torch.arange(_TILE) + RADIUS, torch.arange(_NEIGHBOURHOOD)
    squared = (inside[:, None] - around).square().float()
    exponents = -squared / (2 * SPATIAL_SIGMA**2)
    exponents[squared > RADIUS**2] = -torch.inf
    return (exponents[:, None, :, None] + exponents[None, :, None, :]).reshape(_TILE**2, -1)
