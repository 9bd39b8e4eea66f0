"""What the recipes of all layout generators share: the adversarial step, averaging, held-out scores and sheets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from sims.generator import placed
from sims.training.adversary import Adversary, PerceptualDistance, ripples
from sims.training.averaging import Average
from sims.training.data import Batch, Frames
from sims.training.loop import Review
from sims.training.scores import figures, picture_rows

LEARNING_RATE = 4e-4
FADE_FROM = 0.5  # share of the time after which the learning rate falls to nothing
MATCHING, PERCEPTUAL, FLATNESS = 10.0, 10.0, 40.0
SETTLING = 200  # steps in which new discriminators get to know a generator that has been trained before
SHOWN = 6  # held-out frames on a sheet

Seen = TypeVar("Seen")  # the layout of a batch as the generator reads it


class AdversarialRecipe(ABC, Generic[Seen]):
    """Alternating steps of the discriminators and of the generator."""

    also = ""
    betas = (0.0, 0.9)

    def __init__(
        self, name: str, space: str, training: Frames, held_out: Frames, segmenter: Path, device: torch.device
    ):
        self.name, self.space = name, space
        self.training, self.held_out = training.placed(device), held_out.placed(device)
        self.device, self.segmenter = device, segmenter
        self.distance = placed(PerceptualDistance(segmenter, width=0.25), device)

    # What a recipe adds.

    size: tuple[int, int]  # (height, width) of its pictures
    window: tuple[int, int]  # (height, width) of what one step sees of them
    batch: int

    @abstractmethod
    def see(self, batch: Batch) -> Seen:
        """The layout of a batch."""

    @abstractmethod
    def dense(self, seen: Seen) -> Tensor:
        """The layout (B, C, H, W) that the discriminators see beside the picture."""

    @abstractmethod
    def make(self, batch: Batch, seen: Seen) -> tuple[Tensor, dict[str, Tensor]]:
        """Pictures (B, 3, H, W) for a batch, and further weighted losses of the generator by name."""

    @abstractmethod
    def show(self, networks: nn.ModuleList, batch: Batch) -> Tensor:
        """Pictures (B, 3, H, W) as the shipped generator would make them."""

    @abstractmethod
    def measure(self, network: nn.ModuleList) -> None:
        """Make the averaged networks ready to be evaluated or shipped: their statistics are those of no one step."""

    @abstractmethod
    def export(self, folder: Path) -> None:
        """Write model.safetensors (float16) and config.json."""

    # The shared part.

    def begin(self, networks: nn.ModuleList, adversary: Adversary, settling: int = 0) -> None:
        """Start optimising these networks against this adversary, which is first left to learn for some steps."""
        self.networks = networks
        self.adversary = placed(adversary, self.device)
        self.average: Average[nn.ModuleList] = Average(networks, decay=0.998)
        self.steps, self.settling = 0, settling
        self._measured_at = -1
        self.makers = torch.optim.Adam(networks.parameters(), LEARNING_RATE, betas=self.betas)
        self.judges = torch.optim.Adam(adversary.parameters(), LEARNING_RATE, betas=self.betas)

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One step of the discriminators, one of the generator."""
        for optimiser in (self.makers, self.judges):
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min(1.0, (1.0 - done) / (1.0 - FADE_FROM)) + 1e-6
        indices = rng.integers(len(self.training), size=self.batch).tolist()
        batch = self._augmented(self.training.batch(indices), rng)
        seen = self.see(batch)
        dense, real = self.dense(seen), batch.pictures
        settled = self.steps >= self.settling
        with torch.set_grad_enabled(settled):
            fake, losses = self.make(batch, seen)

        judged, wanted = self.adversary.judge(dense, real, fake)
        self.judges.zero_grad()
        judged.backward()
        self.judges.step()
        self.steps += 1
        if not settled:
            return {"judge": judged.item()}

        self.adversary.requires_grad_(False)
        adversarial, matching = self.adversary.fool(dense, fake, wanted)
        self.adversary.requires_grad_(True)
        losses |= {
            "fool": adversarial,
            "match": MATCHING * matching,
            "distance": PERCEPTUAL * self.distance(fake, real),
            "ripples": FLATNESS * ripples(fake, real),
        }
        self.makers.zero_grad()
        torch.stack([loss.float() for loss in losses.values()]).sum().backward()
        self.makers.step()
        self.average.update(self.networks, self.steps)
        return {name: value.item() for name, value in (losses | {"judge": judged}).items()}

    def _augmented(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Mirrored, and seen through a random window, so that few frames show many compositions."""
        scale = float(rng.uniform(1.0, 1.3)) * self.size[0] / batch.labels.shape[1]
        return batch.cropped(*self.window, scale, rng).flipped(rng)

    def state(self) -> dict[str, object]:
        parts = {name: getattr(self, name).state_dict() for name in ("networks", "adversary", "makers", "judges")}
        return {"steps": self.steps, "settling": self.settling, "average": self.average.network.state_dict(), **parts}

    def restore(self, state: dict[str, object]) -> None:
        for name in ("networks", "adversary", "makers", "judges"):
            getattr(self, name).load_state_dict(state[name])
        self.average.network.load_state_dict(state["average"])  # type: ignore[arg-type]
        self.steps, self.settling = int(state["steps"]), int(state["settling"])  # type: ignore[call-overload]

    def steady(self) -> nn.ModuleList:
        """The averaged networks, ready to be evaluated or shipped."""
        if self._measured_at != self.steps:
            self.measure(self.average.network)
            self._measured_at = self.steps
        return self.average.network

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """Held-out figures (see `sims.training.scores`), and layout, result and render of the first few frames."""
        networks = self.steady()
        batch = self.held_out.batch(list(range(min(limit, len(self.held_out))))).resized(*self.size)
        made = torch.cat([self.show(networks, one) for one in batch.singly()])
        scores = figures(made, batch, self.distance, self.segmenter, self.space)
        return Review(scores, picture_rows(made, batch, self.space, SHOWN))
