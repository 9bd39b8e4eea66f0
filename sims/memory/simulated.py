"""Canvases to train the synthesis network with: a picture's own segments, spoilt as retrieved ones would be.

Qi et al., "Semi-parametric Image Synthesis" (2018), and the released script, which differs as said at each place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from sims.memory.colour_transfer import transfer_colours
from sims.memory.elision import (
    PAPER_SHARE,
    RELEASED_SHARE,
    WHITE,
    Faithful,
    Randomness,
    border_band,
    shadows,
    some_of,
)
from sims.memory.morphology import grown
from sims.memory.rules import Roles
from sims.memory.segments import Segment

TRANSFERRED = 0.2  # the share of segments that get the colours of their donor
_TURN = 2.5  # degrees to either side
_SHIFT = 0.034  # of the sides of the segment's box, in every direction


class Draws(Randomness, Protocol):
    """The draws that are needed of a random generator; `numpy.random.Generator` has them."""

    def random(self) -> float:
        """A number in [0, 1)."""


@dataclass(frozen=True, eq=False)
class Donor:
    """The segment of another picture whose shape, and at times colours, a segment takes; all of one size.

    `picture` is (H, W, 3) uint8, `mask` (H, W) bool and `channels` (H, W) uint8.
    """

    picture: np.ndarray
    mask: np.ndarray
    channels: np.ndarray


@dataclass(frozen=True, eq=False)
class SimulatedCanvas:
    """A canvas (H, W, 3) uint8, black where it is empty and white where it is elided, and its layout (H, W) uint8."""

    picture: np.ndarray
    channels: np.ndarray


def simulated_canvas(
    picture: np.ndarray,
    channels: np.ndarray,
    segments: Sequence[Segment],
    donor: Callable[[Segment], Donor | None],
    roles: Roles,
    rng: Draws,
    square: int,
    faithful: Faithful = "paper",
) -> SimulatedCanvas:
    """The simulated canvas of `picture` (H, W, 3) uint8 with the layout `channels` (H, W) uint8.

    `segments` are the large segments of the layout, `donor` gives a segment of the same class for each, or None where
    nothing is to be pasted, and bands are outlines dilated by `square`.

    - "paper": 80 % of the band inside each piece becomes white, and the band outside black where shadows can fall in
      the layout, as on the canvases of `sims.memory.canvas`; recoloured pieces keep to the stencil; the segment whose
      displacement spoils the layout is turned and shifted.
    - "released": half of the band on both sides becomes white; a recoloured piece covers its donor's mask inside the
      segment's box; the shift is lost, and a segment without donor spoils the layout by the donor before it.
    """
    canvas, layout = np.zeros_like(picture), channels.copy()
    place = {channel: number for number, channel in enumerate(roles.coarse_order)}
    spoiling: Donor | None = None
    for segment in sorted(segments, key=lambda each: place[each.channel]):
        found = donor(segment)
        if found is not None:
            _paste(canvas, picture, segment, found, rng, square, faithful)
        spoiling = found if found is not None or faithful == "paper" else spoiling
        _spoil(layout, segment, spoiling, roles.void, rng, faithful)
    if faithful == "paper":
        canvas[shadows(layout, roles, square, faithful)] = 0
    return SimulatedCanvas(canvas, layout)


def true_canvas(picture: np.ndarray, channels: np.ndarray, segments: Sequence[Segment]) -> SimulatedCanvas:
    """The canvas of `picture` (H, W, 3) uint8 without any simulation: its own `segments`, whole and untouched.

    It is what the paper trains on in the ablation "without simulated canvas".
    """
    covered = np.zeros(channels.shape, bool)
    for segment in segments:
        covered |= segment.mask
    return SimulatedCanvas(np.where(covered[..., None], picture, np.uint8(0)), channels)


def _paste(
    canvas: np.ndarray,
    picture: np.ndarray,
    segment: Segment,
    donor: Donor,
    rng: Draws,
    square: int,
    faithful: Faithful,
) -> None:
    """Paste into `canvas` what the donor's shape leaves of the segment, with its border elided."""
    inside = segment.box.slices
    stencil = segment.mask[inside] & donor.mask[inside] & (donor.channels[inside] == segment.channel)
    piece = picture[inside]
    if rng.random() > 1 - TRANSFERRED:
        moved = transfer_colours(piece / 255, donor.picture[inside] / 255)
        piece = np.rint(moved.clip(0, 1) * 255).astype(np.uint8)
        if faithful == "released":
            stencil = donor.mask[inside]
    support = np.zeros(segment.mask.shape, bool)
    support[inside] = stencil & (piece[..., 0] | piece[..., 1] | piece[..., 2]).astype(bool)
    around, band = border_band(support, segment.box, square)
    if faithful == "paper":
        band &= support[around.slices]
    np.copyto(canvas[inside], piece, where=support[inside][..., None])
    elided = some_of(band, PAPER_SHARE if faithful == "paper" else RELEASED_SHARE, rng)
    np.copyto(canvas[around.slices], np.uint8(WHITE), where=elided[..., None])


def _spoil(
    layout: np.ndarray, segment: Segment, donor: Donor | None, void: int, rng: Draws, faithful: Faithful
) -> None:
    """Draw the segment into `layout`, and void where its displaced shape, and that of the donor, go beyond it."""
    layout[segment.mask] = segment.channel
    turn = (2 * rng.random() - 1) * _TURN
    across, down = (2 * rng.random() - 1) * _SHIFT, (2 * rng.random() - 1) * _SHIFT
    if faithful == "released":
        across = down = 0.0  # it takes a share of the size of a number, which is 1, in place of the segment's
    top, left, bottom, right = segment.box
    height, width = bottom - top, right - left
    # The corners turn by at most half the diagonal.
    reach = math.hypot(height, width) / 2 * math.sin(math.radians(_TURN)) + max(height, width) * _SHIFT
    around = grown(segment.box, math.ceil(reach) + 1, layout.shape)
    own = segment.mask[around.slices]
    moved = Image.fromarray(own.astype(np.uint8)).rotate(
        turn,
        Image.Resampling.NEAREST,
        center=((left + right) / 2 - around.left, (top + bottom) / 2 - around.top),
        translate=(round(across * width), round(down * height)),
    )
    layout[around.slices][(np.asarray(moved) > 0) & ~own] = void
    if donor is not None:
        layout[donor.mask & ~segment.mask] = void
