"""What the panel for walks does, without a page: which styles, how large and how long a film, and the film."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sims.animation import check_pace, encode_animation
from sims.cips_generator import CipsGenerator
from sims.cips_walk import FRAMES, STOPS, WalkRequest, check_walk, frame_size, walk
from sims.generator import Card, GridRequest, Preview, Progress, RequestError
from sims.grid_request import Style
from sims.image_files import encode_png
from sims.request_error import check_seed, short
from sims.ui.grid_words import said_of, style_words
from sims.ui.pace import about
from sims.ui.page_part import file_value
from sims.ui.painting import BLENDED, pace
from sims.ui.panel_run import Step
from sims.ui.session import Result, Task, loaded, new_seed
from sims.ui.shelf import SHELF

MAX_TEXT = 200  # characters of a list of seeds
RATES = (4, 30)  # frames a second
TITLES = {"webp": "WebP", "gif": "GIF"}
WRITING = 0.05  # share of the work that writes the file
DRAWN = 2  # seeds that are drawn at once


@dataclass(frozen=True, eq=False)
class WalkTask:
    """A film to be made, `rate` frames a second, of the `kind` webp or gif."""

    card: Card
    request: WalkRequest
    seed: int
    rate: int
    kind: str

    @property
    def milliseconds(self) -> int:
        """How long each frame is shown."""
        return round(1000 / self.rate)


@dataclass(frozen=True, eq=False)
class Film:
    """A finished film: its file, and that of its first frame."""

    task: WalkTask
    path: str
    poster: str
    size: tuple[int, int]  # (height, width)
    bytes: int


def walk_task(
    task: Task, seeds: str, begin: bool, frames: object, rate: object, share: object, turn: object, kind: object
) -> WalkTask:
    """The film that the fields of the panel ask for, beside the picture `task` that those of the tab ask for.

    The walk begins with that picture's style if `begin`, and goes on to the `seeds`. Its sides are those of the picture
    divided by `share`. Raises a fault (`sims.ui.session.FAULTS`).
    """
    view = task.request
    assert isinstance(view, GridRequest)
    first = [own_style(task)] if begin else []
    height, width = _whole_size(task)
    divided = whole(share, 1, 8, "The share")
    size = (max(1, height // divided), max(1, width // divided))
    request = WalkRequest(
        stops=(*first, *(Style(seed=seed) for seed in seeds_in(seeds))),
        frames=whole(frames, *FRAMES, "The number of frames"),
        turn=float(whole(turn, -720, 720, "The turn")),
        view=replace(view, style=Style(), size=size),
    )
    check_walk(task.card, request)
    found = WalkTask(task.card, request, task.seed, whole(rate, *RATES, "The rate"), str(kind))
    check_pace(kind, found.milliseconds)
    return found


def own_style(task: Task) -> Style:
    """The style of a picture, by its seed where it has nothing else."""
    request = task.request
    assert isinstance(request, GridRequest)
    given = request.style.seed is not None or request.style.latent is not None
    return request.style if given else Style(seed=task.seed)


def seeds_in(text: object) -> list[int]:
    """The seeds in a list with commas or spaces between them. Raises `RequestError`."""
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise RequestError(f"The list of seeds is too long; give at most {STOPS[1]} whole numbers.")
    found = []
    for word in filter(None, re.split(r"[\s,;]+", text)):
        if not word.isascii() or not word.isdecimal():
            raise RequestError(f"The seeds hold {short(word)}; give whole numbers with commas between them.")
        found.append(int(word))
        check_seed(found[-1])
    return found


def drawn_seeds(text: str) -> str:
    """As many other seeds as the list has, or two; a list that cannot be read is replaced too."""
    try:
        count = min(max(len(seeds_in(text)), 1), STOPS[1] - 1)
    except RequestError:
        count = DRAWN
    return ", ".join(str(new_seed()) for _ in range(count))


def make_film(task: WalkTask, progress: Progress, preview: Preview) -> Film:
    """Make the film. Raises a fault, or `Cancelled` from `progress`."""
    progress(0.0, "loading")
    generator = loaded(task.card.name, progress)
    assert isinstance(generator, CipsGenerator)
    frames = walk(
        generator,
        task.request,
        seed=task.seed,
        progress=lambda done, what: progress(done * (1 - WRITING), what),
        watch=lambda _, frame: preview(frame),
    )
    progress(1 - WRITING, "write the file")
    return film_of(task, frames)


def film_of(task: WalkTask, frames: Sequence[np.ndarray]) -> Film:
    """The film of frames that were made."""
    data = encode_animation(frames, task.milliseconds, task.kind)
    named = "-".join(str(stop.seed) if stop.latent is None else "latent" for stop in task.request.stops)
    path = SHELF.put(data, f"{task.card.name}-walk-{named}.{task.kind}")
    return Film(task, path, SHELF.put(encode_png(frames[0]), "first.png"), frames[0].shape[:2], len(data))


def told(task: WalkTask, history: Sequence[Result]) -> str:
    """What is known of a film before it is made: its size, its length, and about how long it takes."""
    height, width = frame_size(task.card, task.request)
    seconds = pace(task.card, history) * height * width * task.request.frames
    seconds *= BLENDED if task.request.view.mask is not None else 1
    frames = f"{task.request.frames} frames of {width} × {height}"
    return f"The film will have {frames}, {_length(task):.1f} s a loop, in {about(seconds)}."


def film_value(step: Step[Film] | None, task: WalkTask | None = None) -> dict[str, Any]:
    """What the panel's part shows of a film: nothing, how it comes on, or the film."""
    if step is None or task is None:
        return {"state": ""}
    film = step.made
    height, width = film.size if film else frame_size(task.card, task.request)
    value = {
        "state": step.state,
        "fraction": step.fraction,
        "what": step.what,
        "preview": step.preview,
        "error": step.error,
        "width": width,
        "height": height,
        "said": said(task, film),
    }
    if film is None:
        return value
    files = {"film": file_value(film.path), "poster": file_value(film.poster), "file_name": Path(film.path).name}
    return value | files


def said(task: WalkTask, film: Film | None) -> str:
    """Between which styles it walks, and what sets it apart."""
    stops = [style_words(stop).removeprefix("seed ") for stop in task.request.stops]
    words = ["seeds " + " → ".join([*stops, stops[0]]), *said_of(task.request.view)]
    if task.request.turn:
        words.append(f"turning {task.request.turn:+g}°")
    words.append(f"{task.request.frames} frames, {_length(task):.1f} s a loop")
    if film is not None:
        size = f"{film.bytes / 1e6:.1f} MB" if film.bytes >= 1e6 else f"{film.bytes / 1e3:.0f} kB"
        words.append(f"{TITLES[task.kind]}, {size}")
    return " · ".join(words)


def _length(task: WalkTask) -> float:
    return task.request.frames * task.milliseconds / 1000


def _whole_size(task: Task) -> tuple[int, int]:
    """(height, width) of a picture."""
    request = task.request
    assert isinstance(request, GridRequest)
    assert task.card.native_size is not None
    return request.size or task.card.native_size


def whole(value: object, low: int, high: int, what: str) -> int:
    """A whole number from a page or a program. Raises `RequestError`."""
    given = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not given or not low <= value <= high:  # type: ignore[operator]
        raise RequestError(f"{what} is {short(value)}; give a whole number from {low} to {high}.")
    return int(value)  # type: ignore[call-overload]
