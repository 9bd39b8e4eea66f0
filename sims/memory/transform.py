"""The transformation network of SIMS and the affine warp it steers: a retrieved segment moved to fit its place.

Qi et al., "Semi-parametric Image Synthesis" (2018); the warp is the spatial transformer of Jaderberg et al. (2015)
in pixel coordinates, as the published code writes it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.memory.layers import AS_PUBLISHED, average_pool, block, channel_counts, max_pool, resize
from zoo.convert.crn import CLASSES
from zoo.convert.sims import CANVAS, TRANSFORM_BLOCKS, TRUNK

BASE = 256  # height of the network's input; larger pictures are reduced to it
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class Trunk(nn.Module):
    """Five blocks, each followed by a pool: the first pool takes means, the others maxima.

    The base of the transformation and the ordering network; `names` are those of its blocks.
    """

    def __init__(self, names: tuple[str, ...], before: int, channels: Callable[[int], int]):
        super().__init__()
        self.names = names
        for name, (published, count) in zip(names, TRUNK, strict=True):
            self.add_module(name, block(name, before, channels(published), count))
            before = channels(published)
        self.outputs = before

    def features(self, x: Tensor) -> Tensor:
        """(B, C, H / 32, W / 32) of (B, before, H, W); sides are multiples of 32."""
        for number, name in enumerate(self.names):
            x = self.get_submodule(name)(x)
            x = max_pool(x) if number else average_pool(x)
        return x


class TransformNetwork(Trunk):
    """An affine map that fits a retrieved segment, the proposal, to the mask it is to fill."""

    def __init__(self, width: float = 1.0, classes: int = CLASSES):
        super().__init__(TRANSFORM_BLOCKS, classes + CANVAS, channel_counts(width, AS_PUBLISHED))
        self.g_transform_param = nn.Parameter(torch.zeros(len(IDENTITY), self.outputs))
        self.g_b_fc1 = nn.Parameter(torch.tensor(IDENTITY))

    def forward(self, proposal: Tensor, mask: Tensor, layout: Tensor) -> Tensor:
        """(B, 6): theta for `warp`, two rows of an affine map in pixels of the proposal.

        `proposal` is RGB (B, 3, H, W) in [0, 1], black outside the segment, `mask` (B, 1, H, W) the place to fill,
        `layout` (B or 1, classes, H, W) one-hot. H is 256, or a multiple of it that is reduced to 256.
        """
        x = torch.cat((proposal, mask, layout.expand(len(proposal), -1, -1, -1)), 1)
        times = max(1, x.shape[-2] // BASE)
        x = self.features(resize(x, (x.shape[-2] // times, x.shape[-1] // times)))
        return F.linear(x.mean((2, 3)), self.g_transform_param, self.g_b_fc1)


def theta_for_test(theta: Tensor) -> Tensor:
    """`theta` rounded to whole numbers, halves to even, as the published code does at test time.

    What is left in practice is a translation by whole pixels.
    """
    return torch.round(theta)


def warp(image: Tensor, theta: Tensor) -> Tensor:
    """(B, C, H, W) of `image` (B, C, H, W): at (x, y), counted from (W // 2, H // 2), the picture at theta (x, y, 1).

    `theta` (B, 6) holds two rows of three numbers. Bilinear; zero outside, and, as in the published code, zero in what
    would be read from the last row or column, even by the identity. Differentiable in both.
    """
    if theta.requires_grad and torch.is_grad_enabled():
        return _sampled(image, theta)
    warped = [
        _sampled(one[None], row[None]) if (shift := _whole_shift(one, row)) is None else _shifted(one, *shift)[None]
        for one, row in zip(image, theta, strict=True)
    ]
    return torch.cat(warped)


def _whole_shift(image: Tensor, theta: Tensor) -> tuple[int, int] | None:
    """(x, y) where the map is a translation by whole pixels, which needs no interpolation."""
    a, b, x, c, d, y = theta.tolist()
    even = image.shape[-2] % 2 == image.shape[-1] % 2 == 0
    return (int(x), int(y)) if even and (a, b, c, d) == (1, 0, 0, 1) and x % 1 == y % 1 == 0 else None


def _shifted(image: Tensor, x: int, y: int) -> Tensor:
    """`out[..., r, c] = image[..., r + y, c + x]` where that lies before the last row and column, else zero."""
    out = torch.zeros_like(image)
    height, width = image.shape[-2] - 1, image.shape[-1] - 1
    rows, columns = range(max(0, -y), min(height + 1, height - y)), range(max(0, -x), min(width + 1, width - x))
    if rows and columns:
        out[:, rows.start : rows.stop, columns.start : columns.stop] = image[
            :, rows.start + y : rows.stop + y, columns.start + x : columns.stop + x
        ]
    return out


def _sampled(image: Tensor, theta: Tensor) -> Tensor:
    """The general case of `warp`.

    The four neighbours are clamped to the picture before their weights are formed, so that beyond its border weights
    vanish or cancel.
    """
    batch, channels, height, width = image.shape
    x, y = _read_from(theta, height, width)
    left, top = x.detach().floor(), y.detach().floor()
    x0, x1 = left.clamp(0, width - 1), (left + 1).clamp(0, width - 1)
    y0, y1 = top.clamp(0, height - 1), (top + 1).clamp(0, height - 1)
    pixels = image.flatten(2)

    def at(row: Tensor, column: Tensor) -> Tensor:
        index = (row * width + column).long()[:, None].expand(-1, channels, -1)
        return pixels.gather(2, index)

    out = (
        ((x1 - x) * (y1 - y))[:, None] * at(y0, x0)
        + ((x1 - x) * (y - y0))[:, None] * at(y1, x0)
        + ((x - x0) * (y1 - y))[:, None] * at(y0, x1)
        + ((x - x0) * (y - y0))[:, None] * at(y1, x1)
    )
    return out.view(batch, channels, height, width)


def _read_from(theta: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Columns and rows (B, H * W), in pixels, that each pixel of the result is read from."""
    middle_x, middle_y = width // 2, height // 2
    theta = theta.to(torch.promote_types(theta.dtype, torch.float32))  # autocast gives numbers of eight bits
    x = torch.linspace(-middle_x, middle_x - 1, width, dtype=theta.dtype, device=theta.device)
    y = torch.linspace(-((height + 1) // 2), middle_y - 1, height, dtype=theta.dtype, device=theta.device)
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    # Not as a matrix product, which autocast would round again.
    a, b, shift_x, c, d, shift_y = theta[:, :, None].unbind(1)  # (B, 1) each
    columns, rows = columns.flatten(), rows.flatten()
    return a * columns + b * rows + shift_x + middle_x, c * columns + d * rows + shift_y + middle_y
