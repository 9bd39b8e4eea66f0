"""The recipes of CRN and of the networks of SIMS, end to end on a made-up world, and what they learn from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_world import ticking, world
from small_sims import scene

from sims.generator import LayoutRequest
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import load
from sims.memory.pipeline import SimsGenerator
from sims.training import memory_frames, memory_parts
from sims.training.__main__ import build
from sims.training.coarse import coarse_layouts
from sims.training.data import Frames, read_frames
from sims.training.loop import train
from sims.training.memory_frames import Canvases, depth_map
from sims.training.memory_parts import CHECKPOINTS, PARTS, assemble
from sims.world import BUILTIN, World, WorldError
from zoo.convert import checked_config, expected_shapes
from zoo.errors import ZooError
from zoo.files import read_config, read_weights

CPU = torch.device("cpu")
VOID = 19
STREET = label_space("street")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def frames(data: World) -> Frames:
    return read_frames(data, "street", "training")


@pytest.fixture(scope="module")
def trained(data: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every part of SIMS, trained for two steps, and two more when it goes on; and the checkpoints made of them."""
    out = tmp_path_factory.mktemp("runs")
    for name in PARTS:
        for minutes in (0.05, 0.1):
            train(build(name, data, out, CPU), minutes, out, seed=1, clock=ticking())
    assert [folder.name for folder in assemble(out)] == list(CHECKPOINTS)
    return out


@pytest.mark.slow
def test_every_part_learns_and_goes_on_where_it_was(trained: Path) -> None:
    figures = {"transform": "overlap_found", "order": "ordered", "completion": "filled"}
    for name in PARTS:
        rows = [json.loads(line) for line in (trained / name / "log.jsonl").read_text().splitlines()]
        figure = figures.get(name.removeprefix("sims-street-"), "consistency")
        assert [row["step"] for row in rows if figure in row] == [2, 4], name
        state = torch.load(trained / name / "state.pt", weights_only=True)
        assert state["spent"]["steps"] == state["recipe"]["steps"] == 4
        assert (trained / name / "sheet_000004.png").is_file()
        assert figure in (trained / name / "card.md").read_text()
        assert all(np.isfinite(value) for row in rows for value in row.values())


@pytest.mark.slow
def test_the_parts_make_checkpoints_that_load(trained: Path) -> None:
    for name, parts in CHECKPOINTS.items():
        config = checked_config(read_config(trained / name))
        tensors = read_weights(trained / name)
        assert {key: tuple(value.shape) for key, value in tensors.items()} == expected_shapes(config)
        for part in parts:
            for key, value in read_weights(trained / part).items():
                assert value.dtype == torch.float16
                assert torch.equal(tensors[key], value)
        card = (trained / name / "card.md").read_text()
        assert all(f"## {part}\n" in card for part in parts)
        generator = load(trained / name, device="cpu")
        assert isinstance(generator, SimsGenerator)
        assert (generator.composer is None) == (name == "sims-street-no-memory")
        assert (generator.completion is not None) == (name == "sims-street")
    picture = generator.generate(LayoutRequest(scene()))  # of the one that needs no bank
    assert picture.image.shape == (256, 512, 3)


@pytest.mark.slow
def test_a_checkpoint_waits_for_all_of_its_parts(trained: Path, tmp_path: Path) -> None:
    assert assemble(tmp_path) == []
    (tmp_path / "sims-street-synthesis-blank").symlink_to(trained / "sims-street-synthesis-blank")
    (tmp_path / "sims-street-order").symlink_to(trained / "sims-street-order")
    assert [folder.name for folder in assemble(tmp_path)] == ["sims-street-no-memory"]


@pytest.mark.slow
def test_crn_learns_and_loads(data: World, tmp_path: Path) -> None:
    for minutes in (0.05, 0.1):
        train(build("crn-street", data, tmp_path, CPU), minutes, tmp_path, seed=1, clock=ticking())
    generator = load(tmp_path / "crn-street", device="cpu")
    made = {generator.generate(LayoutRequest(scene()), seed=seed).image.tobytes() for seed in range(5)}
    assert len(made) == 3
    assert "| consistency |" in (tmp_path / "crn-street" / "card.md").read_text()


@pytest.mark.slow
def test_a_part_can_start_from_what_is_shipped(trained: Path, data: World, tmp_path: Path) -> None:
    """Out of a checkpoint with several networks it takes its own."""
    for part in CHECKPOINTS["sims-street"]:
        recipe = build(part, data, trained, CPU)
        recipe.adopt(trained / "sims-street")
        assert recipe.state()["steps"] == 0
        folder = tmp_path / part
        folder.mkdir()
        recipe.export(folder)
        first, again = read_weights(trained / part), read_weights(folder)
        assert first.keys() == again.keys()
        assert all(torch.allclose(first[key].float(), again[key].float(), atol=1e-4, rtol=2e-3) for key in first)
    with pytest.raises(ZooError, match="those of another network"):
        build("sims-street-order", data, trained, CPU).adopt(trained / "sims-street-no-memory")


def test_the_same_seed_takes_the_same_steps(data: World) -> None:
    losses = []
    for _ in range(2):
        torch.manual_seed(2)
        recipe = build("sims-street-transform", data, BUILTIN, CPU)
        rng = np.random.default_rng(2)
        losses.append([recipe.step(rng, done) for done in (0.0, 0.5)])
    assert losses[0] == losses[1]
    assert set(losses[0][0]) == {"picture", "parameters"}


