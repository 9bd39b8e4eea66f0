"""The recipe of the built-in CIPS: patches, codes, the critic's penalty, and weights that load and go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_world import ticking, world

from sims.cips import Cips
from sims.generator import GridRequest
from sims.grid import Grid
from sims.load import load
from sims.training import cips as recipe
from sims.training.__main__ import build
from sims.training.cips import CONFIGS, FREQUENCIES, HEIGHT, PATCH, CipsRecipe, Window, begun, square_points
from sims.training.codes import Codes
from sims.training.critic import Critic, coloured, gradient_penalty
from sims.training.kernel_distance import kernel_distance
from sims.training.loop import train
from sims.world import BUILTIN

SEGMENTER = BUILTIN.parent / "segmenter-world"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> CipsRecipe:
    made = world(tmp_path_factory.mktemp("world"))
    return CipsRecipe("cips-panorama", made, SEGMENTER, CPU)


def test_codes_are_spread_as_latents_are() -> None:
    pictures = torch.rand(300, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    found = Codes(pictures, 20)(pictures)
    assert found.shape == (300, 20)
    assert found.mean(0).abs().max() < 1e-3
    assert (found.T @ found / 300 - torch.eye(20)).abs().max() < 1e-3


def test_a_window_is_the_patch_of_the_supplement() -> None:
    picture = torch.arange(HEIGHT * HEIGHT).view(HEIGHT, HEIGHT)
    for stride, top, left in ((1, 3, 90), (2, 5, 7), (4, 0, 3)):
        found = Window(stride, top, left).cut(picture)
        assert found.shape == (PATCH, PATCH)
        grid = Grid(HEIGHT, HEIGHT).patch(PATCH, stride, left, top)
        rows, columns = grid.pixels(torch.arange(PATCH), torch.arange(PATCH))
        assert torch.equal(found.diagonal(), picture[rows, columns])


def test_points_of_a_square_are_those_of_the_grids() -> None:
    rows, columns = torch.arange(HEIGHT), torch.arange(HEIGHT)
    assert torch.allclose(square_points(False)[rows, columns], Grid(HEIGHT, HEIGHT).points(rows, columns), atol=1e-6)
    quarter = Grid(HEIGHT, 4 * HEIGHT, "cylinder").points(rows, columns)
    assert torch.allclose(square_points(True)[rows, columns], quarter, atol=1e-5)


def test_a_new_network_has_all_frequencies_and_no_speckles() -> None:
    network = begun(Cips(CONFIGS["cips-panorama"]))
    norms = network.get_parameter("lff.ffm.conv.weight").flatten(1).norm(dim=1)
    assert norms.min().item() == pytest.approx(FREQUENCIES[0], rel=1e-3)
    assert norms.max().item() == pytest.approx(FREQUENCIES[1], rel=1e-3)
    assert not network.get_parameter("emb.input").any()


def test_scenes_of_a_cylinder_close(around: CipsRecipe) -> None:
    scenes = around._real(8, np.random.default_rng(1))
    assert scenes.shape == (8, 3, HEIGHT, 4 * HEIGHT)
    seam = (scenes[..., 0] - scenes[..., -1]).abs().mean()
    inside = scenes.diff(dim=-1).abs().amax(-1).mean()
    assert seam <= inside
    assert scenes.min() >= -1.001
    assert scenes.max() <= 1.001


def test_the_penalty_is_the_squared_gradient_of_the_scores() -> None:
    torch.manual_seed(1)
    critic = Critic(SEGMENTER, PATCH)
    pictures = torch.rand(2, 3, PATCH, PATCH) * 2 - 1
    place = torch.zeros(1, 2, PATCH, PATCH)
    penalty = gradient_penalty(critic, pictures, place)
    penalty.backward()
    assert penalty > 0
    learned = [p.grad is not None and bool(p.grad.any()) for p in critic.heads.parameters() if p.ndim > 1]
    assert all(learned)
    assert all(p.grad is None for p in critic.trunk.parameters())


def test_colouring_keeps_a_picture_in_its_place() -> None:
    pictures = torch.rand(4, 3, 16, 16) * 2 - 1
    found = coloured(pictures, np.random.default_rng(1))
    for before, after in zip(pictures.mean(1), found.mean(1), strict=True):
        stacked = torch.stack((before.flatten(), after.flatten()))
        assert torch.corrcoef(stacked)[0, 1] > 0.999


def test_the_kernel_distance_tells_sets_apart() -> None:
    rng = torch.Generator().manual_seed(1)
    one, other, far = (torch.randn(80, 6, generator=rng) for _ in range(3))
    assert abs(kernel_distance(one, other)) < 0.3
    assert kernel_distance(far + 1, other) > 1


def test_an_unbiased_distance_is_that_of_its_definition() -> None:
    rng = torch.Generator().manual_seed(2)
    one, other = (torch.randn(n, 3, generator=rng).double() for n in (5, 7))
    a, b = ((x - other.mean(0)) / other.std(0) for x in (one, other))

    def kernel(x: torch.Tensor, y: torch.Tensor) -> float:
        return float((x @ y / 3 + 1) ** 3)

    within = [np.mean([kernel(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j]) for s in (a, b)]
    between = np.mean([kernel(x, y) for x in a for y in b])
    assert kernel_distance(one.float(), other.float()) == pytest.approx(sum(within) - 2 * between, abs=1e-4)


@pytest.mark.slow
def test_a_training_ships_weights_that_load_and_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "COMPARED", 12)
    monkeypatch.setattr(recipe, "CODED", 256)
    name, made, out = "cips-panorama", world(tmp_path), tmp_path / "runs"
    train(build(name, made, out, CPU), 0.5, out, seed=1, clock=ticking())
    generator = load(out / name)
    assert generator.generate(GridRequest((16, 32)), seed=1).image.shape == (16, 32, 3)
    assert "kernel" in (out / name / "card.md").read_text()
    again = build(name, made, out, CPU)
    again.adopt(out / name)
    train(build(name, made, out, CPU), 0.6, out, seed=1, clock=ticking())  # resumes
