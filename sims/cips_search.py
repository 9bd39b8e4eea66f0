"""The search for the style in which a CIPS shows a target: descent on windows of few pixels, judged on all.

Pixels are independent, so a step need not look at more than a handful of them: every sixteenth, eighth, ... of the
whole picture first, and later dense windows too, of which each is as dear as the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.cips import Cips
from sims.cips_paint import paint
from sims.cips_stream import Stream
from sims.generator import to_tensor, unseen
from sims.grid import Grid
from sims.perceptual import looks_apart
from sims.style_space import StyleSpace

PERCEPTUAL = 1.0  # weight of the perceptual distance beside the mean absolute difference of pictures in [-1, 1]
SIDE = 32  # K, pixels of a side of a window, or as many in other proportions
COARSE_FIRST = 0.4  # share of the steps that look at windows as large as the picture alone
RATE = 0.15  # of Adam, in deviations of the styles; it falls to nothing
WARM_UP = 5  # steps
BETAS = (0.9, 0.99)
LOOKED_AT = 16  # pixels of the longer side that candidates to start from are compared at
SHARES = (1.0, 0.5)  # how far from the mean style the candidates are, of how far they were drawn
CHECKS = 8  # times that the whole picture is judged in W, and again in W+

Watch = Callable[[float], None]  # share of a whole picture that is done; may raise to stop


@dataclass(frozen=True)
class Window:
    """`height` x `width` pixels of a grid, every `stride`th from (top, left): P_{K, sigma} in any proportions."""

    height: int
    width: int
    stride: int = 1
    top: int = 0
    left: int = 0

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Rows and columns (N,) of its pixels."""
        rows = self.top + self.stride * torch.arange(self.height)
        columns = self.left + self.stride * torch.arange(self.width)
        return rows.repeat_interleave(self.width), columns.repeat(self.height)


@dataclass(frozen=True, eq=False)
class Found:
    """A style, (D,) or (L, D), with the picture that it shows and its loss, and the step that led there."""

    style: Tensor
    picture: np.ndarray
    loss: float
    step: int


class Search:
    """One search. `best` and `history`, (step, loss) of each check, tell how it went; without inference mode."""

    def __init__(self, network: Cips, grid: Grid, target: np.ndarray, space: StyleSpace, seed: int):
        """`target` is RGB uint8 (H, W, 3), of the grid's size."""
        self._network, self._grid, self._space = network, grid, space
        self._target = to_tensor(target, space.mean.device)
        self._rng = np.random.Generator(np.random.Philox(key=seed))
        self.best: Found | None = None
        self.history: list[tuple[int, float]] = []

    def start(self, watch: Watch) -> None:
        """Begin with the mean style, or with a candidate that is nearer in a very small picture."""
        mean, samples = self._space.mean, self._space.samples
        candidates = torch.cat([mean[None], *(mean + share * (samples - mean) for share in SHARES)])
        stride = max(1, max(self._grid.height, self._grid.width) // LOOKED_AT)
        window = self._window(stride, self._grid.height * self._grid.width)
        wanted = self._wanted(window).flatten(2).transpose(1, 2)
        apart = []
        for styles in candidates.split(SIDE):
            watch(0.0)
            made = self._network(self._points(window).expand(len(styles), -1, -1), styles)
            apart.append((made.clamp(-1, 1) - wanted).abs().mean((1, 2)))
        self.check(candidates[int(torch.cat(apart).argmin())], 0, watch)

    def descend(self, layers: int, steps: int, after: int, goes_on: Callable[[int], bool], watch: Watch) -> bool:
        """`steps` steps from the best so far, in W, or with as many `layers` in W+; they are counted from `after`.

        `goes_on(step)` is told each step before it is made, and may raise to stop; where it says False, no more are
        made, and so does the answer.
        """
        assert self.best is not None
        begin = self._space.coordinates(self.best.style)
        place = (begin.expand(layers, -1) if layers else begin).clone().requires_grad_()
        optimiser = torch.optim.Adam([place], RATE, BETAS)
        every = max(1, math.ceil(steps / CHECKS))
        for step in range(1, steps + 1):
            if not goes_on(after + step):
                if step > 1:
                    self.check(self._space.styles(place.detach()), after + step - 1, watch)
                return False
            done = (step - 1) / steps
            optimiser.param_groups[0]["lr"] = RATE * min(1, step / WARM_UP) * (1 + math.cos(math.pi * done)) / 2
            with torch.enable_grad():
                loss = self._loss(self._space.styles(place), self._drawn_window(done))
                (place.grad,) = torch.autograd.grad(loss, [place])
            optimiser.step()
            if step % every == 0 or step == steps:
                self.check(self._space.styles(place.detach()), after + step, watch)
        return True

    def check(self, style: Tensor, step: int, watch: Watch) -> None:
        """Judge the whole picture of a style, and keep the best."""
        styles = style if style.ndim == 2 else style.expand(len(self._network.layers), -1)
        picture = paint(Stream(self._network, styles), self._grid, None, None, watch, unseen)
        loss = float(self._distance(to_tensor(picture, style.device), self._target))
        self.history.append((step, loss))
        if self.best is None or loss < self.best.loss:
            self.best = Found(style, picture, loss, step)

    def _loss(self, style: Tensor, window: Window) -> Tensor:
        made = self._network(self._points(window), style[None])
        picture = made.transpose(1, 2).unflatten(2, (window.height, window.width))
        return self._distance(picture, self._wanted(window))

    def _distance(self, made: Tensor, wanted: Tensor) -> Tensor:
        return F.l1_loss(made, wanted) + PERCEPTUAL * looks_apart(made, wanted)

    def _drawn_window(self, done: float) -> Window:
        """A window at a random place: of the coarsest stride at first, later of any."""
        height, width = self._grid.height, self._grid.width
        coarsest = 1
        while height * width > (2 * SIDE * coarsest) ** 2 / 2 and min(height, width) >= 16 * coarsest:
            coarsest *= 2
        strides = [coarsest >> level for level in range(coarsest.bit_length())]
        return self._window(strides[0] if done < COARSE_FIRST else int(self._rng.choice(strides)), SIDE * SIDE)

    def _window(self, stride: int, pixels: int) -> Window:
        """A window of about as many pixels, in the picture's proportions as far as it can, somewhere in it."""
        height, width = self._grid.height // stride, self._grid.width // stride
        high = min(height, max(SIDE // 2, math.isqrt(pixels * height // width)))
        wide = min(width, pixels // high)
        room = (self._grid.height - (high - 1) * stride, self._grid.width - (wide - 1) * stride)
        top, left = (int(self._rng.integers(each)) for each in room)
        return Window(high, wide, stride, top, left)

    def _points(self, window: Window) -> Tensor:
        return self._grid.points(*window.pixels()).to(self._target.device)[None]

    def _wanted(self, window: Window) -> Tensor:
        rows, columns = window.pixels()
        return self._target[0, :, rows, columns].unflatten(1, (window.height, window.width))[None]
