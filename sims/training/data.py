"""A world's frames as training data: pictures, labels and instances in memory, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.world import World, WorldError

SIZE = (256, 512)  # (height, width) of the frames that recipes are made for


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames of one world in memory, all of one size.

    `pictures` (N, 3, H, W) uint8, `labels` (N, H, W) uint8, `instances` (N, H, W) int16 with 0 for none and numbers
    from 32768 wrapped to negative ones.
    """

    names: tuple[str, ...]
    pictures: Tensor
    labels: Tensor
    instances: Tensor

    def __len__(self) -> int:
        return len(self.names)

    def placed(self, device: torch.device) -> Frames:
        """The same frames on a device, where batches of them are then made."""
        return Frames(self.names, *(tensor.to(device) for tensor in (self.pictures, self.labels, self.instances)))

    def batch(self, indices: list[int]) -> Batch:
        """The frames at `indices`."""
        pictures = (self.pictures[indices].float() / 255 - 0.5) / 0.5
        return Batch(pictures, self.labels[indices].long(), self.instances[indices].int() & 0xFFFF)


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures (B, 3, H, W) in [-1, 1], labels (B, H, W) int64, instances (B, H, W)."""

    pictures: Tensor
    labels: Tensor
    instances: Tensor

    def singly(self) -> Iterator[Batch]:
        """Its frames as batches of one."""
        for picture, labels, instances in zip(self.pictures, self.labels, self.instances, strict=True):
            yield Batch(picture[None], labels[None], instances[None])

    def flipped(self, rng: np.random.Generator) -> Batch:
        """Mirrored left to right with probability one half."""
        if rng.random() < 0.5:
            return self
        return Batch(self.pictures.flip(-1), self.labels.flip(-1), self.instances.flip(-1))

    def cropped(self, height: int, width: int, scale: float, rng: np.random.Generator) -> Batch:
        """A random window, `scale` times the frame's resolution, of the given size."""
        size = (round(self.labels.shape[1] * scale), round(self.labels.shape[2] * scale))
        top = int(rng.integers(size[0] - height + 1))
        left = int(rng.integers(size[1] - width + 1))
        window = (..., slice(top, top + height), slice(left, left + width))
        resized = self.resized(*size)
        return Batch(resized.pictures[window], resized.labels[window], resized.instances[window])

    def resized(self, height: int, width: int) -> Batch:
        """At another resolution: pictures by area, labels and instances by the nearest pixel centre."""
        if (height, width) == tuple(self.labels.shape[1:]):
            return self
        pictures = F.interpolate(self.pictures, (height, width), mode="bilinear", antialias=True, align_corners=False)
        both = torch.stack((self.labels.float(), self.instances.float()), dim=1)
        both = F.interpolate(both, (height, width), mode="nearest-exact")
        return Batch(pictures, both[:, 0].long(), both[:, 1].int())


def read_frames(world: World, space: str, split: str) -> Frames:
    """The frames of a split, "training" or "held_out", in the order of their numbers.

    Raises `WorldError` if there are none, or if one is damaged or not of the size `SIZE`.
    """
    numbers = [notes.number for notes in world.frames(space, split)]
    if not numbers:
        raise WorldError(f"{world.folder} holds no {split.replace('_', '-')} frame of {space}; pack more frames.")
    pictures = torch.empty((len(numbers), 3, *SIZE), dtype=torch.uint8)
    labels = torch.empty((len(numbers), *SIZE), dtype=torch.uint8)
    instances = torch.empty((len(numbers), *SIZE), dtype=torch.int16)
    for index, number in enumerate(numbers):
        frame = world.read(space, number)
        if frame.labels.shape != SIZE:
            found, wanted = ("x".join(map(str, size)) for size in (frame.labels.shape, SIZE))
            raise WorldError(f"Frame {number} of {space} is {found}; training takes {wanted}, render it in that size.")
        pictures[index] = torch.from_numpy(frame.picture.transpose(2, 0, 1).copy())
        labels[index] = torch.from_numpy(frame.labels)
        instances[index] = torch.from_numpy(frame.instances.astype(np.int16))
    return Frames(tuple(numbers), pictures, labels, instances)
