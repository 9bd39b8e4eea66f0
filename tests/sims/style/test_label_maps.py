"""Label maps of any ids: what is read is what was written, and colours are no ids."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sims.generator import Card, RequestError, StyleRequest, check_request
from sims.image_files import MAX_SIDE
from sims.requests import MAX_LABEL_SIDE
from sims.style.label_maps import label_map_png, read_label_map


@pytest.mark.parametrize("highest", [3, 255, 256, 65535])
def test_ids_come_back(highest: int) -> None:
    labels = np.random.default_rng(highest).integers(0, highest + 1, (20, 31)).astype(np.int32)
    labels[0, 0] = highest
    found = read_label_map(label_map_png(labels), "content")
    assert found.dtype == np.int32
    assert (found == labels).all()


def test_the_numbers_of_a_palette_count_and_not_its_colours() -> None:
    image = Image.fromarray(np.arange(100, dtype=np.uint8).reshape(10, 10)).convert("P")
    image.putpalette([9, 9, 9] * 256)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert read_label_map(buffer.getvalue(), "style").max() == 99


@pytest.mark.parametrize("size", [(2049, 2047), (8, 32768)])
def test_they_may_be_as_large_as_pictures(size: tuple[int, int]) -> None:
    labels = np.arange(size[0] * size[1], dtype=np.int32).reshape(size) % 700
    assert (read_label_map(label_map_png(labels), "content") == labels).all()
    assert MAX_LABEL_SIDE == MAX_SIDE
    picture = np.zeros((16, 16, 3), np.uint8)
    check_request(Card("pis", "PIS", "photo_wct", "style", None), StyleRequest(picture, picture, labels, labels))


@pytest.mark.parametrize(("size", "told"), [((2049, 2048), "2048x2049"), ((8, 32769), "32769x8"), ((7, 99), "99x7")])
def test_no_larger_and_no_smaller_ones_are_read(size: tuple[int, int], told: str) -> None:
    bounds = f"is {told}; each side must be 8 to 32768 pixels, and 4194304 pixels are the most in all"
    with pytest.raises(RequestError, match=f"The label map of the style picture {bounds}"):
        read_label_map(label_map_png(np.zeros(size, np.int32)), "style")
    picture = np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(RequestError, match=f"The label map of the content picture {bounds}"):
        check_request(
            Card("pis", "PIS", "photo_wct", "style", None),
            StyleRequest(picture, picture, np.zeros(size, np.int32), np.zeros((8, 8), np.int32)),
        )


def test_other_files_are_refused() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20)).save(buffer, "PNG")
    with pytest.raises(RequestError, match="The label map of the style picture holds colours"):
        read_label_map(buffer.getvalue(), "style")
    with pytest.raises(RequestError, match="label map of the content picture is broken or cut off"):
        read_label_map(label_map_png(np.random.default_rng(0).integers(0, 99, (40, 40)))[:600], "content")
    with pytest.raises(RequestError, match="is not an image"):
        read_label_map(b"nothing", "content")
