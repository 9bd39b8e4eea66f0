"""The label spaces hold exactly what their datasets define, and the table between them is sound."""

import tomllib

import numpy as np
import pytest

from sims.label_space import FOLDER, LayoutError, label_space, label_space_names
from sims.layout import remapping

NAMES = ("street", "landscape", "cityscapes", "ade20k", "cocostuff", "facades", "camvid")


def test_the_spaces_are_known_by_name():
    assert label_space_names() == NAMES
    with pytest.raises(LayoutError, match=r"no label space 'nowhere'; the known ones are street, landscape"):
        label_space("nowhere")


@pytest.mark.parametrize(
    ("space", "classes", "channels", "unknown"),
    [
        ("street", 20, 20, "void"),
        ("landscape", 13, 13, "void"),
        ("cityscapes", 35, 35, "unlabeled"),
        ("ade20k", 151, 151, "other"),
        ("cocostuff", 183, 183, "unlabeled"),
        ("facades", 13, 13, "unknown"),
        ("camvid", 12, 12, "unlabelled"),
    ],
)
def test_every_space_is_complete_and_consistent(space, classes, channels, unknown):
    found = label_space(space)
    assert len(found.classes) == len(found.by_name) == len(found.by_id) == classes
    assert found.channels == channels
    assert found.by_id[found.unknown].name == unknown
    assert found.channel_of.keys() == found.by_id.keys()
    assert sorted(found.channel_of.values()) == list(range(channels))
    assert all(0 <= part <= 255 for entry in found.classes for part in entry.colour)


@pytest.mark.parametrize(
    ("space", "name", "number", "colour"),
    [
        ("street", "road", 0, (128, 64, 128)),
        ("street", "bicycle", 18, (119, 11, 32)),
        ("cityscapes", "road", 7, (128, 64, 128)),
        ("cityscapes", "bicycle", 33, (119, 11, 32)),
        ("cityscapes", "license plate", 34, (0, 0, 142)),
        ("ade20k", "wall", 1, (120, 120, 120)),
        ("ade20k", "car", 21, (0, 102, 200)),
        ("ade20k", "flag", 150, (92, 0, 255)),
        ("cocostuff", "person", 0, (128, 0, 0)),
        ("cocostuff", "traffic light", 9, (64, 128, 0)),
        ("cocostuff", "sky-other", 156, (95, 219, 255)),
        ("cocostuff", "wood", 181, (0, 224, 192)),
        ("cocostuff", "unlabeled", 255, (0, 0, 0)),
        ("facades", "window", 3, (0, 85, 255)),
        ("facades", "shop", 12, (170, 0, 0)),
        ("camvid", "pavement", 4, (60, 40, 222)),
    ],
)
def test_official_ids_and_colours(space, name, number, colour):
    found = label_space(space)
    assert found.id_of(name) == number
    assert found.by_id[number].colour == colour
    assert tuple(found.palette[number]) == colour


def test_our_own_palettes_have_no_colour_twice_and_no_white():
    for space in ("street", "landscape"):
        colours = [entry.colour for entry in label_space(space).classes]
        assert len(set(colours)) == len(colours)
        assert (255, 255, 255) not in colours


def test_the_landscape_palette_is_well_separated():
    colours = np.array([entry.colour for entry in label_space("landscape").classes], int)
    distances = np.abs(colours[:, None] - colours[None]).sum(-1) + 1000 * np.eye(len(colours), dtype=int)
    assert distances.min() >= 60


def test_ids_that_are_no_class_are_coloured_as_unknown():
    palette = label_space("ade20k").palette
    assert palette.shape == (256, 3)
    assert (palette[151:] == (0, 0, 0)).all()
    assert not palette.flags.writeable


def test_channels_of_ids():
    ids = np.array([[0, 181], [255, 3]], np.uint8)
    assert label_space("cocostuff").channels_of(ids).tolist() == [[0, 181], [182, 3]]
    assert label_space("cocostuff").channels_of(ids).dtype == np.int64


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_an_id_out_of_range_is_named_with_its_count_and_place(dtype):
    ids = np.zeros((4, 6), dtype)
    ids[2, 3] = ids[3, 5] = 200
    with pytest.raises(LayoutError, match=r"Id 200 is no class of the street space.*2 pixels.*row 2, column 3"):
        label_space("street").channels_of(ids)


def test_negative_and_large_ids_do_not_wrap_around():
    for value in (-1, 256):
        with pytest.raises(LayoutError, match=f"Id {value} is no class"):
            label_space("street").channels_of(np.full((2, 2), value, np.int32))


def test_an_unknown_class_name_is_answered_with_close_ones():
    with pytest.raises(LayoutError, match=r"no class 'cars'; it knows .*car"):
        label_space("street").id_of("cars")


def test_the_mapping_table_names_real_classes_and_holds_no_dead_row():
    table = tomllib.loads((FOLDER / "mapping.toml").read_text(encoding="utf-8"))
    known = {entry.name for space in NAMES for entry in label_space(space).classes}
    rows = {(name, other) for name, others in table["stand_ins"].items() for other in others}
    assert {name for row in rows for name in row} <= known
    for section in ("void", "unused"):
        assert all(name in known for names in table[section].values() for name in names)
    used = {row for a in NAMES for b in NAMES if a != b for row in remapping(a, b).items()}
    assert rows <= used


def test_cityscapes_ids_become_the_official_train_ids():
    official = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13}
    official |= {27: 14, 28: 15, 31: 16, 32: 17, 33: 18}
    official[34] = 13  # the licence plate, void in the official table, is part of the car that carries it
    source, target = label_space("cityscapes"), label_space("street")
    table = {source.id_of(a): target.id_of(b) for a, b in remapping("cityscapes", "street").items()}
    assert table == official


@pytest.mark.parametrize(
    ("source", "target", "name", "counterpart"),
    [
        ("street", "cocostuff", "vegetation", "tree"),
        ("street", "ade20k", "traffic sign", "signboard"),
        ("street", "cocostuff", "sidewalk", "pavement"),
        ("landscape", "cocostuff", "water", "water-other"),
        ("landscape", "ade20k", "cloud", "sky"),
        ("cocostuff", "landscape", "clouds", "cloud"),
        ("ade20k", "cocostuff", "mirror", "mirror-stuff"),
        ("facades", "ade20k", "window", "windowpane"),
        ("facades", "street", "balcony", "building"),
        ("camvid", "street", "pedestrian", "person"),
        ("street", "landscape", "car", None),
        ("landscape", "street", "water", None),
    ],
)
def test_counterparts_by_name(source, target, name, counterpart):
    assert remapping(source, target).get(name) == counterpart


def test_nothing_is_moved_to_classes_without_annotations():
    table = tomllib.loads((FOLDER / "mapping.toml").read_text(encoding="utf-8"))
    for space, names in table["unused"].items():
        for source in set(NAMES) - {space}:
            assert not set(remapping(source, space).values()) & set(names)
