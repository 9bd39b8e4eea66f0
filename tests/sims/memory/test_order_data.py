"""Orders and pairs against the released scripts."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from sims.label_space import label_space
from sims.memory.order_data import (
    adjacent,
    coarse_order,
    front_by_depth,
    front_by_disparity,
    pair_picture,
    pairs_of,
    training_pairs,
)
from sims.memory.rules import roles
from sims.memory.segments import Segment, segments_of

STORED = load_file(Path(__file__).parents[2] / "goldens" / "sims_crn" / "sims_order_data" / "tensors.safetensors")
STREET = roles("street")
COLOURS = label_space("street").palette
ROAD, BUILDING, SKY, CAR = 0, 2, 10, 13


def segments(numbers: np.ndarray) -> list[Segment]:
    channels = np.where(numbers == 0, STREET.void, numbers - 1).astype(np.uint8)
    return segments_of(channels, 19, STREET.thin, minimum_area=20)


def test_the_coarse_order_is_the_published_one() -> None:
    found = coarse_order(STORED["order_frequency"])
    assert [channel + 1 for channel in found] == STORED["coarse_order"].tolist()
    assert found == STREET.coarse_order
    assert coarse_order(np.array([[0, 1, 0], [3, 0, 0], [0, 0, 0]])) == (1, 0, 2)


def test_training_pairs_are_those_of_the_script() -> None:
    found = []
    for image, numbers in enumerate(STORED["train_ids"]):
        by_disparity = partial(front_by_disparity, disparity=STORED["disparity"][image])
        for one, other, front in training_pairs(segments(numbers), STREET, by_disparity):
            found.append([image, one.page, other.page, one.channel + 1, other.channel + 1, front + 1])
    wanted = STORED["train_pairs"]
    assert found == wanted[wanted[:, 5] > 0].tolist()  # the script keeps rows of 0 for pairs that do not touch
    assert len(found) < len(wanted)


def test_pairs_and_their_pictures_are_those_of_the_script() -> None:
    found, pictures = [], []
    for image, numbers in enumerate(STORED["test_ids"]):
        for one, other in pairs_of(segments(numbers), STREET):
            found.append([image, one.page, other.page, one.channel + 1, other.channel + 1])
            if image == 0:
                pictures.append(pair_picture(one, other, COLOURS))
    assert found == STORED["test_pairs"].tolist()
    assert np.array_equal(np.stack(pictures), STORED["test_pair_images"])


def scene() -> dict[int, Segment]:
    """Sky over a building, and a car before it on the road."""
    layout = np.full((40, 60), SKY, np.uint8)
    layout[15:30] = BUILDING
    layout[30:] = ROAD
    layout[22:34, 20:40] = CAR
    return {segment.channel: segment for segment in segments_of(layout, 19, STREET.thin)}


def test_the_nearer_segment_at_the_border_is_in_front() -> None:
    found = scene()
    depth = np.full((40, 60), np.inf, np.float32)
    for channel, metres in ((BUILDING, 30), (ROAD, 8), (CAR, 10)):
        depth[found[channel].mask] = metres
    assert front_by_depth(found[SKY], found[BUILDING], depth) is found[BUILDING]
    assert front_by_depth(found[BUILDING], found[SKY], depth) is found[BUILDING]
    assert front_by_depth(found[BUILDING], found[CAR], depth) is found[CAR]
    assert front_by_depth(found[CAR], found[BUILDING], depth) is found[CAR]
    # Far from the border anything may be nearer.
    depth[15:20, :10] = 1
    assert front_by_depth(found[CAR], found[BUILDING], depth) is found[CAR]
    assert front_by_depth(found[BUILDING], found[CAR], np.ones_like(depth)) is found[CAR]


def test_a_car_is_in_front_of_the_road_at_any_depth() -> None:
    found = scene()
    farthest = {SKY: 3, BUILDING: 2, CAR: 1, ROAD: 0}

    def nearer(one: Segment, other: Segment) -> Segment:
        return min(one, other, key=lambda each: farthest[each.channel])

    taught = {
        (one.channel, other.channel): front for one, other, front in training_pairs([*found.values()], STREET, nearer)
    }
    assert taught == {(SKY, BUILDING): BUILDING, (BUILDING, ROAD): ROAD, (BUILDING, CAR): CAR, (ROAD, CAR): CAR}
    assert not adjacent(found[SKY], found[CAR])
