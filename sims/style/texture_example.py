"""An example of a texture made ready: its opposite borders joined, its colours decorrelated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

OVERLAP = 8  # pixels of opposite borders that are faded into each other, at least
_OVERLAP_SHARE = 16  # and one pixel for each so many of the side
_SMALLEST_DEVIATION = 0.5 / 255  # of a colour's component that is kept: less does not show


def seamless(picture: np.ndarray, step: int) -> np.ndarray:
    """The picture (H, W, 3), float32 in [0, 1], that repeats without a seam; its sides are multiples of `step`.

    Opposite borders lie over each other by what is left of each side, at least `OVERLAP` pixels, and are faded into
    each other, because a pyramid takes the jump between them for an edge of the texture. All colours are means of
    colours of the picture.
    """
    return _joined(_joined(picture.astype(np.float32) / 255, step).swapaxes(0, 1), step).swapaxes(0, 1)


def joined_side(side: int, step: int) -> int:
    """The length that `seamless` leaves of a side."""
    return (side - max(OVERLAP, side // _OVERLAP_SHARE)) // step * step


def _joined(picture: np.ndarray, step: int) -> np.ndarray:
    """The picture with its top and its bottom joined."""
    side = joined_side(len(picture), step)
    overlap = len(picture) - side
    share = np.sin((np.arange(overlap, dtype=np.float32) + 0.5) / overlap * (np.pi / 2))[:, None, None] ** 2
    return np.concatenate((share * picture[:overlap] + (1 - share) * picture[side:], picture[overlap:side]))


@dataclass(frozen=True, eq=False)
class Colours:
    """The colours of a texture by principal components: uncorrelated channels of mean 0 and variance 1.

    `mean` and the range `lowest` to `highest` are (3, 1), `mixing` is (3, C). There are fewer than three channels
    where there is less to tell: one for a grey texture, none for a single colour.
    """

    mean: Tensor
    mixing: Tensor
    lowest: Tensor
    highest: Tensor

    @classmethod
    def of(cls, picture: np.ndarray) -> Colours:
        """Those of a picture (H, W, 3), float in [0, 1]."""
        pixels = picture.reshape(-1, 3).astype(np.float64)
        values, vectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
        kept = np.flatnonzero(values > _SMALLEST_DEVIATION**2)[::-1]
        mixing = vectors[:, kept] * np.sqrt(values[kept])
        columns = (pixels.mean(axis=0), pixels.min(axis=0), pixels.max(axis=0))
        mean, lowest, highest = (torch.from_numpy(column).float()[:, None] for column in columns)
        return cls(mean, torch.from_numpy(mixing).float(), lowest, highest)

    def channels(self, picture: np.ndarray) -> Tensor:
        """The channels (C, H, W) of a picture (H, W, 3)."""
        offset = torch.from_numpy(picture.reshape(-1, 3)).float().T - self.mean
        unmixing = (self.mixing / self.mixing.square().sum(dim=0)).T
        return (unmixing @ offset).reshape(-1, *picture.shape[:2])

    def picture(self, channels: Tensor) -> np.ndarray:
        """The picture, RGB uint8 (H, W, 3), of channels (C, H, W), kept in the range of each of red, green and blue."""
        mixed = self.mean + self.mixing @ channels.flatten(1).cpu()
        inside = torch.minimum(torch.maximum(mixed, self.lowest), self.highest)
        rounded = (inside * 255).round().to(torch.uint8)
        return rounded.T.reshape(*channels.shape[1:], 3).numpy().copy()
