"""The CIPS networks against measured outputs of their reference, as they are and evaluated as streams."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from cips_goldens import GOLDENS, case, config_of, filled, furthest, given
from sims_goldens import watched
from small_cips import places, plain, streamed
from torch import Tensor

from sims.cips import Cips
from sims.cips_generator import mixed
from sims.cips_paint import paint
from sims.cips_stream import Stream
from sims.grid import Grid
from zoo.convert import expected_shapes

TOLERANCE, FULL, EXTENDED = 1e-4, 5e-4, 1e-3
SMALL = ("skip", "res")
CASES = sorted(path.name for path in GOLDENS.glob("cips_*"))


@cache
def small(kind: str) -> Cips:
    """The network that all small cases of a kind share."""
    return filled(Cips(config_of(case(f"cips_{kind}_small_w")[0])))


def style_of(network: Cips, w: Tensor) -> Tensor:
    """(L, D) of one style (D,)."""
    return w.expand(len(network.layers), -1)


def both(network: Cips, styles: Tensor, grid: Any, maps: Tensor | None = None) -> list[Tensor]:
    """The pictures (3, H, W) of the network and of its stream."""
    with torch.inference_mode():
        stream = Stream(network, styles)
    return [plain(network, styles, grid, maps), streamed(stream, grid, maps=maps)]


def test_all_cases_are_there() -> None:
    assert len(CASES) == 14


@pytest.mark.parametrize("name", CASES)
def test_tensors_are_those_of_the_reference(name: str) -> None:
    asked, _ = case(name)
    wanted = {key: tuple(value["shape"]) for key, value in asked["state_dict"].items()}
    found = expected_shapes(config_of(asked))
    assert found == wanted
    assert sum(int(np.prod(shape)) for shape in found.values()) == asked["n_params"]
    with torch.device("meta"):
        network = Cips(config_of(asked))
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == wanted


@pytest.mark.parametrize("kind", SMALL)
def test_latents_are_mapped_as_in_the_reference(kind: str) -> None:
    _, tensors = case(f"cips_{kind}_small_z")
    assert torch.equal(tensors["z"], given("z", 2, 32))
    with torch.inference_mode():
        w = small(kind).style(tensors["z"])
    assert furthest(w, tensors["w"]) <= TOLERANCE
    for index, rgb in enumerate(tensors["rgb"]):
        for found in both(small(kind), style_of(small(kind), w[index]), Grid(32, 32)):
            assert furthest(found, rgb) <= TOLERANCE


@pytest.mark.parametrize("kind", SMALL)
def test_layers_give_what_those_of_the_reference_give(kind: str) -> None:
    _, tensors = case(f"cips_{kind}_small_z")
    network, grid = small(kind), Grid(32, 32)
    points = grid.points(*places(grid))
    assert torch.equal(points.T.unflatten(1, (32, 32))[None], tensors["coords"])
    stored = {name.removeprefix("act:"): tensor[0] for name, tensor in tensors.items() if name.startswith("act:")}
    inside = {name: "lff.ffm" if name == "lff" else name for name in stored}
    assert len(inside) == {"skip": 6, "res": 4}[kind]
    again = filled(Cips(network.config))  # whose hooks stay its own
    seen = watched(again, [*inside.values(), "emb"])
    plain(again, style_of(again, tensors["w"][0]), grid)
    for name, wanted in stored.items():
        found = seen[inside[name]][0].T.unflatten(1, (32, 32))
        assert furthest(found if name.startswith("to_rgb") else found[::8, ::4, ::4], wanted) <= TOLERANCE, name
    embedded = seen["emb"][0].T.unflatten(1, (32, 32))
    assert furthest(embedded[:, ::4, ::4], tensors["emb_eval"][0]) <= TOLERANCE


@pytest.mark.parametrize("kind", SMALL)
def test_styles_truncation_and_noise_act_as_in_the_reference(kind: str) -> None:
    asked, tensors = case(f"cips_{kind}_small_w")
    network, w, mean = small(kind), given("w", 2, 32), given("wmean", 32)
    assert torch.equal(w, tensors["w"])
    modules = asked["inputs"]["noise maps"].partition("modules=")[2].split(",")
    styled = [name for name, _, outputs in network.layers if outputs != 3]
    assert modules == [f"{name}.noise" for name in styled]
    maps = torch.cat([given(f"noise:{name}", 1, 1, 32, 32)[0] for name in modules])
    for index in range(2):
        for key, style, noise in (
            ("rgb", w[index], None),
            ("rgb_trunc06", mean + 0.6 * (w[index] - mean), None),
            ("rgb_noise_given", w[index], maps),
        ):
            for found in both(network, style_of(network, style), Grid(32, 32), noise):
                assert furthest(found, tensors[key][index]) <= TOLERANCE, key
    for found in both(network, style_of(network, w[0]), Grid(48, 48)):
        assert furthest(found, tensors["rgb_48x48"][0]) <= TOLERANCE


@pytest.mark.parametrize("kind", SMALL)
def test_patches_and_points_anywhere_are_those_of_the_reference(kind: str) -> None:
    asked, tensors = case(f"cips_{kind}_small_patch")
    network, style = small(kind), style_of(small(kind), given("w", 2, 32)[0])
    for patch in asked["patches"]:
        x, y, side, stride = (patch[name] for name in ("x0", "y0", "K", "stride"))
        stored = tensors[f"rgb_y{y}_x{x}_k{side}_s{stride}"][0]
        for found in both(network, style, Grid(32, 32).patch(side, stride, x, y)):
            assert furthest(found, stored) <= TOLERANCE
    points = tensors["points"][0, :, :, 0].T.contiguous()
    assert furthest(points, (1.3 * given("points", 1, 2, 64, 1).tanh())[0, :, :, 0].T) <= 1e-6
    assert points.abs().max() > 1
    with torch.inference_mode():
        for found in (network(points[None], style[None])[0], Stream(network, style)(points)):
            assert furthest(found.T, tensors["rgb_points"][0, :, :, 0]) <= TOLERANCE


@pytest.mark.parametrize(
    ("name", "projection", "field", "tolerance"),
    [
        ("cyl_sin", "mirrored", 360, TOLERANCE),
        ("extended", "extended", 360, EXTENDED),
        ("cyl_projection", "bent", 120, TOLERANCE),
    ],
)
@pytest.mark.parametrize("kind", SMALL)
def test_panoramas_of_a_plane_are_those_of_the_reference(
    kind: str, name: str, projection: str, field: float, tolerance: float
) -> None:
    _, tensors = case(f"cips_{kind}_small_panorama")
    network, style = small(kind), style_of(small(kind), given("w", 2, 32)[0])
    grid = Grid(64, 256, projection=projection, field_of_view=field)
    points = grid.points(*places(grid)).T.unflatten(1, (64, 256))
    assert furthest(points[:, ::16, ::4], tensors[f"coords_{name}"][0]) <= 1e-6
    for found in both(network, style, grid):
        assert furthest(found, tensors[f"rgb_{name}"][0]) <= tolerance


@pytest.mark.parametrize("kind", SMALL)
def test_blends_are_those_of_the_reference(kind: str) -> None:
    """The reference was given every pixel, or column, with weights of its own."""
    _, tensors = case(f"cips_{kind}_small_blend")
    network = small(kind)
    first, second = (style_of(network, w) for w in given("w", 2, 32))
    with torch.inference_mode():
        stream = Stream(network, first, second)
    for key, t in (
        ("rgb_A", torch.zeros(32, 32)),
        ("rgb_B", torch.ones(32, 32)),
        ("rgb_radial", tensors["t_radial"]),
        ("rgb_columns", tensors["t_columns"].expand(32, 32)),
    ):
        assert furthest(streamed(stream, Grid(32, 32), t), tensors[key][0]) <= TOLERANCE, key
    t = tensors["t_columns"][:, None, None]
    points = Grid(32, 32).points(*places(Grid(32, 32))).unflatten(0, (32, 32)).transpose(0, 1)
    with torch.inference_mode():
        found = network(points, (1 - t) * first + t * second)  # (columns, rows, 3)
    assert furthest(found.permute(2, 1, 0), tensors["rgb_columns"][0]) <= TOLERANCE


@pytest.mark.parametrize("levels", [(1, 2), (3, 5)])
def test_mixing_replaces_the_layers_that_it_does_in_the_reference(levels: tuple[int, int]) -> None:
    _, tensors = case("cips_skip_small_mixing")
    network = small("skip")
    first, second = (style_of(network, w) for w in given("w", 2, 32))
    styles = mixed(network, first, second, levels)
    for found in both(network, styles, Grid(32, 32)):
        assert furthest(found, tensors[f"rgb_B_at_{levels[0]}_{levels[1]}"][0]) <= TOLERANCE


def test_a_style_for_every_layer_is_taken_in_the_order_of_the_reference() -> None:
    _, tensors = case("cips_skip_small_mixing")
    for found in both(small("skip"), given("wplus", 13, 1, 32)[:, 0], Grid(32, 32)):
        assert furthest(found, tensors["rgb_wplus"][0]) <= TOLERANCE


@pytest.mark.parametrize("kind", SMALL)
def test_painted_bytes_are_those_of_the_reference(kind: str) -> None:
    _, tensors = case(f"cips_{kind}_small_w")
    network = small(kind)
    with torch.inference_mode():
        stream = Stream(network, style_of(network, given("w", 2, 32)[0]))
        painted = paint(stream, Grid(32, 32), None, None, lambda done: None, lambda image: None)
    stored = ((tensors["rgb"][0].clamp(-1, 1) + 1) / 2 * 255).to(torch.uint8).permute(1, 2, 0).numpy()
    difference = np.abs(painted.astype(int) - stored)
    assert difference.max() <= 1  # where rounding crosses a whole number
    assert (difference > 0).mean() < 0.01


# ----------------------------------------------------------------------------------------------------- full networks


@pytest.mark.slow
@pytest.mark.parametrize("kind", SMALL)
def test_the_released_networks_are_those_of_the_reference(kind: str) -> None:
    asked, tensors = case(f"cips_{kind}_256")
    network = filled(Cips(config_of(asked)))
    assert torch.equal(tensors["z"], given("z", 1, 512))
    with torch.inference_mode():
        w = network.style(tensors["z"])
    assert furthest(w, tensors["w"]) <= TOLERANCE
    for found in both(network, style_of(network, w[0]), Grid(256, 256)):
        assert furthest(found, tensors["rgb"][0]) <= FULL


@pytest.mark.slow
def test_the_grid_of_the_large_faces_is_that_of_the_reference() -> None:
    asked, tensors = case("cips_skip_ffhq1024_grid")
    network = filled(Cips(config_of(asked)))
    with torch.inference_mode():
        w = network.style(given("z", 1, 512))
    for found in both(network, style_of(network, w[0]), Grid(1024, 1024).patch(128, 8, 0, 0)):
        assert furthest(found, tensors["rgb_stride8"][0]) <= FULL
