"""The common generator interface: what every family of models is to the rest of the program.

A `Generator` turns a request (a layout, or a photograph) and a seed into a `Picture`. All checking of
requests happens here, once, so that bad input never reaches a network.
"""

from __future__ import annotations

import re
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

from sims.layout import Layout

Progress = Callable[[float, str], None]
MAX_SEED = 2**32 - 1
MAX_PIXELS = 4 * 1024 * 1024
MAX_SHOWN = 80  # characters of a wrong value that its sentence shows


class RequestError(ValueError):
    """A request that cannot be carried out; its text is one sentence meant for the person who asked."""


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Raised by a progress callback to stop a generation between two stages."""


def silent(fraction: float, what: str) -> None:
    """The progress callback that reports nothing."""


@dataclass(frozen=True)
class Choice:
    """One option of a generator: its name, the values it accepts (the first is the default) and a line of help.

    Where there is a `pattern`, every text that it matches as a whole is accepted too; `form` says in words which.
    """

    name: str
    values: tuple[str, ...]
    help: str
    pattern: str = ""
    form: str = ""

    @property
    def default(self) -> str:
        """The value taken where a request names none."""
        return self.values[0]

    def accepts(self, value: object) -> bool:
        """Whether a request may give this value."""
        if not isinstance(value, str):
            return False
        return value in self.values or (self.pattern != "" and re.fullmatch(self.pattern, value) is not None)

    def accepted(self) -> str:
        """What it accepts, in words."""
        named = [value for value in self.values if value]
        return " or ".join([*named, self.form] if self.form else named)


@dataclass(frozen=True)
class Card:
    """What is known of a generator before it runs."""

    name: str
    title: str
    family: str
    task: str  # "layout" or "image"
    native_size: tuple[int, int] | None  # (height, width) of its pictures; None: that of its input
    label_space: str | None = None
    accepts_style: bool = False
    classes: int | None = None  # one-hot channels that its network reads, if it reads a layout as such
    options: tuple[Choice, ...] = ()
    licence: str = ""
    origin: str = ""
    paper: str = ""
    trained_on: str = ""
    revision: str = ""
    variant_of: str = ""  # the generator that this one is an ablation of


@dataclass(frozen=True, eq=False)
class LayoutRequest:
    """A layout to be turned into a picture.

    `style` is an RGB uint8 picture (H, W, 3) whose look the result takes on, for generators that accept one.
    `options` sets the generator's own choices by name; what it does not name keeps its default.
    """

    layout: Layout
    style: np.ndarray | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ImageRequest:
    """A picture, RGB uint8 (H, W, 3), to be translated."""

    image: np.ndarray
    options: Mapping[str, str] = field(default_factory=dict)


Request = LayoutRequest | ImageRequest


@dataclass(frozen=True, eq=False)
class Picture:
    """A result, and all that explains it.

    `image` is RGB uint8 (H, W, 3); `seconds` is the wall time by stage, in order; `notes` are sentences the viewer
    should see (classes that could not be mapped, ...); `options` holds every option with the value used.
    """

    image: np.ndarray
    seconds: Mapping[str, float]
    request: Request
    seed: int
    generator: str
    revision: str
    options: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Run:
    """What a family's `_run` works with: named, timed stages, notes and a seeded source of noise."""

    def __init__(self, seed: int, progress: Progress, stages: tuple[str, ...]):
        self.seed = seed
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self._progress = progress
        self._stages = stages

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage; reports progress (and so may raise `Cancelled`) before it starts."""
        self._progress(self._stages.index(name) / len(self._stages), name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start

    def split(self, name: str, part: str, seconds: float) -> None:
        """Count `seconds` of the timed stage `name` as those of the stage `part`, which ran in the midst of it."""
        self.seconds[name] -= seconds
        self.seconds[part] = seconds

    def noise(self, *shape: int) -> torch.Tensor:
        """Standard normal float32 noise that depends on the seed alone, not on the device."""
        rng = np.random.Generator(np.random.Philox(key=self.seed))
        return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))


class Generator(ABC):
    """A loaded model. `generate` is deterministic in its request and seed."""

    stage_names: tuple[str, ...]

    def __init__(self, card: Card, device: torch.device):
        self.card, self.device = card, device
        self._one_at_a_time = threading.Lock()  # options and what is kept for the next run belong to one run

    def generate(self, request: Request, *, seed: int = 0, progress: Progress = silent) -> Picture:
        """Make one picture.

        `seed` lies in 0..2**32 - 1. `progress(fraction, what)` is called before each stage; raising `Cancelled` in
        it stops the work. Raises `RequestError` for a request of the wrong kind, an unknown option or a bad size.
        """
        check_seed(seed)
        check_request(self.card, request)
        run = Run(seed, progress, self.stage_names)
        if isinstance(request, LayoutRequest) and request.layout.space.name != self.card.label_space:
            remapped = request.layout.to_space(str(self.card.label_space))
            run.notes.extend(remapped.sentences())
            layout = remapped.layout
        elif isinstance(request, LayoutRequest):
            layout = request.layout
        options = {choice.name: request.options.get(choice.name, choice.default) for choice in self.card.options}
        with self._one_at_a_time, torch.inference_mode():
            if isinstance(request, LayoutRequest):
                image = self._from_layout(layout, request.style, options, run)
            else:
                image = self._from_image(request.image, options, run)
        progress(1.0, "done")
        return Picture(
            image=image,
            seconds=run.seconds,
            request=request,
            seed=seed,
            generator=self.card.name,
            revision=self.card.revision,
            options=options,
            notes=tuple(run.notes),
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


def check_seed(seed: int) -> None:
    """Raise `RequestError` unless `seed` is an integer in 0..2**32 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise RequestError(f"The seed is {seed!r}; give a whole number from 0 to {MAX_SEED}.")


