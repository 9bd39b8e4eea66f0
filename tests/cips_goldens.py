"""Measured outputs of the CIPS reference: configurations, weights and inputs of the cases."""

from __future__ import annotations

from typing import Any

import torch
from measured import Goldens
from torch import Tensor

from sims.cips import Cips
from zoo.convert import checked_config

_goldens = Goldens("cips_pis")
rule, case = _goldens.rule, _goldens.case
GOLDENS = _goldens.folder
KINDS = {"CIPSskip": "skip", "CIPSres": "res"}


def config_of(asked: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a case in the project's words."""
    given = {name: asked["config"][name] for name in ("size", "n_mlp", "style_dim", "lr_mlp", "channel_multiplier")}
    hidden = asked["config"]["hidden_size"]
    return checked_config({"family": "cips", "kind": KINDS[asked["cls"]], "hidden": hidden, **given})


def filled(network: Cips) -> Cips:
    """The network with the seeded weights of the cases, in evaluation mode."""
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    state = {name: torch.from_numpy(value) for name, value in rule.seeded_state(shapes, "cips").items()}
    network.load_state_dict(state, strict=True)
    return network.eval()


def given(name: str, *shape: int) -> Tensor:
    """An input of the cases."""
    return torch.from_numpy(rule.seeded_input(name, shape))


def furthest(found: Tensor, stored: Tensor) -> float:
    """The largest absolute difference."""
    assert found.shape == stored.shape
    return (found - stored).abs().max().item()
