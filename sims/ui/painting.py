"""What the tab "Panorama" does, without a page: what is to be painted, how long that takes, and how it is looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from sims.cips_generator import BENT_FIELD, grid_of
from sims.generator import Card, GridRequest, RequestError, check_request
from sims.grid import WHOLE, Grid, Patch, within_half_turn
from sims.grid_request import FIELDS_OF_VIEW, GRID_SIDES, Style, turns
from sims.seam import Seam, seam
from sims.ui import catalogue
from sims.ui.blending import MIXED, OFF, PAINTED, STEP, mixed_levels, painted_mask, second_style, step_mask
from sims.ui.pace import about
from sims.ui.session import Result, Task, whole_seed
from sims.ui.viewer import viewer_value

ACTIONS = ("restyle", "style", "example")
USUAL = 8e-6  # seconds a pixel takes, before the first run here has shown it
BLENDED = 2.0  # times as long with a style for every pixel
STEEPEST = 170.0  # degrees from top to bottom that a view all around can show
PATCH = "patch"


@dataclass(frozen=True, eq=False)
class Wanted:
    """What the fields of the tab hold, in the order of its components; anything may come from a page.

    `latent` and `second_latent` stand in for the seeds. `way` is how the second style comes in, a key of
    `sims.ui.blending.WAYS`; `centre`, `spread` and `softness` in percent are those of a step, and `mask` is the value
    of the part that a mask is painted in.
    """

    generator: str | None
    seed: object
    truncation: object
    width: object
    height: object
    turn: object
    field_of_view: object
    window: tuple[float, float, float, float]
    latent: Style | None
    second_seed: object
    second_latent: Style | None
    way: object
    centre: object
    spread: object
    softness: object
    mask: object
    first: object
    last: object
    sampling: object
    side: object
    stride: object
    left: object
    top: object


def panorama_task(wanted: Wanted, options: Mapping[str, Any]) -> Task:
    """The task of painting what is wanted.

    `options` may name those of other generators too, which are left out. Raises a fault (`sims.ui.session.FAULTS`).
    """
    if not wanted.generator:
        raise RequestError("No generator is at hand; pull one of those listed below.")
    known = catalogue.ready_card(wanted.generator, "grid")
    names = {choice.name for choice in known.options}
    chosen = {name: value for name, value in options.items() if name in names}
    if "sampling" in names:
        chosen["sampling"] = _sampling(wanted)
    bent = chosen.get("projection") == "bent"
    size = (_side(wanted.height, "height"), _side(wanted.width, "width"))
    request = GridRequest(
        size=size,
        style=wanted.latent or Style(),
        truncation=_number(wanted.truncation),
        turn=_number(wanted.turn) if turns(known, chosen) else 0.0,
        field_of_view=_field(wanted.field_of_view, known, bent),
        window=wanted.window,
        options=chosen,
    )
    request = _with_second(known, request, wanted)
    check_request(known, request)
    grid_of(known, request)  # a patch that does not lie inside is told at once
    return Task(known, request, whole_seed(wanted.seed))


def wraps(task: Task) -> bool:
    """Whether a mask of a task's picture lies around a circle."""
    known, request = task.card, task.request
    assert isinstance(request, GridRequest)
    return bool(known.geometry) and turns(known, request.options)


def usual_size(known: Card) -> tuple[int, int]:
    """(height, width) that is asked for at first: twice the native sides."""
    height, width = known.native_size or (128, 128)
    return 2 * height, 2 * width


def mask_size(known: Card) -> tuple[int, int]:
    """(height, width) of a mask to paint on: of the whole plane, or of the whole way around."""
    height, width = known.native_size or (128, 128)
    return max(64, round(1024 * height / max(height, width))), max(64, round(1024 * width / max(height, width)))


