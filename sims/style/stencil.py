"""Symmetric sparse matrices over a regular grid: each cell is coupled to the cells at a few fixed offsets alone.

A matrix couples `m` unknowns a cell; vectors are (m, B, cells), so that B systems are solved side by side. Of every
pair of offsets one half is kept. A coupling that would leave the grid is 0, so a shift of the flattened grid, which
runs on in the next row there, does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Offsets = Sequence[tuple[int, int]]
_STRIP_CELLS = 1 << 16  # of a strip the vectors stay in the cache while all couplings are applied


class Stencil:
    """A matrix by its couplings (offsets, m, m, H, W): entry o, i, j is that of unknown i of a cell with j of its o-th.

    The first of the offsets (down, right) is (0, 0), whose couplings are all there; the others lie later in the grid.
    """

    def __init__(self, couplings: Tensor, offsets: Offsets):
        self.height, self.width = couplings.shape[3:]
        self.unknowns = couplings.shape[1]
        self.couplings = couplings.flatten(3)
        self.offsets = offsets
        self._shifts = [down * self.width + right for down, right in offsets]

    @property
    def cells(self) -> int:
        """How many there are."""
        return self.height * self.width

    def diagonal(self) -> Tensor:
        """Its diagonal, (m, 1, cells)."""
        return self.couplings[0].diagonal().T[:, None].contiguous()

    def times(self, vector: Tensor) -> Tensor:
        """The product with `vector` (m, B, cells)."""
        return self._add_product(torch.zeros_like(vector), vector, 1)

    def residual(self, right: Tensor, vector: Tensor) -> Tensor:
        """`right` less the product with `vector`, both (m, B, cells)."""
        return self._add_product(right.clone(), vector, -1)

    def _add_product(self, total: Tensor, vector: Tensor, factor: float) -> Tensor:
        strip = max(1, _STRIP_CELLS // self.unknowns)
        for start in range(0, self.cells, strip):
            self._add_strip(total, vector, factor, start, min(start + strip, self.cells))
        return total

    def _add_strip(self, total: Tensor, vector: Tensor, factor: float, start: int, end: int) -> None:
        """Add the cells from `start` to `end` of the product, times `factor`."""
        for shift, coupling in zip(self._shifts, self.couplings, strict=True):
            last, first = min(end, self.cells - shift), max(start, shift)
            for unknown in range(self.unknowns):
                if start < last:
                    with_later = coupling[:, unknown, None, start:last]
                    there = vector[unknown, :, start + shift : last + shift]
                    total[:, :, start:last].addcmul_(with_later, there, value=factor)
                if shift and first < end:
                    with_earlier = coupling[unknown, :, None, first - shift : end - shift]
                    there = vector[unknown, :, first - shift : end - shift]
                    total[:, :, first:end].addcmul_(with_earlier, there, value=factor)
