"""The context of a segment: the layout in its box, enlarged by a quarter.

Qi et al., "Semi-parametric Image Synthesis" (2018). Whether the 25 % are per side or in total the paper
does not say; here they are in total, an eighth of the height or width on each side.
"""

from __future__ import annotations

import numpy as np


def context_boxes(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes (..., 4) of top, left, bottom and right, enlarged to whole pixels and clipped to a map of `size`."""
    top, left, bottom, right = np.moveaxis(boxes.astype(np.int64), -1, 0)
    heights, widths = bottom - top, right - left
    low = (8 * top - heights) // 8, (8 * left - widths) // 8
    high = -((-8 * bottom - heights) // 8), -((-8 * right - widths) // 8)
    return np.stack([low[0].clip(0), low[1].clip(0), high[0].clip(None, size[0]), high[1].clip(None, size[1])], axis=-1)


class BoxCounts:
    """How many pixels of a map (H, W) bool lie in any box."""

    def __init__(self, pixels: np.ndarray) -> None:
        self._sums = np.zeros((pixels.shape[0] + 1, pixels.shape[1] + 1), np.int32)
        np.cumsum(np.cumsum(pixels, axis=0, dtype=np.int32), axis=1, out=self._sums[1:, 1:])

    def inside(self, boxes: np.ndarray) -> np.ndarray:
        """The counts, (...) int32, of boxes (..., 4) inside the map; empty ones count nothing."""
        top, left, bottom, right = np.moveaxis(boxes, -1, 0)
        bottom, right = np.maximum(top, bottom), np.maximum(left, right)
        sums = self._sums
        return sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
