"""Preconditioned conjugate gradients for several right sides at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Operator = Callable[[Tensor], Tensor]


def conjugate_gradients(
    times: Operator, precondition: Operator, right: Tensor, done: Callable[[int, Tensor], bool], most: int
) -> Tensor:
    """x with A x = `right` (m, B, n) for each of the B systems; `times` is A, `precondition` about its inverse.

    `done(iteration, z)` is asked before each iteration, z (m, B, n) being the preconditioned residual, which
    estimates the error of x; there are at most `most` iterations.
    """
    solution, residual = torch.zeros_like(right), right.clone()
    direction, before = torch.zeros_like(right), right.new_ones(right.shape[1])
    for iteration in range(most):
        estimate = precondition(residual)
        if done(iteration, estimate):
            break
        power = _dots(residual, estimate)
        direction = estimate.add_(direction.mul_((power / before)[:, None]))
        moved = times(direction)
        step = (power / _dots(direction, moved).clamp(min=torch.finfo(right.dtype).tiny))[:, None]
        solution.addcmul_(direction, step)
        residual.addcmul_(moved, step, value=-1)
        before = power.clamp(min=torch.finfo(right.dtype).tiny)
    return solution


def _dots(one: Tensor, other: Tensor) -> Tensor:
    """The B scalar products of (m, B, n)."""
    return torch.einsum("mbn,mbn->b", one, other)
