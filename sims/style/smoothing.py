"""Photorealistic smoothing: a stylised picture made to vary within the content's own edges.

Li, Liu, Li, Yang and Kautz, "A Closed-form Solution to Photorealistic Image Stylization" (2018), section 3.2,
equation 7: with the matting affinity W of the content, its row sums D and S = D^-1/2 W D^-1/2,

    V = (1 - beta) (1 - beta S)^-1 Y.

With V = D^1/2 u it is the positive definite system (D - beta W) u = (1 - beta) D^1/2 Y, whose condition is 1e4 at
most. It is solved by preconditioned conjugate gradients in float32, corrected until the float64 residual is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sims.style.affinity import OFFSETS, affinity_strips, degrees, scaled
from sims.style.conjugate_gradients import conjugate_gradients
from sims.style.multigrid import Multigrid
from sims.style.stencil import Stencil

Advance = Callable[[float], None]
Frame = Literal["added", "released"]
BETA = 0.9999
MARGIN = 2  # pixels around the picture that its smoothing has beside it
MOST_ROOT = 3  # of a degree: V is at most so many times u
# Steps, of which those that follow move less; and a bound. A photograph takes about 30 with multigrid, 1000 without.
_MULTIGRID_STEPS = {"window": 4, "most": 300}
_DIAGONAL_STEPS = {"window": 100, "most": 5000}


def smooth(stylised: np.ndarray, content: np.ndarray, advance: Advance = lambda done: None) -> np.ndarray:
    """`stylised` with the edges of `content`: RGB uint8 (H, W, 3).

    `stylised` is RGB uint8, or float in [0, 1]; `content` RGB uint8 of the same size. Both are continued by two pixels
    of their own borders, which are cut off again, so that the result has exactly their size. As in the released
    script the result is clipped and truncated. `advance(fraction)` is called in every iteration; what it raises ends
    the work. Raises `ValueError` where the two differ in size.
    """
    return (smoothed(stylised, content, advance).clip(0, 1) * 255).astype(np.uint8)


def smoothed(
    stylised: np.ndarray,
    content: np.ndarray,
    advance: Advance = lambda done: None,
    *,
    frame: Frame = "added",
    tolerance: float = 1e-4,
) -> np.ndarray:
    """What `smooth` clips: (H, W, 3) float64 in the units of [0, 1], nowhere `tolerance` off the direct solution.

    "released" does what the released script does: it cuts two pixels off the stylised picture, shrinks the content to
    what is left and continues both from there; its result is four pixels smaller each way.
    """
    if stylised.shape != content.shape:
        raise ValueError(f"The stylised picture is {stylised.shape} and the content {content.shape}; give one size.")
    if frame == "released":
        stylised = stylised[MARGIN:-MARGIN, MARGIN:-MARGIN]
        smaller = Image.fromarray(content).resize(stylised.shape[1::-1], Image.Resampling.BILINEAR)
        content = np.asarray(smaller)
    with _one_thread():
        solution = solve(scaled(_framed(stylised)), _framed(content), tolerance, advance)
    return solution[:, MARGIN:-MARGIN, MARGIN:-MARGIN].permute(1, 2, 0).numpy()


def solve(stylised: Tensor, content: Tensor, tolerance: float, advance: Advance) -> Tensor:
    """V, (3, H, W) float64, for Y = `stylised` and the affinity of `content`, both (3, H, W) float64 in [0, 1].

    `content` may be uint8 instead, which takes less room.
    Where the multigrid cycle fails a picture, the diagonal alone is the preconditioner: that takes longer, but is sure.
    """
    _, height, width = content.shape
    degree = degrees(height, width).reshape(-1)
    root = degree.sqrt()
    system = System(content, degree, lambda: advance(0.0))
    wanted = stylised.reshape(3, -1)
    report = _Progress(tolerance / MOST_ROOT, advance)

    def improve(solution: Tensor, precondition: Callable[[Tensor], Tensor], window: int, most: int) -> bool:
        return conjugate_gradients(
            lambda x: system.times(x[0]).neg_().addcmul_(wanted, root, value=1 - BETA)[None],
            system.single.times,
            precondition,
            solution,
            tolerance / MOST_ROOT,
            report,
            window=window,
            most=most,
        )

    solution, found = (wanted / root)[None], False
    with suppress(ArithmeticError, torch.linalg.LinAlgError):
        found = improve(solution, system.multigrid(lambda: advance(0.0)), **_MULTIGRID_STEPS)
    if not found:
        solution = (wanted / root)[None]
        improve(solution, system.diagonal(), **_DIAGONAL_STEPS)
    return solution[0].mul_(root).view(3, height, width)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Within, torch works with one thread: of several, each of its many short operations would wait for the slowest.

    Where another process holds one of two cores, two threads take five to fifteen times as long as one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _framed(picture: np.ndarray) -> Tensor:
    """(3, H + 4, W + 4) of (H, W, 3), its border repeated outwards."""
    around = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))
    return torch.from_numpy(np.pad(picture.transpose(2, 0, 1), around, mode="edge"))


class _Progress:
    """Tells how much of the way to `end` something that becomes smaller by about the same factor each time has gone."""

    def __init__(self, end: float, advance: Advance):
        self._end, self._advance = end, advance
        self._first, self._done = 0.0, 0.0

    def __call__(self, distance: float) -> None:
        self._first = self._first or max(distance, 2 * self._end)
        gone = math.log(self._first / max(distance, self._end)) / math.log(self._first / self._end)
        self._done = max(self._done, gone)
        self._advance(self._done)


class System:
    """The matrix D - beta W of a content, and what is about its inverse."""

    def __init__(self, content: Tensor, degree: Tensor, tick: Callable[[], None]):
        self._content, self._degree = content, degree
        couplings = torch.zeros(len(OFFSETS), *content.shape[1:])
        for top, strip in affinity_strips(content):
            couplings[:, top : top + strip.shape[1]] -= BETA * strip
            tick()
        couplings[0] += degree.view_as(couplings[0])
        self.single = Stencil(couplings[:, None, None], OFFSETS)

    def multigrid(self, tick: Callable[[], None]) -> Multigrid:
        """The one that is near; raises `ArithmeticError` where rounding does not let it be made."""
        # W reproduces the affine functions of the colour, so that the matrix almost vanishes on them.
        colours = scaled(self._content).float()
        affine = torch.cat((torch.ones_like(colours[:1]), colours))
        return Multigrid(self.single, affine[None], tick)

    def diagonal(self) -> Callable[[Tensor], Tensor]:
        """The one that cannot fail."""
        diagonal = self.single.diagonal()
        return lambda vector: vector / diagonal

    def times(self, vector: Tensor) -> Tensor:
        """The product with `vector` (3, H * W) float64; the affinities are made anew, to be exact and need no room."""
        width = self._content.shape[2]
        product = self._degree * vector
        for top, strip in affinity_strips(self._content):
            rows = slice(top * width, (top + strip.shape[1]) * width)
            part = Stencil(strip[:, None, None], OFFSETS).times(vector[None, :, rows])
            product[:, rows] -= BETA * part[0]
        return product
