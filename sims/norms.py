"""Layers whose behaviour at test time is a choice: batch statistics and dropout.

The published pix2pix pictures were made with the statistics of each picture itself and with dropout active (Isola et
al. 2017, section 3.3), not with the running statistics that evaluation mode would use.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that can use the statistics of the pictures at hand in evaluation, without updating its own."""

    statistics = "running"  # or "picture"

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        if self.training or self.statistics == "running":
            return super().forward(x)
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)


class Dropout(nn.Dropout):
    """Dropout that stays active in evaluation when it is given a source of noise, and is then reproducible."""

    noise: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        if self.training or self.noise is None:
            return super().forward(x)
        kept = torch.rand(x.shape, generator=self.noise) >= self.p
        return x * kept.to(x) / (1 - self.p)


def norm_layer(kind: str, channels: int) -> nn.Module:
    """Affine batch norm with statistics ("batch"), or instance norm without either ("instance")."""
    return BatchNorm(channels) if kind == "batch" else nn.InstanceNorm2d(channels)


def set_statistics(network: nn.Module, statistics: str) -> None:
    """Make every `BatchNorm` of an evaluating network use "picture" or "running" statistics."""
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.statistics = statistics


def set_dropout(network: nn.Module, seed: int | None) -> None:
    """Switch the dropout of an evaluating network on with this seed, or, with None, off."""
    noise = None if seed is None else torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.noise = noise