def told(task: Task, history: Sequence[Result]) -> str:
    """What is known of a picture before it is made: its size, about how long it takes, and whether it closes."""
    request = task.request
    assert isinstance(request, GridRequest)
    asked = grid_of(task.card, request)
    spent = about(_work(task) * pace(task.card, history))
    size = f"The picture will be {asked.width} × {asked.height}, {asked.width * asked.height:,} pixels, in {spent}."
    return " ".join(filter(None, (size, _seen(asked))))


def shown_value(result: Result) -> dict[str, Any]:
    """A result of this tab as its viewer's value: that of `viewer_value`, and how it is looked at all around.

    "window" is what is seen of the whole; "zooms" and "turns" say whether a part can be chosen, and what is in the
    middle.
    """
    value = viewer_value(result, {}, pair=False, actions=ACTIONS)
    request = result.task.request
    assert isinstance(request, GridRequest)
    if not result.task.card.geometry:  # of a generator that is not known here
        return {**value, "around": None, "seam": None, "window": list(WHOLE), "zooms": False, "turns": False}
    asked = grid_of(result.task.card, request)
    whole = isinstance(asked, Grid) and asked.window == WHOLE
    done = result.state == "done"
    return {
        **value,
        "around": around(result.task.card, asked),
        "seam": seam_value(_seam(result.path), asked) if done and whole and isinstance(asked, Grid) else None,
        "window": list(request.window),
        "zooms": done and isinstance(asked, Grid),
        "turns": turns(result.task.card, request.options),
    }


def around(known: Card, asked: Grid | Patch) -> dict[str, Any] | None:
    """How a picture is seen from within: "haov" and "vaov", the degrees that it covers across and down.

    "level" says that its rows divide the height of a cylinder evenly, not the elevation. None where nothing surrounds.
    """
    if isinstance(asked, Patch) or asked.window != WHOLE:
        return None
    assert known.native_size is not None
    ratio = known.native_size[0] / known.native_size[1]
    if asked.geometry == "cylinder":  # learned around 360 degrees, whatever the picture's own sides are
        return {"haov": asked.field_of_view, "vaov": min(360 * ratio, STEEPEST), "level": False}
    if asked.projection == "mirrored":
        return {"haov": 360.0, "vaov": min(360 * asked.height / asked.width, STEEPEST), "level": False}
    if asked.projection == "bent":
        up = math.degrees(math.atan(math.sin(math.radians(asked.field_of_view) / 2) * ratio))
        return {"haov": asked.field_of_view, "vaov": 2 * up, "level": True}
    return None


def seam_value(found: Seam, asked: Grid) -> dict[str, Any]:
    """What the page says of a seam: one number, and a sentence that a picture which does not wrap is not blamed by."""
    ratio = f"{found.ratio:.2f}" if found.ratio < 100 else f"{found.ratio:.0f}"
    steps = f"{found.across:.1f} of 255 against {found.inside:.1f}"
    if not asked.wraps:
        text = f"This picture does not go all around, so its edges need not meet ({steps} inside)."
    elif found.closes:
        text = f"It closes: across the edges the step is like those between neighbouring columns ({steps})."
    else:
        text = f"It does not close well: the step across the edges is larger than any inside ({steps})."
    return {"ratio": ratio, "wraps": asked.wraps, "text": text}


def zoomed(task: Task, part: tuple[float, float, float, float]) -> Task:
    """The task of painting a part of a picture, (left, top, width, height) in shares of it, with as many pixels.

    Raises `RequestError` for a part that is too small.
    """
    request = task.request
    assert isinstance(request, GridRequest)
    left, top, width, height = request.window
    window = (left + part[0] * width, top + part[1] * height, part[2] * width, part[3] * height)
    size = request.size or usual_size(task.card)
    rows, columns = size[0] * part[3], size[1] * part[2]
    scale = math.sqrt(size[0] * size[1] / (rows * columns))
    low, high = GRID_SIDES
    shape = [min(max(int(scale * side), low), high) for side in (rows, columns)]
    return seen_again(task, window, (shape[0], shape[1]))


