"""A walk between styles: frames of a short film that ends where it begins.

Styles are interpolated linearly behind the mapping network, as Karras et al. do in "A Style-Based Generator
Architecture for Generative Adversarial Networks" (2019), section 4.1, and linger at every stop. Each frame is a picture
like any other, so that the weights are folded once a frame, and whatever a request can ask for can be walked through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from sims.cips_generator import CipsGenerator, grid_of
from sims.generator import Card, GridRequest, Progress, RequestError, check_request, check_seed, silent
from sims.grid import within_half_turn
from sims.grid_request import Style, turns
from sims.request_error import short

STOPS = (2, 8)
FRAMES = (4, 120)
SIDES = (8, 1024)  # of a frame
MAX_FILM_PIXELS = 16 * 1024 * 1024  # of all frames
MAX_TURNS = 2

Watch = Callable[[int, np.ndarray], None]  # is shown the number of each frame, from 0, and its picture


@dataclass(frozen=True, eq=False)
class WalkRequest:
    """From each of the `stops` to the next one and from the last to the first, in `frames` pictures.

    `view` says what else they show, all but their style: size, truncation, where a turn begins, options. Around a
    cylinder the view goes `turn` degrees further in the course of the film, a multiple of 360, so that the loop closes.
    """

    stops: tuple[Style, ...]
    frames: int = 48
    turn: float = 0.0
    view: GridRequest = field(default_factory=GridRequest)


def unwatched(number: int, picture: np.ndarray) -> None:
    """Shows no frame to anybody."""


def walk(
    generator: CipsGenerator,
    request: WalkRequest,
    *,
    seed: int = 0,
    progress: Progress = silent,
    watch: Watch = unwatched,
) -> list[np.ndarray]:
    """The frames, RGB uint8 (H, W, 3), of a walk.

    `seed` is that of stops that name neither seed nor latent, and of the noise where the options ask for it. Raising
    `Cancelled` in `progress` ends the work at once. Raises `RequestError` as `check_walk` does.
    """
    check_seed(seed)
    check_walk(generator.card, request)
    stops = np.stack([generator.styles(stop, seed).cpu().numpy() for stop in request.stops])
    found = []
    for number, frame in enumerate(_frames(request, stops)):
        place = f"frame {number + 1} of {request.frames}"

        def report(done: float, what: str, number: int = number, place: str = place) -> None:
            progress((number + done) / request.frames, place)

        found.append(generator.generate(frame, seed=seed, progress=report).image)
        watch(number, found[-1])
    return found


def check_walk(card: Card, request: WalkRequest) -> None:
    """Raise `RequestError` unless a generator with this card can carry out the request within the bounds above."""
    if card.family != "cips":
        raise RequestError(f"{card.name} has no styles to walk between; name a generator of the family cips.")
    low, high = STOPS
    if not low <= len(request.stops) <= high:
        raise RequestError(f"The walk has {len(request.stops)} stops; give from {low} to {high} seeds or latents.")
    for stop in request.stops:
        check_request(card, replace(request.view, style=stop))
    low, high = FRAMES
    whole = isinstance(request.frames, int) and not isinstance(request.frames, bool)
    if not whole or not max(low, len(request.stops)) <= request.frames <= high:
        raise RequestError(
            f"The walk has {short(request.frames)} frames; give a whole number from {max(low, len(request.stops))} to"
            f" {high}."
        )
    _check_size(card, request)
    _check_turn(card, request)


def _check_size(card: Card, request: WalkRequest) -> None:
    low, high = SIDES
    height, width = size = frame_size(card, request)
    if not all(low <= side <= high for side in size):
        raise RequestError(f"The frames are {height}x{width} (height x width); each side is from {low} to {high}.")
    if height * width * request.frames > MAX_FILM_PIXELS:
        most = MAX_FILM_PIXELS // (height * width)
        raise RequestError(
            f"{request.frames} frames of {height}x{width} have more than {MAX_FILM_PIXELS} pixels; give at most {most}"
            " frames, or smaller ones."
        )


def _check_turn(card: Card, request: WalkRequest) -> None:
    whole = tuple(360.0 * count for count in range(-MAX_TURNS, MAX_TURNS + 1))
    if isinstance(request.turn, bool) or request.turn not in whole:
        raise RequestError(
            f"The walk turns by {short(request.turn)} degrees; give one of {', '.join(f'{each:g}' for each in whole)},"
            " so that the loop closes."
        )
    if request.turn and not turns(card, request.view.options):
        raise RequestError("Only a cylinder, or the projection mirrored, can be turned; give a turn of 0.")


def frame_size(card: Card, request: WalkRequest) -> tuple[int, int]:
    """(height, width) of the frames. Raises `RequestError` for a patch that does not lie inside the view."""
    grid = grid_of(card, request.view)
    return grid.height, grid.width


def _frames(request: WalkRequest, stops: np.ndarray) -> Iterator[GridRequest]:
    """The requests of all frames, between stops (n, L, D)."""
    for number in range(request.frames):
        leg, rest = divmod(number * len(stops), request.frames)
        share = np.float32(_eased(rest / request.frames))
        style = (1 - share) * stops[leg] + share * stops[(leg + 1) % len(stops)]
        turn = request.view.turn + request.turn * number / request.frames
        turn = turn if request.turn == 0 else within_half_turn(turn)
        yield replace(request.view, style=Style(latent=style, space="w"), turn=turn)


def _eased(share: float) -> float:
    """From 0 to 1, slowly at both ends."""
    return share * share * (3 - 2 * share)
