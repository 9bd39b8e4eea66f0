"""Simulated canvases against the released script, and the paper's version."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sims.memory.elision import paper_square, some_of
from sims.memory.morphology import dilate, outline
from sims.memory.rules import roles
from sims.memory.segments import Box, Segment, segments_of
from sims.memory.simulated import Donor, simulated_canvas, true_canvas

FOLDER = Path(__file__).parents[2] / "goldens" / "sims_crn" / "sims_simulated_canvas"
STORED, CASE = load_file(FOLDER / "tensors.safetensors"), json.loads((FOLDER / "case.json").read_text())
STREET = roles("street")
PICTURES = STORED["images"]
LAYOUTS = np.where(STORED["labels"] == 0, STREET.void, STORED["labels"] - 1).astype(np.uint8)


class Fixed:
    """The stand-ins that the stored canvases were made with: one number, and pixels in their order."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number

    def permutation(self, count: int) -> np.ndarray:
        return np.arange(count)


def twice(segment: Segment) -> Segment:
    """The segment, found at half the size as in the script, at the size of the pictures."""
    mask, whole = (each.repeat(2, axis=0).repeat(2, axis=1) for each in (segment.mask, segment.whole))
    return Segment(segment.channel, segment.page, mask, whole, 4 * segment.area, Box(*(2 * n for n in segment.box)))


SEGMENTS = [[twice(s) for s in segments_of(layout[1::2, 1::2], 19, STREET.thin)] for layout in LAYOUTS]
LARGE = [[segment for segment in each if segment.area > 4 * 20] for each in SEGMENTS]


@pytest.mark.parametrize("kind", ["plain", "transfer"])
@pytest.mark.parametrize("image", range(4))
def test_released_canvases_are_those_of_the_script(image: int, kind: str) -> None:
    rows = iter(CASE["donors"][f"img{image}_{kind}"])

    def donor(segment: Segment) -> Donor | None:
        number, source, page = next(rows)
        assert number == segment.channel + 1
        if source < 0:
            return None
        [found] = [s for s in SEGMENTS[source] if (s.channel, s.page) == (segment.channel, page + 1)]
        return Donor(PICTURES[source], found.mask, LAYOUTS[source])

    rng = Fixed(0.5 if kind == "plain" else 0.9)
    found = simulated_canvas(
        PICTURES[image], LAYOUTS[image], LARGE[image], donor, STREET, rng, CASE["square"], "released"
    )
    assert next(rows, None) is None
    wanted = STORED[f"img{image}_{kind}_canvas"].astype(int)
    assert np.abs(found.picture - wanted).max() <= (0 if kind == "plain" else 1)
    if kind == "plain":
        numbers = np.where(found.channels == STREET.void, 0, found.channels + 1)
        assert np.array_equal(numbers, STORED[f"img{image}_plain_label"])


SQUARE = 5


@pytest.fixture(scope="module")
def scene() -> tuple[np.ndarray, np.ndarray, Segment]:
    """A car on a road, in a picture without black or white."""
    layout = np.zeros((64, 128), np.uint8)
    layout[20:50, 40:90] = 13
    picture = np.random.default_rng(1).integers(10, 240, (64, 128, 3), dtype=np.uint8)
    [car] = [segment for segment in segments_of(layout, 19, STREET.thin) if segment.channel == 13]
    return picture, layout, car


def paper_canvas(scene: tuple[np.ndarray, np.ndarray, Segment], mask: np.ndarray, number: float | None = None) -> tuple:
    picture, layout, car = scene
    donor = Donor(255 - picture, mask, np.full_like(layout, 13))
    rng = np.random.default_rng(3) if number is None else Fixed(number)
    return simulated_canvas(picture, layout, [car], lambda _: donor, STREET, rng, SQUARE), donor


def test_paper_canvases_are_white_inside_and_black_outside_the_border(scene: tuple) -> None:
    picture, _, car = scene
    found, donor = paper_canvas(scene, np.pad(np.ones((30, 30), bool), ((25, 9), (50, 48))))
    stencil = car.mask & donor.mask
    band = dilate(outline(stencil), SQUARE) & stencil
    white = (found.picture == 255).all(axis=2)
    assert not (white & ~band).any()
    assert white.sum() == int(0.8 * band.sum())
    kept = stencil & ~white
    assert np.array_equal(found.picture[kept], picture[kept])
    assert not found.picture[~stencil].any()
    # What the donor has beyond the car is void; inside the car it is all car.
    assert (found.channels[donor.mask & ~car.mask] == STREET.void).all()
    assert (found.channels[car.mask] == 13).all()


def test_shadows_are_cut_out_of_the_road_around_a_car(scene: tuple) -> None:
    picture, layout, car = scene
    segments = segments_of(layout, 19, STREET.thin)
    whole = {s.channel: Donor(picture, s.mask, layout) for s in segments}
    found = simulated_canvas(
        picture, layout, segments, lambda s: whole[s.channel], STREET, Fixed(0.5), paper_square(64)
    )
    black = ~found.picture.any(axis=2)
    assert not (black & car.mask).any()
    assert black[50:52, 40:90].all()  # below the car
    assert not black[10:20, 40:90].any()  # above it
    assert not black[60:].any()


def test_recoloured_pieces_keep_to_the_stencil_on_paper_canvases(scene: tuple) -> None:
    picture, _, car = scene
    # A donor wider than the car, whose box it fills with a hole.
    mask = np.ones((64, 128), bool)
    mask[30:35, 60:70] = False
    found, donor = paper_canvas(scene, mask, 0.9)
    stencil = car.mask & mask
    assert not found.picture[~stencil].any()
    inner = stencil & ~dilate(outline(stencil), SQUARE)
    means = found.picture[inner].mean(axis=0)
    assert np.abs(means - donor.picture[car.mask].mean(axis=0)).max() < 8
    assert np.abs(means - picture[car.mask].mean(axis=0)).max() > 2


def test_a_displaced_segment_leaves_void_beside_it_and_none_far_away(scene: tuple) -> None:
    picture, layout, car = scene
    found = simulated_canvas(picture, layout, [car], lambda _: None, STREET, Fixed(0.999), SQUARE)
    assert not found.picture.any()
    spoilt = found.channels == STREET.void
    assert 50 < spoilt.sum() < 400
    assert not (spoilt & (car.mask | ~dilate(car.mask, 13))).any()
    # A number of one half is no displacement.
    still = simulated_canvas(picture, layout, [car], lambda _: None, STREET, Fixed(0.5), SQUARE)
    assert np.array_equal(still.channels, layout)


def test_the_true_canvas_is_the_picture_itself(scene: tuple) -> None:
    picture, layout, car = scene
    found = true_canvas(picture, layout, [car])
    assert np.array_equal(found.picture[car.mask], picture[car.mask])
    assert not found.picture[~car.mask].any()
    assert np.array_equal(found.channels, layout)


def test_a_share_of_a_band_is_drawn_at_random_and_rounded_down() -> None:
    band = np.zeros((6, 9), bool)
    band[2:5, 1:8] = True
    first, second = (some_of(band, 0.5, np.random.default_rng(seed)) for seed in (1, 2))
    assert first.sum() == second.sum() == 10
    assert not (first & ~band).any()
    assert not np.array_equal(first, second)
