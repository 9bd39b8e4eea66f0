"""Streams give what the networks give, for every kind of network, with and without noise, blends and half precision."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cips_goldens import furthest
from small_cips import cips_checkpoint, places, plain, streamed, tiny, tiny_style
from torch import Tensor

from sims.cips import Cips
from sims.cips_stream import Stream
from sims.generator import GridRequest
from sims.grid import Grid
from sims.load import load
from zoo.files import write_checkpoint

TOLERANCE = 2e-5
KINDS, ACTIVATIONS = ("skip", "res", "plain"), ("lrelu", "sin", "sinrelu")
PLANES = [{"inputs": inputs} for inputs in ("both", "embedding", "fourier")]
SURFACES = [*PLANES, {"geometry": "cylinder"}]
VARIANTS = [{"kind": kind, **surface} for kind, surface in product(KINDS, SURFACES)]
GRID_OF = {"plane": Grid(13, 21), "cylinder": Grid(13, 21, "cylinder", turn=50)}


def named(changes: dict[str, Any]) -> str:
    return "-".join(changes.values())


def grid_of(network: Cips) -> Grid:
    return GRID_OF[network.config["geometry"]]


def noise_maps(network: Cips, grid: Grid) -> Tensor:
    """(L', H, W), one for each layer that is no head."""
    count = sum(not name.startswith("to_rgb") for name, _, _ in network.layers)
    return torch.randn(count, grid.height, grid.width, generator=torch.Generator().manual_seed(9))


@torch.inference_mode()
def blended(network: Cips, first: Tensor, second: Tensor, grid: Grid, t: Tensor, maps: Tensor | None = None) -> Tensor:
    """The picture (3, H, W) of a network that has weights of their own for every pixel."""
    points, shares = grid.points(*places(grid))[:, None], t.flatten()[:, None, None]
    noise = None if maps is None else maps.flatten(1)[:, :, None]
    colours = network(points, (1 - shares) * first + shares * second, noise)[:, 0]
    return colours.T.unflatten(1, (grid.height, grid.width))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("changes", VARIANTS, ids=named)
def test_a_stream_gives_what_its_network_gives(changes: dict[str, Any], activation: str) -> None:
    network = tiny(activation=activation, **changes)
    grid = grid_of(network)
    for styles in (tiny_style(network, 1), tiny_style(network, 2, len(network.layers))):
        for maps in (None, noise_maps(network, grid)):
            with torch.inference_mode():
                stream = Stream(network, styles)
            found, wanted = streamed(stream, grid, maps=maps), plain(network, styles, grid, maps)
            assert furthest(found, wanted) <= TOLERANCE
            assert wanted.std() > 0.03


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_blend_gives_what_weights_for_every_pixel_give(kind: str, activation: str) -> None:
    network = tiny(kind=kind, activation=activation)
    grid, layers = grid_of(network), len(network.layers)
    first, second = tiny_style(network, 1, layers), tiny_style(network, 2, layers)
    t = torch.rand(grid.height, grid.width, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        stream = Stream(network, first, second)
    for maps in (None, noise_maps(network, grid)):
        wanted = blended(network, first, second, grid, t, maps)
        assert furthest(streamed(stream, grid, t, maps), wanted) <= TOLERANCE
    for share, styles in ((0.0, first), (1.0, second)):
        assert furthest(streamed(stream, grid, torch.full_like(t, share)), plain(network, styles, grid)) <= TOLERANCE


def test_layers_that_both_styles_share_are_folded_as_one() -> None:
    network = tiny()
    first, second = tiny_style(network, 1), tiny_style(network, 2).clone()
    second[:3] = first[:3]
    with torch.inference_mode():
        stream = Stream(network, first, second)
    assert [fold.scale is None for fold in stream.folds] == [True] * 3 + [False] * (len(network.layers) - 3)
    grid = grid_of(network)
    t = torch.full((grid.height, grid.width), 0.25)
    assert furthest(streamed(stream, grid, t), plain(network, 0.75 * first + 0.25 * second, grid)) <= TOLERANCE


def test_noise_has_the_strength_that_was_learned() -> None:
    network = tiny()
    grid = grid_of(network)
    maps = noise_maps(network, grid)
    with torch.inference_mode():
        lively = streamed(Stream(network, tiny_style(network, 1)), grid, maps=maps)
        silent = streamed(Stream(network, tiny_style(network, 1)), grid)
        for name, value in network.named_parameters():
            if name.endswith("noise.weight"):
                value.zero_()
        still = streamed(Stream(network, tiny_style(network, 1)), grid, maps=maps)
    assert (lively - silent).abs().mean() > 0.01
    assert torch.equal(still, silent)


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_is_close(kind: str) -> None:
    network = tiny(kind=kind)
    grid, (first, second) = grid_of(network), (tiny_style(network, seed) for seed in (1, 2))
    t = torch.linspace(0, 1, grid.width).expand(grid.height, -1)
    for other, shares in ((None, None), (second, t)):
        with torch.inference_mode():
            full, half = (Stream(network, first, other, precision) for precision in ("float32", "bfloat16"))
        exact, close = streamed(full, grid, shares), streamed(half, grid, shares)
        assert close.dtype == torch.float32
        assert not torch.equal(exact, close)
        assert (exact - close).abs().mean() < 0.02


def test_a_stream_changes_neither_its_network_nor_what_it_is_given() -> None:
    network = tiny(kind="res")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    points = torch.rand(50, 2) * 2 - 1
    t, noise = torch.rand(50), torch.randn(50)
    kept = [each.clone() for each in (points, t, noise)]
    with torch.inference_mode():
        for second in (None, tiny_style(network, 2)):
            stream = Stream(network, tiny_style(network, 1), second)
            first = stream(points, t, lambda layer: noise)
            assert torch.equal(first, stream(points, t, lambda layer: noise))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(torch.equal(one, other) for one, other in zip((points, t, noise), kept, strict=True))


def test_embeddings_in_rows_are_not_copied(tmp_path: Path) -> None:
    generator = load(cips_checkpoint(tmp_path / "tiny"), device="cpu")
    with torch.inference_mode():
        stream = Stream(generator.network, tiny_style(generator.network, 1))  # type: ignore[union-attr]
    assert stream._table is not None
    assert stream._table.table.rows.data_ptr() == generator.network.emb.input.data_ptr()  # type: ignore[union-attr]
    assert stream._table.table.rows.shape == (12 * 16, 8)


# ---------------------------------------------------------------------------------------------------------- cylinders


@pytest.mark.parametrize("kind", KINDS)
def test_a_cylinder_has_no_seam(kind: str) -> None:
    network = tiny(kind=kind, geometry="cylinder")
    styles = tiny_style(network, 1)
    with torch.inference_mode():
        stream = Stream(network, styles)
    picture = streamed(stream, Grid(24, 160, "cylinder"))
    steps = (picture - picture.roll(1, 2)).abs().mean((0, 1))  # the first is the one across the edges
    assert steps[0] <= steps[1:].max()
    assert steps[0] < 3 * steps[1:].mean()
    flat = tiny(kind=kind)
    with torch.inference_mode():
        stream = Stream(flat, styles)
    picture = streamed(stream, Grid(24, 160))
    steps = (picture - picture.roll(1, 2)).abs().mean((0, 1))
    assert steps[0] > 3 * steps[1:].max()  # as pictures of a plane do have


def test_points_all_around_are_the_same_a_turn_later() -> None:
    network = tiny(geometry="cylinder")
    points = torch.rand(300, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    points[:, 0] *= torch.pi
    further = points + torch.tensor([2 * torch.pi, 0])
    with torch.inference_mode():
        stream = Stream(network, tiny_style(network, 1))
        assert furthest(stream(points), stream(further)) <= 1e-4
        assert furthest(network.positional(points[None]), network.positional(further[None])) <= 1e-4


def test_embeddings_go_on_across_the_edge_of_a_cylinder() -> None:
    """Halfway between the last column and the first one, their mean."""
    network = tiny(geometry="cylinder")
    edges = torch.tensor([[[-torch.pi, 0.0], [torch.pi, 0.0], [-torch.pi + torch.pi / 16, 0.0]]])
    with torch.inference_mode():
        left, right, first = network.emb(edges)[0]
        middle = network.emb.input[0, :, 5:7].mean(1)  # of the twelve rows; y is 0 between them
    assert furthest(left, (middle[:, 0] + middle[:, 15]) / 2) <= 1e-5
    assert furthest(right, left) <= 1e-5
    assert furthest(first, middle[:, 0]) <= 1e-5


# --------------------------------------------------------------------------------------------------------- round trip


@pytest.mark.parametrize("changes", [{}, {"kind": "res"}, {"kind": "plain", "inputs": "fourier"}], ids=named)
def test_a_network_that_was_saved_makes_the_same_picture(changes: dict[str, Any], tmp_path: Path) -> None:
    network = tiny(**changes)
    write_checkpoint(tmp_path / "kept", network.state_dict(), network.config)
    generator = load(tmp_path / "kept", device="cpu")
    made = generator.generate(GridRequest(size=(24, 40)), seed=4)
    latent = np.random.Generator(np.random.Philox(key=4)).standard_normal(6, dtype=np.float32)
    with torch.inference_mode():
        styles = network.style(torch.from_numpy(latent)[None]).expand(len(network.layers), -1)
    colours = plain(network, styles, Grid(24, 40)).permute(1, 2, 0)
    wanted = ((colours + 1) / 2 * 255).clamp(0, 255).to(torch.uint8).numpy()
    difference = np.abs(made.image.astype(int) - wanted)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01
