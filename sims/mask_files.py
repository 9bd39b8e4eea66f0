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
    """The mask, (h, w) uint8, of a grey 8-bit PNG, BMP or lossless WebP, at most 2048 pixels a side.

    Raises `RequestError` for any other file.
    """
    try:
        values = read_raster(source, "mask", bounds=BOUNDS).values
    except LayoutError as error:
        raise RequestError(str(error)) from error
    if values is None or values.max() > 255:
        raise RequestError("The mask is no grey picture of 8 bits; give one, black for the first style, white for the second.")
    return values.astype(np.uint8)


def mask_png(mask: np.ndarray) -> bytes:
    """The PNG of a mask (h, w) uint8."""
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()
