"""L-BFGS on pixels: it converges, can be stopped at any evaluation, and is the same again."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sims.style.descent import descend

START = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(1))
CURVATURE = torch.logspace(-1, 1, START.numel()).reshape(START.shape)


def bowl(picture: Tensor) -> Tensor:
    return (CURVATURE * (picture - 0.25).square()).sum()


def narrow(picture: Tensor) -> Tensor:
    """Rosenbrock's valley along neighbouring pixels."""
    flat = picture.flatten()
    return (100 * (flat[1:] - flat[:-1].square()).square() + (1 - flat[:-1]).square()).sum()


def always(done: int, best: Tensor) -> bool:
    return True


def test_it_finds_the_minimum_of_a_bowl() -> None:
    assert (descend(bowl, START, 120, always) - 0.25).abs().max() < 1e-3


def test_it_makes_the_loss_of_a_narrow_valley_small() -> None:
    assert float(narrow(descend(narrow, START, 300, always))) < 1e-3 * float(narrow(START))


def test_of_all_that_was_evaluated_the_best_is_returned() -> None:
    seen: list[float] = []

    def counted(picture: Tensor) -> Tensor:
        loss = narrow(picture)
        seen.append(loss.item())
        return loss

    found = descend(counted, START, 40, always)
    assert len(seen) == 40
    assert float(narrow(found)) == pytest.approx(min(seen))


def test_stopped_after_some_evaluations_it_is_what_so_many_give() -> None:
    told: list[int] = []

    def goes_on(done: int, best: Tensor) -> bool:
        told.append(done)
        return done < 17

    stopped = descend(narrow, START, 100, goes_on)
    assert told == list(range(1, 18))
    assert torch.equal(stopped, descend(narrow, START, 17, always))


def test_what_the_watcher_raises_ends_it() -> None:
    def goes_on(done: int, best: Tensor) -> bool:
        if done == 3:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        descend(bowl, START, 50, goes_on)


def test_a_step_astray_is_taken_back() -> None:
    """Beyond the wall there is nothing but infinity."""

    def walled(picture: Tensor) -> Tensor:
        return bowl(picture) + torch.where((picture < 0.2).any(), math.inf, 0.0)

    start = START.abs() + 1
    found = descend(walled, start, 60, always)
    assert torch.isfinite(found).all()
    assert float(walled(found)) < 0.9 * float(bowl(start))


def test_after_a_step_astray_shorter_ones_follow() -> None:
    """What the curvature at the start promises lies far behind a steep slope."""

    def steep(picture: Tensor) -> Tensor:
        return 0.01 * (picture - 2).square().sum() + 1e4 * torch.relu(picture - 1).pow(4).sum()

    start = torch.zeros(1, 3, 4, 4)
    assert float(steep(torch.full_like(start, 2.0))) > 1e5 * float(steep(start))
    assert float(steep(descend(steep, start, 60, always))) < 0.4 * float(steep(start))


def test_the_first_picture_is_not_changed_and_modes_are_no_matter() -> None:
    kept = START.clone()
    with torch.inference_mode():
        found = descend(bowl, START.clone(), 5, always)
    assert torch.equal(kept, START)
    assert torch.equal(found, descend(bowl, START, 5, always))
    assert not found.requires_grad
