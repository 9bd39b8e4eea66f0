"""How well a picture closes at its edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sims.seam import seam


def waves(width: int, turns: float, height: int = 300) -> np.ndarray:
    """Grey waves along x: they close after whole `turns`."""
    row = 128 + 100 * np.sin(2 * np.pi * turns * np.arange(width) / width)
    return np.broadcast_to(row.astype(np.uint8)[None, :, None], (height, width, 3)).copy()


def test_waves_that_go_all_around_have_no_seam() -> None:
    found = seam(waves(256, 3))
    assert found.closes
    assert 0.5 < found.ratio < 2


def test_waves_that_do_not_close_have_one() -> None:
    found = seam(waves(256, 3.5 + 0.25))
    assert not found.closes
    assert found.ratio > 10
    assert found.across == pytest.approx(100, abs=8)


def test_the_steps_are_means_over_rows_and_colours() -> None:
    picture = np.zeros((4, 3, 3), np.uint8)
    picture[:, 1] = 30  # steps of 30 and 30 inside
    picture[:2, 2, 0] = 90  # a third of half the rows
    found = seam(picture)
    assert found.across == pytest.approx(90 / 6)
    assert found.inside == pytest.approx((30 + (30 * 5 + 60) / 6) / 2)
    assert found.largest == pytest.approx(max(30, (30 * 5 + 60) / 6))


def test_where_nothing_changes_nothing_can_be_told() -> None:
    even = np.full((8, 8, 3), 7, np.uint8)
    assert seam(even).ratio == 1
    steps = np.zeros((8, 2, 3), np.uint8)
    steps[:, 1] = 9
    assert seam(steps).closes  # with two columns both steps are the same one
    assert not math.isinf(seam(steps).ratio)
