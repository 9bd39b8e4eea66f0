"""A convolutional network run from top to bottom of a picture, a strip of rows at a time.

Every layer takes and gives an iterator of strips (B, C, rows, W) and keeps of a strip only the rows that the next one
needs, so that no layer's map ever exists as a whole and nothing is computed twice. A picture given as one strip is the
ordinary, differentiable way to run the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Pool(NamedTuple):
    """Where the maxima of a pooling were: `positions` (B, C, H // 2, W // 2) uint8, row by row 0..3 in each 2x2 window.

    `size` is (H, W) of the map that was pooled.
    """

    positions: Tensor
    size: tuple[int, int]


def strips(whole: Tensor, pixels: int) -> Iterator[Tensor]:
    """A map (B, C, H, W) cut into strips of at most as many pixels, or of one row."""
    yield from whole.split(max(1, pixels // whole.shape[3]), dim=2)


def convolved(given: Iterable[Tensor], layer: nn.Module, height: int, rectified: bool = True) -> Iterator[Tensor]:
    """A 3x3 convolution of a map of `height` rows whose borders are reflected, and its ReLU."""
    kept: Tensor | None = None  # the last rows so far, of which the next strip needs two
    seen = 0
    for strip in given:
        above, seen = 0 if kept is None else kept.shape[2], seen + strip.shape[2]
        if seen < 2:  # reflection at the top needs the second row
            kept = strip
            continue
        window = _padded(kept, strip, top=above < 2, bottom=seen == height)
        kept = window[:, :, -2:, 1:-1].clone()
        found = layer(window)
        yield F.relu_(found) if rectified else found


def _padded(kept: Tensor | None, strip: Tensor, top: bool, bottom: bool) -> Tensor:
    """The strip under the rows `kept`, reflected at both sides, and at the picture's top and bottom if it is there."""
    if kept is None:
        return F.pad(strip, (1, 1, int(top), int(bottom)), mode="reflect")
    above, rows = top + kept.shape[2], strip.shape[2]
    window = _empty(strip, above + rows + bottom, strip.shape[3] + 2)
    window[:, :, top:above, 1:-1] = kept
    window[:, :, above : above + rows, 1:-1] = strip
    window[..., 0], window[..., -1] = window[..., 2], window[..., -3]
    if top:
        window[:, :, 0] = window[:, :, 2]
    if bottom:
        window[:, :, -1] = window[:, :, -3]
    return window


def pooled(given: Iterable[Tensor], pool: Pool) -> Iterator[Tensor]:
    """The maxima of 2x2 windows; their positions are written into `pool`. An odd last row or column is dropped."""
    left: Tensor | None = None
    done, width = 0, pool.size[1]
    for strip in given:
        window = strip if left is None or not left.numel() else torch.cat((left, strip), 2)
        rows = window.shape[2] // 2
        left = window[:, :, 2 * rows :].clone()
        if rows:
            found, indices = F.max_pool2d(window[:, :, : 2 * rows], 2, return_indices=True)
            down, across = (torch.arange(sides, device=strip.device) for sides in found.shape[2:])
            beyond = indices - (2 * width * down[:, None] + 2 * across)  # 0, 1, width or width + 1
            pool.positions[:, :, done : done + rows] = torch.where(beyond >= width, beyond - width + 2, beyond)
            done += rows
            yield found


def unpooled(given: Iterable[Tensor], pool: Pool) -> Iterator[Tensor]:
    """Every value where its maximum was, and zeros elsewhere, in a map of the size that was pooled."""
    height, width = pool.size
    done = 0
    for strip in given:
        rows, even = strip.shape[2], width // 2 * 2
        positions = pool.positions[:, :, done : done + rows]
        done += rows
        odd = height % 2 if done == height // 2 else 0
        found = _empty(strip, 2 * rows + odd, width)
        found[:, :, 2 * rows :], found[..., even:] = 0, 0
        for corner in range(4):
            row, column = divmod(corner, 2)
            place, here = found[:, :, row : 2 * rows : 2, column:even:2], positions == corner
            if strip.requires_grad:
                place.copy_(strip * here)
            else:
                torch.mul(strip, here, out=place)  # one pass fewer, which no gradient can follow
        yield found


def _empty(like: Tensor, height: int, width: int) -> Tensor:
    shape = (*like.shape[:2], height, width)
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)


def watched(given: Iterable[Tensor], look: Callable[[Tensor], None]) -> Iterator[Tensor]:
    """The same strips, each shown to `look` on its way."""
    for strip in given:
        look(strip)
        yield strip


def reported(given: Iterable[Tensor], height: int, report: Callable[[float], None]) -> Iterator[Tensor]:
    """The same strips; `report` is told which share of `height` rows is through when the next one is asked for."""
    done = 0
    for strip in given:
        yield strip
        done += strip.shape[2]
        report(done / height)


def gathered(given: Iterable[Tensor], height: int) -> Tensor:
    """The strips as one map of `height` rows (B, C, height, W)."""
    done, whole = 0, torch.empty(())
    for strip in given:
        if not done:
            whole = _empty(strip, height, strip.shape[3])
        whole[:, :, done : done + strip.shape[2]] = strip
        done += strip.shape[2]
    return whole
