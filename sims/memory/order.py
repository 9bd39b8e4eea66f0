"""The ordering network of SIMS: which of two segments lies in front.

Qi et al., "Semi-parametric Image Synthesis" (2018).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from sims.memory.layers import AS_PUBLISHED, ConvNorm, Head, channel_counts
from sims.memory.transform import Trunk
from zoo.convert.crn import CLASSES
from zoo.convert.sims import ORDER_CODE, TRUNK

NAMES = tuple(f"g_selection_conv{number}" for number in range(1, len(TRUNK) + 1))
CHANNELS = 6  # colours of the pair alone, then of the whole layout
POOLED = (8, 12)  # of the 8x16 features: the published window leaves the four rightmost columns out


class OrderNetwork(Trunk):
    """Logits of the front segment's class; the published one has 20 outputs, 0 for "no pair" and 1..19 the classes.

    `width` scales the published channels; `instead` gives others, for small tests.
    """

    def __init__(self, width: float = 1.0, outputs: int = CLASSES, instead: Mapping[int, int] = AS_PUBLISHED):
        channels = channel_counts(width, instead)
        super().__init__(NAMES, CHANNELS, channels)
        hidden = channels(ORDER_CODE)
        self.g_selection_conv6 = ConvNorm(self.outputs, hidden, kernel=1)
        self.dropout = nn.Dropout(0.5)
        self.g_selection_classify = Head(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, outputs) of (B, 6, 256, 512): the pair in its class colours on black, and the layout's, in [0, 1]."""
        x = F.avg_pool2d(self.features(x), POOLED)
        x = self.g_selection_classify(self.dropout(self.g_selection_conv6(x)))
        return x.flatten(1)
