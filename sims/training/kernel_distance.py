"""How far a set of pictures is from another one: the kernel distance of features.

Bińkowski et al., "Demystifying MMD GANs" (2018), section 4: the unbiased squared maximum mean discrepancy with
the cubic kernel, here of the segmenter's features instead of Inception's, so its values compare with each other and
no others.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sims.vgg import VGG19

TAPS = ("conv3_4", "conv4_4", "conv5_4")
BATCH = 16


def pooled_features(trunk: VGG19, pictures: Tensor) -> Tensor:
    """Mean responses (N, C) of the trunk's layers to pictures (N, 3, H, W) in [-1, 1]."""
    rows = []
    for batch in pictures.split(BATCH):
        rows.append(torch.cat([found.float().mean((2, 3)) for found in trunk(batch, TAPS)], 1))
    return torch.cat(rows)


def kernel_distance(one: Tensor, other: Tensor) -> float:
    """The squared discrepancy of features (N, C) and (M, C), standardised by the mean and deviation of the latter."""
    mean, deviation = other.mean(0), other.std(0).clamp(min=1e-6)
    a, b = ((features - mean).div(deviation).double() for features in (one, other))

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def among(x: Tensor) -> Tensor:
        products = kernel(x, x)
        return (products.sum() - products.diagonal().sum()) / (len(x) * (len(x) - 1))

    return float(among(a) + among(b) - 2 * kernel(a, b).mean())
