"""A running average of a network's weights, which makes steadier pictures than the last step's."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class Average(Generic[Network]):
    """Exponential moving average of `network`'s parameters, in `self.network`."""

    def __init__(self, network: Network, decay: float):
        self.network: Network = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Blend in the current weights; the first steps are forgotten faster."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for mean, value in zip(self.network.parameters(), network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)


def recalibrate(network: nn.Module) -> list[nn.BatchNorm2d]:
    """Make the batch norms of `network` take the plain mean of the statistics of the pictures shown from now on."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative mean
    network.train()
    return norms
