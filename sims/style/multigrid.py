"""A multigrid cycle for matrices that almost vanish on a few known vectors, locally: aggregation on a regular grid.

Vanek, Mandel and Brezina, "Algebraic Multigrid by Smoothed Aggregation for Second and Fourth Order Elliptic Problems"
(1996), section 4, with the aggregates squares of a grid and the interpolation not smoothed: in each square the
candidates (near-kernel vectors) are orthonormalised, and become its unknowns one level further up. There the unknowns
of each cell are chosen such that its own block of the matrix is the identity, so that the smoother is a block one. All
levels are grids of cells with a few unknowns, so that every operation is a product of shifted arrays.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from sims.style.stencil import Stencil

COARSE_OFFSETS = ((0, 0), (0, 1), (1, -1), (1, 0), (1, 1))
_SIDE = 3  # of the squares; two cells are coupled across one square at most
_FIRST_DEGREE, _DEGREE = 1, 8  # of the smoothers; it is on the coarse levels that much is to be gained
_STRIP_ROWS = 32  # of squares, that the work in float64 needs little room
_DIRECT = 1024  # unknowns, at most, of the last level
_LANCZOS_STEPS, _LANCZOS_END = 20, 1e-5
_MARGIN = 1.1  # what Lanczos' method may lack
_DEPENDENT = 1e-4  # of its length is left of a candidate that says nothing new in a square


class Multigrid:
    """About the inverse of a positive definite matrix: one symmetric V-cycle."""

    def __init__(self, matrix: Stencil, candidates: Tensor, tick: Callable[[], None]):
        """`candidates` is (m, k, H, W) float32: k vectors of the m unknowns of each cell.

        `tick` is called now and then while the levels are made; what it raises ends the work. Raises `ArithmeticError`
        where rounding has left the last level indefinite.
        """
        self._levels: list[tuple[Stencil, _Chebyshev, _Aggregates]] = []
        while matrix.unknowns * matrix.cells > _DIRECT:
            aggregates = _Aggregates(candidates, _SIDE)
            self._levels.append((matrix, _Chebyshev(matrix, _DEGREE if self._levels else _FIRST_DEGREE), aggregates))
            matrix, candidates = aggregates.coarse(matrix, tick), aggregates.candidates
        self._factor, failed = torch.linalg.cholesky_ex(_dense(matrix))
        if failed:
            raise ArithmeticError("The coarsest level of the smoothing is not positive definite for this picture.")

    def __call__(self, right: Tensor, level: int = 0) -> Tensor:
        """About the solution (m, B, cells) for a right side of the same shape."""
        if level == len(self._levels):
            return self._direct(right)
        matrix, smoother, aggregates = self._levels[level]
        solution = smoother.improve(torch.zeros_like(right), right, right)
        found = self(aggregates.restrict(matrix.residual(right, solution)), level + 1)
        solution += aggregates.prolong(found)
        return smoother.improve(solution, right, matrix.residual(right, solution))

    def _direct(self, right: Tensor) -> Tensor:
        unknowns, systems, cells = right.shape
        columns = right.transpose(1, 2).reshape(-1, systems).double()
        found = torch.cholesky_solve(columns, self._factor).float()
        return found.view(unknowns, cells, systems).transpose(1, 2).contiguous()


class _Chebyshev:
    """A smoother: the polynomial of the matrix, scaled by its diagonal, that is smallest on its upper spectrum."""

    def __init__(self, matrix: Stencil, degree: int):
        self._matrix, self._degree = matrix, degree
        self._scale = matrix.diagonal().reciprocal()
        largest = _MARGIN * _largest_eigenvalue(matrix, self._scale)
        smallest = largest / (2 * degree * degree)
        self._middle, self._half = (largest + smallest) / 2, (largest - smallest) / 2

    def improve(self, solution: Tensor, right: Tensor, residual: Tensor) -> Tensor:
        """`solution` with the upper spectrum of its error damped, in place; `residual` is what it leaves of `right`."""
        step = residual * (self._scale / self._middle)
        solution += step
        ratio = self._middle / self._half
        weight = 1 / ratio
        for _ in range(self._degree - 1):
            after = 1 / (2 * ratio - weight)
            residual = self._matrix.residual(right, solution).mul_(self._scale)
            step.mul_(after * weight).add_(residual, alpha=2 * after / self._half)
            solution += step
            weight = after
        return solution


def _largest_eigenvalue(matrix: Stencil, scale: Tensor) -> float:
    """That of the matrix scaled by `scale` (m, 1, cells) on both sides of its root, from below, by Lanczos' method."""
    root = scale.sqrt()
    vector = torch.randn(scale.shape, generator=torch.Generator().manual_seed(0))
    vector /= vector.norm()
    before, off = torch.zeros_like(vector), 0.0
    diagonal, beside = [], []
    for _ in range(_LANCZOS_STEPS):
        image = matrix.times(vector * root).mul_(root).sub_(before, alpha=off)
        diagonal.append(float(torch.sum(image * vector)))
        image.sub_(vector, alpha=diagonal[-1])
        off = float(image.norm())
        if off < _LANCZOS_END:
            break
        beside.append(off)
        before, vector = vector, image / off
    size = len(diagonal)
    beside_both = torch.diag(torch.tensor(beside[: size - 1]), 1)
    return float(torch.linalg.eigvalsh(torch.diag(torch.tensor(diagonal)) + beside_both + beside_both.T)[-1])


