"""The recipe of the layout completion of `sims-street`: coarse layouts in, dense ones out.

Qi et al. 2018 complete coarse layouts with a cascaded refinement network before anything else; theirs was not released.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.label_space import label_space
from sims.memory.completion import CompletionNetwork, complete
from sims.spade_layout import one_hot
from sims.training.coarse import coarse_layouts
from sims.training.data import SIZE, Frames
from sims.training.fitting import FittingRecipe
from sims.training.loop import Review
from sims.training.segmenter import mean_iou
from sims.training.shipping import ship

WIDTH = 1 / 16
WINDOW = (256, 256)
GIVEN = 0.1  # weight of the pixels that the coarse layout tells already
SHOWN = 6


class CompletionRecipe(FittingRecipe):
    """Cross-entropy of the dense layout, above all where the coarse one is open."""

    prefix = "completion."

    def __init__(self, name: str, space: str, training: Frames, held_out: Frames, device: torch.device):
        self.space = label_space(space)
        self.training, self.held_out = training.placed(device), held_out.placed(device)
        super().__init__(name, CompletionNetwork(SIZE[0], WIDTH, self.space.channels), device)

    def losses(self, rng: np.random.Generator, done: float) -> dict[str, Tensor]:
        batch = self.training.batch(rng.integers(len(self.training), size=1).tolist())
        batch = batch.cropped(*WINDOW, float(rng.uniform(1.0, 1.3)), rng).flipped(rng)
        coarse = coarse_layouts(batch.labels, batch.instances, self.space.unknown, rng)
        scores = self.network(one_hot(coarse, self.space.channels))
        wrong = F.cross_entropy(scores.float(), batch.labels, ignore_index=self.space.unknown, reduction="none")
        weight = torch.where(coarse == self.space.unknown, 1.0, GIVEN) * (batch.labels != self.space.unknown)
        return {"entropy": (wrong * weight).sum() / weight.sum().clamp(min=1)}

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """Share of the open pixels that are completed rightly, and mean intersection over union of all."""
        network, rng = cast(CompletionNetwork, self.steady()), np.random.default_rng(0)
        batch = self.held_out.batch(list(range(min(limit, len(self.held_out)))))
        coarse = coarse_layouts(batch.labels, batch.instances, self.space.unknown, rng)
        found = torch.stack([complete(network, one, self.space.unknown) for one in coarse])
        is_open = (coarse == self.space.unknown) & (batch.labels != self.space.unknown)
        scores = {
            "open": is_open.float().mean().item(),
            "filled": (found == batch.labels)[is_open].float().mean().item(),
            "iou": mean_iou(found, batch.labels),
        }
        maps = [self.space.palette[part[:SHOWN].cpu().numpy()] for part in (coarse, found, batch.labels)]
        sheet = np.concatenate([np.concatenate(row, axis=1) for row in zip(*maps, strict=True)])
        return Review({key: round(value, 4) for key, value in scores.items()}, sheet)

    def export(self, folder: Path) -> None:
        ship(folder, self.shipped(), {"family": "sims", "part": "completion", "completion_width": WIDTH})
