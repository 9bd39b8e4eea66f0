"""The modulation computed from integers equals the convolutions of the one-hot layout."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from sims.spade import instance_edges
from sims.spade_layout import Level, Modulation, Pyramid, one_hot

CLASSES, HIDDEN = 5, 6


def blocks(seed: int) -> torch.Tensor:
    """(2, 48, 64) labels in blocks of 16 pixels, so that many neighbourhoods hold one class."""
    coarse = torch.randint(CLASSES, (2, 3, 4), generator=torch.Generator().manual_seed(seed))
    return coarse.repeat_interleave(16, 1).repeat_interleave(16, 2)


@pytest.mark.parametrize("channels", [2, 200], ids=["dense", "gathered"])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("edged", [False, True])
def test_modulation_is_the_convolution(channels: int, kernel: int, edged: bool) -> None:
    torch.manual_seed(kernel)
    labels = blocks(1)
    edges = instance_edges(labels) if edged else None
    first = torch.randn(HIDDEN, CLASSES + edged, kernel, kernel)
    second = torch.randn(2 * channels, HIDDEN, kernel, kernel)
    shared_bias, bias = torch.randn(HIDDEN), torch.randn(2 * channels)
    table = F.pad(first[:, :CLASSES].permute(2, 3, 1, 0), (0, 0, 0, 1)).reshape(-1, HIDDEN)
    modulation = Modulation(kernel, table, shared_bias, first[:, CLASSES:] if edged else None, second, bias)
    scale, shift = modulation.compute(Level(labels, edges, CLASSES))
    hidden = F.relu(F.conv2d(one_hot(labels, CLASSES, edges), first, shared_bias, padding=kernel // 2))
    wanted = F.conv2d(hidden, second, bias, padding=kernel // 2)
    assert (torch.cat((scale, shift), dim=1) - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def test_uniform_is_far_from_classes_edges_and_borders() -> None:
    labels = torch.zeros(1, 9, 12, dtype=torch.long)
    labels[:, :, 8:] = 1
    uniform = Level(labels, None, 2).uniform(1)[0]
    assert uniform[1:-1, 1:7].all()
    assert uniform[1:-1, 9:11].all()
    assert uniform.sum() == 7 * 8
    edges = torch.zeros(1, 1, 9, 12)
    edges[..., 4, 3] = 1
    assert not Level(labels, edges, 2).uniform(1)[0, 3:6, 2:5].any()


def test_levels_sample_as_the_network_does() -> None:
    labels = torch.arange(256).repeat(256, 1)[None] % 7
    level = Pyramid(labels, None, 7).at((8, 8))
    assert torch.equal(level.labels[0, 0], labels[0, 0, ::32])  # floor(i * in / out), not the pixel centres


def test_one_hot_puts_the_edges_last() -> None:
    labels = blocks(3)
    edges = instance_edges(labels)
    dense = one_hot(labels, CLASSES, edges)
    assert torch.equal(dense[:, :CLASSES].argmax(1), labels)
    assert torch.equal(dense[:, :CLASSES].sum(1), torch.ones(labels.shape))
    assert torch.equal(dense[:, CLASSES:], edges)


def test_instance_edges_mark_both_sides_and_no_border() -> None:
    instances = torch.zeros(1, 4, 6, dtype=torch.int32)
    instances[:, :, 3:] = 70000
    edges = instance_edges(instances)[0, 0]
    assert edges.tolist() == [[0, 0, 1, 1, 0, 0]] * 4