def seen_again(task: Task, window: tuple[float, float, float, float], size: tuple[int, int], turn: float = 0.0) -> Task:
    """The task of painting the same with another window and size, turned further by `turn` degrees."""
    request = task.request
    assert isinstance(request, GridRequest)
    turned = within_half_turn(request.turn + turn) if turn else request.turn
    asked = replace(request, window=window, size=size, turn=round(turned, 1))
    check_request(task.card, asked)
    return Task(task.card, asked, task.seed)


@lru_cache(maxsize=64)
def _seam(path: str) -> Seam:
    with Image.open(path) as picture:  # made here, or checked when it was opened
        return seam(np.array(picture.convert("RGB")))


def _with_second(known: Card, request: GridRequest, wanted: Wanted) -> GridRequest:
    """The request with what the second style does to it."""
    if wanted.way == OFF:
        return request
    second = second_style(whole_seed(wanted.second_seed), wanted.second_latent)
    if wanted.way == MIXED:
        return replace(request, second=second, mixed=mixed_levels(wanted.first, wanted.last, known))
    if wanted.way == PAINTED:
        return replace(request, second=second, mask=painted_mask(wanted.mask))
    if wanted.way != STEP:
        raise RequestError("The page sent no way for the second style to come in; reload it.")
    circle = turns(known, request.options)
    return replace(request, second=second, mask=step_mask(wanted.centre, wanted.spread, wanted.softness, circle))


def _sampling(wanted: Wanted) -> str:
    """The option "sampling" of the fields; a generator's own check says what is wrong with it."""
    if wanted.sampling != PATCH:
        return str(wanted.sampling)
    numbers = (wanted.side, wanted.stride, wanted.left, wanted.top)
    whole = [int(n) if isinstance(n, int | float) and n == n // 1 else -1 for n in numbers]
    lows = (1, 1, 0, 0)
    if any(not low <= number <= 9999 for low, number in zip(lows, whole, strict=True)) or whole[1] > 999:
        raise RequestError(
            "A patch takes four whole numbers: K and the step from 1 on, column and row of its corner from 0 on."
        )
    return ":".join([PATCH, *map(str, whole)])


def _field(value: object, known: Card, bent: bool) -> float | None:
    if known.geometry == "plane":
        return (_number(value) if value is not None else BENT_FIELD) if bent else None
    return None if value in (None, FIELDS_OF_VIEW[1]) else _number(value)


def _number(value: object) -> float:
    """A number as the request wants it; what is none is left to its check, which says so."""
    return round(float(value), 4) if isinstance(value, int | float) and not isinstance(value, bool) else value  # type: ignore[return-value]


def _side(value: object, what: str) -> int:
    low, high = GRID_SIDES
    whole = int(value) if isinstance(value, int | float) and value == value // 1 else -1
    if isinstance(value, bool) or not low <= whole <= high:
        raise RequestError(f"The picture's {what} is {str(value)[:20]}; give a whole number from {low} to {high}.")
    return whole


def _seen(asked: Grid | Patch) -> str:
    """What of the whole a picture shows."""
    if isinstance(asked, Patch):
        return f"It is a part of the whole, with one pixel in {asked.stride} across and down."
    if asked.window != WHOLE:
        return f"It shows {asked.window[2]:.0%} of the width and {asked.window[3]:.0%} of the height."
    return "It goes all around without a seam." if asked.wraps else ""


def pace(known: Card, history: Sequence[Result]) -> float:
    """Seconds that a pixel takes, as the last picture of this generator in the session has shown."""
    done = (one for one in history if one.task.card.name == known.name and sum(one.seconds.values()) > 0)
    last = next(done, None)
    return sum(last.seconds.values()) / _work(last.task) if last else USUAL


def _work(task: Task) -> float:
    """How many pixels are looked at, those with a style of their own counted more than once."""
    request = task.request
    assert isinstance(request, GridRequest)
    asked = grid_of(task.card, request)
    return asked.height * asked.width * (BLENDED if request.mask is not None else 1.0)
