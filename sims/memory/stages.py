"""What SIMS did on the way to a picture, stage by stage, as values that a page or a test can look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sims.layout import Layout, listed
from sims.memory.segments import Box


@dataclass(frozen=True)
class Found:
    """A segment of the memory that was found for a segment of a layout.

    `index` is its number in the bank and `source` the name of the picture that it was cut from; `mask_iou` and
    `context_iou` lie in [0, 1], their sum is what candidates are ranked by.
    """

    index: int
    source: str
    mask_iou: float
    context_iou: float


@dataclass(frozen=True, eq=False)
class StageSegment:
    """One large segment of a layout and what became of it.

    `number` counts from 1; `name` is its class; `box`, `area` and `mask`, (256, W) bool, are in pixels of the layout
    with 256 rows. `found` are the candidates, the best first, and `chosen` the place among them, from 0, of the one
    that was taken: None where nothing fits. `place` counts the painted segments from 1, the hindmost; it is 0 where
    nothing was painted, because nothing fits or what was taken is black. `piece` is RGB uint8 (H, W, 3), what was
    pasted, before elision and black elsewhere; `moved` tells whether the transformation had its way.
    """

    number: int
    name: str
    box: Box
    area: int
    mask: np.ndarray
    found: tuple[Found, ...]
    chosen: int | None
    place: int
    piece: np.ndarray
    moved: bool


@dataclass(frozen=True, eq=False)
class Stages:
    """The way of a picture; all maps are of the size of `image`.

    `layout` is the layout that was worked from, and `completed` whether that was completed before; `canvas` RGB uint8
    (H, W, 3), black where it is empty and white where segments are elided; `adapted` the layout that follows the
    retrieved segments; `image` RGB uint8, the result. `missing` names the classes with a large segment for which
    nothing was painted.
    """

    layout: Layout
    completed: bool
    segments: tuple[StageSegment, ...]
    canvas: np.ndarray
    adapted: Layout
    image: np.ndarray
    missing: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all maps."""
        pieces = [each.piece for each in self.segments if each.place]  # those of the others are one and the same
        masks = [each.mask for each in self.segments]
        maps = [self.layout.ids, self.canvas, self.adapted.ids, self.image, *pieces, *masks]
        return sum(each.nbytes for each in maps)

    @property
    def missing_sentence(self) -> str:
        """What is to be said of `missing`; empty if there is none."""
        if not self.missing:
            return ""
        return (
            f"Nothing in the memory fits some of the {listed(list(self.missing))} of this layout; the network paints"
            " them from the layout alone."
        )
