"""The common generator interface: what every family of models is to the rest of the program.

A `Generator` turns a request (a layout, a photograph, a picture and a style, an example of a texture) and a seed into a
`Picture`. What can be asked for is in `sims.requests`, and is there to be taken from here too.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from sims.grid_request import GridRequest
from sims.layout import Layout
from sims.request_error import MAX_SEED, RequestError, check_seed
from sims.requests import (
    MAX_PIXELS,
    REQUESTS,
    WORKS_FROM,
    Card,
    Choice,
    ImageRequest,
    LayoutRequest,
    Request,
    StyleRequest,
    TextureRequest,
    check_image,
    check_request,
)

__all__ = [
    "MAX_PIXELS",
    "MAX_SEED",
    "REQUESTS",
    "WORKS_FROM",
    "Cancelled",
    "Card",
    "Choice",
    "Generator",
    "GridRequest",
    "ImageRequest",
    "LayoutRequest",
    "Picture",
    "Preview",
    "Progress",
    "Request",
    "RequestError",
    "Run",
    "StyleRequest",
    "TextureRequest",
    "check_image",
    "check_request",
    "check_seed",
    "loaded",
    "placed",
    "seeded_normal",
    "silent",
    "to_tensor",
    "to_uint8",
    "truncated",
    "unseen",
]

Progress = Callable[[float, str], None]
Preview = Callable[[np.ndarray], None]  # is shown RGB uint8 (H, W, 3) pictures on the way to the result


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Raised by a progress callback to stop a generation between two stages."""


def silent(fraction: float, what: str) -> None:
    """The progress callback that reports nothing."""


def unseen(image: np.ndarray) -> None:
    """The preview callback that shows nothing."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A result, and all that explains it.

    `image` is RGB uint8 (H, W, 3); `seconds` is the wall time by stage, in order; `notes` are sentences the viewer
    should see (classes that could not be mapped, ...); `options` holds every option with the value used; `stages` are
    the pictures on the way that explain it, by name and in order.
    """

    image: np.ndarray
    seconds: Mapping[str, float]
    request: Request
    seed: int
    generator: str
    revision: str
    options: Mapping[str, str]
    notes: tuple[str, ...] = ()
    stages: Mapping[str, np.ndarray] = field(default_factory=dict)


