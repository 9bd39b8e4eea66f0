"""Photographs and other pictures as they come from people: any common file, turned into RGB uint8.

Label maps do not come through here, since their numbers are ids and not colours (see `sims.layout_files`).
"""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from sims.generator import MAX_PIXELS

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_FILE_PIXELS = 50_000_000  # the largest photographs of telephones
MAX_SIDE = 32768
ORIENTATION = 0x0112  # the EXIF tag; below, what undoes each of its values
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Formats whose decoders are part of Pillow itself; EPS, for one, would start another program.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF")
# What Pillow's decoders were seen to raise on damaged files.
_DECODER_ERRORS = (OSError, EOFError, RuntimeError, SyntaxError, ValueError, TypeError, LookupError, struct.error)


class ImageError(ValueError):
    """A picture that cannot be used; its text is one sentence meant for the person who gave it."""


def read_image(source: bytes | Path, what: str, *, whole: bool = False) -> np.ndarray:
    """The picture in a file or in a file's bytes, as RGB uint8 (H, W, 3) of at most `MAX_PIXELS` pixels.

    The camera's orientation is applied, transparency lies on white, 16-bit greys are scaled to 8 bits, other
    colour models are converted, and of an animation the first frame counts. A larger picture is reduced to
    `MAX_PIXELS`, which is more than any generator looks at; with `whole` it is refused, for where the result has to
    have its size. `what` names the picture in the errors, as in "The style picture". Raises `ImageError`.
    """
    data = source if isinstance(source, bytes) else read_bytes(source, what)
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(f"{what} is larger than {MAX_FILE_BYTES} bytes; give a smaller file.")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ImageError(f"{what} has too many pixels; give at most {MAX_FILE_PIXELS}.") from error
    except _DECODER_ERRORS as error:
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise ImageError(f"{what} is not a picture that can be read; give a {kinds} file.") from error
    _check_size(image.size, what)
    width, height = image.size
    if whole and width * height > MAX_PIXELS:
        raise ImageError(f"{what} is {width}x{height}; give at most {MAX_PIXELS} pixels, as the result has its size.")
    try:
        return _rgb(image)
    except _DECODER_ERRORS as error:
        raise ImageError(f"{what} is damaged or cut short; save or download it again.") from error


def encode_png(image: np.ndarray, info: PngImagePlugin.PngInfo | None = None) -> bytes:
    """RGB uint8 (H, W, 3) as the bytes of a PNG, with text chunks if `info` has some."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def read_bytes(path: Path, what: str) -> bytes:
    """The bytes of a file, at most one more than `MAX_FILE_BYTES`; raises `ImageError` where there is none to read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ImageError(f"{what}, {path}, does not exist; check the path.") from error
    except IsADirectoryError as error:
        raise ImageError(f"{what}, {path}, is a folder; give a file.") from error
    except OSError as error:
        raise ImageError(f"{what}, {path}, cannot be read: {error.strerror}.") from error


def _check_size(size: tuple[int, int], what: str) -> None:
    width, height = size
    if width * height > MAX_FILE_PIXELS or max(size) > MAX_SIDE:
        raise ImageError(
            f"{what} is {width}x{height}; give at most {MAX_FILE_PIXELS} pixels and {MAX_SIDE} along a side."
        )
    if min(size) < 2:
        raise ImageError(f"{what} is {width}x{height}; give at least 2x2 pixels.")


def _rgb(image: Image.Image) -> np.ndarray:
    width, height = image.size
    scale = math.sqrt(MAX_PIXELS / (width * height))
    smaller = (int(width * scale), int(height * scale))
    if scale < 1:
        image.draft(None, smaller)  # lets the JPEG decoder leave out what the reduction would throw away
    turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    image = _eight_bits(image)
    converted = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if scale < 1:
        converted = converted.resize(smaller, Image.Resampling.BOX)
    if converted.mode == "RGBA":
        white = Image.new("RGBA", converted.size, "white")
        converted = Image.alpha_composite(white, converted).convert("RGB")
    return np.array(converted if turn is None else converted.transpose(turn))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 bits as "L"; Pillow's own conversion would clip them at 255."""
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype(np.int64)
    return Image.fromarray((values.clip(0, 65535) // 257).astype(np.uint8))
