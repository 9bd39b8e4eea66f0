"""What is cut out of a canvas near the borders of its segments, so that the network fills it: sizes, shares, bands.

Qi et al., "Semi-parametric Image Synthesis" (2018), and its released scripts, which differ in the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from skimage.measure import label as connected_components

from sims.memory.context import BoxCounts
from sims.memory.morphology import dilate, grown, outline
from sims.memory.rules import Roles
from sims.memory.segments import Box, boxes_of

Faithful = Literal["paper", "released"]
WHITE = 255  # what pixels elided inside a segment become; those around it become black, as holes are
PAPER_REACH = 0.05  # of the picture's height, to either side of a border
PAPER_SHARE = 0.8
RELEASED_SHARE = 0.5
_BOX_MARGIN = 0.125  # of the sides of a component, within which it throws a shadow


class Randomness(Protocol):
    """The draw that elision needs of a random generator; `numpy.random.Generator` has it."""

    def permutation(self, count: int, /) -> np.ndarray:
        """The numbers 0..count - 1 in some order."""


@dataclass(frozen=True)
class Elision:
    """Sides in pixels of the squares that outlines are dilated by, and how many pixels become white.

    inner: the band inside a segment, of whose pixels a share of `inner_share` is elided; road: around the places of
    vehicles in the source picture; tree: along the outline of vegetation; outer: around what throws shadows.
    """

    inner: int
    road: int
    tree: int
    outer: int
    inner_share: float

    @classmethod
    def released(cls, height: int) -> Elision:
        """The sizes of the released scripts for pictures of height 256, 512 or 1024; other heights go by 512's."""
        if height in (256, 1024):
            return cls(int(0.025 * height), 31, 21, 41, RELEASED_SHARE)
        inner, road, tree, outer = (max(1, height * share // 1000) for share in (35, 60, 40, 80))
        return cls(inner, road, tree, outer, RELEASED_SHARE)

    @classmethod
    def paper(cls, height: int, reach: float = PAPER_REACH) -> Elision:
        """The paper's bands of `reach` times the height to either side; it gives no size for roads and vegetation."""
        _, road, tree, _ = (max(1, height * share // 1000) for share in (35, 60, 40, 80))
        return cls(paper_square(height, reach), road, tree, paper_square(height, reach), PAPER_SHARE)


def paper_square(height: int, reach: float = PAPER_REACH) -> int:
    """The side of the square that dilates an outline by `reach` times the height to either side."""
    return 2 * round(reach * height) + 1


def some_of(band: np.ndarray, share: float, rng: Randomness) -> np.ndarray:
    """A random `share` of the pixels of `band` (H, W) bool, rounded down: (H, W) bool.

    Pixels are numbered column by column, as MATLAB does.
    """
    numbers = np.flatnonzero(band.T)
    taken = numbers[rng.permutation(len(numbers))[: int(share * len(numbers))]]
    chosen = np.zeros(band.size, bool)
    chosen[taken] = True
    return chosen.reshape(band.shape[::-1]).T


def border_band(mask: np.ndarray, box: Box, square: int) -> tuple[Box, np.ndarray]:
    """The outline of `mask` (H, W) bool, empty outside `box`, dilated by `square`: where it can be, and it there."""
    height, width = mask.shape
    around = grown(box, square // 2 + 1, (height, width))
    return around, dilate(outline(mask[around.slices]), square)


def shadows(channels: np.ndarray, roles: Roles, square: int, faithful: Faithful) -> np.ndarray:
    """Where shadows can fall in a layout `channels` (H, W) uint8: (H, W) bool.

    That is ground, or nothing, in the band around every connected area of a class that throws shadows, from its top
    to an eighth of its height below it, and an eighth of its width to both sides. The released scripts take an eighth
    of the height on the right.
    """
    present = np.bincount(channels.ravel(), minlength=256)
    free = np.isin(np.arange(256), (*roles.ground, roles.void))[channels]
    lit = free.copy()  # where no shadow has fallen yet
    for channel in roles.shadowed:
        if not present[channel]:
            continue
        areas = connected_components(channels == channel, connectivity=2)
        boxes = boxes_of(areas)
        reaches = _reaches(boxes, square, channels.shape, faithful)
        # Of the thousands of areas of a noisy layout most would add nothing.
        for number in np.flatnonzero(BoxCounts(lit).inside(reaches)).tolist():
            reach = Box(*reaches[number].tolist())
            if lit[reach.slices].any():
                around = grown(Box(*boxes[number].tolist()), square // 2 + 1, channels.shape)
                band = dilate(outline(areas[around.slices] == number), square)
                rows = slice(reach.top - around.top, reach.bottom - around.top)
                columns = slice(reach.left - around.left, reach.right - around.left)
                lit[reach.slices] &= ~band[rows, columns]
    return free & ~lit


def _reaches(boxes: np.ndarray, square: int, size: tuple[int, ...], faithful: Faithful) -> np.ndarray:
    """Where the areas with the bounding boxes `boxes` (N, 4) can throw shadows on a map of `size`, boxes (N, 4).

    That is no farther than their dilated outlines go; empty boxes have empty ones.
    """
    top, left, bottom, right = boxes.T
    heights, widths = bottom - top, right - left
    margin = square // 2 + 1
    to_right = heights if faithful == "released" else widths
    reaches = np.stack(
        [
            top,
            np.maximum(_half_up(left - _BOX_MARGIN * widths), left - margin),
            np.minimum(_half_up(bottom + _BOX_MARGIN * heights), bottom + margin),
            np.minimum(_half_up(right + _BOX_MARGIN * to_right), right + margin),
        ],
        axis=1,
    )
    reaches = reaches.clip(0, [size[0], size[1], size[0], size[1]])
    reaches[(heights == 0) | (widths == 0)] = 0
    return reaches


def _half_up(numbers: np.ndarray) -> np.ndarray:
    return np.floor(numbers + 0.5).astype(np.int64)
