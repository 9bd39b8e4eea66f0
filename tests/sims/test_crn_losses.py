"""The perceptual losses against measured values of the references, under a seeded VGG-19."""

from __future__ import annotations

import pytest
import torch
from sims_goldens import case, furthest, nchw, one_hot, rule, state
from torch import Tensor

from sims.training.crn_losses import (
    LAYER_WEIGHTS,
    TAPS,
    class_errors,
    diversity_loss,
    layout_terms,
    plain_terms,
    vgg_features,
)
from sims.vgg import VGG19

Features = tuple[list[Tensor], list[Tensor], Tensor]


@pytest.fixture(scope="module")
def features() -> Features:
    """Features of two made pictures and of the real one, and its layout."""
    asked, _ = case("vgg_losses")
    with torch.device("meta"):
        network = VGG19(pooling="average")
    kinds = {"weights": "weight", "biases": "bias"}
    named = {}
    for name, value in state(asked).items():
        layer, kind = name.removeprefix("vgg_").split(".")
        named[f"features.{network.taps[layer] - 1}.{kinds[kind]}"] = value
    network.load_state_dict(named, assign=True)
    made = nchw(255 * rule.seeded_uniform("input/vgg/fake", (2, 64, 128, 3)))
    real = nchw(255 * rule.seeded_uniform("input/vgg/real", (1, 64, 128, 3)))
    with torch.inference_mode():
        return vgg_features(network, made), vgg_features(network, real), one_hot("vgg", 64, 4)


def test_features(features: Features) -> None:
    _, stored = case("vgg_losses")
    for tap, found in zip(TAPS, features[1][1:], strict=True):
        channels, height, width = found.shape[1:]
        kept = found[:, :: max(1, channels // 64), :: max(1, height // 8), :: max(1, width // 16)]
        assert furthest(kept, stored[f"feat_{tap}"]) < 1e-4 * stored[f"feat_{tap}"].abs().max()


def test_diversity(features: Features) -> None:
    _, stored = case("vgg_losses")
    made, real, layout = features
    for number, weight in enumerate(LAYER_WEIGHTS["256p"]):
        errors = class_errors(made[number : number + 1], real[number : number + 1], layout, [weight])
        assert (errors - stored[f"diversity_p{number}"]).abs().max() < 1e-5
    errors = class_errors(made, real, layout, LAYER_WEIGHTS["256p"])
    assert diversity_loss(errors).item() == pytest.approx(stored["loss_diversity_total"].item(), rel=1e-6)


def test_plain_and_layout_terms(features: Features) -> None:
    _, stored = case("vgg_losses")
    made, real, layout = features
    plain = plain_terms(made, real, LAYER_WEIGHTS["512p"])
    torch.testing.assert_close(plain, stored["loss_plain_terms"], rtol=1e-5, atol=1e-6)
    one = [layer[:1] for layer in made]
    by_layout = layout_terms(one, real, layout, LAYER_WEIGHTS["512p"])
    torch.testing.assert_close(by_layout, stored["loss_sims_terms_one_fake"], rtol=1e-5, atol=1e-6)
    half = layout * (torch.arange(128) < 64)
    assert (layout_terms(one, real, half, LAYER_WEIGHTS["512p"]) < by_layout).all()


def test_published_weights() -> None:
    for weights in LAYER_WEIGHTS.values():
        assert len(weights) == 1 + len(TAPS)
