"""Measured outputs of the PhotoWCT reference: weights, inputs and stored tensors."""

from __future__ import annotations

from typing import TypeVar

import torch
from measured import Goldens
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)
_goldens = Goldens("cips_pis")
rule, case = _goldens.rule, _goldens.case


def filled(network: Network) -> Network:
    """The network with the weights of the cases, in evaluation mode."""
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    state = {name: torch.from_numpy(value) for name, value in rule.seeded_state(shapes, "photowct").items()}
    network.load_state_dict(state, strict=True)
    return network.eval()


def picture(stored: Tensor) -> Tensor:
    """(1, 3, H, W) in 0..1 of a stored uint8 (H, W, 3)."""
    return stored.permute(2, 0, 1)[None].float() / 255
