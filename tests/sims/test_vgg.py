"""VGG-19: its layout, its taps, and batch norm folded away exactly."""

from __future__ import annotations

import torch

from sims.vgg import VGG19, Segmenter, folded_batch_norm


def test_the_trunk_has_the_usual_names_and_shapes() -> None:
    network = VGG19()
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert len(shapes) == 32
    assert shapes["features.0.weight"] == (64, 3, 3, 3)
    assert shapes["features.34.weight"] == (512, 512, 3, 3)
    assert sum(value.numel() for value in network.state_dict().values()) == 20_024_384  # as in the paper's table 2, E


def test_taps_are_rectified_responses_at_their_scale() -> None:
    network = VGG19(width=0.125).eval()
    found = network(torch.randn(1, 3, 64, 96), ("conv1_2", "conv3_4", "conv5_1"))
    assert [tuple(x.shape) for x in found] == [(1, 8, 64, 96), (1, 32, 16, 24), (1, 64, 4, 6)]
    assert all((x >= 0).all() for x in found)


def test_folding_batch_norm_keeps_the_function() -> None:
    torch.manual_seed(1)
    trained, plain = VGG19(0.125, batch_norm=True), VGG19(0.125).eval()
    with torch.no_grad():
        for _ in range(3):
            trained.train()(torch.randn(2, 3, 64, 64) * 2 + 1, ("conv5_4",))
    trained.eval()
    plain.load_state_dict(folded_batch_norm(trained))
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        pairs = zip(trained(picture, ("conv2_2", "conv5_4")), plain(picture, ("conv2_2", "conv5_4")), strict=True)
        for wanted, found in pairs:
            assert wanted.abs().max() > 0.1
            assert (found - wanted).abs().max() < 1e-4


def test_the_segmenter_scores_every_pixel() -> None:
    network = Segmenter(0.125, {"street": 20, "landscape": 13}).eval()
    with torch.no_grad():
        assert network(torch.randn(2, 3, 32, 64), "landscape").shape == (2, 13, 32, 64)
        assert network(torch.randn(1, 3, 32, 64), "street").shape == (1, 20, 32, 64)
