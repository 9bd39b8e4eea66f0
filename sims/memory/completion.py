"""Coarse layouts made dense.

Qi et al., "Semi-parametric Image Synthesis" (2018), complete coarse layouts with a cascaded refinement network before
anything else is done. Their network was not released; this one has a class head where theirs is not described.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sims.crn import CascadedRefinement
from sims.spade_layout import one_hot
from zoo.convert.crn import CLASSES


class CompletionNetwork(CascadedRefinement):
    """Cascaded refinement with one output a channel of the layout: logits of what lies there."""

    def __init__(self, height: int, width: float = 1.0, classes: int = CLASSES):
        super().__init__(height, width, classes, outputs=classes)
        self.classes = classes


@torch.no_grad()
def complete(network: CompletionNetwork, channels: Tensor, void: int) -> Tensor:
    """The layout `channels` (H, W), integers below `network.classes`, with each pixel of channel `void` filled.

    H is the network's height. What the layout tells is kept; the rest takes the likeliest channel that is not `void`.
    """
    given = channels.long()
    scores = network(one_hot(given[None], network.classes))[0]
    scores[void] = -torch.inf
    return torch.where(given == void, scores.argmax(0), given).to(channels.dtype)
