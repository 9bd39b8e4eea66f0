"""The training pictures that a made picture is nearest to, and how near pictures are that were never learned from.

Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis" (2021), figure 9, look for what a
generator has merely remembered. The distance here is that of the segmenter's features in a coarse grid of cells, so
that it compares what is where; its unit is how far held-out pictures usually are from the nearest training picture.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.cips_generator import CipsGenerator
from sims.generator import Card, GridRequest, Progress, RequestError, placed, silent
from sims.grid import WHOLE
from sims.segmentation import NAME, load_segmenter
from sims.vgg import VGG19
from sims.world import World
from zoo import ZooError, find
from zoo.hub import obtain

TAPS = ("conv3_4", "conv4_4")
CELLS = 4  # rows and columns, of each layer
SIDE = 128  # of the squares that are compared, as they were learned from
FRAMES = 4  # that are found
ALL_BUT = 0.05  # of the held-out pictures at either end, in the range that is usual


@dataclass(frozen=True)
class Square:
    """A square part of a training picture, as high as the picture, from column `left`."""

    space: str
    number: str
    left: int


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A training picture, RGB uint8 (SIDE, SIDE, 3), shown as it is nearest: `mirrored` or not."""

    picture: np.ndarray
    square: Square
    mirrored: bool
    distance: float


@dataclass(frozen=True, eq=False)
class Seen:
    """A square of a made picture, RGB uint8 (SIDE, SIDE, 3), and one square of each of the nearest frames in order."""

    picture: np.ndarray
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, eq=False)
class Nearness:
    """All squares of a made picture; `compared` counts the training squares.

    `least`, `low` and `high` say how far `held_out` squares are from the nearest training square: the least, and the
    ends of the range in which nine of ten are. The median is 1.
    """

    squares: tuple[Seen, ...]
    compared: int
    held_out: int
    least: float
    low: float
    high: float

    @property
    def nearest(self) -> float:
        """The distance of the square that is nearest to a training picture."""
        return min(square.neighbours[0].distance for square in self.squares)


def learned_from_world(card: Card) -> bool:
    """Whether what a generator learned from is at hand: the frames of the built-in ones are."""
    try:
        entry = find(card.name)
    except ZooError:
        return False
    return entry.family == "cips" and entry.source == "builtin" and card.trained_on == entry.trained_on


def nearest_frames(
    generator: CipsGenerator, request: GridRequest, *, seed: int = 0, progress: Progress = silent
) -> Nearness:
    """The training pictures nearest to a picture that a built-in generator makes, seen whole.

    A panorama is looked at in squares side by side. The first call for a kind of generator takes some seconds, in
    which all training pictures are looked at. Raises `RequestError` for another generator, and as `generate` does.
    """
    if not learned_from_world(generator.card):
        raise RequestError(
            f"The pictures that {generator.card.title} learned from are not here; those of the built-in generators are."
        )
    squares = _made(generator, request, seed, lambda done, what: progress(0.1 * done, what))
    around = generator.card.geometry == "cylinder"
    known = training_frames(around, generator.device, lambda done, what: progress(0.1 + 0.8 * done, what))
    progress(0.9, "compare the pictures")
    distances, mirrored = known.distances(squares)
    found = tuple(
        Seen(picture, known.nearest(row, flipped))
        for picture, row, flipped in zip(_pictures(squares), distances, mirrored, strict=True)
    )
    progress(1.0, "done")
    return Nearness(found, len(known.squares), known.held_out, known.least, known.low, known.high)


