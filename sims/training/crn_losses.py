"""The perceptual losses of cascaded refinement and of SIMS, as the published code computes them.

Chen and Koltun, "Photographic Image Synthesis with Cascaded Refinement Networks" (2017), sections 3.3 and 3.4; Qi et
al., "Semi-parametric Image Synthesis" (2018). All compare lists of feature maps, those of the made pictures
(P, C, h, w) and of the real one (1, C, h, w), layer by layer; each layer's error is multiplied by its weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

from sims.memory.layers import resize
from sims.vgg import VGG19

TAPS = ("conv1_2", "conv2_2", "conv3_2", "conv4_2", "conv5_2")
MEAN_COLOUR = (123.68, 116.779, 103.939)  # of ImageNet, red, green and blue
BEST = 0.999  # weight of the best picture in the diversity loss; the mean of all pictures has the rest

# Of the picture itself and of the layers of TAPS, by published model.
LAYER_WEIGHTS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "256p": (1, 1 / 1.6, 1 / 2.3, 1 / 1.8, 1 / 2.8, 10 / 0.8),
        "gta": (1, 1 / 1.4, 1 / 1.8, 1 / 1.3, 1 / 2.2, 10 / 0.62),
        "512p": (1, 1 / 2.6, 1 / 4.8, 1 / 3.7, 1 / 5.6, 10 / 1.5),  # 1024p and SIMS too
    }
)


def vgg_features(network: VGG19, pictures: Tensor) -> list[Tensor]:
    """What the losses compare: pictures (B, 3, H, W) in 0..255 themselves, then the layers of `TAPS`.

    `network` has average pooling; H and W are multiples of 16.
    """
    centred = pictures - pictures.new_tensor(MEAN_COLOUR)[:, None, None]
    return [centred, *network(centred, TAPS)]


def plain_terms(made: Sequence[Tensor], real: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """(layers,): mean absolute differences."""
    parts = [weight * (a - b).abs().mean() for a, b, weight in zip(made, real, weights, strict=True)]
    return torch.stack(parts)


def layout_terms(made: Sequence[Tensor], real: Sequence[Tensor], layout: Tensor, weights: Sequence[float]) -> Tensor:
    """(layers,): absolute differences, averaged where the one-hot layout (1, classes, H, W) names a class.

    The form of SIMS; with a class at every pixel it is `plain_terms`.
    """
    parts = []
    for a, b, weight in zip(made, real, weights, strict=True):
        named = resize(layout, (a.shape[-2], a.shape[-1])).sum(1)
        parts.append(weight * (named * (a - b).abs().mean(1)).mean())
    return torch.stack(parts)


def class_errors(made: Sequence[Tensor], real: Sequence[Tensor], layout: Tensor, weights: Sequence[float]) -> Tensor:
    """(P, classes): what each picture gets wrong in each class of the one-hot layout (1, classes, H, W)."""
    errors = layout.new_zeros(len(made[0]), layout.shape[1])
    for a, b, weight in zip(made, real, weights, strict=True):
        area = F.interpolate(layout, a.shape[-2:], mode="area")
        difference = (a - b).abs().mean(1, keepdim=True)
        errors = errors + weight * (difference * area).mean((2, 3))
    return errors


def diversity_loss(errors: Tensor) -> Tensor:
    """The scalar loss of `class_errors`: each class pulls on the picture that shows it best (section 3.4)."""
    return BEST * errors.amin(0).sum() + (1 - BEST) * errors.mean(0).sum()
