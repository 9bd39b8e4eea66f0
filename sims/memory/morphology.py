"""Outlines and dilation of masks as the released SIMS scripts have them from MATLAB."""

from __future__ import annotations

import numpy as np

from sims.memory.segments import Box


def outline(mask: np.ndarray) -> np.ndarray:
    """The outline of `mask` (H, W) bool: (H, W) bool, one pixel wide, on the right or lower side of each step.

    It is the Sobel edge with threshold 0, thinned: a pixel is kept where the gradient along its stronger axis is no
    smaller than that of the pixel before and larger than that of the pixel after. Beyond the border the mask goes on
    as at the border, so the border itself is no edge.
    """
    height, width = mask.shape
    padded = np.empty((height + 2, width + 2), np.int8)  # np.pad takes longer than all the rest
    padded[1:-1, 1:-1] = mask
    padded[0, 1:-1], padded[-1, 1:-1] = mask[0], mask[-1]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    smooth_down = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    smooth_across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    across = np.abs(smooth_down[:, 2:] - smooth_down[:, :-2])
    down = np.abs(smooth_across[2:] - smooth_across[:-2])
    strength = np.zeros((height + 2, width + 2), np.int8)
    strength[1:-1, 1:-1] = across * across + down * down  # at most 32
    here = strength[1:-1, 1:-1]
    peak_across = (strength[1:-1, :-2] <= here) & (here > strength[1:-1, 2:])
    peak_down = (strength[:-2, 1:-1] <= here) & (here > strength[2:, 1:-1])
    kept: np.ndarray = (peak_across & (across >= down)) | (peak_down & (down >= across))
    return kept


def dilate(mask: np.ndarray, square: int) -> np.ndarray:
    """`mask` (H, W) bool dilated by a square of `square` pixels a side, at least 1: (H, W) bool.

    A square of an even side reaches one pixel further down and right than up and left.
    """
    height, width = mask.shape
    before = square // 2
    dilated = np.zeros((height + square - 1, width + square - 1), bool)
    dilated[before : before + height, before : before + width] = mask
    for axis in (0, 1):
        dilated = _any_in_window(dilated, square, axis)
    return dilated


def _any_in_window(mask: np.ndarray, window: int, axis: int) -> np.ndarray:
    """Whether any of `window` pixels from each one on along `axis` is set; the axis gets window - 1 pixels shorter."""
    mask = mask if axis == 0 else mask.T
    reached = 1
    while 2 * reached <= window:
        mask = mask[:-reached] | mask[reached:]
        reached *= 2
    if rest := window - reached:
        mask = mask[:-rest] | mask[rest:]
    return mask if axis == 0 else mask.T


def grown(box: Box, pixels: int, size: tuple[int, int]) -> Box:
    """`box` with `pixels` more on each side, as far as a map of (height, width) `size` goes."""
    height, width = size
    return Box(
        max(box.top - pixels, 0),
        max(box.left - pixels, 0),
        min(box.bottom + pixels, height),
        min(box.right + pixels, width),
    )


def box_of(mask: np.ndarray) -> Box | None:
    """The bounding box of `mask` (H, W) bool; None where it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
