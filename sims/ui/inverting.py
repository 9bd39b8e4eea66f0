"""What the panel "Inversion" does, without a page: whose style is sought, the search, and what was found."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sims.cips_inversion import STEPS, Inversion, check_inversion, invert
from sims.cips_target import target_of
from sims.generator import Card, GridRequest, Preview, Progress, RequestError
from sims.latent_files import latent_npy
from sims.ui import catalogue
from sims.ui.panel_run import Step
from sims.ui.session import Result, Shown, Task, finished, loaded, shown, thumbnail, whole_seed
from sims.ui.shelf import SHELF
from sims.ui.viewer import viewer_value
from sims.ui.walking import whole
from sims.world import World, WorldError

SPACES: Mapping[str, str] = {"w+": "W+, one style a layer", "w": "W, one style"}
TARGET = "target"
OFFERED = {"landscape": 6, "panorama": 2}  # held-out pictures of each space


@dataclass(frozen=True, eq=False)
class InversionTask:
    """A picture, RGB uint8 (H, W, 3), whose style is to be found; `target` is what of it will be compared."""

    card: Card
    image: np.ndarray
    target: Shown
    space: str
    steps: int
    seed: int


@dataclass(frozen=True, eq=False)
class Found:
    """What was found: the inversion, its picture as a result of the session, and the file of its latent."""

    inversion: Inversion
    result: Result
    latent: str


def inversion_task(
    generator: str | None, image: np.ndarray | None, space: object, steps: object, seed: object
) -> InversionTask:
    """The search that the fields ask for. Raises a fault (`sims.ui.session.FAULTS`)."""
    if image is None:
        raise RequestError("There is no picture yet; drop one, or choose one of ours.")
    if not generator:
        raise RequestError("No generator is at hand; pull one of those listed below.")
    known = catalogue.ready_card(generator, "grid")
    counted, seed = whole(steps, *STEPS, "The number of steps"), whole_seed(seed)
    check_inversion(image, str(space), counted, seed, None)
    target = shown(target_of(known, image).picture, "target.png")
    return InversionTask(known, image, target, str(space), counted, seed)


def find_style(task: InversionTask, progress: Progress, preview: Preview) -> Found:
    """Find the style; where `progress` raises `Cancelled`, the best until then, if there is one. Raises a fault."""
    progress(0.0, "loading")
    generator = loaded(task.card.name, progress)
    begun = time.perf_counter()
    inversion = invert(
        generator,
        task.image,
        space=task.space,
        steps=task.steps,
        seed=task.seed,
        keep=True,
        progress=progress,
        preview=preview,
    )
    made = finished(Task(task.card, inversion.request, task.seed), inversion.picture)
    made = replace(made, notes=inversion.notes, seconds={"search": time.perf_counter() - begun})
    name = f"{Path(made.path).stem}-{task.space}.npy"
    return Found(inversion, made, SHELF.put(latent_npy(inversion.latent), name))


def found_value(step: Step[Found], task: InversionTask) -> dict[str, Any]:
    """How far the search is, or what was found, as the value of a viewer: the target before, the picture after."""
    found = step.made
    if found is None:
        result = Result(
            Task(task.card, GridRequest(size=task.target.size), task.seed),
            state=step.state,
            fraction=step.fraction,
            what=step.what,
            error=step.error,
            preview=step.preview,
        )
        value = viewer_value(result, {TARGET: task.target})
        return {**value, "title": "Inversion", "said": said(task)}
    value = viewer_value(found.result, {TARGET: task.target})
    return {**value, "title": figures(found.inversion), "said": said(task)}


def said(task: InversionTask) -> str:
    """Where is searched, and how long."""
    return f"{task.card.title} · {SPACES[task.space]} · {task.steps} steps · seed {task.seed}"


def figures(found: Inversion) -> str:
    """How near what was found is to the target."""
    return f"SSIM {found.ssim:.2f} · L1 {found.l1:.3f}"


@cache
def sample_groups() -> list[dict[str, Any]]:
    """Pictures that no generator here learned from, as a strip's only group."""
    world = World()
    items = [
        {"key": f"{space}/{number}", "title": space.capitalize(), "src": thumbnail(world.read(space, number).picture)}
        for space, number in _offered(world)
    ]
    return [{"title": "Pictures that it never learned from", "items": items}]


def sample_picture(key: str) -> np.ndarray:
    """The picture with this key, RGB uint8 (H, W, 3). Raises `RequestError`."""
    space, _, number = key.partition("/")
    try:
        world = World()
        if (space, number) in _offered(world):
            return world.read(space, number).picture
    except WorldError as error:
        raise RequestError(str(error)) from error
    raise RequestError(f"There is no picture called {key[:60]!r}; choose one of those shown.")


def _offered(world: World) -> list[tuple[str, str]]:
    """Space and number of the pictures on offer, evenly chosen among the held-out ones."""
    chosen = []
    for space, count in OFFERED.items():
        frames = world.frames(space, "held_out")
        chosen += [(space, frames[(index * len(frames)) // count].number) for index in range(count)]
    return chosen
