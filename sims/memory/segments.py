"""The segments of a layout: the connected areas of every class, as the memory stores and seeks them.

Qi et al., "Semi-parametric Image Synthesis" (2018), as in the released component scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from skimage.measure import label as connected_components


class Box(NamedTuple):
    """Rows top..bottom - 1 and columns left..right - 1 of a map."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The box as an index of a map."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, eq=False)
class Segment:
    """One connected area of a class.

    `mask` (H, W) bool are its pixels and `area` their number; `box` is their bounding box. `whole` (H, W) bool are
    they and the thin structures, inside the box, that stand before them. `page` is its number among the segments of
    its class in this layout, from 1, and from 2 for thin classes, as the released scripts count.
    """

    channel: int
    page: int
    mask: np.ndarray
    whole: np.ndarray
    area: int
    box: Box


def segments_of(channels: np.ndarray, classes: int, thin: tuple[int, ...] = (), minimum_area: int = 0) -> list[Segment]:
    """All of `each_segment`."""
    return list(each_segment(channels, classes, thin, minimum_area))


def each_segment(
    channels: np.ndarray, classes: int, thin: tuple[int, ...] = (), minimum_area: int = 0
) -> Iterator[Segment]:
    """The segments of `channels` (H, W) uint8 in channels 0..classes - 1 with more than `minimum_area` pixels.

    They come by channel, then by page. Pixels are connected along sides and corners, and, in a class that is not thin,
    through the `thin` channels; an area of which thin structures make up half or more is no segment. Pages count the
    segments below the area limit too.
    """
    present = np.flatnonzero(np.bincount(channels.ravel(), minlength=256)[:classes])
    # Pages number the areas column by column, so all is scanned transposed.
    transposed = np.ascontiguousarray(channels.T)
    is_thin = np.isin(np.arange(256), thin)[transposed]
    for channel in present.tolist():
        yield from _of_channel(transposed == channel, is_thin, channel, channel in thin, minimum_area)


def boxes_of(areas: np.ndarray) -> np.ndarray:
    """The bounding boxes (top, left, bottom, right) of the areas that `areas` (H, W), integers from 0, numbers: (N, 4).

    N is one more than the largest number; the box of a number that does not occur is empty, and so is that of 0, which
    is no area.
    """
    height, width = areas.shape
    rows, columns = np.nonzero(areas)
    numbers = areas[rows, columns]
    boxes = np.zeros((int(numbers.max(initial=0)) + 1, 4), np.int64)
    boxes[numbers] = height, width, 0, 0
    np.minimum.at(boxes[:, 0], numbers, rows)
    np.minimum.at(boxes[:, 1], numbers, columns)
    np.maximum.at(boxes[:, 2], numbers, rows + 1)
    np.maximum.at(boxes[:, 3], numbers, columns + 1)
    return boxes


def _of_channel(
    own: np.ndarray, is_thin: np.ndarray, channel: int, channel_is_thin: bool, minimum_area: int
) -> Iterator[Segment]:
    """The segments of a class whose pixels are `own`; all maps are transposed, (W, H)."""
    areas = connected_components(own if channel_is_thin else own | is_thin, connectivity=2)
    count = int(areas.max()) + 1
    own_areas = np.where(own, areas, 0)
    own_pixels = np.bincount(own_areas.ravel(), minlength=count)
    own_pixels[0] = 0
    thin_pixels = np.zeros(count, int) if channel_is_thin else np.bincount(areas[is_thin], minlength=count)
    boxes = boxes_of(own_areas)
    pages = np.flatnonzero(own_pixels > thin_pixels)
    for page, number in enumerate(pages.tolist(), start=2 if channel_is_thin else 1):
        if own_pixels[number] > minimum_area:
            left, top, right, bottom = boxes[number].tolist()
            box = Box(top, left, bottom, right)
            inside = areas[left:right, top:bottom] == number
            mask, whole = np.zeros((2, *own.T.shape), bool)
            whole[box.slices] = inside.T
            mask[box.slices] = (inside & own[left:right, top:bottom]).T
            yield Segment(channel, page, mask, whole, int(own_pixels[number]), box)
