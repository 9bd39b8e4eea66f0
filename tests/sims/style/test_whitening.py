"""Whitening and colouring against the reference, and the statistics that it leaves."""

from __future__ import annotations

import pytest
import torch
from photo_wct_goldens import case
from torch import Tensor

from sims.style.whitening import Moments, colouring, restyling

_, CORE = case("wct_core")
TOLERANCES = {
    "full_rank": 1e-4,
    "style_rank_deficient": 1e-4,
    "content_rank_deficient": 1e-4,
    "dead_style_channels": 1e-4,
    "tiny_style": 1e-6,
}


def moments(features: Tensor, parts: int = 1) -> Moments:
    found = Moments()
    for part in features.chunk(parts):
        found.add(part)
    return found


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("name", list(TOLERANCES))
def test_every_situation_of_rank_is_that_of_the_reference(name: str, parts: int) -> None:
    content, style = CORE[f"{name}:content"].T, CORE[f"{name}:style"].T
    found = restyling(moments(content, parts), colouring(moments(style, parts)))(content)
    assert (found.T - CORE[f"{name}:out"]).abs().max() < TOLERANCES[name]


def test_moments_in_parts_are_those_of_the_whole() -> None:
    features = torch.randn(1000, 9, generator=torch.Generator().manual_seed(0)) @ torch.randn(9, 9) + 100
    found = Moments()
    for part in (features[:1], features[1:1], features[1:300], features[300:]):
        found.add(part)
    assert found.count == 1000
    torch.testing.assert_close(found.mean, features.double().mean(0), rtol=1e-12, atol=0)
    torch.testing.assert_close(found.covariance, torch.cov(features.double().T), rtol=1e-9, atol=1e-9)


def test_the_result_has_the_mean_of_the_style_and_its_covariance_but_for_the_identity() -> None:
    rng = torch.Generator().manual_seed(1)
    content = 50 * torch.randn(5000, 6, generator=rng) @ torch.randn(6, 6, generator=rng) + 3
    style = torch.randn(4000, 6, generator=rng) @ torch.randn(6, 6, generator=rng) - 1
    found = restyling(moments(content), colouring(moments(style)))(content).double()
    torch.testing.assert_close(found.mean(0), style.double().mean(0), rtol=0, atol=1e-3)
    torch.testing.assert_close(torch.cov(found.T), torch.cov(style.double().T), rtol=0, atol=2e-2)


def test_eigenvalues_below_the_smallest_are_dropped_unless_all_are() -> None:
    scales = torch.tensor([1.0, 1e-2, 2e-3])  # variances 1, 1e-4 and 4e-6
    style = torch.randn(20000, 3, generator=torch.Generator().manual_seed(2)) * scales
    kept = colouring(moments(style)).matrix.diagonal()
    assert kept[:2] == pytest.approx(scales[:2].tolist(), rel=0.05)
    assert kept[2].abs() < 1e-6
    all_tiny = colouring(moments(style * 2e-3)).matrix.diagonal()
    assert all_tiny == pytest.approx((scales * 2e-3).tolist(), rel=0.05)


def test_constant_features_are_moved_and_not_scaled_to_infinity() -> None:
    content, style = torch.full((10, 4), 7.0), torch.full((5, 4), 2.0)
    found = restyling(moments(content), colouring(moments(style)))(content)
    torch.testing.assert_close(found, torch.full((10, 4), 2.0))