class TrainingFrames:
    """The features (N, D) of training squares, and what is usual between them and held-out ones."""

    def __init__(self, trunk: VGG19, around: bool, progress: Progress):
        self.trunk, self.world = trunk, World()
        self.device = next(trunk.parameters()).device
        spaces = ("landscape", "panorama") if around else ("landscape",)
        frames = [
            (space, notes.number, split)
            for split in ("training", "held_out")
            for space in spaces
            for notes in self.world.frames(space, split)
        ]
        self.squares: list[Square] = []
        seen: dict[str, list[list[Tensor]]] = {"training": [], "held_out": []}
        for count, (space, number, split) in enumerate(frames):
            progress(count / len(frames), f"look at picture {count + 1} of {len(frames)}")
            lefts, squares = _squares(self.world, space, number)
            if split == "training":
                self.squares += [Square(space, number, left) for left in lefts]
            seen[split].append(self._responses(squares))
            if split == "held_out":
                seen[split].append(self._responses(squares.flip(-1)))
        self._keep([torch.cat(each) for each in zip(*seen["training"], strict=True)])
        wanted = seen["held_out"]
        usual = [
            torch.minimum(*(torch.cdist(self._features(each), self.features).min(1).values for each in pair))
            for pair in zip(wanted[::2], wanted[1::2], strict=True)
        ]
        self._measure(torch.cat(usual))

    def _keep(self, responses: list[Tensor]) -> None:
        self.means = [each.mean((0, 2, 3), keepdim=True) for each in responses]
        self.scales = [each.std((0, 2, 3), keepdim=True) * each[0].numel() ** 0.5 for each in responses]
        self.features = self._features(responses)

    def _measure(self, usual: Tensor) -> None:
        self.unit = float(usual.median())
        ends = torch.quantile(usual / self.unit, torch.tensor([0, ALL_BUT, 1 - ALL_BUT]).to(usual))
        self.least, self.low, self.high = ends.tolist()
        self.held_out = len(usual)

    def _responses(self, squares: Tensor) -> list[Tensor]:
        """Mean responses (B, C, CELLS, CELLS) of each layer to squares (B, 3, SIDE, SIDE) in [-1, 1]."""
        shown = squares.to(self.device).contiguous(memory_format=torch.channels_last)
        return [F.adaptive_avg_pool2d(found, CELLS) for found in self.trunk(shown, TAPS)]

    def _features(self, responses: list[Tensor]) -> Tensor:
        """Rows (B, D) in which every layer counts as much, and every channel of a layer."""
        parts = zip(responses, self.means, self.scales, strict=True)
        return torch.cat([((found - mean) / scale.clamp(min=1e-6)).flatten(1) for found, mean, scale in parts], 1)

    @torch.inference_mode()
    def distances(self, squares: Tensor) -> tuple[Tensor, Tensor]:
        """How far squares (B, 3, SIDE, SIDE) are from all training squares, (B, N), and whether from them mirrored."""
        found = [
            torch.cdist(self._features(self._responses(each)), self.features) for each in (squares, squares.flip(-1))
        ]
        return torch.minimum(*found) / self.unit, found[1] < found[0]

    def nearest(self, distances: Tensor, mirrored: Tensor) -> tuple[Neighbour, ...]:
        """The nearest frames, given the distances (N,) of all squares."""
        best: dict[tuple[str, str], int] = {}
        for index in distances.argsort().tolist():
            best.setdefault((self.squares[index].space, self.squares[index].number), index)
            if len(best) == FRAMES:
                break
        return tuple(
            Neighbour(
                self._picture(self.squares[index], bool(mirrored[index])),
                self.squares[index],
                bool(mirrored[index]),
                float(distances[index]),
            )
            for index in best.values()
        )

    def _picture(self, square: Square, mirrored: bool) -> np.ndarray:
        lefts, squares = _squares(self.world, square.space, square.number)
        [picture] = _pictures(squares[lefts.index(square.left)][None])
        return picture[:, ::-1].copy() if mirrored else picture


_kept: dict[tuple[bool, str], TrainingFrames] = {}
_keeping = threading.Lock()


def training_frames(around: bool, device: torch.device, progress: Progress = silent) -> TrainingFrames:
    """What the built-in generator `around` a cylinder, or the other one, learned from; looked at once and kept."""
    with _keeping, torch.inference_mode():
        if (around, str(device)) not in _kept:
            trunk = placed(load_segmenter(obtain(NAME, progress=silent).folder).trunk, device)
            _kept[around, str(device)] = TrainingFrames(trunk, around, progress)
        return _kept[around, str(device)]


def _made(generator: CipsGenerator, request: GridRequest, seed: int, progress: Progress) -> Tensor:
    """The squares (n, 3, SIDE, SIDE), in [-1, 1], of the picture that a request asks for, seen whole."""
    assert generator.card.native_size is not None
    height, width = generator.card.native_size
    whole = replace(request, size=(SIDE, SIDE * width // height), field_of_view=None, window=WHOLE, options={})
    picture = generator.generate(whole, seed=seed, progress=progress).image
    squares = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    return torch.cat(list(_cut(squares, SIDE)))


def _squares(world: World, space: str, number: str) -> tuple[list[int], Tensor]:
    """The squares (n, 3, SIDE, SIDE) of a frame, side by side, in [-1, 1], and the columns where they begin."""
    picture = torch.from_numpy(world.read(space, number).picture).permute(2, 0, 1)[None].float()
    height, width = picture.shape[2:]
    lefts = list(range(0, width - height + 1, height))
    small = [F.interpolate(cut, (SIDE, SIDE), mode="bilinear", antialias=True) for cut in _cut(picture, height)]
    return lefts, torch.cat(small) / 127.5 - 1


def _cut(picture: Tensor, side: int) -> Iterator[Tensor]:
    """Squares side by side of a picture (1, 3, side, W)."""
    yield from (picture[..., left : left + side] for left in range(0, picture.shape[3] - side + 1, side))


def _pictures(squares: Tensor) -> np.ndarray:
    """RGB uint8 (n, SIDE, SIDE, 3) of squares in [-1, 1]."""
    return ((squares + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
