"""The recipes, end to end on a made-up world: they learn, resume, and ship what the loader takes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sims.generator import LayoutRequest
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import load
from sims.training import spade
from sims.training.__main__ import build
from sims.training.adversary import PerceptualDistance
from sims.training.averaging import Average, recalibrate
from sims.training.data import read_frames
from sims.training.loop import train
from sims.training.scores import load_segmenter
from sims.training.segmenter import mean_iou

CPU = torch.device("cpu")


def world(folder: Path) -> Path:
    """Twelve frames a space, 256x512: bands of a few classes, each class in its palette's colour."""
    rng = np.random.default_rng(5)
    for space, classes in (("street", (10, 2, 0, 13)), ("landscape", (0, 2, 4, 5))):
        (folder / space).mkdir(parents=True)
        for number in range(12):
            labels = np.repeat(rng.permutation(classes), 64)[:, None].repeat(512, axis=1).astype(np.uint8)
            colours = label_space(space).palette[labels]
            Image.fromarray(colours).save(folder / space / f"{number:06}.webp", quality=90)
            Image.fromarray(labels).save(folder / space / f"{number:06}_labels.png")
            Image.fromarray((labels == 13).astype(np.uint8)).save(folder / space / f"{number:06}_instances.png")
    return folder


def ticking() -> Callable[[], float]:
    """A clock on which every step takes two seconds."""
    return itertools.count(step=1.0).__next__


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The made-up world, and a folder with a segmenter trained on it for a few steps."""
    data, out = world(tmp_path_factory.mktemp("world")), tmp_path_factory.mktemp("runs")
    train(build("segmenter-world", [data], out, CPU), 0.1, out, seed=1, device=CPU, clock=ticking())
    return data, out


def test_frames_are_split_by_their_number(tmp_path: Path) -> None:
    data = world(tmp_path)
    training = read_frames([data / "street"], held_out=False)
    held_out = read_frames([data / "street"], held_out=True)
    assert (len(training), held_out.names) == (11, ("street/000007",))
    batch = training.batch([0, 3], CPU)
    small = batch.cropped(128, 256, 0.5, np.random.default_rng(1))
    assert small.pictures.shape == (2, 3, 128, 256)
    assert batch.pictures.min() >= -1
    assert torch.equal(small.labels, batch.labels[:, 1::2, 1::2])  # nearest centre
    with pytest.raises(FileNotFoundError, match="No frames"):
        read_frames([tmp_path], held_out=False)


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


@pytest.mark.slow
def test_the_segmenter_ships_plain_convolutions_and_measures_distance(trained: tuple[Path, Path]) -> None:
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
    name: str, trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls, the second going on where the first stopped; SPADE has grown to its full size by then."""
    monkeypatch.setattr(spade, "CALIBRATION_BATCHES", 1)  # untrained networks have no statistics worth the time
    data, out = trained
    space = name.partition("-")[2]
    train(build(name, [data], out, CPU), 0.1, out, seed=1, device=CPU, clock=ticking())
    train(build(name, [data], out, CPU), 0.15, out, seed=1, device=CPU, clock=ticking())
    rows = [json.loads(line) for line in (out / name / "log.jsonl").read_text().splitlines()]
    scored = [row for row in rows if "consistency" in row]
    assert len(scored) == 2
    assert [row["step"] for row in scored] == [4, 6]
    assert (out / name / "sheet.png").is_file()
    assert f"| consistency | {scored[1]['consistency']:.3f} |" in (out / name / "card.md").read_text()
    generator = load(out / name, device="cpu")
    layout = Layout(np.full((256, 512), 4, np.uint8), label_space(space))
    assert generator.generate(LayoutRequest(layout), seed=1).image.shape == (256, 512, 3)
