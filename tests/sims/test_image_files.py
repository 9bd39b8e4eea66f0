"""Pictures of every common kind become RGB; what cannot be read is refused with one sentence."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sims.generator import MAX_PIXELS, check_image
from sims.image_files import FORMATS, ImageError, read_image


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def refusal(source: bytes | Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(source, "The picture")
    assert str(caught.value).startswith("The picture")
    assert str(caught.value).count(".\n") == 0
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_rgb_comes_back_exactly(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(noise(5, 7))))
    for source in (tmp_path / "a.png", (tmp_path / "a.png").read_bytes()):
        image = read_image(source, "The picture")
        np.testing.assert_array_equal(image, noise(5, 7))
        assert image.flags.writeable
        check_image(image, "The picture")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read(kind: str) -> None:
    smooth = np.full((32, 32, 3), (200, 100, 50), np.uint8)
    image = read_image(encoded(Image.fromarray(smooth), kind), "The picture")
    assert np.abs(image.astype(int) - smooth).max() < 8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_every_colour_model_is_converted(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    white = Image.new("RGB", (16, 16), "white").convert(mode)
    image = read_image(encoded(white, kind), "The picture")
    assert image.shape == (16, 16, 3)
    assert image.min() > 250


def test_transparency_lies_on_white() -> None:
    half = read_image(encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 128))), "The picture")
    assert tuple(half[0, 0]) == (255, 127, 127)
    indexed = Image.new("P", (4, 4), 3)
    indexed.putpalette(bytes(range(12)))
    assert (read_image(encoded(indexed, transparency=3), "The picture") == 255).all()


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    levels = (np.arange(256).reshape(16, 16) * 257).astype(np.uint16)
    image = read_image(encoded(Image.fromarray(levels)), "The picture")
    np.testing.assert_array_equal(image[..., 0].ravel(), np.arange(256))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_orientation_is_applied(orientation: int) -> None:
    upright = np.zeros((4, 6, 3), np.uint8)
    upright[0, 0], upright[0, -1] = 255, 128
    stored = {  # how a camera stores an upright picture under each orientation, by the EXIF standard
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    png = encoded(Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    np.testing.assert_array_equal(read_image(png, "The picture"), upright)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_photographs_are_reduced(kind: str) -> None:
    image = read_image(encoded(Image.new("RGB", (6000, 4000), (10, 20, 30)), kind), "The picture")
    assert image.shape[0] * image.shape[1] <= MAX_PIXELS
    assert abs(image.shape[1] / image.shape[0] - 1.5) < 0.01
    assert np.abs(image.astype(int) - (10, 20, 30)).max() <= 2


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    whole = encoded(Image.fromarray(noise(40, 40)))
    assert "not a picture" in refusal(b"")
    assert "not a picture" in refusal(b"some text")
    assert "not a picture" in refusal(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert "cut short" in refusal(whole[:500])
    assert "1x1" in refusal(encoded(Image.new("L", (1, 1))))
    assert "pixels" in refusal(encoded(Image.new("1", (20000, 20000))))
    assert "pixels" in refusal(encoded(Image.new("1", (8000, 8000))))
    assert "40000x2" in refusal(encoded(Image.new("1", (40000, 2))))
    assert "does not exist" in refusal(tmp_path / "missing.png")
    assert "folder" in refusal(tmp_path)
    (tmp_path / "large.png").write_bytes(whole + bytes(65 * 1024 * 1024))
    assert "larger" in refusal(tmp_path / "large.png")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FORMATS)
def test_damage_never_raises_anything_else(kind: str) -> None:
    whole = encoded(Image.fromarray(noise(20, 30)), kind)
    draw = random.Random(kind)
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 6)):
            damaged[draw.randrange(len(damaged) if draw.random() < 0.5 else 80)] = draw.randrange(256)
        try:
            image = read_image(bytes(damaged[: draw.randint(1, len(damaged))]), "The picture")
        except ImageError:
            continue
        check_image(image, "The picture")
