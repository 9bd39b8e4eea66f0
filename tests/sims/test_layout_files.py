"""Label maps of every encoding are read exactly, and whatever is unknown in them is named."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sims.label_space import LayoutError, label_space, label_space_names
from sims.layout import Layout
from sims.layout_files import read_layout

STREET = label_space("street")


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def random_ids(space="street", height=24, width=40, seed=0):
    rng = np.random.default_rng(seed)
    return rng.choice([entry.id for entry in label_space(space).classes], (height, width)).astype(np.uint8)


def one_class(name, space="street"):
    return np.full((16, 16), label_space(space).id_of(name), np.uint8)


@pytest.mark.parametrize("space", label_space_names())
def test_grey_palette_and_sixteen_bit_files_hold_ids(space):
    ids = random_ids(space)
    files = [ids, ids.astype(np.uint16), np.repeat(ids[..., None], 3, axis=2)]
    for data in [*map(encoded, files), Layout(ids, label_space(space)).to_png()]:
        reading = read_layout(data, space, encoding="index")
        assert np.array_equal(reading.layout.ids, ids)
        assert (reading.encoding, reading.unknown, reading.transparent) == ("index", (), 0)


@pytest.mark.parametrize("space", label_space_names())
def test_our_own_files_read_back_without_being_told(space):
    layout = Layout(random_ids(space), label_space(space))
    reading = read_layout(layout.to_png(), space)
    assert reading.encoding == "index"
    assert np.array_equal(reading.layout.ids, layout.ids)
    reading = read_layout(encoded(layout.colours()), space)
    assert reading.encoding == "colour"
    assert np.array_equal(reading.layout.colours(), layout.colours())
    assert reading.sentence.startswith(f"Read as colours of the {space} space, 40x24, ")


def test_classes_that_share_a_colour_are_read_as_the_lowest_id():
    cityscapes = label_space("cityscapes")
    names = ["license plate", "polegroup", "static", "road"]
    ids = np.repeat(np.array([[cityscapes.id_of(name) for name in names]], np.uint8), 8, axis=0).repeat(4, axis=1)
    reading = read_layout(encoded(cityscapes.palette[ids]), "cityscapes")
    assert reading.layout.counts() == {"unlabeled": 32, "road": 32, "pole": 32, "car": 32}


def test_grey_of_two_and_four_bits_is_not_stretched():
    for bits in (2, 4):
        ids = (np.arange(256, dtype=np.uint8) % 2**bits).reshape(16, 16)
        data = grey_png(ids, bits)
        assert read_layout(data, "street").layout.ids.max() == 2**bits - 1
        assert np.array_equal(read_layout(data, "street").layout.ids, ids)


def grey_png(ids, bits):
    """A grey PNG of 2 or 4 bits, which PIL reads but does not write."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    per_byte = 8 // bits
    packed = np.zeros((ids.shape[0], ids.shape[1] // per_byte), np.uint8)
    for place in range(per_byte):
        packed |= ids[:, place::per_byte] << (8 - bits * (place + 1))
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", ids.shape[1], ids.shape[0], bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_quantised_colour_map_is_read_by_colour_though_its_indices_are_ids():
    ids = random_ids()
    image = Image.fromarray(STREET.palette[ids]).quantize(64)
    for kind in ("PNG", "GIF"):
        reading = read_layout(encoded(image, kind), "street")
        assert reading.encoding == "colour"
        assert np.array_equal(reading.layout.ids, ids)


def test_an_index_map_with_foreign_colours_is_read_by_index():
    ids = random_ids()
    image = Image.fromarray(ids)
    image.putpalette(np.random.default_rng(1).integers(0, 256, 768, dtype=np.uint8).tobytes())
    reading = read_layout(encoded(image), "street")
    assert reading.encoding == "index"
    assert np.array_equal(reading.layout.ids, ids)


def test_a_grey_map_saved_as_colours_is_read_by_index():
    ids = random_ids("cocostuff")
    reading = read_layout(encoded(np.repeat(ids[..., None], 3, axis=2)), "cocostuff")
    assert reading.encoding == "index"
    assert np.array_equal(reading.layout.ids, ids)


@pytest.mark.parametrize("kind", ["BMP", "WEBP", "GIF"])
def test_other_exact_formats(kind):
    ids = random_ids()
    options = {"lossless": True} if kind == "WEBP" else {}
    reading = read_layout(encoded(STREET.palette[ids], kind, **options), "street")
    assert np.array_equal(reading.layout.ids, ids)


def test_unknown_ids_are_counted_and_placed_and_become_void():
    ids = one_class("road")
    ids[3, 4:9] = 255
    ids[9, 2] = 77
    reading = read_layout(encoded(ids), "street")
    assert [(each.value, each.count, each.first) for each in reading.unknown] == [(255, 5, (3, 4)), (77, 1, (9, 2))]
    assert reading.layout.counts() == {"road": 250, "void": 6}
    assert (
        "6 pixels in 2 unknown ids became void (id 255: 5 pixels, first at row 3, column 4; id 77: 1 pixel, first at"
        " row 9, column 2)"
    ) in reading.sentence


def test_sixteen_bit_ids_do_not_wrap_around():
    ids = one_class("road").astype(np.uint16)
    ids[0, 0] = 256 + 13
    reading = read_layout(encoded(ids), "street")
    assert reading.unknown[0].value == 269
    assert reading.layout.ids[0, 0] == STREET.unknown


def test_unknown_colours_are_never_guessed():
    colours = STREET.palette[one_class("road")].copy()
    colours[5, 6] = colours[5, 7] = (129, 64, 128)
    reading = read_layout(encoded(colours), "street")
    assert [(each.value, each.count, each.first) for each in reading.unknown] == [((129, 64, 128), 2, (5, 6))]
    assert reading.layout.counts() == {"road": 254, "void": 2}
    assert reading.sentence == (
        "Read as colours of the street space, 16x16, 2 classes, mostly road and void; 2 pixels in 1 unknown colour "
        "became void (colour (129, 64, 128): 2 pixels, first at row 5, column 6)"
    )


def test_five_unknown_ids_are_told_and_the_others_counted():
    ids = one_class("road")
    for row, value in enumerate(range(101, 108)):
        ids[row, : 8 - row] = value
    told = "; ".join(f"id {101 + row}: {8 - row} pixels, first at row {row}, column 0" for row in range(5))
    assert f"in 7 unknown ids became void ({told}; and 2 more)" in read_layout(encoded(ids), "street").sentence


def test_nearest_colours_are_an_explicit_choice():
    colours = STREET.palette[one_class("road")].copy()
    colours[5, 6:9] = (10, 5, 130)
    reading = read_layout(encoded(colours), "street", encoding="nearest")
    assert reading.layout.counts() == {"road": 253, "car": 3}
    assert reading.encoding == "nearest"
    assert reading.sentence.endswith("; 3 pixels had no class's exact colour")


def test_nearest_colours_follow_the_distance():
    colours = np.random.default_rng(3).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    classes = label_space("ade20k").classes
    palette = np.array([entry.colour for entry in classes], int)
    expected = ((colours[:, :, None].astype(int) - palette) ** 2).sum(-1).argmin(-1)
    reading = read_layout(encoded(colours), "ade20k", encoding="nearest")
    assert np.array_equal(reading.layout.ids, expected)


def test_a_lossy_map_survives_nearest_decoding():
    ids = np.repeat(np.repeat(np.array([[0, 2], [8, 10]], np.uint8), 32, axis=0), 32, axis=1)
    data = encoded(STREET.palette[ids], "JPEG", quality=90)
    with pytest.raises(LayoutError, match="lossy JPEG"):
        read_layout(data, "street")
    assert (read_layout(data, "street", encoding="nearest").layout.ids == ids).mean() > 0.97


def test_what_is_not_opaque_becomes_unknown():
    colours = np.dstack([STREET.palette[one_class("road")], np.full((16, 16), 255, np.uint8)])
    assert read_layout(encoded(colours), "street").transparent == 0
    colours[0, :3, 3], colours[1, 0, 3] = 0, 200
    reading = read_layout(encoded(colours), "street")
    assert reading.layout.counts() == {"road": 252, "void": 4}
    assert (reading.transparent, reading.unknown) == (4, ())
    assert reading.sentence.endswith("; 4 pixels not fully opaque became void")


def test_a_transparent_palette_entry_becomes_unknown():
    ids = one_class("road")
    ids[:2] = 13
    image = Image.fromarray(ids)
    image.putpalette(STREET.palette.tobytes())
    reading = read_layout(encoded(image, transparency=13), "street")
    assert reading.layout.counts() == {"road": 224, "void": 32}


def test_a_transparent_picture_is_refused():
    with pytest.raises(LayoutError, match="Most of the layout is transparent"):
        read_layout(encoded(np.zeros((16, 16, 4), np.uint8)), "street")


@pytest.mark.parametrize(
    ("pixels", "space", "encoding", "message"),
    [
        (np.full((16, 16), 255, np.uint8), "street", "auto", "black-and-white mask; give the class's id instead"),
        (
            np.full((16, 16), 170, np.uint8),
            "street",
            "auto",
            r"100%.*\(id 170: 256 pixels, first at row 0, column 0\).*they are ids of cocostuff",
        ),
        (np.full((16, 16), 300, np.uint16), "street", "auto", r"that space has ids 0\.\.19"),
        (label_space("ade20k").palette[random_ids("ade20k")], "street", "auto", "colours of ade20k, so choose"),
        (np.full((16, 16, 3), (9, 99, 9), np.uint8), "street", "auto", "or nearest-colour decoding"),
        (
            np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8),
            "street",
            "auto",
            "as in a photograph",
        ),
        (np.full((16, 16, 3), (9, 99, 9), np.uint8), "street", "index", "its pixels are no ids; read it by colour"),
        (np.zeros((16, 16), np.uint16), "street", "colour", "16-bit grey, which has no colours"),
        (np.zeros((16, 16), np.uint8), "street", "nearest", "grey, so nearest-colour"),
        (np.zeros((16, 16), np.uint8), "street", "best", "auto, index, colour, nearest"),
        (np.zeros((16, 16), np.uint8), "moon", "auto", "no label space 'moon'"),
    ],
)
def test_what_is_mostly_unknown_is_refused_with_advice(pixels, space, encoding, message):
    with pytest.raises(LayoutError, match=message) as caught:
        read_layout(encoded(pixels), space, encoding=encoding)
    assert "\n" not in str(caught.value)


def test_ids_that_count_from_one_are_noticed():
    ids = (random_ids() + 1).astype(np.uint8)
    assert "the ids look shifted by one" in read_layout(encoded(ids), "street").sentence


def test_a_better_space_is_named_beside_what_is_unknown():
    cityscapes = label_space("cityscapes")
    ids = one_class("road", "cityscapes")
    ids[0] = cityscapes.id_of("parking")
    sentence = read_layout(encoded(cityscapes.palette[ids]), "street").sentence
    assert sentence.endswith("all are known to the cityscapes space")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_instances_come_along(dtype):
    instances = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (16, 16)).astype(dtype)
    reading = read_layout(encoded(one_class("car")), "street", instances=encoded(instances))
    assert np.array_equal(reading.layout.instances, instances)


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        (np.zeros((16, 17), np.uint8), "instances are 17x16 and the layout is 16x16"),
        (np.zeros((16, 16, 3), np.uint8), "instance file has colours"),
        (np.zeros((4, 4), np.uint8), "instance file is 4x4"),
    ],
)
def test_bad_instances_are_refused(instances, message):
    with pytest.raises(LayoutError, match=message):
        read_layout(encoded(one_class("car")), "street", instances=encoded(instances))
