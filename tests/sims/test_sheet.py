"""The contact sheet shows every picture whole, unscaled unless it is too large, under a caption."""

from __future__ import annotations

import numpy as np
import pytest

from sims.sheet import CAPTION, CELL_SIDE, MARGIN, contact_sheet


def plain(height: int, width: int, level: int) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_picture_is_whole(count: int) -> None:
    pictures = [("the same caption", plain(30, 50, 40 * number)) for number in range(count)]
    sheet = contact_sheet(pictures)
    for number in range(count):
        assert (sheet == 40 * number).all(-1).sum() >= 30 * 50


def test_captions_stand_above_and_never_run_into_the_next_cell() -> None:
    sheet = contact_sheet([("a" * 300, plain(40, 80, 200)), ("b", plain(40, 80, 200))])
    above = sheet[MARGIN : MARGIN + CAPTION]
    first, gap = above[:, MARGIN : MARGIN + 80], above[:, MARGIN + 80 : 2 * MARGIN + 80]
    assert (first < 128).any()
    assert (gap == 255).all()


def test_large_pictures_are_reduced_and_keep_their_shape() -> None:
    sheet = contact_sheet([("large", plain(1500, 3000, 100))])
    covered = (sheet[MARGIN + CAPTION :] == 100).all(-1)
    assert covered.any(0).sum() == CELL_SIDE
    assert covered.any(1).sum() == CELL_SIDE // 2
