"""The losses that generators are trained against: a multi-scale patch discriminator and a perceptual distance."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from sims.perceptual import TAPS, relative_differences
from sims.vgg import VGG19

Features = list[list[Tensor]]  # by scale, then by stage
FLAT = 0.03  # a change between neighbouring pixels, in pictures in [-1, 1], below which a place counts as flat


class PatchDiscriminator(nn.Module):
    """Scores patches of a picture beside its layout (Isola et al. 2017, section 3.2.2), spectrally normalised."""

    def __init__(self, channels: int, width: int = 32):
        super().__init__()
        self.stages = nn.ModuleList()
        widths = (channels, width, 2 * width, 4 * width, 8 * width)
        for index, (before, after) in enumerate(itertools.pairwise(widths)):
            stride = 2 if index < 3 else 1
            convolution: nn.Module = nn.Conv2d(before, after, 4, stride=stride, padding=1)
            if index:
                convolution = nn.Sequential(spectral_norm(convolution), nn.InstanceNorm2d(after))
            self.stages.append(nn.Sequential(convolution, nn.LeakyReLU(0.2)))
        self.score = nn.Conv2d(widths[-1], 1, 4, padding=1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of every stage, then the patch scores."""
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return [*found, self.score(x)]


class Adversary(nn.Module):
    """Two patch discriminators, at full and half resolution, with the hinge loss and feature matching.

    Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs" (2018), section 3.2;
    hinge loss as in SPADE, section 3.2.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.scales = nn.ModuleList((PatchDiscriminator(channels), PatchDiscriminator(channels)))

    def _all(self, layout: Tensor, picture: Tensor) -> Features:
        x = torch.cat((layout.to(picture), picture), dim=1).contiguous(memory_format=torch.channels_last)
        return [self.scales[0](x), self.scales[1](F.avg_pool2d(x, 2))]

    def judge(self, layout: Tensor, real: Tensor, fake: Tensor) -> tuple[Tensor, Features]:
        """The discriminators' own loss, and their features of the real pictures for `fool` to match."""
        both = self._all(layout.repeat(2, 1, 1, 1), torch.cat((real.to(fake), fake.detach())))
        scores = [features[-1].float().chunk(2) for features in both]
        losses = [F.relu(1 - true).mean() + F.relu(1 + false).mean() for true, false in scores]
        wanted = [[feature.detach().chunk(2)[0] for feature in features[:-1]] for features in both]
        return torch.stack(losses).mean(), wanted

    def fool(self, layout: Tensor, fake: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        """The generator's adversarial loss and its feature-matching loss."""
        found = self._all(layout, fake)
        adversarial = torch.stack([-features[-1].float().mean() for features in found]).mean()
        matching = [
            F.l1_loss(a, b).float()
            for one, other in zip(found, wanted, strict=True)
            for a, b in zip(one[:-1], other, strict=True)
        ]
        return adversarial, torch.stack(matching).mean()


def ripples(fake: Tensor, real: Tensor) -> Tensor:
    """How much the picture `fake` changes from pixel to pixel where `real` is flat: a scalar; both (B, 3, H, W).

    Nearest-neighbour doublings of a small seed leave a plaid of faint lines, and adversaries leave halos. Neither makes
    much of a difference from the render, but in its skies, roads and walls both are plain to see.
    """
    parts = []
    for scale in (1, 2, 4):  # the lines are one, two or four pixels apart
        made, wanted = (F.avg_pool2d(picture.float(), scale) for picture in (fake, real))
        for axis in (-1, -2):
            steep = wanted.diff(dim=axis).abs()
            parts.append((F.relu(made.diff(dim=axis).abs() - steep) * torch.exp(-steep / FLAT)).mean())
    return torch.stack(parts).mean()


class PerceptualDistance(nn.Module):
    """Mean relative difference of the segmenter's features (`sims.perceptual`), and of the pictures themselves."""

    def __init__(self, segmenter: Path, width: float, taps: Sequence[str] = TAPS):
        super().__init__()
        self.taps = tuple(taps)
        self.trunk = VGG19(width)
        tensors = load_file(segmenter / "model.safetensors")
        trunk = {
            key.removeprefix("trunk."): value.float() for key, value in tensors.items() if key.startswith("trunk.")
        }
        self.trunk.load_state_dict(trunk)
        self.requires_grad_(False)

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """A scalar; pictures (B, 3, H, W) in [-1, 1]."""
        with torch.no_grad():
            wanted = self.trunk(real, self.taps)
        found = self.trunk(fake, self.taps)
        parts = [F.l1_loss(fake.float(), real.float()), *relative_differences(found, wanted)]
        return torch.stack(parts).mean()
