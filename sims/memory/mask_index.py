"""The masks of many segments as runs of pixels, and how much each of them shares with any other mask, all at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sims.memory.segments import Segment

LONGEST = 255  # a run's gap and length are a byte each; what is longer is split


class MaskIndex:
    """The masks of N segments on maps of one size.

    A run is the pixels `starts`..`ends - 1` of a map laid out row by row, (R,) int32; those of segment i are
    `first[i]`..`first[i + 1] - 1`, at least one, with `first` (N + 1,).
    """

    def __init__(self, starts: np.ndarray, ends: np.ndarray, first: np.ndarray, size: tuple[int, int]) -> None:
        self.size = size
        self.first = first.astype(np.int64)
        self._starts, self._ends = starts, ends
        self.areas = np.add.reduceat(ends - starts, self.first[:-1], dtype=np.int64) if len(self) else np.zeros(0, int)

    @classmethod
    def of(cls, segments: Iterable[Segment], size: tuple[int, int]) -> MaskIndex:
        """The index of segments of layouts of the given (height, width)."""
        runs = [_runs(segment.mask) for segment in segments]
        first = np.cumsum([0, *(len(starts) for starts, _ in runs)])
        starts, ends = np.concatenate([np.zeros((2, 0), np.int32), *(np.stack(pair) for pair in runs)], axis=1)
        return cls(starts, ends, first, size)

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self._starts.nbytes + self._ends.nbytes + self.first.nbytes + self.areas.nbytes

    def intersections(self, mask: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
        """The pixels that `mask` (H, W) bool shares with every segment, (N,) int64, or with those of `among` (M,)."""
        starts, ends, first = self._starts, self._ends, self.first[:-1]
        if among is not None:
            counts = np.diff(self.first)[among]
            first = np.cumsum(counts) - counts
            picked = np.arange(counts.sum()) + np.repeat(self.first[among] - first, counts)
            starts, ends = starts[picked], ends[picked]
        if not len(first):
            return np.zeros(0, np.int64)
        before = np.zeros(mask.size + 1, np.int32)  # the mask's pixels before each
        np.cumsum(mask.ravel(), out=before[1:])
        return np.add.reduceat(before.take(ends) - before.take(starts), first, dtype=np.int64)

    def ious(self, mask: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
        """Intersection over union of `mask` (H, W) bool with every segment, (N,) float64, or with those of `among`."""
        shared = self.intersections(mask, among)
        areas = self.areas if among is None else self.areas[among]
        return shared / (areas + int(np.count_nonzero(mask)) - shared)

    def mask(self, segment: int) -> np.ndarray:
        """The mask of one segment, (H, W) bool."""
        pixels = self.size[0] * self.size[1]
        runs = slice(self.first[segment], self.first[segment + 1])
        changes = np.bincount(self._starts[runs], minlength=pixels + 1) - np.bincount(
            self._ends[runs], minlength=pixels + 1
        )
        return np.cumsum(changes[:-1]).reshape(self.size) > 0


def encoded_runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mask (h, w) bool inside its box as `gaps` and `lengths`, (R,) uint8, row by row.

    A gap counts the pixels of the box since the last run, rows following each other; no run goes over the end of a
    row. A gap or run longer than 255 pixels is split by runs of length or gap 0.
    """
    starts, ends = _runs(mask)
    gaps, lengths = starts - np.concatenate([[0], ends[:-1]]), ends - starts
    more_gaps, more_lengths = np.maximum(gaps - 1, 0) // LONGEST, (lengths - 1) // LONGEST
    parts = more_gaps + more_lengths + 1
    last = np.cumsum(parts) - 1
    out = np.zeros((2, int(parts.sum())), np.uint8)  # gaps, lengths
    # Of the parts of a run, the first hold the gap, then one holds the rest of it, and the others the length.
    filler = np.arange(out.shape[1]) - np.repeat(last - parts + 1, parts) < np.repeat(more_gaps, parts)
    out[0, filler] = LONGEST
    out[1, ~filler] = LONGEST
    out[0, last - more_lengths] = gaps - LONGEST * more_gaps
    out[1, last] = lengths - LONGEST * more_lengths
    return out[0], out[1]


def decoded_runs(
    gaps: np.ndarray, lengths: np.ndarray, counts: np.ndarray, boxes: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The runs of many segments as `starts` and `ends`, (R,) int32, in maps of `size`: what `encoded_runs` made.

    `counts` (N,) is the number of runs of every segment and `boxes` (N, 4) are their boxes, inside the map. Raises
    `ValueError` for runs that leave their boxes or go over the end of a row.
    """
    first = np.cumsum(counts) - counts
    lengths = lengths.astype(np.int32)
    ends = np.cumsum(gaps + lengths, dtype=np.int64)
    # Positions in each box, hence from zero again at every segment's first run.
    ends -= np.repeat(ends[first] - gaps[first] - lengths[first], counts)
    top, left, bottom, right = boxes.astype(np.int64).T
    heights, widths = bottom - top, right - left
    if (ends[first + counts - 1] > heights * widths).any():
        raise ValueError("runs leave their boxes")
    starts = (ends - lengths).astype(np.int32)
    row_lengths = np.repeat(widths.astype(np.int32), counts)
    rows = starts // row_lengths
    columns = starts - rows * row_lengths
    if (columns + lengths > row_lengths).any() or (rows >= np.repeat(heights, counts)).any():
        raise ValueError("runs go over the ends of rows")
    starts = rows * np.int32(size[1]) + columns + np.repeat((top * size[1] + left).astype(np.int32), counts)
    return starts, starts + lengths


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and one past the last pixel of every run of a row, (R,) int32, in the map (H, W) laid out row by row."""
    height, width = mask.shape
    padded = np.zeros((height, width + 1), np.int8)
    padded[:, :width] = mask
    edges = np.flatnonzero(np.diff(padded.ravel(), prepend=np.int8(0)))
    edges -= edges // (width + 1)  # an end stands in the padding of its own row
    return edges[::2].astype(np.int32), edges[1::2].astype(np.int32)
