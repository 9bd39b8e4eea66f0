"""What the panel "Inside" shows, without a page: coordinate embeddings, and the training pictures near a picture."""

from __future__ import annotations

from typing import Any

from sims.cips_generator import CipsGenerator
from sims.cips_inside import embedding_components
from sims.generator import Card, GridRequest, Progress, silent
from sims.image_files import encode_png
from sims.nearest_frames import Nearness, Neighbour, Seen, learned_from_world, nearest_frames
from sims.ui.page_part import file_value
from sims.ui.panel_run import Step
from sims.ui.session import Task, loaded, thumbnail
from sims.ui.shelf import SHELF

SHOWN = (256, 256)  # pixels of a square
AXIS = 1.5  # distances that the scale has room for at least
ROOM = 1.1  # times the largest distance, for more


def embedding_value(known: Card, progress: Progress = silent) -> dict[str, Any]:
    """What the part shows of a generator's coordinate embeddings. Raises a fault (`sims.ui.session.FAULTS`)."""
    found = embedding_components(_cips(known, progress))
    height, width = found.picture.shape[:2]
    percent = [f"{share:.1%}" for share in found.shares]
    name = f"{known.name}-embeddings.png"
    around = " It goes all around: the right edge continues at the left." if known.geometry == "cylinder" else ""
    return {
        "file": file_value(SHELF.put(encode_png(found.picture), name)),
        "file_name": name,
        "width": width,
        "height": height,
        "text": f"The three leading principal components of what {known.title} has learned for each of"
        f" {width} × {height} places, {found.channels} numbers a place, as red, green and blue.{around}",
        "shares": f"They explain {percent[0]}, {percent[1]} and {percent[2]} of the variance; of pure noise, each would"
        f" explain about {1 / found.channels:.1%}.",
    }


def told(known: Card | None) -> str:
    """Why the training pictures of a generator cannot be compared with; "" where they can."""
    if known is None or learned_from_world(known):
        return ""
    return f"The pictures that {known.title} learned from are not here; those of the built-in generators are."


def find_nearest(task: Task, progress: Progress) -> Nearness:
    """The training pictures nearest to what a task paints. Raises a fault, or `Cancelled` from `progress`."""
    progress(0.0, "loading")
    request = task.request
    assert isinstance(request, GridRequest)
    return nearest_frames(_cips(task.card, progress), request, seed=task.seed, progress=progress)


def nearest_value(step: Step[Nearness] | None, note: str = "") -> dict[str, Any]:
    """What the part shows of a comparison: nothing but a note, how far it is, or what was found."""
    if step is None:
        return {"state": "", "note": note}
    value = {"state": step.state, "fraction": step.fraction, "what": step.what, "error": step.error, "note": note}
    if step.made is None:
        return value
    found = step.made
    places = [square.neighbours[0].distance for square in found.squares]
    return {
        **value,
        "judged": judged(found),
        "unit": "A distance of 1 is what usually lies between a held-out picture, which it never learned from, and the"
        f" nearest of {found.compared} squares of training pictures; a copy would be at 0.",
        "scale": {
            "end": max(AXIS, ROOM * max(places)),
            "least": found.least,
            "low": found.low,
            "high": found.high,
            "places": places,
        },
        "rows": [_row(square) for square in found.squares],
    }


def judged(found: Nearness) -> str:
    """Whether a picture looks like a memory, in one sentence."""
    near, usual = f"{found.nearest:.2f}", f"{found.low:.2f} to {found.high:.2f}"
    whose = "It is" if len(found.squares) == 1 else "Its nearest part is"
    if found.nearest < found.least:
        held_out = f"any of {found.held_out} held-out squares ({found.least:.2f} and more)"
        return f"{whose} at {near}, nearer to a training picture than {held_out}: look whether it is a copy."
    if found.nearest < found.low:
        return f"{whose} at {near}, nearer than held-out pictures usually are ({usual}), but some of them are as near."
    if found.nearest <= found.high:
        return f"{whose} at {near}, as far from the training pictures as held-out ones usually are ({usual}): no copy."
    return f"{whose} at {near}, farther than held-out pictures usually are ({usual}): no copy, and unlike any of them."


def _row(square: Seen) -> dict[str, Any]:
    return {"src": thumbnail(square.picture, SHOWN), "neighbours": [_neighbour(each) for each in square.neighbours]}


def _neighbour(found: Neighbour) -> dict[str, Any]:
    mirrored = ", mirrored" if found.mirrored else ""
    return {
        "src": thumbnail(found.picture, SHOWN),
        "distance": f"{found.distance:.2f}",
        "name": f"{found.square.space} {found.square.number}{mirrored}",
    }


def _cips(known: Card, progress: Progress) -> CipsGenerator:
    generator = loaded(known.name, progress)
    assert isinstance(generator, CipsGenerator)
    return generator
