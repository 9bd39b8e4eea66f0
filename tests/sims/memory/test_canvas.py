"""The canvas against the released script, and against its repaired reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sims.memory.canvas import Canvas, Piece, Rejected, compose
from sims.memory.elision import Elision, Faithful, shadows
from sims.memory.morphology import dilate, outline
from sims.memory.rules import roles

STORED = load_file(Path(__file__).parents[2] / "goldens" / "sims_crn" / "sims_canvas" / "tensors.safetensors")
STREET = roles("street")
SIZES = Elision(inner=2, road=3, tree=2, outer=5, inner_share=0.5)
ROAD, WALL, SKY, PERSON, CAR = 0, 3, 10, 11, 13


class InOrder:
    """Draws pixels in their order, as the stand-in under which the stored canvases were made."""

    def random(self) -> float:
        return 0.5

    def permutation(self, count: int) -> np.ndarray:
        return np.arange(count)


def channels(numbers: np.ndarray) -> np.ndarray:
    return np.where(numbers == 0, STREET.void, numbers - 1).astype(np.uint8)


def stored_canvas(image: int, faithful: Faithful) -> Canvas:
    given = {key.removeprefix(f"img{image}_"): value for key, value in STORED.items()}
    entries: list[Piece | Rejected] = []
    for kind, n in given["sequence"]:
        if kind == 1:
            masks = given["mask"][n].astype(bool), given["pole"][n].astype(bool)
            pictures = given["answer"][n], given["moved"][n]
            source = channels(STORED["source_labels"][given["response"][n]])
            entries.append(Piece(given["cls"][n] - 1, int(given["page"][n]), *masks, *pictures, source))
        else:
            entries.append(Rejected(given["remaining_cls"][n] - 1, given["remaining_mask"][n].astype(bool)))
    fronts = {
        (int(p1), int(p2), int(c1) - 1, int(c2) - 1): int(logits.argmax()) - 1
        for (p1, p2, c1, c2), logits in zip(given["pair_table"], given["pair_logits"], strict=True)
    }
    return compose(channels(given["label"]), entries, fronts, STREET, SIZES, InOrder(), faithful)


@pytest.mark.parametrize(("faithful", "stored"), [("released", "released"), ("paper", "intended")])
@pytest.mark.parametrize("image", [0, 1])
def test_canvases_are_the_stored_ones(image: int, faithful: Faithful, stored: str) -> None:
    found = stored_canvas(image, faithful)
    assert np.array_equal(found.picture.astype(np.float32) / 255, STORED[f"img{image}_canvas_{stored}"])
    assert np.array_equal(found.channels, channels(STORED[f"img{image}_label_{stored}"]))
    if faithful == "released":
        laid = np.append(STORED[f"img{image}_cls"], 0)[found.owner]
        assert np.array_equal(laid, STORED[f"img{image}_filled_released"][..., 1])


NONE = Elision(inner=1, road=1, tree=1, outer=1, inner_share=0.0)


def coloured(mask: np.ndarray, value: int) -> np.ndarray:
    return np.where(mask[..., None], np.uint8(value), np.uint8(0)).repeat(3, axis=2)


def block(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((40, 60), bool)
    mask[rows, columns] = True
    return mask


def piece(channel: int, mask: np.ndarray, value: int, page: int = 1) -> Piece:
    return Piece(channel, page, mask, mask, coloured(mask, value))


def made(layout: np.ndarray, entries: list, fronts: dict, elision: Elision = NONE) -> Canvas:
    return compose(layout, entries, fronts, STREET, elision, np.random.default_rng(0))


def test_the_later_piece_covers_unless_the_earlier_is_in_front() -> None:
    one, two = block(slice(5, 20), slice(5, 30)), block(slice(10, 25), slice(20, 50))
    layout = np.full((40, 60), SKY, np.uint8)
    entries = [piece(SKY, one, 50), piece(PERSON, two, 90, page=2)]
    over = made(layout, entries, {(1, 2, SKY, PERSON): PERSON}).owner
    assert set(over[one & two]) == {1}
    under = made(layout, entries, {(1, 2, SKY, PERSON): SKY})
    assert set(under.owner[one & two]) == {0}
    assert set(under.owner[two & ~one]) == {1}
    assert (under.picture[one & two] == 50).all()
    # A row of another page says nothing about this one.
    assert np.array_equal(made(layout, entries, {(1, 1, SKY, PERSON): SKY}).owner, over)


def test_a_moved_piece_is_taken_only_where_it_covers_more_of_the_segment() -> None:
    query = block(slice(10, 30), slice(20, 40))
    better, equal = block(slice(10, 30), slice(18, 40)), block(slice(10, 28), slice(22, 42))
    start = coloured(block(slice(10, 28), slice(20, 38)), 80)
    layout = np.full((40, 60), SKY, np.uint8)
    for moved, taken in ((better, True), (equal, False)):
        found = made(layout, [Piece(SKY, 1, query, query, start, coloured(moved, 90))], {})
        assert np.array_equal(found.owner == 0, moved if taken else start.any(axis=2))


def test_the_layout_takes_the_shapes_of_the_pieces() -> None:
    query, retrieved = block(slice(10, 30), slice(20, 40)), block(slice(15, 35), slice(20, 40))
    layout = np.where(query, PERSON, SKY).astype(np.uint8)
    entry = Piece(PERSON, 1, query, query, coloured(retrieved, 80))
    rejected = Rejected(CAR, block(slice(0, 5), slice(0, 5)))
    found = made(layout, [entry, rejected], {})
    assert (found.channels[retrieved] == PERSON).all()
    assert (found.channels[query & ~retrieved] == STREET.void).all()  # a person does not come back
    assert (found.channels[rejected.mask] == CAR).all()
    assert not found.picture[rejected.mask].any()
    # A wall does.
    again = made(np.where(query, WALL, SKY).astype(np.uint8), [replace(entry, channel=WALL)], {})
    assert (again.channels[query] == WALL).all()


def test_shadows_of_cars_that_the_road_was_cut_with_are_cut_out() -> None:
    road, car = block(slice(10, 40), slice(0, 60)), block(slice(20, 30), slice(20, 40))
    source = np.where(car, CAR, ROAD).astype(np.uint8)
    entry = replace(piece(ROAD, road, 100), source_channels=source)
    found = made(np.full((40, 60), ROAD, np.uint8), [entry], {}, replace(NONE, road=5))
    hole = ~found.picture.any(axis=2)
    assert np.array_equal(hole, (dilate(outline(car), 5) & road) | ~road)
    tree = made(np.full((40, 60), 8, np.uint8), [piece(8, road, 100)], {}, replace(NONE, tree=5))
    assert np.array_equal(~tree.picture.any(axis=2), (dilate(outline(road), 5) & road) | ~road)


def test_elision_is_white_inside_and_black_on_the_road_around_what_throws_shadows() -> None:
    car = block(slice(10, 30), slice(20, 40))
    layout = np.where(car, CAR, ROAD).astype(np.uint8)
    layout[:, :20] = SKY
    entries = [piece(ROAD, layout == ROAD, 100), piece(SKY, layout == SKY, 150), piece(CAR, car, 200)]
    found = made(layout, entries, {}, replace(NONE, inner=3, outer=5, inner_share=0.8))
    white = (found.picture == 255).all(axis=2)
    band = dilate(outline(car), 3) & car
    assert white[car].sum() == int(0.8 * band.sum())
    assert not (white[car] & ~band[car]).any()
    black = ~found.picture.any(axis=2)
    assert black[30:32, 20:40].all()
    assert not black[layout == SKY].any()
    assert not black[:10].any()


def test_shadows_reach_an_eighth_of_the_width_on_both_sides() -> None:
    low = block(slice(18, 22), slice(20, 44))
    layout = np.where(low, CAR, ROAD).astype(np.uint8)
    meant, released = (shadows(layout, STREET, 17, faithful) for faithful in ("paper", "released"))
    assert np.flatnonzero(meant.any(axis=0)).tolist() == list(range(17, 47))
    assert np.flatnonzero(released.any(axis=0)).tolist() == list(range(17, 45))
    assert np.flatnonzero(meant.any(axis=1)).tolist() == list(range(18, 23))


def test_sizes_are_those_of_the_scripts_and_of_the_paper() -> None:
    assert Elision.released(512) == Elision(17, 30, 20, 40, 0.5)
    assert Elision.released(256) == Elision(6, 31, 21, 41, 0.5)
    assert Elision.released(1024) == Elision(25, 31, 21, 41, 0.5)
    paper = Elision.paper(256)
    assert (paper.inner, paper.outer, paper.inner_share) == (27, 27, 0.8)
    edge = np.zeros((60, 60), bool)
    edge[30] = True
    assert np.flatnonzero(dilate(edge, paper.inner)[:, 5]).tolist() == list(range(17, 44))  # 13 = 0.05 * 256 each way
