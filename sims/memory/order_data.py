"""Which segment is in front of which: the coarse order of classes, and pairs to teach the ordering network with.

Qi et al., "Semi-parametric Image Synthesis" (2018), as in the released order scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sims.memory.elision import border_band
from sims.memory.rules import Roles
from sims.memory.segments import Segment

_CONTACT = 3  # the side of the square by which the outline of a segment touches another
_BORDER = 11  # of that which gives the zone between two segments, whose disparities are compared


def coarse_order(behind: np.ndarray) -> tuple[int, ...]:
    """The classes back to front, from `behind` (C, C): how often the class of the row lay behind that of the column.

    They go by the share of their pairs in which they lay behind; classes without pairs come last. This is how
    the order of the street that stands in `sims.memory.rules` was made; it is kept to be compared with the script.
    """
    times, others = behind.sum(axis=1), behind.sum(axis=0)
    shares = times / np.maximum(times + others, 1)
    return tuple(np.argsort(-shares, kind="stable").tolist())


def pairs_of(segments: Sequence[Segment], roles: Roles) -> Iterator[tuple[Segment, Segment]]:
    """All pairs of segments of different classes; the first is of the class that the coarse order puts farther."""
    of_class = [[each for each in segments if each.channel == channel] for channel in roles.coarse_order]
    for number, farther in enumerate(of_class):
        for nearer in of_class[number + 1 :]:
            yield from ((one, other) for one in farther for other in nearer)


def training_pairs(
    segments: Sequence[Segment], roles: Roles, front: Callable[[Segment, Segment], Segment]
) -> list[tuple[Segment, Segment, int]]:
    """The pairs of `pairs_of` that touch each other, with the channel of the one in front.

    That is the object where one is an object and the other plane, and else what `front` says of the two.
    """
    found = []
    for one, other in pairs_of(segments, roles):
        if not adjacent(one, other):
            continue
        if one.channel in roles.planar and other.channel in roles.objects:
            in_front = other
        elif one.channel in roles.objects and other.channel in roles.planar:
            in_front = one
        else:
            in_front = front(one, other)
        found.append((one, other, in_front.channel))
    return found


def adjacent(one: Segment, other: Segment) -> bool:
    """Whether the outline of `one`, dilated by a square of 3, meets `other`."""
    around, band = border_band(one.mask, one.box, _CONTACT)
    return bool((band & other.mask[around.slices]).any())


def front_by_disparity(one: Segment, other: Segment, disparity: np.ndarray) -> Segment:
    """The segment with the larger median `disparity` (H, W), which is 0 where unknown, near their common border.

    That is where the outlines of both, dilated by a square of 11, overlap; `other` where they are equal or unknown.
    The released scripts tell the front so, as Cityscapes has disparities; it is kept to be compared with them, as the
    built-in world has depth.
    """
    zone = _common_border(one, other) & (disparity > 0)
    medians = [_median(disparity[zone & each.mask], np.nan) for each in (one, other)]
    return one if medians[0] > medians[1] else other


def front_by_depth(one: Segment, other: Segment, depth: np.ndarray) -> Segment:
    """The same of `depth` (H, W) in metres, infinite for the sky: the smaller median, `other` where they are equal."""
    zone = _common_border(one, other)
    medians = [_median(depth[zone & each.mask], np.inf) for each in (one, other)]
    return one if medians[0] < medians[1] else other


def pair_picture(one: Segment, other: Segment, colours: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: both segments in the colours of their classes, the rest black.

    `colours` (N, 3) uint8 is the colour of every channel.
    """
    picture = np.zeros((*one.mask.shape, 3), np.uint8)
    for each in (one, other):
        picture[each.mask] = colours[each.channel]
    return picture


def _common_border(one: Segment, other: Segment) -> np.ndarray:
    bands = np.zeros((2, *one.mask.shape), bool)
    for whole, each in zip(bands, (one, other), strict=True):
        around, band = border_band(each.mask, each.box, _BORDER)
        whole[around.slices] = band
    common: np.ndarray = bands[0] & bands[1]
    return common


def _median(values: np.ndarray, otherwise: float) -> float:
    return float(np.median(values)) if values.size else otherwise
