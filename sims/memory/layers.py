"""The layers that cascaded refinement and the networks of SIMS are made of.

Chen and Koltun, "Photographic Image Synthesis with Cascaded Refinement Networks" (2017), section 3; Qi et al.,
"Semi-parametric Image Synthesis" (2018). Parameters carry the names of the published TensorFlow variables, with "."
for "/", so that official tensors load under official names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zoo.convert.crn import scaled

LAYER_NORM_EPSILON = 1e-12
SLOPE = 0.2  # of the leaky rectifier, below zero
AS_PUBLISHED: Mapping[int, int] = MappingProxyType({})  # no layer's channels are others than the published ones


def channel_counts(width: float, instead: Mapping[int, int]) -> Callable[[int], int]:
    """Channels of a layer by those it has in the published network: the same, or those in `instead`, times `width`."""
    return lambda published: scaled(instead.get(published, published), width)


class LayerNorm(nn.Module):
    """Normalise each sample over height, width and channels together; scale and shift each channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.beta = nn.Parameter(torch.zeros(channels))
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return F.group_norm(x, 1, self.gamma, self.beta, LAYER_NORM_EPSILON)


class ConvNorm(nn.Module):
    """A convolution without bias, layer norm and leaky rectifier; the size stays."""

    def __init__(self, before: int, after: int, kernel: int = 3):
        super().__init__()
        self.weights = nn.Parameter(torch.empty(after, before, kernel, kernel))
        nn.init.xavier_uniform_(self.weights)
        self.LayerNorm = LayerNorm(after)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) -> (B, after, H, W)."""
        x = F.conv2d(x, self.weights, padding=self.weights.shape[-1] // 2)
        return F.leaky_relu(self.LayerNorm(x), SLOPE, inplace=True)  # its backward reads the norm's input alone


class Head(nn.Module):
    """A linear 1x1 convolution with bias."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.weights = nn.Parameter(torch.empty(after, before, 1, 1))
        nn.init.xavier_uniform_(self.weights)
        self.biases = nn.Parameter(torch.zeros(after))

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) -> (B, after, H, W)."""
        return F.conv2d(x, self.weights, self.biases)


def block(name: str, before: int, after: int, count: int) -> nn.Sequential:
    """`count` layers `name`_1, `name`_2, ... in a row."""
    layers = nn.Sequential()
    for number in range(1, count + 1):
        layers.add_module(f"{name}_{number}", ConvNorm(before if number == 1 else after, after))
    return layers


def average_pool(x: Tensor) -> Tensor:
    """3x3 means at every second pixel; at the right and lower edge, means of what lies inside. Sides are even."""
    return F.avg_pool2d(x, 3, 2, ceil_mode=True, count_include_pad=False)


def max_pool(x: Tensor) -> Tensor:
    """3x3 maxima at every second pixel, starting at the first. Sides are even."""
    return F.max_pool2d(x, 3, 2, ceil_mode=True)


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """`x` at `size` (height, width), bilinear between the pixel centres of opposite corners."""
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size, mode="bilinear", align_corners=True)


def doubled(x: Tensor) -> Tensor:
    """`x` at twice its height and width."""
    return resize(x, (2 * x.shape[-2], 2 * x.shape[-1]))
