"""Coarse layouts made from dense ones, as an annotator in a hurry, or a person with a brush, would draw them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

THIN = 150  # pixels at 256x512, below which an object is likely to be left out
LEFT_OUT = {"small": 0.6, "large": 0.1}
HOLES = 0.5  # probability that a part of the picture was not labelled at all
SIDE = (24, 160)  # pixels, of such a part


def coarse_layouts(labels: Tensor, instances: Tensor, void: int, rng: np.random.Generator) -> Tensor:
    """Coarse layouts (B, H, W) int64 of `labels` and `instances` (B, H, W); what they leave open is `void`.

    Outlines keep a distance from the true ones and run in coarse steps, small objects are often missing, and parts of
    the picture may be empty. Cordts et al., "The Cityscapes Dataset" (2016), section 2.2, describes such annotations.
    """
    return torch.stack([_coarse(*one, void, rng) for one in zip(labels, instances, strict=True)])


def _coarse(labels: Tensor, instances: Tensor, void: int, rng: np.random.Generator) -> Tensor:
    things, areas = torch.unique(instances, return_counts=True)
    odds = np.where(areas.cpu().numpy() < THIN, LEFT_OUT["small"], LEFT_OUT["large"])
    missing = torch.from_numpy(rng.random(len(odds)) < odds).to(labels.device) & (things > 0)
    kept = labels.clone()
    kept[torch.isin(instances, things[missing])] = void

    # Objects keep a smaller distance than ground and sky, or most of them would vanish.
    identity = (labels + (void + 1) * instances.to(labels)).float()[None, None]
    near, far = (_inside(identity, int(rng.integers(low, high)))[0, 0] for low, high in ((0, 3), (2, 9)))
    kept[~torch.where(instances > 0, near, far)] = void

    step = int(rng.choice((1, 2, 4)))
    stepped = kept[step // 2 :: step, step // 2 :: step]
    stepped = stepped.repeat_interleave(step, 0).repeat_interleave(step, 1)[: labels.shape[0], : labels.shape[1]]
    if rng.random() < HOLES:
        for _ in range(int(rng.integers(1, 5))):
            height, width = rng.integers(*SIDE, size=2)
            top, left = rng.integers(labels.shape[0]), rng.integers(labels.shape[1])
            stepped[top : top + height, left : left + width] = void
    return stepped


def _inside(identity: Tensor, distance: int) -> Tensor:
    """Whether all within `distance` pixels (in rows or columns) is the same thing; (1, 1, H, W)."""
    if distance == 0:
        return torch.ones_like(identity, dtype=torch.bool)
    window = (2 * distance + 1, 1, distance)
    highest = F.max_pool2d(identity, *window)
    lowest = -F.max_pool2d(-identity, *window)
    return highest == lowest
