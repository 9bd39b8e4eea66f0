"""The whitening and colouring transform: features take on the mean and covariance of a style's features.

Li, Fang, Yang, Wang, Lu and Yang, "Universal Style Transfer via Feature Transforms" (2017), section 3.2, as PhotoWCT's
authors released it: the identity is added to the content's covariance, so that all of the content is kept, and the
style's eigenvalues count from 1e-5 on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST = 1e-5  # eigenvalue of a style's covariance that still counts
MINIMUM = 2  # pixels, without which there is no covariance


@dataclass(frozen=True, eq=False)
class Colouring:
    """What is kept of a style: `mean` (C,) and `matrix` (C, C), the root of its covariance, both float32."""

    mean: Tensor
    matrix: Tensor


@dataclass(frozen=True, eq=False)
class Affine:
    """The map x -> `matrix` x + `offset` of features, (C, C) and (C,) float32."""

    matrix: Tensor
    offset: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """The map of features (N, C), one pixel a row."""
        return torch.addmm(self.offset, features, self.matrix.T)


class Moments:
    """Number, mean and scatter of features that come in parts, in float64.

    Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979).
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros(())  # (C,), once there are features
        self.scatter = torch.zeros(())  # (C, C)

    def add(self, features: Tensor) -> None:
        """Count in features (N, C), one pixel a row."""
        number = features.shape[0]
        if number == 0:
            return
        values = features.double()
        mean = values.mean(0)
        values -= mean
        scatter = values.T @ values
        difference = mean - self.mean
        share = number / (self.count + number)
        self.mean = self.mean + share * difference
        self.scatter = self.scatter + scatter + torch.outer(difference, difference) * (self.count * share)
        self.count += number

    @property
    def covariance(self) -> Tensor:
        """(C, C), of at least two pixels."""
        return self.scatter / (self.count - 1)


def colouring(style: Moments) -> Colouring:
    """What to keep of a style of at least two pixels.

    Where no eigenvalue of its covariance reaches 1e-5, all count.
    """
    values, vectors = torch.linalg.eigh(style.covariance)
    counted = values >= SMALLEST
    roots = values.clamp(min=0).sqrt() * (counted if counted.any() else 1)
    return Colouring(style.mean.float(), ((vectors * roots) @ vectors.T).float())


def restyling(content: Moments, style: Colouring) -> Affine:
    """The map that whitens content of at least two pixels and colours it as the style: one matrix for both."""
    values, vectors = torch.linalg.eigh(content.covariance)
    whitening = (vectors * (values.clamp(min=0) + 1).rsqrt()) @ vectors.T
    matrix = style.matrix.double() @ whitening
    return Affine(matrix.float(), (style.mean.double() - matrix @ content.mean).float())
