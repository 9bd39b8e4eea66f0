"""What is asked of a generator that makes pictures from latents on a grid, and its checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sims.grid import WHOLE, goes_around
from sims.layout import MIN_SIDE
from sims.request_error import RequestError, check_seed, short

if TYPE_CHECKING:
    from sims.requests import Card

GRID_SIDES = (8, 8192)  # of a picture, smallest and largest
MAX_GRID_PIXELS = 4096 * 2048
MAX_MASK = 2048  # pixels of a side of a mask
FIELDS_OF_VIEW = (10.0, 360.0)  # degrees
FLAT_FIELD = 170.0  # degrees, the most that can be seen of a plane
SMALLEST_WINDOW = 1 / 256  # of a side
MAX_LATENT = 1e4  # magnitude of a number of a latent


@dataclass(frozen=True, eq=False)
class Style:
    """Where a style comes from: a seed, or a latent.

    A `latent` is float32: z (D,), drawn from a normal distribution; w (D,), behind the mapping network; or W+ (L, D),
    a w for each layer. `space` is "z" or, of a latent, "w". With neither seed nor latent, z is drawn from the seed of
    the whole request.
    """

    seed: int | None = None
    latent: np.ndarray | None = None
    space: str = "z"


@dataclass(frozen=True, eq=False)
class GridRequest:
    """A picture from a style, or from two, on the grid of `size` (height, width), the native one if left out.

    The `second` style takes over where `mask` (h, w) uint8 says so, 0 for none of it and 255 for nothing else; the mask
    is stretched over the whole plane or around the whole cylinder. Or it stands in for the first in the levels from
    `mixed[0]` to `mixed[1]`, counted from 1. `truncation` from 0 (the mean picture) to 1 (all the variety); `turn` in
    degrees and `field_of_view` in degrees (None: 360, or 120 for "bent"), and `window` (left, top, width, height), in
    shares of the whole, choose what is seen, as in `sims.grid.Grid`.
    """

    size: tuple[int, int] | None = None
    style: Style = Style()
    second: Style | None = None
    mask: np.ndarray | None = None
    mixed: tuple[int, int] | None = None
    truncation: float = 1.0
    turn: float = 0.0
    field_of_view: float | None = None
    window: tuple[float, float, float, float] = WHOLE
    options: Mapping[str, str] = field(default_factory=dict)


def check_grid_request(card: Card, request: GridRequest) -> None:
    """Raise `RequestError` unless a generator with this card can carry out the request."""
    if request.size is not None:
        _check_size(request.size)
    _check_style(card, request.style, "The style")
    _check_number("truncation", request.truncation, 0.0, 1.0)
    _check_turn(card, request)
    _check_field(card, request)
    _check_window(request.window)
    if request.second is None:
        if request.mask is not None or request.mixed is not None:
            raise RequestError("There is no second style to blend or mix in; give one, or leave mask and levels out.")
        return
    _check_style(card, request.second, "The second style")
    if (request.mask is None) == (request.mixed is None):
        raise RequestError("A second style is blended in by a mask or mixed in by levels; give one of the two.")
    if request.mask is not None:
        _check_mask(request.mask)
    if request.mixed is not None:
        _check_levels(card, request.mixed)


def _check_size(size: tuple[int, int]) -> None:
    low, high = GRID_SIDES
    if not isinstance(size, tuple) or len(size) != 2:
        raise RequestError(f"The size is {short(size)}; give two whole numbers, (height, width).")
    if not all(isinstance(side, int) and not isinstance(side, bool) and low <= side <= high for side in size):
        raise RequestError(
            f"The size is {short(size[0])}x{short(size[1])} (height x width); each side is a whole number from {low} to"
            f" {high}."
        )
    if size[0] * size[1] > MAX_GRID_PIXELS:
        raise RequestError(
            f"The size is {size[0]}x{size[1]} (height x width); a picture has at most {MAX_GRID_PIXELS} pixels, such as"
            " 2048x4096."
        )


def _check_style(card: Card, style: Style, what: str) -> None:
    if style.seed is not None and style.latent is not None:
        raise RequestError(f"{what} has a seed and a latent; give one of the two.")
    if style.seed is not None:
        check_seed(style.seed)
    if style.space not in ("z", "w"):
        raise RequestError(f"{what} is of the space {short(style.space)}; it can be z or w.")
    if style.latent is None:
        if style.space == "w":
            raise RequestError(f"{what} is of the space w and has no latent; seeds draw in z, so give a latent, or z.")
        return
    layers, length = card.latents
    accepted = [(length,)] if style.space == "z" else [(length,), (layers, length)]
    found = style.latent
    if not isinstance(found, np.ndarray) or found.dtype != np.float32 or found.shape not in accepted:
        shapes = " or ".join(map(str, accepted))
        raise RequestError(f"{what} is {_given(found)}; {card.name} takes float32 of shape {shapes} in {style.space}.")
    if not np.isfinite(found).all() or np.abs(found).max() > MAX_LATENT:
        raise RequestError(f"{what} holds numbers that are not finite or beyond {MAX_LATENT:g}; give another latent.")


def _check_number(what: str, value: object, low: float, high: float) -> None:
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    if not whole or not low <= value <= high:  # type: ignore[operator]
        raise RequestError(f"The {what} is {short(value)}; give a number from {low:g} to {high:g}.")


def turns(card: Card, options: Mapping[str, str]) -> bool:
    """Whether a turn moves what is in the middle: around a cylinder, or of a plane that is mirrored."""
    return goes_around(card.geometry, options.get("projection", "native"))


def _check_turn(card: Card, request: GridRequest) -> None:
    _check_number("turn", request.turn, -360.0, 360.0)
    if request.turn and not turns(card, request.options):
        raise RequestError("A turn goes with a cylinder or with the projection mirrored; leave it out.")


def _check_field(card: Card, request: GridRequest) -> None:
    if request.field_of_view is None:
        return
    if card.geometry == "plane" and request.options.get("projection") != "bent":
        raise RequestError("A field of view goes with a cylinder or with the projection bent; leave it out.")
    most = FLAT_FIELD if card.geometry == "plane" else FIELDS_OF_VIEW[1]
    _check_number("field of view", request.field_of_view, FIELDS_OF_VIEW[0], most)


def _check_window(window: tuple[float, float, float, float]) -> None:
    good = isinstance(window, tuple) and len(window) == 4
    good = good and all(isinstance(each, int | float) and 0 <= each <= 1 for each in window)
    if good:
        left, top, width, height = window
        good = min(width, height) >= SMALLEST_WINDOW and max(left + width, top + height) <= 1 + 1e-9
    if not good:
        raise RequestError(
            f"The window is {short(window)}; give left, top, width and height as shares of the whole that lie inside"
            f" it, width and height at least {SMALLEST_WINDOW:g}."
        )


def _check_mask(mask: np.ndarray) -> None:
    good = isinstance(mask, np.ndarray) and mask.dtype == np.uint8 and mask.ndim == 2
    if not good or min(mask.shape) < MIN_SIDE or max(mask.shape) > MAX_MASK:
        raise RequestError(
            f"The mask is {_given(mask)}; give uint8 of shape (height, width), each side from {MIN_SIDE} to {MAX_MASK}."
        )


def _check_levels(card: Card, levels: tuple[int, int]) -> None:
    good = isinstance(levels, tuple) and len(levels) == 2 and all(type(level) is int for level in levels)
    if not good or not 1 <= levels[0] <= levels[1] <= card.levels:
        raise RequestError(
            f"The mixed levels are {short(levels)}; give the first and the last, from 1 (coarse) to {card.levels}"
            " (fine)."
        )


def _given(value: object) -> str:
    """What was given where an array was expected."""
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else short(value)
