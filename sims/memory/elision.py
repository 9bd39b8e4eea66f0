"""What is cut out of a canvas near the borders of its segments, so that the network fills it: sizes, shares, bands.

Qi et al., "Semi-parametric Image Synthesis" (2018), section 4, and its released scripts, which differ in the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from skimage.measure import label as connected_components
from skimage.measure import regionprops

from sims.memory.morphology import dilate, grown, outline
from sims.memory.rules import Roles
from sims.memory.segments import Box

Faithful = Literal["paper", "released"]
WHITE = 255  # what pixels elided inside a segment become; those around it become black, as holes are
PAPER_REACH = 0.05  # of the picture's height, to either side of a border
PAPER_SHARE = 0.8
RELEASED_SHARE = 0.5
_BOX_MARGIN = 0.125  # of the sides of a component, within which it throws a shadow


class Randomness(Protocol):
    """The draws that are needed of a random generator; `numpy.random.Generator` has them."""

    def random(self) -> float:
        """A number in [0, 1)."""

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
    found = np.zeros(channels.shape, bool)
    present = np.bincount(channels.ravel(), minlength=256)
    free = np.isin(np.arange(256), (*roles.ground, roles.void))[channels]
    for channel in roles.shadowed:
        if not present[channel]:
            continue
        areas = connected_components(channels == channel, connectivity=2)
        for area in regionprops(areas):
            box = Box(*area.bbox)
            around = grown(box, square // 2 + 1, channels.shape)
            inside = _common(around, _shadow_box(box, channels.shape, faithful))
            if free[inside.slices].any():
                band = dilate(outline(areas[around.slices] == area.label), square)
                rows = slice(inside.top - around.top, inside.bottom - around.top)
                columns = slice(inside.left - around.left, inside.right - around.left)
                found[inside.slices] |= band[rows, columns]
    found &= free
    return found


def _common(one: Box, other: Box) -> Box:
    return Box(*map(max, one[:2], other[:2]), *map(min, one[2:], other[2:]))


def _shadow_box(box: Box, size: tuple[int, int], faithful: Faithful) -> Box:
    height, width = box.bottom - box.top, box.right - box.left
    right = height if faithful == "released" else width
    return Box(
        box.top,
        max(_half_up(box.left - _BOX_MARGIN * width), 0),
        min(_half_up(box.bottom + _BOX_MARGIN * height), size[0]),
        min(_half_up(box.right + _BOX_MARGIN * right), size[1]),
    )


def _half_up(number: float) -> int:
    return int(np.floor(number + 0.5))
