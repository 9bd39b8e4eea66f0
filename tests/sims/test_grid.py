"""Grids: where pixels lie, what names them, and which of them are looked at."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from small_cips import places, turned
from torch import Tensor

from sims.grid import PROJECTIONS, WHOLE, Grid, Patch, fits, foveated

PLANES = [Grid(9, 17, projection=projection, field_of_view=120) for projection in PROJECTIONS]
CYLINDERS = [Grid(9, 16, "cylinder"), Grid(9, 16, "cylinder", turn=45, field_of_view=90)]


def points(grid: Grid | Patch) -> Tensor:
    """(H, W, 2)."""
    return grid.points(*places(grid)).unflatten(0, (grid.height, grid.width))


def named(grid: Grid | Patch) -> Tensor:
    """(H, W, 2): rows and columns that name the pixels."""
    return torch.stack(grid.pixels(*places(grid)), -1).unflatten(0, (grid.height, grid.width))


def shares(grid: Grid | Patch) -> Tensor:
    """(H, W, 2): places across and down."""
    return torch.stack(grid.shares(*places(grid)), -1).unflatten(0, (grid.height, grid.width))


@pytest.mark.parametrize("size", [(8, 8), (9, 17), (256, 256), (48, 1000)])
def test_a_plane_goes_from_end_to_end_evenly(size: tuple[int, int]) -> None:
    found = points(Grid(*size))
    assert found.dtype == torch.float32
    for side, along in zip(size, (found[:, 0, 1], found[0, :, 0]), strict=True):
        assert torch.allclose(along.double(), torch.linspace(-1, 1, side, dtype=torch.double), rtol=0, atol=1e-7)
        assert torch.equal(along, -along.flip(0))
    assert torch.equal(found[3, :, 0], found[0, :, 0])
    assert torch.equal(found[:, 5, 1], found[:, 0, 1])


def test_a_cylinder_is_divided_evenly_and_its_middle_is_the_angle_0() -> None:
    angles = points(Grid(8, 16, "cylinder"))[0, :, 0]
    assert torch.allclose(angles.diff(), torch.full((15,), math.pi / 8), atol=1e-6)
    assert (angles[7] + angles[8]).abs() <= 1e-6
    assert torch.allclose(angles[:1], torch.tensor([-math.pi + math.pi / 16]))


@pytest.mark.parametrize("columns", [1, 5, 15, -3])
def test_turning_a_cylinder_moves_its_points_and_their_names_exactly(columns: int) -> None:
    for height, width in ((8, 16), (5, 60)):
        before = Grid(height, width, "cylinder")
        after = turned(before, 360 * columns / width)
        assert torch.equal(points(after), points(before).roll(-columns, 1))
        assert torch.equal(named(after), named(before).roll(-columns, 1))
        assert torch.allclose(shares(after), shares(before).roll(-columns, 1), atol=1e-6)


def test_turning_a_mirrored_plane_moves_it_too() -> None:
    before = Grid(8, 32, projection="mirrored")
    after = turned(before, 360 * 5 / 32)
    assert torch.allclose(points(after), points(before).roll(-5, 1), atol=1e-6)
    assert torch.equal(named(after), named(before).roll(-5, 1))
    assert torch.allclose(shares(after), shares(before).roll(-5, 1), atol=1e-6)


def test_turns_add_up_and_stay_within_half_a_circle() -> None:
    assert turned(turned(Grid(8, 8, "cylinder"), 170), 170).turn == -20
    assert turned(Grid(8, 8, "cylinder", turn=-90), -100).turn == 170


def test_part_of_a_circle_is_what_is_in_the_middle_of_it() -> None:
    whole, part = Grid(8, 64, "cylinder", turn=30), Grid(8, 16, "cylinder", turn=30, field_of_view=90)
    for told in (points, shares):
        assert torch.allclose(told(part), told(whole)[:, 24:40], atol=1e-6)
    assert torch.equal(named(part), named(whole)[:, 24:40])


def test_names_stay_apart_where_pixels_lie_between_those_of_the_whole() -> None:
    for grid in (Grid(8, 15, "cylinder", field_of_view=180), Grid(8, 15, "cylinder", turn=12), Grid(8, 15)):
        for window in (WHOLE, (0.1, 0.1, 0.5, 0.3), (0.25, 0.5, 0.5, 0.5)):
            columns = named(Grid(8, 15, grid.geometry, "native", grid.turn, grid.field_of_view, window))[0, :, 1]
            assert len(set(columns.tolist())) == 15
            assert (columns >= 0).all()


def test_a_mirrored_plane_shows_everything_twice_and_stays_inside() -> None:
    x = points(Grid(8, 32, projection="mirrored"))[0, :, 0]
    assert x.abs().max() <= 1
    assert torch.allclose(x[:16].sort().values, x[16:].sort().values.neg().flip(0), atol=1e-6)
    assert torch.allclose(x[8:24], x[8:24].flip(0).neg(), atol=1e-6)
    assert (x[8:24].diff() > 0).all()


def test_an_extended_plane_is_as_wide_as_the_picture() -> None:
    found = points(Grid(9, 33, projection="extended"))
    assert torch.allclose(found[0, :, 0], torch.linspace(-33 / 9, 33 / 9, 33))
    assert torch.equal(found[:, 0, 1], torch.linspace(-1, 1, 9))


@pytest.mark.parametrize("field", [10.0, 90.0, 120.0, 170.0])
def test_a_bent_plane_is_seen_at_even_angles_and_nothing_lies_outside_of_it(field: float) -> None:
    found = points(Grid(17, 64, projection="bent", field_of_view=field)).double()
    assert found.abs().max() <= 1 + 1e-6
    half = math.radians(field / 2)
    angles = torch.atan(found[0, :, 0] * math.tan(half))
    assert torch.allclose(angles.diff(), torch.full((63,), 2 * half / 64, dtype=torch.double), atol=1e-5)
    assert found[0, 0, 1].abs() > found[0, 32, 1].abs()


@pytest.mark.parametrize("grid", [*PLANES, *CYLINDERS], ids=lambda grid: f"{grid.geometry}-{grid.projection}")
def test_a_window_holds_pixels_of_the_whole(grid: Grid) -> None:
    large = Grid(40, 80, grid.geometry, grid.projection, 0, grid.field_of_view)
    window = Grid(10, 20, grid.geometry, grid.projection, 0, grid.field_of_view, (0.5, 0.25, 0.25, 0.25))
    for told in (points, shares):
        assert torch.allclose(told(window), told(large)[10:20, 40:60], atol=1e-5)
    assert torch.equal(named(window), named(large)[10:20, 40:60])
    assert not window.wraps


def test_a_patch_holds_every_so_many_pixels() -> None:
    grid = Grid(40, 80, "cylinder", turn=10)
    patch = grid.patch(6, 5, 50, 3)
    assert (patch.height, patch.width) == (6, 6)
    rows, columns = slice(3, 3 + 30, 5), slice(50, 50 + 30, 5)
    for told in (points, shares, named):
        assert torch.equal(told(patch), told(grid)[rows, columns])
    assert patch.around


def test_patches_must_lie_inside() -> None:
    grid = Grid(40, 80)
    assert fits(grid, 8, 5, 44, 4)
    assert not fits(grid, 8, 5, 45, 4)
    assert not fits(grid, 8, 5, 44, 5)
    assert fits(grid, 40, 1, 40, 0)
    assert not fits(grid, 41, 1, 0, 0)


@pytest.mark.parametrize(
    ("grid", "around", "wraps"),
    [
        (Grid(8, 8), False, False),
        (Grid(8, 8, projection="mirrored"), True, True),
        (Grid(8, 8, projection="extended"), False, False),
        (Grid(8, 8, projection="bent", field_of_view=120), False, False),
        (Grid(8, 8, "cylinder"), True, True),
        (Grid(8, 8, "cylinder", field_of_view=180), True, False),
        (Grid(8, 8, "cylinder", window=(0.0, 0.25, 1.0, 0.5)), True, True),
        (Grid(8, 8, "cylinder", window=(0.0, 0.0, 0.5, 1.0)), True, False),
        (Grid(8, 8, projection="mirrored", window=(0.5, 0.0, 0.5, 1.0)), True, False),
    ],
)
def test_what_goes_around_is_told(grid: Grid, around: bool, wraps: bool) -> None:
    assert (grid.around, grid.wraps) == (around, wraps)


def test_a_single_row_or_column_lies_in_the_middle_of_nothing() -> None:
    assert points(Grid(1, 8))[0, :, 1].abs().max() == 0
    assert points(Grid(8, 1))[:, 0, 0].abs().max() == 0
    assert points(Grid(1, 1)).tolist() == [[[0.0, 0.0]]]


def test_far_away_one_pixel_in_32_is_looked_at_and_near_by_all() -> None:
    looked = foveated(400, 600, (0.25, 0.5), seed=1)
    assert looked.shape == (400, 600)
    assert looked.dtype == bool
    assert looked[190:210, 140:160].all()
    assert 0.02 < looked[:, 450:].mean() < 0.045
    falling = [looked[:, left : left + 60].mean() for left in range(150, 510, 60)]
    assert all(near >= far - 0.02 for near, far in pairwise(falling))
    assert np.array_equal(looked, foveated(400, 600, (0.25, 0.5), seed=1))
    assert not np.array_equal(looked, foveated(400, 600, (0.25, 0.5), seed=2))
    assert foveated(1, 8, (0.5, 0.5), seed=0).shape == (1, 8)
