"""Masks as files: greys however they are stored, and nothing else."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sims.mask_files import mask_png, read_mask
from sims.request_error import RequestError

GREYS = np.random.default_rng(0).integers(0, 256, (9, 14), np.uint8)
REFUSED = (
    "The mask has colours, transparent pixels or more than 8 bits; give grey from black, for the first style, to white,"
    " for the second."
)


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def refusal(source: bytes | Path) -> str:
    with pytest.raises(RequestError) as caught:
        read_mask(source)
    told = str(caught.value)
    assert told.startswith("The mask ")
    assert told.endswith(".")
    assert "\n" not in told
    return told


def test_masks_come_back_exactly(tmp_path: Path) -> None:
    for mask in (GREYS, GREYS[::2, ::-1][:8, :9], np.asfortranarray(GREYS)):
        if min(mask.shape) >= 8:
            assert np.array_equal(read_mask(mask_png(mask)), mask)
    path = tmp_path / "mask.png"
    path.write_bytes(mask_png(GREYS))
    found = read_mask(path)
    assert found.dtype == np.uint8
    assert found.flags.writeable
    assert np.array_equal(found, GREYS)


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.fromarray(GREYS), "BMP"),
        saved(Image.fromarray(GREYS), "GIF"),
        saved(Image.fromarray(GREYS), "WEBP", lossless=True),
        saved(Image.fromarray(GREYS).convert("RGB")),
        saved(Image.fromarray(GREYS).convert("RGBA")),
        saved(Image.fromarray(GREYS).convert("P")),
    ],
    ids=["bmp", "gif", "webp", "colours", "opaque", "palette"],
)
def test_greys_are_read_however_they_are_stored(data: bytes) -> None:
    assert np.array_equal(read_mask(data), GREYS)


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF"])
def test_black_and_white_are_0_and_255(form: str) -> None:
    wanted = np.where(GREYS > 127, 255, 0).astype(np.uint8)
    for image in (Image.fromarray(wanted).convert("1"), Image.fromarray(GREYS > 127)):
        assert np.array_equal(read_mask(saved(image, form)), wanted)


def test_greys_of_few_bits_go_from_black_to_white() -> None:
    palette = Image.fromarray(GREYS // 86)  # 0, 1 and 2
    palette = palette.convert("P")
    palette.putpalette([0, 0, 0, 85, 85, 85, 255, 255, 255])
    assert set(np.unique(read_mask(saved(palette, bits=2)))) == {0, 85, 255}
    assert set(np.unique(read_mask(grey_png(2)))) == {0, 85, 170, 255}
    assert read_mask(grey_png(4)).max() == 255


def grey_png(bits: int) -> bytes:
    """A PNG of 8 rows of 8 greys of `bits` each, all values in turn."""
    values = np.arange(8) % 2**bits
    values[-1] = 2**bits - 1
    digits = "".join(f"{value:0{bits}b}" for value in values)
    row = b"\0" + int(digits, 2).to_bytes(bits, "big")

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    head = (8).to_bytes(4) * 2 + bytes([bits, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 8)) + chunk(b"IEND", b"")


def test_colours_transparency_and_fine_greys_are_refused() -> None:
    coloured = np.stack((GREYS, GREYS, GREYS ^ 1), -1)
    assert refusal(saved(Image.fromarray(coloured))) == REFUSED
    assert refusal(saved(Image.fromarray(GREYS.astype(np.uint16)))) == REFUSED
    faint = Image.fromarray(GREYS).convert("RGBA")
    faint.putpixel((0, 0), (9, 9, 9, 254))
    assert refusal(saved(faint)) == REFUSED
    assert refusal(saved(Image.fromarray(GREYS), transparency=int(GREYS[0, 0]))) == REFUSED
    red = Image.fromarray(GREYS // 128).convert("P")
    red.putpalette([0, 0, 0, 255, 0, 0])
    assert refusal(saved(red)) == REFUSED


def test_files_that_are_no_mask_are_refused(tmp_path: Path) -> None:
    assert "not an image" in refusal(b"text")
    assert "empty" in refusal(b"")
    assert "lossy" in refusal(saved(Image.fromarray(GREYS), "JPEG"))
    assert "14x7" in refusal(mask_png(GREYS[:7]))
    assert "each side must be 8 to 2048" in refusal(mask_png(np.zeros((8, 2049), np.uint8)))
    assert "does not exist" in refusal(tmp_path / "none.png")
    whole = mask_png(np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8))
    for length in range(8, len(whole) - 12, 97):
        assert "broken" in refusal(whole[:length]) or "not an image" in refusal(whole[:length])


def test_decompression_bombs_are_refused_unopened() -> None:
    data = grey_png(4)
    bomb = data[:16] + (60000).to_bytes(4) * 2 + data[24:29]
    bomb += zlib.crc32(bomb[12:29]).to_bytes(4) + data[33:]
    assert "8 to 2048" in refusal(bomb)
