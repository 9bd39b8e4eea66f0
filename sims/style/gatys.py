"""Neural style and neural textures: a picture whose features have the Gram matrices of another one.

Gatys, Ecker and Bethge, "Texture Synthesis Using Convolutional Neural Networks" (2015) and "Image Style Transfer Using
Convolutional Neural Networks" (2016), at several scales from coarse to fine. `GatysGenerator` says what else differs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.generator import Card, Choice, Generator, Run, StyleRequest, TextureRequest, placed, to_tensor
from sims.style.descent import Objective, Watcher, descend
from sims.style.gram import (
    STYLE_LAYERS,
    TEXTURE_LAYERS,
    Features,
    Looks,
    content_error,
    normalise,
    responses,
    total_variation,
)
from sims.style.regions import WHOLE, Matched, regions_of
from sims.vgg import VGG19
from sims.world import World
from zoo.convert.vgg import TRUNK

MAX_PIXELS = 1024 * 1024  # of a picture made, and of a style's or an example's features
MIN_SIDE = 16  # pixels to have one position in every layer
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pictures in [0, 1], red, green, blue
STRONGEST = 1e-4  # the weight of the content over that of the style at strength 1
PER_STRENGTH = 4  # powers of ten that it grows by down to strength 0: at 0.75 it is 1e-3
SMOOTHNESS = 0.05  # weight of the total variation in style transfer, which the papers do without: against grain
TINT = 0.2  # weight of the colours' own statistics, as that of one of five layers, which the papers do without
COLOURS = "colours"  # the name of the picture itself among its features
NOISE = 0.3  # standard deviation of the noise to start from, of [-1, 1]
PREVIEW_SECONDS = 1.0  # at least, between two previews
# That of the paper comes first; narrow networks of few classes keep too little of a picture there.
CONTENT_LAYERS = ("conv4_2", "conv3_2", "conv2_2")
STEPS = {"style": "80+200", "texture": "200+200+150"}
NORMALISED_ON = ("street", "landscape")  # spaces of the built-in world
FRAMES_EACH = 3  # held-out frames of each whose mean activations become 1

OPTIONS = (
    Choice("start", ("content", "noise"), "what style transfer starts from; textures always start from noise"),
    Choice("pooling", ("average", "max"), "how the network halves its features"),
    Choice("layers", ("5", "4", "3", "2", "1"), "of the five whose statistics are matched, how many, from the finest"),
    Choice(
        "steps",
        ("auto",),
        "evaluations at each scale, from coarse to fine; each scale is twice as large as the one before",
        r"(0|[1-9]\d{0,2}|1\d{3}|2000)(\+(0|[1-9]\d{0,2}|1\d{3}|2000)){0,3}",
        "up to four numbers from 0 to 2000 such as 60+120",
    ),
    Choice(
        "seconds",
        ("60", "unlimited"),
        "time after which the picture is what it is by then",
        r"[1-9]\d{0,2}|[12]\d{3}|3[0-5]\d{2}|3600",
        "a number from 1 to 3600",
    ),
)


class GatysGenerator(Generator):
    """A VGG-19, of ImageNet or the project's own, whose features pictures are made to have.

    The loss of the papers, with weights of 1/5 for each of the five layers (of 1/n for n of them), and what they have
    not: (1) the pixels' colours have a Gram matrix too, whose error counts as one layer's of five, so that the colours
    come out nearer; (2) style transfer adds 0.05 times the total variation, against grain; (3) the content's error is
    that of equation 1 of 2016 divided by the number of positions of its layer, so that one strength means the same at
    every size; (4) pictures come about at several scales, each beginning with the result of the one before, and the
    first with the content, unless noise is asked for; (5) the style is reduced to the content's number of pixels where
    it has more; (6) the filters are normalised, as in section 2 of 2015, on frames of the project's own world; (7) the
    content's layer is conv4_2 for a network of ImageNet alone, and conv2_2 for the project's own.
    """

    stage_names = ("read the pictures", "optimise")

    def __init__(self, card: Card, config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device):
        super().__init__(card, device)
        self._imagenet = config["normalisation"] == "imagenet"
        trunk = {key.removeprefix(TRUNK): value.float() for key, value in tensors.items() if key.startswith(TRUNK)}
        self._networks = {"max": VGG19(config["width"]), "average": VGG19(config["width"], pooling="average")}
        self._networks["max"].load_state_dict(trunk)
        placed(self._networks["max"], device).eval().requires_grad_(False)
        normalise(self._networks["max"], [self._as_read(frame) for frame in _frames(device)])
        self._networks["average"].load_state_dict(self._networks["max"].state_dict(), assign=True)  # no second copy
        self._networks["average"].eval().requires_grad_(False)

    @staticmethod
    def describe(card: Card, config: Mapping[str, Any]) -> Card:
        """`card` completed by what the configuration says."""
        own = CONTENT_LAYERS if config["normalisation"] == "imagenet" else CONTENT_LAYERS[::-1]
        content = Choice("content_layer", own, "whose features are those of the content; the coarser, the freer")
        options = (*OPTIONS[:2], content, *OPTIONS[2:])
        return replace(
            card,
            task="style",
            second_task="texture",
            accepts_style=True,
            options=options,
            most_pixels=MAX_PIXELS,
            least_side=MIN_SIDE,
        )

    def memory_bytes(self) -> int:
        return sum(tensor.numel() * tensor.element_size() for tensor in self._networks["max"].state_dict().values())

    @torch.inference_mode(False)  # what gradients are taken through cannot be made in it
    @torch.no_grad()
    def _from_style(self, request: StyleRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        height, width = request.content.shape[:2]
        if request.strength == 0:
            return request.content.copy()
        with run.stage("read the pictures"):
            regions = regions_of(request)
            run.notes.extend(regions.notes)
            if not regions.looks:
                return request.content.copy()
            content = to_tensor(request.content, self.device)
            style = _at_most(to_tensor(request.style, self.device), height * width)
            ratio = STRONGEST * 10 ** (PER_STRENGTH * (1 - request.strength))
            layers = STYLE_LAYERS[: int(options["layers"])]
            task = _Task(style, layers, regions, content, options["content_layer"], ratio)
        with run.stage("optimise"):
            counts = _counts(options, STEPS["style"])
            picture = self._coarse_to_fine(task, (height, width), counts, options, run)
        return np.where(regions.kept(height, width)[..., None], request.content, _rounded(picture))

    @torch.inference_mode(False)
    @torch.no_grad()
    def _from_texture(self, request: TextureRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        with run.stage("read the pictures"):
            example = _at_most(to_tensor(request.example, self.device), MAX_PIXELS)
            task = _Task(example, TEXTURE_LAYERS[: int(options["layers"])], WHOLE)
        with run.stage("optimise"):
            counts = _counts(options, STEPS["texture"])
            return _rounded(self._coarse_to_fine(task, request.size, counts, options, run))

    def _coarse_to_fine(
        self, task: _Task, size: tuple[int, int], counts: Sequence[int], options: Mapping[str, str], run: Run
    ) -> Tensor:
        """The picture (1, 3, H, W) in [-1, 1] after `counts` evaluations, scale by scale, or when its time is over.

        Of a limited time each scale may use up an equal share of what it finds left, so that the finest comes to some.
        """
        watch = _Watch(run, size, counts, options["seconds"])
        picture = None
        for level in range(len(counts)):
            divisor = 2 ** (len(counts) - 1 - level)
            scaled = _divided(size, divisor)
            if picture is not None:
                picture = _resized(picture, scaled)
            elif task.content is not None and options["start"] == "content":
                picture = _resized(task.content, scaled)
            else:
                picture = NOISE * run.noise(1, 3, *scaled).to(self.device)
            if counts[level]:
                objective = self._objective(task, scaled, divisor, self._networks[options["pooling"]])
                picture = descend(objective, picture, counts[level], watch.of(level))
        watch.settle()
        assert picture is not None
        return picture

    def _objective(self, task: _Task, size: tuple[int, int], divisor: int, network: VGG19) -> Objective:
        """What is to be made small at one scale: the papers' loss, per position and so at any size, and smooth."""
        style = _resized(task.style, _divided(tuple(task.style.shape[2:]), divisor))
        looks = Looks.of(responses(network, self._as_read(style), task.layers), task.regions)
        tints = Looks.of(_colours(style), task.regions)

        def told_apart(picture: Tensor, features: Features) -> Tensor:
            return looks.error(features) + TINT * tints.error(_colours(picture))

        if task.content is None:
            return lambda picture: told_apart(picture, responses(network, self._as_read(picture), task.layers))
        content = _resized(task.content, size)
        kept = torch.from_numpy(task.regions.kept(*size)).to(self.device)
        wanted = responses(network, self._as_read(content), [task.content_layer])[task.content_layer]
        positions = wanted.shape[2] * wanted.shape[3]

        def loss(picture: Tensor) -> Tensor:
            whole = torch.where(kept, content, picture)
            found = responses(network, self._as_read(whole), (*task.layers, task.content_layer))
            moved = content_error(found[task.content_layer], wanted) / positions
            return told_apart(whole, found) + task.ratio * moved + SMOOTHNESS * total_variation(whole)

        return loss

    def _as_read(self, picture: Tensor) -> Tensor:
        """A picture (1, 3, H, W) in [-1, 1] as the weights expect it."""
        if not self._imagenet:
            return picture
        mean, deviation = (picture.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        return ((picture + 1) / 2 - mean) / deviation


@dataclass(frozen=True, eq=False)
class _Task:
    """What is wanted: the statistics of `layers` for `style`, by region, and of `content` the features too.

    Pictures are (1, 3, H, W) in [-1, 1]; `ratio` is the weight of the content over that of the style.
    """

    style: Tensor
    layers: tuple[str, ...]
    regions: Matched
    content: Tensor | None = None
    content_layer: str = ""
    ratio: float = 0.0


class _Watch:
    """Tells, shows and limits how the evaluations of all scales go on."""

    def __init__(self, run: Run, size: tuple[int, int], counts: Sequence[int], seconds: str):
        self._run, self._size, self._counts = run, size, counts
        self._seconds = seconds
        self._end = math.inf if seconds == "unlimited" else time.monotonic() + int(seconds)
        self._shown = time.monotonic()
        self._done = [0] * len(counts)

    def of(self, level: int) -> Watcher:
        """What `descend` tells of its evaluations at a scale, counted from the coarsest."""
        began = time.monotonic()
        end = began + (self._end - began) / (len(self._counts) - level)

        def goes_on(done: int, best: Tensor) -> bool:
            self._done[level] = done
            self._run.advance(sum(self._done) / sum(self._counts), f"step {sum(self._done)} of {sum(self._counts)}")
            now = time.monotonic()
            if now - self._shown >= PREVIEW_SECONDS:
                self._run.preview(_rounded(_resized(best, self._size)))
                self._shown = time.monotonic()
            return now < end

        return goes_on

    def settle(self) -> None:
        """Have the picture tell the evaluations that there were, which make it again however long they take."""
        done = "+".join(map(str, self._done))
        self._run.settled.update(steps=done, seconds="unlimited")
        if sum(self._done) < sum(self._counts):
            self._run.notes.append(
                f"The time of {self._seconds} seconds was over after {sum(self._done)} of {sum(self._counts)} steps;"
                f" steps {done} and seconds unlimited make the same picture again."
            )


def _counts(options: Mapping[str, str], auto: str) -> tuple[int, ...]:
    """Evaluations at each scale, from coarse to fine."""
    given = auto if options["steps"] == "auto" else options["steps"]
    return tuple(map(int, given.split("+")))


def _colours(picture: Tensor) -> Features:
    """A picture (1, 3, H, W) in [-1, 1] as a layer, in [0, 2]; with it what comes of grey examples is less tinted."""
    return {COLOURS: picture + 1}


def _frames(device: torch.device) -> list[Tensor]:
    """A few frames of the built-in world, (1, 3, H, W) in [-1, 1]: always the same."""
    world = World()
    chosen = [(space, notes) for space in NORMALISED_ON for notes in world.frames(space, "held_out")[:FRAMES_EACH]]
    return [to_tensor(world.read(space, notes.number).picture, device) for space, notes in chosen]


def _at_most(picture: Tensor, pixels: int) -> Tensor:
    """`picture` (1, 3, H, W), reduced to about `pixels` if it has more."""
    height, width = picture.shape[2:]
    return _resized(picture, _divided((height, width), max(1.0, math.sqrt(height * width / pixels))))


def _divided(size: tuple[int, ...], divisor: float) -> tuple[int, int]:
    height, width = (max(MIN_SIDE, round(side / divisor)) for side in size)
    return height, width


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """`picture` (1, 3, h, w) at another size (height, width)."""
    if tuple(picture.shape[2:]) == size:
        return picture
    return F.interpolate(picture, size, mode="bicubic", antialias=True)


def _rounded(picture: Tensor) -> np.ndarray:
    """RGB uint8 (H, W, 3) of (1, 3, H, W) in [-1, 1], to the nearest, so that a picture read comes out the same."""
    scaled = ((picture[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(1, 2, 0).cpu().numpy().copy()
