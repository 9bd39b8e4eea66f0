"""The quality filter and the grading of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.world.grade import blur, fog, grade, horizon_colour, levels, local_tone, luma, white_balance
from zoo.world.quality import problem

SHAPE = (40, 60)
BLOCKER = 3


def view() -> dict:
    """A lively picture of four classes, all of them far away."""
    rows = np.linspace(20, 235, SHAPE[0]).astype(np.uint8)
    return {
        "picture": np.broadcast_to(rows[:, None, None], (*SHAPE, 3)).copy(),
        "depth": np.full(SHAPE, 30.0),
        "labels": np.broadcast_to(np.arange(SHAPE[1]) // 15, SHAPE).copy(),
    }


def reason(frame: dict, least: int = 4) -> str | None:
    return problem(frame["picture"], frame["depth"], frame["labels"], (BLOCKER,), least)


def test_a_good_frame_has_no_problem() -> None:
    assert reason(view()) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"picture": lambda p: p // 10}, "dark: mean 0.05"),
        ({"picture": lambda p: 255 - p // 10}, "bright: mean 0.95"),
        ({"picture": lambda p: 120 + p // 10}, "dull: little contrast"),
        ({"labels": lambda x: np.minimum(x, 2)}, "dull: few classes"),
        ({"labels": lambda x: np.where(np.indices(SHAPE)[0] < 35, 0, x)}, "dull: one class fills 91%"),
        (
            {"depth": lambda d: np.where(np.indices(SHAPE)[0] < 8, 0.5, d)},
            "blocked: 20% of the view is nearer than 1 m",
        ),
        ({"depth": lambda d: d / 10}, "blocked: 25% of the view is nearer than 4.5 m"),
        ({"labels": lambda x: (x + 1) % 4, "depth": lambda d: d / 4}, "blocked: 50% of the middle"),
    ],
)
def test_the_problem_is_named(change: dict, expected: str) -> None:
    frame = view()
    for key, function in change.items():
        frame[key] = function(frame[key])
    assert reason(frame) == expected


def test_near_things_that_block_nothing_are_no_problem() -> None:
    frame = view()
    frame["depth"][:, :45] = 3.0
    assert reason(frame) is None


def test_a_flat_picture_is_stretched_and_a_full_one_is_not() -> None:
    full = np.linspace(0, 1, 5000).reshape(50, 100, 1).repeat(3, 2)
    flat = 0.4 + 0.2 * full

    def contrast(y: np.ndarray) -> float:
        return float(np.ptp(np.percentile(luma(y), (1, 99))))

    assert contrast(levels(flat)) == pytest.approx(1.45 * contrast(flat), rel=1e-3)
    assert contrast(levels(full)) == pytest.approx(contrast(full), rel=0.03)
    assert luma(levels(flat)).mean() == pytest.approx(luma(flat).mean(), abs=0.03)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_grading_exposes_any_light_alike(scale: float) -> None:
    linear = np.random.default_rng(1).uniform(0.2, 1.0, (32, 64, 3))
    picture = grade(linear * scale, 0.22, 1.0, 0.3)
    assert picture.dtype == np.uint8
    assert picture.shape == (32, 64, 3)
    assert np.abs(picture.astype(int) - grade(linear, 0.22, 1.0, 0.3)).max() <= 1
    assert 60 < picture.mean() < 160


def test_a_panorama_is_graded_across_its_edge() -> None:
    linear = np.random.default_rng(2).uniform(0.2, 1.0, (32, 64, 3)) * np.linspace(0.3, 3, 32)[:, None, None]
    whole = grade(linear, 0.2, 1.0, 0.4, wrap=True).astype(int)
    rolled = grade(np.roll(linear, 20, 1), 0.2, 1.0, 0.4, wrap=True).astype(int)
    assert np.abs(np.roll(rolled, -20, 1) - whole).max() <= 1


def test_local_tone_narrows_what_differs_on_a_large_scale() -> None:
    linear = np.ones((64, 64, 3))
    linear[:, 32:] = 16
    toned = luma(local_tone(linear, 0.4, wrap=False))
    assert toned[32, 60] / toned[32, 3] == pytest.approx(16**0.6, rel=0.05)


def test_blur_keeps_the_mean_and_wraps() -> None:
    x = np.zeros((30, 40))
    x[15, 0] = 1
    assert blur(x, 3.0, wrap=True).sum() == pytest.approx(1, abs=1e-6)
    assert blur(x, 3.0, wrap=True)[15, -1] == pytest.approx(blur(x, 3.0, wrap=True)[15, 1])


def test_white_balance_makes_the_masked_mean_grey() -> None:
    linear = np.tile([0.2, 0.4, 0.8], (4, 4, 1))
    mask = np.zeros((4, 4), bool)
    mask[0] = True
    assert np.ptp(white_balance(linear, mask, 1.0)[0, 0]) == pytest.approx(0)
    assert (white_balance(linear, mask, 0.0) == linear).all()


def test_fog_hides_what_is_far_in_the_colour_of_the_horizon() -> None:
    horizon = np.tile([0.3, 0.4, 0.5], (8, 1))
    depth = np.array([[1.0, 1e6]])
    none = np.zeros((1, 2))
    mixed, through = fog(np.ones((1, 2, 3)), depth, none, none.astype(bool), none, horizon, 20000.0)
    assert mixed[0, 0] == pytest.approx([1, 1, 1], abs=1e-3)
    assert mixed[0, 1] == pytest.approx([0.255, 0.34, 0.425])
    assert through.tolist() == [[1, 1]]


def test_the_horizon_is_looked_up_around_the_compass() -> None:
    horizon = np.arange(8.0)[:, None].repeat(3, 1)
    middles = (np.arange(8) + 0.5) / 8 * 2 * np.pi - np.pi
    assert horizon_colour(horizon, middles)[:, 0] == pytest.approx(np.arange(8))
    assert horizon_colour(horizon, np.array([np.pi]))[0, 0] == pytest.approx(3.5)
