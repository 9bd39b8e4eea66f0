"""A contact sheet: pictures beside each other, each under its name."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL_SIDE = 1024  # larger pictures are reduced to fit
MARGIN = 16
CAPTION = 32  # height of a caption, in pixels
PAPER, INK = "white", "#222222"


def contact_sheet(pictures: Sequence[tuple[str, np.ndarray]], *, columns: int | None = None) -> np.ndarray:
    """All `pictures` (caption and RGB uint8 (H, W, 3)) on one sheet, row by row, RGB uint8 (H, W, 3).

    Without a number of `columns` the sheet is about as many pictures wide as high.
    """
    images = [(caption, _fitted(picture)) for caption, picture in pictures]
    cell_width = max(image.width for _, image in images) + MARGIN
    cell_height = max(image.height for _, image in images) + CAPTION + MARGIN
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    sheet = Image.new("RGB", (columns * cell_width + MARGIN, rows * cell_height + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=CAPTION * 0.6)
    for number, (caption, image) in enumerate(images):
        left = MARGIN + number % columns * cell_width
        top = MARGIN + number // columns * cell_height
        draw.text((left, top), _shortened(caption, cell_width - MARGIN, font), fill=INK, font=font)
        sheet.paste(image, (left, top + CAPTION))
    return np.array(sheet)


def _fitted(picture: np.ndarray) -> Image.Image:
    image = Image.fromarray(picture)
    image.thumbnail((CELL_SIDE, CELL_SIDE))
    return image


def _shortened(caption: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    if font.getlength(caption) <= width:
        return caption
    kept = next((n for n in range(len(caption), 0, -1) if font.getlength(caption[:n] + "...") <= width), 0)
    return caption[:kept] + "..."
