"""The soft step: a band of the second style, with edges that rise evenly."""

from __future__ import annotations

import numpy as np
import pytest

from sims.blend import COLUMNS, ROWS, soft_step


def shares(*asked: float, wraps: bool = False) -> np.ndarray:
    mask = soft_step(*asked, wraps)
    assert mask.shape == (ROWS, COLUMNS)
    assert mask.dtype == np.uint8
    assert (mask == mask[0]).all()
    assert mask.flags.writeable
    return mask[0] / 255


def test_a_band_lies_around_its_centre() -> None:
    found = shares(0.5, 0.25, 0.0)
    assert set(found) == {0.0, 1.0}
    assert found.mean() == pytest.approx(0.25, abs=2 / COLUMNS)
    assert np.array_equal(found, found[::-1])
    assert found[COLUMNS // 2] == 1
    assert found[0] == found[-1] == 0


def test_edges_rise_evenly_half_inside_and_half_outside() -> None:
    found = shares(0.5, 0.4, 0.2)
    places = (np.arange(COLUMNS) + 0.5) / COLUMNS
    assert np.interp(0.3, places, found) == pytest.approx(0.5, abs=0.01)
    assert np.interp(0.2, places, found) == pytest.approx(0.0, abs=0.01)
    assert np.interp(0.4, places, found) == pytest.approx(1.0, abs=0.01)
    assert np.interp(0.25, places, found) == pytest.approx(0.25, abs=0.01)
    assert found.mean() == pytest.approx(0.4, abs=0.01)


def test_around_a_circle_the_band_goes_on_at_the_other_end() -> None:
    found = shares(0.0, 0.3, 0.1, wraps=True)
    assert found.mean() == pytest.approx(0.3, abs=0.01)
    assert found[0] == found[-1] == 1
    assert np.abs(np.diff(found, append=found[:1])).max() < 0.02
    middle = shares(0.5, 0.3, 0.1, wraps=True)
    assert np.array_equal(np.roll(middle, COLUMNS // 2), found)
    cut = shares(0.0, 0.3, 0.1)
    assert cut[0] == 1
    assert cut[-1] == 0


def test_nothing_and_everything() -> None:
    assert shares(0.5, 0.0, 0.0).mean() <= 1 / COLUMNS
    assert shares(0.5, 1.0, 0.0).min() == 1