class _Aggregates:
    """The squares of `side` cells of a grid, and in each an orthonormal basis of the candidates there."""

    def __init__(self, candidates: Tensor, side: int):
        self._unknowns, _, self._height, self._width = candidates.shape
        self._side = side
        self.rows, self.columns = -(-self._height // side), -(-self._width // side)
        self._basis, factor = _orthonormal(self._gathered(candidates.flatten(2)))
        self.candidates = factor.unflatten(2, (self.rows, self.columns))

    def restrict(self, vector: Tensor) -> Tensor:
        """(k, B, squares) of (m, B, cells)."""
        gathered = self._gathered(vector)
        coarse = vector.new_zeros(self._basis.shape[1], *gathered.shape[1:])
        for basis, part in zip(self._basis, gathered, strict=True):
            coarse.addcmul_(basis[:, None], part)
        return coarse

    def prolong(self, coarse: Tensor) -> Tensor:
        """(m, B, cells) of (k, B, squares)."""
        gathered = torch.zeros(self._basis.shape[0], *coarse.shape[1:])
        for number, part in enumerate(coarse):
            gathered.addcmul_(self._basis[:, number, None], part)
        side = self._side
        split = gathered.view(self._unknowns, side, side, -1, self.rows, self.columns).permute(0, 3, 4, 1, 5, 2)
        whole = split.reshape(self._unknowns, -1, self.rows * side, self.columns * side)
        return whole[:, :, : self._height, : self._width].flatten(2)

    def coarse(self, matrix: Stencil, tick: Callable[[], None]) -> Stencil:
        """The Galerkin product: the matrix between the bases of the squares, found by multiplying with each."""
        k = self._basis.shape[1]
        couplings = torch.zeros(len(COARSE_OFFSETS), k, k, self.rows, self.columns)
        for row in range(min(3, self.rows)):
            for column in range(min(3, self.columns)):
                tick()
                units = torch.zeros(k, k, self.rows, self.columns)
                for number in range(k):
                    units[number, number, row::3, column::3] = 1
                found = self.restrict(matrix.times(self.prolong(units.flatten(2)))).view_as(units)
                for offset, (down, right) in enumerate(COARSE_OFFSETS):
                    at = (..., slice((row - down) % 3, None, 3), slice((column - right) % 3, None, 3))
                    couplings[offset][at] = found[at]
        self._normalise(couplings)
        return Stencil(couplings, COARSE_OFFSETS)

    def _normalise(self, couplings: Tensor) -> None:
        """Change the bases such that each square's own block L L' of `couplings`, in place, becomes the identity."""
        strips = [_lower_factors(strip) for strip in couplings[0].permute(2, 3, 0, 1).split(_STRIP_ROWS)]
        factor, inverse = (torch.cat(parts).permute(2, 3, 0, 1) for parts in zip(*strips, strict=True))
        around = F.pad(inverse, (1, 1, 0, 1))
        for coupling, (down, right) in zip(couplings, COARSE_OFFSETS, strict=True):
            there = around[:, :, down : down + self.rows, 1 + right : 1 + right + self.columns]
            coupling.copy_(_products(_products(inverse, coupling), there.transpose(0, 1)))
        couplings[0] = (couplings[0] + couplings[0].transpose(0, 1)) / 2
        couplings[0].diagonal().fill_(1)
        self._basis = _products(self._basis, inverse.transpose(0, 1).flatten(2))
        self.candidates = _products(factor.transpose(0, 1), self.candidates)

    def _gathered(self, vector: Tensor) -> Tensor:
        """(m * side^2, B, squares) of (m, B, cells): the unknowns of a square below each other."""
        side = self._side
        whole = vector.unflatten(2, (self._height, self._width))
        whole = F.pad(whole, (0, self.columns * side - self._width, 0, self.rows * side - self._height))
        split = whole.view(self._unknowns, -1, self.rows, side, self.columns, side)
        return split.permute(0, 3, 5, 1, 2, 4).reshape(self._unknowns * side * side, -1, self.rows * self.columns)


def _orthonormal(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Q (n, k, squares) and R (k, k, squares) with Q R = `vectors`; what depends on those before it is 0 in Q."""
    count = vectors.shape[1]
    basis, factor = torch.zeros_like(vectors), vectors.new_zeros(count, *vectors.shape[1:])
    for number in range(count):
        rest = vectors[:, number].clone()
        length = rest.square().sum(0).sqrt_()
        for _ in range(2):  # the second pass makes up for rounding in the first
            for before in range(number):
                share = (basis[:, before] * rest).sum(0)
                factor[before, number] += share
                rest -= basis[:, before] * share
        left = rest.square().sum(0).sqrt_()
        counts = left > _DEPENDENT * length
        factor[number, number] = left * counts
        basis[:, number] = rest * (counts / left.clamp(min=1e-30))
    return basis, factor


def _products(one: Tensor, other: Tensor) -> Tensor:
    """The matrix products (a, c, ...) of (a, b, ...) and (b, c, ...), in each place."""
    total = other.new_zeros(len(one), *other.shape[1:])
    for number, part in enumerate(other):
        total.addcmul_(one[:, number, None], part)
    return total


def _lower_factors(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """The Cholesky factors of (..., k, k), of the diagonal alone where a block is not definite, and their inverses."""
    blocks = (blocks + blocks.mT).double() / 2
    diagonal = blocks.diagonal(dim1=-2, dim2=-1)
    diagonal[diagonal <= 0] = 1  # of what depends on the candidates before it
    factor, failed = torch.linalg.cholesky_ex(blocks)
    factor = torch.where((failed > 0)[..., None, None], torch.diag_embed(diagonal.sqrt()), factor)
    return factor.float(), torch.linalg.inv(factor).float()


def _dense(matrix: Stencil) -> Tensor:
    """The matrix in full, (m * cells, m * cells) float64."""
    size = matrix.unknowns * matrix.cells
    units = torch.eye(size).view(matrix.unknowns, matrix.cells, size).transpose(1, 2).contiguous()
    full = matrix.times(units).transpose(1, 2).reshape(size, size).double()
    return (full + full.T) / 2