def check_request(card: Card, request: Request) -> None:
    """Raise `RequestError` unless a generator with this card can carry out the request."""
    wanted = LayoutRequest if card.task == "layout" else ImageRequest
    if not isinstance(request, wanted):
        given = "a layout" if isinstance(request, LayoutRequest) else "a picture"
        raise RequestError(f"{card.name} works from {_article(card.task)}, and was given {given}.")
    choices = {choice.name: choice for choice in card.options}
    for name, value in request.options.items():
        if name not in choices:
            known = ", ".join(choices) or "none"
            raise RequestError(f"{card.name} has no option {_short(name)}; its options are: {known}.")
        if not choices[name].accepts(value):
            accepted = choices[name].accepted()
            raise RequestError(f"Option {name} of {card.name} is {_short(value)}; it accepts {accepted}.")
    if isinstance(request, ImageRequest):
        check_image(request.image, "The picture")
    elif request.style is not None:
        if not card.accepts_style:
            raise RequestError(f"{card.name} takes no style picture; leave it out.")
        check_image(request.style, "The style picture")


def check_image(image: np.ndarray, what: str) -> None:
    """Raise `RequestError` unless `image` is RGB uint8 (H, W, 3), at least 2x2 and at most 4 megapixels."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise RequestError(f"{what} is {image.dtype} {image.shape}; give RGB uint8 of shape (height, width, 3).")
    height, width = image.shape[:2]
    if min(height, width) < 2 or height * width > MAX_PIXELS:
        raise RequestError(f"{what} is {width}x{height}; give at least 2x2 and at most {MAX_PIXELS} pixels.")


def _short(value: object) -> str:
    """A value of a request as a sentence about it shows it."""
    return repr(value[:MAX_SHOWN] if isinstance(value, str) else value)[: MAX_SHOWN + 2]


def _article(task: str) -> str:
    return "a layout" if task == "layout" else "a picture"


def to_uint8(output: torch.Tensor) -> np.ndarray:
    """RGB uint8 (H, W, 3) of a network's (1, C, H, W) output in [-1, 1], by truncation as the references write it.

    A single channel is repeated to three.
    """
    scaled = ((output[0].float() + 1) / 2 * 255).clamp(0, 255).to(torch.uint8)  # truncates
    if scaled.shape[0] == 1:
        scaled = scaled.expand(3, -1, -1)
    return scaled.permute(1, 2, 0).cpu().numpy().copy()


def to_tensor(image: np.ndarray, device: torch.device) -> torch.Tensor:
    """(1, 3, H, W) float32 in [-1, 1] of an RGB uint8 picture (H, W, 3)."""
    tensor = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)[None]
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
