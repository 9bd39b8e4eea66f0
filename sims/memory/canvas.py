"""The canvas: retrieved segments laid over each other, and the layout as it is with their shapes.

Qi et al., "Semi-parametric Image Synthesis" (2018), as in the released canvas script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sims.memory.elision import WHITE, Elision, Faithful, Randomness, border_band, shadows, some_of
from sims.memory.morphology import box_of, dilate, outline
from sims.memory.rules import Roles
from sims.memory.segments import Box

# (page, page, channel, channel) of two segments, the one painted first first -> the channel of the one in front.
Fronts = Mapping[tuple[int, int, int, int], int]


@dataclass(frozen=True, eq=False)
class Piece:
    """A segment of the layout and what was retrieved for it; maps are (H, W), pictures (H, W, 3) uint8.

    `query` and `whole` are the segment's masks, bool; `picture` is the retrieved segment, black outside, and `moved`
    the same after its transformation, if there was one; `source_channels` is the layout, uint8, of the picture that
    it was cut from, if that is known.
    """

    channel: int
    page: int
    query: np.ndarray
    whole: np.ndarray
    picture: np.ndarray
    moved: np.ndarray | None = None
    source_channels: np.ndarray | None = None

    @cached_property
    def placed(self) -> tuple[np.ndarray, bool]:
        """The picture that covers more of the query, and whether it is the moved one."""
        if self.moved is not None:
            covered, before = (np.count_nonzero(_support(one) & self.query) for one in (self.moved, self.picture))
            if covered > before:
                return self.moved, True
        return self.picture, False


@dataclass(frozen=True, eq=False)
class Rejected:
    """A segment, `mask` (H, W) bool, for which nothing is pasted: it is too small, or nothing was found."""

    channel: int
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class Canvas:
    """What the synthesis network sees.

    `picture` is RGB uint8 (H, W, 3), black where it is empty and white where it is elided; `channels` (H, W) uint8 is
    the layout with the shapes of the pieces; `owner` (H, W) int16 is the number of the entry whose piece
    was laid last, -1 where none was.
    """

    picture: np.ndarray
    channels: np.ndarray
    owner: np.ndarray


def compose(
    channels: np.ndarray,
    entries: Sequence[Piece | Rejected],
    fronts: Fronts,
    roles: Roles,
    elision: Elision,
    rng: Randomness,
    faithful: Faithful = "paper",
) -> Canvas:
    """The canvas of the layout `channels` (H, W) uint8; `entries` are painted in turn, so the first is the farthest.

    Where a new piece covers an earlier one that `fronts` says is in front, "paper" lets the earlier one keep its
    pixels. "released" does what the released script does: it looks the new one up by its number among the pieces in
    place of its page, and where it finds it takes away all covered pixels but those; and it lets shadows reach too
    far or not far enough on the right.
    """
    work = _Work(channels, roles, elision, rng, faithful)
    for number, entry in enumerate(entries):
        if isinstance(entry, Piece):
            work.lay(number, entry, fronts)
        else:
            work.channels[entry.mask] = entry.channel
            work.picture[entry.mask] = 0
    restored = (work.channels == roles.void) & np.isin(np.arange(256), roles.restorable)[channels]
    work.channels[restored] = channels[restored]
    work.picture[shadows(work.channels, roles, elision.outer, faithful)] = 0
    return Canvas(work.picture, work.channels, work.owner)


class _Work:
    """A canvas in the making."""

    def __init__(self, channels: np.ndarray, roles: Roles, elision: Elision, rng: Randomness, faithful: Faithful):
        self.picture = np.zeros((*channels.shape, 3), np.uint8)
        self.channels = channels.copy()
        self.owner = np.full(channels.shape, -1, np.int16)
        self.roles, self.elision, self.rng, self.faithful = roles, elision, rng, faithful
        self.laid: dict[int, tuple[int, int]] = {}  # the page and channel of every entry that was laid

    def lay(self, number: int, piece: Piece, fronts: Fronts) -> None:
        """Lay the piece that is entry `number`."""
        self.channels[piece.query | piece.whole] = self.roles.void
        picture, _ = piece.placed
        support = _support(picture)
        self._yield_to_those_in_front(support, piece, fronts)
        self.laid[number] = (piece.page, piece.channel)
        box = box_of(support)
        if box is None:
            return
        self.channels[support] = piece.channel
        self.owner[support] = number
        self._paste(picture, support, box, self._cut(piece, support, box))

    def _yield_to_those_in_front(self, support: np.ndarray, piece: Piece, fronts: Fronts) -> None:
        """Take from `support`, in place, what stays to earlier pieces."""
        owners = np.where(support, self.owner, -1)
        page = piece.page if self.faithful == "paper" else len(self.laid) + 1
        for number in np.unique(owners[owners >= 0]).tolist():
            other_page, other = self.laid[number]
            if fronts.get((other_page, page, other, piece.channel)) == other:
                theirs = owners == number
                support &= ~theirs if self.faithful == "paper" else (owners < 0) | theirs

    def _cut(self, piece: Piece, support: np.ndarray, box: Box) -> np.ndarray | None:
        """Where the piece is blackened for what its source picture has there, (H, W) bool, or None."""
        if piece.channel in self.roles.ground and piece.source_channels is not None:
            vehicles = np.isin(np.arange(256), self.roles.vehicles)[piece.source_channels]
            return dilate(outline(vehicles), self.elision.road) & support
        if piece.channel in self.roles.vegetation:
            around, band = border_band(support, box, self.elision.tree)
            cut = np.zeros_like(support)
            cut[around.slices] = band
            return cut & support
        return None

    def _paste(self, picture: np.ndarray, support: np.ndarray, box: Box, cut: np.ndarray | None) -> None:
        kept = support if cut is None else support & ~cut
        inside = box.slices
        np.copyto(self.picture[inside], np.uint8(0), where=support[inside][..., None])
        np.copyto(self.picture[inside], picture[inside], where=kept[inside][..., None])
        around, band = border_band(kept, box, self.elision.inner)
        white = some_of(band & kept[around.slices], self.elision.inner_share, self.rng)
        np.copyto(self.picture[around.slices], np.uint8(WHITE), where=white[..., None])


def _support(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 0] | picture[..., 1] | picture[..., 2]).astype(bool)
