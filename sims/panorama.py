"""What a panorama is where little is said: size, projection, a second style in a band, and whether it closes."""

from __future__ import annotations

from dataclasses import replace

from sims.blend import soft_step
from sims.cips_generator import grid_of
from sims.generator import Card, GridRequest, RequestError
from sims.grid import Grid
from sims.grid_request import Style, turns
from sims.request_error import short

WIDER = 4  # times as wide as high is the panorama of a plane
PROJECTION = "mirrored"  # of a plane, which closes the circle and stays where the generator learned
CENTRE, WIDTH, SOFTNESS = 0.5, 0.4, 0.2  # of the band of a second style, in shares


def panorama(card: Card, request: GridRequest) -> GridRequest:
    """The request with the size and, on a plane, the projection of a panorama where it has none."""
    assert card.native_size is not None
    height, width = card.native_size
    options = dict(request.options)
    if card.geometry == "plane":
        width = WIDER * height
        options.setdefault("projection", PROJECTION)
    return replace(request, size=request.size or (height, width), options=options)


def banded(
    card: Card,
    request: GridRequest,
    second: Style,
    centre: float = CENTRE,
    width: float = WIDTH,
    softness: float = SOFTNESS,
) -> GridRequest:
    """The request with a second style in a band, as `sims.blend.soft_step` has it. Raises `RequestError`."""
    for what, value in (("centre", centre), ("width", width), ("softness", softness)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise RequestError(f"The band's {what} is {short(value)}; give a number from 0 to 1.")
    return replace(request, second=second, mask=soft_step(centre, width, softness, turns(card, request.options)))


def closes(card: Card, request: GridRequest) -> bool:
    """Whether the right edge of a checked request's picture goes on at the left."""
    grid = grid_of(card, request)
    return isinstance(grid, Grid) and grid.wraps
