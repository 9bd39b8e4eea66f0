"""The second style of a picture on a grid, without a page: how it comes in, and where."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from sims.blend import COLUMNS, soft_step
from sims.generator import Card, GridRequest, RequestError
from sims.grid import Grid
from sims.grid_request import Style
from sims.mask_files import mask_png, read_mask

OFF, STEP, PAINTED, MIXED = "off", "step", "painted", "mixed"
WAYS = {"Off": OFF, "Soft step": STEP, "Painted mask": PAINTED, "Mixed levels": MIXED}
START = (50, 40, 20)  # centre, width and softness of a step, in percent
PREFIX = "data:image/png;base64,"
MAX_TEXT = 8 * 1024 * 1024  # characters of a mask as the page sends it


def step_mask(centre: object, width: object, softness: object, wraps: bool) -> np.ndarray:
    """The mask (h, w) uint8 of a soft step given in percent. Raises `RequestError`."""
    return soft_step(_share(centre, "centre"), _share(width, "width"), _share(softness, "softness"), wraps)


def painted_mask(value: object) -> np.ndarray:
    """The mask (h, w) uint8 that was painted, in the value of its part. Raises `RequestError`."""
    text = value.get("mask") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text:
        raise RequestError("Nothing is painted yet; paint on the strip where the second style shall be.")
    if not text.startswith(PREFIX) or len(text) > MAX_TEXT:
        raise RequestError("The page sent a mask that is no PNG; reload it.")
    try:
        data = base64.b64decode(text[len(PREFIX) :], validate=True)
    except binascii.Error as error:
        raise RequestError("The page sent a mask that is no PNG; reload it.") from error
    mask = read_mask(data)
    if not mask.any():
        raise RequestError("Nothing is painted yet; paint on the strip where the second style shall be.")
    return mask


def mask_text(mask: np.ndarray) -> str:
    """A mask (h, w) uint8 as the page's part takes it."""
    return PREFIX + base64.b64encode(mask_png(mask)).decode("ascii")


def mixed_levels(first: object, last: object, known: Card) -> tuple[int, int]:
    """The levels from the first to the last; a generator's own bounds are checked with the whole request."""
    levels = [int(value) if isinstance(value, int | float) and value == value // 1 else -1 for value in (first, last)]
    if not 1 <= levels[0] <= levels[1] <= known.levels:
        raise RequestError(
            f"The mixed levels are {str(first)[:20]} to {str(last)[:20]}; give the first and the last, from 1 (coarse)"
            f" to {known.levels} (fine)."
        )
    return levels[0], levels[1]


def way_of(request: GridRequest, wraps: bool) -> tuple[str, tuple[int, int, int]]:
    """How the second style comes into a request: a key of `WAYS`, and centre, width and softness of a step."""
    if request.second is None:
        return OFF, START
    if request.mask is None:
        return MIXED, START
    step = _step_of(request.mask, wraps)
    return (STEP, step) if step else (PAINTED, START)


def placed(asked: Grid) -> list[float]:
    """Where the picture of a grid lies on a mask: left, top, width and height in shares; left may lie outside."""
    left, top, width, height = asked.window
    if asked.geometry == "cylinder":
        seen = asked.field_of_view / 360
        return [0.5 + asked.turn / 360 + (left - 0.5) * seen, top, width * seen, height]
    turn = asked.turn / 360 if asked.projection == "mirrored" else 0.0
    return [left + turn, top, width, height]


def second_style(seed: int, latent: Style | None) -> Style:
    """The second style: that of a seed, unless a latent stands in for it."""
    return Style(seed=seed) if latent is None else latent


def _step_of(mask: np.ndarray, wraps: bool) -> tuple[int, int, int] | None:
    """Centre, width and softness in percent of the step that a mask is; None where it is no such step."""
    if mask.shape[1] != COLUMNS or (mask != mask[0]).any() or not mask.any():
        return None
    row = mask[0] / 255
    places = (np.arange(COLUMNS) + 0.5) / COLUMNS
    middle = np.angle((row * np.exp(2j * np.pi * places)).sum()) / (2 * np.pi) % 1 if wraps else (row * places).sum()
    centre = round(100 * float(middle if wraps else middle / row.sum()))
    width, soft = round(100 * float(row.mean())), float(((row > 0) & (row < 1)).sum()) / COLUMNS / 2
    for softness in {round(100 * soft), int(100 * soft), int(100 * soft) + 1}:
        if np.array_equal(soft_step(centre / 100, width / 100, softness / 100, wraps), mask):
            return centre, width, softness
    return None


def _share(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise RequestError(f"The step's {what} is {str(value)[:20]}; give a number from 0 to 100 percent.")
    return value / 100
