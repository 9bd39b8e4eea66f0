"""A picture of one's own in the latent space of a CIPS: the style that shows it, found by descent.

Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis" (2021), supplement, table 3: the L1
and a perceptual distance are minimised over W, one style for all layers, or over W+, one a layer. They give neither
steps nor rates; the perceptual distance is of the project's segmenter in the place of ImageNet's VGG-19.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from skimage.metrics import structural_similarity

from sims.cips_generator import CipsGenerator, grid_of
from sims.cips_search import Search
from sims.cips_target import Target, target_of
from sims.generator import (
    WORKS_FROM,
    Cancelled,
    Generator,
    GridRequest,
    Picture,
    Preview,
    Progress,
    RequestError,
    check_image,
    check_seed,
    silent,
    unseen,
)
from sims.grid import Grid
from sims.grid_request import Style
from sims.request_error import short
from sims.style_space import style_space

SPACES = ("w", "w+")
STEPS = (1, 2000)
USUAL_STEPS = 300
SECONDS = (1, 3600)
CANDIDATES = 256  # styles that the search may start from
ONE_STYLE_FIRST = 1 / 3  # share of the steps in W that a search in W+ begins with
SSIM_SIDE = 7  # pixels of the windows of the structural similarity, all alike: Wang et al. (2004), as scikit-image does
PARTS = ("find a start", "descend", "paint the picture")


@dataclass(frozen=True, eq=False)
class Inversion:
    """What was found.

    `latent` is float32, (D,) in W or (L, D) in W+; `request` shows it, and `picture` is what that makes. `target` is
    the picture as it was compared, RGB uint8 of the same size. `ssim` is the mean structural similarity of the two,
    over channels and windows of 7x7 pixels, at most 1; `l1` their mean absolute difference, 0 to 1. `history` is the
    loss of the whole picture at some steps, the first before any.
    """

    latent: np.ndarray
    request: GridRequest
    picture: Picture
    target: np.ndarray
    ssim: float
    l1: float
    history: tuple[tuple[int, float], ...]
    steps_done: int
    notes: tuple[str, ...]

    def report(self) -> dict[str, Any]:
        """All of it that is no picture and no latent, as JSON."""
        return {
            "generator": self.picture.generator,
            "revision": self.picture.revision,
            "space": "w" if self.latent.ndim == 1 else "w+",
            "seed": self.picture.seed,
            "ssim": round(self.ssim, 4),
            "l1": round(self.l1, 4),
            "steps": self.steps_done,
            "history": [[step, round(loss, 4)] for step, loss in self.history],
            "notes": list(self.notes),
        }


def invert(
    generator: Generator,
    image: np.ndarray,
    *,
    space: str = "w+",
    steps: int = USUAL_STEPS,
    seed: int = 0,
    seconds: int | None = None,
    keep: bool = False,
    progress: Progress = silent,
    preview: Preview = unseen,
) -> Inversion:
    """Find the style in which a CIPS shows a picture, RGB uint8 (H, W, 3).

    `space` is "w" or "w+"; `steps` from 1 to 2000; `seconds` from 1 to 3600, after which the result is the best so far,
    or None for as long as it takes. Deterministic in the seed, where time does not end it. `progress` may raise
    `Cancelled`, which ends the search: with `keep` in the best so far, if there is one, else by leaving it. `preview`
    is shown the best picture so far. Raises `RequestError` for another generator, and for bad input.
    """
    if not isinstance(generator, CipsGenerator):
        works_from = " or ".join(WORKS_FROM[task] for task in generator.card.tasks)
        raise RequestError(
            f"{generator.card.name} works from {works_from}; pictures are inverted by generators that work from"
            " latents."
        )
    check_inversion(image, space, steps, seed, seconds)
    return _Inverting(generator, target_of(generator.card, image), progress, preview, seconds).result(
        space, steps, seed, keep
    )


def check_inversion(image: np.ndarray, space: str, steps: int, seed: int, seconds: int | None) -> None:
    """Raise `RequestError` unless `invert` takes these."""
    check_image(image, "The picture")
    if space not in SPACES:
        raise RequestError(f"The space is {short(space)}; it can be {' or '.join(SPACES)}.")
    for what, value, (low, high) in (("number of steps", steps, STEPS), ("time in seconds", seconds, SECONDS)):
        if value is not None and (type(value) is not int or not low <= value <= high):
            raise RequestError(f"The {what} is {short(value)}; give a whole number from {low} to {high}.")
    check_seed(seed)


class _Inverting:
    """One inversion: the search, and how it is told, shown and ended."""

    def __init__(
        self, generator: CipsGenerator, target: Target, progress: Progress, preview: Preview, seconds: int | None
    ):
        self._generator, self._target, self._progress, self._preview = generator, target, progress, preview
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self._notes = list(target.notes)
        self._done, self._steps = 0, 0
        self._shown: np.ndarray | None = None

    @torch.inference_mode(False)  # what gradients are taken through cannot be made in it
    @torch.no_grad()
    def result(self, space: str, steps: int, seed: int, keep: bool) -> Inversion:
        """Search, and make the picture of what was found."""
        self._steps = steps
        generator = self._generator
        grid = grid_of(generator.card, self._target.request)
        assert isinstance(grid, Grid)
        self._tell(PARTS[0])
        styles = style_space(generator, CANDIDATES, seed)
        search = Search(generator.network, grid, self._target.picture, styles, seed)
        try:
            self._search(search, space, steps)
        except Cancelled:
            if not keep or search.best is None:
                raise
            self._progress = silent  # nobody waits to hear more, and one who was asked again would raise again
            self._notes.append(f"It was stopped after {self._done} of {steps} steps; this is the best until then.")
        best = search.best
        assert best is not None
        style = best.style
        if space == "w+" and style.ndim == 1:
            style = style.expand(generator.card.latents[0], -1)
        return self._made(style.cpu().numpy().astype(np.float32), search, seed)

    def _search(self, search: Search, space: str, steps: int) -> None:
        search.start(self._watch)
        first = steps if space == "w" else round(ONE_STYLE_FIRST * steps)
        for layers, count, after in ((0, first, 0), (self._generator.card.latents[0], steps - first, first)):
            if count and not search.descend(layers, count, after, partial(self._goes_on, search), self._watch):
                self._notes.append(f"The time was over after {self._done} of {steps} steps.")
                break
        self._show(search)

    def _goes_on(self, search: Search, step: int) -> bool:
        self._show(search)
        self._tell(f"step {step} of {self._steps}")
        if time.monotonic() >= self._end:
            return False
        self._done = step
        return True

    def _watch(self, share: float) -> None:
        self._tell(f"step {self._done} of {self._steps}")

    def _tell(self, what: str) -> None:
        self._progress(0.98 * self._done / self._steps, what)

    def _show(self, search: Search) -> None:
        best = search.best
        if best is not None and best.picture is not self._shown:
            self._shown = best.picture
            self._preview(best.picture)

    def _made(self, latent: np.ndarray, search: Search, seed: int) -> Inversion:
        request = replace(self._target.request, style=Style(latent=latent, space="w"))
        picture = self._generator.generate(request, seed=seed)
        target = self._target.picture
        self._progress(1.0, "done")
        return Inversion(
            latent=latent,
            request=request,
            picture=picture,
            target=target,
            ssim=float(
                structural_similarity(target, picture.image, win_size=SSIM_SIDE, channel_axis=2, data_range=255)
            ),
            l1=float(np.abs(target.astype(np.float64) - picture.image).mean() / 255),
            history=tuple(search.history),
            steps_done=self._done,
            notes=(*self._notes, *picture.notes),
        )
