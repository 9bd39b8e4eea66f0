"""Retrieval: the segments of the memory that fit a segment of a layout best, by its mask and its context.

Qi et al., "Semi-parametric Image Synthesis" (2018), equation 1: the sum of two intersections over union, of the masks
and of the layouts in the boxes around them, over all segments of the class; everything stays at its place in the frame.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sims.memory.bank import Bank
from sims.memory.bank_file import BOX, BankError
from sims.memory.context import BoxCounts, context_boxes
from sims.memory.segments import Segment

MOST_THREADS = 4
_NOTHING = 255  # no channel of any layout


@dataclass(frozen=True)
class Candidate:
    """A segment of the bank, by number, and how well it fits; both figures are from 0 to 1."""

    index: int
    mask_iou: float
    context_iou: float

    @property
    def score(self) -> float:
        """From 0 to 2."""
        return self.mask_iou + self.context_iou


def retrieve(
    bank: Bank,
    segment: Segment,
    channels: np.ndarray,
    k: int = 10,
    exclude: int | None = None,
    least: float = 0.0,
) -> list[Candidate]:
    """The `k` best candidates for a segment of the layout `channels` (H, W) uint8, best first.

    Of two that are equal the one with the smaller number is first; there are fewer than `k` if the class has fewer.
    Segments of frame number `exclude` are left out, and those whose mask IoU is below `least`. Exact: the same as
    comparing with every segment of the class. Raises `BankError`.
    """
    return _Layout(bank, channels).best(segment, k, exclude, least)


def retrieve_all(
    bank: Bank,
    segments: Sequence[Segment],
    channels: np.ndarray,
    k: int = 10,
    exclude: int | None = None,
    least: float = 0.0,
) -> list[list[Candidate]]:
    """`retrieve` for several segments of one layout, on all cores."""
    layout = _Layout(bank, channels)
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda segment: layout.best(segment, k, exclude, least), segments))


def retrieve_released(bank: Bank, segment: Segment, k: int = 10) -> list[Candidate | None]:
    """The `k` slots, in no order, as the released search fills them: by masks alone, and with its slip.

    Frames come in order. For each the slot with the smallest score is chosen once, and every segment of the frame
    that beats the score it had is put there, so that the last of them stays and not the best. Empty slots are None.
    """
    numbers = bank.of_channel(segment.channel)
    ious = bank.index(segment.channel).ious(segment.mask)
    frames = bank.segments["frame"][numbers.start : numbers.stop]
    slots: list[Candidate | None] = [None] * k
    scores = np.zeros(k)
    for frame in np.unique(frames):
        slot = int(scores.argmin())
        better = np.flatnonzero((frames == frame) & (ious > scores[slot]))
        if len(better):
            last = int(better[-1])
            scores[slot] = ious[last]
            slots[slot] = Candidate(numbers[last], float(ious[last]), 0.0)
    return slots


class _Layout:
    """A layout whose segments are sought."""

    def __init__(self, bank: Bank, channels: np.ndarray) -> None:
        if channels.shape != bank.size or channels.dtype != np.uint8 or channels.max() >= bank.space.channels:
            raise BankError(
                f"The layout is {channels.dtype} {channels.shape}; this bank compares channels of the"
                f" {bank.space.name} space, uint8 {bank.size}."
            )
        self._bank = bank
        self._is_class = channels != bank.void
        self._counts = BoxCounts(self._is_class)
        self._channels = np.where(self._is_class, channels, np.uint8(_NOTHING))

    def best(self, segment: Segment, k: int, exclude: int | None, least: float) -> list[Candidate]:
        """The best candidates, found in the order of what their scores can be at most.

        Those that cannot reach the k-th best are never compared in full.
        """
        numbers = self._bank.of_channel(segment.channel)
        if not numbers or k < 1:
            return []
        rows = self._bank.segments[numbers.start : numbers.stop]
        ious = self._bank.index(segment.channel).ious(segment.mask)
        box = context_boxes(np.array(segment.box), self._bank.size)
        shared = _intersections(np.stack([rows[name] for name in BOX], axis=1), box, self._bank.size)
        sizes = int(self._counts.inside(box)) + rows["context"].astype(np.int64)  # of both contexts together
        most = np.minimum(self._at_most(segment.channel, shared, box), rows["context"])
        limits = ious + most / (sizes - most)
        if exclude is not None:
            limits[rows["frame"] == exclude] = -1
        limits[ious < least] = -1
        found: list[tuple[float, int, Candidate]] = []
        for row in np.lexsort([np.arange(len(limits)), -limits]).tolist():
            if limits[row] < 0 or (len(found) == k and limits[row] < found[0][0]):
                break
            agreeing = self._agreeing(int(rows["frame"][row]), shared[row])
            candidate = Candidate(numbers[row], float(ious[row]), agreeing / (int(sizes[row]) - agreeing))
            (heapq.heappush if len(found) < k else heapq.heappushpop)(found, (candidate.score, -row, candidate))
        return [candidate for _, _, candidate in sorted(found, reverse=True)]

    def _at_most(self, channel: int, shared: np.ndarray, box: np.ndarray) -> np.ndarray:
        """How many pixels can agree at most in the boxes `shared` (N, 4) of the channel's segments with `box`, (N,).

        All that are of any class here, but for those of another class than the bank's segment that lies there.
        """
        other = np.zeros(self._bank.size, bool)
        part = slice(box[0], box[2]), slice(box[1], box[3])
        other[part] = (self._is_class & (self._channels != channel))[part]
        return self._counts.inside(shared) - self._bank.index(channel).intersections(other)

    def _agreeing(self, frame: int, box: np.ndarray) -> int:
        """How many pixels of a box have the same class here and in a frame of the bank."""
        top, left, bottom, right = box.tolist()
        there = self._bank.labels(frame)[top:bottom, left:right]
        return int(np.count_nonzero(self._channels[top:bottom, left:right] == there))


def _intersections(boxes: np.ndarray, context: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What the context boxes of `boxes` (N, 4) share with one context box, (N, 4); some may be empty."""
    low = np.maximum(context_boxes(boxes, size)[:, :2], context[:2])
    high = np.minimum(context_boxes(boxes, size)[:, 2:], context[2:])
    return np.concatenate([low, np.maximum(low, high)], axis=1)
