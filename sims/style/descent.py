"""Descent on a picture's pixels by L-BFGS, one evaluation a step, which can be watched and stopped at each.

Liu and Nocedal, "On the limited memory BFGS method for large scale optimization" (1989), as Gatys et al. use it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

HISTORY = 20  # pairs of vectors kept, each two pictures large
# torch.optim.LBFGS ignores pairs whose product is below 1e-10, which those of small losses soon are.
SCALE = 1e4
ASTRAY = 10.0  # times the first loss; without a line search a step may lead there, and is taken back
SHORTER = 0.25  # times as long are all steps after that

Objective = Callable[[Tensor], Tensor]
Watcher = Callable[[int, Tensor], bool]


def descend(objective: Objective, start: Tensor, steps: int, goes_on: Watcher) -> Tensor:
    """The best of `steps` pictures (1, 3, H, W), of which the first is `start` and each follows from those before.

    `objective` gives the scalar to be made small. `goes_on(done, best)` is told after each evaluation how many there
    were and the best picture so far; where it says False, that is the result, the same as with `done` steps asked for.
    Runs with gradients whatever mode is on, and is deterministic. No line search: at the same number of evaluations
    one by the strong Wolfe conditions ends no lower here.
    """
    with torch.inference_mode(False), torch.enable_grad():
        picture = start.clone(memory_format=torch.contiguous_format).requires_grad_()
        best, lowest, first = start, math.inf, math.inf
        rate = 1.0
        optimiser = _optimiser(picture, rate)
        for done in range(1, steps + 1):
            before = picture.detach().clone()
            loss = float(optimiser.step(partial(_evaluate, objective, picture)))
            if loss < lowest:
                best, lowest = before, loss
            if done == 1:
                first = loss
            elif not loss <= ASTRAY * first:
                picture, rate = best.clone().requires_grad_(), SHORTER * rate
                optimiser = _optimiser(picture, rate)
            if not goes_on(done, best):
                break
        return best


def _optimiser(picture: Tensor, rate: float) -> torch.optim.LBFGS:
    """One that evaluates once a step, and `rate` times as long as its estimate of the curvature says."""
    return torch.optim.LBFGS([picture], lr=rate, max_iter=1, history_size=HISTORY, tolerance_grad=0, tolerance_change=0)


def _evaluate(objective: Objective, picture: Tensor) -> Tensor:
    """The loss at `picture`, whose gradient it leaves there."""
    picture.grad = None
    loss = SCALE * objective(picture)
    loss.backward()
    assert picture.grad is not None
    picture.grad = picture.grad.contiguous()  # convolutions leave it in an order of their own
    return loss.detach()
