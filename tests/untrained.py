"""Untrained networks in checkpoint folders, for tests that need no good pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from zoo.files import write_checkpoint


def seeded(network: nn.Module, seed: int) -> dict[str, Tensor]:
    """The network's tensors, drawn by the seed so that pictures are lively instead of grey."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue  # no part of converted checkpoints
        if name.endswith("running_var"):
            tensors[name] = torch.rand(value.shape, generator=generator) + 0.5
        else:
            tensors[name] = 0.2 * torch.randn(value.shape, generator=generator)
    return tensors


def written(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, object]) -> Path:
    write_checkpoint(folder, tensors, {"format": 1, **config})
    return folder
