"""How different two pictures look to the segmenter: relative differences of the features of its trunk.

Chen and Koltun, "Photographic Image Synthesis with Cascaded Refinement Networks" (2017), equation 1, with each layer
weighed by the inverse of its mean response. The recipes of training and the inversion of CIPS use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sims.generator import placed, silent
from sims.segmentation import NAME, load_segmenter
from sims.vgg import VGG19
from zoo.hub import obtain

TAPS = ("conv2_1", "conv3_1", "conv4_1", "conv5_1")


def relative_differences(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> list[Tensor]:
    """Of each layer, the mean absolute difference of its features (B, C, H, W) over the mean of those `wanted`."""
    return [(F.l1_loss(a, b) / b.mean().clamp(min=1e-6)).float() for a, b in zip(found, wanted, strict=True)]


def looks_apart(made: Tensor, real: Tensor) -> Tensor:
    """The mean relative difference, a scalar, of two pictures (1, 3, H, W) in [-1, 1]; gradients reach `made`.

    Layers that would see less than one pixel of a small picture are left out. Both sides have at least 2 pixels.
    """
    trunk = _trunk(str(made.device))
    taps = [tap for index, tap in enumerate(TAPS, start=1) if min(real.shape[2:]) >> index > 0]
    with torch.no_grad():
        wanted = trunk(real, taps)
    return torch.stack(relative_differences(trunk(made, taps), wanted)).mean()


@cache
def _trunk(device: str) -> VGG19:
    with torch.inference_mode(False):  # gradients are taken through it later, whatever mode is on now
        network = placed(load_segmenter(obtain(NAME, progress=silent).folder), torch.device(device))
    return network.trunk.requires_grad_(False)
