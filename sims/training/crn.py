"""The recipe of `crn-street`: a slim cascaded refinement network that makes several pictures of a layout.

Chen and Koltun 2017: the perceptual loss of section 3.3 and the diversity loss of section 3.4, with the segmenter's
features in the place of VGG's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sims.crn import CascadedRefinement, pictures_of
from sims.generator import placed
from sims.label_space import label_space
from sims.spade_layout import one_hot
from sims.training.adversary import PerceptualDistance
from sims.training.crn_losses import TAPS, class_errors, diversity_loss
from sims.training.data import SIZE, Batch, Frames
from sims.training.fitting import FittingRecipe
from sims.training.loop import Review
from sims.training.scores import figures, picture_rows
from sims.training.shipping import ship

WIDTH = 3 / 32
PICTURES = 3
WINDOW = (256, 256)
SHOWN = 6


class CrnRecipe(FittingRecipe):
    """Every class of a layout pulls on the picture that shows it best (equation 4)."""

    def __init__(self, space: str, training: Frames, held_out: Frames, segmenter: Path, device: torch.device):
        self.space = label_space(space)
        self.training, self.held_out = training.placed(device), held_out.placed(device)
        self.segmenter = segmenter
        self.distance = placed(PerceptualDistance(segmenter, width=0.25), device)
        network = CascadedRefinement(SIZE[0], WIDTH, self.space.channels, 3 * PICTURES)
        super().__init__(f"crn-{space}", network, device)

    def losses(self, rng: np.random.Generator, done: float) -> dict[str, Tensor]:
        batch = self.training.batch(rng.integers(len(self.training), size=1).tolist())
        batch = batch.cropped(*WINDOW, float(rng.uniform(1.0, 1.3)), rng).flipped(rng)
        layout = one_hot(batch.labels, self.space.channels)
        made = pictures_of(self.network(layout))[0]  # (P, 3, H, W)
        with torch.no_grad():
            wanted = [batch.pictures, *self.distance.trunk(batch.pictures, TAPS)]
        found = [made, *self.distance.trunk(made, TAPS)]
        # Each layer counts by the inverse of its mean response, as the paper has it.
        weights = [1 / (len(wanted) * response.abs().mean().item()) for response in wanted]
        return {"diversity": diversity_loss(class_errors(found, wanted, layout, weights))}

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """Held-out figures of the first picture, and layout, that picture and the render of a few frames."""
        network = self.steady()
        batch: Batch = self.held_out.batch(list(range(min(limit, len(self.held_out)))))
        layouts = (one_hot(one.labels, self.space.channels) for one in batch.singly())
        made = torch.cat([pictures_of(network(layout))[:, 0] for layout in layouts]).clamp(-1, 1)
        scores = figures(made, batch, self.distance, self.segmenter, self.space.name)
        return Review(scores, picture_rows(made, batch, self.space.name, SHOWN))

    def export(self, folder: Path) -> None:
        config = {"family": "crn", "size": list(SIZE), "width": WIDTH, "pictures": PICTURES}
        ship(folder, self.shipped(), {**config, "label_space": self.space.name})
