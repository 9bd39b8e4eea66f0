"""What the recipes without an adversary share: one network fitted by its losses, its running average, and resuming."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sims.generator import placed
from sims.training.averaging import Average
from sims.training.loop import Review
from sims.training.shipping import unship
from zoo.files import read_weights

WARM_UP = 100  # steps in which the learning rate rises
FADE_FROM = 0.4  # share of the time after which it falls to nothing


class FittingRecipe(ABC):
    """Gradient descent on the sum of `losses`; what is shown and shipped is the average of the network's weights.

    `prefix` stands before the network's tensors in the checkpoint that it ships in.
    """

    prefix = ""
    also = ""
    learning_rate = 1e-3

    def __init__(self, name: str, network: nn.Module, device: torch.device):
        self.name, self.device = name, device
        self.begin(network)

    # What a recipe adds.

    @abstractmethod
    def losses(self, rng: np.random.Generator, done: float) -> dict[str, Tensor]:
        """Weighted losses of one step by name."""

    @abstractmethod
    def review(self, limit: int) -> Review:
        """Figures and pictures on the first `limit` held-out frames."""

    @abstractmethod
    def export(self, folder: Path) -> None:
        """Write model.safetensors (float16) and config.json."""

    # The shared part.

    def begin(self, network: nn.Module) -> None:
        """Start fitting this network."""
        self.network = placed(network, self.device)
        self.average: Average[nn.Module] = Average(self.network, decay=0.998)
        self.optimiser = torch.optim.Adam(self.parameter_groups(), self.learning_rate)
        self.steps = 0

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What is fitted: "params", and the "share" of the learning rate they have."""
        return [{"params": list(self.network.parameters()), "share": 1.0}]

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One step down the gradient."""
        self.network.train()
        rate = self.learning_rate * min(1.0, (self.steps + 1) / WARM_UP, (1.0 - done) / (1.0 - FADE_FROM)) + 1e-6
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        losses = {name: value.float() for name, value in self.losses(rng, done).items()}
        self.optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        self.optimiser.step()
        self.steps += 1
        self.average.update(self.network, self.steps)
        return {name: value.item() for name, value in losses.items()}

    def steady(self) -> nn.Module:
        """The averaged network, ready to be evaluated or shipped."""
        return self.average.network.eval()

    def shipped(self) -> dict[str, Tensor]:
        """The averaged network's tensors under the names they ship with."""
        return {f"{self.prefix}{key}": value for key, value in self.steady().state_dict().items()}

    def adopt(self, folder: Path) -> None:
        """Start from the weights of a shipped checkpoint instead of random ones."""
        unship(self.network, self.own_tensors(folder))
        self.begin(self.network)

    def own_tensors(self, folder: Path) -> dict[str, Tensor]:
        """The network's tensors in a shipped checkpoint, without the prefix."""
        weights = read_weights(folder)
        return {key.removeprefix(self.prefix): value for key, value in weights.items() if key.startswith(self.prefix)}

    def state(self) -> dict[str, object]:
        """All that resuming needs."""
        return {
            "steps": self.steps,
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Go on from what `state` returned."""
        self.network.load_state_dict(state["network"])  # type: ignore[arg-type]
        self.average.network.load_state_dict(state["average"])  # type: ignore[arg-type]
        self.optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]
        self.steps = int(state["steps"])  # type: ignore[call-overload]
