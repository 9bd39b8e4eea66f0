"""Gram matrices, their errors by explicit sums, and weights normalised without changing the function."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from untrained import seeded

from sims.style.gram import (
    STYLE_LAYERS,
    Looks,
    content_error,
    gram_error,
    gram_matrix,
    gram_targets,
    normalise,
    responses,
    total_variation,
)
from sims.style.regions import WHOLE, Matched, Regions
from sims.vgg import VGG19


def features(seed: int, filters: int = 3, height: int = 4, width: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((filters, height, width))


def flat(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.reshape(len(array), -1))


def sums_of_products(array: np.ndarray) -> np.ndarray:
    """Equation 1 of 2015, by loops."""
    filters, height, width = array.shape
    gram = np.zeros((filters, filters))
    for i in range(filters):
        for j in range(filters):
            for y in range(height):
                for x in range(width):
                    gram[i, j] += array[i, y, x] * array[j, y, x]
    return gram


def test_the_gram_matrix_sums_products_over_positions() -> None:
    array = features(0)
    assert np.allclose(gram_matrix(flat(array)).numpy(), sums_of_products(array), atol=1e-12)


def test_the_gram_error_is_that_of_the_papers_for_pictures_of_one_size() -> None:
    made, wanted = features(1), features(2)
    filters, positions = 3, 4 * 5
    total = 0.0
    for a, b in zip(sums_of_products(made).ravel(), sums_of_products(wanted).ravel(), strict=True):
        total += (a - b) ** 2
    found = gram_error(flat(made), gram_matrix(flat(wanted)) / positions)
    assert float(found) == pytest.approx(total / (4 * filters**2 * positions**2), rel=1e-12)


def test_pictures_of_another_size_have_the_same_gram_error() -> None:
    made, wanted = features(1), features(2)
    twice = np.concatenate((wanted, wanted), axis=2)
    target, same = (gram_matrix(flat(array)) / array[0].size for array in (wanted, twice))
    assert float(gram_error(flat(made), same)) == pytest.approx(float(gram_error(flat(made), target)), rel=1e-12)


def test_the_content_error_is_half_the_sum_of_squares() -> None:
    a, b = features(3), features(4)
    total = sum((p - q) ** 2 for p, q in zip(a.ravel(), b.ravel(), strict=True)) / 2
    assert float(content_error(flat(a), flat(b))) == pytest.approx(total, rel=1e-12)


def test_the_total_variation_is_that_of_neighbours() -> None:
    array = features(12, 3, 4, 5)
    down = np.mean([(array[c, y + 1, x] - array[c, y, x]) ** 2 for c in range(3) for y in range(3) for x in range(5)])
    across = np.mean([(array[c, y, x + 1] - array[c, y, x]) ** 2 for c in range(3) for y in range(4) for x in range(4)])
    assert float(total_variation(torch.from_numpy(array)[None])) == pytest.approx(down + across, rel=1e-12)


def test_the_gradient_of_the_gram_error_is_that_of_the_papers() -> None:
    """(1 / (N^2 M^2)) (F^T (G - A))^T, equation 5 of 2015, where every response is positive."""
    made, wanted = np.abs(features(5)) + 0.1, np.abs(features(6))
    variable = flat(made).requires_grad_()
    gram_error(variable, gram_matrix(flat(wanted)) / 20).backward()
    difference = sums_of_products(made) - sums_of_products(wanted)
    analytic = (made.reshape(3, -1).T @ difference).T / (3**2 * 20**2)
    assert variable.grad is not None
    assert np.allclose(variable.grad.numpy(), analytic, rtol=1e-10)


def test_the_gradient_of_all_terms_is_that_of_finite_differences() -> None:
    network = _double(VGG19(1 / 16, pooling="average"), 7)
    drawn = torch.Generator().manual_seed(8)
    style, picture = (torch.randn(1, 3, 32, 32, generator=drawn, dtype=torch.float64) for _ in range(2))
    labels = np.zeros((32, 32), np.int32)
    labels[:, 12:] = 1
    regions = Regions(labels, (0, 1))
    looks = Looks.of(responses(network, style, STYLE_LAYERS), Matched(regions, regions, {0: 1, 1: 0}))
    wanted = responses(network, style, ["conv2_2"])["conv2_2"]

    def loss(x: Tensor) -> Tensor:
        found = responses(network, x, (*STYLE_LAYERS, "conv2_2"))
        return looks.error(found) + 1e-3 * content_error(found["conv2_2"], wanted)

    variable = picture.clone().requires_grad_()
    loss(variable).backward()
    assert variable.grad is not None
    with torch.no_grad():
        for y, x in [(0, 0), (5, 11), (16, 12), (31, 31), (20, 3)]:
            step = torch.zeros_like(picture)
            step[0, 1, y, x] = 1e-6
            measured = float(loss(picture + step) - loss(picture - step)) / 2e-6
            assert measured == pytest.approx(float(variable.grad[0, 1, y, x]), rel=1e-4, abs=1e-9)


def _double(network: VGG19, seed: int) -> VGG19:
    network.load_state_dict(seeded(network, seed))
    return network.double().eval()


def test_regions_have_gram_matrices_of_their_own() -> None:
    array = features(9, height=6, width=6)
    labels = np.arange(36).reshape(6, 6).astype(np.int32) % 2
    found = gram_targets({"conv1_1": torch.from_numpy(array)[None]}, Regions(labels, (0, 1)), [0, 1, 7])
    assert set(found) == {("conv1_1", 0), ("conv1_1", 1)}  # no position is of region 7
    for one in (0, 1):
        inside = array[:, labels == one]
        assert np.allclose(found["conv1_1", one].numpy(), inside @ inside.T / 18)


def test_the_error_of_regions_counts_them_by_their_positions() -> None:
    made, style = features(10, height=4, width=4), features(11, height=6, width=6)
    here, there = np.zeros((4, 4), np.int32), np.zeros((6, 6), np.int32)
    here[:1], here[1:2], there[3:] = 1, 2, 3
    matched = Matched(Regions(here, (0, 1)), Regions(there, (0, 3)), {0: 3, 1: 0})  # the one called 2 is left as it is
    looks = Looks.of({"conv1_1": torch.from_numpy(style)[None]}, matched)
    total = 0.0
    for one, other in ((0, 3), (1, 0)):
        a, b = made[:, here == one], style[:, there == other]
        total += a.shape[1] / 16 * np.square(a @ a.T / a.shape[1] - b @ b.T / b.shape[1]).sum() / (4 * 9)
    assert float(looks.error({"conv1_1": torch.from_numpy(made)[None]})) == pytest.approx(total, rel=1e-12)


def test_the_error_over_layers_is_their_mean_and_zero_for_the_style_itself() -> None:
    arrays = {name: torch.from_numpy(features(seed))[None] for seed, name in enumerate(("conv1_1", "conv2_1"))}
    others = {name: torch.from_numpy(features(seed + 5))[None] for seed, name in enumerate(("conv1_1", "conv2_1"))}
    looks = Looks.of(arrays, WHOLE)
    assert float(looks.error(arrays)) == pytest.approx(0, abs=1e-20)
    parts = [float(gram_error(others[n][0].flatten(1), looks.targets[n, 0])) for n in arrays]
    assert float(looks.error(others)) == pytest.approx(sum(parts) / 2, rel=1e-12)


def lively(seed: int, pooling: str = "max") -> VGG19:
    """A narrow network whose filters respond, but one, which never does."""
    network = VGG19(1 / 16, pooling=pooling).eval()  # type: ignore[arg-type]
    drawn = torch.Generator().manual_seed(seed)
    for layer in network.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=drawn)
            nn.init.uniform_(layer.bias, 0.1, 0.5, generator=drawn)
    network.features[5].bias.data[3] = -1e3
    return network


def test_after_normalisation_the_mean_activations_are_one() -> None:
    network = lively(12)
    drawn = torch.Generator().manual_seed(13)
    pictures = [torch.rand(1, 3, 48, 64, generator=drawn) * 2 - 1 for _ in range(2)]
    before = network.features[5].bias.data.clone()
    silent = {name: mean == 0 for name, mean in means(network, pictures).items()}
    assert silent["conv2_1"][3]
    normalise(network, pictures)
    for name, mean in means(network, pictures).items():
        assert (mean[silent[name]] == 0).all(), name
        assert (mean[~silent[name]] - 1).abs().max() < 1e-4, name
    assert network.features[5].bias.data[3] == before[3]  # left alone
    assert sum(int((~one).sum()) for one in silent.values()) > 200  # of 352


@torch.no_grad()
def means(network: VGG19, pictures: list[Tensor]) -> dict[str, Tensor]:
    """The mean activation of every filter over pictures and positions."""
    layers = [name for name in network.taps if name.startswith("conv")]
    found = [responses(network, picture, layers) for picture in pictures]
    return {name: torch.stack([one[name].mean((0, 2, 3)) for one in found]).mean(0) for name in layers}


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_normalisation_keeps_the_function_up_to_a_scale_of_each_filter(pooling: str) -> None:
    plain, scaled = lively(14, pooling), lively(14, pooling)
    drawn = torch.Generator().manual_seed(15)
    pictures = [torch.rand(1, 3, 32, 32, generator=drawn) * 2 - 1 for _ in range(2)]
    normalise(scaled, pictures[:1])
    with torch.no_grad():
        for name in ("conv1_1", "conv3_4", "pool4", "conv5_4"):
            a, b = (responses(network, pictures[1], [name])[name][0].flatten(1) for network in (plain, scaled))
            gain = (b.sum(1) / a.sum(1).clamp(min=1e-12))[:, None]
            assert (gain - 1).abs().max() > 0.01  # it did scale them
            assert torch.allclose(b, gain * a, rtol=1e-3, atol=1e-3)


def test_responses_come_by_name_whatever_their_order() -> None:
    network = lively(16)
    picture = torch.rand(1, 3, 32, 48)
    found = responses(network, picture, ["pool2", "conv1_1", "conv2_2"])
    assert list(found) == ["conv1_1", "conv2_2", "pool2"]
    assert found["pool2"].shape == (1, 8, 8, 12)
    assert torch.equal(found["pool2"], nn.functional.max_pool2d(found["conv2_2"], 2))
