"""CIPS behind the common interface: a style, or two, on any grid of any size."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sims.cips import Cips
from sims.cips_paint import filled, paint
from sims.cips_stream import Stream
from sims.generator import Card, Choice, Generator, GridRequest, RequestError, Run, loaded, seeded_normal
from sims.grid import PROJECTIONS, Grid, Patch, fits, foveated
from sims.grid_request import Style
from zoo.convert import cips as plan

MAP, FOLD, PAINT = "map the latents", "fold the weights", "paint the pixels"
MEANT = 4096  # latents whose mean style truncation goes towards
BENT_FIELD = 120.0  # degrees of the projection "bent" unless asked otherwise
PROBED = 4096  # points that both precisions are tried on
FASTER, CLOSE = 1.3, 0.05  # what the reduced precision must at least gain, and may at most differ in the mean

NOISE = Choice("noise", ("off", "seeded"), "noise of the trained strengths: none, or the seed's own for every pixel")
PRECISION = Choice(
    "precision", ("float32", "bfloat16"), "bfloat16 is faster where the processor has it, and tried first"
)
PROJECTION = Choice("projection", PROJECTIONS, "which points of the plane: all, or one of three panoramas")
SAMPLING = Choice(
    "sampling",
    ("all", "foveated"),
    "which pixels are looked at: all, ever fewer away from the middle, or a patch",
    r"patch:[1-9]\d{0,3}:[1-9]\d{0,2}:\d{1,4}:\d{1,4}",
    "patch:K:SIGMA:X:Y, every SIGMAth of KxK pixels from column X and row Y",
)


class CipsGenerator(Generator):
    """A CIPS checkpoint. The seed draws the latent where the request gives none, and is that of the noise."""

    stage_names = (MAP, FOLD, PAINT)

    def __init__(self, card: Card, config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device):
        """`tensors` is the checkpoint under the official names."""
        super().__init__(card, device)
        self.network = loaded(Cips(config), tensors).to(device)
        if config["inputs"] != "fourier":
            embedding = self.network.emb.input  # in rows, as `Stream` reads them: nothing is copied for each picture
            embedding.data = embedding.data.contiguous(memory_format=torch.channels_last)
        self._mean: Tensor | None = None
        self._half: bool | None = None
        self._measuring = threading.Lock()

    @staticmethod
    def describe(card: Card, config: Mapping[str, Any]) -> Card:
        """`card` completed by what the configuration says."""
        around = config["geometry"] == "cylinder"
        options = (NOISE, PRECISION, SAMPLING) if around else (PROJECTION, NOISE, PRECISION, SAMPLING)
        return replace(
            card,
            task="grid",
            native_size=plan.native_size(dict(config)),
            options=options,
            latents=(len(plan.layers(dict(config))), config["style_dim"]),
            levels=1 + plan.blocks(dict(config)),
            geometry=config["geometry"],
        )

    def memory_bytes(self) -> int:
        return sum(tensor.numel() * tensor.element_size() for tensor in self.network.state_dict().values())

    def _from_grid(self, request: GridRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        grid = grid_of(self.card, request)
        with run.stage(MAP):
            first = self._truncated(self.styles(request.style, run.seed), request.truncation)
            second = None
            if request.second is not None:
                second = self._truncated(self.styles(request.second, run.seed), request.truncation)
            if request.mixed is not None and second is not None:
                first, second = mixed(self.network, first, second, request.mixed), None
        with run.stage(FOLD):
            precision = self._precision(options["precision"], run)
            stream = Stream(self.network, first, second, precision)
        wanted = None
        if options["sampling"] == "foveated":
            wanted = foveated(grid.height, grid.width, (0.5, 0.5), run.seed)
        with run.stage(PAINT):
            seed = run.seed if options["noise"] == "seeded" else None
            picture = paint(
                stream, grid, request.mask, seed, lambda done: run.advance(done, PAINT), run.preview, wanted
            )
            if wanted is not None:
                run.shown["pixels looked at"] = picture
                run.notes.append(f"{wanted.mean():.0%} of the pixels were looked at, and the others filled in.")
                picture = filled(picture, wanted)
        return picture

    @torch.inference_mode()
    def styles(self, style: Style, seed: int) -> Tensor:
        """A style for every layer, (L, D), of what a request gives or of the latent that `seed` draws."""
        latent = style.latent
        if latent is None:
            latent = seeded_normal(seed if style.seed is None else style.seed, self.card.latents[1])
        found = torch.from_numpy(np.array(latent, np.float32)).to(self.device)
        if style.space == "z":
            found = self.network.style(found[None])[0]
        return found if found.ndim == 2 else found.expand(self.card.latents[0], -1)

    @torch.inference_mode()
    def mean_style(self) -> Tensor:
        """The mean (D,) of the styles of `MEANT` latents."""
        with self._measuring:
            if self._mean is None:
                latents = seeded_normal(0, MEANT, self.card.latents[1])
                self._mean = self.network.style(torch.from_numpy(latents).to(self.device)).mean(0)
            return self._mean

    def _truncated(self, styles: Tensor, truncation: float) -> Tensor:
        if truncation >= 1:
            return styles
        return self.mean_style() + truncation * (styles - self.mean_style())

    def _precision(self, asked: str, run: Run) -> str:
        if asked == "float32":
            return asked
        if self._half is None:
            self._half = half_precision_pays(self.network, self.mean_style())
        if not self._half:
            run.notes.append("bfloat16 was tried and is no gain on this machine; float32 was used.")
            run.settled["precision"] = "float32"
            return "float32"
        return asked


def grid_of(card: Card, request: GridRequest) -> Grid | Patch:
    """The grid that a checked request asks for. Raises `RequestError` for a patch that does not lie inside."""
    assert card.native_size is not None
    height, width = request.size or card.native_size
    projection = request.options.get("projection", PROJECTION.default)
    sampling = request.options.get("sampling", SAMPLING.default)
    field_of_view = request.field_of_view or (BENT_FIELD if projection == "bent" else 360.0)
    grid = Grid(height, width, card.geometry, projection, request.turn, field_of_view, request.window)
    if not sampling.startswith("patch:"):
        return grid
    side, stride, left, top = (int(number) for number in sampling.split(":")[1:])
    if not fits(grid, side, stride, left, top):
        raise RequestError(
            f"The patch of {side}x{side} pixels, every {stride}th from column {left} and row {top}, does not lie inside"
            f" {width}x{height} pixels; give a smaller one."
        )
    return grid.patch(side, stride, left, top)


def mixed(network: Cips, first: Tensor, second: Tensor, levels: tuple[int, int]) -> Tensor:
    """Styles (L, D) of the first, and of the second in levels `levels[0]` to `levels[1]` (supplement, figure 10).

    Level 1 is the first layer; each further one is a block with its colours. One head for all is of the last level.
    """
    found = first.clone()
    for index, level in enumerate(levels_of(network)):
        if levels[0] <= level <= levels[1]:
            found[index] = second[index]
    return found


def levels_of(network: Cips) -> list[int]:
    """The level, from 1, of every layer in the order of per-layer styles."""
    found, level, within = [], 1, 0
    for index, (name, _, _) in enumerate(network.layers):
        if index and not plan.is_head(name):
            level += within % 2 == 0
            within += 1
        found.append(level)
    return found


@torch.inference_mode()
def half_precision_pays(network: Cips, style: Tensor) -> bool:
    """Whether bfloat16, tried on some points, is faster by `FASTER` and within `CLOSE` of float32 in the mean."""
    points = torch.rand(PROBED, 2, generator=torch.Generator().manual_seed(0)).to(style) * 2 - 1
    styles = style.expand(len(network.layers), -1)
    found, seconds = [], []
    for precision in ("float32", "bfloat16"):
        stream = Stream(network, styles, precision=precision)
        stream(points[:64])  # the first call sets up what later ones find
        start = time.perf_counter()
        found.append(stream(points))
        seconds.append(time.perf_counter() - start)
    return seconds[0] >= FASTER * seconds[1] and float((found[0] - found[1]).abs().mean()) <= CLOSE
