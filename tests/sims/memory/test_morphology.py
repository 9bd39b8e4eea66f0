"""Outlines and dilation against MATLAB's rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sims.memory.morphology import box_of, dilate, grown, outline
from sims.memory.segments import Box

STORED = load_file(Path(__file__).parents[2] / "goldens" / "sims_crn" / "sims_morphology" / "tensors.safetensors")
SHAPE = STORED["shape"].astype(bool)


def test_the_outline_is_the_thinned_sobel_edge() -> None:
    assert np.array_equal(outline(SHAPE), STORED["edge"])
    assert not outline(np.ones((5, 7), bool)).any()


@pytest.mark.parametrize("square", [3, 4])
def test_squares_dilate_as_in_matlab(square: int) -> None:
    assert np.array_equal(dilate(STORED["edge"].astype(bool), square), STORED[f"dilate{square}"])


def test_an_even_square_reaches_further_down_and_right() -> None:
    point = np.zeros((9, 9), bool)
    point[4, 4] = True
    assert np.array_equal(dilate(point, 4), STORED["point9_even"])
    assert np.array_equal(dilate(point, 1), point)


@pytest.mark.parametrize("square", [2, 5, 6, 7, 41])
def test_dilation_by_any_side_is_the_maximum_over_the_square(square: int) -> None:
    wanted = np.zeros_like(SHAPE)
    for row, column in np.argwhere(SHAPE):
        low, high = (square - 1) // 2, square // 2 + 1
        wanted[max(row - low, 0) : row + high, max(column - low, 0) : column + high] = True
    assert np.array_equal(dilate(SHAPE, square), wanted)


def test_an_outline_can_be_taken_in_a_box() -> None:
    """A ring of one empty pixel, or the picture's border, is all that the outline of a part needs around it."""
    part = np.zeros_like(SHAPE)
    part[5:17, 8:30] = SHAPE[5:17, 8:30]
    found = box_of(part)
    assert found == Box(5, 8, 17, 30)
    around = grown(found, 1, part.shape)
    assert around == Box(4, 7, 18, 31)
    assert np.array_equal(outline(part[around.slices]), outline(part)[around.slices])
    assert grown(found, 100, part.shape) == Box(0, 0, *part.shape)
    assert box_of(np.zeros((3, 3), bool)) is None
