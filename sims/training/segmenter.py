"""The recipe of `segmenter-world`: a slim VGG-19 segmenter of the street and landscape worlds.

Its features are the perceptual distance of the other recipes, its decisions their layout consistency.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.generator import placed
from sims.label_space import label_space
from sims.training.data import Batch, Frames
from sims.training.shipping import ship
from sims.vgg import Segmenter, folded_batch_norm

WIDTH = 0.25
BATCH = 8
WINDOW = (128, 256)
LEARNING_RATE = 2e-3
LABEL_SPACES = ("street", "landscape")


class SegmenterRecipe:
    """Cross-entropy on random windows of both worlds in turn, with rare classes weighted up."""

    name = "segmenter-world"

    def __init__(self, training: dict[str, Frames], held_out: dict[str, Frames], device: torch.device):
        self.training, self.held_out, self.device = training, held_out, device
        classes = {space: label_space(space).channels for space in LABEL_SPACES}
        self.network = placed(Segmenter(WIDTH, classes, batch_norm=True), device)
        for layer in self.network.trunk.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.optimiser = torch.optim.AdamW(self.network.parameters(), LEARNING_RATE, weight_decay=1e-4)
        self.weights = {
            space: _class_weights(training[space].labels, count).to(device) for space, count in classes.items()
        }

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        space = LABEL_SPACES[int(rng.integers(2))]
        batch = self._windows(self.training[space], rng)
        for group in self.optimiser.param_groups:
            group["lr"] = LEARNING_RATE * max(1e-3, 0.5 * (1 + np.cos(np.pi * done)))
        self.network.train()
        scores = self.network(batch.pictures.contiguous(memory_format=torch.channels_last), space)
        loss = F.cross_entropy(scores.float(), batch.labels, self.weights[space])
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {f"loss_{space}": loss.item()}

    def _windows(self, frames: Frames, rng: np.random.Generator) -> Batch:
        indices = rng.integers(len(frames), size=BATCH).tolist()
        batch = frames.batch(indices, self.device).cropped(*WINDOW, float(rng.uniform(0.5, 1.0)), rng).flipped(rng)
        gain = torch.from_numpy(rng.uniform(0.7, 1.3, (BATCH, 3, 1, 1)).astype(np.float32)).to(self.device)
        return Batch((batch.pictures + 1) * gain - 1, batch.labels, batch.instances)

    def state(self) -> dict[str, object]:
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, object]) -> None:
        self.network.load_state_dict(state["network"])  # type: ignore[arg-type]
        self.optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]

    @torch.no_grad()
    def _decide(self, space: str) -> tuple[Tensor, Tensor]:
        self.network.eval()
        batch = self.held_out[space].batch(list(range(len(self.held_out[space]))), self.device)
        found = torch.cat([self.network(picture[None], space).argmax(1) for picture in batch.pictures])
        return found, batch.labels

    def scores(self) -> dict[str, float]:
        """Share of right pixels and mean intersection over union on whole held-out frames."""
        figures = {}
        for space in LABEL_SPACES:
            found, wanted = self._decide(space)
            figures[f"accuracy_{space}"] = round((found == wanted).float().mean().item(), 4)
            figures[f"iou_{space}"] = round(mean_iou(found, wanted), 4)
        return figures

    def sheet(self) -> np.ndarray:
        rows = []
        for space in LABEL_SPACES:
            palette = label_space(space).palette
            found, wanted = self._decide(space)
            pictures = self.held_out[space].pictures.permute(0, 2, 3, 1).numpy()
            rows += [
                np.concatenate((pictures[i], palette[wanted[i].cpu()], palette[found[i].cpu()]), axis=1)
                for i in range(min(3, len(pictures)))
            ]
        return np.concatenate(rows)[::2, ::2]

    def export(self, folder: Path) -> None:
        tensors = {f"trunk.{key}": value for key, value in folded_batch_norm(self.network.trunk).items()}
        for key, value in self.network.state_dict().items():
            if not key.startswith("trunk."):
                tensors[key] = value
        config = {
            "family": "vgg",
            "width": WIDTH,
            "classes": {space: label_space(space).channels for space in LABEL_SPACES},
        }
        ship(folder, tensors, config)


def mean_iou(found: Tensor, wanted: Tensor) -> float:
    """Mean intersection over union of the classes that occur in `wanted`."""
    ious = []
    for label in wanted.unique():
        a, b = found == label, wanted == label
        ious.append((a & b).sum().item() / (a | b).sum().item())
    return float(np.mean(ious))


def _class_weights(labels: Tensor, count: int) -> Tensor:
    """Inverse square root of each class's share, of mean one over the pixels, at most ten."""
    share = torch.bincount(labels.flatten().long(), minlength=count).float()
    share = share / share.sum()
    weights = share.clamp(min=1e-4).rsqrt()
    return (weights / (weights * share).sum()).clamp(max=10)
