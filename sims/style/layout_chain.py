"""SPADE+PIS: a picture from a layout, restyled region by region, with the layout as the segmentation of both.

Any generator that works from layouts may stand in SPADE's place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from sims.generator import Generator, LayoutRequest, Picture, Preview, Progress, RequestError, StyleRequest, unseen
from sims.layout import Layout
from sims.requests import MAX_ORIGIN
from sims.segmentation import SPACES, segment

SEGMENTED = "layout of the style picture"
SHORT = 12  # characters of a revision that tell it from others
SHARES = (0.3, 0.35)  # of the progress: when the layout's picture is there, and when the style's layout is
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Chained:
    """The picture of the layout, the layout of the style picture, the restyled picture, and each station's seconds.

    `style_layout` is in the label space in which the regions were matched.
    """

    before: Picture
    style_layout: Layout
    picture: Picture
    stations: Mapping[str, float]


def restyle_layout(
    generator: Generator,
    stylist: Generator,
    request: LayoutRequest,
    style: np.ndarray,
    style_layout: Layout | None = None,
    *,
    seed: int = 0,
    strength: float = 1.0,
    options: Mapping[str, str] | None = None,
    progress: Progress,
    preview: Preview = unseen,
) -> Chained:
    """Make the picture of a layout with `generator`, and give its regions the look of the style picture's.

    Regions are matched by class. Where the style picture (RGB uint8) has no layout of its own, the project's segmenter
    finds one, in that of its label spaces in which more of the layout has a counterpart. `options` are those of the
    `stylist`. The restyled picture's request says what made its content. Raises `RequestError` and `LayoutError` as
    the parts do.
    """
    if generator.card.task != "layout":
        raise RequestError(f"{generator.card.name} does not work from layouts; name a layout generator.")
    stations: dict[str, float] = {}

    def timed(name: str, make: Callable[[], Made]) -> Made:
        start = time.perf_counter()
        made = make()
        stations[name] = time.perf_counter() - start
        return made

    before = timed(
        generator.card.title,
        lambda: generator.generate(request, seed=seed, progress=_part(progress, 0.0, SHARES[0]), preview=preview),
    )
    progress(SHARES[0], SEGMENTED)
    space = style_layout.space.name if style_layout else segmenters_space(request.layout)
    found = style_layout or timed(SEGMENTED, lambda: segment(style, space, generator.device))
    moved = request.layout.to_space(space)
    asked = StyleRequest(
        before.image,
        style,
        moved.layout.ids,
        found.ids,
        {},
        strength,
        options or {},
        found.space.names,
        _origin(before),
    )
    picture = stylist.generate(asked, seed=seed, progress=_part(progress, SHARES[1], 1.0), preview=preview)
    stations |= {f"{stylist.card.title}: {stage}": seconds for stage, seconds in picture.seconds.items()}
    notes = (*before.notes, *moved.sentences(), *picture.notes)
    return Chained(before, found, replace(picture, notes=notes), stations)


def _origin(made: Picture) -> str:
    """What made a picture, in a line: the generator, its revision, the seed, and the options that were asked for."""
    revision = "+".join(part[:SHORT] for part in made.revision.split("+"))
    asked = ", ".join(f"{name} {value}" for name, value in made.request.options.items())
    line = f"{made.generator}, revision {revision}, seed {made.seed}" + (f", {asked}" if asked else "")
    return line if len(line) <= MAX_ORIGIN else f"{line[: MAX_ORIGIN - 3]}..."


def segmenters_space(layout: Layout) -> str:
    """The segmenter's label space in which most of a layout has a counterpart; its own if the segmenter knows it."""
    if layout.space.name in SPACES:
        return layout.space.name
    return min(SPACES, key=lambda space: sum(layout.to_space(space).unmapped.values()))


def _part(progress: Progress, start: float, end: float) -> Progress:
    """The callback of a station that takes the progress from `start` to `end`."""
    return lambda fraction, what: progress(start + fraction * (end - start), what)
