"""What the tab "Texture" does, without a page: what is to be made, how long that takes, and whether it will tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sims.generator import Card, RequestError, TextureRequest, check_request
from sims.requests import TEXTURE_SIDES
from sims.ui import catalogue
from sims.ui.pace import about
from sims.ui.session import Result, Shown, Task, shown, whole_seed
from sims.ui.viewer import viewer_value

EXAMPLE = "example"
ACTIONS = ("restyle", "style", "example")
USUAL = 5e-6  # seconds that a round takes for each pixel, before the first run here has shown it


def texture_task(
    example: np.ndarray | None,
    file: Shown | None,
    size: tuple[object, object],
    generator: str | None,
    seed: object,
    options: Mapping[str, Any],
) -> Task:
    """The task of making a texture of `size` (height, width) like the example (RGB uint8, and as a file).

    `options` may name those of other generators too, which are left out. Raises `RequestError` or `ZooError`.
    """
    if example is None or file is None:
        raise RequestError("There is no example yet; choose a texture of ours, or drop a picture of one.")
    if not generator:
        raise RequestError("No method is at hand; pull one of those listed below.")
    known = catalogue.ready_card(generator, "texture")
    names = {choice.name for choice in known.options}
    chosen = {name: value for name, value in options.items() if name in names}
    request = TextureRequest(example, (_side(size[0], "height"), _side(size[1], "width")), chosen)
    check_request(known, request)
    return Task(known, request, whole_seed(seed), given={EXAMPLE: file})


def _side(value: object, what: str) -> int:
    low, high = TEXTURE_SIDES
    whole = int(value) if isinstance(value, int | float) and value == value // 1 else -1
    if isinstance(value, bool) or not low <= whole <= high:
        raise RequestError(f"The texture's {what} is {str(value)[:20]}; give a whole number from {low} to {high}.")
    return whole


def shown_value(result: Result) -> dict[str, Any]:
    """A result of this tab as the viewer's value."""
    return viewer_value(result, {}, beside=result.task.given, pair=False, tiles=True, actions=ACTIONS)


def with_example(result: Result) -> Result:
    """A restored result whose example can be shown beside it."""
    request = result.task.request
    assert isinstance(request, TextureRequest)
    return replace(result, task=replace(result.task, given={EXAMPLE: shown(request.example, "example.png")}))


def told(task: Task, history: Sequence[Result]) -> str:
    """What is known of a texture before it is made: its size, about how long it takes, and whether it tiles."""
    request = task.request
    assert isinstance(request, TextureRequest)
    height, width = request.size
    spent = _spent(task, history)
    return " ".join(filter(None, (f"The texture will be {width} × {height}{spent}.", _tiling(task.card, request))))


def _spent(task: Task, history: Sequence[Result]) -> str:
    """About how long the task will take, from what the session's runs took."""
    budget = task.request.options.get("seconds", "")
    if task.card.family != "steerable":
        return f", in at most {budget} s" if budget.isdecimal() else ""
    done = (one for one in history if one.task.card.family == "steerable" and sum(one.seconds.values()) > 0)
    last = next(done, None)
    each = sum(last.seconds.values()) / _work(last.task) if last else USUAL
    return f", in {about(each * _work(task))}"


def _work(task: Task) -> float:
    """How many pixels are projected in all rounds."""
    request = task.request
    assert isinstance(request, TextureRequest)
    return request.size[0] * request.size[1] * float(_option(task.card, request, "iterations"))


def _tiling(known: Card, request: TextureRequest) -> str:
    """Whether the texture can be laid beside itself without a seam; only the pyramid makes such."""
    if known.family != "steerable":
        return ""
    step = 2 ** int(_option(known, request, "scales"))
    if all(side % step == 0 and side >= 3 * step for side in request.size):
        return "It tiles without a seam."
    return f"Sides that are multiples of {step}, from {3 * step}, would tile without a seam."


def _option(known: Card, request: TextureRequest, name: str) -> str:
    default = next(choice.default for choice in known.options if choice.name == name)
    return request.options.get(name, default)
