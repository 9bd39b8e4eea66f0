"""Figures and pictures that say how good a generator is on held-out frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.generator import to_uint8
from sims.label_space import label_space
from sims.segmentation import load_segmenter
from sims.training.adversary import PerceptualDistance
from sims.training.data import Batch
from sims.training.segmenter import mean_iou
from sims.vgg import Segmenter


def figures(made: Tensor, batch: Batch, distance: PerceptualDistance, segmenter: Path, space: str) -> dict[str, float]:
    """Compare pictures (B, 3, H, W) in [-1, 1] with the renders of the same layouts.

    `pixel` is the mean absolute difference in [-1, 1]; `perceptual` the distance of the segmenter's features;
    `consistency` the share of pixels that the segmenter reads in a picture as the layout says, `iou` its mean
    intersection over union, and `*_render` the same for the renders. As the segmenter's features are also what the
    generators were trained by, it can read their pictures better than renders.
    """
    judge = load_segmenter(segmenter).to(made.device)
    found = {"": _read(judge, made, space), "_render": _read(judge, batch.pictures, space)}
    distances = [distance(a[None], b[None]).item() for a, b in zip(made, batch.pictures, strict=True)]
    result = {
        "pixel": F.l1_loss(made.float(), batch.pictures).item(),
        "perceptual": float(np.mean(distances)),
    }
    for suffix, labels in found.items():
        result[f"consistency{suffix}"] = (labels == batch.labels).float().mean().item()
        result[f"iou{suffix}"] = mean_iou(labels, batch.labels)
    return {name: round(value, 4) for name, value in result.items()}


def _read(judge: Segmenter, pictures: Tensor, space: str) -> Tensor:
    return torch.cat([judge(picture[None].float(), space).argmax(1) for picture in pictures])


def picture_rows(made: Tensor, batch: Batch, space: str, count: int) -> np.ndarray:
    """Layout, result and render of the first `count` pictures, one row each, RGB uint8."""
    palette = label_space(space).palette
    rows = []
    for picture, labels, render in zip(made[:count], batch.labels, batch.pictures, strict=False):
        parts = [palette[labels.cpu().numpy()], to_uint8(picture[None]), to_uint8(render[None])]
        rows.append(np.concatenate(parts, axis=1))
    return np.concatenate(rows)
