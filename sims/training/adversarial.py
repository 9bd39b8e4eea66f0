"""What the recipes of all layout generators share: the adversarial step, averaging, held-out scores and sheets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sims.generator import placed
from sims.training.adversary import Adversary, PerceptualDistance
from sims.training.averaging import Average
from sims.training.data import Batch, Frames
from sims.training.scores import figures, picture_rows

LEARNING_RATE = 4e-4
FADE_FROM = 0.75  # share of the time after which the learning rate falls to nothing
MATCHING, PERCEPTUAL = 10.0, 10.0


class AdversarialRecipe(ABC):
    """Alternating steps of the discriminators and of the generator."""

    betas = (0.0, 0.9)

    def __init__(
        self, name: str, space: str, training: Frames, held_out: Frames, segmenter: Path, device: torch.device
    ):
        self.name, self.space = name, space
        self.training, self.held_out, self.device, self.segmenter = training, held_out, device, segmenter
        self.distance = placed(PerceptualDistance(segmenter, width=0.25), device)

    # What a recipe adds.

    size: tuple[int, int]  # (height, width) of its pictures
    window: tuple[int, int]  # (height, width) of what one step sees of them
    batch: int

    @abstractmethod
    def make(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Pictures (B, 3, H, W) for a batch, and further weighted losses of the generator by name."""

    @abstractmethod
    def show(self, networks: nn.ModuleList, batch: Batch) -> Tensor:
        """Pictures (B, 3, H, W) as the shipped generator would make them."""

    @abstractmethod
    def dense(self, batch: Batch) -> Tensor:
        """The layout (B, C, H, W) that the discriminators see beside the picture."""

    @abstractmethod
    def steady(self) -> nn.ModuleList:
        """The averaged networks, ready to be evaluated or shipped."""

    @abstractmethod
    def export(self, folder: Path) -> None:
        """Write model.safetensors (float16) and config.json."""

    # The shared part.

    def begin(self, networks: nn.ModuleList, adversary: Adversary) -> None:
        """Start optimising these networks against this adversary."""
        self.networks = networks
        self.adversary = placed(adversary, self.device)
        self.average: Average[nn.ModuleList] = Average(networks, decay=0.998)
        self.steps = 0
        self.makers = torch.optim.Adam(networks.parameters(), LEARNING_RATE, betas=self.betas)
        self.judges = torch.optim.Adam(adversary.parameters(), LEARNING_RATE, betas=self.betas)

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One step of the discriminators, one of the generator."""
        for optimiser in (self.makers, self.judges):
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min(1.0, (1.0 - done) / (1.0 - FADE_FROM)) + 1e-6
        indices = rng.integers(len(self.training), size=self.batch).tolist()
        batch = self._augmented(self.training.batch(indices, self.device), rng)
        dense, real = self.dense(batch), batch.pictures
        fake, losses = self.make(batch)

        judged, wanted = self.adversary.judge(dense, real, fake)
        self.judges.zero_grad()
        judged.backward()
        self.judges.step()

        self.adversary.requires_grad_(False)
        adversarial, matching = self.adversary.fool(dense, fake, wanted)
        self.adversary.requires_grad_(True)
        losses |= {
            "fool": adversarial,
            "match": MATCHING * matching,
            "distance": PERCEPTUAL * self.distance(fake, real),
        }
        self.makers.zero_grad()
        torch.stack([loss.float() for loss in losses.values()]).sum().backward()
        self.makers.step()
        self.average.update(self.networks, self.steps)
        self.steps += 1
        return {name: value.item() for name, value in (losses | {"judge": judged}).items()}

    def _augmented(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Mirrored, and seen through a random window, so that few frames show many compositions."""
        scale = float(rng.uniform(1.0, 1.3)) * self.size[0] / batch.labels.shape[1]
        return batch.cropped(*self.window, scale, rng).flipped(rng)

    def state(self) -> dict[str, object]:
        parts = {name: getattr(self, name).state_dict() for name in ("networks", "adversary", "makers", "judges")}
        return {"steps": self.steps, "average": self.average.network.state_dict(), **parts}

    def restore(self, state: dict[str, object]) -> None:
        for name in ("networks", "adversary", "makers", "judges"):
            getattr(self, name).load_state_dict(state[name])
        self.average.network.load_state_dict(state["average"])  # type: ignore[arg-type]
        self.steps = int(state["steps"])  # type: ignore[call-overload]

    @torch.no_grad()
    def _made(self, count: int) -> tuple[Tensor, Batch]:
        networks = self.steady()
        batch = self.held_out.batch(list(range(min(count, len(self.held_out)))), self.device).resized(*self.size)
        one_by_one = zip(batch.pictures, batch.labels, batch.instances, strict=True)
        made = [self.show(networks, Batch(p[None], s[None], i[None])) for p, s, i in one_by_one]
        return torch.cat(made), batch

    def scores(self) -> dict[str, float]:
        """Held-out pixel, perceptual and layout-consistency figures; see `sims.training.scores`."""
        made, batch = self._made(len(self.held_out))
        return figures(made, batch, self.distance, self.segmenter, self.space)

    def sheet(self) -> np.ndarray:
        """Layout, result and render of six held-out frames."""
        return picture_rows(*self._made(6), self.space)
