"""Measured outputs of the CRN and SIMS references: weights, inputs and stored tensors, as PyTorch has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from measured import Goldens
from torch import Tensor, nn

CLASSES = 20
PALETTE_CELLS = (32, 64)  # canvases and proposals are this grid of colours, enlarged
_goldens = Goldens("sims_crn")
GOLDENS, rule, case = _goldens.folder, _goldens.rule, _goldens.case


def state(asked: dict[str, Any]) -> dict[str, Tensor]:
    """The seeded weights under the names of the project."""
    variables = {v["name"]: rule.seeded_variable(v["name"], v["shape"]) for v in asked["variables"]}
    return {name.replace("/", "."): torch.from_numpy(rule.to_torch_layout(v)) for name, v in variables.items()}


def nchw(tensor: Tensor | np.ndarray) -> Tensor:
    """(B, C, H, W) of a stored (B, H, W, C)."""
    return torch.as_tensor(tensor).permute(0, 3, 1, 2)


def one_hot(name: str, height: int, block: int) -> Tensor:
    """The layout of a case: (1, 20, H, 2H)."""
    ids = rule.seeded_blocks(f"input/{name}/label_ids", height, 2 * height, block, CLASSES)
    return nchw(rule.one_hot(ids, CLASSES))


def colours(name: str, part: str, height: int) -> np.ndarray:
    """Random colours in blocks, (H, 2H, 3) in [0, 1)."""
    drawn = rule.seeded_uniform(f"input/{name}/{part}", (*PALETTE_CELLS, 3))
    times = height // PALETTE_CELLS[0]
    return drawn.repeat(times, axis=0).repeat(times, axis=1)


def watched(network: nn.Module, names: list[str]) -> dict[str, Tensor]:
    """A dict that the outputs of these submodules come to lie in when the network runs."""
    seen: dict[str, Tensor] = {}
    for name in names:

        def keep(module: nn.Module, given: object, output: Tensor, name: str = name) -> None:
            seen[name] = output

        network.get_submodule(name).register_forward_hook(keep)
    return seen


def strided(features: Tensor, cells: int, channels: int) -> Tensor:
    """A sample of (B, C, H, W) as the cases keep it: about `cells` rows and `channels` channels."""
    step, every = max(1, features.shape[2] // cells), max(1, features.shape[1] // channels)
    return features[:, ::every, step // 2 :: step, step // 2 :: step]


def furthest(found: Tensor, stored: Tensor) -> float:
    """The largest absolute difference of (B, C, H, W) from a stored (B, H, W, C)."""
    return (found - nchw(stored)).abs().max().item()
