"""Label maps of pictures for region-wise style transfer: index pictures of any ids, which are matched by value."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from sims.generator import RequestError
from sims.label_space import LayoutError
from sims.layout_raster import Bounds, read_raster
from sims.requests import MAX_LABEL_SIDE, MAX_PIXELS

BOUNDS = Bounds(MAX_LABEL_SIDE, MAX_PIXELS)


def read_label_map(source: bytes | Path, whose: str) -> np.ndarray:
    """The ids, (H, W) int32 from 0 to 65535, of a grey or palette PNG, BMP, GIF or lossless WebP.

    `whose` is "content" or "style". Raises `RequestError` for any other file, colours included: an id has to be a
    number. It may be as large as a picture: 4 megapixels, and 32768 along a side.
    """
    what = f"label map of the {whose} picture"
    try:
        values = read_raster(source, what, bounds=BOUNDS).values
    except LayoutError as error:
        raise RequestError(str(error)) from error
    if values is None:
        raise RequestError(f"The {what} holds colours; give a grey or palette PNG, whose numbers are ids.")
    return values.astype(np.int32)


def label_map_png(labels: np.ndarray) -> bytes:
    """The PNG of a label map (H, W) of ids from 0 to 65535: 8 bits where they suffice, else 16."""
    buffer = io.BytesIO()
    Image.fromarray(labels.astype(np.uint8 if labels.max() < 256 else np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()