class Run:
    """What a family's `_from_...` works with: named, timed stages, notes, previews and a seeded source of noise.

    What it writes into `settled` replaces the options that the picture tells, where the run itself decided some; what
    it writes into `shown` becomes the picture's `stages`.
    """

    def __init__(self, seed: int, progress: Progress, stages: tuple[str, ...], preview: Preview = unseen):
        self.seed = seed
        self.preview = preview
        self.settled: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self.shown: dict[str, np.ndarray] = {}
        self._progress = progress
        self._stages = stages
        self._stage = stages[0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage; reports progress (and so may raise `Cancelled`) before it starts."""
        self._stage = name
        self.advance(0.0, name)
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def advance(self, done: float, what: str) -> None:
        """Report that the share `done` of the present stage is done; may raise `Cancelled`, as a stage's start does."""
        self._progress((self._stages.index(self._stage) + min(done, 1.0)) / len(self._stages), what)

    def split(self, name: str, part: str, seconds: float) -> None:
        """Count `seconds` of the timed stage `name` as those of the stage `part`, which ran in the midst of it."""
        self.seconds[name] -= seconds
        self.seconds[part] = seconds

    def noise(self, *shape: int) -> torch.Tensor:
        """Standard normal float32 noise that depends on the seed alone, not on the device."""
        return torch.from_numpy(seeded_normal(self.seed, *shape))


class Generator(ABC):
    """A loaded model. `generate` is deterministic in its request and seed."""

    stage_names: tuple[str, ...]

    def __init__(self, card: Card, device: torch.device):
        self.card, self.device = card, device
        self._one_at_a_time = threading.Lock()  # options and what is kept for the next run belong to one run

    def generate(
        self, request: Request, *, seed: int = 0, progress: Progress = silent, preview: Preview = unseen
    ) -> Picture:
        """Make one picture.

        `seed` lies in 0..2**32 - 1. `progress(fraction, what)` is called before each stage; raising `Cancelled` in
        it stops the work. `preview(image)` is shown how the picture comes on, by those that approach it step by step.
        Raises `RequestError` for a request of the wrong kind, an unknown option or a bad size.
        """
        check_seed(seed)
        check_request(self.card, request)
        run = Run(seed, progress, self.stage_names, preview)
        if isinstance(request, LayoutRequest) and request.layout.space.name != self.card.label_space:
            remapped = request.layout.to_space(str(self.card.label_space))
            run.notes.extend(remapped.sentences())
            layout = remapped.layout
        elif isinstance(request, LayoutRequest):
            layout = request.layout
        options = {choice.name: request.options.get(choice.name, choice.default) for choice in self.card.options}
        if isinstance(request, StyleRequest) and request.content_origin:
            run.notes.append(f"The content picture was made by {request.content_origin}.")
        with self._one_at_a_time, torch.inference_mode():
            if isinstance(request, LayoutRequest):
                image = self._from_layout(layout, request.style, options, run)
            elif isinstance(request, ImageRequest):
                image = self._from_image(request.image, options, run)
            elif isinstance(request, StyleRequest):
                image = self._from_style(request, options, run)
            elif isinstance(request, GridRequest):
                image = self._from_grid(request, options, run)
            else:
                image = self._from_texture(request, options, run)
        progress(1.0, "done")
        return Picture(
            image=image,
            seconds=run.seconds,
            request=request,
            seed=seed,
            generator=self.card.name,
            revision=self.card.revision,
            options=options | run.settled,
            notes=tuple(run.notes),
            stages=run.shown,
        )

    @abstractmethod
    def memory_bytes(self) -> int:
        """Bytes held by the weights and by what is cached beside them."""

    def _from_layout(
        self, layout: Layout, style: np.ndarray | None, options: Mapping[str, str], run: Run
    ) -> np.ndarray:
        """The picture, RGB uint8 (H, W, 3), of a layout that is already in the generator's label space."""
        raise NotImplementedError

    def _from_image(self, image: np.ndarray, options: Mapping[str, str], run: Run) -> np.ndarray:
        """The picture, RGB uint8 (H, W, 3), of a checked RGB uint8 picture."""
        raise NotImplementedError

    def _from_style(self, request: StyleRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        """The picture, RGB uint8 and exactly of the content's size, of a checked request."""
        raise NotImplementedError

    def _from_grid(self, request: GridRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        """The picture, RGB uint8 and exactly of the size asked for, of a checked request."""
        raise NotImplementedError

    def _from_texture(self, request: TextureRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        """The picture, RGB uint8 and exactly of the size asked for, of a checked request."""
        raise NotImplementedError


def seeded_normal(seed: int, *shape: int) -> np.ndarray:
    """Standard normal float32 numbers that depend on the seed alone."""
    return np.random.Generator(np.random.Philox(key=seed)).standard_normal(shape, dtype=np.float32)


def to_uint8(output: torch.Tensor) -> np.ndarray:
    """RGB uint8 (H, W, 3) of a network's (1, C, H, W) output in [-1, 1], by truncation as the references write it.

    A single channel is repeated to three.
    """
    scaled = truncated(output[0])
    if scaled.shape[0] == 1:
        scaled = scaled.expand(3, -1, -1)
    return scaled.permute(1, 2, 0).cpu().numpy().copy()


def truncated(colours: torch.Tensor) -> torch.Tensor:
    """Colours in [-1, 1], and clamped to that, as uint8; what lies between two levels becomes the lower one."""
    return ((colours.float() + 1) / 2 * 255).clamp(0, 255).to(torch.uint8)


def to_tensor(image: np.ndarray, device: torch.device) -> torch.Tensor:
    """(1, 3, H, W) float32 in [-1, 1] of an RGB uint8 picture (H, W, 3)."""
    tensor = torch.from_numpy(np.array(image)).to(device).permute(2, 0, 1)[None]  # a copy, as some cannot be written
    return (tensor.float() / 255 - 0.5) / 0.5


Network = TypeVar("Network", bound=nn.Module)


def loaded(network: Network, tensors: Mapping[str, torch.Tensor]) -> Network:
    """`network` with exactly these tensors, as float32, in evaluation mode.

    Only counts of batches seen may be missing: files older than PyTorch 0.4.1 have none, and nothing reads them.
    """
    found = {key: value.float() for key, value in tensors.items()}
    counts = {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
    network.load_state_dict(counts | found, strict=True)
    return network.eval()


def placed(network: Network, device: torch.device) -> Network:
    """`network` on `device`, its convolutions in the layout that runs them fastest."""
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
