"""Codes of pictures that are distributed about as latents are: their principal components, each to unit variance."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

LOOKED_AT = 16  # rows of what a code sees


class Codes:
    """The code of a picture (3, H, W): `count` whitened principal components of it, seen small."""

    def __init__(self, pictures: Tensor, count: int):
        """`pictures` (N, 3, H, W) are those whose components they are, more of them than `count`."""
        rows = _small(pictures)
        self.mean = rows.mean(0)
        _, deviations, axes = torch.linalg.svd(rows - self.mean, full_matrices=False)
        self.axes = axes[:count].T * (len(rows) ** 0.5 / deviations[:count])

    def __call__(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, count), of mean 0 and covariance 1 over the pictures that it was made with."""
        return (_small(pictures) - self.mean) @ self.axes


def _small(pictures: Tensor) -> Tensor:
    columns = LOOKED_AT * pictures.shape[3] // pictures.shape[2]
    return F.interpolate(pictures, (LOOKED_AT, columns), mode="bilinear", antialias=True).flatten(1)
