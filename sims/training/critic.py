"""What tells pictures from renders: a residual discriminator on pixels, and heads on the segmenter's features.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), for the residual blocks, the deviation
over the batch and R1 (Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018); Kumari et al.,
"Ensembling Off-the-shelf Models for GAN Training" (2022), for the heads, each of which has a loss of its own.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.segmentation import load_segmenter

TAPS = {"conv2_2": 32, "conv3_4": 64, "conv4_4": 128}  # of the segmenter, with their channels at width 0.25
WIDTHS = (32, 64, 128, 128)  # of the pixels' part, by halvings
HEAD = 64  # channels of a head
BRIGHTNESS, SATURATION, CONTRAST = 0.1, (0.8, 1.2), (0.85, 1.15)


class Critic(nn.Module):
    """Scores patches (B, 3, K, K) in [-1, 1], given where they are; the segmenter stays as it is."""

    def __init__(self, segmenter: Path, patch: int):
        super().__init__()
        self.trunk = load_segmenter(segmenter).trunk
        self.pixels = _PixelCritic(patch)
        self.heads = nn.ModuleList(_Head(channels) for channels in TAPS.values())
        self.learning()

    def learning(self) -> None:
        """All but the trunk goes on learning."""
        self.requires_grad_(True)
        self.trunk.requires_grad_(False)

    def forward(self, pictures: Tensor, place: Tensor) -> list[Tensor]:
        """A list of scores, each (B, ...): the higher the more like a render. `place` is (1, 2, K, K)."""
        place = place.expand(len(pictures), -1, -1, -1)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        scores = [self.pixels(torch.cat((pictures, place), 1))]
        for head, features in zip(self.heads, self.trunk(pictures, list(TAPS)), strict=True):
            where = F.interpolate(place, features.shape[-2:], mode="bilinear")
            scores.append(head(torch.cat((features / features.detach().float().std(), where.to(features)), 1)))
        return [score.float() for score in scores]


class _PixelCritic(nn.Module):
    """Residual halvings, the deviation over the batch, one score a picture."""

    def __init__(self, patch: int):
        super().__init__()
        self.first = nn.Conv2d(5, WIDTHS[0], 3, padding=1)
        self.blocks = nn.ModuleList(_Halving(a, b) for a, b in itertools.pairwise(WIDTHS))
        side = patch >> (len(WIDTHS) - 1)
        self.last = nn.Conv2d(WIDTHS[-1] + 1, WIDTHS[-1], 3, padding=1)
        self.score = nn.Sequential(
            nn.Flatten(), nn.Linear(WIDTHS[-1] * side * side, WIDTHS[-1]), nn.LeakyReLU(0.2), nn.Linear(WIDTHS[-1], 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 5, K, K) -> (B, 1)."""
        x = F.leaky_relu(self.first(x), 0.2)
        for block in self.blocks:
            x = block(x)
        deviation = x.float().var(0, unbiased=False).add(1e-8).sqrt().mean().expand(len(x), 1, *x.shape[2:])
        return self.score(F.leaky_relu(self.last(torch.cat((x, deviation.to(x)), 1)), 0.2))


class _Halving(nn.Module):
    def __init__(self, before: int, after: int):
        super().__init__()
        self.one = nn.Conv2d(before, before, 3, padding=1)
        self.two = nn.Conv2d(before, after, 3, padding=1)
        self.skip = nn.Conv2d(before, after, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / 2, W / 2)."""
        made = F.leaky_relu(self.two(F.avg_pool2d(F.leaky_relu(self.one(x), 0.2), 2)), 0.2)
        return (made + self.skip(F.avg_pool2d(x, 2))) / math.sqrt(2)


class _Head(nn.Module):
    """Scores of patches of one layer's features."""

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 2, HEAD, 1), nn.LeakyReLU(0.2), nn.Conv2d(HEAD, HEAD, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(HEAD, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, h / 2, w / 2)."""
        return self.layers(x)


def gradient_penalty(critic: Critic, real: Tensor, place: Tensor) -> Tensor:
    """R1: the mean squared norm of the scores' gradients at renders, in full precision."""
    with torch.autocast(real.device.type, enabled=False):
        real = real.detach().float().requires_grad_(True)
        total = torch.stack([score.flatten(1).mean(1).sum() for score in critic(real, place)]).sum()
        (gradient,) = torch.autograd.grad(total, real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def coloured(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures (B, 3, H, W), each in other brightness, saturation and contrast, renders and made ones alike.

    Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training" (2020), section 3.
    """

    def draw(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (len(pictures), 1, 1, 1))).to(pictures)

    pictures = pictures + draw(-BRIGHTNESS, BRIGHTNESS)
    grey = pictures.mean(1, keepdim=True)
    pictures = grey + (pictures - grey) * draw(*SATURATION)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return mean + (pictures - mean) * draw(*CONTRAST)
