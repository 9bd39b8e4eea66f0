"""CIPS: every pixel is made on its own, from where it is and from a style.

Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis" (2021), section 3, in the key layout
of the authors' checkpoints, plus the cylindrical coordinates of the supplement, section 3.1. These are the networks as
they are trained; `sims.cips_stream` evaluates them, folded and in chunks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zoo.convert import cips as plan

GAIN = math.sqrt(2)  # behind the leaky rectifier, which loses half of the variance
SLOPE = 0.2
EPSILON = 1e-8


class Cips(nn.Module):
    """A generator with this checked configuration (`zoo.convert.cips`): skip, residual or plain."""

    def __init__(self, config: Mapping[str, Any]):
        super().__init__()
        self.config = dict(config)
        self.layers = plan.layers(self.config)  # in the order of per-layer styles
        if config["inputs"] != "embedding":
            self.lff = nn.ModuleDict({"ffm": _Fourier(plan.coordinates(self.config), config["hidden"])})
        if config["inputs"] != "fourier":
            self.emb = _Embedding(config["hidden"], plan.embedding_size(self.config), config["geometry"])
        style = config["style_dim"]
        mapping = [EqualLinear(style, style, config["lr_mlp"], activated=True) for _ in range(config["n_mlp"])]
        self.style = nn.Sequential(PixelNorm(), *mapping)
        self._add_layers(config)

    def _add_layers(self, config: Mapping[str, Any]) -> None:
        style, activation = config["style_dim"], config["activation"]
        found: dict[str, nn.Module] = {}
        for name, before, after in self.layers:
            head = plan.is_head(name)
            found[name] = Head(before, style) if head else StyledLayer(before, after, style, activation)
        if config["kind"] == "res":
            blocks = [ResidualBlock(found[f"linears.{i + 1}.conv1"], found[f"linears.{i + 1}.conv2"])  # type: ignore
                      for i in range(plan.blocks(self.config))]  # fmt: skip
            self.linears = nn.ModuleList([found["linears.0"], *blocks])
        else:
            self.conv1 = found["conv1"]
            self.linears = nn.ModuleList(layer for name, layer in found.items() if name.startswith("linears."))
        if config["kind"] == "skip":
            self.to_rgbs = nn.ModuleList(layer for name, layer in found.items() if plan.is_head(name))
        else:
            self.to_rgb_last = found["to_rgb_last"]

    def forward(self, points: Tensor, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """Colours (B, N, 3), unbounded and meant for [-1, 1], of points (B, N, 2) in styles (B, D) or (B, L, D).

        A point is x and y, each in [-1, 1] (points beyond are allowed), or the angle in radians and y on a cylinder.
        `noise` is (L', B, N), one map for each layer that is no head, or None for none.
        """
        if styles.ndim == 2:
            styles = styles[:, None].expand(-1, len(self.layers), -1)
        each = iter(styles.unbind(1))
        maps = iter(noise) if noise is not None else None
        x = self.positional(points)
        if self.config["kind"] == "res":
            x = self.linears[0](x, next(each), maps and next(maps))
            for block in self.linears[1:]:
                x = block(x, (next(each), next(each)), maps and (next(maps), next(maps)))
            return self.to_rgb_last(x, next(each))
        x = self.conv1(x, next(each), maps and next(maps))
        colours: Tensor | None = None
        for index, layer in enumerate(self.linears):
            x = layer(x, next(each), maps and next(maps))
            if self.config["kind"] == "skip" and index % 2:
                head = self.to_rgbs[index // 2](x, next(each))
                colours = head if colours is None else colours + head
        return self.to_rgb_last(x, next(each)) if colours is None else colours

    def positional(self, points: Tensor) -> Tensor:
        """The positional input (B, N, C) of points (B, N, 2): Fourier features, then embeddings (section 3.1)."""
        parts = []
        with torch.autocast(points.device.type, enabled=False):  # of a phase, half precision leaves nothing
            if self.config["inputs"] != "embedding":
                parts.append(self.lff["ffm"](self.lifted(points)))
            if self.config["inputs"] != "fourier":
                parts.append(self.emb(points))
        return torch.cat(parts, -1) if len(parts) > 1 else parts[0]

    def lifted(self, points: Tensor) -> Tensor:
        """What the Fourier features see of points (B, N, 2): themselves, or cosine, sine and y on a cylinder."""
        if self.config["geometry"] == "plane":
            return points
        angle, y = points.unbind(-1)
        return torch.stack((angle.cos(), angle.sin(), y), -1)


class StyledLayer(nn.Module):
    """A fully connected layer whose weights a style modulates (section 3.2), with noise, bias and activation."""

    def __init__(self, before: int, after: int, style: int, activation: str):
        super().__init__()
        self.conv = ModulatedWeight(before, after, style, demodulate=True)
        self.noise = _Weights(weight=torch.zeros(1))
        self.activation = activation
        if activation == "lrelu":
            self.activate = _Weights(bias=torch.zeros(after))
        else:
            self.bias = nn.Parameter(torch.zeros(1, after, 1, 1))

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None = None) -> Tensor:
        """(B, N, C) -> (B, N, C'); `noise` is (B, N)."""
        x = x @ self.conv(style).transpose(1, 2)
        if noise is not None:
            x = x + self.noise.weight * noise[..., None]
        return activated(x + self.shift().to(x), self.activation)

    def shift(self) -> Tensor:
        """The bias (C',)."""
        return self.activate.bias if self.activation == "lrelu" else self.bias.flatten()


class Head(nn.Module):
    """Colours of features, modulated by a style but not demodulated."""

    def __init__(self, before: int, style: int):
        super().__init__()
        self.conv = ModulatedWeight(before, 3, style, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, 3)."""
        return (x @ self.conv(style).transpose(1, 2)).float() + self.bias.flatten()


class ResidualBlock(nn.Module):
    """Two styled layers beside a shortcut (the class released for the landscapes)."""

    def __init__(self, conv1: StyledLayer, conv2: StyledLayer):
        super().__init__()
        self.conv1, self.conv2 = conv1, conv2
        before, after = conv1.conv.weight.shape[2], conv2.conv.weight.shape[1]
        if before != after:
            self.skip = nn.ModuleList([_Weights(weight=torch.randn(after, before, 1, 1))])

    def forward(self, x: Tensor, styles: tuple[Tensor, Tensor], noise: tuple[Tensor, Tensor] | None) -> Tensor:
        """(B, N, C) -> (B, N, C')."""
        first, second = noise if noise is not None else (None, None)
        made = self.conv2(self.conv1(x, styles[0], first), styles[1], second)
        matrix = self.shortcut()
        return (made + (x if matrix is None else x @ matrix.T)) / math.sqrt(2)

    def shortcut(self) -> Tensor | None:
        """The shortcut's matrix (C', C), or None where it changes nothing."""
        if not hasattr(self, "skip"):
            return None
        weight = cast(_Weights, self.skip[0]).weight.flatten(1)
        return weight / math.sqrt(weight.shape[1])


class ModulatedWeight(nn.Module):
    """A weight of its own for every style: scaled per input by the style, then normalised per output."""

    def __init__(self, before: int, after: int, style: int, demodulate: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, after, before, 1, 1))
        self.modulation = EqualLinear(style, before, bias=1.0)
        self.demodulate = demodulate

    def forward(self, style: Tensor) -> Tensor:
        """Weights (B, C', C) for styles (B, D)."""
        with torch.autocast(style.device.type, enabled=False):
            weight = self.scaled() * self.modulation(style.float())[:, None]
            if self.demodulate:
                weight = weight * (weight.square().sum(2, keepdim=True) + EPSILON).rsqrt()
        return weight

    def scaled(self) -> Tensor:
        """The weight (C', C) with its equalised learning rate, before any style."""
        return self.weight.flatten(1).view(self.weight.shape[1:3]) / math.sqrt(self.weight.shape[2])


class EqualLinear(nn.Module):
    """A linear layer whose stored weights are all of unit scale, divided by the share of the learning rate it has."""

    def __init__(self, before: int, after: int, rate: float = 1.0, bias: float = 0.0, activated: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before) / rate)
        self.bias = nn.Parameter(torch.full((after,), bias))
        self.rate, self.activated = rate, activated

    def forward(self, x: Tensor) -> Tensor:
        """(B, C) -> (B, C')."""
        x = F.linear(x, self.weight * (self.rate / math.sqrt(self.weight.shape[1])), self.bias * self.rate)
        return activated(x, "lrelu") if self.activated else x


class PixelNorm(nn.Module):
    """Every latent to unit mean square."""

    def forward(self, z: Tensor) -> Tensor:
        """(B, D) -> (B, D)."""
        return z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt()


class _Fourier(nn.Module):
    """Sines of learned projections of the coordinates."""

    def __init__(self, coordinates: int, hidden: int):
        super().__init__()
        self.conv = nn.Conv2d(coordinates, hidden, 1)
        nn.init.uniform_(self.conv.weight, -math.sqrt(9 / 2), math.sqrt(9 / 2))

    def forward(self, lifted: Tensor) -> Tensor:
        """(B, N, k) -> (B, N, C)."""
        return torch.sin(F.linear(lifted, self.conv.weight.flatten(1), self.conv.bias))


class _Embedding(nn.Module):
    """Learned vectors on a grid, read bilinearly: clamped at a plane's borders, periodic around a cylinder."""

    def __init__(self, hidden: int, size: tuple[int, int], geometry: str):
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, hidden, *size))
        self.geometry = geometry

    def forward(self, points: Tensor) -> Tensor:
        """(B, N, 2) -> (B, N, C)."""
        grid = points
        values: Tensor = self.input
        if self.geometry == "cylinder":
            columns = values.shape[3]
            values = F.pad(values, (1, 1, 0, 0), mode="circular")  # a column of the other end on either side
            turns = points[..., 0] / (2 * math.pi) + 0.5
            x = (2 * (turns - turns.floor()) - 1) * columns / (columns + 2)
            grid = torch.stack((x, points[..., 1]), -1)
        found = F.grid_sample(values, grid.flatten(0, 1)[None, :, None], padding_mode="border", align_corners=False)
        return found[0, :, :, 0].T.reshape(*points.shape[:2], -1)


class _Weights(nn.Module):
    """Parameters under names of their own, which another module computes with."""

    weight: Tensor
    bias: Tensor

    def __init__(self, **values: Tensor):
        super().__init__()
        for name, value in values.items():
            self.register_parameter(name, nn.Parameter(value))


def activated(x: Tensor, activation: str) -> Tensor:
    """(..., C) behind an activation: "lrelu", "sin", or "sinrelu", which puts the channels it bends by each apart."""
    if activation == "lrelu":
        return F.leaky_relu(x, SLOPE) * GAIN
    if activation == "sin":
        return x.sin()
    return torch.cat((F.leaky_relu(x[..., 0::2], SLOPE), x[..., 1::2].sin()), -1) * GAIN
