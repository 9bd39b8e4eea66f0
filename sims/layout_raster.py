"""The pixels of a label file, opened safely and not yet interpreted.

Every check that can be made on the header comes before a pixel is decoded.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from sims.layout import MAX_SIDE, MIN_SIDE, LayoutError

MAX_BYTES = 32 * 1024 * 1024  # above any uncompressed file of 4 megapixels in the accepted formats
ACCEPTED = "PNG, BMP, lossless WebP or single-frame GIF"
_LOSSLESS, _LOSSY = ("PNG", "BMP", "GIF", "WEBP"), ("JPEG", "WEBP")
_SIGNATURES = (b"\x89PNG", b"BM", b"GIF8", b"RIFF", b"\xff\xd8\xff")
# What PIL's decoders raise on damaged files.
_BROKEN = (OSError, EOFError, RuntimeError, SyntaxError, ValueError, TypeError, LookupError, struct.error, zlib.error)


@dataclass(frozen=True)
class Bounds:
    """The largest file that is read, from 8 pixels a side on."""

    side: int = MAX_SIDE
    pixels: int = MAX_SIDE * MAX_SIDE

    def __str__(self) -> str:
        sides = f"each side must be {MIN_SIDE} to {self.side} pixels"
        return f"{sides}, and {self.pixels} pixels are the most in all" if self.pixels < self.side**2 else sides


LAYOUT = Bounds()


@dataclass(frozen=True, eq=False)
class Raster:
    """A label file's pixels, of which at least one of `values` and `colours` is given.

    `values` are stored numbers, (H, W) uint8 or int32: grey values or palette indices; `colours` is RGB uint8
    (H, W, 3), of palette and colour files; `transparent` is (H, W) bool where any pixel is not fully opaque.
    """

    values: np.ndarray | None
    colours: np.ndarray | None
    transparent: np.ndarray | None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        given = self.values if self.values is not None else self.colours
        assert given is not None
        height, width = given.shape[:2]
        return height, width


def read_raster(source: bytes | Path, what: str, *, lossy: bool = False, bounds: Bounds = LAYOUT) -> Raster:
    """The pixels of a file within `bounds`; EXIF rotation, gamma and colour profiles are ignored.

    `what` names the file in messages ("layout", "instance file"); `lossy` admits JPEG and lossy WebP. Raises
    `LayoutError` for whatever is no single, whole picture of an accepted format and size.
    """
    data = _bytes_of(source, what)
    image = _open(data, what, bounds)
    is_lossy = image.format == "JPEG" or (image.format == "WEBP" and not _is_lossless_webp(data))
    if is_lossy and not lossy:
        raise LayoutError(
            f"The {what} is a lossy {image.format} file, which blurs class borders; save it as PNG, "
            "or choose nearest-colour decoding if only this copy is left."
        )
    if getattr(image, "is_animated", False):
        raise LayoutError(f"The {what} is an animation; give a single picture as {ACCEPTED}.")
    width, height = image.size
    if min(image.size) < MIN_SIDE or max(image.size) > bounds.side or width * height > bounds.pixels:
        raise LayoutError(f"The {what} is {width}x{height}; {bounds}.")
    try:
        image.load()
    except _BROKEN:
        raise _broken(what) from None
    return _pixels(image, data, what)


def _bytes_of(source: bytes | Path, what: str) -> bytes:
    if isinstance(source, bytes):
        size = len(source)
    elif not source.is_file():
        raise LayoutError(f"The {what} {source.name} does not exist or is not a file.")
    else:
        size = source.stat().st_size
    if size > MAX_BYTES:
        raise LayoutError(f"The {what} has {size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} MiB are accepted.")
    if size == 0:
        raise LayoutError(f"The {what} is empty; give a {ACCEPTED} file.")
    return source if isinstance(source, bytes) else source.read_bytes()


def _open(data: bytes, what: str, bounds: Bounds) -> Image.Image:
    """The picture with its header read and its pixels not yet decoded."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        raise LayoutError(f"The {what} is an SVG drawing, which has no pixels; export it as PNG without anti-aliasing.")
    try:
        return Image.open(io.BytesIO(data), formats=(*_LOSSLESS, *_LOSSY))
    except UnidentifiedImageError:
        if not data.startswith(_SIGNATURES):
            raise LayoutError(f"The {what} is not an image that can be read; give a {ACCEPTED} file.") from None
        raise _broken(what) from None
    except Image.DecompressionBombError:
        raise LayoutError(f"The {what} is far too large; {bounds}.") from None
    except _BROKEN:
        raise _broken(what) from None


def _broken(what: str) -> LayoutError:
    return LayoutError(f"The {what} is broken or cut off; save or download it again.")


def _is_lossless_webp(data: bytes) -> bool:
    """Whether the first picture chunk of a WebP file is VP8L (WebP container specification)."""
    position = 12
    while position + 8 <= len(data):
        kind, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        if kind in (b"VP8L", b"VP8 "):
            return kind == b"VP8L"
        position += 8 + size + size % 2
    return False


def _pixels(image: Image.Image, data: bytes, what: str) -> Raster:
    if image.mode == "P":
        indices = np.asarray(image)
        # A palette may be shorter than 256; a broken file may use indices beyond it, which then read as black.
        stored = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        palette = np.zeros((256, 3), np.uint8)
        palette[: len(stored)] = stored
        return Raster(indices, palette[indices], _transparent_indices(image, indices))
    if image.mode in ("1", "L", "I;16", "I;16B", "I;16L", "I"):
        values = np.asarray(image)
        values = values.astype(np.uint8 if image.mode in ("1", "L") else np.int32) // _grey_scale(image, data)
        return Raster(values, None, _transparent_indices(image, values))
    if image.mode in ("RGB", "RGBA", "LA"):
        rgba = np.asarray(image.convert("RGBA"))  # takes a transparent colour of the file into account
        opaque = rgba[..., 3] == 255
        return Raster(None, np.ascontiguousarray(rgba[..., :3]), None if opaque.all() else ~opaque)
    raise LayoutError(f"The {what} has {image.mode} pixels; give grey, palette, RGB or RGBA.")


def _grey_scale(image: Image.Image, data: bytes) -> int:
    """By how much PIL multiplied the values: it stretches the 2- and 4-bit greys of PNG (byte 24, 25) to 0..255."""
    if image.format == "PNG" and image.mode == "L" and data[25] == 0:
        return {2: 85, 4: 17}.get(data[24], 1)
    return 1


def _transparent_indices(image: Image.Image, values: np.ndarray) -> np.ndarray | None:
    """Where a palette or grey file is not opaque: PIL gives one transparent value, or the alpha of every index."""
    given = image.info.get("transparency")
    if given is None:
        return None
    if isinstance(given, bytes):
        alpha = np.full(256, 255, np.uint8)
        alpha[: len(given)] = np.frombuffer(given[:256], np.uint8)
        transparent = alpha[values] < 255
    else:
        transparent = values == given
    return transparent if transparent.any() else None
