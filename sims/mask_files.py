"""Masks as files: grey pictures, 0 for the first style and 255 for the second."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from sims.grid_request import MAX_MASK
from sims.label_space import LayoutError
from sims.layout_raster import Bounds, read_raster
from sims.request_error import RequestError

BOUNDS = Bounds(MAX_MASK, MAX_MASK * MAX_MASK)


def read_mask(source: bytes | Path) -> np.ndarray:
    """The mask, (h, w) uint8, of a grey PNG, BMP, GIF or lossless WebP, 8 to 2048 pixels a side.

    Greys may be stored as a palette or as colours, and of fewer than 8 bits. Raises `RequestError` for any other file.
    """
    try:
        raster = read_raster(source, "mask", bounds=BOUNDS)
    except LayoutError as error:
        raise RequestError(str(error)) from error
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
        coloured = raster.colours is not None and bool((raster.colours != raster.colours[..., :1]).any())
        if coloured or raster.transparent is not None or image.mode.startswith("I"):
            raise RequestError(
                "The mask has colours, transparent pixels or more than 8 bits; give grey from black, for the first"
                " style, to white, for the second."
            )
        return np.array(image.convert("L"))


def mask_png(mask: np.ndarray) -> bytes:
    """The PNG of a mask (h, w) uint8."""
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()
