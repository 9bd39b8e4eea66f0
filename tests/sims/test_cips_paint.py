"""Painting: previews that become the picture, parts that are parts of it, and what is left out filled in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_cips import plain, streamed, tiny, tiny_style, turned

from sims.blend import soft_step
from sims.cips_paint import STRIDES, filled, paint
from sims.cips_stream import CHUNK, Stream
from sims.generator import Cancelled
from sims.grid import Grid, Patch, foveated

ROOT = Path(__file__).resolve().parents[2]
SHAPES = [(24, 40), (23, 41), (8, 9), (7, 5), (1, 17), (100, 90)]


@pytest.fixture(scope="module")
def flat() -> Stream:
    return stream_of(Grid(1, 1))


@pytest.fixture(scope="module")
def around() -> Stream:
    return stream_of(Grid(1, 1, "cylinder"))


def stream_of(grid: Grid, blended: bool = False) -> Stream:
    network = tiny(geometry=grid.geometry)
    with torch.inference_mode():
        return Stream(network, tiny_style(network, 1), tiny_style(network, 2) if blended else None)


def painted(
    stream: Stream,
    grid: Grid | Patch,
    mask: np.ndarray | None = None,
    noise: int | None = None,
    watch: Callable[[float], None] = lambda done: None,
    show: Callable[[np.ndarray], None] = lambda image: None,
    wanted: np.ndarray | None = None,
) -> np.ndarray:
    with torch.inference_mode():
        return paint(stream, grid, mask, noise, watch, show, wanted)


def apart(one: np.ndarray, other: np.ndarray) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pixel_is_painted_as_its_network_has_it(shape: tuple[int, int], flat: Stream) -> None:
    grid = Grid(*shape)
    colours = plain(flat.network, tiny_style(flat.network, 1), grid).permute(1, 2, 0)
    wanted = ((colours.clamp(-1, 1) + 1) / 2 * 255).to(torch.uint8).numpy()
    found = painted(flat, grid)
    assert found.dtype == np.uint8
    assert apart(found, wanted) <= 1
    assert (found != wanted).mean() < 0.01
    assert wanted.std() > 10


def test_it_is_the_same_to_the_bit_whatever_is_watched(flat: Stream) -> None:
    grid = Grid(90, 130)
    shown: list[np.ndarray] = []
    watched: list[float] = []
    alone = painted(flat, grid, noise=3)
    assert np.array_equal(painted(flat, grid, noise=3, watch=watched.append, show=shown.append), alone)
    assert len(shown) == len(STRIDES) - 1
    assert watched == sorted(watched)
    assert watched[0] == 0
    assert watched[-1] < 1
    assert len(watched) >= 90 * 130 / CHUNK


@pytest.mark.parametrize("shape", SHAPES)
def test_previews_refine_to_exactly_the_picture(shape: tuple[int, int], flat: Stream) -> None:
    shown: list[np.ndarray] = []
    final = painted(flat, Grid(*shape), show=lambda image: shown.append(image.copy()))
    for stride, preview in zip(STRIDES, shown, strict=False):
        assert preview.shape == final.shape
        assert np.array_equal(preview[::stride, ::stride], final[::stride, ::stride])
        enlarged = final[::stride, ::stride].repeat(stride, 0).repeat(stride, 1)
        assert np.array_equal(preview, enlarged[: shape[0], : shape[1]])


@pytest.mark.parametrize("shape", SHAPES)
def test_no_pixel_is_looked_at_twice(shape: tuple[int, int], flat: Stream) -> None:
    looked: list[torch.Tensor] = []

    def look(points: torch.Tensor, *others: object) -> torch.Tensor:
        looked.append(points)
        return flat(points)

    painted(look, Grid(*shape))  # type: ignore[arg-type]
    points = torch.cat(looked)
    assert len(points) == len(points.unique(dim=0)) == shape[0] * shape[1]
    assert max(map(len, looked)) <= CHUNK


PROGRAM = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {tests!r}]
import torch
from small_cips import tiny, tiny_style
from sims.cips_paint import paint
from sims.cips_stream import Stream
from sims.generator import unseen
from sims.grid import Grid

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

torch.set_num_threads(1)
with torch.inference_mode():
    network = tiny()
    stream = Stream(network, tiny_style(network, 1))
    paint(stream, Grid(128, 128), None, 1, lambda done: None, unseen)
    before = peak()
    paint(stream, Grid(1024, 2048), None, 1, lambda done: None, unseen)
    print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="tells no peak memory")
def test_memory_does_not_grow_with_the_picture() -> None:
    """Besides the picture's own 6 MB; a single layer of all of its pixels would have 128."""
    program = PROGRAM.format(root=str(ROOT), tests=str(ROOT / "tests"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 6 + 12


def test_work_can_be_stopped_between_chunks(flat: Stream) -> None:
    def stop(done: float) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        painted(flat, Grid(90, 130), watch=stop)


@pytest.mark.parametrize("noise", [None, 5])
@pytest.mark.parametrize("blended", [False, True])
@pytest.mark.parametrize("geometry", ["plane", "cylinder"])
def test_patches_and_windows_are_parts_of_the_whole(geometry: str, blended: bool, noise: int | None) -> None:
    whole = Grid(80, 160, geometry)
    stream = stream_of(whole, blended)
    mask = np.random.default_rng(0).integers(0, 256, (9, 12), np.uint8) if blended else None
    picture = painted(stream, whole, mask, noise)
    window = Grid(20, 80, geometry, window=(0.5, 0.25, 0.5, 0.25))
    assert apart(painted(stream, window, mask, noise), picture[20:40, 80:]) <= 1
    for side, stride, left, top in ((11, 7, 0, 0), (11, 7, 89, 9), (80, 1, 80, 0), (1, 1, 159, 79)):
        patch = painted(stream, whole.patch(side, stride, left, top), mask, noise)
        reach = (side - 1) * stride + 1
        assert apart(patch, picture[top : top + reach : stride, left : left + reach : stride]) <= 1


@pytest.mark.parametrize("noise", [None, 5])
@pytest.mark.parametrize("blended", [False, True])
def test_turning_a_cylinder_rolls_the_picture(blended: bool, noise: int | None) -> None:
    whole = Grid(32, 96, "cylinder")
    stream = stream_of(whole, blended)
    mask = soft_step(0.9, 0.3, 0.1, wraps=True) if blended else None
    picture = painted(stream, whole, mask, noise)
    for columns in (1, 31, 95):
        found = painted(stream, turned(whole, 360 * columns / 96), mask, noise)
        assert apart(found, np.roll(picture, -columns, 1)) <= (1 if blended else 0)


def test_a_mirrored_plane_is_blended_all_around_too(flat: Stream) -> None:
    whole = Grid(16, 96, projection="mirrored")
    stream = stream_of(whole, blended=True)
    mask = soft_step(0.0, 0.5, 0.2, wraps=True)
    picture = painted(stream, whole, mask)
    found = painted(stream, turned(whole, 90), mask)
    assert apart(found, np.roll(picture, -24, 1)) <= 1


def test_a_mask_is_stretched_and_read_between_its_pixels() -> None:
    grid = Grid(16, 64)
    stream = stream_of(grid, blended=True)
    ramp = np.tile(np.array([0, 255], np.uint8), (8, 1))
    t = torch.linspace(0.5 / 64, 1 - 0.5 / 64, 64).mul(2).sub(0.5).clamp(0, 1).expand(16, -1)
    colours = streamed(stream, grid, t).permute(1, 2, 0)
    wanted = ((colours.clamp(-1, 1) + 1) / 2 * 255).to(torch.uint8).numpy()
    assert apart(painted(stream, grid, ramp), wanted) <= 1
    first, second = (np.full((8, 8), value, np.uint8) for value in (0, 255))
    assert np.array_equal(painted(stream, grid, ramp)[:, :16], painted(stream, grid, first)[:, :16])
    assert np.array_equal(painted(stream, grid, ramp)[:, 48:], painted(stream, grid, second)[:, 48:])


def test_where_places_come_round_again_a_mask_does_too() -> None:
    grid = Grid(8, 64, "cylinder")
    stream = stream_of(grid, blended=True)
    half = np.zeros((8, 8), np.uint8)
    half[:, 4:] = 255
    middle = np.full((8, 8), 128, np.uint8)
    edge = painted(stream, grid.patch(1, 1, 0, 3), half)  # a pixel beside the edge, almost in the middle of the rise
    assert apart(edge, painted(stream, grid.patch(1, 1, 0, 3), middle)) <= 12
    assert apart(edge, painted(stream, grid, half)[3:4, :1]) <= 1


# ------------------------------------------------------------------------------------------------- left out and filled


def test_only_what_is_wanted_is_painted(flat: Stream) -> None:
    grid = Grid(40, 50)
    wanted = foveated(40, 50, (0.5, 0.5), seed=2)
    shown: list[np.ndarray] = []
    watched: list[float] = []
    found = painted(flat, grid, wanted=wanted, show=shown.append, watch=watched.append)
    assert apart(found[wanted], painted(flat, grid)[wanted]) <= 1
    assert (found[~wanted] == 0).all()
    assert shown == []
    assert watched == sorted(watched)
    assert watched[-1] < 1
    nothing = np.zeros((40, 50), bool)
    assert (painted(flat, grid, wanted=nothing) == 0).all()


@pytest.mark.parametrize("shape", [(40, 50), (41, 7), (1, 64), (64, 1), (5, 1000), (2, 2), (33, 33)])
def test_what_is_known_stays_and_the_rest_lies_between(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(60, 200, (*shape, 3), np.uint8)
    known = rng.random(shape) < 0.2
    known[0, 0] = True
    made = filled(np.where(known[..., None], picture, 0).astype(np.uint8), known)
    assert np.array_equal(made[known], picture[known])
    low, high = picture[known].min(0), picture[known].max(0)
    assert (made >= low).all()
    assert (made <= high).all()


def test_filling_follows_what_changes_slowly() -> None:
    rows, columns = np.mgrid[:60, :80]
    picture = np.stack((rows * 3, columns * 2, rows + columns), -1).astype(np.uint8)
    known = np.random.default_rng(1).random((60, 80)) < 0.15
    made = filled(np.where(known[..., None], picture, 0).astype(np.uint8), known)
    assert np.abs(made.astype(int) - picture).mean() < 4


def test_filling_from_a_single_pixel_and_from_all() -> None:
    known = np.zeros((9, 30), bool)
    known[4, 20] = True
    picture = np.zeros((9, 30, 3), np.uint8)
    picture[4, 20] = (10, 20, 30)
    assert (filled(picture, known) == (10, 20, 30)).all()
    whole = np.random.default_rng(0).integers(0, 256, (9, 30, 3), np.uint8)
    assert np.array_equal(filled(whole, np.ones((9, 30), bool)), whole)
