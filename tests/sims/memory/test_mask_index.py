"""Runs of masks: there and back, and compared with a mask, against the masks themselves."""

from __future__ import annotations

import numpy as np
import pytest

from sims.memory.mask_index import MaskIndex, decoded_runs, encoded_runs

SIZE = (97, 700)  # wide enough for runs and gaps of more than a byte


def _random(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, MaskIndex]:
    """Masks (N, H, W) of all densities in boxes (N, 4), and their index after coding and decoding."""
    rng = np.random.default_rng(seed)
    masks, boxes, codes = np.zeros((count, *SIZE), bool), [], []
    for mask in masks:
        (top, bottom), (left, right) = (sorted(rng.choice(side + 1, 2, replace=False)) for side in SIZE)
        inside = rng.random((bottom - top, right - left)) < rng.choice([0.0, 0.01, 0.5, 0.99, 1.0])
        inside[rng.integers(bottom - top), rng.integers(right - left)] = True
        mask[top:bottom, left:right] = inside
        boxes.append((top, left, bottom, right))
        codes.append(encoded_runs(inside))
    counts = np.array([len(gaps) for gaps, _ in codes])
    gaps, lengths = (np.concatenate(column) for column in zip(*codes, strict=True))
    runs = decoded_runs(gaps, lengths, counts, np.array(boxes), SIZE)
    return masks, np.array(boxes), MaskIndex(*runs, np.concatenate([[0], np.cumsum(counts)]), SIZE)


@pytest.mark.parametrize("seed", range(5))
def test_masks_come_back_and_are_compared_exactly(seed: int) -> None:
    masks, _, index = _random(seed, 12)
    query = np.random.default_rng(seed + 100).random(SIZE) < 0.3
    shared = (masks & query).sum((1, 2))
    among = np.array([7, 0, 7, 11])
    assert np.array_equal(np.stack([index.mask(number) for number in range(12)]), masks)
    assert np.array_equal(index.areas, masks.sum((1, 2)))
    assert np.array_equal(index.intersections(query), shared)
    assert np.array_equal(index.intersections(query, among), shared[among])
    assert np.array_equal(index.ious(query), shared / (masks | query).sum((1, 2)))
    assert np.array_equal(index.ious(query, among), (shared / (masks | query).sum((1, 2)))[among])


@pytest.mark.parametrize("gap", [1, 254, 255, 256, 510, 511, 600])
@pytest.mark.parametrize("length", [1, 255, 256, 600])
def test_long_runs_and_gaps_are_split(gap: int, length: int) -> None:
    mask = np.zeros((1, gap + length), bool)
    mask[0, gap:] = True
    gaps, lengths = encoded_runs(mask)
    starts, ends = decoded_runs(gaps, lengths, np.array([len(gaps)]), np.array([[0, 0, 1, gap + length]]), mask.shape)
    assert np.array_equal(MaskIndex(starts, ends, np.array([0, len(gaps)]), mask.shape).mask(0), mask)


def test_runs_stay_in_their_boxes_and_rows() -> None:
    def decode(gap: int, length: int) -> None:
        decoded_runs(
            np.array([gap], np.uint8), np.array([length], np.uint8), np.array([1]), np.array([[0, 0, 2, 8]]), (4, 16)
        )

    decode(9, 7)
    for gap, length in ((9, 8), (4, 5), (16, 0), (200, 200)):
        with pytest.raises(ValueError, match="runs"):
            decode(gap, length)


def test_an_index_of_nothing_shares_nothing() -> None:
    index = MaskIndex.of([], SIZE)
    assert len(index) == 0
    assert index.intersections(np.ones(SIZE, bool)).shape == (0,)
    assert index.ious(np.ones(SIZE, bool), np.zeros(0, int)).shape == (0,)
