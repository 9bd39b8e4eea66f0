"""Frames as the networks of SIMS learn from them: with canvases, donors of stencils, and depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Generic, TypeVar

import numpy as np
from skimage.measure import label as connected_components

from sims.label_space import label_space
from sims.memory.elision import paper_square
from sims.memory.mask_index import MaskIndex
from sims.memory.rules import roles
from sims.memory.segments import Segment, segments_of
from sims.memory.simulated import Donor, simulated_canvas, true_canvas
from sims.training.data import SIZE, Frames
from sims.world import Frame, World, WorldError

Case = TypeVar("Case")
KINDS = ("simulated", "true", "blank")
MINIMUM_AREA = 300  # pixels at 256x512; smaller segments are left to the network
DONOR_AREA = 100  # pixels, from which on a segment is a donor
DONORS = 100  # frames that a donor is looked for in
REACH = 0.016  # share of the height that elision reaches to either side of an outline; the paper's is 0.05


class Canvases:
    """Canvases of the training frames, made as they are asked for.

    Simulated ones have the faults of retrieved segments, true ones are put together from the frame's own segments
    without any, and blank ones show nothing.
    """

    def __init__(self, kind: str, space: str, frames: Frames):
        if kind not in KINDS:
            raise ValueError(f"The kind of canvas is {kind!r}; it is one of {', '.join(KINDS)}.")
        self.kind, self.frames, self.roles = kind, frames, roles(space)
        self.classes = label_space(space).channels - 1
        self._pictures = frames.pictures.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        self._labels = frames.labels.cpu().numpy()
        if kind == "simulated":
            self._index_segments()

    def of_frame(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Canvas (H, W, 3) uint8 and layout (H, W) uint8 of one training frame."""
        return self.of_picture(self._pictures[index], self._labels[index], index, rng)

    def of_picture(
        self, picture: np.ndarray, labels: np.ndarray, index: int | None, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same of any picture (H, W, 3) uint8 and its labels; `index` is its own, which gives no donors."""
        if self.kind == "blank":
            return np.zeros_like(picture), labels
        segments = segments_of(labels, self.classes, self.roles.thin, MINIMUM_AREA)
        if self.kind == "true":
            made = true_canvas(picture, labels, segments)
        else:
            others = rng.permutation(len(self.frames))[: DONORS + 1]
            donor = self._donor(others[others != index])
            made = simulated_canvas(
                picture, labels, segments, donor, self.roles, rng, square=paper_square(SIZE[0], REACH)
            )
        return made.picture, made.channels

    def _index_segments(self) -> None:
        """The masks of all segments of all frames, the frame and the class of each."""
        owners, channels = [], []

        def segments() -> Iterator[Segment]:
            for number, labels in enumerate(self._labels):
                for segment in segments_of(labels, self.classes, self.roles.thin, DONOR_AREA):
                    owners.append(number)
                    channels.append(segment.channel)
                    yield segment

        self._masks = MaskIndex.of(segments(), SIZE)
        self._owners, self._channels = np.array(owners), np.array(channels)

    def _donor(self, frames: np.ndarray) -> Callable[[Segment], Donor | None]:
        """What finds the segment, of the same class and in one of `frames`, that fits best."""

        def find(segment: Segment) -> Donor | None:
            among = np.flatnonzero((self._channels == segment.channel) & np.isin(self._owners, frames))
            if not len(among):
                return None
            ious = self._masks.ious(segment.mask, among)
            best = int(among[ious.argmax()])
            if ious.max() <= 0:
                return None
            owner = int(self._owners[best])
            return Donor(self._pictures[owner], self._masks.mask(best), self._labels[owner])

        return find


class Cases(Generic[Case]):
    """What a network learns from, frame by frame, where not every frame has something of the kind.

    `make` makes a case of the frame at an index, or None where there is none. Raises `WorldError`, whose sentence says
    that "no `kind`", if that holds of all frames.
    """

    def __init__(self, kind: str, frames: int, make: Callable[[int, np.random.Generator], Case | None]):
        self._make, self._usable = make, list(range(frames))
        if next(self.first(1, np.random.default_rng(0)), None) is None:
            raise WorldError(f"No {kind}; pack frames that do.")

    def drawn(self, rng: np.random.Generator) -> Case:
        """The case of a frame drawn at random."""
        while True:
            index = self._usable[rng.integers(len(self._usable))]
            case = self._make(index, rng)
            if case is not None:
                return case
            self._usable.remove(index)

    def first(self, limit: int, rng: np.random.Generator) -> Iterator[Case]:
        """The cases of the first `limit` frames that have any."""
        made = (self._make(index, rng) for index in list(self._usable))
        return islice((case for case in made if case is not None), limit)


def depth_map(world: World, space: str, frame: Frame) -> np.ndarray:
    """Metres to what a frame shows, (H, W) float32: the median of every segment, infinite where there is none."""
    labels, instances = frame.labels.astype(np.int64), frame.instances
    patches = connected_components(np.where(instances == 0, labels, -1), background=-1, connectivity=1)
    depth = np.full(labels.shape, np.inf, np.float32)
    for row in world.segments(space, frame.number):
        if row["instance"]:
            depth[instances == row["instance"]] = row["depth"]
        elif instances[row["y"], row["x"]] == 0:
            depth[patches == patches[row["y"], row["x"]]] = row["depth"]
    return depth
