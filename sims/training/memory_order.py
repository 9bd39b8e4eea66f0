"""The recipe of the ordering network of `sims-street`: which of two touching segments is in front.

Qi et al. 2018, as the released training has it; what is nearer, the rendered depth says.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.label_space import label_space
from sims.memory.composition import ORDERED_AREA
from sims.memory.order import OrderNetwork
from sims.memory.order_data import front_by_depth, pair_picture, training_pairs
from sims.memory.rules import roles
from sims.memory.segments import segments_of
from sims.training.data import Frames
from sims.training.fitting import FittingRecipe
from sims.training.loop import Review
from sims.training.memory_frames import Cases, depth_map
from sims.training.shipping import ship
from sims.world import World

WIDTH = 1 / 8
PAIRS = 8  # a step
ALL = 0.2  # weight of telling the front class among all; telling it between the two that are there has one
DROPOUT = 0.1  # instead of 0.5, which a network this slim does not learn with
SHOWN = 6


class OrderRecipe(FittingRecipe):
    """Cross-entropy of the front segment's class, among all and between the two, over touching pairs of a frame."""

    prefix = "order."
    learning_rate = 2e-3

    def __init__(self, name: str, space: str, world: World, training: Frames, held_out: Frames, device: torch.device):
        self.space, self.roles, self.world = label_space(space), roles(space), world
        self.training, self.held_out = training, held_out
        self.colours = self.space.palette
        network = OrderNetwork(WIDTH)
        network.dropout.p = DROPOUT
        super().__init__(name, network, device)
        self.learnt, self.reviewed = (
            Cases(
                f"{split} frame of {space} has two touching segments of more than {ORDERED_AREA} pixels and of two"
                " classes",
                len(frames),
                partial(self._pairs, frames),
            )
            for split, frames in (("training", training), ("held-out", held_out))
        )

    def losses(self, rng: np.random.Generator, done: float) -> dict[str, Tensor]:
        pictures, outputs = self.learnt.drawn(rng)
        if rng.random() < 0.5:
            pictures = pictures.flip(-1)
        scores = self.network(pictures).float()
        second = outputs[:, 0] == outputs[:, 2]
        return {
            "entropy": ALL * F.cross_entropy(scores, outputs[:, 0]),
            "between": F.cross_entropy(scores.gather(1, outputs[:, 1:]), second.long()),
        }

    def _pairs(self, frames: Frames, index: int, rng: np.random.Generator) -> tuple[Tensor, Tensor] | None:
        """Inputs (N, 6, H, W), and outputs (N, 3): the right one, then those of both, the coarsely nearer one last.

        They are of up to `PAIRS` pairs of a frame; None if it has none.
        """
        labels = frames.labels[index].numpy()
        frame = self.world.read(self.space.name, frames.names[index])
        depth = depth_map(self.world, self.space.name, frame)
        segments = segments_of(labels, self.space.channels - 1, self.roles.thin, ORDERED_AREA)
        pairs = training_pairs(segments, self.roles, lambda one, other: front_by_depth(one, other, depth))
        if not pairs:
            return None
        chosen = [pairs[i] for i in rng.permutation(len(pairs))[:PAIRS]]
        whole = self.colours[labels]
        pictures = np.stack([np.concatenate((pair_picture(a, b, self.colours), whole), 2) for a, b, _ in chosen])
        inputs = torch.from_numpy(pictures).to(self.device).permute(0, 3, 1, 2).float() / 255
        outputs = [[front + 1, a.channel + 1, b.channel + 1] for a, b, front in chosen]
        return inputs, torch.tensor(outputs).to(self.device)

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """The share of touching pairs that are ordered rightly, and the share that the coarse order gets right."""
        network, rng = self.steady(), np.random.default_rng(0)
        right: list[bool] = []
        coarse_right: list[bool] = []
        rows: list[Tensor] = []
        for inputs, outputs in self.reviewed.first(limit, rng):
            second = network(inputs).gather(1, outputs[:, 1:]).argmax(1)  # of the two that are there
            right += (outputs.gather(1, second[:, None] + 1)[:, 0] == outputs[:, 0]).tolist()
            coarse_right += (outputs[:, 2] == outputs[:, 0]).tolist()
            if len(rows) < SHOWN:
                rows.append(torch.cat((inputs[0, :3], inputs[0, 3:]), 2))
        sheet = (torch.cat(rows, 1) * 255).byte().permute(1, 2, 0).cpu().numpy()[::2, ::2]
        scores = {"ordered": float(np.mean(right)), "ordered_coarse": float(np.mean(coarse_right))}
        return Review({key: round(value, 4) for key, value in scores.items()}, sheet)

    def export(self, folder: Path) -> None:
        ship(folder, self.shipped(), {"family": "sims", "part": "order", "order_width": WIDTH})
