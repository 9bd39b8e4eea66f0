"""The segments of a layout against those of the released scripts, and the roles of classes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from skimage.measure import label, regionprops

from sims.label_space import LayoutError, label_space, label_space_names
from sims.memory.elision import shadows
from sims.memory.rules import roles
from sims.memory.segments import boxes_of, segments_of

GOLDENS = Path(__file__).parents[2] / "goldens" / "sims_crn"
STREET = roles("street")


@pytest.mark.parametrize("split", ["train", "test"])
def test_segments_are_those_of_the_released_scripts(split: str) -> None:
    stored = load_file(GOLDENS / "sims_components" / "tensors.safetensors")
    compared = 0
    for image, ids in enumerate(stored[f"{split}_ids"]):
        found = segments_of(np.where(ids == 0, 19, ids - 1).astype(np.uint8), 19, STREET.thin)
        wanted = np.flatnonzero((stored["table"][:, :2] == ((0 if split == "train" else 1), image)).all(axis=1))
        # The scripts keep an empty first page of every thin class.
        wanted = [row for row in wanted if stored["masks"][row].any()]
        assert [(s.channel + 1, s.page) for s in found] == [tuple(stored["table"][row, 2:]) for row in wanted]
        for segment, row in zip(found, wanted, strict=True):
            assert np.array_equal(segment.mask, stored["masks"][row])
            assert np.array_equal(segment.whole, stored["pole_masks"][row])
            compared += 1
    assert compared > 10


def test_a_thin_structure_cuts_no_building_and_joins_what_it_touches() -> None:
    building, pole, car = 2, 5, 13
    layout = np.full((12, 16), 19, np.uint8)
    layout[1:6, 2:12] = building
    layout[1:6, 6] = pole
    layout[7:9, 1:3] = car
    layout[10:11, 1:3] = car
    layout[9, 2] = pole
    found = segments_of(layout, 19, STREET.thin)
    assert [(s.channel, s.page, s.area) for s in found] == [(2, 1, 45), (5, 2, 1), (5, 3, 5), (13, 1, 6)]
    assert found[0].whole.sum() == 50
    assert found[0].box == (1, 2, 6, 12)
    assert [s.area for s in segments_of(layout, 19, ())] == [20, 25, 1, 5, 4, 2]


def test_small_segments_are_left_out_and_still_counted() -> None:
    layout = np.full((8, 20), 19, np.uint8)
    layout[0:2, 0:2] = layout[0:4, 4:9] = layout[0:4, 12:17] = 0
    found = segments_of(layout, 19, STREET.thin, minimum_area=4)
    assert [(s.page, s.area) for s in found] == [(2, 20), (3, 20)]
    assert [s.page for s in segments_of(layout, 19, STREET.thin, minimum_area=19)] == [2, 3]
    assert segments_of(layout, 19, STREET.thin, minimum_area=20) == []


def test_boxes_are_those_of_every_area() -> None:
    areas = label(np.random.default_rng(1).random((90, 130)) < 0.3, connectivity=2)
    wanted = {each.label: each.bbox for each in regionprops(areas)}
    found = boxes_of(areas)
    assert len(found) == len(wanted) + 1 > 300
    assert all(tuple(found[number]) == box for number, box in wanted.items())
    assert boxes_of(np.array([[0, 3]])).tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 2]]
    assert boxes_of(np.zeros((4, 5), int)).tolist() == [[0, 0, 0, 0]]


def test_noise_of_many_thousand_areas_is_read_at_once() -> None:
    noise = np.random.default_rng(1).integers(0, 19, (512, 1024)).astype(np.uint8)
    begun = time.process_time()
    assert segments_of(noise, 19, STREET.thin, minimum_area=1000) == []
    assert shadows(noise, STREET, 41, "paper").any()
    assert time.process_time() - begun < 8


def test_the_order_of_the_street_is_the_published_one() -> None:
    numbers = [channel + 1 for channel in STREET.coarse_order]
    assert numbers == [11, 3, 10, 4, 2, 1, 5, 9, 18, 19, 15, 14, 16, 17, 12, 6, 13, 8, 7]
    assert sorted(STREET.thin) == [5, 6, 7]
    assert sorted(STREET.shadowed) == [2, 5, 6, 7, *range(11, 19)]
    assert sorted(STREET.objects) == [5, 6, 7, *range(11, 19)]
    assert sorted(STREET.restorable) == [0, 1, 3, 4, 8, 9, 10]


@pytest.mark.parametrize("name", label_space_names())
def test_every_space_has_an_order_of_all_its_classes(name: str) -> None:
    space, found = label_space(name), roles(name)
    expected = {space.channel_of[c.id] for c in space.classes if c.id != space.unknown}
    assert len(found.coarse_order) == len(expected)
    assert set(found.coarse_order) == expected
    assert found.void not in expected


def test_cityscapes_ids_have_the_parts_of_the_street() -> None:
    space = label_space("cityscapes")
    assert {space.by_id[channel].name for channel in roles("cityscapes").ground} == {"road", "sidewalk"}
    assert roles("landscape").thin == ()
    with pytest.raises(LayoutError, match="no label space 'moon'"):
        roles("moon")
