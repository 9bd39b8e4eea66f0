"""The recipe of `segmenter-world`: a slim VGG-19 segmenter of the street and landscape worlds.

Its features are the perceptual distance of the other recipes, its decisions their layout consistency.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.generator import placed, to_uint8
from sims.label_space import label_space
from sims.training.data import Batch, Frames
from sims.training.loop import Review
from sims.training.shipping import ship
from sims.vgg import Segmenter, folded_batch_norm
from zoo.errors import ZooError

WIDTH = 0.25
WINDOW = (192, 384)
SCALES = (0.75, 1.25)  # of the frames, so that whole frames lie in the middle of what it has seen
BATCH = {"cpu": 4, "cuda": 32}
LEARNING_RATE = 2e-3
WARM_UP = 0.03  # share of the time in which the learning rate rises
LABEL_SPACES = ("street", "landscape")
SHOWN = 3  # held-out frames of each space on a sheet


class SegmenterRecipe:
    """Cross-entropy on random windows of both worlds in turn, with rare classes weighted up."""

    name = "segmenter-world"
    also = ""

    def __init__(self, training: dict[str, Frames], held_out: dict[str, Frames], device: torch.device):
        self.device = device
        self.training = {space: frames.placed(device) for space, frames in training.items()}
        self.held_out = {space: frames.placed(device) for space, frames in held_out.items()}
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
            group["lr"] = LEARNING_RATE * max(1e-3, min(done / WARM_UP, 0.5 * (1 + math.cos(math.pi * done))))
        self.network.train()
        scores = self.network(batch.pictures.contiguous(memory_format=torch.channels_last), space)
        loss = F.cross_entropy(scores.float(), batch.labels, self.weights[space])
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {f"loss_{space}": loss.item()}

    def _windows(self, frames: Frames, rng: np.random.Generator) -> Batch:
        indices = rng.integers(len(frames), size=BATCH[self.device.type]).tolist()
        batch = frames.batch(indices).cropped(*WINDOW, float(rng.uniform(*SCALES)), rng).flipped(rng)
        gain = torch.from_numpy(rng.uniform(0.8, 1.25, (len(indices), 3, 1, 1)).astype(np.float32)).to(self.device)
        return Batch((batch.pictures + 1) * gain - 1, batch.labels, batch.instances)

    def state(self) -> dict[str, object]:
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, object]) -> None:
        self.network.load_state_dict(state["network"])  # type: ignore[arg-type]
        self.optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]

    def adopt(self, folder: Path) -> None:
        raise ZooError("A segmenter ships with its batch norms folded and cannot be trained on; leave out --start.")

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """Share of right pixels and mean intersection over union on whole held-out frames; picture, layout, reading."""
        self.network.eval()
        scores, rows = {}, []
        for space, frames in self.held_out.items():
            batch = frames.batch(list(range(min(limit, len(frames)))))
            found = torch.cat([self.network(one.pictures, space).argmax(1) for one in batch.singly()])
            scores[f"accuracy_{space}"] = round((found == batch.labels).float().mean().item(), 4)
            scores[f"iou_{space}"] = round(mean_iou(found, batch.labels), 4)
            palette = label_space(space).palette
            for picture, wanted, read in zip(batch.pictures[:SHOWN], batch.labels, found, strict=False):
                maps = [palette[labels.cpu().numpy()] for labels in (wanted, read)]
                rows.append(np.concatenate((to_uint8(picture[None]), *maps), axis=1))
        return Review(scores, np.concatenate(rows)[::2, ::2])

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
    """Inverse square root of each class's share, of mean one over the pixels, at most four."""
    share = torch.bincount(labels.flatten(), minlength=count).float()
    share = share / share.sum()
    weights = share.clamp(min=1e-4).rsqrt()
    return (weights / (weights * share).sum()).clamp(max=4)
