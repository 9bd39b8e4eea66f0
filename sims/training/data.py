"""The rendered world as training data: frames, label maps and instances, split into training and held out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

HELD_OUT_DIGIT = "7"  # frames whose number ends in it are never trained on


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames of one world in memory, all of one size.

    `pictures` (N, 3, H, W) uint8, `labels` (N, H, W) uint8, `instances` (N, H, W) int32 with 0 for none.
    """

    names: tuple[str, ...]
    pictures: Tensor
    labels: Tensor
    instances: Tensor

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, indices: list[int], device: torch.device) -> Batch:
        """The frames at `indices`."""
        return Batch(
            (self.pictures[indices].to(device).float() / 255 - 0.5) / 0.5,
            self.labels[indices].to(device).long(),
            self.instances[indices].to(device),
        )


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures (B, 3, H, W) in [-1, 1], labels (B, H, W) int64, instances (B, H, W)."""

    pictures: Tensor
    labels: Tensor
    instances: Tensor

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


def read_frames(folders: list[Path], *, held_out: bool) -> Frames:
    """The training frames of the folders, or their held-out ones, in the order of their numbers."""
    names, pictures, labels, instances = [], [], [], []
    for folder in folders:
        for picture in sorted(folder.glob("*.webp")):
            if picture.stem.endswith(HELD_OUT_DIGIT) != held_out:
                continue
            names.append(f"{folder.name}/{picture.stem}")
            pictures.append(np.asarray(Image.open(picture).convert("RGB")).transpose(2, 0, 1))
            labels.append(np.asarray(Image.open(picture.with_name(f"{picture.stem}_labels.png"))))
            instances.append(
                np.asarray(Image.open(picture.with_name(f"{picture.stem}_instances.png"))).astype(np.int32)
            )
    if not names:
        raise FileNotFoundError(f"No frames in {', '.join(map(str, folders))}; give a folder of NAME.webp files.")
    return Frames(
        tuple(names),
        torch.from_numpy(np.stack(pictures)),
        torch.from_numpy(np.stack(labels)),
        torch.from_numpy(np.stack(instances)),
    )
