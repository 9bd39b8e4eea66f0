"""CIPS evaluated: weights folded once a style, and pixels streamed through all layers in chunks.

Exact algebra alone: a style's modulation, the normalisation, the equalised learning rates and the gain of the leaky
rectifier become one matrix a layer. Where the style changes from pixel to pixel, that would be one matrix a pixel;
instead the inputs are scaled by the pixel's modulation and the outputs by its normalisation, which is exact too, and
since the modulation is linear in the share t of the second style, the inverse square of the normalisation is a
quadratic polynomial in t with three coefficients a channel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from sims.bilinear import Bilinear
from sims.cips import EPSILON, GAIN, SLOPE, Cips, Head, ModulatedWeight, ResidualBlock, StyledLayer

CHUNK = 4096  # pixels that go through all layers together

Noise = Callable[[int], Tensor]  # layer that is no head -> (N,) standard normal


@dataclass(frozen=True)
class Fold:
    """One layer in two styles A and B: what it does to x (N, C) with the share t (N,) of B.

    Where both are the same, `matrix` (C', C) holds everything. Else x is first scaled by `scale` + t `change`, and the
    result by the inverse root of the polynomial `norms` (3, C') in t, if it is normalised.
    """

    matrix: Tensor
    shift: Tensor  # (C',)
    noise: float
    scale: Tensor | None = None
    change: Tensor | None = None
    norms: Tensor | None = None

    def __call__(self, x: Tensor, t: Tensor | None, noise: Tensor | None) -> Tensor:
        """(N, C) -> (N, C')."""
        if self.scale is None or self.change is None:
            made = F.linear(x, self.matrix, self.shift)
        else:
            assert t is not None
            share = t[:, None].to(x)
            made = F.linear(torch.addcmul(self.scale, share, self.change).mul_(x), self.matrix)
            if self.norms is not None:
                made.mul_(torch.rsqrt(_polynomial(self.norms, t[:, None])).to(made))
            made.add_(self.shift)
        return made if noise is None else made.add_(self.noise * noise[:, None].to(made))


class Stream:
    """A network with its weights folded for one style (L, D), or for two and everything between them.

    `precision` is "float32" or "bfloat16".
    """

    def __init__(self, network: Cips, styles: Tensor, second: Tensor | None = None, precision: str = "float32"):
        self.network = network
        self.config: Mapping[str, object] = network.config
        self.device = styles.device
        self.type = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.folds: list[Fold] = []
        modules = dict(network.named_modules())
        for index, (name, _, _) in enumerate(network.layers):
            layer = cast(StyledLayer | Head, modules[name])
            self.folds.append(self._fold(layer, styles[index], None if second is None else second[index]))
        self.shortcuts: list[Tensor | None] = []
        if network.config["kind"] == "res":
            blocks = [cast(ResidualBlock, block) for block in list(network.linears)[1:]]
            matrices = [block.shortcut() for block in blocks]
            self.shortcuts = [None if matrix is None else matrix.to(self.type) for matrix in matrices]
        self._table = _EmbeddingTable(network) if network.config["inputs"] != "fourier" else None

    def __call__(self, points: Tensor, t: Tensor | None = None, noise: Noise | None = None) -> Tensor:
        """Colours (N, 3), float32 and unbounded, of points (N, 2); t (N,) is the share of the second style.

        Memory is that of `CHUNK` points; give at most so many. What is given may lie on another device.
        """
        folds, number = iter(self.folds), 0
        points, t = points.to(self.device), None if t is None else t.to(self.device)

        def styled(x: Tensor) -> Tensor:
            nonlocal number
            drawn = None if noise is None else noise(number).to(self.device)
            number += 1
            return self._activated(next(folds)(x, t, drawn))

        x = self._positional(points).to(self.type)
        if self.config["kind"] == "res":
            x = styled(x)
            for matrix in self.shortcuts:
                made = styled(styled(x))
                x = made.add_(x if matrix is None else F.linear(x, matrix)).mul_(1 / math.sqrt(2))
            return next(folds)(x, t, None).float()
        x, colours = styled(x), None
        for _ in range((len(self.network.linears)) // 2):
            x = styled(styled(x))
            if self.config["kind"] == "skip":
                head = next(folds)(x, t, None).float()
                colours = head if colours is None else colours.add_(head)
        return next(folds)(x, t, None).float() if colours is None else colours

    def _fold(self, layer: StyledLayer | Head, first: Tensor, second: Tensor | None) -> Fold:
        head = isinstance(layer, Head)
        rectified = not head and layer.activation == "lrelu"
        gain = GAIN if rectified else 1.0
        shift = ((layer.bias.flatten() if isinstance(layer, Head) else layer.shift()) * gain).to(self.type)
        strength = 0.0 if isinstance(layer, Head) else float(layer.noise.weight) * gain
        order = _bent_apart(layer)
        if second is None or torch.equal(first, second):
            matrix = layer.conv(first[None])[0] * gain
            return Fold(matrix[order].to(self.type).contiguous(), shift[order], strength)
        a, b = (layer.conv.modulation(style[None])[0] for style in (first, second))
        matrix = layer.conv.scaled()[order]
        norms = _norms(layer.conv, matrix, a, b) / gain**2 if layer.conv.demodulate else None
        return Fold(
            matrix.to(self.type).contiguous(),
            shift[order],
            strength,
            a.to(self.type),
            (b - a).to(self.type),
            norms,
        )

    def _activated(self, x: Tensor) -> Tensor:
        """The layer's activation, in place; the gain of the leaky rectifier is in the weights already."""
        if self.config["activation"] == "lrelu":
            return F.leaky_relu_(x, SLOPE)
        if self.config["activation"] == "sin":
            return x.sin_()
        half = (x.shape[1] + 1) // 2  # channels were put in the order in which they are bent apart
        F.leaky_relu_(x[:, :half], SLOPE)
        x[:, half:].sin_()
        return x.mul_(GAIN)

    def _positional(self, points: Tensor) -> Tensor:
        parts = []
        if self.config["inputs"] != "embedding":
            parts.append(self.network.lff["ffm"](self.network.lifted(points)))
        if self._table is not None:
            parts.append(self._table(points))
        return torch.cat(parts, 1) if len(parts) > 1 else parts[0]


class _EmbeddingTable:
    """The embeddings as rows, of which each point takes four: the same as the network's bilinear reading, in one go."""

    def __init__(self, network: Cips):
        self.around = network.config["geometry"] == "cylinder"
        self.table = Bilinear(network.emb.input[0], self.around)

    def __call__(self, points: Tensor) -> Tensor:
        """(N, 2) -> (N, C)."""
        x, y = points.unbind(1)
        width, height = self.table.width, self.table.height
        across = (x / (2 * math.pi) + 0.5) * width - 0.5 if self.around else ((x + 1) * width - 1) / 2
        return self.table(across, ((y + 1) * height - 1) / 2)


def _bent_apart(layer: StyledLayer | Head) -> Tensor | slice:
    """The order of a layer's outputs: those that "sinrelu" rectifies first, as its activation puts them apart."""
    if isinstance(layer, StyledLayer) and layer.activation == "sinrelu":
        count = layer.conv.weight.shape[1]
        return torch.cat((torch.arange(0, count, 2), torch.arange(1, count, 2)))
    return slice(None)


def _norms(conv: ModulatedWeight, matrix: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Coefficients (3, C'), by powers of t, of the sum over inputs of squared weights in the style (1 - t) A + t B."""
    squares = matrix.double().square()
    a, change = a.double(), (b - a).double()
    powers = [squares @ a.square() + EPSILON, 2 * squares @ (a * change), squares @ change.square()]
    return torch.stack(powers).float()


def _polynomial(coefficients: Tensor, t: Tensor) -> Tensor:
    """c0 + c1 t + c2 t^2, (N, C'), for coefficients (3, C') and t (N, 1)."""
    return torch.addcmul(coefficients[0], t, torch.addcmul(coefficients[1], t, coefficients[2]))
