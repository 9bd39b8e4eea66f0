"""Files that are no label maps are refused with one sentence, before their pixels are decoded."""

import io
import random
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from sims.layout import LayoutError
from sims.layout_raster import MAX_BYTES, read_raster


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))


def png_header(width, height):
    """A PNG of the size named in its header and no pixels."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 1000) + b"IDAT"


REFUSED = {
    "empty": (b"", "is empty"),
    "text": (b"not a picture at all", "is not an image that can be read; give a PNG"),
    "web page": (b"<!DOCTYPE html><html><body>404</body></html>", "is not an image"),
    "LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "is not an image"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
    "PDF": (b"%PDF-1.7\n", "is not an image"),
    "TIFF": (encoded(NOISE, "TIFF"), "is not an image that can be read"),
    "cut off early": (encoded(NOISE)[:20], "broken or cut off"),
    "cut off": (encoded(NOISE)[:4000], "broken or cut off"),
    "header alone": (png_header(64, 64), "broken or cut off"),
    "JPEG": (encoded(NOISE, "JPEG"), "lossy JPEG file"),
    "lossy WebP": (encoded(NOISE, "WEBP", quality=80), "lossy WEBP file"),
    "one pixel": (encoded(NOISE.crop((0, 0, 1, 1))), "is 1x1; each side must be 8 to 2048"),
    "too wide": (encoded(Image.new("L", (2049, 8))), "is 2049x8; each side"),
    "bomb": (png_header(60000, 60000), "far too large; each side must be 8 to 2048"),
    "big header": (png_header(8000, 8000), "is 8000x8000"),
    "animation": (encoded(NOISE, "GIF", save_all=True, append_images=[NOISE.rotate(90)]), "is an animation"),
    "moving PNG": (encoded(NOISE, "PNG", save_all=True, append_images=[NOISE.rotate(90)]), "is an animation"),
    "too many bytes": (b"\x89PNG" + bytes(MAX_BYTES), "32 MiB are accepted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_one_sentence_for_each_kind_of_bad_file(name):
    data, message = REFUSED[name]
    with pytest.raises(LayoutError, match=message) as caught:
        read_raster(data, "layout")
    said = str(caught.value)
    assert said.startswith("The layout ")
    assert said.endswith(".")
    assert "\n" not in said


def test_files_are_read_from_paths_and_missing_ones_named(tmp_path):
    path = tmp_path / "map.png"
    path.write_bytes(encoded(NOISE))
    assert np.array_equal(read_raster(path, "layout").colours, NOISE)
    with pytest.raises(LayoutError, match=r"The layout gone\.png does not exist"):
        read_raster(tmp_path / "gone.png", "layout")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP"])
def test_damaged_files_never_raise_anything_else(kind):
    whole = encoded(
        NOISE.quantize(16) if kind == "GIF" else NOISE, kind, **({"lossless": True} if kind == "WEBP" else {})
    )
    rng = random.Random(kind)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with suppress(LayoutError):
            read_raster(bytes(data[: rng.randrange(1, len(data) + 1)]), "layout")


def test_rotation_by_metadata_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(NOISE.crop((0, 0, 64, 32)), exif=exif)
    assert read_raster(data, "layout").size == (32, 64)


def test_masks_of_one_bit_hold_zero_and_one():
    mask = np.zeros((16, 16), bool)
    mask[4:8] = True
    values = read_raster(encoded(Image.fromarray(mask)), "layout").values
    assert np.array_equal(values, mask.astype(np.uint8))
