"""The recipes of the synthesis network of `sims-street` and of the two that leave something out.

Qi et al. 2018, and the supplement's ablations: the complete model learns from simulated canvases, one from
canvases without their faults, and one from the layout alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.generator import placed, to_uint8
from sims.label_space import label_space
from sims.memory.synthesis import SynthesisNetwork, network_input
from sims.spade_layout import one_hot
from sims.training.adversary import PerceptualDistance
from sims.training.crn_losses import TAPS
from sims.training.data import SIZE, Frames
from sims.training.fitting import FittingRecipe
from sims.training.loop import Review
from sims.training.memory_frames import Canvases
from sims.training.scores import figures
from sims.training.shipping import ship

WIDTH = 1 / 8
WINDOW = (256, 256)
WHOLE_FROM = 0.7  # share of the time after which whole frames are seen instead of windows
SEMANTIC = 0.1  # weight of the head that recovers the layout
SHOWN = 6


class SynthesisRecipe(FittingRecipe):
    """The perceptual distance from the frame, and the cross-entropy of its layout."""

    prefix = "synthesis."

    def __init__(
        self, name: str, space: str, canvases: Canvases, held_out: Frames, segmenter: Path, device: torch.device
    ):
        self.space = label_space(space)
        self.canvases, self.held_out, self.segmenter = canvases, held_out.placed(device), segmenter
        self.training = canvases.frames.placed(device)
        self.distance = placed(PerceptualDistance(segmenter, width=0.25, taps=TAPS), device)
        super().__init__(name, SynthesisNetwork(SIZE[0], WIDTH, self.space.channels), device)

    def losses(self, rng: np.random.Generator, done: float) -> dict[str, Tensor]:
        index = int(rng.integers(len(self.training)))
        batch = self.training.batch([index])
        canvas, labels = self.canvases.of_frame(index, rng)
        given = self._given(canvas, labels)
        picture, wanted = batch.pictures, batch.labels
        if rng.random() < 0.5:
            given, picture, wanted = given.flip(-1), picture.flip(-1), wanted.flip(-1)
        if done < WHOLE_FROM:
            left = int(rng.integers(SIZE[1] - WINDOW[1] + 1))
            given, picture, wanted = (part[..., left : left + WINDOW[1]] for part in (given, picture, wanted))
        made, logits = self.network(given.contiguous(memory_format=torch.channels_last))
        return {
            "distance": self.distance(made, picture),
            "semantic": SEMANTIC * F.cross_entropy(logits.float(), wanted),
        }

    def _given(self, canvas: np.ndarray, labels: np.ndarray) -> Tensor:
        """What the network reads, (1, classes + 4, H, W), of a canvas (H, W, 3) uint8 and its layout (H, W)."""
        layout = one_hot(torch.from_numpy(labels.astype(np.int64))[None].to(self.device), self.space.channels)
        return network_input(layout, canvas)

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """Held-out figures; canvas, picture and render of a few frames."""
        network, rng = self.steady(), np.random.default_rng(0)
        batch = self.held_out.batch(list(range(min(limit, len(self.held_out)))))
        made: list[Tensor] = []
        rows: list[np.ndarray] = []
        for one in batch.singly():
            picture, labels = to_uint8(one.pictures), one.labels[0].cpu().numpy().astype(np.uint8)
            canvas, adapted = self.canvases.of_picture(picture, labels, None, rng)
            made.append(network(self._given(canvas, adapted))[0].clamp(-1, 1))
            if len(rows) < SHOWN:
                rows.append(np.concatenate((canvas, to_uint8(made[-1]), picture), axis=1))
        scores = figures(torch.cat(made), batch, self.distance, self.segmenter, self.space.name)
        return Review(scores, np.concatenate(rows))

    def export(self, folder: Path) -> None:
        ship(folder, self.shipped(), {"family": "sims", "part": "synthesis", "synthesis_width": WIDTH})
