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

STRIP_PIXELS = 2**16  # about as many pixels of the picture make one strip


class Pool(NamedTuple):
    """Where the maxima of a pooling were: `positions` (B, C, H // 2, W // 2) uint8, row by row 0..3 in each 2x2 window.

    `size` is (H, W) of the map that was pooled.
    """

    positions: Tensor
    size: tuple[int, int]


def strips(rows: Tensor, pixels: int = STRIP_PIXELS) -> Iterator[Tensor]:
    """(B, C, H, W) cut into strips of about as many pixels."""
    height = max(1, pixels // rows.shape[3])
    yield from rows.split(height, dim=2)


def convolved(given: Iterable[Tensor], layer: nn.Module, height: int, rectified: bool = True) -> Iterator[Tensor]:
    """A 3x3 convolution of a map of `height` rows whose borders are reflected, and its ReLU."""
    window, first, seen = None, True, 0
    for strip in given:
        seen += strip.shape[2]
        window = strip if window is None else torch.cat((window, strip), 2)
        last = seen == height
        if first and window.shape[2] < 2:
            continue
        found = layer(F.pad(window, (1, 1, int(first), int(last)), mode="reflect"))
        window, first = window[:, :, -2:].clone(), False
        yield F.relu_(found) if rectified else found


def pooled(given: Iterable[Tensor], pool: Pool) -> Iterator[Tensor]:
    """The maxima of 2x2 windows; their positions are written into `pool`. An odd last row or column is dropped."""
    left: Tensor | None = None
    done = 0
    for strip in given:
        window = strip if left is None else torch.cat((left, strip), 2)
        rows = window.shape[2] // 2
        left = window[:, :, 2 * rows :].clone()
        if rows:
            found, indices = F.max_pool2d(window[:, :, : 2 * rows], 2, return_indices=True)
            width = window.shape[3]
            row, column = torch.div(indices, width, rounding_mode="floor"), indices % width
            pool.positions[:, :, done : done + rows] = (row % 2 * 2 + column % 2).to(torch.uint8)
            done += rows
            yield found


def unpooled(given: Iterable[Tensor], pool: Pool) -> Iterator[Tensor]:
    """Every value where its maximum was, and zeros elsewhere, in a map of the size that was pooled."""
    height, width = pool.size
    done = 0
    for strip in given:
        rows = strip.shape[2]
        positions = pool.positions[:, :, done : done + rows]
        done += rows
        odd = height - 2 * done if done == height // 2 else 0
        found = strip.new_zeros((*strip.shape[:2], 2 * rows + odd, width))
        for corner in range(4):
            row, column = divmod(corner, 2)
            found[:, :, row : 2 * rows : 2, column : width // 2 * 2 : 2] = strip * (positions == corner)
        yield found


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
            shape = (*strip.shape[:2], height, strip.shape[3])
            whole = strip.new_empty(shape).contiguous(memory_format=torch.channels_last)
        whole[:, :, done : done + strip.shape[2]] = strip
        done += strip.shape[2]
    return whole
