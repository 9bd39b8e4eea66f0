"""Preconditioned conjugate gradients in float32, to the accuracy of float64, for several right sides at once.

The residual is made anew in float64 each time that the steps have become a hundred times smaller, without a new start:
van der Vorst and Ye, "Residual Replacement Strategies for Krylov Subspace Iterative Methods for the Convergence of True
Residuals" (2000).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

_REPLACED = 1e-2
_TINY = torch.finfo(torch.float32).tiny


def conjugate_gradients(
    residual_of: Callable[[Tensor], Tensor],
    times: Callable[[Tensor], Tensor],
    precondition: Callable[[Tensor], Tensor],
    solution: Tensor,
    tolerance: float,
    report: Callable[[float], None],
    *,
    window: int,
    most: int,
) -> bool:
    """Make `solution` (m, B, n) float64, in place, that of B systems A x = b up to about `tolerance`.

    `residual_of(x)` is b - A x for x in float64, `times` the product with A and `precondition` that with about its
    inverse, the latter two in float32. The largest preconditioned residual can be a hundredth of the largest error,
    where a few places converge slowly; so what is judged is how far the last `window` steps have moved any value,
    which is to be more than what all later ones do. `report` is told that distance after each step. Returns
    whether `most` steps have sufficed. Raises `ArithmeticError` where the preconditioner turns out not to be positive
    definite.
    """
    steps: deque[float] = deque(maxlen=window)
    change = torch.zeros(solution.shape)
    residual, direction = residual_of(solution).float(), torch.zeros(solution.shape)
    power, replaced = torch.ones(solution.shape[1]), 0.0
    for _ in range(most):
        before, estimate = power, precondition(residual)
        power = _dots(residual, estimate)
        if not bool((power >= 0).all()):
            raise ArithmeticError("The preconditioner of the smoothing is not positive definite for this picture.")
        direction = direction.mul_((power / before.clamp(min=_TINY))[:, None]).add_(estimate)
        product = times(direction)
        size = power / _dots(direction, product).clamp(min=_TINY)
        change.addcmul_(direction, size[:, None])
        residual.addcmul_(product, size[:, None], value=-1)
        steps.append(float((torch.linalg.vector_norm(direction, math.inf, (0, 2)) * size).max()))
        del estimate, product  # the next use of the preconditioner needs their room
        distance = sum(steps)
        if not math.isfinite(distance):
            raise ArithmeticError("The steps of the smoothing grow without end for this picture.")
        report(distance)
        if distance <= tolerance and len(steps) == window:
            break
        replaced = replaced or distance
        if distance < _REPLACED * replaced:
            solution += change
            change.zero_()
            residual, replaced = residual_of(solution).float(), distance
    else:
        return False
    solution += change
    return True


def _dots(one: Tensor, other: Tensor) -> Tensor:
    """The B scalar products of (m, B, n)."""
    return torch.einsum("mbn,mbn->b", one, other)
