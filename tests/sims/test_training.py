"""The recipes, end to end on a made-up world: they learn, resume, and ship what the loader takes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_world import ticking, world
from PIL import Image

from sims.generator import LayoutRequest
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import load
from sims.segmentation import load_segmenter
from sims.training import spade
from sims.training.__main__ import build
from sims.training.adversary import PerceptualDistance, ripples
from sims.training.averaging import Average, recalibrate
from sims.training.data import read_frames
from sims.training.loop import train
from sims.training.scores import picture_rows
from sims.training.segmenter import mean_iou
from sims.world import BUILTIN, World, WorldError
from zoo.errors import ZooError
from zoo.files import read_weights

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """The made-up world, and a folder with a segmenter trained on it for a few steps."""
    data, out = world(tmp_path_factory.mktemp("world")), tmp_path_factory.mktemp("runs")
    train(build("segmenter-world", data, out, CPU), 0.1, out, seed=1, clock=ticking())
    return data, out


def test_frames_are_split_by_their_number(tmp_path: Path) -> None:
    data = world(tmp_path)
    training, held_out = (read_frames(data, "street", split) for split in ("training", "held_out"))
    assert (len(training), held_out.names) == (11, ("000007",))
    batch = training.placed(CPU).batch([0, 3])
    small = batch.cropped(128, 256, 0.5, np.random.default_rng(1))
    assert small.pictures.shape == (2, 3, 128, 256)
    assert batch.pictures.min() >= -1
    assert torch.equal(small.labels, batch.labels[:, 1::2, 1::2])  # nearest centre
    assert torch.equal(batch.instances, (batch.labels == 13).int())
    with pytest.raises(WorldError, match="holds no space 'panorama'"):
        read_frames(data, "panorama", "training")


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    folder = world(tmp_path).folder / "street"
    for path in folder.glob("*/000003.*"):
        image = Image.open(path)
        image.resize((256, 128), Image.Resampling.NEAREST).save(path, lossless=True)
    with pytest.raises(WorldError, match="Frame 000003 of street is 128x256; training takes 256x512"):
        read_frames(World(folder.parent), "street", "training")


def test_mean_iou_counts_classes_that_occur() -> None:
    wanted = torch.tensor([0, 0, 1, 1])
    assert mean_iou(wanted, wanted) == 1
    assert mean_iou(torch.tensor([0, 1, 1, 1]), wanted) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_averages_follow_and_recalibration_takes_plain_means() -> None:
    network = torch.nn.Sequential(torch.nn.BatchNorm2d(1, affine=False))
    recalibrate(network)
    for value in (1.0, 2.0, 6.0):
        network(torch.full((1, 1, 2, 2), value))
    assert network[0].running_mean.item() == pytest.approx(3.0)
    layer = torch.nn.Linear(1, 1)
    average = Average(layer, decay=0.5)
    before = average.network.weight.item()
    with torch.no_grad():
        layer.weight += 1
    average.update(layer, step=1000)
    assert average.network.weight.item() == pytest.approx(before + 0.5)


def test_ripples_are_changes_where_the_render_is_flat() -> None:
    flat = torch.zeros(1, 3, 64, 64)
    lines = flat.clone()
    lines[..., ::2] = 0.1
    edge = flat.clone()
    edge[..., 32:] = 1.0
    assert ripples(flat, flat) == ripples(edge, edge) == ripples(flat, edge) == 0
    assert ripples(lines, flat).item() == pytest.approx(0.1 / 6)  # at one of three scales, along one of two axes
    assert ripples(lines, edge) < ripples(lines, flat)


def test_rows_show_layout_result_and_render(tmp_path: Path) -> None:
    batch = read_frames(world(tmp_path), "street", "training").batch([0, 1, 2])
    rows = picture_rows(-batch.pictures, batch, "street", count=2)
    assert rows.shape == (512, 1536, 3)
    assert (rows[:256, :512] == label_space("street").palette[batch.labels[0]]).all()
    assert abs(rows[:256, 512:1024].astype(int) + rows[:256, 1024:] - 255).max() <= 1


@pytest.mark.slow
def test_the_segmenter_ships_plain_convolutions_and_measures_distance(trained: tuple[World, Path]) -> None:
    _, out = trained
    network = load_segmenter(out / "segmenter-world")
    assert network.trunk.widths == (16, 32, 64, 128, 128)
    distance = PerceptualDistance(out / "segmenter-world", width=0.25)
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    assert distance(picture, picture) == 0
    assert distance(picture, picture.flip(-1)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pix2pix-street", "spade-landscape", "spade-street"])
def test_generators_train_resume_and_load(
    name: str, trained: tuple[World, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls, the second going on where the first stopped; SPADE has grown to its full size by then."""
    monkeypatch.setattr(spade, "CALIBRATION_BATCHES", 1)  # untrained networks have no statistics worth the time
    data, out = trained
    space = name.partition("-")[2]
    train(build(name, data, out, CPU), 0.1, out, seed=1, clock=ticking())
    train(build(name, data, out, CPU), 0.15, out, seed=1, clock=ticking())
    rows = [json.loads(line) for line in (out / name / "log.jsonl").read_text().splitlines()]
    scored = [row for row in rows if "consistency" in row]
    assert len(scored) == 2
    assert [row["step"] for row in scored] == [4, 6]
    assert (out / name / "sheet_000006.png").is_file()
    assert f"| consistency | {scored[1]['consistency']:.3f} |" in (out / name / "card.md").read_text()
    generator = load(out / name, device="cpu")
    layout = Layout(np.full((256, 512), 4, np.uint8), label_space(space))
    assert generator.generate(LayoutRequest(layout), seed=1).image.shape == (256, 512, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pix2pix-landscape", "spade-street"])
def test_a_training_can_start_from_shipped_weights(
    name: str, trained: tuple[World, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first steps only acquaint new discriminators with the generator, which is the shipped one until then."""
    monkeypatch.setattr(spade, "CALIBRATION_BATCHES", 1)
    data, out = trained
    shipped = read_weights(BUILTIN.parent / name)
    recipe = build(name, data, out, CPU)
    recipe.adopt(BUILTIN.parent / name)
    rng = np.random.default_rng(1)
    assert set(recipe.step(rng, 0.0)) == {"judge"}
    folder = tmp_path / name
    folder.mkdir()
    recipe.export(folder)
    weights = {key: value for key, value in read_weights(folder).items() if "running" not in key}
    assert all(torch.equal(value, shipped[key]) for key, value in weights.items())
    train(build(name, data, out, CPU), 0.05, tmp_path / "on", seed=1, start=BUILTIN.parent / name, clock=ticking())
    assert "went on from the weights of an earlier version" in (tmp_path / "on" / name / "card.md").read_text()


def test_weights_of_another_network_are_no_start(trained: tuple[World, Path]) -> None:
    data, out = trained
    with pytest.raises(ZooError, match="those of another network"):
        build("pix2pix-street", data, out, CPU).adopt(BUILTIN.parent / "pix2pix-landscape")
    with pytest.raises(ZooError, match="leave out --start"):
        build("segmenter-world", data, out, CPU).adopt(BUILTIN.parent / "segmenter-world")
    with pytest.raises(ZooError, match="is another network: its label_nc is None"):
        build("spade-street", data, out, CPU).adopt(BUILTIN.parent / "pix2pix-street")
    with pytest.raises(ZooError, match="is another network: its label_nc is 13"):
        build("spade-street", data, out, CPU).adopt(BUILTIN.parent / "spade-landscape")


@pytest.mark.parametrize("name", ["segmenter-world", "pix2pix-street"])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_goes_on_where_it_was(
    name: str, sign: int, trained: tuple[World, Path], tmp_path: Path
) -> None:
    """A signal within a step lets the step end; the learning rate is then that of half the time."""
    data, out = trained
    heard = signal.getsignal(sign)
    seconds = itertools.count()

    def stopped_at_half() -> float:
        now = next(seconds)
        if now == 7:
            os.kill(os.getpid(), sign)
        return float(now)

    with pytest.raises(KeyboardInterrupt):
        train(build(name, data, out, CPU), 0.25, tmp_path, seed=1, clock=stopped_at_half)
    assert signal.getsignal(sign) is heard
    steps = torch.load(tmp_path / name / "state.pt", weights_only=True)["spent"]["steps"]
    assert 1 <= steps < 7
    train(build(name, data, out, CPU), 0.25, tmp_path, seed=1, clock=ticking())
    assert torch.load(tmp_path / name / "state.pt", weights_only=True)["spent"]["steps"] > steps
    assert (tmp_path / name / "model.safetensors").is_file()


def test_a_state_that_cannot_be_used_is_told(trained: tuple[World, Path], tmp_path: Path) -> None:
    data, out = trained
    (tmp_path / "pix2pix-street").mkdir()
    state = tmp_path / "pix2pix-street" / "state.pt"
    for content in (b"", b"no state", (out / "segmenter-world" / "state.pt").read_bytes()):
        state.write_bytes(content)
        with pytest.raises(ZooError, match=r"is no state of this recipe .*; remove it to begin anew"):
            train(build("pix2pix-street", data, out, CPU), 0.1, tmp_path, seed=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing", "--minutes", "1", "--out", "runs"], "invalid choice: 'nothing'"),
        (["all", "--minutes", "0", "--out", "runs"], "'0' is no number of minutes above 0"),
        (["all", "--minutes", "1", "--out", "runs", "--data", "nowhere"], "nowhere is no folder"),
        (["all", "--minutes", "1", "--out", "runs", "--seed", "-1"], "'-1' is no seed from 0"),
    ],
)
def test_the_command_refuses_in_a_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sims.training", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(BUILTIN.parents[2])}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_training_needs_little_beside_torch() -> None:
    """It is to run where PyTorch and the usual packages of its users are, such as on a borrowed GPU machine."""
    program = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"gradio", "huggingface_hub", "httpx2", "bpy", "OpenEXR"}:
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
import sims.training.__main__
"""
    environment = {**os.environ, "PYTHONPATH": str(BUILTIN.parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
