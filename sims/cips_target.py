"""A picture made ready to be inverted: cut and resized to a grid that the generator was made for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from sims.generator import Card, GridRequest
from sims.grid_request import FIELDS_OF_VIEW

AROUND = 3.0  # as many times as high is at least as wide what is taken for a whole panorama
COMPARED = 256 * 256  # that are compared; a larger native grid is looked at more coarsely
MIN_SIDE = 8


@dataclass(frozen=True, eq=False)
class Target:
    """What is to be shown, RGB uint8 (H, W, 3), the request whose grid shows it, and what was done to the picture."""

    picture: np.ndarray
    request: GridRequest
    notes: tuple[str, ...]


def target_of(card: Card, image: np.ndarray) -> Target:
    """The target for a checked picture, RGB uint8 (h, w, 3): its middle, in the proportions of the grid.

    A plane takes it whole. A cylinder takes a panorama, at least `AROUND` times as wide as high, all around, and any
    other picture in front, as wide as the cylinder is high.
    """
    assert card.native_size is not None
    height, width = card.native_size
    field_of_view, notes = None, []
    if card.geometry == "cylinder" and image.shape[1] < AROUND * image.shape[0]:
        field_of_view = min(max(360 * height / width, FIELDS_OF_VIEW[0]), FIELDS_OF_VIEW[1])
        width = max(MIN_SIDE, round(width * field_of_view / 360))
        notes.append(f"The picture stands in front, {field_of_view:.0f} degrees wide.")
    elif card.geometry == "cylinder":
        notes.append("The picture was taken for a panorama, and goes all around.")
    size = _working_size(height, width)
    box = _middle(image.shape[0], image.shape[1], width / height)
    picture = Image.fromarray(image).resize(size[::-1], Image.Resampling.LANCZOS, box=box)
    left, top, right, bottom = box
    if (right - left, bottom - top) != (image.shape[1], image.shape[0]):
        notes.append(f"Its middle was taken, {right - left:.0f}x{bottom - top:.0f} pixels, to fit {width}x{height}.")
    if size != (height, width):
        notes.append(f"It was compared at {size[1]}x{size[0]} pixels instead of {width}x{height}, to be done sooner.")
    return Target(np.array(picture), GridRequest(size=size, field_of_view=field_of_view), tuple(notes))


def _working_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) in the same proportions, of at most about `COMPARED` pixels."""
    scale = min(1.0, (COMPARED / (height * width)) ** 0.5)
    return max(MIN_SIDE, round(height * scale)), max(MIN_SIDE, round(width * scale))


def _middle(height: int, width: int, proportions: float) -> tuple[float, float, float, float]:
    """The box (left, top, right, bottom) in the middle that is `proportions` times as wide as high."""
    wide, high = min(width, height * proportions), min(height, width / proportions)
    left, top = (width - wide) / 2, (height - high) / 2
    return left, top, left + wide, top + high
