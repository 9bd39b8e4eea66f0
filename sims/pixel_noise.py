"""Normal noise that belongs to a pixel: the same in every chunk, patch, window and order that it is looked at in.

A counter-based generator in the manner of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (2011): seed,
layer, row and column are mixed into 64 bits (the finaliser of SplitMix64, Steele et al. 2014), of which Box and
Muller's transform (1958) makes a normal number.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

_WEYL = 0x9E3779B97F4A7C15
_MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def pixel_noise(seed: int, layer: int, rows: Tensor, columns: Tensor) -> Tensor:
    """Standard normal float32 (N,) for pixels at `rows` and `columns`, whole numbers (N,)."""
    place = (rows.cpu().numpy().astype(np.int64).view(np.uint64) << np.uint64(32)) ^ (
        columns.cpu().numpy().astype(np.int64).view(np.uint64) & np.uint64(0xFFFFFFFF)
    )
    start = _mixed(np.array([(seed * _WEYL + layer) & 0xFFFFFFFFFFFFFFFF], np.uint64))
    bits = _mixed(_mixed(place + np.uint64(_WEYL)) ^ start)
    first = ((bits >> np.uint64(40)).astype(np.float64) + 1) / 2**24  # in (0, 1]
    second = (bits & np.uint64(0xFFFFFF)).astype(np.float64) / 2**24
    normal = np.sqrt(-2 * np.log(first)) * np.cos(2 * math.pi * second)
    return torch.from_numpy(normal.astype(np.float32)).to(rows.device)


def _mixed(values: np.ndarray) -> np.ndarray:
    for shift, factor in _MIXERS:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))
