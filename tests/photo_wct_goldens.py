"""Measured outputs of the PhotoWCT reference: weights, inputs and stored tensors."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)
GOLDENS = Path(__file__).parent / "goldens" / "cips_pis"


def _module(path: Path) -> ModuleType:
    """The rule of the weights; the other goldens have one of the same name."""
    spec = importlib.util.spec_from_file_location("cips_pis_seeded_weights", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rule = _module(GOLDENS / "seeded_weights.py")


def case(name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What was asked of the reference, and what it was given and gave."""
    return json.loads((GOLDENS / name / "case.json").read_text()), load_file(GOLDENS / name / "tensors.safetensors")


def filled(network: Network) -> Network:
    """The network with the weights of the cases, in evaluation mode."""
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    state = {name: torch.from_numpy(value) for name, value in rule.seeded_state(shapes, "photowct").items()}
    network.load_state_dict(state, strict=True)
    return network.eval()


def picture(stored: Tensor) -> Tensor:
    """(1, 3, H, W) in 0..1 of a stored uint8 (H, W, 3)."""
    return stored.permute(2, 0, 1)[None].float() / 255
