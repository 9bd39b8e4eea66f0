"""What SPADE layers read: the layout as integers at every resolution, and the modulation it gives, computed exactly.

Three quarters of the published networks' work depends on the layout alone (Park et al. 2019, section 3.1). Kept as
integers, the layout needs no convolution of one-hot channels, and wherever a neighbourhood holds one class only, the
modulation is that class's constant: only the pixels near class boundaries need the full convolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

GATHER_CHANNELS = 64  # gathering a pixel costs about as much as convolving it to this many channels
PIXELS_AT_ONCE = 4096


def one_hot(labels: Tensor, classes: int, edges: Tensor | None = None) -> Tensor:
    """(B, classes [+ 1], h, w) of labels (B, h, w): the one-hot channels, then the edges (B, 1, h, w).

    In the dtype that convolutions will read it in, so that it is not converted before each of them.
    """
    device = labels.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32
    shape = (labels.shape[0], classes + (edges is not None), *labels.shape[1:])
    dense = torch.zeros(shape, dtype=dtype, device=labels.device).contiguous(memory_format=torch.channels_last)
    dense.scatter_(1, labels[:, None], 1)
    if edges is not None:
        dense[:, classes:] = edges
    return dense


class Level:
    """The layout at one resolution.

    `labels` is (B, h, w) int64 channels in 0..classes - 1; `edges` is (B, 1, h, w) float32, 0 or 1, or None.
    """

    def __init__(self, labels: Tensor, edges: Tensor | None, classes: int):
        self.labels, self.edges, self.classes = labels, edges, classes
        self.modulations: dict[int, tuple[Tensor, Tensor]] = {}  # by id of the SPADE layer
        self._taps: dict[int, Tensor] = {}
        self._uniform: dict[int, Tensor] = {}
        self._dense: Tensor | None = None

    def tensors(self) -> list[Tensor]:
        """All that is kept."""
        pairs = [tensor for pair in list(self.modulations.values()) for tensor in pair]
        dense = [] if self._dense is None else [self._dense]
        return [self.labels, *pairs, *list(self._taps.values()), *list(self._uniform.values()), *dense]

    def dense(self) -> Tensor:
        """(B, classes [+ 1], h, w): the one-hot channels, then the edges."""
        if self._dense is None:
            self._dense = one_hot(self.labels, self.classes, self.edges)
        return self._dense

    def taps(self, kernel: int) -> Tensor:
        """(B*h*w, kernel**2): for each pixel and tap the row, in a table by tap and class, that its neighbour picks.

        Neighbours outside the picture pick the row of zeros behind each tap's classes.
        """
        if kernel not in self._taps:
            reach = kernel // 2
            padded = F.pad(self.labels, (reach,) * 4, value=self.classes)
            windows = padded.unfold(1, kernel, 1).unfold(2, kernel, 1)  # (B, h, w, kernel, kernel)
            offsets = torch.arange(kernel**2, device=padded.device) * (self.classes + 1)
            self._taps[kernel] = windows.reshape(-1, kernel**2) + offsets
        return self._taps[kernel]

    def uniform(self, reach: int) -> Tensor:
        """(B, h, w) bool: no other class, no edge and no border within `reach` pixels in either direction."""
        if reach not in self._uniform:
            labels = F.pad(self.labels[:, None].float(), (reach,) * 4, value=-1)
            side = 2 * reach + 1
            same = F.max_pool2d(labels, side, stride=1) == -F.max_pool2d(-labels, side, stride=1)
            if self.edges is not None:
                same &= F.max_pool2d(self.edges, side, stride=1, padding=reach) == 0
            self._uniform[reach] = same[:, 0]
        return self._uniform[reach]


class Pyramid:
    """A layout (B, H, W) of channels, and instance edges (B, 1, H, W) or None, at whatever sizes a network asks for."""

    def __init__(self, labels: Tensor, edges: Tensor | None, classes: int):
        self.labels, self.edges, self.classes = labels, edges, classes
        self._levels: dict[tuple[int, int], Level] = {}

    def at(self, size: tuple[int, int]) -> Level:
        """The layout at (height, width), resampled as the reference does inside the network: floor(i * in / out)."""
        if size not in self._levels:
            labels = F.interpolate(self.labels[:, None].float(), size, mode="nearest")[:, 0].long()
            edges = None if self.edges is None else F.interpolate(self.edges, size, mode="nearest")
            self._levels[size] = Level(labels, edges, self.classes)
        return self._levels[size]

    def bytes(self) -> int:
        """Bytes of all that is kept for the next run with this layout."""
        return sum(t.numel() * t.element_size() for level in list(self._levels.values()) for t in level.tensors())


@dataclass(frozen=True, eq=False)
class Modulation:
    """One SPADE layer's weights, arranged for `compute`.

    `table` ((K*K) * (classes + 1), hidden) holds a row by tap and class, with a row of zeros behind each tap's classes;
    `edge_weight` (hidden, 1, K, K) reads the edge channel; `weight` (2 * C, hidden, K, K) and `bias` (2 * C) give the
    scale and the shift together.
    """

    kernel: int
    table: Tensor
    shared_bias: Tensor
    edge_weight: Tensor | None
    weight: Tensor
    bias: Tensor

    def bytes(self) -> int:
        """Bytes of the two large tensors."""
        return sum(tensor.numel() * tensor.element_size() for tensor in (self.table, self.weight))

    def compute(self, level: Level) -> tuple[Tensor, Tensor]:
        """The scale and the shift, each (B, C, h, w)."""
        hidden = self._hidden(level)
        near = ~level.uniform(2 * (self.kernel // 2))
        channels = len(self.bias) // 2
        if near.float().mean() > channels / (channels + GATHER_CHANNELS):
            both = F.conv2d(hidden.permute(0, 3, 1, 2), self.weight, self.bias, padding=self.kernel // 2)
        else:
            both = self._sparse(hidden, level.labels, near).permute(0, 3, 1, 2)
        scale, shift = both.chunk(2, dim=1)
        return scale, shift

    def _hidden(self, level: Level) -> Tensor:
        """ReLU of the layout's convolution, (B, h, w, hidden), by summing one table row a tap."""
        hidden = F.embedding_bag(level.taps(self.kernel), self.table, mode="sum")
        hidden = hidden.view(*level.labels.shape, -1) + self.shared_bias
        if self.edge_weight is not None and level.edges is not None:
            edges = F.conv2d(level.edges, self.edge_weight, padding=self.kernel // 2)
            hidden = hidden + edges.permute(0, 2, 3, 1)
        return F.relu_(hidden)

    def _sparse(self, hidden: Tensor, labels: Tensor, near: Tensor) -> Tensor:
        """(B, h, w, 2 * C): the class's constant everywhere, then the convolution where `near` is true."""
        classes = self.table.shape[0] // self.kernel**2 - 1
        constant = F.relu(self.table.view(self.kernel**2, classes + 1, -1)[:, :-1].sum(0) + self.shared_bias)
        both = F.embedding(labels, constant @ self.weight.sum((2, 3)).T + self.bias)
        reach = self.kernel // 2
        padded = F.pad(hidden, (0, 0, reach, reach, reach, reach))  # (B, h + 2 * reach, w + 2 * reach, hidden)
        _, rows, columns, width = padded.shape
        steps = torch.arange(self.kernel, device=labels.device)
        window = (steps[:, None] * columns + steps).flatten()  # from a window's first pixel to its others
        matrix = self.weight.permute(2, 3, 1, 0).reshape(-1, len(self.bias))
        for at in near.nonzero().split(PIXELS_AT_ONCE):
            picture, row, column = at.unbind(1)
            first = (picture * rows + row) * columns + column
            features = F.embedding(first[:, None] + window, padded.view(-1, width)).flatten(1)
            both[picture, row, column] = torch.addmm(self.bias, features, matrix)
        return both