def test_coarse_layouts_tell_less_and_nothing_false() -> None:
    ids = torch.from_numpy(scene().ids.astype(np.int64)).repeat(16, 1, 1)
    instances = (ids == 13).int() + 2 * (ids == 11).int()
    coarse = coarse_layouts(ids, instances, VOID, np.random.default_rng(1))
    assert coarse.shape == ids.shape
    assert coarse.dtype == torch.int64
    told = coarse != VOID
    assert (coarse[told] == ids[told]).float().mean() > 0.99  # but for outlines that run in steps
    assert set(coarse.unique().tolist()) <= {*ids.unique().tolist(), VOID}
    shares = told.float().mean((1, 2))
    assert 0.2 < shares.min() < shares.max() < 1
    cars, people = (((coarse == label).any(2).any(1)).float().mean() for label in (13, 11))
    assert cars > 0.6 > 0.5 > people  # what is small is often left out
    assert len({one.numpy().tobytes() for one in coarse}) > 12
    again = coarse_layouts(ids, instances, VOID, np.random.default_rng(1))
    assert torch.equal(coarse, again)
    border = (ids[0, :, 1:] != ids[0, :, :-1]).nonzero()
    assert told[:, border[:, 0], border[:, 1]].float().mean() < 0.5 * shares.mean()


def test_true_canvases_are_the_frames_own_segments(frames: Frames) -> None:
    canvas, layout = Canvases("true", "street", frames).of_frame(0, np.random.default_rng(1))
    assert np.array_equal(canvas, frames.pictures[0].permute(1, 2, 0).numpy())
    assert np.array_equal(layout, frames.labels[0].numpy())


def test_blank_canvases_show_nothing(frames: Frames) -> None:
    canvas, layout = Canvases("blank", "street", frames).of_frame(3, np.random.default_rng(1))
    assert not canvas.any()
    assert np.array_equal(layout, frames.labels[3].numpy())


def test_simulated_canvases_have_the_faults_of_retrieved_ones(frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_frames, "DONORS", 2)
    canvases = Canvases("simulated", "street", frames)
    picture, labels = frames.pictures[0].permute(1, 2, 0).numpy(), frames.labels[0].numpy()
    made = [canvases.of_frame(0, np.random.default_rng(seed)) for seed in range(6)]
    assert len({canvas.tobytes() for canvas, _ in made}) > 1
    holes = [(canvas == 0).all(2).mean() for canvas, _ in made]
    white = [(canvas == 255).all(2).mean() for canvas, _ in made]
    assert max(holes) > 0.2  # where no donor lies there
    assert 0 < max(white) < 0.2
    for _, layout in made:
        assert set(np.unique(layout)) <= {*np.unique(labels), VOID}
    # What is neither white nor a hole is the picture, but for pieces in another's colours.
    plain = [((canvas == picture).all(2) | (canvas == 0).all(2) | (canvas == 255).all(2)).mean() for canvas, _ in made]
    assert np.median(plain) > 0.7
    again = canvases.of_frame(0, np.random.default_rng(0))
    assert np.array_equal(again[0], made[0][0])


def test_a_frame_gives_itself_no_donor(frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Frames(frames.names[:1], frames.pictures[:1], frames.labels[:1], frames.instances[:1])
    canvas, layout = Canvases("simulated", "street", alone).of_frame(0, np.random.default_rng(1))
    assert not canvas.any()
    assert np.array_equal(layout[layout != VOID], alone.labels[0].numpy()[layout != VOID])
    with pytest.raises(ValueError, match="is one of simulated, true, blank"):
        Canvases("painted", "street", frames)


def test_depth_is_that_of_the_tables(data: World) -> None:
    frame = data.read("street", "000003")
    depth = depth_map(data, "street", frame)
    assert depth.dtype == np.float32
    for label in (0, 2, 13):
        assert np.allclose(depth[frame.labels == label], label + 1)
    assert np.isinf(depth[frame.labels == 10]).all()
    assert (frame.instances[frame.labels == 13] == 1).all()


def test_depth_of_a_rendered_frame_grows_towards_the_horizon() -> None:
    own = World()
    frame = own.read("street", "000007")
    depth = depth_map(own, "street", frame)
    assert np.isinf(depth[frame.labels == STREET.id_of("sky")]).mean() > 0.99
    road = depth[frame.labels == STREET.id_of("road")]
    building = depth[frame.labels == STREET.id_of("building")]
    assert np.median(road) < np.median(building)
    assert np.isfinite(depth[frame.instances > 0]).all()


@pytest.mark.parametrize("name", ["sims-street-order", "sims-street-transform"])
def test_frames_without_segments_are_passed_over(name: str, data: World, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = build(name, data, BUILTIN, CPU)
    labels = recipe.training.labels  # type: ignore[attr-defined]
    labels[1:] = VOID
    assert all(np.isfinite(value) for value in recipe.step(np.random.default_rng(0), 0.0).values())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sims-street-order", "has two touching segments of more than 1000 pixels and of two classes"),
        ("sims-street-transform", "has a segment of more than 4000 pixels"),
    ],
)
@pytest.mark.parametrize("split", ["training", "held_out"])
def test_a_world_without_segments_is_refused(
    name: str, told: str, split: str, data: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(world: World, space: str, wanted: str) -> Frames:
        frames = read_frames(world, space, wanted)
        return replace(frames, labels=torch.full_like(frames.labels, VOID)) if wanted == split else frames

    monkeypatch.setattr(memory_parts, "read_frames", read)
    named = split.replace("_", "-")
    with pytest.raises(WorldError, match=f"^No {named} frame of street {told}; pack frames that do\\.$"):
        build(name, data, BUILTIN, CPU)


def test_layouts_that_networks_learn_from_have_the_ids_as_channels() -> None:
    layout = Layout(np.arange(20, dtype=np.uint8).repeat(16).reshape(16, 20), STREET)
    assert np.array_equal(STREET.channels_of(layout.ids), layout.ids)
