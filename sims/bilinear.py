"""Values on a grid, read between its places."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


class Bilinear:
    """Values (C, h, w), held in rows; places beyond the edges read what is there, or on the other side of a circle.

    Where the values lie with their channels last, the rows are those, and no copy.
    """

    def __init__(self, values: Tensor, around: bool):
        self.height, self.width = values.shape[1:]
        self.rows = values.flatten(1).T.contiguous()
        self.around = around

    def __call__(self, across: Tensor, down: Tensor) -> Tensor:
        """(N, C) at places (N,) counted in columns and in rows, whole numbers at their middles."""
        if not self.around:
            across = across.clamp(0, self.width - 1)
        down = down.clamp(0, self.height - 1)
        left, top = across.floor(), down.floor()
        share, sink = across - left, down - top
        columns = [left % self.width, (left + 1) % self.width if self.around else (left + 1).clamp(max=self.width - 1)]
        rows = [top, (top + 1).clamp(max=self.height - 1)]
        corners = [row * self.width + column for row in rows for column in columns]
        weights = [a * b for a in (1 - sink, sink) for b in (1 - share, share)]
        return F.embedding_bag(
            torch.stack(corners, 1).long(), self.rows, mode="sum", per_sample_weights=torch.stack(weights, 1)
        )
