"""Layouts: what they refuse, how they resize, move between spaces and are written."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from sims.label_space import LayoutError, label_space, label_space_names
from sims.layout import Layout, nearest_index

STREET = label_space("street")


def random_layout(space="street", height=24, width=40, seed=0, instances=False):
    rng = np.random.default_rng(seed)
    ids = rng.choice([entry.id for entry in label_space(space).classes], (height, width)).astype(np.uint8)
    return Layout(ids, label_space(space), rng.integers(0, 65536, ids.shape) if instances else None)


def halves(left, right, space="street", height=16, width=16):
    ids = np.full((height, width), label_space(space).id_of(left), np.uint8)
    ids[:, width // 2 :] = label_space(space).id_of(right)
    return Layout(ids, label_space(space))


def test_a_layout_is_a_read_only_copy():
    ids, instances = np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint16)
    layout = Layout(ids, STREET, instances)
    ids[:] = 3
    assert layout.ids.max() == 0
    assert layout.instances.dtype == np.int32
    for array in (layout.ids, layout.instances):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.zeros((7, 8), np.uint8), "8x7; each side must be 8 to 2048"),
        (np.zeros((8, 2049), np.uint8), "2049x8"),
        (np.zeros((8, 8), np.int64), "uint8 of shape"),
        (np.zeros((8, 8, 3), np.uint8), "uint8 of shape"),
        (np.full((8, 8), 20, np.uint8), r"Id 20 is no class of the street space.*64 pixels, first at row 0, column 0"),
    ],
)
def test_bad_ids_are_refused(ids, message):
    with pytest.raises(LayoutError, match=message):
        Layout(ids, STREET)


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        (np.zeros((8, 9), np.int32), "instances are 9x8 and the layout is 8x8"),
        (np.full((8, 8), -1), "from 0 to 65535"),
        (np.full((8, 8), 65536), "from 0 to 65535"),
        (np.zeros((8, 8), np.float32), "whole numbers"),
    ],
)
def test_bad_instances_are_refused(instances, message):
    with pytest.raises(LayoutError, match=message):
        Layout(np.zeros((8, 8), np.uint8), STREET, instances)


def test_the_two_rules_of_nearest():
    assert nearest_index(256, 8, "centre").tolist() == list(range(16, 256, 32))
    assert nearest_index(256, 8, "floor").tolist() == list(range(0, 256, 32))
    with pytest.raises(LayoutError, match="'centre' or 'floor'"):
        nearest_index(256, 8, "linear")


@pytest.mark.parametrize(("source", "target"), [(131, 256), (197, 64), (10, 15), (300, 200), (7, 1000), (427, 8)])
def test_the_floor_rule_is_that_of_the_networks(source, target):
    line = torch.arange(source, dtype=torch.float32)[None, None]
    theirs = torch.nn.functional.interpolate(line, size=target, mode="nearest")[0, 0]
    assert nearest_index(source, target, "floor").tolist() == theirs.tolist()


@pytest.mark.parametrize("size", [(16, 40), (128, 80), (37, 211), (72, 120)])
def test_the_centre_rule_is_that_of_pil(size):
    layout = random_layout(height=48, width=80, instances=True)
    resized = layout.resize(*size)
    nearest = Image.Resampling.NEAREST
    assert resized.size == size
    assert np.array_equal(resized.ids, Image.fromarray(layout.ids).resize(size[::-1], nearest))
    assert np.array_equal(resized.instances, Image.fromarray(layout.instances).resize(size[::-1], nearest))


def test_the_rules_differ_and_take_instances_along():
    layout = random_layout(height=48, width=80, instances=True)
    floor = layout.resize(12, 20, "floor")
    assert np.array_equal(floor.ids, layout.ids[::4, ::4])
    assert np.array_equal(floor.instances, layout.instances[::4, ::4])
    assert not np.array_equal(floor.ids, layout.resize(12, 20).ids)


def test_resizing_is_bounded():
    with pytest.raises(LayoutError, match="4096x8"):
        random_layout().resize(8, 4096)


def test_moving_to_another_space_reports_what_is_lost():
    moved = halves("vegetation", "car").to_space("landscape")
    assert moved.layout.space.name == "landscape"
    assert moved.layout.counts() == {"tree": 128, "void": 128}
    assert moved.unmapped == {"car": 128}
    assert moved.sentences() == ["The landscape space has no counterpart of car (50.0 %); it became void."]


def test_what_maps_completely_says_nothing_and_unknown_stays_unknown():
    moved = halves("road", "void").to_space("cocostuff")
    assert moved.layout.counts() == {"road": 128, "unlabeled": 128}
    assert moved.unmapped == {}
    assert moved.sentences() == []


def test_moving_keeps_instances_and_size():
    layout = random_layout(instances=True)
    moved = layout.to_space("ade20k").layout
    assert np.array_equal(moved.instances, layout.instances)
    assert layout.to_space("street").layout is layout


def test_every_class_of_every_space_can_be_moved():
    for source in label_space_names():
        layout = random_layout(source, 64, 64)
        for target in label_space_names():
            moved = layout.to_space(target)
            lost = sum(moved.unmapped.values()) + layout.counts().get(layout.space.by_id[layout.space.unknown].name, 0)
            assert source == target or np.count_nonzero(moved.layout.ids == moved.layout.space.unknown) == lost


@pytest.mark.parametrize("space", label_space_names())
def test_a_png_holds_the_ids_and_shows_the_colours(space):
    layout = random_layout(space)
    image = Image.open(io.BytesIO(layout.to_png()))
    assert (image.mode, image.size) == ("P", (40, 24))
    assert np.array_equal(np.asarray(image), layout.ids)
    assert np.array_equal(np.asarray(image.convert("RGB")), layout.colours())


def test_an_instance_png_holds_sixteen_bits():
    layout = random_layout(instances=True)
    image = Image.open(io.BytesIO(layout.instances_to_png()))
    assert np.array_equal(np.asarray(image), layout.instances)


def test_components_stand_in_for_instances():
    ids = np.zeros((8, 12), np.uint8)
    ids[1:4, 1:4] = ids[4:6, 4:6] = ids[6, 9] = 13  # the first two touch at a corner alone
    instances = Layout(ids, STREET).instance_map()
    assert instances.dtype == np.int32
    assert sorted(np.unique(instances)) == [1, 2, 3, 4]
    assert len({instances[0, 0], instances[2, 2], instances[5, 5], instances[6, 9]}) == 4


def test_given_instances_are_used_as_they_are():
    layout = random_layout(instances=True)
    assert layout.instance_map() is layout.instances


def test_counts_add_up():
    layout = random_layout("cocostuff", 64, 64)
    assert sum(layout.counts().values()) == 64 * 64
    assert layout.counts()["unlabeled"] == np.count_nonzero(layout.ids == 255)
